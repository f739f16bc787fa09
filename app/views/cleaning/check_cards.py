"""The checks as cards: name, what is open, and the histogram of scores with the threshold that is dragged.

Painted rows, as 26 cards of widgets would open slowly. Up and Down choose a check, Left and Right move its threshold.
"""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QListView

from app.cleaning.records import CheckSummary
from app.common.words import text
from app.views.cleaning.card_delegate import CardDelegate, bars_of
from app.views.cleaning.card_model import CARD, Card, CardModel

STEP, BIG_STEP = 0.01, 0.05


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
