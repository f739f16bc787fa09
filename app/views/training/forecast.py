"""What will happen: parameters, memory and time of the plan on this machine, from a short probe in a child process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from app.common.errors import UserError
from app.common.words import language, text
from app.views.child_process import Child, errand
from app.views.parts import Mark, empty_layout, label
from app.views.training import desk
from app.views.training.words import size_words, speed_words, time_words

if TYPE_CHECKING:
    from app.training.plan import Plan
    from app.views.services import Services

REST_MS = 1200
"""The probe loads torch: it waits until the hand has rested."""


class Forecast(QFrame):
    """``told``: there is an answer, or none can be had. ``missing``: sentences on what is not there to start with."""

    told = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.setProperty("kind", "card")
        self._services = services
        self._plan: Plan | None = None
        self._answer: Mapping[str, Any] | None = None
        self._problem: UserError | None = None
        self._child: Child | None = None
        self._asked = 0
        self._said_in = language()
        self._resting = QTimer(self, singleShot=True, interval=REST_MS)
        self._resting.timeout.connect(self._write)
        self._head = label("section")
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(4)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(6)
        column.addWidget(self._head)
        column.addLayout(self._lines)
        column.addWidget(self._busy)
        self.retranslate()

    @property
    def busy(self) -> bool:
        return self._resting.isActive() or self._child is not None

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(map(str, (self._answer or {}).get("missing", ())))

    @property
    def answer(self) -> Mapping[str, Any]:
        return self._answer or {}

    def ask(self, plan: Plan) -> None:
        """For another plan; the same one is not asked about twice."""
        if plan == self._plan and (self._answer is not None or self.busy):
            return
        self._plan = plan
        self.forget()
        self._resting.start()
        self.retranslate()

    def forget(self) -> None:
        """What was said holds no more."""
        self._asked += 1
        self._resting.stop()
        self._answer, self._problem = None, None
        if self._child is not None:
            child, self._child = self._child, None
            child.kill()

    def say(self, problem: UserError) -> None:
        """The plan cannot be: said here."""
        self.forget()
        self._plan, self._problem = None, problem
        self.retranslate()

    def _write(self) -> None:
        if self._plan is not None:
            write = partial(desk.write_plan, self._services.workspace, self._plan)
            self._services.background.work(write, partial(self._start, self._asked), owner=self)

    def _start(self, asked: int, file: Path) -> None:
        if asked != self._asked:
            return
        words = ["train", str(file), "--dry-run"]
        self._said_in = language()
        self._child = errand(self._services, words, partial(self._done, asked), partial(self._failed, asked), self)
        self.retranslate()

    def _done(self, asked: int, document: Any) -> None:
        if asked == self._asked:
            self._child, self._answer = None, document if isinstance(document, Mapping) else {}
            self.retranslate()
            self.told.emit()

    def _failed(self, asked: int, error: UserError) -> None:
        if asked == self._asked:
            self._child, self._problem = None, error
            self.retranslate()
            self.told.emit()

    # -- words ---------------------------------------------------------------------------------------------------
    def retranslate(self) -> None:
        if self._answer is not None and self._said_in != language() and self._plan is not None:
            plan, self._plan = self._plan, None  # its sentences are made where the numbers are
            self.ask(plan)
            return
        self._head.setText(text("train.forecast"))
        self.setToolTip(text("train.forecast_tip"))
        self._busy.setVisible(self.busy)
        empty_layout(self._lines)
        if self._problem is not None:
            self._lines.addWidget(_line("warn", self._problem.what))
            self._lines.addWidget(_line("", self._problem.remedy))
        elif self._answer is None:
            self._lines.addWidget(_line("", text("train.probing") if self.busy else text("train.choose_first")))
        else:
            self._fill(self._answer)

    def _fill(self, answer: Mapping[str, Any]) -> None:
        for words in self.missing:
            self._lines.addWidget(_line("warn", words))
        for key, say in (
            ("seconds", lambda v: text("train.will_take", time=time_words(v))),
            ("memory_mb", lambda v: text("train.will_need", memory=size_words(v))),
            ("parameters", lambda v: text("train.will_fit", millions=f"{v / 1e6:.1f}")),
            ("images_per_second", lambda v: text("train.will_run", n=speed_words(v))),
        ):
            value = answer.get(key)
            if isinstance(value, int | float):
                self._lines.addWidget(_line("", say(float(value))))
        for note in answer.get("notes", ()):
            self._lines.addWidget(_line("info", str(note)))


def _line(mark: str, words: str) -> QWidget:
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    if mark:
        row.addWidget(Mark(mark), 0, Qt.AlignmentFlag.AlignTop)
    said = label(wrap=True)
    said.setText(words)
    row.addWidget(said, 1)
    return made
