"""The photo with its boxes as a picture to keep or print, with the banner under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QMarginsF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPageLayout, QPainter, QPen

from app.common.geometry import Box
from app.common.words import text
from app.views.canvas.scene import Item
from app.views.canvas.tags import Layout, Rect
from app.views.theme import ui_font

LONGEST = 4096
GROUND, WORDS = "#FFFFFF", "#1F1F1F"


@dataclass(frozen=True)
class Caption:
    """``left``: photo and models; ``right`` is the banner, and "Synthetic" where it applies."""

    left: str
    right: str


def picture(photo: QImage, full_width: int, items: Sequence[Item], caption: Caption) -> QImage:
    """``items`` in full-scale photo pixels; the picture has the photo's scale, its longer side 4096 px at most."""
    longest = max(photo.width(), photo.height())
    if longest > LONGEST:
        photo = photo.scaled(
            LONGEST, LONGEST, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
    width, height = photo.width(), photo.height()
    unit = max(width, height) / 1000  # everything drawn grows with the picture
    foot = round(44 * unit)
    made = QImage(width, height + foot, QImage.Format.Format_RGB32)
    made.fill(QColor(GROUND))
    painter = QPainter(made)
    painter.drawImage(0, 0, photo)
    _paint_items(painter, items, width / full_width, unit, (width, height))
    painter.setPen(QColor(WORDS))
    painter.setFont(ui_font(max(8, round(15 * unit))))
    strip = QRectF(12 * unit, height, width - 24 * unit, foot)
    painter.drawText(strip, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, caption.right)
    room = strip.width() - painter.fontMetrics().horizontalAdvance(caption.right) - 16 * unit
    left = painter.fontMetrics().elidedText(caption.left, Qt.TextElideMode.ElideRight, max(0, int(room)))
    painter.drawText(strip, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, left)
    painter.end()
    return made


def _paint_items(painter: QPainter, items: Sequence[Item], scale: float, unit: float, size: tuple[int, int]) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    font = ui_font(max(8, round(16 * unit)))
    font.setWeight(QFont.Weight.Medium)
    painter.setFont(font)
    places = [_whole(item.box.scaled(scale)) for item in items]
    layout = Layout(*size, places)
    for item in items:
        box = item.box.scaled(scale)
        rect = QRectF(box.x0, box.y0, box.width, box.height)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 210), 4.2 * unit))
        painter.drawRect(rect)
        pen = QPen(QColor(item.colour), 2.4 * unit)
        if item.dashed:
            pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.drawRect(rect)
    for item, where in zip(items, places, strict=True):
        metrics = painter.fontMetrics()
        width, height = metrics.horizontalAdvance(item.tag) + round(14 * unit), metrics.height() + round(4 * unit)
        x, y = layout.place(where, width, height)
        place = QRectF(x, y, width, height)
        painter.setPen(QPen(QColor(item.colour), unit))
        painter.setBrush(QColor(item.colour) if item.sure else QColor(24, 24, 24, 232))
        painter.drawRoundedRect(place, 4 * unit, 4 * unit)
        painter.setPen(QColor("#0B0F14" if item.sure else "#F2F2F2"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, item.tag)


def _whole(box: Box) -> Rect:
    return round(box.x0), round(box.y0), round(box.x1), round(box.y1)


def caption_of(name: str, models: str, synthetic: bool) -> Caption:
    marks = [text("canvas.synthetic")] if synthetic else []
    left = " · ".join(part for part in (name, models) if part)
    return Caption(left, " · ".join([*marks, text("window.banner")]))


def print_picture(made: QImage, painter: QPainter, page: QRect) -> None:
    """The picture as large as the page allows, at its top."""
    size = made.size().scaled(page.size(), Qt.AspectRatioMode.KeepAspectRatio)
    painter.drawImage(QRect(0, 0, size.width(), size.height()), made)


def page_layout(layout: QPageLayout, made: QImage) -> QPageLayout:
    """Lying or standing as the picture is, with a finger's margin."""
    wide = made.width() > made.height()
    layout.setOrientation(QPageLayout.Orientation.Landscape if wide else QPageLayout.Orientation.Portrait)
    layout.setUnits(QPageLayout.Unit.Millimeter)
    layout.setMargins(QMarginsF(15, 15, 15, 15))
    return layout
