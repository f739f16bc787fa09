"""What the cards of the Clean page say: one for each check, those with findings first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.cleaning.checks import INFORMING, check_name
from app.cleaning.records import CheckSummary
from app.common.words import text

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
