"""Boxes, handles, tags, cross-hair and badge as they look on any skin.

A box's coloured line lies just outside its edge, with a dark line around it, so that nothing of a small lesion is
covered. Suggestions are dashed, accepted boxes solid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPixmap, QPixmapCache

from app.annotation.hit_testing import handle_points
from app.common.geometry import Box
from app.common.words import language
from app.views.canvas.scene import Item
from app.views.canvas.tags import Layout
from app.views.theme import ON_GROUND_SOFT, ui_font

EDGE = QColor("#181818")
TAG_GROUND = QColor(24, 24, 24, 232)
TAG_TEXT = QColor("#F2F2F2")
ON_COLOUR = QColor("#0B0F14")
HANDLE = 4  # half a handle's side, widget pixels
MOST_TAGS = 100
MOST_COVERED = 0.15  # share of the photo in sight
_TAG_AREA = 110 * 18
Origin = tuple[int, int]
Size = tuple[int, int]
_FAR = 32  # how far outside the widget a line is still drawn


class Placed(NamedTuple):
    """An item with its box in whole widget pixels, counted from the photo's corner: panning leaves it as it is."""

    item: Item
    x0: int
    y0: int
    x1: int
    y1: int

    def at(self, origin: Origin) -> Box:
        """Where it is in the widget."""
        x, y = origin
        return Box(self.x0 + x, self.y0 + y, self.x1 + x, self.y1 + y)


def placed(items: Iterable[Item], scale: float) -> list[Placed]:
    """Boxes at this scale, at least one pixel large."""
    result = []
    for item in items:
        box = item.box
        x0, y0, x1, y1 = round(box.x0 * scale), round(box.y0 * scale), round(box.x1 * scale), round(box.y1 * scale)
        result.append(Placed(item, x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)))
    return result


Strokes = list[tuple[QPen, list[QRect]]]


def strokes(boxes: Iterable[Placed]) -> Strokes:
    """What is to be drawn for these boxes, suggestions first; Qt is quickest with opaque lines one pixel wide."""
    groups: dict[tuple[str, bool], list[Placed]] = {}
    for box in boxes:
        groups.setdefault((box.item.colour, box.item.dashed), []).append(box)
    result: Strokes = []
    for (colour, dashed), group in sorted(groups.items(), key=lambda g: not g[0][1]):
        result.append((QPen(EDGE, 1), _outlines(group, 3)))
        inner = [(QPen(EDGE if dashed else QColor(colour), 1), _outlines(group, by)) for by in (2, 1)]
        result.extend(inner)
        if dashed:
            result.append((_dashes(colour), [QRect(x - 1, y - 1, u - x + 2, v - y + 2) for _, x, y, u, v in group]))
    return result


def _outlines(boxes: list[Placed], by: int) -> list[QRect]:
    """Rectangles so many pixels outside the boxes, for a pen one pixel wide."""
    grown = 2 * by - 1
    return [QRect(x - by, y - by, u - x + grown, v - y + grown) for _, x, y, u, v in boxes]


def _dashes(colour: str) -> QPen:
    pen = QPen(QColor(colour), 2)
    pen.setDashPattern([4, 2.5])
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return pen


def paint_strokes(painter: QPainter, lines: Strokes, origin: Origin) -> None:
    """``origin``: where the photo's corner is in the widget."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.translate(*origin)
    for pen, rectangles in lines:
        painter.setPen(pen)
        painter.drawRects(rectangles)
    painter.resetTransform()


def paint_box(painter: QPainter, box: Placed, origin: Origin, size: Size) -> None:
    paint_strokes(painter, strokes(in_sight([box], origin, size)), origin)


def in_sight(boxes: Sequence[Placed], origin: Origin, size: Size) -> list[Placed]:
    """The boxes in the widget; sides far outside it are brought near, as Qt would draw every dash of them."""
    left, top = -origin[0] - _FAR, -origin[1] - _FAR
    right, bottom = size[0] - origin[0] + _FAR, size[1] - origin[1] + _FAR
    seen = [b for b in boxes if b[3] > left and b[4] > top and b[1] < right and b[2] < bottom]
    if len(seen) == len(boxes) > MOST_TAGS:  # so many boxes are small ones
        return seen
    return [
        b
        if b[1] >= left and b[2] >= top and b[3] <= right and b[4] <= bottom
        else Placed(b[0], max(b[1], left), max(b[2], top), min(b[3], right), min(b[4], bottom))
        for b in seen
    ]


def paint_selected(
    painter: QPainter, box: Placed, others: Sequence[Placed], origin: Origin, size: Size, tag: bool
) -> None:
    """The one box with its handles, above all the others."""
    paint_box(painter, box, origin, size)
    here = _outer(box.at(origin))
    painter.setPen(QPen(QColor("black"), 1))
    painter.setBrush(QColor("white"))
    for x, y in handle_points(here).values():
        painter.drawRect(QRectF(round(x) - HANDLE, round(y) - HANDLE, 2 * HANDLE, 2 * HANDLE))
    if tag:
        near = in_sight(others, origin, size)
        layout = Layout(*size, [o.at(origin) for o in near[:MOST_TAGS]] + [_outer(here, HANDLE)])
        _paint_tag(painter, box.item, layout, _outer(here, HANDLE - 1))


def paint_tag_alone(painter: QPainter, box: Placed, origin: Origin, size: Size) -> None:
    """The whole tag of the box under the pointer where it is not shown otherwise."""
    here = box.at(origin)
    _paint_tag(painter, box.item, Layout(*size, [here]), _outer(here))


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


def paint_tags(
    painter: QPainter,
    seen: Sequence[Placed],
    origin: Origin,
    size: Size,
    skin: float,
    apart: Sequence[Placed] = (),
) -> bool:
    """Tags for all; in a crowd only for the largest boxes, and then True comes back.

    ``apart``: boxes that get none here, but are not to be covered either.
    ``skin``: square pixels of the photo in sight. Where the tags would cover much of it they say the number alone, and
    True comes back too: the box under the pointer should then show its whole tag.
    """
    crowd = len(seen) > MOST_TAGS
    if crowd:
        seen = sorted(seen, key=lambda b: (b[1] - b[3]) * (b[4] - b[2]))[:MOST_TAGS]
    here = [(b.item, b.at(origin)) for b in seen]
    layout = Layout(*size, [box for _, box in here] + [_outer(b.at(origin), HANDLE) for b in apart])
    short = len(here) * _TAG_AREA > MOST_COVERED * skin
    for item, box in sorted(here, key=lambda pair: pair[1].y0):
        _paint_tag(painter, item, layout, _outer(box), short)
    return crowd or short


def _paint_tag(painter: QPainter, item: Item, layout: Layout, around: Box, short: bool = False) -> None:
    if item.tag:
        pixmap = tag_pixmap(
            item.short if short else item.tag, item.colour, item.sure, painter.device().devicePixelRatio()
        )
        size = pixmap.deviceIndependentSize()
        x, y = layout.place(around, size.width(), size.height())
        painter.drawPixmap(QPointF(round(x), round(y)), pixmap)


def tag_pixmap(words: str, colour: str, filled: bool, ratio: float) -> QPixmap:
    """A tag ready to be laid down: filled with its colour, or dark with an edge of it."""
    key = f"tag {language()} {colour} {filled} {ratio} {words}"
    pixmap = QPixmap()
    if not QPixmapCache.find(key, pixmap):
        pixmap = _drawn_tag(words, colour, filled, ratio, tag_font())
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
    painter.setPen(QPen(EDGE if filled else QColor(colour or ON_GROUND_SOFT), 1))
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


def _outer(box: Box, by: float = 2) -> Box:
    return Box(box.x0 - by, box.y0 - by, box.x1 + by, box.y1 + by)
