"""What stands in the place of the gallery while there is nothing to look at: what to do first."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from app.common.words import text
from app.views.icons import icon
from app.views.parts import label
from app.views.theme import ON_GROUND_SOFT


class FirstSteps(QWidget):
    """``photos``: there are some, which no check has looked at; without, they have to be opened first."""

    def __init__(self, open_photos: Callable[[], object], run: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("ground")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._photos = 0
        self._running = False
        self._head = label("empty")
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setFixedSize(480, 64)
        self._words.setStyleSheet(f"color: {ON_GROUND_SOFT};")
        for words in (self._head, self._words):
            words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = QPushButton()
        self.button.setProperty("kind", "primary")
        self.button.clicked.connect(lambda: run() if self._photos else open_photos())
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addWidget(self._head)
        layout.addSpacing(4)
        layout.addWidget(self._words, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(16)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
        self.retranslate()

    def say(self, photos: int, *, running: bool) -> None:
        self._photos, self._running = photos, running
        self.retranslate()

    def retranslate(self) -> None:
        if self._photos:
            self._head.setText(text("clean.first_head", n=f"{self._photos:,}"))
            self._words.setText(text("clean.first_running") if self._running else text("clean.first_words"))
            self.button.setText(text("clean.run"))
            self.button.setToolTip(text("clean.key_tip", what=text("clean.run_tip"), keys="F5"))
        else:
            self._head.setText(text("clean.no_photos_head"))
            self._words.setText(text("clean.no_photos_words"))
            self.button.setText(text("clean.to_photos"))
            self.button.setToolTip(text("clean.key_tip", what=text("clean.to_photos"), keys="Ctrl+1"))
        self.button.setIcon(icon("run" if self._photos else "folder", on_colour=True))
        self.button.setVisible(not self._running)
