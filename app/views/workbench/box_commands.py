"""What is done with boxes from the keyboard, the menus and the panels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint

from app.annotation import edits
from app.annotation.document import Annotation, Document, Edit
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.words import text
from app.datasets.records import ImageRow
from app.views.workbench import desk

if TYPE_CHECKING:
    from app.views.workbench.workbench import Workbench

LINES = ("", "#FFFFFF", "#FF00FF", "#000000")
"""Of the diseases, then what stands out from any skin: white, magenta, black."""


class BoxCommands(QObject):
    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._tightening = ""  # the box that is being drawn close
        self._copy_into = 0  # the photo on its way that boxes are to be copied into
        self.next_label = ""  # sticks while annotating

    # -- drawing and naming --------------------------------------------------------------------------------------
    def draw(self) -> None:
        """While annotating, drawing begins with nothing selected: a digit then says what the next box is."""
        canvas = self._bench.canvas
        if canvas.drawing():
            canvas.stop_drawing()
            return
        if self._bench.frame.place == "annotate":
            canvas.select("")
        canvas.start_drawing()

    def name(self, label: str) -> None:
        """The selected box is of this disease; without one the next box will be."""
        canvas = self._bench.canvas
        if canvas.selected():
            canvas.relabel_selected(label)
        self.set_next_label(label)

    def set_next_label(self, label: str) -> None:
        self.next_label = label
        self.stick()
        self._bench.refresh()

    def stick(self) -> None:
        """A drawn box has the last label at once, but not in Diagnose: there the models are asked."""
        annotating = self._bench.frame.place == "annotate"
        self._bench.canvas.set_next_label(self.next_label if annotating else "")

    def find_label(self) -> None:
        """The hand goes to the list of diseases; in Diagnose they come as a menu."""
        bench = self._bench
        if bench.frame.place == "annotate":
            bench.actions_["fold_right"].setChecked(True)
            bench.right.show()
            bench.annotate.picker.begin()
        elif bench.canvas.selected():
            bench.actions_.label_menu(bench).popup(bench.canvas.mapToGlobal(bench.canvas.rect().center()))

    # -- suggestions ---------------------------------------------------------------------------------------------
    def accept(self) -> None:
        """A suggestion becomes a box; a box drawn by hand takes the name that the classifier gave it."""
        canvas = self._bench.canvas
        selected = canvas.selected()
        document = canvas.document()
        drawn = document.find(selected) if document else None
        if drawn is None:
            canvas.accept_selected()
        elif not drawn.label:
            top, _ = self._bench.sitting.top3(selected)
            if top:
                canvas.relabel_selected(top[0][0])

    def answer(self, id_: str, accepted: bool) -> None:
        """One suggestion of the list, by its tick or its cross."""
        canvas = self._bench.canvas
        canvas.select(id_)
        if accepted:
            canvas.accept_selected()
        else:
            canvas.delete_selected()

    # -- tightening ----------------------------------------------------------------------------------------------
    def tighten(self, row: ImageRow) -> None:
        """Draw the selected box close round the lesion in it; worked out off this thread, and one step of undo."""
        canvas = self._bench.canvas
        id_, box = canvas.selected(), canvas.scene.find(canvas.selected())
        if box is None or self._tightening:
            return
        self._tightening = id_
        self._bench.services.background.work(
            partial(_tight, row.path, box),
            partial(self._tightened, row, id_, box),
            self._not_tightened,
            owner=self,
        )

    def _tightened(self, row: ImageRow, id_: str, rough: Box, box: Box | None) -> None:
        self._tightening = ""
        bench = self._bench
        here = bench.sitting.row
        if here is None or here.id != row.id or bench.canvas.scene.find(id_) != rough:
            return
        if box is None:
            bench.frame.messages.info("tighten", lambda: text("boxes.not_tightened"))
            return
        if bench.canvas.make(partial(_tight_edit, id_=id_, box=box, bench=bench)) is not None:
            bench.canvas.select(id_)
            bench.canvas.flash([id_], [rough])
            bench.sitting.classify(id_)

    def _not_tightened(self, error: UserError) -> None:
        self._tightening = ""
        self._bench.services.report(error)

    # -- from photo to photo -------------------------------------------------------------------------------------
    def copy_previous(self) -> None:
        """Copies of the boxes of the photo before this one in the list: one step, pointed out.

        Pressed while the photo is on its way, it is done as soon as the photo stands.
        """
        bench = self._bench
        row = bench.sitting.row
        self._copy_into = row.id if row is not None and not bench.sitting.shown else 0
        if row is None or self._copy_into:
            return
        index = bench.photos.view.currentIndex().row()
        before = bench.photos.model.row_of(bench.photos.model.index(index - 1))
        if before is None:
            self._say_no_boxes()
            return
        take = partial(self._insert, row, before)
        bench.services.background.read(partial(desk.boxes_of, image_id=before.id), take, owner=self)

    def photo_stands(self) -> None:
        wanted, self._copy_into = self._copy_into, 0
        sitting = self._bench.sitting
        if wanted and sitting.shown and sitting.row is not None and sitting.row.id == wanted:
            self.copy_previous()

    def _say_no_boxes(self) -> None:
        self._bench.frame.messages.info("no_previous_boxes", lambda: text("boxes.none_before"))

    def forget_said(self) -> None:
        """Something else was done since: what was said of the last step, and its undo, no longer hold."""
        for code in ("copied", "beside"):
            self._bench.frame.messages.dismiss(code)

    def _insert(self, here: ImageRow | None, before: ImageRow, boxes: Sequence[Annotation]) -> None:
        bench = self._bench
        if bench.sitting.row is not here:
            return
        edit = bench.canvas.make(lambda d: edits.insert(d, boxes))
        if edit is None:
            self._say_no_boxes()
            return
        new = [a.id for a in edit.after]
        bench.canvas.flash(new)
        bench.frame.messages.info("copied", lambda: text("boxes.copied", n=len(new), photo=before.name))

    def send_back(self, comment: str) -> None:
        self._bench.canvas.make(lambda d: edits.reject(d, comment))

    # -- looking -------------------------------------------------------------------------------------------------
    def next_line_colour(self) -> None:
        """The next colour of lines: of the diseases, then ones that stand out from any skin."""
        canvas = self._bench.canvas
        canvas.set_line_colour(LINES[(LINES.index(canvas.line_colour()) + 1) % len(LINES)])

    def context_menu(self, id_: str, at: QPoint) -> None:
        actions = self._bench.actions_
        menu = actions.label_menu(self._bench)
        if not id_:
            menu.clear()
        else:
            menu.addSeparator()
        on_box = ("accept", "delete", "tighten", "duplicate", "difficult")
        names = on_box if id_ else ("draw", "copy_previous", "fit_window", "actual_size", "verify", "reject")
        menu.addActions([actions[name] for name in names])
        menu.popup(at)


def _tight(photo: Path, box: Box) -> Box | None:
    from app.annotation.tighten import tighten_in

    return tighten_in(photo, box)


def _tight_edit(document: Document, id_: str, box: Box, bench: Workbench) -> Edit | None:
    """A suggestion that is tightened is accepted there."""
    suggestion = next((s for s in bench.canvas.shown_suggestions() if s.id == id_), None)
    if suggestion is not None:
        return edits.accept(document, [suggestion], box=box)
    return edits.tighten(document, id_, box)
