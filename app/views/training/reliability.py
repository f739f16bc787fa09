"""How often a model is right against how sure it is, painted: the nearer to the diagonal, the better calibrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.common.words import percent, text
from app.views.theme import BASE, CAPTION, current, ui_font

LEFT, TOP, BOTTOM, LARGEST = 52, 30, 40, 480


class Reliability(QWidget):
    """``bins``: as report.json has them: ``n``, ``sure``, ``right`` (shares), ``interval`` of ``right``."""

    def __init__(self) -> None:
        super().__init__()
        self._bins: tuple[Mapping[str, Any], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(260, 220)
        self.retranslate()

    def show_bins(self, bins: Sequence[Mapping[str, Any]]) -> None:
        self._bins = tuple(one for one in bins if one.get("n") and one.get("sure") is not None)
        self.retranslate()

    def retranslate(self) -> None:
        said = [text("test.bin", sure=percent(b["sure"]), right=percent(b["right"]), n=b["n"]) for b in self._bins]
        self.setAccessibleName(f"{text('test.reliability')}: {'; '.join(said)}")
        self.setToolTip("\n".join(said))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = current()
        heading = ui_font(BASE)
        heading.setBold(True)
        painter.setFont(heading)
        painter.setPen(QColor(tokens.text))
        painter.drawText(QRectF(8, 2, self.width() - 16, 20), Qt.AlignmentFlag.AlignVCenter, text("test.reliability"))
        side = min(self.width() - LEFT - 16, self.height() - TOP - BOTTOM, LARGEST)
        room = QRectF(LEFT, TOP, side, side)
        at = lambda x, y: QPointF(room.left() + room.width() * x, room.bottom() - room.height() * y)
        painter.setFont(ui_font(CAPTION))
        for share in (0.0, 0.5, 1.0):
            painter.setPen(QPen(QColor(tokens.line), 1))
            painter.drawLine(at(0, share), at(1, share))
            painter.drawLine(at(share, 0), at(share, 1))
            painter.setPen(QColor(tokens.text_soft))
            right = QRectF(0, at(0, share).y() - 8, LEFT - 6, 16)
            words = f"{share * 100:.0f} %"
            painter.drawText(right, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
            below = QRectF(at(share, 0).x() - 24, room.bottom() + 3, 48, 14)
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, words)
        names = QRectF(room.left(), room.bottom() + 18, room.width(), 16)
        painter.drawText(names, Qt.AlignmentFlag.AlignCenter, text("test.sure"))
        if not self._bins:
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, text("test.no_calibration"))
        dashed = QPen(QColor(tokens.text_soft), 1)
        dashed.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(dashed)
        painter.drawLine(at(0, 0), at(1, 1))
        for one in self._bins:
            low, high = one.get("interval") or (one["right"], one["right"])
            painter.setPen(QPen(QColor(tokens.accent), 1.5))
            painter.drawLine(at(one["sure"], low), at(one["sure"], high))
            painter.setBrush(QColor(tokens.accent))
            painter.drawEllipse(at(one["sure"], one["right"]), 4, 4)
