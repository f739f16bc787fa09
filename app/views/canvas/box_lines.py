"""The lines of thousands of boxes, drawn straight into a picture's memory: five times as fast as through Qt.

A box's coloured line lies just outside its edge, with a dark line around it, so that nothing of a small lesion is
covered and the line shows on every skin. Suggestions are dashed, accepted boxes solid. Boxes without an area carry a
cross. numpy and OpenCV are imported on first use: the photo that is shown was decoded with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor

from app.common.geometry import Box
from app.views.canvas.inside import CROSS, EDGE, InsideMarks, bgra
from app.views.canvas.scene import Item
from app.views.canvas.tags import Rect
from app.views.canvas.view import Place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]

COLOURED, DARK = 2, 1  # widths of the two lines, screen pixels
CROWD, SWARM = 600, 1200  # boxes in sight
REACH = COLOURED + DARK + CROSS + 2  # how far from its box anything of it is drawn
DASHES = (4, 3)  # on and off, in widths of the line
_FAR = 64


Widths = tuple[int, int]
"""Of the coloured line and of the dark one around it, screen pixels."""
FULL: Widths = (COLOURED, DARK)


def widths_for(boxes: int) -> Widths:
    """In a crowd the coloured line is one pixel wide; where the lines would hide the skin there is no dark one."""
    if boxes <= CROWD:
        return FULL
    return (1, 1) if boxes <= SWARM else (1, 0)


class BoxLines:
    """``items`` as a picture's lines. ``unit``: picture pixels for one of the screen's, in whole ones."""

    def __init__(self, items: Sequence[Item] = ()) -> None:
        self.items = items
        self._at = {item.id: n for n, item in enumerate(items)}
        self._inside = InsideMarks(items)
        self._placed: tuple[float, Ints] | None = None

    def find(self, id_: str) -> Item | None:
        at = self._at.get(id_)
        return None if at is None else self.items[at]

    def differing(self, other: BoxLines, most: int) -> list[Box] | None:
        """The places of the boxes that are not the same in both; None where there are more than ``most`` items."""
        if self.items is other.items:
            return []
        boxes = [item.box for item in (*self._unlike(other), *other._unlike(self))]
        return boxes if len(boxes) <= most else None

    def _unlike(self, other: BoxLines) -> list[Item]:
        theirs = set(map(id, other.items))
        return [i for i in self.items if id(i) not in theirs and not _alike(other.find(i.id), i)]

    def in_sight(self, place: Place, part: QRect) -> Ints:
        """Which items (rising) have something in this part of the picture."""
        import numpy as np

        if not self.items:
            return np.empty(0, np.int32)
        left, top = part.x() - place.x - REACH, part.y() - place.y - REACH
        right, bottom = left + part.width() + 2 * REACH, top + part.height() + 2 * REACH
        x0, y0, x1, y1 = self._corners(place.scale).T
        return np.flatnonzero((x1 > left) & (y1 > top) & (x0 < right) & (y0 < bottom)).astype(np.int32)

    def largest(self, among: Ints, most: int) -> Ints:
        """The largest boxes among these, largest first."""
        import numpy as np

        asked = np.zeros(len(self.items), bool)
        asked[among] = True
        return self._by_area[asked[self._by_area]][:most]

    @cached_property
    def _by_area(self) -> Ints:
        import numpy as np

        x0, y0, x1, y1 = self._boxes.T
        return np.argsort((x0 - x1) * (y1 - y0), kind="stable").astype(np.int32)

    def rectangles(self, among: Ints, place: Place) -> list[tuple[Item, Rect]]:
        """These items with their boxes in the picture."""
        corners = (self._corners(place.scale)[among] + (place.x, place.y) * 2).tolist()
        return [(self.items[n], (x0, y0, x1, y1)) for n, (x0, y0, x1, y1) in zip(among.tolist(), corners, strict=True)]

    def rectangle(self, id_: str, place: Place) -> Rect:
        x0, y0, x1, y1 = self._corners(place.scale)[self._at[id_]].tolist()
        return x0 + place.x, y0 + place.y, x1 + place.x, y1 + place.y

    def draw(
        self, pixels: NDArray[np.uint8], part: QRect, place: Place, unit: int, widths: Widths = FULL, without: str = ""
    ) -> None:
        """Draw on ``part`` of the picture whose memory ``pixels`` is; outlines only with full lines."""
        seen = self.in_sight(place, part)
        if without and without in self._at:
            seen = seen[seen != self._at[without]]
        if not len(seen):
            return
        window = pixels[part.y() : part.y() + part.height(), part.x() : part.x() + part.width()]
        corners = self._corners(place.scale)
        offset = (place.x - part.x(), place.y - part.y())
        width, dark = (w * unit for w in widths)
        for colour, dashed, members in self._groups:
            group = seen[members[seen]]
            if not len(group):
                continue
            here = corners[group] + (offset * 2)
            _rings(window, here, range(width + 1, width + dark + 1), EDGE)
            _rings(window, here, range(1, width + 1), EDGE if dashed else QColor(colour))
            if dashed:
                _dash(window, here, width, QColor(colour))
        marked = seen[(self._inside.marked if widths == FULL else self._inside.empty)[seen]]
        self._inside.draw(window, marked, corners[marked] + (offset * 2), unit)

    def _corners(self, scale: float) -> Ints:
        """The boxes in whole pixels of a picture at this scale, counted from the photo's corner, at least one large."""
        import numpy as np

        if self._placed is None or self._placed[0] != scale:
            corners = np.rint(self._boxes * scale).astype(np.int32)
            np.maximum(corners[:, 2:], corners[:, :2] + 1, out=corners[:, 2:])
            self._placed = (scale, corners)
        return self._placed[1]

    @cached_property
    def _boxes(self) -> NDArray[np.float64]:
        import numpy as np

        return np.array([(i.box.x0, i.box.y0, i.box.x1, i.box.y1) for i in self.items], np.float64).reshape(-1, 4)

    @cached_property
    def _groups(self) -> list[tuple[str, bool, NDArray[np.bool_]]]:
        """Colour, dashed, and which items are so; dashed ones first, so that a person's boxes lie above them."""
        import numpy as np

        found: dict[tuple[str, bool], int] = {}
        kinds = np.array([found.setdefault((i.colour, i.dashed), len(found)) for i in self.items], np.int32)
        return [(*kind, kinds == found[kind]) for kind in sorted(found, key=lambda kind: not kind[1])]


def _alike(a: Item | None, b: Item) -> bool:
    """Whether the lines are the same, whatever the tags say."""
    return a is not None and (a.box, a.colour, a.dashed, a.outline) == (b.box, b.colour, b.dashed, b.outline)


def _rings(window: NDArray[np.uint8], corners: Ints, away: range, colour: QColor) -> None:
    """Lines one pixel wide around the boxes, so many pixels outside; those of a box are one line for OpenCV."""
    import cv2
    import numpy as np

    if not away:
        return
    height, width = window.shape[:2]
    x0, y0, x1, y1 = np.clip(corners, -_FAR, max(width, height) + _FAR).T
    rings = []
    for by in away:
        left, top, right, bottom = x0 - by, y0 - by, x1 + by - 1, y1 + by - 1
        rings += [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    lines = np.array(rings, np.int32).transpose(2, 0, 1)
    cv2.polylines(window, list(lines), False, bgra(colour))


def _dash(window: NDArray[np.uint8], corners: Ints, width: int, colour: QColor) -> None:
    """Dashes on the coloured line, counted from each side's upper or left end: wherever a part of it is drawn anew,
    they fit together."""
    import numpy as np

    rows, columns = window.shape[:2]
    on, off = (part * width for part in DASHES)
    pattern = np.arange(max(rows, columns) + on + off) % (on + off) < on
    ink = np.array(bgra(colour), np.uint8)

    def side(across: int, begin: int, end: int, turned: NDArray[np.uint8]) -> None:
        """Along ``turned``'s second axis from ``begin`` to ``end``, ``width`` rows from ``across`` on."""
        first, last = max(begin, 0), min(end, turned.shape[1])
        if first < last and -width < across < turned.shape[0]:
            phase = (first - begin) % (on + off)
            turned[max(across, 0) : across + width, first:last][:, pattern[phase : phase + last - first]] = ink

    standing = window.transpose(1, 0, 2)
    for x0, y0, x1, y1 in corners.tolist():
        for y in (y0 - width, y1):
            side(y, x0 - width, x1 + width, window)
        for x in (x0 - width, x1):
            side(x, y0 - width, y1 + width, standing)
