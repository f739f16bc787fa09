"""Curves over the epochs of a run, painted: axes, grid, legend, and the numbers under the pointer or the arrow keys."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.common.words import text
from app.views.theme import BASE, CAPTION, current, ui_font

LEFT, RIGHT, TOP, BOTTOM = 48, 14, 58, 24
TICKS = 4


@dataclass(frozen=True)
class Line:
    """``points``: (epoch, value), by epoch. ``colour`` is ``#RRGGBB``, or "soft" and "accent" of the theme."""

    name: str
    colour: str
    points: tuple[tuple[float, float], ...]
    dashed: bool = False

    def at(self, epoch: float) -> float | None:
        return next((value for x, value in self.points if x == epoch), None)


class Chart(QWidget):
    """``share``: values are 0..1 and shown in per cent."""

    def __init__(self, title: Callable[[], str], *, share: bool) -> None:
        super().__init__()
        self._title, self._share = title, share
        self._lines: tuple[Line, ...] = ()
        self._end = 1.0
        self._cursor: float | None = None
        self._kept: float | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(220, 150)
        self.retranslate()

    def show_lines(self, lines: Sequence[Line], end: float, kept: float | None = None) -> None:
        """``end``: the last epoch that is planned; ``kept``: the one whose weights are kept, marked."""
        if (tuple(lines), end, kept) != (self._lines, self._end, self._kept):
            self._lines, self._end, self._kept = tuple(lines), max(end, 1.0), kept
            self.retranslate()

    @property
    def lines(self) -> tuple[Line, ...]:
        return self._lines

    def sizeHint(self) -> QSize:
        return QSize(420, 240)

    def retranslate(self) -> None:
        said = "; ".join(f"{one.name} {self._say(one.points[-1][1])}" for one in self._lines if one.points)
        self.setAccessibleName(f"{self._title()}: {said or text('train.no_epoch_yet')}")
        self.update()

    def _say(self, value: float) -> str:
        return f"{value * 100:.1f} %" if self._share else f"{value:.3g}"

    # -- where things stand --------------------------------------------------------------------------------------
    def _room(self) -> QRectF:
        return QRectF(LEFT, TOP, max(10, self.width() - LEFT - RIGHT), max(10, self.height() - TOP - BOTTOM))

    def _range(self) -> tuple[float, float, float]:
        """Lowest and highest value shown, and the step between two lines of the grid."""
        values = [v for one in self._lines for _, v in one.points if math.isfinite(v)]
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        if high - low < 1e-9:
            low, high = low - 0.05, high + 0.05
        step = _nice((high - low) / TICKS)
        low, high = math.floor(low / step) * step, math.ceil(high / step) * step
        return (max(low, 0.0), min(high, 1.0), step) if self._share else (low, high, step)

    def _x(self, epoch: float, room: QRectF) -> float:
        return room.left() + room.width() * (epoch - 1) / max(self._end - 1, 1)

    # -- painting ------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens, room = current(), self._room()
        heading = ui_font(BASE)
        heading.setBold(True)
        painter.setFont(heading)
        painter.setPen(QColor(tokens.text))
        painter.drawText(QRectF(8, 2, self.width() - 16, 20), Qt.AlignmentFlag.AlignVCenter, self._title())
        painter.setFont(ui_font(CAPTION))
        if not any(one.points for one in self._lines):
            painter.setPen(QColor(tokens.text_soft))
            where = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(room, where, text("train.no_epoch_yet"))
            return
        low, high, step = self._range()
        self._paint_grid(painter, room, low, high, step)
        self._paint_legend(painter)
        height = lambda value: room.bottom() - room.height() * (value - low) / max(high - low, 1e-12)
        if self._kept is not None:
            self._paint_kept(painter, room)
        for one in self._lines:
            self._paint_line(painter, one, room, height)
        if self._cursor is not None:
            self._paint_cursor(painter, room, height)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)

    def _paint_grid(self, painter: QPainter, room: QRectF, low: float, high: float, step: float) -> None:
        tokens = current()
        side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for number in range(round((high - low) / step) + 1):
            value = low + number * step
            y = room.bottom() - room.height() * (value - low) / (high - low)
            painter.setPen(QPen(QColor(tokens.line), 1))
            painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
            painter.setPen(QColor(tokens.text_soft))
            said = f"{value * 100:.3g} %" if self._share else f"{value:.4g}"
            painter.drawText(QRectF(0, y - 8, LEFT - 6, 16), side, said)
        jump = max(1, round(_nice(self._end / 6)))
        for epoch in sorted({1, *range(jump, int(self._end) + 1, jump)}):
            spot = QRectF(self._x(epoch, room) - 20, room.bottom() + 4, 40, 16)
            painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, str(epoch))

    def _paint_legend(self, painter: QPainter) -> None:
        metrics = QFontMetrics(painter.font())
        x, whole = 8.0, self.width() - 16
        each = whole / max(1, len(self._lines))
        for one in self._lines:
            said = one.name if not one.points else f"{one.name} {self._say(one.points[-1][1])}"
            wanted = metrics.horizontalAdvance(said) + 26
            width = min(wanted, max(each, whole - x + 8)) if len(self._lines) < 3 else min(wanted, each)
            painter.setPen(_pen(one, 2))
            painter.drawLine(QPointF(x, 34), QPointF(x + 14, 34))
            painter.setPen(QColor(current().text_soft))
            shown = metrics.elidedText(said, Qt.TextElideMode.ElideLeft, int(width - 22))
            painter.drawText(QRectF(x + 18, 26, width - 18, 16), Qt.AlignmentFlag.AlignVCenter, shown)
            x += width

    def _paint_kept(self, painter: QPainter, room: QRectF) -> None:
        assert self._kept is not None
        x, said = self._x(self._kept, room), text("train.kept")
        painter.setPen(QPen(QColor(current().good), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom()))
        wide = QFontMetrics(painter.font()).horizontalAdvance(said)
        left = x + 4 if x + 4 + wide < room.right() else x - 4 - wide
        painter.setPen(QColor(current().text_soft))
        painter.drawText(QRectF(left, room.top() - 16, wide + 2, 14), Qt.AlignmentFlag.AlignVCenter, said)

    def _paint_line(self, painter: QPainter, one: Line, room: QRectF, height: Callable[[float], float]) -> None:
        painter.setPen(_pen(one, 2))
        spots = [QPointF(self._x(x, room), height(v)) for x, v in one.points if math.isfinite(v)]
        if len(spots) == 1:
            painter.setBrush(QColor(_colour(one)))
            painter.drawEllipse(spots[0], 2.5, 2.5)
        painter.drawPolyline(spots)

    def _paint_cursor(self, painter: QPainter, room: QRectF, height: Callable[[float], float]) -> None:
        assert self._cursor is not None
        tokens, epoch = current(), self._cursor
        x = self._x(epoch, room)
        painter.setPen(QPen(QColor(tokens.text_soft), 1))
        painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom()))
        said = [text("train.epoch_n", n=int(epoch))]
        for one in self._lines:
            value = one.at(epoch)
            if value is not None:
                painter.setBrush(QColor(_colour(one)))
                painter.setPen(Qt.PenStyle.NoPen)
                painter.drawEllipse(QPointF(x, height(value)), 3.5, 3.5)
                said.append(f"{one.name} {self._say(value)}")
        metrics = QFontMetrics(painter.font())
        wide = max(map(metrics.horizontalAdvance, said)) + 16
        box = QRectF(x + 8, room.top() + 4, wide, 16 * len(said) + 8)
        if box.right() > room.right():
            box.moveRight(max(x - 8, LEFT + wide))
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(QColor(tokens.text))
        for number, words in enumerate(said):
            spot = QRectF(box.left() + 8, box.top() + 4 + 16 * number, wide, 16)
            painter.drawText(spot, Qt.AlignmentFlag.AlignVCenter, words)

    # -- the hand ------------------------------------------------------------------------------------------------
    def _epochs(self) -> list[float]:
        return sorted({x for one in self._lines for x, _ in one.points})

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        epochs, room = self._epochs(), self._room()
        x = event.position().x()
        self._cursor = min(epochs, key=lambda e: abs(self._x(e, room) - x)) if epochs else None
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._cursor = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        epochs = self._epochs()
        if step is None or not epochs:
            super().keyPressEvent(event)
            return
        at = epochs.index(self._cursor) + step if self._cursor in epochs else (len(epochs) - 1 if step < 0 else 0)
        self._cursor = epochs[min(max(at, 0), len(epochs) - 1)]
        self.update()


def _nice(step: float) -> float:
    """1, 2 or 5 times a power of ten, at least ``step``."""
    base = 10.0 ** math.floor(math.log10(max(step, 1e-12)))
    return next(base * m for m in (1, 2, 5, 10) if base * m >= step * 0.999)


def _colour(one: Line) -> str:
    tokens = current()
    return {"soft": tokens.text_soft, "accent": tokens.accent, "good": tokens.good}.get(one.colour, one.colour)


def _pen(one: Line, width: float) -> QPen:
    pen = QPen(QColor(_colour(one)), width)
    pen.setStyle(Qt.PenStyle.DashLine if one.dashed else Qt.PenStyle.SolidLine)
    return pen
