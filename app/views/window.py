"""The frame: menu, rail, header with the banner, messages, the page, the status line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeySequence,
    QPaintEvent,
    QShortcut,
)
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QMainWindow, QVBoxLayout, QWidget

from app.common.errors import UserError
from app.common.words import set_language, text
from app.views.icons import icon
from app.views.messages import DetailsDialog, Message, MessageBar
from app.views.parts import Elided, label
from app.views.rail import PLACES, Rail
from app.views.services import Services, chosen_language
from app.views.status_line import StatusLine
from app.views.theme import apply_theme


class Window(QMainWindow):
    """Stands before anything heavy is loaded; ``stood`` is sent once, after the first paint."""

    stood = Signal()
    paths_dropped = Signal(object)  # list[Path]
    went = Signal(str)  # a place's key
    closing = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self._painted = False
        self._place = PLACES[0].key
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 600)
        self.rail = Rail()
        self._page = QWidget()
        self.messages = MessageBar(self._page)
        self.status = StatusLine(services)
        self._title = label("page")
        self._purpose = Elided("soft")
        self.banner = label("banner")
        self._page_room = QVBoxLayout(self._page)
        self.setCentralWidget(self._frame())
        self.rail.went.connect(self.go)
        self.rail.language_wanted.connect(self.switch_language)
        for number, place in enumerate(PLACES, 1):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number}"), self)
            shortcut.activated.connect(lambda key=place.key: self.go(key))
        services.background.user_error.connect(self.messages.error)
        self.rail.show_place(self._place)
        self.retranslate()

    def _frame(self) -> QWidget:
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self._header())
        self._page_room.setContentsMargins(0, 0, 0, 0)
        right.addWidget(self._page, 1)
        right.addWidget(self.status)
        frame = QWidget()
        row = QHBoxLayout(frame)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(right, 1)
        return frame

    def _header(self) -> QWidget:
        header = QWidget()
        header.setObjectName("header")
        header.setFixedHeight(44)
        row = QHBoxLayout(header)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(12)
        row.addWidget(self._title)
        row.addWidget(self._purpose, 1)
        self._mark = QLabel()
        self._mark.setPixmap(icon("info").pixmap(16, 16))
        row.addWidget(self._mark)
        row.addWidget(self.banner)
        return header

    def set_page(self, page: QWidget) -> None:
        self._page_room.addWidget(page, 1)
        self.messages.raise_()

    @property
    def place(self) -> str:
        return self._place

    def go(self, key: str) -> None:
        self._place = key
        self.rail.show_place(key)
        self._name_place()
        self.went.emit(key)

    # -- words and looks -----------------------------------------------------------------------------------------
    def retranslate(self) -> None:
        self.setWindowTitle(text("window.title"))
        self.banner.setText(text("window.banner"))
        self._name_place()

    def _name_place(self) -> None:
        place = next(p for p in PLACES if p.key == self._place)
        self._title.setText(place.words())
        self._purpose.setText(place.purpose())

    def switch_language(self) -> None:
        now = chosen_language(self.services.settings.language)
        self.use_language("en" if now == "zh" else "zh")

    def use_language(self, choice: str) -> None:
        """Every widget that has words says them anew, now."""
        self.services.change_settings(language=choice)
        set_language(chosen_language(choice))
        self.use_theme(self.services.settings.theme)
        retranslate_all()

    def use_theme(self, choice: str) -> None:
        if choice != self.services.settings.theme:
            self.services.change_settings(theme=choice)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_theme(app, choice)
        self._mark.setPixmap(icon("info").pixmap(16, 16))

    # -- errors --------------------------------------------------------------------------------------------------
    def show_error(self, error: UserError) -> None:
        self.messages.error(error)

    def show_bug(self, details: str) -> None:
        """A mistake of the program's own: one line, and the details to copy on wish."""
        self.messages.show_message(
            Message(
                "bug",
                lambda: text("window.bug"),
                lambda: text("window.bug_remedy"),
                kind="danger",
                action=(lambda: text("window.bug_details"), lambda: self._show_details(details)),
            )
        )

    def _show_details(self, details: str) -> None:
        DetailsDialog(text("window.bug"), text("window.bug_remedy"), details, self).open()

    def offer_crash(self, read: Callable[[], str]) -> None:
        """The last run ended badly: say so once, quietly."""

        def show() -> None:
            DetailsDialog(text("window.crash"), text("window.crash_words"), read(), self).open()

        self.messages.show_message(
            Message(
                "crash",
                lambda: text("window.crash"),
                lambda: text("window.crash_remedy"),
                action=(lambda: text("window.crash_show"), show),
            )
        )

    # -- Qt's events ---------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self.stood.emit)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ThemeChange and self.services.settings.theme == "auto":
            self.use_theme("auto")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        from pathlib import Path

        paths = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.paths_dropped.emit(paths)

    def restore(self) -> None:
        settings = self.services.settings
        if not settings.window_geometry or not self.restoreGeometry(
            QByteArray.fromBase64(settings.window_geometry.encode("ascii", "ignore"))
        ):
            self.setGeometry(self.screen().availableGeometry())
            self.setWindowState(Qt.WindowState.WindowMaximized)

    def closeEvent(self, event: QCloseEvent) -> None:
        geometry = bytes(self.saveGeometry().toBase64().data()).decode("ascii")
        if replace(self.services.settings, window_geometry=geometry) != self.services.settings:
            self.services.change_settings(window_geometry=geometry)
        self.closing.emit()
        event.accept()


def retranslate_all() -> None:
    """Ask every living widget that has words to say them in the present language."""
    for widget in QApplication.allWidgets():
        again = getattr(widget, "retranslate", None)
        if callable(again):
            again()
