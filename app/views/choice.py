"""A drop-down that keeps its data by key, so that a change of language renames it without changing the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget

from app.views.icons import paint_icon
from app.views.theme import current

Options = Callable[[], Sequence[tuple[str, str]]]


class Choice(QComboBox):
    """``picked`` carries the key that a person chose; ``options`` gives (key, words) in the present language."""

    picked = Signal(str)

    def __init__(self, options: Options, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options = options
        self.activated.connect(lambda _: self.picked.emit(self.key))
        self.retranslate()

    @property
    def key(self) -> str:
        return str(self.currentData() or "")

    def options(self) -> Sequence[tuple[str, str]]:
        """(key, words) of what can be chosen, in the present language."""
        return self._options()

    def set_key(self, key: str) -> None:
        """An unknown key (a foreign file's word) is shown as it stands."""
        index = self.findData(key)
        if index < 0:
            self.addItem(key, key)
            index = self.count() - 1
        self.setCurrentIndex(index)

    def retranslate(self) -> None:
        key = self.key
        self.blockSignals(True)
        self.clear()
        for value, words in self._options():
            self.addItem(words, value)
        self.set_key(key)
        self.blockSignals(False)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # scrolling the panel must not change an answer on the way

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_icon(painter, "down", QRectF(self.width() - 22, (self.height() - 16) / 2, 16, 16), current().text_soft)
