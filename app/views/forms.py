"""The left side of a sheet: a form in a panel that scrolls where the window is low; and a field that names a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.common.words import text
from app.views.parts import Elided

WIDTH = 320


class FormPanel(QFrame):
    """Widgets go into ``column``; ``foot`` stays in sight below it."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("leftPanel")
        self.setFixedWidth(WIDTH)
        inside = QWidget()
        self.column = QVBoxLayout(inside)
        self.column.setContentsMargins(24, 16, 24, 16)
        self.column.setSpacing(8)
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.foot = QVBoxLayout()
        self.foot.setContentsMargins(24, 8, 24, 16)
        self.foot.setSpacing(8)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.setSpacing(0)
        around.addWidget(scroll, 1)
        around.addLayout(self.foot)


class FolderField(QWidget):
    """A folder that a person chooses; shown from its end, as that is what tells folders apart."""

    chosen = Signal(object)  # Path

    def __init__(self, title: Callable[[], str]) -> None:
        super().__init__()
        self._title = title
        self.folder: Path | None = None
        self._shown = Elided(mode=Qt.TextElideMode.ElideLeft)
        self.button = QPushButton()
        self.button.clicked.connect(lambda: self._ask())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._shown, 1)
        row.addWidget(self.button)
        self.retranslate()

    def set_folder(self, folder: Path | None) -> None:
        self.folder = folder
        self.retranslate()

    def _ask(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self._title(), str(self.folder or ""))
        if folder:
            self.set_folder(Path(folder))
            self.chosen.emit(Path(folder))

    def retranslate(self) -> None:
        self._shown.setText(str(self.folder) if self.folder else text("exchange.no_folder"))
        self._shown.setToolTip(str(self.folder or ""))
        self.button.setText(text("settings.choose"))
        self.button.setToolTip(self._title())


def new_place(parent: Path, name: str) -> Path:
    """``parent / name``, or with a number behind it where that is there already: nothing is ever written over."""
    place, number = parent / name, 2
    while place.exists():
        place, number = parent / f"{name}-{number}", number + 1
    return place
