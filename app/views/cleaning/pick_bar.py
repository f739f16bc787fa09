"""A question with few answers, each with its digit: a disease, or a person. Esc leaves it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from app.common.words import text
from app.views.parts import empty_layout, label

MOST = 9
IN_A_ROW = 5


@dataclass(frozen=True)
class Answer:
    key: str
    say: Callable[[], str]
    marked: bool = False
    """What it is now."""


class PickBar(QFrame):
    """``picked`` carries an answer's key; ``left``: none was given."""

    picked = Signal(str)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "note")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._ask: Callable[[], str] = lambda: ""
        self._answers: tuple[Answer, ...] = ()
        self.buttons: list[QPushButton] = []
        self._question = label("section")
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(6)
        layout.addWidget(self._question)
        layout.addLayout(self._rows)
        self.hide()

    def ask(self, question: Callable[[], str], answers: Sequence[Answer]) -> None:
        self._ask, self._answers = question, tuple(answers)
        self._lay_out()
        self.show()
        self.setFocus()

    def leave(self) -> None:
        if not self.isHidden():
            self.hide()
            self.left.emit()

    def _lay_out(self) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            inner = item.layout()
            if inner is not None:
                empty_layout(inner)
        self.buttons = []
        for start in range(0, len(self._answers), IN_A_ROW):
            row = QHBoxLayout()
            row.setSpacing(4)
            for answer in self._answers[start : start + IN_A_ROW]:
                button = QPushButton()
                button.setProperty("kind", "chosen" if answer.marked else "chip")
                button.clicked.connect(partial(self._pick, answer.key))
                self.buttons.append(button)
                row.addWidget(button)
            row.addStretch()
            self._rows.addLayout(row)
        self.retranslate()

    def _pick(self, key: str, _checked: bool = False) -> None:
        self.hide()
        self.picked.emit(key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        digit = event.key() - Qt.Key.Key_1.value
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif 0 <= digit < min(MOST, len(self._answers)):
            self._pick(self._answers[digit].key)
        else:
            super().keyPressEvent(event)

    def retranslate(self) -> None:
        self._question.setText(self._ask())
        self.setAccessibleName(self._ask())
        for n, (button, answer) in enumerate(zip(self.buttons, self._answers, strict=True), 1):
            words = answer.say()
            button.setText(f"{n}  {words}" if n <= MOST else words)
            button.setToolTip(text("clean.pick_tip", what=words, keys=n) if n <= MOST else words)
            button.setAccessibleName(words)
