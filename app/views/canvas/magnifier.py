"""A round glass at the pointer: photo and boxes at three times the zoom, without moving the view."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QLine, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen, QTransform

from app.views.canvas.box_lines import BoxLines
from app.views.canvas.looker import pixels_of
from app.views.canvas.scene import Item
from app.views.canvas.still import What, draw_part
from app.views.canvas.view import Place, View

TIMES = 3.0
RADIUS = 96  # widget pixels
_CROSS = 9
_RIM = (("#181818", 5), ("#E6E6E6", 2))


def under_glass(view: View, at: QPointF) -> View:
    """The view of a widget as large as the glass whose middle shows what lies under the pointer."""
    x, y = view.to_photo(at.x(), at.y())
    scale = view.scale * TIMES
    return View(scale, RADIUS - x * scale, RADIUS - y * scale)


def glass_image(what: What, view: View, ratio: float, in_hand: Item | None) -> QImage:
    """What is seen in the glass, square; ``what`` is the scene's, ``view`` the glass's; ``in_hand`` lies above."""
    side = round(2 * RADIUS * ratio)
    place: Place = view.place(ratio)
    image = QImage(QSize(side, side), QImage.Format.Format_RGB32)
    draw_part(image, QRect(0, 0, side, side), replace(what, place=place, size=image.size()))
    if in_hand:
        BoxLines((in_hand,)).draw(pixels_of(image), image.rect(), place, what.unit)
    return image


def paint_glass(painter: QPainter, image: QImage, at: QPointF) -> None:
    """The glass with a small cross in its middle."""
    round_ = QRectF(at.x() - RADIUS, at.y() - RADIUS, 2 * RADIUS, 2 * RADIUS)
    brush = QBrush(image)
    shrink = 2 * RADIUS / image.width()
    brush.setTransform(QTransform.fromTranslate(round_.x(), round_.y()).scale(shrink, shrink))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(brush)
    painter.drawEllipse(round_)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in _RIM:
        painter.setPen(QPen(QColor(colour), width))
        painter.drawEllipse(round_)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    x, y = round(at.x()), round(at.y())
    for shade, width in (("#181818", 3), ("#FFFFFF", 1)):
        painter.setPen(QPen(QColor(shade), width))
        painter.drawLines([QLine(x - _CROSS, y, x + _CROSS, y), QLine(x, y - _CROSS, x, y + _CROSS)])
