"""The line above the page: the way back, what page this is and what for, and the banner that cannot be closed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app.common.words import text
from app.views.icons import icon
from app.views.parts import Elided, label, name_button, tool_button

HEIGHT = 44


class Header(QWidget):
    def __init__(self, back: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self.title = label("page")
        self.purpose = Elided("soft")
        self.banner = label("banner")
        self.back = tool_button("back", back)
        self._mark = QLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(12)
        row.addWidget(self.back)
        row.addWidget(self.title)
        row.addWidget(self.purpose, 1)
        row.addWidget(self._mark)
        row.addWidget(self.banner)

    def name(self, title: str, purpose: str, *, way_back: bool) -> None:
        self.title.setText(title)
        self.purpose.setText(purpose)
        self.back.setVisible(way_back)

    def retranslate(self) -> None:
        """Also after a change of theme: the mark is drawn in its colour."""
        self._mark.setPixmap(icon("info").pixmap(16, 16))
        self.banner.setText(text("window.banner"))
        name_button(self.back, text("window.back"), "Esc")
