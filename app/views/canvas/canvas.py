"""The widget that shows one photo with its boxes and suggestions, and lets a person change them.

Coordinates that go in and out are pixels of the upright photo at full scale, whatever the scale of the pixels shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from app.annotation.document import Document, Edit, Suggestion
from app.common.packs import Pack


@dataclass(frozen=True, slots=True)
class Reading:
    """The classifier's first answer for a box that a person drew: shown in the tag while the box has no label."""

    label: str
    score: float


class PhotoCanvas(QWidget):
    """One photo, its document and the model's suggestions.

    Fill it: :meth:`set_pack`, :meth:`set_photo` (then :meth:`improve_photo` when full pixels come),
    :meth:`set_document`, :meth:`set_suggestions`, :meth:`set_readings`, :meth:`set_min_score`.

    Listen: ``edited`` carries every change, also undo and redo, as the new document and the edit that led there (store
    the edit; the canvas shows it already). ``drawn_box_settled`` names a box of the document whose geometry is new and
    has stood still: classify it. ``selection_changed`` carries the selected id or "" (an annotation's or a
    suggestion's). ``mode_changed`` tells True while the next drag draws. ``refused`` carries a UserError.

    A suggestion that is accepted, moved or resized becomes an annotation with the suggestion's id; suggestions whose id
    is in the document, or that lie on one of its boxes, are not shown.
    """

    edited = Signal(object, object)  # Document, Edit
    selection_changed = Signal(str)
    drawn_box_settled = Signal(str)
    mode_changed = Signal(bool)
    view_changed = Signal(float)  # zoom: 1.0 is one photo pixel on one screen pixel
    history_changed = Signal(bool, bool)  # can undo, can redo
    context_menu_wanted = Signal(str, object)  # id or "", QPoint (global)
    refused = Signal(object)  # UserError

    # -- filling ------------------------------------------------------------------------------------------------
    def set_pack(self, pack: Pack) -> None: ...
    def set_photo(self, image: QImage, full_size: tuple[int, int], synthetic: bool = False) -> None:
        """A new photo, fitted to the window; the document, suggestions, readings and selection are emptied.

        ``image`` may be reduced; ``full_size`` is the upright photo's (width, height) at full scale.
        """

    def improve_photo(self, image: QImage) -> None:
        """Better pixels of the same photo: what the eye sees stays where it is."""

    def clear_photo(self) -> None: ...
    def set_document(self, document: Document, past: Sequence[Edit] = (), future: Sequence[Edit] = ()) -> None:
        """Show this document; ``past`` (oldest first) is what Ctrl+Z goes back, ``future`` (next first) what redo does."""

    def set_suggestions(self, suggestions: Sequence[Suggestion]) -> None: ...
    def set_readings(self, readings: Mapping[str, Reading]) -> None: ...
    def set_min_score(self, score: float) -> None: ...
    def set_boxes_visible(self, visible: bool) -> None: ...
    def set_tags_visible(self, visible: bool) -> None: ...
    def set_read_only(self, read_only: bool) -> None: ...
    def retranslate(self) -> None:
        """After a change of language."""

    # -- asking -------------------------------------------------------------------------------------------------
    def document(self) -> Document | None: ...  # type: ignore[empty-body]
    def selected(self) -> str: ...  # type: ignore[empty-body]
    def numbers(self) -> dict[str, int]:  # type: ignore[empty-body]
        """The number that each box and shown suggestion carries in its tag, by id."""

    def shown_suggestions(self) -> tuple[Suggestion, ...]: ...  # type: ignore[empty-body]
    def zoom(self) -> float: ...  # type: ignore[empty-body]

    # -- doing: each of these is a key or a button ---------------------------------------------------------------
    def select(self, id_: str) -> None: ...
    def select_next(self, step: int = 1) -> None: ...
    def start_drawing(self) -> None: ...
    def stop_drawing(self) -> None: ...
    def set_square(self, square: bool) -> None: ...
    def cancel(self) -> None: ...
    def delete_selected(self) -> None: ...
    def duplicate_selected(self) -> None: ...
    def relabel_selected(self, label: str) -> None:
        """Label the selected box; a selected suggestion is accepted under that label."""

    def accept_selected(self) -> None: ...
    def accept_all(self) -> None: ...
    def toggle_difficult(self) -> None: ...
    def toggle_verified(self) -> None: ...
    def nudge(self, dx: float, dy: float) -> None: ...
    def insert(self, annotations: Sequence[object]) -> None: ...
    def undo(self) -> None: ...
    def redo(self) -> None: ...
    def zoom_by(self, factor: float) -> None: ...
    def set_zoom(self, zoom: float) -> None: ...
    def fit_window(self) -> None: ...
    def fit_width(self) -> None: ...
    def actual_size(self) -> None: ...
    def change_brightness(self, steps: int) -> None: ...
    def reset_brightness(self) -> None: ...
