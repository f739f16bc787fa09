"""Tags as pictures."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPixmap

from app.views.canvas.inside import EDGE
from app.views.theme import ON_GROUND_SOFT, ui_font

_GROUND = QColor(24, 24, 24, 232)
_WORDS = QColor("#F2F2F2")
_ON_COLOUR = QColor("#0B0F14")


@dataclass(frozen=True, slots=True)
class Tag:
    """``width`` and ``height`` in widget pixels."""

    pixmap: QPixmap
    width: int
    height: int


def tag_font() -> QFont:
    font = ui_font(12)
    font.setWeight(QFont.Weight.Medium)
    return font


def drawn_tag(words: str, colour: str, filled: bool, ratio: float) -> Tag:
    """A tag ready to be laid down: filled with its colour, or dark with an edge of it ("" for a neutral one)."""
    font = tag_font()
    metrics = QFontMetricsF(font)
    width, height = round(metrics.horizontalAdvance(words)) + 12, round(metrics.height()) + 3
    pixmap = QPixmap(round(width * ratio), round(height * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font)
    painter.setPen(QPen(EDGE if filled else QColor(colour or ON_GROUND_SOFT), 1))
    painter.setBrush(QColor(colour) if filled else _GROUND)
    painter.drawRoundedRect(QRectF(0.5, 0.5, width - 1, height - 1), 3, 3)
    painter.setPen(_ON_COLOUR if filled else _WORDS)
    painter.drawText(QRectF(0, 0, width, height), Qt.AlignmentFlag.AlignCenter, words)
    painter.end()
    return Tag(pixmap, width, height)
