"""Undo and redo as a value: the present document, the edits behind it and the ones ahead."""

from __future__ import annotations

from dataclasses import dataclass

from app.annotation.document import Document, Edit, apply


@dataclass(frozen=True, slots=True)
class History:
    """``past``: oldest first. ``future``: the edits that redo would make, next one first."""

    present: Document
    past: tuple[Edit, ...] = ()
    future: tuple[Edit, ...] = ()


def made(history: History, edit: Edit) -> History:
    """After a new edit; what could be redone is gone.

    Raises:
        UserError: ``edit_conflict``, as :func:`app.annotation.document.apply`.
    """
    return History(apply(history.present, edit), (*history.past, edit))


def undone(history: History) -> tuple[History, Edit] | None:
    """One step back and the edit that went it (the inverse); None at the beginning."""
    if not history.past:
        return None
    *past, last = history.past
    back = last.inverse()
    return History(apply(history.present, back), tuple(past), (last, *history.future)), back


def redone(history: History) -> tuple[History, Edit] | None:
    """One step forward again and the edit made; None at the end."""
    if not history.future:
        return None
    following, *future = history.future
    return History(apply(history.present, following), (*history.past, following), tuple(future)), following
