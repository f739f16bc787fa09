"""How a check's card is painted: name, counts, and the histogram of scores with its threshold."""

from __future__ import annotations

from math import log1p

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.cleaning.checks import check_name
from app.cleaning.records import BINS, CheckSummary
from app.common.words import text
from app.views.cleaning.card_model import CARD, WAITING, Card, Index
from app.views.icons import paint_icon
from app.views.theme import CAPTION, current

FULL, SMALL, HEADING = 74, 26, 34
BARS = 26
"""Height of the histogram."""
SIDE = 12
KNOB = 5


def bars_of(rect: QRectF) -> QRectF:
    """Where in a card of this size the histogram stands."""
    return QRectF(rect.left() + SIDE, rect.bottom() - 14 - BARS, rect.width() - 2 * SIDE, BARS)


class CardDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        card: Card = index.data(CARD)
        return QSize(160, HEADING if not card.key else FULL if card.full else 36 if card.key == WAITING else SMALL)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        card: Card = index.data(CARD)
        tokens = current()
        rect = QRectF(option.rect)
        state: QStyle.StateFlag = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not card.key:
            painter.setPen(QColor(tokens.text_soft))
            painter.setFont(_font(painter, CAPTION))
            painter.drawText(rect.adjusted(SIDE, 10, 0, 0), Qt.AlignmentFlag.AlignVCenter, card.said)
            painter.restore()
            return
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(tokens.selected if selected else tokens.hover))
        if selected:
            painter.fillRect(QRectF(rect.left(), rect.top(), 3, rect.height()), QColor(tokens.accent))
        if card.summary is None:
            self._paint_waiting(painter, rect, card)
        elif card.full:
            self._paint_full(painter, rect, card.summary, strong=selected)
        else:
            painter.setPen(QColor(tokens.text_soft))
            place = rect.adjusted(SIDE, 0, -SIDE, 0)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, _fitted(painter, check_name(card.key), place))
        painter.restore()

    def _paint_waiting(self, painter: QPainter, rect: QRectF, card: Card) -> None:
        paint_icon(
            painter, "second_opinion", QRectF(rect.left() + SIDE, rect.center().y() - 8, 16, 16), current().warning
        )
        painter.setPen(QColor(current().text))
        place = rect.adjusted(SIDE + 24, 0, -SIDE, 0)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, _fitted(painter, card.said, place))

    def _paint_full(self, painter: QPainter, rect: QRectF, summary: CheckSummary, *, strong: bool) -> None:
        tokens = current()
        line = QRectF(rect.left() + SIDE, rect.top() + 5, rect.width() - 2 * SIDE, 20)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        done = text("clean.card_past", n=f"{summary.past:,}") if summary.past else "0"
        painter.setPen(QColor(tokens.text_soft))
        painter.drawText(line, right, done)
        room = painter.fontMetrics().horizontalAdvance(done) + 4
        if summary.open:
            painter.setPen(QColor(tokens.text))
            bold = _font(painter, None)
            bold.setBold(True)
            painter.setFont(bold)
            painter.drawText(line.adjusted(0, 0, -room, 0), right, f"{summary.open:,}")
            room += painter.fontMetrics().horizontalAdvance(f"{summary.open:,}") + 8
        elif summary.past:
            paint_icon(painter, "check", QRectF(line.right() - room - 16, line.center().y() - 7, 14, 14), tokens.good)
            room += 24
        name_font = _font(painter, None)
        name_font.setBold(strong)
        painter.setFont(name_font)
        painter.setPen(QColor(tokens.text if summary.open else tokens.text_soft))
        place = line.adjusted(0, 0, -room - 4, 0)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, _fitted(painter, check_name(summary.check), place))
        paint_histogram(painter, bars_of(rect), summary, said=strong)


def caught_bins(summary: CheckSummary) -> tuple[bool, ...]:
    """Which bars hold something that is caught; of the bar in which the threshold lies the count tells."""
    whole = [n / BINS >= summary.threshold for n in range(BINS)]
    more = summary.past > sum(height for height, caught in zip(summary.histogram, whole, strict=True) if caught)
    return tuple(caught or (more and (n + 1) / BINS > summary.threshold) for n, caught in enumerate(whole))


def paint_histogram(painter: QPainter, place: QRectF, summary: CheckSummary, *, said: bool) -> None:
    """Bars by score (their height by the logarithm), what is caught in the accent, and the threshold's knob."""
    tokens = current()
    tallest = max(log1p(max(summary.histogram)), 1e-9)
    width = place.width() / BINS
    painter.setPen(Qt.PenStyle.NoPen)
    for n, (height, caught) in enumerate(zip(summary.histogram, caught_bins(summary), strict=True)):
        if height <= 0:
            continue
        tall = max(2.0, place.height() * log1p(height) / tallest)
        painter.setBrush(QColor(tokens.accent if caught else tokens.text_soft))
        bar = QRectF(place.left() + n * width + 0.5, place.bottom() - tall, width - 1, tall)
        painter.setOpacity(1.0 if caught else 0.45)
        painter.drawRect(bar)
    painter.setOpacity(1.0)
    x = place.left() + summary.threshold * place.width()
    painter.setPen(QPen(QColor(tokens.line), 1))
    painter.drawLine(place.bottomLeft(), place.bottomRight())
    painter.setPen(QPen(QColor(tokens.text), 1.5))
    painter.drawLine(QPointF(x, place.top() - 3), QPointF(x, place.bottom()))
    painter.setPen(QPen(QColor(tokens.panel), 1))
    painter.setBrush(QColor(tokens.text))
    painter.drawEllipse(QPointF(x, place.bottom() + 1), KNOB, KNOB)
    if said:
        painter.setFont(_font(painter, CAPTION))
        painter.setPen(QColor(tokens.text_soft))
        words = f"{summary.threshold:.2f}"
        room = painter.fontMetrics().horizontalAdvance(words)
        left = x + KNOB + 3 if x + KNOB + 3 + room < place.right() else x - KNOB - 3 - room
        painter.drawText(QPointF(left, place.bottom() + 11), words)


def _font(painter: QPainter, pixels: int | None) -> QFont:
    font = QFont(painter.font())
    font.setBold(False)
    if pixels is not None:
        font.setPixelSize(pixels)
    return font


def _fitted(painter: QPainter, words: str, place: QRectF) -> str:
    return painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(place.width()))
