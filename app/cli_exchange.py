"""The subcommands that bring boxes in and out, and that keep a whole workspace safe."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.cli_common import DONE, PARTLY, Outcome, opened, progress, workspace_of
from app.cli_parser import Common
from app.common.errors import UserError
from app.datasets.problems import Problem, open_damage


def _backup(common: Common, options: Namespace) -> Outcome:
    from app.datasets.backup import backup

    target = Path(options.file)
    if target.exists() and not options.force:
        raise UserError("output_exists", path=options.file)
    with opened(common) as (workspace, _):
        result = backup(workspace, target, progress)
    return _looked(result.images, result.problems)


def _restore(_common: Common, options: Namespace) -> Outcome:
    from app.datasets.restore import restore

    result = restore(Path(options.file), Path(options.folder), progress)
    return _looked(result.images, result.problems)


def _check_workspace(common: Common, options: Namespace) -> Outcome:
    from app.datasets.checking import check_workspace

    result = check_workspace(workspace_of(common), common.actor, options.repair, progress)
    return _looked(result.images, result.problems)


def _looked(images: int, problems: tuple[Problem, ...]) -> Outcome:
    document: dict[str, Any] = {"images": images, "problems": [p.as_json() for p in problems]}
    return Outcome(document, PARTLY if open_damage(problems) else DONE)


COMMANDS: dict[str, Callable[[Common, Namespace], Outcome]] = {
    "backup": _backup,
    "restore": _restore,
    "check-workspace": _check_workspace,
}
