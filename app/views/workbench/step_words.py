"""What an edit is called, and what undo or redo has done where."""

from __future__ import annotations

from app.common.words import text
from app.datasets.records import Step


def edit_words(kind: str) -> str:
    """The name of a kind of edit, as it stands behind "undone:"."""
    names = {
        "add": text("edit.add"),
        "move": text("edit.move"),
        "resize": text("edit.resize"),
        "relabel": text("edit.relabel"),
        "delete": text("edit.delete"),
        "duplicate": text("edit.duplicate"),
        "accept": text("edit.accept"),
        "verify": text("edit.verify"),
        "difficult": text("edit.difficult"),
        "replace": text("edit.replace"),
        "reject": text("edit.reject"),
        "refuse": text("edit.refuse"),
        "tighten": text("edit.tighten"),
        "merge": text("edit.merge"),
        "settle": text("edit.settle"),
    }
    return names[kind]


def step_words(step: Step, photo: str) -> str:
    what = edit_words(step.edit.kind)
    if step.back:
        return text("journal.undone_on", what=what, photo=photo)
    return text("journal.redone_on", what=what, photo=photo)
