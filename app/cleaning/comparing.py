"""Checks that compare the photos of a set with each other, after each of them has been examined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from app.cleaning.checks import sets_for
from app.cleaning.examining import Examined
from app.cleaning.findings import FLOOR, Finding, clipped
from app.common.packs import Pack

Pair = tuple[int, int]
"""Ids of two photos, the smaller first."""


class Stopped(Exception):
    """Somebody cancelled; what was stored stays."""


@dataclass(eq=False)
class Context:
    """What a comparison may use. ``pairs``: verdicts (JSON, with a "stamp") on photos that were compared before; a
    comparison adds its own, and they are stored. ``progress(done, whole)`` raises :class:`Stopped` after a cancel."""

    pack: Pack
    progress: Callable[[int, int], None] = lambda _done, _whole: None
    pairs: dict[Pair, Mapping[str, Any]] = field(default_factory=dict)


def compare(photos: Sequence[Examined], checks: Iterable[str], context: Context) -> dict[int, list[Finding]]:
    """Photo id -> findings of the wanted checks that look at whole sets. Photos that cannot be read are left out."""
    wanted = set(checks)
    readable = [p for p in photos if p.sha256]
    found: dict[int, list[Finding]] = defaultdict(list)
    for part in sets_for(wanted):
        results: Mapping[int, Sequence[Finding]] = import_module(part.module).find(readable, context)
        for photo, findings in results.items():
            found[photo] += [clipped(f) for f in findings if f.check in wanted and f.score >= FLOOR]
    return dict(found)
