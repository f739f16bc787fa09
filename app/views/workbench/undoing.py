"""Undo and redo in the window: what the person at work did last is taken back, on whatever photo that was."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.annotation.document import Edit
from app.datasets.records import JournalState
from app.views.background import Changed
from app.views.canvas import PhotoCanvas
from app.views.services import Services
from app.views.workbench import desk

if TYPE_CHECKING:
    from app.views.workbench.sitting import Sitting

_BOXES = frozenset({"annotations", "images"})


class Undoing(QObject):
    journal_changed = Signal(bool, bool)  # the person can undo, redo
    elsewhere = Signal(object, object)  # Step, ImageRow: it was on another photo, which is to be opened

    def __init__(self, services: Services, canvas: PhotoCanvas, sitting: Sitting) -> None:
        super().__init__(sitting)
        self._services = services
        self._canvas = canvas
        self._sitting = sitting
        self._to_point_out: tuple[int, Edit] | None = None  # on the photo that is being opened

    def tell(self, journal: JournalState) -> None:
        self.journal_changed.emit(journal.undoable, journal.redoable)

    def walk(self, *, back: bool) -> None:
        """One step of undo, or of redo; it waits its turn behind the edits that are being stored."""
        self._canvas.forget_gesture()
        self._services.background.change(partial(desk.take_step, back=back), Changed(_BOXES), self._walked, owner=self)

    def _walked(self, taken: desk.Taken) -> None:
        step, row = taken.step, taken.row
        self.tell(taken.journal)
        if step is None or row is None:
            return
        if step.refused is not None:
            self._services.report(step.refused)
            return
        sitting = self._sitting
        sitting.stepped(row)
        if sitting.row is None or sitting.row.id != row.id or not sitting.shown or not taken.on_view:
            self._to_point_out = (row.id, step.edit) if taken.on_view else None
            self.elsewhere.emit(step, row)
        elif self._canvas.take(step.edit):
            self._point_out(step.edit)
            sitting.reading_changed.emit()
        else:
            sitting.open(row)

    def photo_stands(self, image_id: int) -> None:
        """The photo is shown; if a step was made on it, what that changed is pointed out."""
        waiting, self._to_point_out = self._to_point_out, None
        if waiting is not None and waiting[0] == image_id:
            self._point_out(waiting[1])

    def _point_out(self, edit: Edit) -> None:
        """Select the first box that the step changed, and light up all of them for a moment."""
        there = sorted(a.id for a in edit.after)
        if there:
            self._canvas.select(there[0])
        self._canvas.flash(there, [a.box for a in edit.before if a.id not in there])
