"""What a person sets about a check: the threshold, stored when the hand rests, and whether it is wanted here."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from app.cleaning.records import CheckSummary
from app.views.background import Changed
from app.views.cleaning import desk

if TYPE_CHECKING:
    from app.common.errors import UserError
    from app.views.cleaning.check_cards import CheckCards
    from app.views.services import Services
    from app.views.window import Window

SETTLE_MS = 300
CHECKS = Changed(frozenset({"checks"}))


class CheckSettings(QObject):
    """``stored``: a threshold is in the database; ``switched``: a check is off, or on again; ``refused``: neither,
    and that has been said."""

    stored = Signal()
    switched = Signal()
    refused = Signal()

    def __init__(self, services: Services, window: Window, cards: CheckCards) -> None:
        super().__init__(cards)
        self._services, self._window, self._cards = services, window, cards
        self._known: dict[str, CheckSummary] = {}
        self._resting = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._resting.timeout.connect(self.store)
        cards.dropped.connect(lambda *_: self._resting.start())

    @property
    def under_way(self) -> bool:
        return self._resting.isActive()

    def know(self, checks: tuple[CheckSummary, ...]) -> None:
        """The checks as the database has them."""
        self._known = {c.check: c for c in checks}

    def store(self, check: str = "") -> None:
        """Store the threshold of this check ("": the chosen one) as its card has it, if it is another than before."""
        self._resting.stop()
        summary = self._cards.summary(check or self._cards.key)
        before = self._known.get(summary.check) if summary is not None else None
        if summary is None or before is None or summary.threshold == before.threshold:
            return
        self._change(partial(desk.set_threshold, check=summary.check, value=summary.threshold), self.stored)

    def switch(self, check: str) -> None:
        """Off, or on again."""
        summary = self._known.get(check)
        if summary is not None:
            self._change(partial(desk.set_active, check=check, active=not summary.active), self.switched)

    def _change(self, make: partial[None], done: SignalInstance) -> None:
        self._services.background.change(make, CHECKS, lambda _: done.emit(), self._refused, owner=self)

    def _refused(self, error: UserError) -> None:
        self._window.show_error(error)
        self.refused.emit()
