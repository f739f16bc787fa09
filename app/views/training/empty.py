"""What the page says where there is nothing to learn from: freeze a version first."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from app.common.words import text
from app.views.icons import icon
from app.views.parts import label
from app.views.theme import ON_GROUND_SOFT


class NoData(QWidget):
    def __init__(self, to_datasets: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("ground")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._head = label("empty")
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setFixedSize(480, 48)
        self._words.setStyleSheet(f"color: {ON_GROUND_SOFT};")
        for words in (self._head, self._words):
            words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = QPushButton()
        self.button.setProperty("kind", "primary")
        self.button.setIcon(icon("datasets", on_colour=True))
        self.button.clicked.connect(lambda: to_datasets())
        column = QVBoxLayout(self)
        column.addStretch(2)
        column.addWidget(self._head)
        column.addSpacing(4)
        column.addWidget(self._words, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(16)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        self.retranslate()

    def retranslate(self) -> None:
        self._head.setText(text("train.no_data_head"))
        self._words.setText(text("train.no_data_words"))
        self.button.setText(text("train.no_data_button"))
        self.button.setToolTip(text("train.no_data_tip", keys="Ctrl+4"))
