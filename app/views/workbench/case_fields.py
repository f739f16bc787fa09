"""Fields of the case card that are more than a line of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit, QPlainTextEdit

from app.views.icons import paint_icon
from app.views.theme import current

MOST_LINES = 6


class NoteField(QPlainTextEdit):
    """Several lines, as high as they need, used as a QLineEdit is; Tab goes on to the next field."""

    editingFinished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setProperty("kind", "inplace")
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        self.setViewportMargins(2, 0, 0, 0)  # where a QLineEdit's words begin
        self.document().documentLayout().documentSizeChanged.connect(lambda _: self._fit())
        self._fit()

    def text(self) -> str:
        return self.toPlainText()

    def setText(self, words: str) -> None:
        self.setPlainText(words)

    def _fit(self) -> None:
        lines = max(1, min(MOST_LINES, round(self.document().size().height())))
        needs_bar = self.document().size().height() > MOST_LINES
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded if needs_bar else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 10)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.editingFinished.emit()


class WordField(QComboBox):
    """A line with words to pick from, in the present language; any other word may be typed."""

    picked = Signal()

    def __init__(self, options: Callable[[], Sequence[str]]) -> None:
        super().__init__()
        self._options = options
        self.line = QLineEdit()
        self.setLineEdit(self.line)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        completer = self.completer()
        assert completer is not None
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.activated.connect(lambda _: self.picked.emit())
        self.retranslate()

    def retranslate(self) -> None:
        """Another language's words; what stands in the line stays."""
        standing = self.currentText()
        self.blockSignals(True)
        self.clear()
        self.addItems(list(self._options()))
        self.setCurrentIndex(-1)
        self.setEditText(standing)
        self.blockSignals(False)

    def showPopup(self) -> None:
        standing = self.currentText()
        self.setCurrentIndex(self.findText(standing))
        self.setEditText(standing)
        super().showPopup()

    def setAccessibleName(self, name: str) -> None:
        super().setAccessibleName(name)
        self.line.setAccessibleName(name)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # scrolling the panel must not change an answer on the way

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_icon(painter, "down", QRectF(self.width() - 22, (self.height() - 16) / 2, 16, 16), current().text_soft)
