"""What stands still while the pointer moves: ground, photo and the lines of all boxes, as one picture.

A pan shifts the picture and draws the strips that came into sight; an edit draws the few boxes anew that differ. All
is drawn anew only when the scale or the photo's pixels change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QImage

from app.common.geometry import Box
from app.views.canvas.box_lines import FULL, REACH, BoxLines, Widths, widths_for
from app.views.canvas.looker import pixels_of
from app.views.canvas.photo_layer import paint_photo
from app.views.canvas.scene import Item
from app.views.canvas.view import Place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PIECES = 12  # from so many changed boxes all is drawn anew


@dataclass(frozen=True, slots=True)
class What:
    """``source``: the photo at any scale; ``unit``: picture pixels for one of the screen's; ``without``: a box's id."""

    source: QImage
    full_size: tuple[int, int]
    place: Place
    size: QSize
    unit: int
    lines: BoxLines
    without: str = ""


class Still:
    def __init__(self) -> None:
        self._shown: What | None = None
        self._widths = FULL
        self._picture = _Picture(QSize(1, 1))
        self._spare = self._picture

    def image(self, what: What) -> QImage:
        """The picture of it; the same image changes with the next call."""
        widths = widths_for(len(what.lines.in_sight(what.place, QRect(QPoint(), what.size))))
        parts = self._outdated(what, widths)
        if self._picture.image.size() != what.size:
            self._picture, self._spare = _Picture(what.size), _Picture(what.size)
        if self._shown and (parts is not None) and what.place != self._shown.place:
            self._shift(what.place.x - self._shown.place.x, what.place.y - self._shown.place.y)
        for part in [self._picture.image.rect()] if parts is None else parts:
            self._picture.draw(part, what, widths)
        self._shown, self._widths = what, widths
        return self._picture.image

    def piece(self, item: Item) -> tuple[QPoint, QImage] | None:
        """The picture around one more box, with that box above the others, and where it belongs; None out of sight."""
        what = self._shown
        part = _around(item.box, what.place, what.unit).intersected(self._picture.image.rect()) if what else QRect()
        if what is None or part.isEmpty():
            return None
        image = self._picture.image.copy(part)
        place = Place(what.place.x - part.x(), what.place.y - part.y(), what.place.scale)
        BoxLines((item,)).draw(pixels_of(image), image.rect(), place, what.unit)
        return part.topLeft(), image

    def _outdated(self, what: What, widths: Widths) -> list[QRect] | None:
        """The parts that are to be drawn, after a shift where the photo is elsewhere; None: all of it."""
        old = self._shown
        if old is None or widths != self._widths or (what.size, what.unit) != (old.size, old.unit):
            return None
        if what.source.cacheKey() != old.source.cacheKey() or what.place.scale != old.place.scale:
            return None
        strips = _strips(what.place.x - old.place.x, what.place.y - old.place.y, what.size)
        changed = what.lines.differing(old.lines, _PIECES)
        if strips is None or changed is None:
            return None
        if what.without != old.without:
            apart = (lines.find(id_) for lines in (what.lines, old.lines) for id_ in (what.without, old.without))
            changed += [item.box for item in apart if item]
        whole = QRect(QPoint(), what.size)
        pieces = [_around(box, what.place, what.unit).intersected(whole) for box in changed]
        return strips + [piece for piece in pieces if not piece.isEmpty()]

    def _shift(self, dx: int, dy: int) -> None:
        self._spare.take(self._picture, dx, dy)
        self._picture, self._spare = self._spare, self._picture


def draw_part(image: QImage, part: QRect, what: What) -> None:
    """Photo and lines on a part of an RGB32 image."""
    paint_photo(image, part, what.source, what.full_size, what.place)
    what.lines.draw(pixels_of(image), part, what.place, what.unit, without=what.without)


class _Picture:
    """An image and its memory."""

    def __init__(self, size: QSize) -> None:
        self.image = QImage(size, QImage.Format.Format_RGB32)
        self._pixels: NDArray[np.uint8] | None = None

    @property
    def pixels(self) -> NDArray[np.uint8]:
        if self._pixels is None:
            self._pixels = pixels_of(self.image)
        return self._pixels

    def draw(self, part: QRect, what: What, widths: Widths) -> None:
        paint_photo(self.image, part, what.source, what.full_size, what.place)
        what.lines.draw(self.pixels, part, what.place, what.unit, widths, what.without)

    def take(self, other: _Picture, dx: int, dy: int) -> None:
        """The other picture, shifted."""
        height, width = self.pixels.shape[:2]
        rows, columns = (slice(max(d, 0), n + min(d, 0)) for d, n in ((dy, height), (dx, width)))
        from_rows, from_columns = (slice(max(-d, 0), n + min(-d, 0)) for d, n in ((dy, height), (dx, width)))
        self.pixels[rows, columns] = other.pixels[from_rows, from_columns]


def _strips(dx: int, dy: int, size: QSize) -> list[QRect] | None:
    """What comes into sight at the sides by a shift; None when nothing of the picture stays."""
    width, height = size.width(), size.height()
    if abs(dx) >= width or abs(dy) >= height:
        return None
    strips = []
    if dx:
        strips.append(QRect(0 if dx > 0 else width + dx, 0, abs(dx), height))
    if dy:
        strips.append(QRect(0, 0 if dy > 0 else height + dy, width, abs(dy)))
    return strips


def _around(box: Box, place: Place, unit: int) -> QRect:
    reach = REACH * unit
    x0, y0 = int(place.x + box.x0 * place.scale) - reach, int(place.y + box.y0 * place.scale) - reach
    x1, y1 = int(place.x + box.x1 * place.scale) + reach, int(place.y + box.y1 * place.scale) + reach
    return QRect(x0, y0, x1 - x0 + 1, y1 - y0 + 1)
