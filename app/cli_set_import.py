"""The subcommands that make a dataset of a folder or table that others made."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli_common import DONE, PARTLY, Outcome, opened, progress
from app.cli_parser import Common
from app.common.words import text

if TYPE_CHECKING:
    from app.common.errors import UserError
    from app.datasets.freezing.frozen import FrozenDataset
    from app.datasets.set_import.labelled import LabelledPhoto

    Failures = Sequence[tuple[str, UserError]]


def _import_voc(common: Common, options: Namespace) -> Outcome:
    from app.datasets.exchange.box_sets import ImportOptions
    from app.datasets.set_import.voc import import_voc

    chosen = ImportOptions(options.pack, options.new_pack)
    lists = Path(options.splits) if options.splits else None
    with opened(common) as (workspace, store):
        made = import_voc(store, workspace, Path(options.folder), options.name, common.actor, chosen, lists, progress)
    for photo, number in made.no_area:  # on standard error: the document is the contract's
        sys.stderr.write(text("set_import.no_area", photo=photo, n=number) + "\n")
    return _outcome(made.dataset, made.failed)


def _import_folders(common: Common, options: Namespace) -> Outcome:
    from app.datasets.set_import.sources import read_folders

    photos = read_folders(Path(options.folder), Path(options.groups) if options.groups else None)
    return _labelled(common, options, photos, [])


def _import_table(common: Common, options: Namespace) -> Outcome:
    from app.datasets.set_import.sources import read_labels

    images = Path(options.images) if options.images else None
    photos, failed = read_labels(Path(options.table), options.image, options.label, options.group, images)
    return _labelled(common, options, photos, failed)


def _labelled(common: Common, options: Namespace, photos: Sequence[LabelledPhoto], failed: Failures) -> Outcome:
    from app.datasets.set_import.labelled import import_labelled

    with opened(common) as (workspace, store):
        made = import_labelled(
            store, workspace, photos, options.name, common.actor, options.pack, options.new_pack, progress
        )
    return _outcome(made.dataset, [*failed, *made.failed])


def _outcome(dataset: FrozenDataset, failed: Failures) -> Outcome:
    document: dict[str, Any] = {
        "dataset": dataset.full_name,
        "images": len(dataset.images),
        "boxes": sum(len(image.boxes) for image in dataset.images),
        "classes": list(dataset.classes),
    }
    if failed:
        document["failed"] = [{"item": item, "error": error.as_json()} for item, error in failed]
    return Outcome(document, PARTLY if failed else DONE)


COMMANDS: dict[str, Callable[[Common, Namespace], Outcome]] = {
    "dataset import-voc": _import_voc,
    "dataset import-folders": _import_folders,
    "dataset import-table": _import_table,
}
