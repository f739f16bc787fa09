"""The photo with the scene's boxes drawn on it, one of them selected."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from app.common.geometry import Box
from app.common.words import text
from app.views import theme
from app.views.canvas import box_painter
from app.views.canvas.box_painter import Placed, Strokes
from app.views.canvas.photo_view import PhotoView
from app.views.canvas.scene import NO_LABEL_COLOUR, Item, Scene

GhostIs = Literal["moved", "copy", "new"]
"""What the ghost is of the selected box: itself (which then shows nowhere else), a copy, or nothing of it."""


class SceneView(PhotoView):
    selection_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scene = Scene()
        self._version = 0
        self._selected = ""
        self._hovered = ""
        self._still: tuple[object, QPixmap] | None = None
        self._strokes: tuple[object, Strokes] | None = None
        self._placed: tuple[object, list[Placed]] | None = None
        self._tags_cut = False  # some tags are left out or show a number only
        self._ghost: Box | None = None  # what the gesture under way makes, photo pixels
        self._ghost_is: GhostIs = "moved"
        self._crosshair: QPointF | None = None
        self._focus_ring = False

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
        self.scene = replace(self.scene, **changes)
        self._version += 1
        if self._selected and self._selected not in self.scene.by_id:
            self.select("")
        self._describe()
        self.update()

    def _describe(self) -> None:
        """What a screen reader says."""
        boxes = len(self.scene.document.annotations) if self.scene.document else 0
        words = text("canvas.description", boxes=boxes, suggestions=len(self.scene.shown))
        chosen = self.scene.by_id.get(self._selected)
        if chosen:
            words = text("canvas.description_selected", description=words, tag=chosen.tag)
        self.setAccessibleDescription(words)

    # -- painting ----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        backdrop = self.backdrop()
        if backdrop is None:
            painter.fillRect(self.rect(), QColor(theme.GROUND))
        else:
            painter.drawPixmap(0, 0, self._with_boxes(backdrop))
            self._paint_lively(painter)
        if backdrop is not None and self._synthetic:
            box_painter.paint_badge(painter, text("canvas.synthetic"), self.height())
        if self._focus_ring:
            self._paint_focus(painter)
        painter.end()

    def _with_boxes(self, backdrop: QPixmap) -> QPixmap:
        """The backdrop with every box but the selected one: drawn anew only when one of them changes."""
        apart = self._selected if self._ghost_is == "moved" else ""
        key = (backdrop.cacheKey(), self._version, apart)
        if self._still is None or self._still[0] != key:
            pixmap = backdrop.copy()
            painter = QPainter(pixmap)
            self._paint_still(painter, apart)
            painter.end()
            self._still = (key, pixmap)
        return self._still[1]

    def _paint_still(self, painter: QPainter, apart: str) -> None:
        origin, size = self._origin(), self._whole_size()
        boxes = self._placed_items()
        seen = [b for b in box_painter.in_sight(boxes, origin, size) if b.item.id != apart]
        key = (self._version, self.view().scale, apart, len(seen))
        if self._strokes is None or self._strokes[0] != key or len(seen) < len(boxes) - 1:
            self._strokes = (key, box_painter.strokes(seen))
        box_painter.paint_strokes(painter, self._strokes[1], origin)
        if self.scene.tags:
            photo = self.view().placed(Box(0, 0, *self.photo_size())).clipped(*size)
            lively = [b for b in boxes if b.item.id == apart] if apart else []
            self._tags_cut = box_painter.paint_tags(painter, seen, origin, size, photo.area, lively)

    def _paint_lively(self, painter: QPainter) -> None:
        """What changes with every move of the pointer."""
        origin, size = self._origin(), self._whole_size()
        chosen = self.scene.by_id.get(self._selected)
        if chosen and self._ghost_is == "moved":
            tag = self.scene.tags and self._ghost is None
            others = [b for b in self._placed_items() if b.item.id != chosen.id] if tag else []
            box_painter.paint_selected(painter, self._place(chosen, self._ghost), others, origin, size, tag)
        elif self._ghost is not None:
            copied = chosen if self._ghost_is == "copy" else None
            ghost = copied or Item("", self._ghost, NO_LABEL_COLOUR, False, False, "")
            box_painter.paint_box(painter, self._place(ghost, self._ghost), origin, size)
        hovered = self.scene.by_id.get(self._hovered)
        if hovered and hovered.id != self._selected and (self._tags_cut or not self.scene.tags):
            box_painter.paint_tag_alone(painter, self._place(hovered), origin, size)
        if self._crosshair is not None:
            box_painter.paint_crosshair(painter, self._crosshair.x(), self._crosshair.y(), *size)

    def _placed_items(self) -> list[Placed]:
        """Every box at the present scale, kept while neither changes."""
        key = (self._version, self.view().scale)
        if self._placed is None or self._placed[0] != key:
            self._placed = (key, box_painter.placed(self.scene.items, self.view().scale))
        return self._placed[1]

    def _place(self, item: Item, box: Box | None = None) -> Placed:
        (place,) = box_painter.placed([replace(item, box=box) if box else item], self.view().scale)
        return place

    def _origin(self) -> tuple[int, int]:
        return round(self.view().x), round(self.view().y)

    def _whole_size(self) -> tuple[int, int]:
        return self.width(), self.height()

    def _paint_focus(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = QPen(QColor(theme.current().accent), 2)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
