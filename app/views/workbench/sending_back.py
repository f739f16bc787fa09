"""Verified, or sent back with a comment: a person's word on the whole photo. The comment is written in place."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.common.words import text
from app.views.icons import icon
from app.views.keys import with_key
from app.views.parts import Mark, label, name_button, tool_button


class SentBack(QFrame):
    """Why the photo was sent back; ``taken_back`` when a person does not want that any more."""

    taken_back = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "danger")
        self._comment = ""
        self.words = label(wrap=True)
        self._undo = tool_button("close", lambda: self.taken_back.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 4, 6)
        row.addWidget(Mark("send_back"), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.words, 1)
        row.addWidget(self._undo, 0, Qt.AlignmentFlag.AlignTop)
        self.show_comment("")

    def show_comment(self, comment: str) -> None:
        self._comment = comment
        self.retranslate()

    def retranslate(self) -> None:
        self.words.setText(text("annotate.sent_back", comment=self._comment))
        name_button(self._undo, text("annotate.take_back"))
        self.setVisible(bool(self._comment))


class Verdict(QWidget):
    """``send_back`` carries the comment."""

    verify_wanted = Signal()
    send_back = Signal(str)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._verified = False
        self.verify = QPushButton()
        self.verify.setProperty("kind", "primary")
        self.verify.clicked.connect(lambda: self.verify_wanted.emit())
        self.back = QPushButton()
        self.back.clicked.connect(lambda: self.begin())
        self.comment = _Comment()
        self.comment.left.connect(self._leave)
        self.comment.returnPressed.connect(self._send)
        self._send_button = QPushButton()
        self._send_button.clicked.connect(lambda: self._send())
        self._writing = QWidget()
        line = QHBoxLayout(self._writing)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self.comment, 1)
        line.addWidget(self._send_button)
        self._writing.hide()
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.verify, 1)
        buttons.addWidget(self.back, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._writing)
        layout.addLayout(buttons)
        self.retranslate()

    def show_verified(self, verified: bool) -> None:
        if verified != self._verified:
            self._verified = verified
            self.verify.setProperty("kind", "chosen" if verified else "primary")
            self.verify.setIcon(icon("check") if verified else QIcon())
            self.verify.style().polish(self.verify)
        self.retranslate()

    def begin(self) -> None:
        """The hand goes to the comment."""
        self._writing.show()
        self.comment.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def close_comment(self) -> None:
        self.comment.clear()
        self._writing.hide()

    def _leave(self) -> None:
        self.close_comment()
        self.left.emit()

    def _send(self) -> None:
        comment = self.comment.text().strip()
        if comment:
            self.send_back.emit(comment)
            self._leave()

    def retranslate(self) -> None:
        self.verify.setText(text("annotate.unverify") if self._verified else text("annotate.verify"))
        self.verify.setToolTip(with_key(text("annotate.verify_tip"), "verify"))
        self.back.setText(text("annotate.send_back"))
        self.back.setToolTip(with_key(text("annotate.send_back_tip"), "reject"))
        self.comment.setPlaceholderText(text("annotate.comment"))
        self.comment.setAccessibleName(text("annotate.comment"))
        self._send_button.setText(text("annotate.send"))
        self._send_button.setToolTip(with_key(text("annotate.send_back_tip"), "reject"))


class _Comment(QLineEdit):
    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)
