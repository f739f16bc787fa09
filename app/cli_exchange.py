"""The subcommands that bring boxes in and out, and that keep a whole workspace safe."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.cli_common import DONE, PARTLY, Outcome, new_folder, opened, progress, workspace_of
from app.cli_parser import Common
from app.common.errors import UserError
from app.datasets.keeping.problems import Problem, open_damage


def _backup(common: Common, options: Namespace) -> Outcome:
    from app.datasets.keeping.backup import backup

    target = Path(options.file)
    if target.exists() and not options.force:
        raise UserError("output_exists", path=options.file)
    with opened(common) as (workspace, _):
        result = backup(workspace, target, progress)
    return _looked(result.images, result.problems)


def _restore(_common: Common, options: Namespace) -> Outcome:
    from app.datasets.keeping.restore import restore

    result = restore(Path(options.file), Path(options.folder), progress)
    return _looked(result.images, result.problems)


def _check_workspace(common: Common, options: Namespace) -> Outcome:
    from app.datasets.keeping.checking import check_workspace

    result = check_workspace(workspace_of(common), common.actor, options.repair, progress)
    return _looked(result.images, result.problems)


def _import_boxes(common: Common, options: Namespace) -> Outcome:
    from app.common.own_packs import aliases_in
    from app.datasets.exchange.box_sets import ImportOptions
    from app.datasets.exchange.importing import import_boxes

    aliases = aliases_in(Path(options.aliases)) if options.aliases else {}
    chosen = ImportOptions(options.pack, options.new_pack, options.on_unknown, aliases)
    with opened(common) as (workspace, store):
        result = import_boxes(store, workspace, Path(options.path), options.format, common.actor, chosen, progress)
    failed = [{"item": item, "error": error.as_json()} for item, error in result.failed]
    document = {"images": result.images, "boxes": result.boxes, "failed": failed}
    return Outcome(document, PARTLY if failed else DONE)


def _export_boxes(common: Common, options: Namespace) -> Outcome:
    from app.datasets.exchange.anonymous import export_anonymous
    from app.datasets.exchange.exporting import export_boxes

    out = new_folder(options.out, options.force)
    with opened(common) as (_, store), store.write(common.actor) as session:
        export = export_anonymous if options.anonymous else export_boxes
        result = export(session, out, options.format)
    return Outcome({"images": result.images, "boxes": result.boxes})


def _looked(images: int, problems: tuple[Problem, ...]) -> Outcome:
    document: dict[str, Any] = {"images": images, "problems": [p.as_json() for p in problems]}
    return Outcome(document, PARTLY if open_damage(problems) else DONE)


COMMANDS: dict[str, Callable[[Common, Namespace], Outcome]] = {
    "annotations import": _import_boxes,
    "annotations export": _export_boxes,
    "backup": _backup,
    "restore": _restore,
    "check-workspace": _check_workspace,
}
