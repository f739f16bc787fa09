"""The words of a set that the pack does not know: for each of them a person says what it means, before anything is
taken over."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.common.packs import Pack
from app.common.words import text
from app.views.choice import Choice
from app.views.parts import Elided, empty_layout, label

ADD = "+"
WIDEST = 680


class UnknownWords(QWidget):
    answered = Signal()

    def __init__(self, pack: Pack) -> None:
        super().__init__()
        self._pack = pack
        self._counts: dict[str, int] = {}
        self.choices: dict[str, Choice] = {}
        self._heading = label("section")
        self._words = label("soft", wrap=True)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(0, 1)
        self.keep_all = QPushButton()
        self.keep_all.setProperty("kind", "flat")
        self.keep_all.clicked.connect(lambda: self._keep_all())
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._heading)
        head.addWidget(self.keep_all)
        head.addStretch()
        self.setMaximumWidth(WIDEST)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self._words)
        layout.addLayout(self._grid)
        self.retranslate()

    def show_words(self, counts: Mapping[str, int]) -> None:
        """Words and how often each stands there; an answer that was given already stays."""
        if dict(counts) == self._counts:
            return
        given = {word: choice.key for word, choice in self.choices.items()}
        self._counts = dict(counts)
        empty_layout(self._grid)
        self.choices = {}
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        for row, (word, n) in enumerate(ordered):
            name, count = Elided(), label("soft")
            name.setText(word)
            name.setToolTip(word)
            count.setText(text("import.times", n=f"{n:,}"))
            choice = Choice(self._options)
            choice.set_key(given.get(word, ""))
            choice.setMinimumWidth(240)
            choice.setAccessibleName(text("import.meaning", word=word))
            choice.picked.connect(lambda _: self.answered.emit())
            self.choices[word] = choice
            self._grid.addWidget(name, row, 0)
            self._grid.addWidget(count, row, 1, Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(choice, row, 2)
        self.retranslate()

    def _options(self) -> list[tuple[str, str]]:
        known = [(d.key, str(d.name)) for d in self._pack.labels]
        return [("", text("import.choose")), *known, (ADD, text("import.add_label"))]

    @property
    def open(self) -> int:
        """How many words nobody has given a meaning yet."""
        return sum(not choice.key for choice in self.choices.values())

    def _keep_all(self) -> None:
        for choice in self.choices.values():
            if not choice.key:
                choice.set_key(ADD)
        self.answered.emit()

    def aliases(self) -> dict[str, str]:
        """Word -> the pack's label, of those that mean one."""
        return {word: choice.key for word, choice in self.choices.items() if choice.key not in ("", ADD)}

    def retranslate(self) -> None:
        self._heading.setText(text("import.unknown", n=len(self.choices)))
        self._words.setText(text("import.unknown_words"))
        self.keep_all.setText(text("import.keep_all"))
        self.keep_all.setToolTip(text("import.keep_all_tip"))
        self.setVisible(bool(self.choices))
