"""The checks as cards: name, what is open, and the histogram of scores with the threshold that is dragged.

Painted rows, as 26 cards of widgets would open slowly. Up and Down choose a check, Left and Right move its threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log1p
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.cleaning.checks import INFORMING, check_name
from app.cleaning.records import BINS, CheckSummary
from app.common.words import text
from app.views.icons import paint_icon
from app.views.theme import CAPTION, current

FULL, SMALL, HEADING = 74, 26, 34
BARS = 26
"""Height of the histogram."""
SIDE = 12
KNOB = 5
STEP, BIG_STEP = 0.01, 0.05
CARD = Qt.ItemDataRole.UserRole
WAITING = "waiting"
Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


@dataclass(frozen=True, slots=True)
class Card:
    """``key``: a check, :data:`WAITING`, or "" for a heading. ``summary``: the check's; ``n``: of those that wait.

    ``off``: of a heading, that it stands above the checks that are switched off.
    """

    key: str
    summary: CheckSummary | None = None
    n: int = 0
    off: bool = False

    @property
    def full(self) -> bool:
        """It has a histogram to show."""
        return self.summary is not None and self.summary.active and sum(self.summary.histogram) > 0

    @property
    def waits(self) -> bool:
        """Something of it waits for a decision."""
        there = self.summary is not None and self.summary.active and self.summary.open > 0
        return there and self.key not in INFORMING

    @property
    def said(self) -> str:
        if self.summary is None and self.key:
            return text("clean.waiting_for_me", n=self.n)
        if self.summary is None:
            return text("clean.switched_off") if self.off else text("clean.nothing_found")
        name = check_name(self.key)
        if not self.full:
            return name
        s = self.summary
        return text("clean.card_said", check=name, open=s.open, past=s.past, threshold=f"{s.threshold:.2f}")


def cards_of(summaries: Sequence[CheckSummary], waiting: int) -> tuple[Card, ...]:
    """What waits for the person, the checks that found something, then the others under headings."""
    made = [Card(s.check, s) for s in summaries if s.active]
    found, nothing = [c for c in made if c.full], [c for c in made if not c.full]
    off = [Card(s.check, s) for s in summaries if not s.active]
    first = [Card(WAITING, n=waiting)] if waiting else []
    between = [Card("")] if found and nothing else []
    return (*first, *found, *between, *nothing, *([Card("", off=True)] if off else []), *off)


class CardModel(QAbstractListModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.cards: tuple[Card, ...] = ()

    def show(self, cards: tuple[Card, ...]) -> None:
        if [(c.key, c.full) for c in cards] == [(c.key, c.full) for c in self.cards]:
            self.cards = cards
            self.dataChanged.emit(self.index(0), self.index(len(cards) - 1))
            return
        self.beginResetModel()
        self.cards = cards
        self.endResetModel()

    def change(self, key: str, **values: Any) -> None:
        """Other values in a check's summary, as its threshold is moved."""
        for n, card in enumerate(self.cards):
            if card.key == key and card.summary is not None:
                changed = replace(card, summary=replace(card.summary, **values))
                self.cards = (*self.cards[:n], changed, *self.cards[n + 1 :])
                self.dataChanged.emit(self.index(n), self.index(n))

    def index_of(self, key: str) -> QModelIndex:
        return next((self.index(n) for n, c in enumerate(self.cards) if c.key == key and key), QModelIndex())

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.cards)

    def flags(self, index: Index) -> Qt.ItemFlag:
        heading = index.isValid() and not self.cards[index.row()].key
        return Qt.ItemFlag.NoItemFlags if heading else super().flags(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        card = self.cards[index.row()]
        if role == CARD:
            return card
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return card.said
        if role == Qt.ItemDataRole.ToolTipRole and card.full:
            return f"{card.said}\n{text('clean.card_tip')}"
        return None


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


class CheckCards(QListView):
    """``chosen`` carries a check or :data:`WAITING`; ``moved`` its threshold in the hand, ``dropped`` where it is."""

    chosen = Signal(str)
    moved = Signal(str, float)
    dropped = Signal(str, float)

    def __init__(self) -> None:
        super().__init__()
        self.model_ = CardModel(self)
        self.setModel(self.model_)
        self.setItemDelegate(CardDelegate(self))
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._held = ""
        self.selectionModel().currentChanged.connect(self._current_changed)

    @property
    def key(self) -> str:
        index = self.currentIndex()
        return self.model_.cards[index.row()].key if index.isValid() else ""

    @property
    def held(self) -> bool:
        """A threshold is in the hand."""
        return bool(self._held)

    def summary(self, check: str) -> CheckSummary | None:
        return next((c.summary for c in self.model_.cards if c.key == check), None)

    def show_cards(self, cards: tuple[Card, ...]) -> None:
        """The chosen card stays chosen; where it is no more, nothing is."""
        key = self.key
        self.model_.show(cards)
        if key and self.key != key:
            self.selectionModel().blockSignals(True)
            self.setCurrentIndex(self.model_.index_of(key))
            self.selectionModel().blockSignals(False)
        self.viewport().update()

    def choose(self, key: str) -> None:
        index = self.model_.index_of(key)
        self.setCurrentIndex(index)
        self.scrollTo(index)

    def step_to_open(self) -> str:
        """The next check behind the chosen one that has something open, "" if none has."""
        cards = [c for c in self.model_.cards if c.key == self.key or c.waits]
        keys = [c.key for c in cards]
        at = keys.index(self.key) if self.key in keys else -1
        following = [*keys[at + 1 :], *keys[:at]] if at >= 0 else keys
        return following[0] if following else ""

    def nudge(self, by: float) -> None:
        """Move the chosen check's threshold."""
        summary = self.summary(self.key)
        if summary is not None and self.model_.cards[self.currentIndex().row()].full:
            value = round(min(1.0, max(0.0, summary.threshold + by)), 4)
            self.moved.emit(self.key, value)
            self.dropped.emit(self.key, value)

    def _current_changed(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.model_.cards[index.row()].key)

    # -- the hand ------------------------------------------------------------------------------------------------
    def threshold_at(self, key: str, value: float) -> QPoint:
        """The place of a threshold on a check's card, brought into view."""
        index = self.model_.index_of(key)
        self.scrollTo(index)
        place = bars_of(QRectF(self.visualRect(index)))
        return QPointF(place.left() + value * place.width(), place.bottom()).toPoint()

    def _value(self, key: str, at: QPoint) -> float:
        place = bars_of(QRectF(self.visualRect(self.model_.index_of(key))))
        return round(min(1.0, max(0.0, (at.x() - place.left()) / place.width())), 3)

    def _over(self, at: QPoint) -> str:
        """The check whose histogram lies there."""
        index = self.indexAt(at)
        card: Card | None = index.data(CARD) if index.isValid() else None
        if card is None or not card.full:
            return ""
        return card.key if bars_of(QRectF(self.visualRect(index))).adjusted(-6, -4, 6, 12).contains(at) else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        at = event.position().toPoint()
        if event.button() == Qt.MouseButton.LeftButton and (over := self._over(at)):
            self._held = over
            self.moved.emit(over, self._value(over, at))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if self._held:
            self.moved.emit(self._held, self._value(self._held, at))
            return
        super().mouseMoveEvent(event)
        self.viewport().setCursor(Qt.CursorShape.SplitHCursor if self._over(at) else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        held, self._held = self._held, ""
        if held:
            self.dropped.emit(held, self._value(held, event.position().toPoint()))
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        way = steps.get(Qt.Key(event.key()))
        if way is None:
            super().keyPressEvent(event)
            return
        big = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        self.nudge(way * (BIG_STEP if big else STEP))

    def retranslate(self) -> None:
        self.setAccessibleName(text("clean.checks"))
        self.viewport().update()


def _font(painter: QPainter, pixels: int | None) -> QFont:
    font = QFont(painter.font())
    font.setBold(False)
    if pixels is not None:
        font.setPixelSize(pixels)
    return font


def _fitted(painter: QPainter, words: str, place: QRectF) -> str:
    return painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(place.width()))
