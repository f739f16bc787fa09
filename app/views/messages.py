"""What the program has to say: a bar of messages that never blocks, and the dialog for bugs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from app.common.errors import UserError
from app.common.words import text
from app.views.icons import icon
from app.views.parts import Mark

AT_ONCE = 3
INFO_MS = 6000
WIDEST = 620

Action = tuple[Callable[[], str], Callable[[], object]]
"""A button's words, and what it does; the message is closed then."""


@dataclass(frozen=True)
class Message:
    """``say`` is asked anew when the language changes. Messages of the same ``code`` are one message, counted."""

    code: str
    say: Callable[[], str]
    remedy: Callable[[], str] | None = None
    kind: str = "note"  # "note": stays until closed; "danger": an error; "info": goes by itself
    actions: tuple[Action, ...] = ()


class MessageBar(QWidget):
    """At most three strips floating at the foot of the page: nothing is pushed aside. A fourth replaces the oldest.

    ``over`` is the widget that they float over.
    """

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        over.installEventFilter(self)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self._strips: list[_Strip] = []
        self._before: QWidget | None = None  # what had the focus before a strip took it
        self._clear: list[QWidget] = []
        app = QGuiApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._remember)
        self.hide()

    @property
    def codes(self) -> list[str]:
        return [s.message.code for s in self._strips]

    def strips(self) -> list[QFrame]:
        return list(self._strips)

    def texts(self) -> list[str]:
        return [s.label.text() for s in self._strips]

    def error(self, error: UserError) -> None:
        self.show_message(Message(error.code, lambda: error.what, lambda: error.remedy, kind="danger"))

    def info(self, code: str, say: Callable[[], str], *actions: Action) -> None:
        self.show_message(Message(code, say, kind="info", actions=actions))

    def note(self, code: str, say: Callable[[], str], *actions: Action) -> None:
        """Something to read, and perhaps to choose; it stays until it is closed."""
        self.show_message(Message(code, say, actions=actions))

    def show_message(self, message: Message) -> None:
        for strip in self._strips:
            if strip.message.code == message.code and len(strip.message.actions) == len(message.actions):
                strip.again(message)
                self._place()
                return
        while len(self._strips) >= AT_ONCE:
            self.dismiss(self._strips[0].message.code)
        strip = _Strip(message, partial(self.dismiss, message.code))
        self._strips.append(strip)
        self._layout.addWidget(strip)
        self.show()
        self._place()

    def dismiss(self, code: str) -> None:
        for strip in [s for s in self._strips if s.message.code == code]:
            self._strips.remove(strip)
            if strip.holds(QApplication.focusWidget()) and self._before is not None and isValid(self._before):
                self._before.setFocus(Qt.FocusReason.OtherFocusReason)
            strip.hide()
            strip.deleteLater()
        self.setVisible(bool(self._strips))
        self._place()

    def keep_clear(self, foot: QWidget) -> None:
        """``foot`` holds buttons at the foot of a page: while it is seen, the strips float above it."""
        self._clear.append(foot)
        foot.installEventFilter(self)

    def retranslate(self) -> None:
        QTimer.singleShot(0, self, self._place)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide):
            self._place()
        return False

    def _remember(self, old: QWidget | None, new: QWidget | None) -> None:
        mine = [widget is not None and self.isAncestorOf(widget) for widget in (old, new)]
        if mine == [False, True]:
            self._before = old

    def _place(self) -> None:
        width = max(200, min(WIDEST, self._over.width() - 32))
        for strip in self._strips:
            strip.fit(width)
        height = sum(s.height() for s in self._strips) + self._layout.spacing() * max(0, len(self._strips) - 1)
        self.setGeometry((self._over.width() - width) // 2, self._foot() - height - 12, width, height)
        self.raise_()

    def _foot(self) -> int:
        seen = [foot for foot in self._clear if isValid(foot) and foot.isVisible()]
        return min((foot.mapTo(self._over, QPoint()).y() for foot in seen), default=self._over.height())


class _Strip(QFrame):
    def __init__(self, message: Message, close: Callable[[], None]) -> None:
        super().__init__()
        self.message = message
        self._times = 1
        self.setProperty("kind", "danger" if message.kind == "danger" else "card" if message.kind == "info" else "note")
        several = len(message.actions) > 1
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 6, 6, 10 if several else 6)
        column.setSpacing(4)
        row = QHBoxLayout()
        column.addLayout(row)
        mark = Mark("info" if message.kind == "info" else "warn")
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.label, 1)
        self.buttons: list[QPushButton] = []
        below = QHBoxLayout()
        below.setSpacing(8)
        below.addSpacing(24)  # under the words, not under the mark
        for number in range(len(message.actions)):
            button = QPushButton()
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # pressed by the mouse, the hand stays on the photo
            button.clicked.connect(partial(self._do, number, close))
            (below if several else row).addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
            self.buttons.append(button)
        self._close = QToolButton()
        self._close.setIcon(icon("close"))
        self._close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._close.clicked.connect(lambda: close())
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignVCenter)
        if several:
            below.addStretch()
            column.addLayout(below)
        self._timer = QTimer(self, singleShot=True, interval=INFO_MS)
        self._timer.timeout.connect(close)
        if message.kind == "info":
            self._timer.start()
        self.retranslate()

    def holds(self, widget: QWidget | None) -> bool:
        return widget is not None and self.isAncestorOf(widget)

    def fit(self, width: int) -> None:
        """As high as the words need at this width."""
        layout = self.layout()
        assert layout is not None
        layout.activate()  # the rows in it have forgotten how high the old words were
        self.setFixedHeight(max(40, layout.totalHeightForWidth(width)))

    def _do(self, number: int, close: Callable[[], None], _checked: bool = False) -> None:
        _, action = self.message.actions[number]
        close()
        action()

    def again(self, message: Message) -> None:
        """Counted where it says the same; anything else is news, and stays as long as news does."""
        self._times = self._times + 1 if message.say() == self.message.say() else 1
        self.message = message
        if message.kind == "info":
            self._timer.start()
        self.retranslate()

    def retranslate(self) -> None:
        said = self.message.say()
        if self._times > 1:
            said = text("message.times", message=said, n=self._times)
        if self.message.remedy is not None:
            said = f"{said}\n{self.message.remedy()}"
        self.label.setText(said)
        self._close.setToolTip(text("message.close"))
        self._close.setAccessibleName(text("message.close"))
        for button, (words, _) in zip(self.buttons, self.message.actions, strict=True):
            button.setText(words())


class DetailsDialog(QDialog):
    """Details of something that went wrong, to copy into a letter to the makers."""

    def __init__(self, title: str, words: str, details: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumSize(560, 360)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(12)
        head = QLabel(title)
        head.setProperty("kind", "page")
        body = QLabel(words)
        body.setWordWrap(True)
        self.details = QPlainTextEdit(details)
        self.details.setReadOnly(True)
        copy = QPushButton(text("message.copy"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.details.toPlainText()))
        close = QPushButton(text("message.close"))
        close.setProperty("kind", "primary")
        close.clicked.connect(self.accept)
        close.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addWidget(copy)
        buttons.addStretch()
        buttons.addWidget(close)
        for part in (head, body):
            layout.addWidget(part)
        layout.addWidget(self.details, 1)
        layout.addLayout(buttons)
