"""The widget that shows one photo with its boxes and suggestions, and lets a person change them.

Coordinates that go in and out are pixels of the upright photo at full scale, whatever the scale of the pixels shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from app.annotation import edits
from app.annotation.document import UNLABELLED, Annotation, Document, Edit, Suggestion, apply
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.packs import Pack
from app.common.words import text
from app.views.canvas.key_view import KeyView
from app.views.canvas.scene import Reading

STANDSTILL = 300  # ms after the last nudge
_COPY_OFFSET = 12.0  # widget pixels between a box and its duplicate

__all__ = ["PhotoCanvas", "Reading"]


class PhotoCanvas(KeyView):
    """One photo, its document and the model's suggestions.

    Fill it: :meth:`set_pack`, :meth:`set_photo` (then :meth:`improve_photo` when full pixels come),
    :meth:`set_document`, :meth:`set_suggestions`, :meth:`set_readings`, :meth:`set_min_score`.

    Listen: ``edited`` carries every change that a person makes here, as the new document and the edit that led there
    (store the edit; the canvas shows it already). Undo and redo are the journal's: :meth:`take` shows what it did.
    ``drawn_box_settled`` names a box of the document whose geometry is new and
    has stood still: classify it. ``selection_changed`` carries the selected id or "" (an annotation's or a
    suggestion's). ``mode_changed`` tells True while the next drag draws. ``refused`` carries a UserError.

    A suggestion that is accepted, relabelled, moved or resized becomes an annotation with the suggestion's id;
    suggestions whose id is in the document, or that lie on one of its boxes, are not shown.
    """

    edited = Signal(object, object)  # Document, Edit
    drawn_box_settled = Signal(str)
    refused = Signal(object)  # UserError

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document: Document | None = None
        self._moved_last = ""
        self._next_label = UNLABELLED
        self._standstill = QTimer(self, singleShot=True, interval=STANDSTILL)
        self._standstill.timeout.connect(self._settle)
        self.retranslate()

    # -- filling -----------------------------------------------------------------------------------------------------

    def set_pack(self, pack: Pack) -> None:
        """Names and colours of the labels."""
        self._show(pack=pack)

    def set_photo(self, image: QImage, full_size: tuple[int, int], synthetic: bool = False) -> None:
        """A new photo, fitted to the widget; document, suggestions, readings and selection are emptied."""
        self.clear_photo()
        super().set_photo(image, full_size, synthetic)

    def clear_photo(self) -> None:
        self.forget_gesture()
        self._standstill.stop()
        self._moved_last = ""
        self._document = None
        self._end_flash()
        super().clear_photo()
        self._show(document=None, suggestions=(), readings={})
        self.stop_drawing()

    def set_document(self, document: Document) -> None:
        self.forget_gesture()
        self._document = document
        self._show(document=document)

    def take(self, edit: Edit) -> bool:
        """Show an edit that is stored already, as undo's; False if it does not fit to what is shown."""
        if self._document is None:
            return False
        self.forget_gesture()
        try:
            self.set_document(apply(self._document, edit))
        except UserError:
            return False
        return True

    def set_suggestions(self, suggestions: Sequence[Suggestion]) -> None:
        self._show(suggestions=tuple(suggestions))

    def set_readings(self, readings: Mapping[str, Reading]) -> None:
        """What the classifier answers for boxes without a label, by id."""
        self._show(readings=dict(readings))

    def set_min_score(self, score: float) -> None:
        """Suggestions below it are not shown."""
        self._show(min_score=score)

    def set_next_label(self, label: str) -> None:
        """What a box that is drawn gets at once; "" for none."""
        self._next_label = label
        self.update()

    def next_label(self) -> str:
        return self._next_label

    def new_colour(self) -> str:
        return self.scene.look(self._next_label)[1]

    def set_boxes_visible(self, visible: bool) -> None:
        self._show(boxes=visible)

    def set_tags_visible(self, visible: bool) -> None:
        self._show(tags=visible)

    def set_line_colour(self, colour: str) -> None:
        """One colour for every box; "" for the diseases' own."""
        self._show(line=colour)

    def line_colour(self) -> str:
        return self.scene.line

    def set_read_only(self, read_only: bool) -> None:
        super().set_read_only(read_only)
        if read_only:
            self._standstill.stop()

    def retranslate(self) -> None:
        """After a change of language."""
        self.setAccessibleName(text("canvas.name"))
        self._show()

    # -- asking ------------------------------------------------------------------------------------------------------

    def document(self) -> Document | None:
        return self._document

    def numbers(self) -> dict[str, int]:
        """The number that each box and suggestion carries in its tag, by id."""
        return dict(self.scene.numbers)

    def shown_suggestions(self) -> tuple[Suggestion, ...]:
        return self.scene.shown

    def can_edit(self) -> bool:
        return self._document is not None and not self._read_only

    # -- doing: each of these is a key or a button -------------------------------------------------------------------

    def select_next(self, step: int = 1) -> None:
        """The next box or suggestion in the order of the numbers, brought into view."""
        order = sorted((n, i) for i, n in self.scene.numbers.items() if self.scene.find(i))
        ids = [i for _, i in order]
        if ids:
            at = ids.index(self.selected()) + step if self.selected() in ids else (0 if step > 0 else -1)
            self.select(ids[at % len(ids)])
            box = self.scene.find(self.selected())
            if box:
                self.bring_into_view(*box.centre)

    def delete_selected(self) -> None:
        """Take the box away; a suggestion is refused, and not shown again for this photo by these models."""
        suggestion = self._selected_suggestion()
        if suggestion:
            self._try(lambda d: edits.refuse(d, [suggestion]))
            return
        self._try(lambda d: edits.delete(d, [self.selected()]))

    def duplicate_selected(self) -> None:
        box = self.scene.find(self.selected())
        if box:
            step = _COPY_OFFSET / self.view().scale
            self.copy_box(self.selected(), edits.pushed(box, step, step, *self.photo_size()))

    def relabel_selected(self, label: str) -> None:
        """Label the selected box; a selected suggestion is accepted under that label."""
        suggestion = self._selected_suggestion()
        if suggestion:
            self._try(lambda d: edits.accept(d, [suggestion], label))
        else:
            self._try(lambda d: edits.relabel(d, self.selected(), label))

    def accept_selected(self) -> None:
        suggestion = self._selected_suggestion()
        if suggestion:
            self._try(lambda d: edits.accept(d, [suggestion]))

    def accept_all(self) -> None:
        """Every suggestion that is shown, in one step."""
        self._try(lambda d: edits.accept(d, self.shown_suggestions()))

    def refuse_all(self) -> None:
        """Turn down every suggestion that is shown, in one step."""
        self._try(lambda d: edits.refuse(d, self.shown_suggestions()))

    def toggle_difficult(self) -> None:
        self._try(lambda d: edits.difficult(d, self.selected()))

    def toggle_verified(self) -> None:
        """The whole photo's mark."""
        self._try(edits.verify)

    def insert(self, annotations: Sequence[Annotation]) -> None:
        """Copies of these boxes, for instance the previous photo's."""
        self._try(lambda d: edits.insert(d, annotations))

    def nudge(self, dx: float, dy: float) -> None:
        """Push the selected box by photo pixels."""
        box = self.scene.find(self.selected())
        if box:
            self.change_box(self.selected(), edits.pushed(box, dx, dy, *self.photo_size()), moved=True, still=False)

    def make(self, edit_of: Callable[[Document], Edit | None]) -> Edit | None:
        """Any other edit of what is shown; None if there is nothing to do or this photo may not be edited."""
        return self._try(edit_of)

    # -- what a gesture asks for -------------------------------------------------------------------------------------

    def add_box(self, box: Box) -> None:
        edit = self._try(lambda d: edits.add(d, box, self._next_label))
        if edit:
            self.select(edit.after[0].id)
            self.drawn_box_settled.emit(edit.after[0].id)

    def change_box(self, id_: str, box: Box, moved: bool, still: bool = True) -> None:
        """A box's new place; a suggestion becomes a box there. ``still``: it will not be pushed on at once."""
        suggestion = next((s for s in self.scene.shown if s.id == id_), None)
        if suggestion:
            edit = self._try(lambda d: edits.accept(d, [suggestion], box=box))
        elif moved:
            edit = self._try(lambda d: edits.move_to(d, id_, box))
        else:
            edit = self._try(lambda d: edits.resize(d, id_, box))
        if edit:
            self._moved_last = id_
            self._standstill.start(0 if still else STANDSTILL)

    def copy_box(self, id_: str, box: Box) -> None:
        edit = self._try(lambda d: edits.copy_to(d, self._original(id_), box))
        if edit:
            self.select(edit.after[0].id)
            self.drawn_box_settled.emit(edit.after[0].id)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _original(self, id_: str) -> Annotation | None:
        """The box with this id, or what the suggestion would be."""
        document = self.document()
        suggestion = next((s for s in self.scene.shown if s.id == id_), None)
        if document is None or suggestion is None:
            return document.find(id_) if document else None
        edit = edits.accept(document, [suggestion])
        return edit.after[0] if edit else None

    def _selected_suggestion(self) -> Suggestion | None:
        return next((s for s in self.scene.shown if s.id == self.selected()), None)

    def _try(self, edit_of: Callable[[Document], Edit | None]) -> Edit | None:
        """Make the edit, if there is one and this photo may be edited."""
        if self._document is None or self._read_only:
            return None
        edit = edit_of(self._document)
        if edit is None:
            return None
        try:
            self._document = apply(self._document, edit)
        except UserError as error:
            self.refused.emit(error)
            return None
        self._show(document=self._document)
        self.edited.emit(self._document, edit)
        return edit

    def _settle(self) -> None:
        document = self.document()
        if document and document.find(self._moved_last):
            self.drawn_box_settled.emit(self._moved_last)
