"""The photo's pixels on the neutral ground, drawn from the smallest reduction that is sharp enough."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap

from app.common.geometry import Box
from app.views.canvas.view import View
from app.views.theme import GROUND

_SEE_PIXELS = 6.0  # magnification from which single pixels are shown instead of being smoothed
BRIGHTEST = 12  # steps either way
_STEP = 1.12  # gain of one step


class PhotoLayer:
    """Pixels at any scale of one photo of the given full size; halved copies are made when they are first needed.

    Give images as RGB32, which are taken as they are; others are converted, 25 ms for 12 megapixels.
    """

    def __init__(self, image: QImage, full_size: tuple[int, int]) -> None:
        self.full_size = full_size
        self._levels = [image.convertToFormat(QImage.Format.Format_RGB32)]  # falling in size
        self._cached: tuple[object, QPixmap] | None = None

    def improve(self, image: QImage) -> None:
        """More pixels; the copies that there are stay in use where they are sharp enough."""
        smaller = [level for level in self._levels if level.width() < image.width()]
        self._levels = [image.convertToFormat(QImage.Format.Format_RGB32), *smaller]
        self._cached = None

    def rendered(self, view: View, size: QSize, ratio: float, brightness: int) -> QPixmap:
        """Ground and photo for a widget of this size; the same pixmap while nothing of it changes."""
        key = (view, size.width(), size.height(), ratio, brightness)
        if self._cached is None or self._cached[0] != key:
            self._cached = (key, self._render(view, size, ratio, brightness))
        return self._cached[1]

    def _render(self, view: View, size: QSize, ratio: float, brightness: int) -> QPixmap:
        pixmap = QPixmap(size * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(QColor(GROUND))
        painter = QPainter(pixmap)
        seen, target = self._seen(view, size)
        if not seen.is_empty:
            level = self.level(view.scale * ratio)
            factor = level.width() / self.full_size[0]
            magnification = view.scale * ratio / factor
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, magnification < _SEE_PIXELS)
            painter.drawImage(target, level, _rect(seen, factor, level.height() / self.full_size[1]))
            _look(painter, target, brightness)
        painter.end()
        return pixmap

    def _seen(self, view: View, size: QSize) -> tuple[Box, QRectF]:
        """The part of the photo in the widget, in photo pixels widened to whole ones, and where it is drawn."""
        x0, y0 = view.to_photo(0, 0)
        x1, y1 = view.to_photo(size.width(), size.height())
        seen = Box(float(x0 // 1) - 1, float(y0 // 1) - 1, float(x1 // 1) + 2, float(y1 // 1) + 2)
        seen = seen.clipped(*self.full_size)
        placed = view.placed(seen)
        return seen, QRectF(placed.x0, placed.y0, placed.width, placed.height)

    def level(self, scale: float) -> QImage:
        """The smallest copy with at least one pixel for each of the screen's, or the largest."""
        wanted = scale * self.full_size[0]
        at = max((n for n, level in enumerate(self._levels) if level.width() >= wanted), default=0)
        while self._levels[at].width() * 0.5 >= wanted and self._levels[at].width() > 64:
            at += 1
            self._levels.insert(at, _halved(self._levels[at - 1]))
        return self._levels[at]


def _halved(image: QImage) -> QImage:
    half = QSize(max(image.width() // 2, 1), max(image.height() // 2, 1))
    return image.scaled(half, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)


def _rect(box: Box, fx: float, fy: float) -> QRectF:
    return QRectF(box.x0 * fx, box.y0 * fy, box.width * fx, box.height * fy)


def _look(painter: QPainter, target: QRectF, brightness: int) -> None:
    """One gain for all three channels, so that the proportions of the colours stay: red is not shifted."""
    if brightness == 0:
        return
    share = _STEP ** -abs(brightness)
    grey = round(255 * (share if brightness < 0 else 1 - share))
    mode = QPainter.CompositionMode
    painter.setCompositionMode(mode.CompositionMode_Multiply if brightness < 0 else mode.CompositionMode_ColorDodge)
    painter.fillRect(target, QColor(grey, grey, grey))
