"""The diseases as chips with their digit keys: press one to name the selected box."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.common.packs import Disease, Pack
from app.views.actions import DIGITS
from app.views.theme import current


class LabelChips(QWidget):
    picked = Signal(str)

    def __init__(self, pack: Pack) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self.chips: dict[str, Chip] = {}
        for number, disease in enumerate(pack.labels, 1):
            chip = Chip(disease, str(number) if number <= DIGITS else "")
            chip.clicked.connect(lambda _=False, key=disease.key: self.picked.emit(key))
            self.chips[disease.key] = chip
            layout.addWidget(chip)

    def show_label(self, key: str, *, enabled: bool) -> None:
        for own, chip in self.chips.items():
            chip.setChecked(own == key)
            chip.setEnabled(enabled)


class Chip(QPushButton):
    def __init__(self, disease: Disease, digit: str) -> None:
        super().__init__()
        self._disease = disease
        self._digit = digit
        self.setProperty("kind", "chip")
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.retranslate()

    def retranslate(self) -> None:
        self.setAccessibleName(str(self._disease.name))
        self.setToolTip(f"{self._disease.name}  ({self._digit})" if self._digit else str(self._disease.name))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, 30)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        tokens = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._disease.colour))
        painter.setOpacity(1.0 if self.isEnabled() else 0.45)
        middle = self.height() / 2
        painter.drawRoundedRect(QRectF(10, middle - 6, 12, 12), 3, 3)
        painter.setPen(QColor(tokens.text))
        painter.drawText(
            QRectF(30, 0, self.width() - 60, self.height()), Qt.AlignmentFlag.AlignVCenter, str(self._disease.name)
        )
        painter.setPen(QColor(tokens.text_soft))
        painter.drawText(QRectF(self.width() - 30, 0, 20, self.height()), Qt.AlignmentFlag.AlignCenter, self._digit)
