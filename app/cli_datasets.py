"""The subcommands of frozen datasets."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli_common import DONE, PARTLY, Outcome, new_folder, opened, progress, workspace_of
from app.cli_parser import Common
from app.common.words import text

if TYPE_CHECKING:
    from app.common.packs import Pack
    from app.common.workspace import Workspace
    from app.datasets.freezing.frozen import FrozenDataset


def _freeze(common: Common, options: Namespace) -> Outcome:
    from app.cleaning.checks import part_versions
    from app.common.packs import load_pack
    from app.datasets.freezing.splits import DEFAULT_SHARES
    from app.datasets.freezing.versions import freeze, given_parts

    how = (options.split or DEFAULT_SHARES, options.folds, options.repeats, options.seed, options.by_centre)
    with opened(common) as (workspace, store):
        with store.write(common.actor) as session:
            given = None if options.split else given_parts(session, options.name)
            made = freeze(session, options.name, *how, checks=part_versions(), given=given)
        _say_what_is_missing(made, load_pack(made.pack, workspace.packs))
    document = {"dataset": made.full_name, "hash": made.hash, "images": len(made.images), "parts": made.counts()}
    return Outcome(document)


def _say_what_is_missing(made: FrozenDataset, pack: Pack) -> None:
    """On standard error: the document is the contract's."""
    from app.datasets.freezing.datasheet import datasheet_of
    from app.datasets.freezing.datasheet_files import PART_NAMES, disease_name

    for key, part in datasheet_of(made).missing:
        said = text("datasheet.missing", disease=disease_name(key, pack), part=text(PART_NAMES[part]))
        sys.stderr.write(f"{said}\n")


def _show(common: Common, options: Namespace) -> Outcome:
    from app.datasets.freezing.versions import load_dataset

    return Outcome(load_dataset(workspace_of(common), options.dataset).as_json())


def _diff(common: Common, options: Namespace) -> Outcome:
    from app.datasets.freezing.comparing_versions import diff
    from app.datasets.freezing.versions import load_dataset

    workspace = workspace_of(common)
    return Outcome(diff(load_dataset(workspace, options.a), load_dataset(workspace, options.b)).as_json())


def _export(common: Common, options: Namespace) -> Outcome:
    from app.datasets.freezing.set_export import export_set
    from app.datasets.freezing.versions import find_dataset
    from app.datasets.people import audit

    out = new_folder(options.out, options.force)
    with opened(common) as (workspace, store):
        with store.read() as session:
            frozen = find_dataset(session, options.dataset)
        result = export_set(
            frozen,
            out,
            options.format,
            anonymous=options.anonymous,
            original_names=options.original_names,
            keep_key=lambda table: _keep_key(workspace, frozen, table),
            progress=progress,
        )
        with store.write(common.actor) as session:
            facts = {"format": options.format, "anonymous": options.anonymous, "images": result.images}
            audit(session, "export", "dataset", frozen.full_name, facts)
    failed = [{"item": item, "error": error.as_json()} for item, error in result.failed]
    document = {
        "dataset": result.dataset,
        "images": result.images,
        "boxes": result.boxes,
        "parts": dict(result.parts),
        "left_out": result.left_out,
        "failed": failed,
    }
    return Outcome(document, PARTLY if failed else DONE)


def _keep_key(workspace: Workspace, frozen: FrozenDataset, table: bytes) -> None:
    from app.common.files import write_atomically, write_error

    try:
        workspace.keys.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, workspace.keys) from error
    write_atomically(workspace.keys / f"dataset-{frozen.hash}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.csv", table)


def _datasheet(common: Common, options: Namespace) -> Outcome:
    from app.cleaning.checks import check_name
    from app.common.packs import load_pack
    from app.datasets.freezing.datasheet import datasheet_of
    from app.datasets.freezing.datasheet_files import write_datasheet
    from app.datasets.freezing.versions import load_dataset

    workspace = workspace_of(common)
    out = new_folder(options.out, options.force)
    sheet = datasheet_of(load_dataset(workspace, options.dataset))
    files = write_datasheet(sheet, out, load_pack(sheet.pack, workspace.packs), check_name)
    return Outcome({"dataset": sheet.dataset, "files": [str(Path(options.out) / name) for name in files]})


COMMANDS: dict[str, Callable[[Common, Namespace], Outcome]] = {
    "dataset freeze": _freeze,
    "dataset show": _show,
    "dataset diff": _diff,
    "dataset export": _export,
    "dataset datasheet": _datasheet,
}
