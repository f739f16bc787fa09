"""The tags of the boxes in sight, laid out anew only when something of it changes. Widget pixels."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QPainter, QPixmap

from app.common.geometry import Box
from app.common.words import language
from app.views.canvas.box_lines import BoxLines
from app.views.canvas.box_painter import HANDLE, around, whole_pixels
from app.views.canvas.scene import Item
from app.views.canvas.tag_pixmaps import tag_pixmap
from app.views.canvas.tags import Layout
from app.views.canvas.view import View

MOST_TAGS = 100
MOST_COVERED = 0.15  # share of the photo in sight
_TAG_AREA = 110 * 18


@dataclass(frozen=True, slots=True)
class Wanted:
    """``chosen``: the selected box's id, which has its whole tag in any crowd; ``without``: of the one under way."""

    lines: BoxLines
    view: View
    photo: tuple[float, float]
    size: QSize
    ratio: float
    chosen: str = ""
    without: str = ""


class TagLayer:
    def __init__(self) -> None:
        self._wanted: tuple[Wanted, str] | None = None
        self._laid: list[tuple[QPoint, QPixmap]] = []
        self.cut = False
        """Some tags are left out or say the number alone: the box under the pointer should then show its whole tag."""

    def paint(self, painter: QPainter, wanted: Wanted) -> None:
        if self._wanted != (wanted, language()):
            self._wanted = (wanted, language())
            self._lay(wanted)
        for at, pixmap in self._laid:
            painter.drawPixmap(at, pixmap)

    def _lay(self, wanted: Wanted) -> None:
        """In a crowd only the largest boxes have tags; where tags would cover much skin they say the number alone."""
        lines, view, size = wanted.lines, wanted.view, wanted.size
        seen = lines.in_sight(view.place(1.0), QRect(0, 0, size.width(), size.height()))
        crowd = len(seen) > MOST_TAGS
        if crowd:
            seen = lines.largest(seen, MOST_TAGS)
        items = [i for i in map(lines.items.__getitem__, seen) if i.id not in (wanted.chosen, wanted.without)]
        chosen = lines.find(wanted.chosen) if wanted.chosen != wanted.without else None
        skin = view.placed(Box(0, 0, *wanted.photo)).clipped(size.width(), size.height()).area
        short = len(items) * _TAG_AREA > MOST_COVERED * skin
        self.cut = crowd or short
        layout = Layout(size.width(), size.height(), _obstacles(items, chosen, view))
        items.sort(key=lambda item: item.box.y0)
        self._laid = [
            _laid(layout, item, around(item.box, view), item.short if short else item.tag, wanted.ratio)
            for item in items
            if item.tag
        ]
        if chosen and chosen.tag:
            self._laid.append(_laid(layout, chosen, around(chosen.box, view, HANDLE + 1), chosen.tag, wanted.ratio))


def paint_alone(painter: QPainter, item: Item, view: View, size: QSize, ratio: float) -> None:
    """The whole tag of the box under the pointer where it is not shown otherwise."""
    here = around(item.box, view)
    at, pixmap = _laid(Layout(size.width(), size.height(), [here]), item, here, item.tag, ratio)
    painter.drawPixmap(at, pixmap)


def _obstacles(items: list[Item], chosen: Item | None, view: View) -> list[Box]:
    rectangles = [whole_pixels(item.box, view) for item in items]
    boxes = [Box(r.x(), r.y(), r.x() + r.width(), r.y() + r.height()) for r in rectangles]
    return [*boxes, around(chosen.box, view, HANDLE + 2)] if chosen else boxes


def _laid(layout: Layout, item: Item, around: Box, words: str, ratio: float) -> tuple[QPoint, QPixmap]:
    pixmap = tag_pixmap(words, item.colour, item.sure, ratio)
    size = pixmap.deviceIndependentSize()
    x, y = layout.place(around, size.width(), size.height())
    return QPoint(round(x), round(y)), pixmap
