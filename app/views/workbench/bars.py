"""The three likeliest diseases as horizontal bars, names in full and per cent."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.annotation.answers import Top3
from app.common.packs import Pack
from app.common.words import percent, text
from app.views.theme import current
from app.views.workbench.reading import known, name_of

ROW = 36
BAR = 6


class Bars(QWidget):
    def __init__(self, pack: Pack) -> None:
        super().__init__()
        self._pack = pack
        self._top: Top3 = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_top(self, top: Top3) -> None:
        self._top = top
        self.setFixedHeight(ROW * len(top))
        self.retranslate()

    @property
    def top(self) -> Top3:
        return self._top

    def retranslate(self) -> None:
        self.setAccessibleName(text("top3.heading"))
        self.setAccessibleDescription(", ".join(f"{name_of(self._pack, k)} {percent(p)}" for k, p in self._top))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, ROW * len(self._top))

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for n, (key, share) in enumerate(self._top):
            top = n * ROW
            font = QFont(self.font())
            font.setBold(n == 0)
            painter.setFont(font)
            painter.setPen(QColor(tokens.text))
            words = QRectF(0, top, self.width(), 22)
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, percent(share))
            name = painter.fontMetrics().elidedText(
                name_of(self._pack, key), Qt.TextElideMode.ElideRight, self.width() - 56
            )
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, name)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.line))
            track = QRectF(0, top + 23, self.width(), BAR)
            painter.drawRoundedRect(track, 3, 3)
            disease = known(self._pack, key)
            painter.setBrush(QColor(disease.colour if disease else tokens.text_soft))
            painter.drawRoundedRect(QRectF(0, top + 23, max(BAR, self.width() * share), BAR), 3, 3)
