"""The tags of the boxes in sight, laid out anew only when something of it changes. Widget pixels."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QPainter, QPixmap

from app.common.geometry import Box
from app.common.words import language
from app.views.canvas.box_lines import COLOURED, BoxLines
from app.views.canvas.box_painter import HANDLE
from app.views.canvas.scene import Item
from app.views.canvas.tag_pixmaps import Tag, drawn_tag
from app.views.canvas.tags import Layout, Rect
from app.views.canvas.view import View

MOST_TAGS = 100  # from more boxes in sight on, only the largest have one
CROWD_TAGS = 60
MOST_COVERED = 0.15  # share of the photo in sight
_TAG_AREA = 110 * 18
_MOST_KEPT = 5000  # pictures of tags


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
        self._laid: list[tuple[int, int, QPixmap]] = []
        self._made: dict[tuple[str, str, bool, float, str], Tag] = {}
        self.cut = False
        """Some tags are left out or say the number alone: the box under the pointer should then show its whole tag."""

    def paint(self, painter: QPainter, wanted: Wanted) -> None:
        if self._wanted != (wanted, language()):
            self._wanted = (wanted, language())
            self._lay(wanted)
        for x, y, pixmap in self._laid:
            painter.drawPixmap(x, y, pixmap)

    def paint_alone(self, painter: QPainter, id_: str, wanted: Wanted) -> None:
        """The whole tag of the box under the pointer where it is not shown otherwise."""
        item = wanted.lines.find(id_)
        if item:
            here = _grown(wanted.lines.rectangle(id_, wanted.view.place(1.0)), COLOURED)
            tag = self._tag(item, item.tag, wanted.ratio)
            x, y = Layout(wanted.size.width(), wanted.size.height(), [here]).place(here, tag.width, tag.height)
            painter.drawPixmap(x, y, tag.pixmap)

    def _lay(self, wanted: Wanted) -> None:
        """In a crowd only the largest boxes have tags; where tags would cover much skin they say the number alone."""
        lines, view, size = wanted.lines, wanted.view, wanted.size
        place = view.place(1.0)
        seen = lines.in_sight(place, QRect(0, 0, size.width(), size.height()))
        crowd = len(seen) > MOST_TAGS
        if crowd:
            seen = lines.largest(seen, CROWD_TAGS)
        apart = (wanted.chosen, wanted.without)
        boxes = [(item, rect) for item, rect in lines.rectangles(seen, place) if item.id not in apart]
        chosen = lines.find(wanted.chosen) if wanted.chosen != wanted.without else None
        here = lines.rectangle(wanted.chosen, place) if chosen else (0, 0, 0, 0)
        skin = view.placed(Box(0, 0, *wanted.photo)).clipped(size.width(), size.height()).area
        short = len(boxes) * _TAG_AREA > MOST_COVERED * skin
        self.cut = crowd or short
        taken = [rect for _, rect in boxes]
        layout = Layout(size.width(), size.height(), [*taken, _grown(here, HANDLE + 2)] if chosen else taken)
        boxes.sort(key=lambda pair: pair[1][1])
        self._laid = [
            self._placed(layout, item, _grown(rect, COLOURED), item.short if short else item.tag, wanted.ratio)
            for item, rect in boxes
        ]
        if chosen:
            self._laid.append(self._placed(layout, chosen, _grown(here, HANDLE + 1), chosen.tag, wanted.ratio))

    def _placed(self, layout: Layout, item: Item, around: Rect, words: str, ratio: float) -> tuple[int, int, QPixmap]:
        tag = self._tag(item, words, ratio)
        x, y = layout.place(around, tag.width, tag.height)
        return x, y, tag.pixmap

    def _tag(self, item: Item, words: str, ratio: float) -> Tag:
        key = (words, item.colour, item.sure, ratio, language())
        tag = self._made.get(key)
        if tag is None:
            if len(self._made) > _MOST_KEPT:
                self._made.clear()
            tag = self._made[key] = drawn_tag(words, item.colour, item.sure, ratio)
        return tag


def _grown(rect: Rect, by: int) -> Rect:
    return rect[0] - by, rect[1] - by, rect[2] + by, rect[3] + by
