"""What a run takes of the machine, now and over the last minutes: processor, memory, GPU, pictures a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.common.words import percent, text
from app.views.theme import BASE, CAPTION, SECTION, current, ui_font
from app.views.training.words import size_words, speed_words

Say = Callable[[], str]
MEASURES: tuple[tuple[str, Say, Callable[[float], str], float | None], ...] = (
    ("cpu", lambda: text("train.use_cpu"), percent, 1.0),
    ("ram_mb", lambda: text("train.use_memory"), size_words, None),
    ("gpu", lambda: text("train.use_gpu"), percent, 1.0),
    ("gpu_ram_mb", lambda: text("train.use_gpu_memory"), size_words, None),
    ("images_per_second", lambda: text("train.use_speed"), speed_words, None),
)
"""Key, name, how a figure is written, and the top of its scale (None: the most that was seen)."""
ROW, NAMES, FIGURE = 58, 150, 92


class UseView(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._use: tuple[Mapping[str, Any], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.retranslate()

    def show_use(self, use: Sequence[Mapping[str, Any]], speeds: Sequence[float]) -> None:
        """``use``: one entry a look; ``speeds``: pictures a second, one an epoch."""
        rows = [dict(one) for one in use]
        if not rows and speeds:
            rows = [{"images_per_second": speed} for speed in speeds]
        elif rows and speeds:
            rows[-1]["images_per_second"] = speeds[-1]
            rows = [{"images_per_second": speeds[-1], **row} for row in rows]
        self._use = tuple(rows)
        self.retranslate()

    def _shown(self) -> list[tuple[str, str, list[float], float]]:
        """(name, figure, values, top of the scale) of what there are numbers for."""
        found = []
        for key, name, write, top in MEASURES:
            values = [float(one[key]) for one in self._use if isinstance(one.get(key), int | float)]
            if values:
                found.append((name(), write(values[-1]), values, top or max(values) * 1.1 or 1.0))
        return found

    def retranslate(self) -> None:
        said = "; ".join(f"{name} {figure}" for name, figure, _, _ in self._shown())
        self.setAccessibleName(said or text("train.no_use_yet"))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens, shown = current(), self._shown()
        painter.setFont(ui_font(BASE))
        painter.setPen(QColor(tokens.text_soft))
        if not shown:
            painter.drawText(
                QRectF(16, 12, self.width() - 32, 24), Qt.AlignmentFlag.AlignVCenter, text("train.no_use_yet")
            )
            return
        for number, (name, figure, values, top) in enumerate(shown):
            y = 12 + ROW * number
            painter.setFont(ui_font(BASE))
            painter.setPen(QColor(tokens.text))
            painter.drawText(QRectF(16, y, NAMES, ROW - 14), Qt.AlignmentFlag.AlignVCenter, name)
            bold = ui_font(SECTION)
            bold.setBold(True)
            painter.setFont(bold)
            side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(QRectF(16 + NAMES, y, FIGURE - 16, ROW - 14), side, figure)
            self._paint_values(
                painter, QRectF(16 + NAMES + FIGURE, y, self.width() - NAMES - FIGURE - 32, ROW - 14), values, top
            )
        if not any(isinstance(one.get("gpu"), int | float) for one in self._use):
            painter.setFont(ui_font(CAPTION))
            painter.setPen(QColor(tokens.text_soft))
            spot = QRectF(16, 12 + ROW * len(shown), self.width() - 32, 18)
            painter.drawText(spot, Qt.AlignmentFlag.AlignVCenter, text("train.no_gpu"))

    def _paint_values(self, painter: QPainter, room: QRectF, values: Sequence[float], top: float) -> None:
        tokens = current()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.sunken))
        painter.drawRoundedRect(room, 4, 4)
        shown = values[-max(2, int(room.width() / 3)) :]
        step = room.width() / max(1, len(shown) - 1)
        height = lambda v: room.bottom() - 2 - (room.height() - 4) * min(1.0, v / top)
        spots = [QPointF(room.left() + step * k, height(v)) for k, v in enumerate(shown)]
        if len(spots) == 1:
            spots.append(QPointF(room.right(), spots[0].y()))
        painter.setPen(QPen(QColor(tokens.accent), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(spots)
