"""The subcommands that make a dataset of a folder or table that others made."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.cli_common import DONE, PARTLY, Outcome, opened, progress
from app.cli_parser import Common
from app.common.words import text


def _import_voc(common: Common, options: Namespace) -> Outcome:
    from app.datasets.exchange.box_sets import ImportOptions
    from app.datasets.set_import.voc import import_voc

    chosen = ImportOptions(options.pack, options.new_pack)
    lists = Path(options.splits) if options.splits else None
    with opened(common) as (workspace, store):
        made = import_voc(store, workspace, Path(options.folder), options.name, common.actor, chosen, lists, progress)
    for photo, number in made.no_area:  # on standard error: the document is the contract's
        sys.stderr.write(text("set_import.no_area", photo=photo, n=number) + "\n")
    document: dict[str, Any] = {
        "dataset": made.dataset.full_name,
        "images": len(made.dataset.images),
        "boxes": made.boxes,
        "classes": list(made.dataset.classes),
    }
    if made.failed:
        document["failed"] = [{"item": item, "error": error.as_json()} for item, error in made.failed]
    return Outcome(document, PARTLY if made.failed else DONE)


COMMANDS: dict[str, Callable[[Common, Namespace], Outcome]] = {"dataset import-voc": _import_voc}
