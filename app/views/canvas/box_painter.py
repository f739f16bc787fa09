"""What lies above the still picture and its boxes, in widget pixels: handles, cross-hair, flashes, badges."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.annotation.hit_testing import handle_points
from app.common.geometry import Box
from app.views.canvas.box_lines import COLOURED, DARK, DASHES
from app.views.canvas.tag_pixmaps import drawn_tag
from app.views.canvas.view import View

HANDLE = 4  # half a handle's side
_HALO = COLOURED + DARK + 2  # from a box's edge to the light round a box that has just changed
_GAP = 8


def whole_pixels(box: Box, view: View) -> QRect:
    """Where the box is in the widget, in whole pixels, at least one large."""
    place = view.place(1.0)
    x0, y0, x1, y1 = (round(v * view.scale) for v in (box.x0, box.y0, box.x1, box.y1))
    return QRect(place.x + x0, place.y + y0, max(x1 - x0, 1), max(y1 - y0, 1))


def paint_handles(painter: QPainter, box: Box, view: View) -> None:
    here = around(box, view)
    painter.setPen(QPen(QColor("black"), 1))
    painter.setBrush(QColor("white"))
    for x, y in handle_points(here).values():
        painter.drawRect(QRectF(round(x) - HANDLE, round(y) - HANDLE, 2 * HANDLE, 2 * HANDLE))


def around(box: Box, view: View, by: int = COLOURED) -> Box:
    """The box in the widget with its line."""
    at = whole_pixels(box, view)
    return Box(at.x() - by, at.y() - by, at.x() + at.width() + by, at.y() + at.height() + by)


def paint_flash(painter: QPainter, box: Box, view: View, gone: bool) -> None:
    """Light round a box that has just changed; dashed where one was taken away."""
    near = painter.viewport().adjusted(-_GAP, -_GAP, _GAP, _GAP)
    at = whole_pixels(box, view).adjusted(-_HALO, -_HALO, _HALO - 1, _HALO - 1).intersected(near)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in (("black", 4), ("white", 2)):
        pen = QPen(QColor(colour), width)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        if gone and colour == "white":
            pen.setDashPattern(DASHES)
        painter.setPen(pen)
        painter.drawRect(at)


def paint_crosshair(painter: QPainter, at: QPointF) -> None:
    window = painter.viewport()
    across, down = round(at.x()) + 0.5, round(at.y()) + 0.5
    lines = [QLineF(0, down, window.width(), down), QLineF(across, 0, across, window.height())]
    for colour, thickness in ((QColor(0, 0, 0, 120), 3), (QColor(255, 255, 255, 220), 1)):
        painter.setPen(QPen(colour, thickness))
        painter.drawLines(lines)


def paint_badges(painter: QPainter, badges: Iterable[str]) -> None:
    """Pills in a row from the lower left corner of the widget."""
    x, height = 8, painter.viewport().height()
    for words in badges:
        tag = drawn_tag(words, "", False, painter.device().devicePixelRatio())
        painter.drawPixmap(x, height - 8 - tag.height, tag.pixmap)
        x += tag.width + 6


def paint_measure(painter: QPainter, words: str, box: Box, view: View) -> None:
    """The size of the box under way, below its lower right corner where there is room."""
    window = painter.viewport()
    tag = drawn_tag(words, "", False, painter.device().devicePixelRatio())
    here = around(box, view)
    y = here.y1 + _GAP if here.y1 + _GAP + tag.height <= window.height() else here.y0 - _GAP - tag.height
    x = min(max(here.x1 - tag.width, 0), window.width() - tag.width)
    painter.drawPixmap(round(x), round(min(max(y, 0), window.height() - tag.height)), tag.pixmap)
