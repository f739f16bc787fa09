"""The subcommands of cleaning."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

from app.cli_common import Outcome, opened, progress
from app.cli_parser import Common
from app.common.errors import UserError

if TYPE_CHECKING:
    from app.cleaning.findings import Finding
    from app.cleaning.run import Progress


def clean(common: Common, options: Namespace) -> Outcome:
    start = perf_counter()
    checks = None
    if options.checks is not None:  # a photo that could not be looked at must not pass for clean
        checks = [*options.checks.split(","), "unreadable"]
    images = _of_files(options.path, checks) if options.path is not None else _of_workspace(common, checks)
    return Outcome({"images": images, "timings_ms": {"total": 1000 * (perf_counter() - start)}})


def _of_files(path: str, checks: Sequence[str] | None) -> list[dict[str, Any]]:
    from app.cleaning.checks import default_thresholds
    from app.cleaning.examining import Photo, unreadable
    from app.cleaning.run import clean_files
    from app.common.packs import load_pack
    from app.datasets.importing import given_photos

    if not os.path.lexists(path):
        raise UserError("file_missing", file=path)
    given = list(given_photos([path]))
    photos = [Photo(n, g.path, g.path.name) for n, g in enumerate(given) if g.problem is None]
    found = clean_files(photos, load_pack(), checks, _count)
    for n, g in enumerate(given):
        if g.problem is not None:
            found[n] = [unreadable(g.problem)]
    limits = default_thresholds()
    return [{"image": g.name, "findings": _past(found[n], limits)} for n, g in enumerate(given)]


def _of_workspace(common: Common, checks: Sequence[str] | None) -> list[dict[str, Any]]:
    from app.cleaning import store as room
    from app.cleaning.checks import chosen_checks
    from app.cleaning.run import clean_workspace
    from app.common.packs import DEFAULT_PACK, load_pack

    with opened(common) as (workspace, store):
        pack = load_pack(DEFAULT_PACK, workspace.packs)
        clean_workspace(store, pack, common.actor, checks, _count)
        with store.read() as session:
            limits = room.thresholds(session)
            found = room.findings_past(session, chosen_checks(checks), limits)
            photos = room.photos(session)
    return [{"image": str(p.path), "id": p.id, "findings": _past(found.get(p.id, ()), limits)} for p in photos]


def _past(findings: Sequence[Finding], limits: dict[str, float]) -> list[dict[str, Any]]:
    worst_first = sorted(findings, key=lambda f: -f.score)
    return [f.as_json(limits[f.check]) for f in worst_first if f.score >= limits[f.check]]


def _count(made: Progress) -> None:
    progress(made.done, made.whole)


COMMANDS: dict[str, Callable[[Common, Namespace], Outcome]] = {"clean": clean}
