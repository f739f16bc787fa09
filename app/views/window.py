"""The frame: menu, rail, header with the banner, messages, the page, the status line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QTimer, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from app.common.words import set_language, text

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent

    from app.common.errors import UserError
    from app.views.services import Services
    from app.views.sheets import Sheet

BARE = {"dark": ("#2B2B2B", "#1F1F1F"), "light": ("#F7F7F7", "#1F1F1F")}
"""Panel and ground of the bare window, as in the theme's tokens (a test holds them equal)."""
RAIL, HEAD, FOOT = 64, 70, 28
PHOTO_PLACES = ("diagnose", "annotate")


class Window(QMainWindow):
    """Painted bare first (``stood`` is sent then, once), and furnished after: an enum of Qt's alone costs 17 ms."""

    stood = Signal()
    paths_dropped = Signal(object)  # list[Path]
    went = Signal(str)  # a place's key
    photo_covered = Signal(bool)  # whether a sheet or another page is seen than the one with the photo
    closing = Signal()

    def __init__(self, theme: str = "auto") -> None:
        super().__init__()
        self._painted = False
        self._furnished = False
        self._theme = theme
        self.setMinimumSize(1040, 600)  # 1366 x 768 at 125 % has 1093 x 614

    def furnish(self, services: Services) -> None:
        """Everything that the bare window was missing, but for the page."""
        from PySide6.QtGui import QKeySequence, QShortcut

        from app.views.header import Header
        from app.views.messages import MessageBar
        from app.views.rail import PLACES, Rail
        from app.views.sheets import Pages
        from app.views.status_line import StatusLine

        self.services = services
        self._place = PLACES[0].key
        self._note: Callable[[], str] | None = None
        self.setAcceptDrops(True)
        self.rail = Rail()
        self.pages = Pages()
        self.messages = MessageBar(self.pages)
        self.status = StatusLine(services)
        self.header = Header(self.pages.back)
        self.setCentralWidget(self._frame())
        self.pages.changed.connect(self._page_changed)
        self.rail.went.connect(self.go)
        self.rail.language_wanted.connect(self.switch_language)
        for number, place in enumerate(PLACES, 1):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number}"), self)
            shortcut.activated.connect(lambda key=place.key: self.go(key))
        services.background.user_error.connect(self.messages.error)
        self.rail.show_place(self._place)
        self._furnished = True
        self.retranslate()

    def _frame(self) -> QWidget:
        from PySide6.QtWidgets import QHBoxLayout

        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.header)
        right.addWidget(self.pages, 1)
        right.addWidget(self.status)
        frame = QWidget()
        row = QHBoxLayout(frame)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(right, 1)
        return frame

    def add_page(self, page: QWidget, *places: str) -> None:
        """``page`` is what is seen at these places of the rail."""
        self.pages.add(page, *places)
        self.pages.show_place(self._place)
        self.messages.raise_()

    def add_page_later(self, make: Callable[[], QWidget], *places: str) -> None:
        """The page of these places, made when somebody goes to one of them for the first time."""
        self.pages.add_later(make, *places)

    def open_sheet(self, sheet: Sheet) -> None:
        """A full page over the work, with a way back."""
        self.pages.open(sheet)

    @property
    def place(self) -> str:
        return self._place

    def go(self, key: str) -> None:
        """To a place of the rail; what lay over the work is closed."""
        before, self._place = self._place, key
        if not self.pages.show_place(key):
            self._place = before
            self.rail.show_place(before)
            return
        self.rail.show_place(key)
        self._name_place()
        self.went.emit(key)

    def note(self, say: Callable[[], str] | None) -> None:
        """A word on what is at work, in the place of what the page is for; None: there is none."""
        self._note = say
        self._name_place()

    def _page_changed(self) -> None:
        self._name_place()
        self.messages.raise_()
        self.photo_covered.emit(self.pages.sheet is not None or self._place not in PHOTO_PLACES)

    # -- words and looks -----------------------------------------------------------------------------------------
    def retranslate(self) -> None:
        if not self._furnished:
            return
        self.setWindowTitle(text("window.title"))
        self.header.retranslate()
        self._name_place()

    def _name_place(self) -> None:
        from app.views.rail import PLACES

        place = next(p for p in PLACES if p.key == self._place)
        sheet = self.pages.sheet
        if sheet is not None:
            self.header.name(sheet.title(), sheet.purpose(), way_back=True)
        else:
            self.header.name(place.words(), (self._note or place.purpose)(), way_back=False)

    def switch_language(self) -> None:
        from app.views.language import chosen_language

        now = chosen_language(self.services.settings.language)
        self.use_language("en" if now == "zh" else "zh")

    def use_language(self, choice: str) -> None:
        """Every widget that has words says them anew, now."""
        from app.views.language import chosen_language, use_qt_words

        self.services.change_settings(language=choice)
        set_language(chosen_language(choice))
        use_qt_words(chosen_language(choice))
        self.use_theme(self.services.settings.theme)
        retranslate_all()

    def use_theme(self, choice: str) -> None:
        from PySide6.QtWidgets import QApplication

        from app.views.theme import apply_theme

        if choice != self.services.settings.theme:
            self.services.change_settings(theme=choice)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_theme(app, choice)
        self.header.retranslate()

    # -- errors --------------------------------------------------------------------------------------------------
    def show_error(self, error: UserError) -> None:
        self.messages.error(error)

    def show_bug(self, details: str) -> None:
        """A mistake of the program's own: one line, and the details to copy on wish."""
        from app.views.messages import Message

        self.messages.show_message(
            Message(
                "bug",
                lambda: text("window.bug"),
                lambda: text("window.bug_remedy"),
                kind="danger",
                actions=((lambda: text("window.bug_details"), lambda: self._show_details(details)),),
            )
        )

    def _show_details(self, details: str) -> None:
        from app.views.messages import DetailsDialog

        DetailsDialog(text("window.bug"), text("window.bug_remedy"), details, self).open()

    def offer_crash(self, read: Callable[[], str]) -> None:
        """The last run ended badly: say so once, quietly."""
        from app.views.messages import DetailsDialog, Message

        def show() -> None:
            DetailsDialog(text("window.crash"), text("window.crash_words"), read(), self).open()

        self.messages.show_message(
            Message(
                "crash",
                lambda: text("window.crash"),
                lambda: text("window.crash_remedy"),
                actions=((lambda: text("window.crash_show"), show),),
            )
        )

    # -- Qt's events ---------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._furnished:
            self._paint_bare()
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self._say_that_it_stands)  # with a context object it would load Qt's enums

    def _say_that_it_stands(self) -> None:
        self.stood.emit()

    def _paint_bare(self) -> None:
        """Rail, header, foot and ground in the colours that they will have.

        As two pictures of one pixel: the first call that takes a colour or a brush loads Qt's enums, for 17 ms.
        """
        theme = self._theme
        if theme == "auto":  # the palette says it as well as the colour scheme, without Qt's enums
            theme = "dark" if self.palette().window().color().lightness() < 128 else "light"
        panel, ground = BARE[theme]
        painter = QPainter(self)
        painter.drawImage(self.rect(), _pixel(panel))
        painter.drawImage(QRect(RAIL, HEAD, self.width() - RAIL, self.height() - HEAD - FOOT), _pixel(ground))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if self._furnished and self.services.settings.theme == "auto" and event.type() == event.Type.ThemeChange:
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

    def restore(self, geometry: str) -> None:
        """Where the window stood last (Qt's, base64); the first time it fills the screen."""
        from PySide6.QtCore import QByteArray

        if geometry and self.restoreGeometry(QByteArray.fromBase64(geometry.encode("ascii", "ignore"))):
            self.show()
        else:
            self.setGeometry(self.screen().availableGeometry())
            self.showMaximized()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._furnished:
            geometry = bytes(self.saveGeometry().toBase64().data()).decode("ascii")
            if geometry != self.services.settings.window_geometry:
                self.services.change_settings(window_geometry=geometry)
        self.closing.emit()
        event.accept()


def _pixel(colour: str) -> QImage:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return QImage.fromData(f"P3 1 1 255 {red} {green} {blue}\n".encode())


def retranslate_all() -> None:
    """Ask every living widget that has words to say them in the present language."""
    from PySide6.QtWidgets import QApplication

    for widget in QApplication.allWidgets():
        again = getattr(widget, "retranslate", None)
        if callable(again):
            again()
