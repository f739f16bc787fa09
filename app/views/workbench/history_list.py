"""What happened to the selected box, or to all of the photo: folded away until somebody asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.common.words import text
from app.datasets.records import BoxEvent
from app.views.background import Changed
from app.views.icons import icon
from app.views.keys import with_key
from app.views.parts import empty_layout, label
from app.views.services import Services
from app.views.workbench.history_words import event_words, when_words

MOST = 30
_SETTLE = 120  # ms; going through boxes quickly asks once


class HistoryList(QWidget):
    """``show_of`` says of what; it is asked of the database only while the list is open."""

    opened = Signal()  # what happened can be read now

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._of: tuple[int, str] | None = None
        self.events: tuple[BoxEvent, ...] = ()
        self._just_opened = False
        self._known = False  # whether anything was done; until then nothing is said
        self.fold = QPushButton()
        self.fold.setProperty("kind", "flat")
        self.fold.setCheckable(True)
        self.fold.toggled.connect(self._toggled)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(6)
        self._timer = QTimer(self, singleShot=True, interval=_SETTLE)
        self._timer.timeout.connect(self._ask)
        services.background.changed.connect(self._changed)
        self.beside = QHBoxLayout()  # what else stands on this line
        head = QHBoxLayout()
        head.addWidget(self.fold)
        head.addStretch()
        head.addLayout(self.beside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addLayout(self._rows)
        self.retranslate()

    def show_of(self, image_id: int | None, box_id: str) -> None:
        of = None if image_id is None else (image_id, box_id)
        if of != self._of:
            self._of = of
            self._later()

    def _toggled(self, there: bool) -> None:
        self._just_opened = there
        self._known = False
        self._show(())
        self._later()
        self.retranslate()

    def _changed(self, changed: Changed) -> None:
        if "annotations" in changed.topics:
            self._later()

    def _later(self) -> None:
        if self.fold.isChecked():
            self._timer.start()

    def _ask(self) -> None:
        if self._of is None:
            self._known = True
            self._show(())
            return
        image_id, box_id = self._of
        ask = partial(_history, image_id=image_id, box_id=box_id or None)
        self._services.background.read(ask, partial(self._take, self._of), owner=self)

    def _take(self, of: tuple[int, str], events: tuple[BoxEvent, ...]) -> None:
        if of == self._of and self.fold.isChecked():
            self._known = True
            self._show(events)
            if self._just_opened:
                self._just_opened = False
                QTimer.singleShot(0, self, self.opened.emit)

    def _show(self, events: Sequence[BoxEvent]) -> None:
        self.events = tuple(events[:MOST])
        empty_layout(self._rows)
        now = datetime.now().astimezone()
        for event in self.events:
            what, when = label(wrap=True), label("caption")
            what.setText(event_words(event, self._services.pack))
            when.setText(when_words(event, now))
            for part in (what, when):
                part.setContentsMargins(10, 0, 0, 0)
                self._rows.addWidget(part)
        if self.fold.isChecked() and self._known and not self.events:
            nothing = label("soft", wrap=True)
            nothing.setText(text("history.nothing"))
            self._rows.addWidget(nothing)

    def retranslate(self) -> None:
        self.fold.setText(text("history.heading"))
        self.fold.setIcon(icon("up" if self.fold.isChecked() else "down"))
        self.fold.setToolTip(with_key(text("history.tip"), "history"))
        if self.fold.isChecked():
            self._show(self.events)


def _history(session: Any, image_id: int, box_id: str | None) -> tuple[BoxEvent, ...]:
    from app.datasets import store

    return store.box_history(session, image_id, box_id)
