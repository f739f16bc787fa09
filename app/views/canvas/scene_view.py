"""The photo with the scene's boxes drawn on it, one of them selected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.common.geometry import Box
from app.common.words import text
from app.views import theme
from app.views.canvas import box_painter, magnifier
from app.views.canvas.box_lines import BoxLines
from app.views.canvas.measures import looks_words, size_words
from app.views.canvas.photo_view import PhotoView
from app.views.canvas.scene import Item, Scene
from app.views.canvas.still import Still, What
from app.views.canvas.tag_layer import TagLayer, Wanted

GhostIs = Literal["moved", "copy", "new"]
"""What the ghost is of the selected box: itself (which then shows nowhere else), a copy, or nothing of it."""
FLASH = 900  # ms


class SceneView(PhotoView):
    selection_changed = Signal(str)
    box_measured = Signal(str)  # size of the box under way, else of the selected one, in words; "" for none

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scene = Scene()
        self._selected = ""
        self._hovered = ""
        self._lines = BoxLines()
        self._still = Still()
        self._tags = TagLayer()
        self._ghost: Box | None = None  # what the gesture under way makes, photo pixels
        self._ghost_is: GhostIs = "moved"
        self._measured = ""
        self._pointer: QPointF | None = None  # None while it is elsewhere
        self._crosshair = False
        self._magnifier = False
        self._aiming = False  # the cross-hair is shown, as it is wished or needed
        self._flashing: tuple[frozenset[str], tuple[Box, ...]] = (frozenset(), ())
        self._flash_ends = QTimer(self, singleShot=True, interval=FLASH)
        self._flash_ends.timeout.connect(self._end_flash)
        self._focus_ring = False

    def clear_photo(self) -> None:
        super().clear_photo()
        self._still = Still()

    # -- what is selected --------------------------------------------------------------------------------------------

    def selected(self) -> str:
        """The selected box's or suggestion's id, or ""."""
        return self._selected

    def select(self, id_: str) -> None:
        """Select a box or suggestion that is shown; any other id selects nothing."""
        id_ = id_ if id_ in self.scene.by_id else ""
        if id_ != self._selected:
            self._selected = id_
            self.update()
            self._describe()
            self.selection_changed.emit(id_)

    def _show(self, **changes: Any) -> None:
        """Another scene: fields of :class:`Scene` by name."""
        self.scene = self.scene.changed(**changes)
        self._lines = BoxLines(self.scene.items)
        if self._selected and self._selected not in self.scene.by_id:
            self.select("")
        self._describe()
        self.update()

    def _describe(self) -> None:
        """What a screen reader says, and how large the box is."""
        boxes = len(self.scene.document.annotations) if self.scene.document else 0
        words = text("canvas.description", boxes=boxes, suggestions=len(self.scene.shown))
        chosen = self.scene.by_id.get(self._selected)
        if chosen:
            words = text("canvas.description_selected", description=words, tag=chosen.tag)
        self.setAccessibleDescription(words)
        self._measure()

    def _measure(self) -> None:
        box = self._ghost or self.scene.find(self._selected)
        words = size_words(box, self.photo_size()) if box else ""
        if words != self._measured:
            self._measured = words
            self.box_measured.emit(words)

    # -- what else is shown ------------------------------------------------------------------------------------------

    def set_crosshair(self, on: bool) -> None:
        """Lines through the pointer, always; while a box is to be drawn they are there anyway."""
        self._crosshair = on
        self.update()

    def crosshair(self) -> bool:
        return self._crosshair

    def set_magnifier(self, on: bool) -> None:
        """A round glass at the pointer that shows three times as much."""
        self._magnifier = on
        self.update()

    def magnifier(self) -> bool:
        return self._magnifier

    def flash(self, ids: Iterable[str], gone: Iterable[Box] = ()) -> None:
        """Light for a moment round boxes that something else than the hand has changed, and where boxes were; the
        first is brought into view if none is."""
        self._flashing = (frozenset(ids), tuple(gone))
        boxes = self._flashed()
        window = self.rect()
        if boxes and not any(window.intersects(box_painter.whole_pixels(b, self.view())) for b in boxes):
            self.bring_into_view(*boxes[0].centre)
        self._flash_ends.start()
        self.update()

    def flashing(self) -> bool:
        return self._flash_ends.isActive()

    def _flashed(self) -> list[Box]:
        ids, gone = self._flashing
        return [item.box for item in self.scene.items if item.id in ids] + list(gone)

    def _end_flash(self) -> None:
        self._flash_ends.stop()
        self._flashing = (frozenset(), ())
        self.update()

    # -- painting ----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        source = self.source()
        if source is None or self._photo is None:
            painter.fillRect(self.rect(), QColor(theme.GROUND))
        else:
            ratio = self.devicePixelRatioF()
            apart = self._selected if self._ghost is not None and self._ghost_is == "moved" else ""
            place, size = self.view().place(ratio), self.size() * ratio
            unit = max(round(ratio), 1)
            what = What(source, self._photo.full_size, place, size, unit, self._lines, apart)
            still = self._still.image(what)
            painter.drawImage(self.rect(), still)
            self._paint_lively(painter, apart, ratio)
            if self._magnifier and self._pointer is not None:
                self._paint_glass(painter, what, self._pointer, ratio)
            box_painter.paint_badges(painter, self._badges())
        if self._focus_ring:
            self._paint_focus(painter)
        painter.end()

    def _badges(self) -> list[str]:
        synthetic = [text("canvas.synthetic")] if self._synthetic else []
        return synthetic if self.looks().plain else [*synthetic, looks_words(self.looks())]

    def _paint_lively(self, painter: QPainter, apart: str, ratio: float) -> None:
        """What changes with every move of the pointer."""
        view, ids = self.view(), self.scene.by_id
        chosen = ids.get(self._selected)
        for box in self._flashed() if self.flashing() else ():
            box_painter.paint_flash(painter, box, view, gone=box in self._flashing[1])
        item = self._item_in_hand()
        piece = self._still.piece(item) if item else None
        if piece:
            at, image = piece
            image.setDevicePixelRatio(ratio)
            painter.drawImage(QPointF(at.x() / ratio, at.y() / ratio), image)
        tagged = self._selected if self._ghost_is == "moved" else ""
        tags = Wanted(self._lines, view, self.photo_size(), self.size(), ratio, tagged, apart)
        if self.scene.tags:
            self._tags.paint(painter, tags)
        if chosen and self._ghost_is == "moved":
            box_painter.paint_handles(painter, self._ghost or chosen.box, view)
        hovered = ids.get(self._hovered)
        if hovered and hovered.id != self._selected and (self._tags.cut or not self.scene.tags):
            self._tags.paint_alone(painter, hovered.id, tags)
        if self._ghost is not None and self._measured:
            box_painter.paint_measure(painter, self._measured, self._ghost, view)
        if self._pointer is not None and (self._crosshair or self._aiming):
            box_painter.paint_crosshair(painter, self._pointer)

    def _paint_glass(self, painter: QPainter, what: What, at: QPointF, ratio: float) -> None:
        source = self.source(self.zoom() * magnifier.TIMES)
        if source is not None:
            view = magnifier.under_glass(self.view(), at)
            image = magnifier.glass_image(replace(what, source=source), view, ratio, self._item_in_hand())
            magnifier.paint_glass(painter, image, at)

    def _item_in_hand(self) -> Item | None:
        """The box that a gesture makes, else the selected one."""
        chosen = self.scene.by_id.get(self._selected)
        if self._ghost is None:
            return chosen
        if chosen and self._ghost_is != "new":
            return replace(chosen, box=self._ghost)
        return Item("", self._ghost, self.new_colour(), False, False, "")

    def new_colour(self) -> str:
        """Of a box that is being drawn."""
        return self.scene.look("")[1]

    def _paint_focus(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = QPen(QColor(theme.current().accent), 2)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
