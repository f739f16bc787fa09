"""What the Clean page asks of the database: each function runs on the database thread with an open session.

The room is imported inside, as it brings SQLAlchemy along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from app.cleaning.records import Item, Kind, PhotoDetail, QueueRow, State, Tally, Walked, Work

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

Mode = Literal["open", "decided", "all"]
STATES: dict[Mode, tuple[State, ...] | None] = {"open": ("open",), "decided": ("decided", "waiting"), "all": None}
MOST = 2000
"""Photos of a list at once, the worst ones: when they are decided the next ones come."""


@dataclass(frozen=True)
class Act:
    """One decision to be made; ``how`` as :func:`app.cleaning.decisions.decide` takes it."""

    items: tuple[Item, ...]
    kind: Kind
    how: Mapping[str, Any]


@dataclass(frozen=True)
class Desk:
    """What the page shows of everything: counts, and whether the person can undo and redo."""

    work: Work
    undoable: bool
    redoable: bool
    persons: tuple[str, ...]
    """Whose second opinion can be asked for."""


def look(session: Any, person: str) -> Desk:
    from app.cleaning import counting
    from app.cleaning.decisions import persons_to_ask, undoable

    undo, redo = undoable(session)
    return Desk(counting.work(session, person), undo, redo, persons_to_ask(session, person))


@dataclass(frozen=True)
class Caught:
    """The worst of what a check found, whatever the threshold, and how many any threshold would catch."""

    rows: tuple[QueueRow, ...]
    tally: Tally


def caught(session: Any, check: str, mode: Mode) -> Caught:
    from app.cleaning import counting, queue
    from app.cleaning.check_settings import switched_off

    off = mode == "open" and check in switched_off(session)
    rows = [] if off else queue.queue(session, check, 0.0, STATES[mode], MOST)
    return Caught(tuple(rows), counting.tally(session, check))


def waiting(session: Any, person: str) -> Caught:
    from app.cleaning import queue

    return Caught(tuple(queue.waiting_for(session, person)), Tally())


def details(session: Any, items: Sequence[Item]) -> tuple[PhotoDetail, ...]:
    from app.cleaning import queue

    return queue.details(session, items)


def decide(session: Any, acts: Sequence[Act], note: str) -> None:
    from app.cleaning.decisions import decide

    for act in acts:
        decide(session, act.items, act.kind, note, act.how)


def walk(session: Any, *, back: bool) -> Walked | None:
    from app.cleaning.decisions import redo_decision, undo_decision

    return undo_decision(session) if back else redo_decision(session)


def set_threshold(session: Any, check: str, value: float) -> None:
    from app.cleaning import check_settings

    check_settings.set_threshold(session, check, value)


def set_active(session: Any, check: str, active: bool) -> None:
    from app.cleaning import check_settings

    check_settings.set_active(session, check, active)


SIDE = 768
"""Shorter side in pixels at which two photos are laid on each other."""


@dataclass(frozen=True)
class Laid:
    """Two photos on top of each other at one scale: the first, the second laid on it, and what differs marked."""

    first: QImage
    second: QImage
    marked: QImage
    changed: float


def lay(first: Path, second: Path) -> Laid | None:
    """The second photo laid on the first; None where they do not fit. Takes a moment; needs no session.

    Raises:
        UserError: as :func:`app.common.images.read_photo`.
    """
    import numpy as np

    from app.cleaning.evidence import evidence
    from app.common.images import read_photo
    from app.views.images import image_from

    found = evidence(read_photo(first, SIDE).pixels, read_photo(second, SIDE).pixels)
    if found is None:
        return None
    grey = found.first.mean(axis=2, keepdims=True) * np.where(found.seen[..., None], 0.55, 0.2) + 24
    marked = np.where(found.differs[..., None], np.array([232, 80, 220]), grey).astype(np.uint8)
    seen = max(int(found.seen.sum()), 1)
    return Laid(
        image_from(found.first), image_from(found.second), image_from(marked), float(found.differs.sum()) / seen
    )
