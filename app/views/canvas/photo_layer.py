"""The photo's pixels on the neutral ground, drawn from the smallest reduction that is sharp enough."""

from __future__ import annotations

import math

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from app.common.geometry import Box
from app.views.canvas.view import Place
from app.views.theme import GROUND

_SEE_PIXELS = 6.0  # magnification from which single pixels are shown instead of being smoothed


class PhotoLayer:
    """Pixels at any scale of one photo of the given full size; halved copies are made when they are first needed.

    Give images as RGB32, which are taken as they are; others are converted, 25 ms for 12 megapixels.
    """

    def __init__(self, image: QImage, full_size: tuple[int, int]) -> None:
        self.full_size = full_size
        self._levels = [image.convertToFormat(QImage.Format.Format_RGB32)]  # falling in size

    def improve(self, image: QImage) -> None:
        """More pixels; the copies that there are stay in use where they are sharp enough."""
        smaller = [level for level in self._levels if level.width() < image.width()]
        self._levels = [image.convertToFormat(QImage.Format.Format_RGB32), *smaller]

    def best(self) -> QImage:
        return self._levels[0]

    def level(self, scale: float) -> QImage:
        """The smallest copy with at least one pixel for each of the screen's, or the largest."""
        wanted = scale * self.full_size[0]
        at = max((n for n, level in enumerate(self._levels) if level.width() >= wanted), default=0)
        while self._levels[at].width() * 0.5 >= wanted and self._levels[at].width() > 64:
            at += 1
            self._levels.insert(at, _halved(self._levels[at - 1]))
        return self._levels[at]


def paint_photo(target: QImage, part: QRect, source: QImage, full_size: tuple[int, int], place: Place) -> None:
    """Ground and photo on a part of ``target``; ``source`` is the whole photo at any scale."""
    photo = QRectF(place.x, place.y, full_size[0] * place.scale, full_size[1] * place.scale)
    painter = QPainter(target)
    painter.setClipRect(part)
    if not photo.contains(QRectF(part)):
        painter.fillRect(part, QColor(GROUND))
    across, down = source.width() / photo.width(), source.height() / photo.height()
    seen = _seen(part, photo, across, down, source.size())
    if not seen.is_empty:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, 1 / across < _SEE_PIXELS)
        where = QRectF(
            photo.x() + seen.x0 / across, photo.y() + seen.y0 / down, seen.width / across, seen.height / down
        )
        painter.drawImage(where, source, QRectF(seen.x0, seen.y0, seen.width, seen.height))
    painter.end()


def _seen(part: QRect, photo: QRectF, across: float, down: float, size: QSize) -> Box:
    """What of the source is in the part, in whole pixels and two more on each side, which smoothing looks at."""
    x0, y0 = (part.x() - photo.x()) * across, (part.y() - photo.y()) * down
    x1, y1 = x0 + part.width() * across, y0 + part.height() * down
    seen = Box(math.floor(x0) - 2, math.floor(y0) - 2, math.ceil(x1) + 2, math.ceil(y1) + 2)
    return seen.clipped(size.width(), size.height())


def _halved(image: QImage) -> QImage:
    half = QSize(max(image.width() // 2, 1), max(image.height() // 2, 1))
    return image.scaled(half, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
