"""Small pieces that every page is built of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from app.views.icons import icon, paint_icon


def label(kind: str = "", *, wrap: bool = False) -> QLabel:
    """A label of one of the style sheet's kinds; texts from outside never turn into markup."""
    made = QLabel()
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if kind:
        made.setProperty("kind", kind)
    return made


def tool_button(icon_name: str, clicked: Callable[[], object] | None = None) -> QToolButton:
    button = QToolButton()
    button.setIcon(icon(icon_name))
    button.setIconSize(QSize(18, 18))
    button.setFixedSize(30, 28)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if clicked is not None:
        button.clicked.connect(lambda: clicked())
    return button


def name_button(button: QToolButton, words: str, keys: str = "") -> None:
    """Tool tip and accessible name of a button that shows only an icon."""
    button.setToolTip(f"{words}  ({keys})" if keys else words)
    button.setAccessibleName(words)


def line(vertical: bool = False) -> QFrame:
    made = QFrame()
    made.setProperty("kind", "line")
    if vertical:
        made.setFixedWidth(1)
    else:
        made.setFixedHeight(1)
    return made


def empty_layout(layout: QLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


class Elided(QLabel):
    """One line that gives way when there is no room, and then says itself whole in its tool tip."""

    def __init__(self, kind: str = "", mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__()
        self._mode = mode
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        if kind:
            self.setProperty("kind", kind)

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self.text()) + 2, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, QFontMetrics(self.font()).height() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        metrics = painter.fontMetrics()
        shown = metrics.elidedText(self.text(), self._mode, self.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


class Mark(QWidget):
    """A small icon beside words, in the theme's colour of the moment."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.setFixedSize(16, 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_icon(painter, self._name, self.rect(), self.palette().color(self.foregroundRole()).name())


class EmptyWords(QLabel):
    """What a list says when it holds nothing, where its first row would stand. The view keeps it."""

    def __init__(self, view: QAbstractItemView, say: Callable[[], str]) -> None:
        super().__init__(view.viewport())
        self._view, self._say = view, say
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setProperty("kind", "soft")
        self.setContentsMargins(8, 6, 8, 6)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        model = view.model()
        for changed in (model.modelReset, model.rowsInserted, model.rowsRemoved):
            changed.connect(self._look)
        view.viewport().installEventFilter(self)
        self._look()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._look()
        return False

    def _look(self) -> None:
        empty = self._view.model().rowCount() == 0
        if empty:
            self.setText(self._say())
            self.setGeometry(self._view.viewport().rect())
        self.setVisible(empty)


class Switch(QWidget):
    """Two or three pages beside each other: pressed, one is shown. ``chosen`` carries its place."""

    chosen = Signal(int)

    def __init__(self, words: Sequence[Callable[[], str]]) -> None:
        super().__init__()
        self._words = tuple(words)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self._group = QButtonGroup(self)
        for place in range(len(self._words)):
            button = QPushButton()
            button.setProperty("kind", "chip")
            button.setCheckable(True)
            self._group.addButton(button, place)
            row.addWidget(button)
        self._group.button(0).setChecked(True)
        self._group.idClicked.connect(self.chosen)
        self.retranslate()

    def choose(self, place: int) -> None:
        self._group.button(place).setChecked(True)
        self.chosen.emit(place)

    def set_tip(self, place: int, words: str) -> None:
        self._group.button(place).setToolTip(words)

    def retranslate(self) -> None:
        for place, say in enumerate(self._words):
            self._group.button(place).setText(say())


class Filler(QWidget):
    """Takes the room that is left."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
