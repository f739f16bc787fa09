"""What could not be taken, and why, one line each."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.common.errors import UserError
from app.common.words import text
from app.views.parts import empty_layout, label

MOST = 50


class Failures(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._failed: tuple[tuple[str, UserError], ...] = ()
        self._heading = label("section")
        self._room = QVBoxLayout()
        self._room.setSpacing(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._heading)
        layout.addLayout(self._room)
        self.retranslate()

    def show_failures(self, failed: Sequence[tuple[str, UserError]]) -> None:
        self._failed = tuple(failed)
        self.retranslate()

    def retranslate(self) -> None:
        self._heading.setText(text("import.failed", n=len(self._failed)))
        empty_layout(self._room)
        for item, error in self._failed[:MOST]:
            line = label("trouble", wrap=True)
            line.setText(error.what if item in error.what else f"{item}: {error.what}")
            line.setToolTip(error.remedy)
            self._room.addWidget(line)
        if len(self._failed) > MOST:
            more = label("soft")
            more.setText(text("import.more", n=len(self._failed) - MOST))
            self._room.addWidget(more)
        self.setVisible(bool(self._failed))
