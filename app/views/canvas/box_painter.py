"""Boxes, handles, tags, cross-hair and badge as they look on any skin.

A box's coloured line lies just outside its edge, with a dark line around it, so that nothing of a small lesion is
covered. Suggestions are dashed, accepted boxes solid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPixmap, QPixmapCache

from app.annotation.hit_testing import handle_points
from app.common.geometry import Box
from app.views.canvas.tags import Layout
from app.views.theme import ui_font

EDGE = QColor(0, 0, 0, 225)
UNDER_DASH = QColor(0, 0, 0, 90)
TAG_GROUND = QColor(24, 24, 24, 232)
TAG_TEXT = QColor("#F2F2F2")
ON_COLOUR = QColor("#0B0F14")
HANDLE = 4  # half a handle's side, widget pixels
MOST_TAGS = 150
_FAR = 32  # how far outside the widget a line is still drawn


@dataclass(frozen=True, slots=True)
class Look:
    """One box as it is drawn: ``placed`` in widget pixels, ``colour`` ``#RRGGBB``; the tag is filled when ``sure``."""

    id: str
    placed: Box
    colour: str
    dashed: bool
    sure: bool
    tag: str


def paint_boxes(painter: QPainter, looks: Sequence[Look], width: int, height: int, tags: bool) -> None:
    """Many boxes at once: one pass for each colour and style, tags on top."""
    seen = [one for one in looks if _visible(one.placed, width, height)]
    frames = [(one, _frame(one.placed, width, height)) for one in seen]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(EDGE, 1))
    _rectangles(painter, [f.adjusted(-2, -2, 1, 1) for _, f in frames])
    painter.setPen(_pen(UNDER_DASH, 2))
    _rectangles(painter, [f for one, f in frames if one.dashed])
    for colour, dashed in sorted({(one.colour, one.dashed) for one in seen}):
        painter.setPen(_pen(QColor(colour), 2, dashed))
        _rectangles(painter, [f for one, f in frames if (one.colour, one.dashed) == (colour, dashed)])
    if tags:
        _paint_tags(painter, seen, width, height)


def paint_selected(painter: QPainter, look: Look, others: Sequence[Look], size: tuple[int, int], tag: bool) -> None:
    """The one box with its handles, above all the others."""
    paint_boxes(painter, [look], *size, tags=False)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(QColor("black"), 1))
    painter.setBrush(QColor("white"))
    for x, y in handle_points(_outer(look.placed)).values():
        painter.drawRect(QRectF(round(x) - HANDLE, round(y) - HANDLE, 2 * HANDLE, 2 * HANDLE))
    if tag and look.tag:
        layout = Layout(*size, [o.placed for o in others] + [_outer(look.placed, HANDLE + 1)])
        _paint_tag(painter, look, layout, _outer(look.placed, HANDLE))


def paint_ghost(painter: QPainter, placed: Box, colour: str, width: int, height: int) -> None:
    """A box that is being drawn, or where a copy would go."""
    paint_boxes(painter, [Look("", placed, colour, False, False, "")], width, height, tags=False)


def paint_tag_alone(painter: QPainter, look: Look, size: tuple[int, int]) -> None:
    """The tag of the box under the pointer while tags are off."""
    _paint_tag(painter, look, Layout(*size, [look.placed]), _outer(look.placed))


def paint_crosshair(painter: QPainter, x: float, y: float, width: int, height: int) -> None:
    across, down = round(x) + 0.5, round(y) + 0.5
    lines = [QLineF(0, down, width, down), QLineF(across, 0, across, height)]
    for colour, thickness in ((QColor(0, 0, 0, 120), 3), (QColor(255, 255, 255, 220), 1)):
        painter.setPen(QPen(colour, thickness))
        painter.drawLines(lines)


def paint_badge(painter: QPainter, words: str, height: int) -> None:
    """A pill in the lower left corner of the widget."""
    pixmap = tag_pixmap(words, "", False, painter.device().devicePixelRatio())
    painter.drawPixmap(QPointF(8, height - 8 - pixmap.deviceIndependentSize().height()), pixmap)


def _paint_tags(painter: QPainter, looks: Sequence[Look], width: int, height: int) -> None:
    named = [one for one in looks if one.tag]
    if len(named) > MOST_TAGS:
        named = sorted(named, key=lambda one: -one.placed.area)[:MOST_TAGS]
    layout = Layout(width, height, [one.placed for one in looks])
    for one in sorted(named, key=lambda n: n.placed.y0):
        _paint_tag(painter, one, layout, _outer(one.placed))


def _paint_tag(painter: QPainter, look: Look, layout: Layout, around: Box) -> None:
    pixmap = tag_pixmap(look.tag, look.colour, look.sure, painter.device().devicePixelRatio())
    size = pixmap.deviceIndependentSize()
    x, y = layout.place(around, size.width(), size.height())
    painter.drawPixmap(QPointF(round(x), round(y)), pixmap)


def tag_pixmap(words: str, colour: str, filled: bool, ratio: float) -> QPixmap:
    """A tag ready to be laid down: filled with its colour, or dark with an edge of it."""
    font = tag_font()
    key = f"tag {font.key()} {colour} {filled} {ratio} {words}"
    pixmap = QPixmap()
    if not QPixmapCache.find(key, pixmap):
        pixmap = _drawn_tag(words, colour, filled, ratio, font)
        QPixmapCache.insert(key, pixmap)
    return pixmap


def _drawn_tag(words: str, colour: str, filled: bool, ratio: float, font: QFont) -> QPixmap:
    metrics = QFontMetricsF(font)
    width, height = round(metrics.horizontalAdvance(words)) + 12, round(metrics.height()) + 3
    pixmap = QPixmap(round(width * ratio), round(height * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font)
    painter.setPen(QPen(QColor(colour) if colour and not filled else EDGE, 1))
    painter.setBrush(QColor(colour) if filled else TAG_GROUND)
    painter.drawRoundedRect(QRectF(0.5, 0.5, width - 1, height - 1), 3, 3)
    painter.setPen(ON_COLOUR if filled else TAG_TEXT)
    painter.drawText(QRectF(0, 0, width, height), Qt.AlignmentFlag.AlignCenter, words)
    painter.end()
    return pixmap


def tag_font() -> QFont:
    font = ui_font(12)
    font.setWeight(QFont.Weight.Medium)
    return font


def _pen(colour: QColor, width: int, dashed: bool = False) -> QPen:
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if dashed:
        pen.setDashPattern([4, 3])
    return pen


def _rectangles(painter: QPainter, rectangles: list[QRect]) -> None:
    if rectangles:
        painter.drawRects(rectangles)


def _visible(box: Box, width: int, height: int) -> bool:
    return box.x1 > -_FAR and box.y1 > -_FAR and box.x0 < width + _FAR and box.y0 < height + _FAR


def _frame(placed: Box, width: int, height: int) -> QRect:
    """The line's middle, one pixel outside the box; sides far outside the widget are brought near it."""
    far = 2 * _FAR
    x0, x1 = (min(max(round(v), -far), width + far) for v in (placed.x0, placed.x1))
    y0, y1 = (min(max(round(v), -far), height + far) for v in (placed.y0, placed.y1))
    return QRect(x0 - 1, y0 - 1, max(x1 - x0, 1) + 2, max(y1 - y0, 1) + 2)


def _outer(placed: Box, by: float = 2) -> Box:
    return Box(placed.x0 - by, placed.y0 - by, placed.x1 + by, placed.y1 + by)
