"""What stands where the photo will be: how to begin."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.common.words import text
from app.views.icons import icon, paint_icon
from app.views.parts import label
from app.views.theme import GROUND, ON_GROUND_SOFT


class EmptyState(QWidget):
    files_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("ground")
        self._mark = _Mark()
        self._head = label("empty")
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setStyleSheet(f"color: {ON_GROUND_SOFT};")
        for words in (self._head, self._words):
            words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setFixedSize(440, 40)
        self.files = QPushButton(icon("file"), "")
        self.files.setProperty("kind", "primary")
        self.folder = QPushButton(icon("folder"), "")
        self.files.setIcon(icon("file", on_colour=True))
        self.files.clicked.connect(lambda: self.files_wanted.emit())
        self.folder.clicked.connect(lambda: self.folder_wanted.emit())
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch()
        buttons.addWidget(self.files)
        buttons.addWidget(self.folder)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(12)
        layout.addWidget(self._head)
        layout.addSpacing(4)
        layout.addWidget(self._words, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(16)
        layout.addLayout(buttons)
        layout.addStretch(3)
        self.retranslate()

    def retranslate(self) -> None:
        self._head.setText(text("empty.head"))
        self._words.setText(text("empty.words"))
        self.files.setText(text("menu.open_files"))
        self.folder.setText(text("menu.open_folder"))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(GROUND))


class _Mark(QWidget):
    """A dashed frame with a picture in it: the place to drop a photo."""

    def sizeHint(self) -> QSize:
        return QSize(112, 84)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("#5A5A5A"), 1.5, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)
        paint_icon(painter, "picture", QRectF(36, 22, 40, 40), "#8A8A8A")
