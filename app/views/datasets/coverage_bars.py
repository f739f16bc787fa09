"""Whom a version shows: a bar for each group of skin tone, age, sex, site and centre, in the diseases' colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.common.words import text
from app.views.datasets.words import disease_colour, disease_words, field_words, group_words
from app.views.theme import CAPTION, current, ui_font

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent

    from app.common.packs import Pack
    from app.datasets.freezing.datasheet import Coverage

ROW, HEAD, BAR = 22, 26, 12
NAME_WIDTH, COUNT_WIDTH = 116, 48


class CoverageBars(QWidget):
    """One field. Numbers stand behind the bars; the tool tip says a group's numbers by disease."""

    def __init__(self) -> None:
        super().__init__()
        self._coverage: Coverage | None = None
        self._pack: Pack | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(300)

    def show_coverage(self, coverage: Coverage, pack: Pack) -> None:
        self._coverage, self._pack = coverage, pack
        self.setFixedHeight(HEAD + ROW * max(1, len(coverage.groups)) + 8)
        self.retranslate()

    def sizeHint(self) -> QSize:
        return QSize(340, self.height())

    def retranslate(self) -> None:
        coverage = self._coverage
        if coverage is not None:
            said = "; ".join(f"{group_words(coverage.field, g)} {coverage.of_group(g)}" for g in coverage.groups)
            self.setAccessibleName(f"{field_words(coverage.field)}: {said}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        coverage, pack = self._coverage, self._pack
        if coverage is None or pack is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        heading = ui_font()
        heading.setBold(True)
        painter.setFont(heading)
        painter.setPen(QColor(current().text))
        painter.drawText(QRectF(0, 0, self.width(), HEAD), Qt.AlignmentFlag.AlignVCenter, field_words(coverage.field))
        painter.setFont(ui_font(CAPTION))
        if not coverage.known:
            painter.setPen(QColor(current().text_soft))
            painter.drawText(QRectF(0, HEAD, self.width(), ROW), Qt.AlignmentFlag.AlignVCenter, text("sets.not_known"))
            return
        most = max(coverage.of_group(g) for g in coverage.groups)
        for number, group in enumerate(coverage.groups):
            self._paint_row(painter, HEAD + ROW * number, group, most)

    def _paint_row(self, painter: QPainter, top: int, group: str, most: int) -> None:
        coverage, pack = self._coverage, self._pack
        assert coverage is not None
        assert pack is not None
        metrics = QFontMetrics(painter.font())
        name = metrics.elidedText(group_words(coverage.field, group), Qt.TextElideMode.ElideRight, NAME_WIDTH - 8)
        painter.setPen(QColor(current().text_soft if group == "unknown" else current().text))
        painter.drawText(QRectF(0, top, NAME_WIDTH, ROW), Qt.AlignmentFlag.AlignVCenter, name)
        left, room = float(NAME_WIDTH), self.width() - NAME_WIDTH - COUNT_WIDTH
        for disease, of in coverage.photos.items():
            width = room * of.get(group, 0) / most
            if width > 0:
                bar = QRectF(left, top + (ROW - BAR) / 2, max(1.0, width - 1), BAR)
                painter.fillRect(bar, QColor(disease_colour(pack, disease)))
                left += width
        painter.setPen(QColor(current().text_soft))
        count = QRectF(left + 6, top, COUNT_WIDTH, ROW)
        painter.drawText(count, Qt.AlignmentFlag.AlignVCenter, str(coverage.of_group(group)))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and self._coverage is not None and self._coverage.known:
            number = int(event.pos().y() - HEAD) // ROW
            if 0 <= number < len(self._coverage.groups):
                QToolTip.showText(event.globalPos(), self._tip(self._coverage.groups[number]), self)
                return True
        return super().event(event)

    def _tip(self, group: str) -> str:
        assert self._coverage is not None
        assert self._pack is not None
        lines = [group_words(self._coverage.field, group)]
        for disease, of in self._coverage.photos.items():
            if of.get(group):
                lines.append(f"{disease_words(self._pack, disease)}: {of[group]}")
        return "\n".join(lines)
