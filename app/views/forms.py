"""Sheets with a form on the left, in a panel that scrolls where the window is low; and a field that names a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.common.words import text
from app.views.child_process import Child, errand
from app.views.parts import Elided
from app.views.sheets import Sheet

if TYPE_CHECKING:
    from app.common.errors import UserError
    from app.views.services import Services
    from app.views.window import Window

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


class FormSheet(Sheet):
    """A form on the left, ``panel``, and what comes of it on the right: widgets go into ``beside``.

    ``scrolls``: the right side may be longer than the window. A subcommand may be run as an errand, one at a time.
    """

    def __init__(
        self, services: Services, window: Window, panel: FormPanel | None = None, *, scrolls: bool = False
    ) -> None:
        super().__init__()
        self._services = services
        self._window = window
        self._child: Child | None = None
        self.panel = panel or FormPanel()
        right = QWidget()
        self.beside = QVBoxLayout(right)
        self.beside.setContentsMargins(24, 16, 24, 16)
        self.beside.setSpacing(8 if scrolls else 12)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.panel)
        layout.addWidget(_scrolling(right) if scrolls else right, 1)

    @property
    def running(self) -> bool:
        """An errand is under way."""
        return self._child is not None and self._child.running

    def run_errand(
        self,
        words: Sequence[str],
        working: Callable[[], str],
        done: Callable[[Any], object],
        *,
        may_stop: bool = True,
        failed: Callable[[], object] | None = None,
    ) -> None:
        """Run a subcommand; ``done(document)``, and then the sheet closes. What fails is said, and the sheet stays."""

        def end(document: Any) -> None:
            self._window.status.set_work(lambda: "")
            done(document)
            self.back_wanted.emit()

        def fail(error: UserError) -> None:
            self._window.status.set_work(lambda: "")
            self._window.show_error(error)
            (failed or self.retranslate)()

        self._child = errand(self._services, words, end, fail, self)
        self._window.status.set_work(working, stop=self._child.kill if may_stop else None)
        self.retranslate()

    def kill_errand(self) -> None:
        if self._child is not None and self._child.running:
            self._child.kill()

    def retranslate(self) -> None:
        """Say everything anew: in another language, or as something has changed. Each sheet says its own."""


def _scrolling(inside: QWidget) -> QScrollArea:
    scroll = QScrollArea()
    scroll.setWidget(inside)
    scroll.setWidgetResizable(True)
    return scroll


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
