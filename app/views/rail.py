"""The rail: where one can go, in the order of the work; at its foot who works, language and settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeySequence
from PySide6.QtWidgets import QButtonGroup, QToolButton, QVBoxLayout, QWidget

from app.common.words import text
from app.views.icons import icon
from app.views.theme import CAPTION, ui_font

WIDTH = 64


@dataclass(frozen=True)
class Place:
    key: str
    icon: str
    words: Callable[[], str]
    purpose: Callable[[], str]


PLACES = (
    Place("diagnose", "diagnose", lambda: text("rail.diagnose"), lambda: text("rail.diagnose_purpose")),
    Place("annotate", "annotate", lambda: text("rail.annotate"), lambda: text("rail.annotate_purpose")),
    Place("clean", "clean", lambda: text("rail.clean"), lambda: text("rail.clean_purpose")),
    Place("datasets", "datasets", lambda: text("rail.datasets"), lambda: text("rail.datasets_purpose")),
    Place("train", "train", lambda: text("rail.train"), lambda: text("rail.train_purpose")),
)
"""Later issues add theirs here: Models, Study."""


class Rail(QWidget):
    went = Signal(str)
    person_wanted = Signal()
    settings_wanted = Signal()
    language_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 8)
        layout.setSpacing(2)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        for place in PLACES:
            button = _button(place.icon)
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, key=place.key: self.went.emit(key))
            self._group.addButton(button)
            self.buttons[place.key] = button
            layout.addWidget(button)
        layout.addStretch()
        self._person = ""
        self.person = _button("person")
        self.person.clicked.connect(lambda: self.person_wanted.emit())
        layout.addWidget(self.person)
        self._language = _button("language")
        self._language.clicked.connect(lambda: self.language_wanted.emit())
        self.settings = _button("settings")
        self.settings.clicked.connect(lambda: self.settings_wanted.emit())
        layout.addWidget(self._language)
        layout.addWidget(self.settings)
        self.retranslate()

    def show_place(self, key: str) -> None:
        self.buttons[key].setChecked(True)

    def show_person(self, name: str) -> None:
        """Who is at work."""
        self._person = name
        self.retranslate()

    def retranslate(self) -> None:
        room = QFontMetrics(ui_font(CAPTION))
        self.person.setText(room.elidedText(self._person, Qt.TextElideMode.ElideRight, WIDTH - 10))
        self.person.setToolTip(text("rail.person_tip", person=self._person))
        self.person.setAccessibleName(text("rail.person_tip", person=self._person))
        for number, place in enumerate(PLACES, 1):
            button = self.buttons[place.key]
            button.setText(place.words())
            keys = QKeySequence(f"Ctrl+{number}").toString(QKeySequence.SequenceFormat.NativeText)
            button.setToolTip(f"{place.purpose()}  ({keys})")
        self._language.setText(text("rail.language"))
        self._language.setToolTip(text("rail.language_tip"))
        self.settings.setText(text("rail.settings"))
        self.settings.setToolTip(text("rail.settings"))


def _button(icon_name: str) -> QToolButton:
    button = QToolButton()
    button.setProperty("kind", "rail")
    button.setIcon(icon(icon_name))
    button.setIconSize(QSize(22, 22))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
    button.setFixedSize(WIDTH - 1, 54)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
