"""The confusion matrix, painted: rows are the truth, columns the answers; counts, and shares of the row."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.common.words import text
from app.views.theme import BASE, CAPTION, SECTION, current, ui_font

NAMES, HEAD, SUM = 128, 52, 54
CELL = 64


class Confusion(QWidget):
    """``names``: of the classes, in their order, in the present language."""

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[str, ...] = ()
        self._counts: tuple[tuple[int, ...], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(300, 180)
        self.retranslate()

    def show_counts(self, names: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        """No counts: there are none yet."""
        self._names = tuple(names)
        self._counts = tuple(tuple(int(v) for v in row) for row in counts)
        self.retranslate()

    @property
    def counts(self) -> tuple[tuple[int, ...], ...]:
        return self._counts

    def sizeHint(self) -> QSize:
        side = max(3, len(self._names))
        return QSize(NAMES + SUM + CELL * side, HEAD + CELL * side)

    def retranslate(self) -> None:
        right = sum(row[k] for k, row in enumerate(self._counts))
        whole = sum(sum(row) for row in self._counts)
        self.setAccessibleName(text("train.confusion_said", right=right, n=whole))
        self.update()

    def _cell_size(self) -> tuple[float, float]:
        n = max(1, len(self._counts))
        return min(128.0, (self.width() - NAMES - SUM) / n), min(72.0, (self.height() - HEAD - 4) / n)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = current()
        painter.setFont(ui_font(CAPTION))
        painter.setPen(QColor(tokens.text_soft))
        if not self._counts:
            where = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()), where, text("train.no_confusion_yet"))
            return
        wide, high = self._cell_size()
        metrics = QFontMetrics(painter.font())
        painter.drawText(QRectF(8, 4, NAMES - 8, 16), Qt.AlignmentFlag.AlignLeft, text("train.truth_down"))
        painter.drawText(
            QRectF(NAMES, 4, wide * len(self._names), 16), Qt.AlignmentFlag.AlignLeft, text("train.answer")
        )
        for k, name in enumerate(self._names):
            head = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(wide - 6))
            spot = QRectF(NAMES + wide * k, HEAD - 22, wide, 18)
            painter.setPen(QColor(tokens.text))
            painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, head)
            side = metrics.elidedText(name, Qt.TextElideMode.ElideRight, NAMES - 16)
            row = QRectF(8, HEAD + high * k, NAMES - 16, high)
            painter.drawText(row, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, side)
            painter.setPen(QColor(tokens.text_soft))
            total = QRectF(NAMES + wide * len(self._names) + 6, HEAD + high * k, SUM - 6, high)
            painter.drawText(total, Qt.AlignmentFlag.AlignVCenter, f"n = {sum(self._counts[k])}")
        for t, counts in enumerate(self._counts):
            for a, count in enumerate(counts):
                self._paint_cell(painter, QRectF(NAMES + wide * a, HEAD + high * t, wide - 2, high - 2), t, a, count)

    def _paint_cell(self, painter: QPainter, cell: QRectF, truth: int, answer: int, count: int) -> None:
        tokens = current()
        share = count / max(1, sum(self._counts[truth]))
        ground = QColor(tokens.accent if truth == answer else tokens.warning)
        ground.setAlphaF(0.06 + 0.74 * share if count else 0.0)
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.setBrush(ground)
        painter.drawRoundedRect(cell, 3, 3)
        painter.setPen(QColor(tokens.line if not count else tokens.text if share < 0.6 else tokens.on_colour))
        both = cell.height() >= 36 and count > 0
        font = ui_font(SECTION if both else BASE)
        font.setBold(truth == answer)
        painter.setFont(font)
        upper = QRectF(cell.left(), cell.center().y() - 16, cell.width(), 18) if both else cell
        painter.drawText(upper, Qt.AlignmentFlag.AlignCenter, str(count))
        if both:
            painter.setFont(ui_font(CAPTION))
            lower = QRectF(cell.left(), cell.center().y() + 1, cell.width(), 16)
            painter.drawText(lower, Qt.AlignmentFlag.AlignCenter, f"{share * 100:.0f} %")

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and self._counts:
            wide, high = self._cell_size()
            a, t = int((event.pos().x() - NAMES) // wide), int((event.pos().y() - HEAD) // high)
            if 0 <= a < len(self._counts) and 0 <= t < len(self._counts):
                QToolTip.showText(event.globalPos(), self._tip(t, a), self)
                return True
        return super().event(event)

    def _tip(self, truth: int, answer: int) -> str:
        whole = sum(self._counts[truth])
        count = self._counts[truth][answer]
        return text(
            "train.confusion_tip",
            truth=self._names[truth],
            answer=self._names[answer],
            count=count,
            n=whole,
            share=f"{100 * count / max(1, whole):.1f} %",
        )
