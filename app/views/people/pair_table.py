"""One line for each pair of people who boxed the same photos: how far they agree, with n and intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from app.common.words import text

if TYPE_CHECKING:
    from app.views.people.desk import PairFigures

ROW_HEIGHT = 34
MOST_ROWS = 5
Names = tuple[str, str]


class PairTable(QTableWidget):
    chosen = Signal(object)  # PairFigures

    def __init__(self) -> None:
        super().__init__(0, 7)
        self._pairs: list[Names] = []
        self._figures: dict[Names, PairFigures] = {}
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.currentCellChanged.connect(lambda row, *_: self._choose(row))
        self.retranslate()

    def show_pairs(self, pairs: Sequence[Names]) -> None:
        """The figures come one by one by :meth:`show_figures`."""
        row = self.currentRow()
        self._pairs = list(pairs)
        self._figures = {}
        self.setRowCount(len(pairs))
        for n in range(len(pairs)):
            self._fill(n)
        self.setCurrentCell(min(max(row, 0), len(pairs) - 1), 0)
        header = self.horizontalHeader().sizeHint().height()
        self.setFixedHeight(header + ROW_HEIGHT * max(1, min(len(pairs), MOST_ROWS)) + 6)
        self.setVisible(bool(pairs))

    def show_figures(self, figures: PairFigures) -> None:
        names = figures.pair.names
        if names in self._pairs:
            self._figures[names] = figures
            row = self._pairs.index(names)
            self._fill(row)
            if row == self.currentRow():
                self.chosen.emit(figures)

    def _choose(self, row: int) -> None:
        if 0 <= row < len(self._pairs) and self._pairs[row] in self._figures:
            self.chosen.emit(self._figures[self._pairs[row]])

    def _fill(self, row: int) -> None:
        a, b = self._pairs[row]
        figures = self._figures.get((a, b))
        cells = [text("agreement.pair_of", a=a, b=b)]
        if figures is None:
            cells.extend([text("agreement.computing"), *[""] * 5])
        else:
            of = figures.agreement
            cells.extend(
                (
                    str(of.photos),
                    f"{of.boxes_a} / {of.boxes_b}",
                    _figure(of.f1, of.intervals.get("f1")),
                    _figure(of.mean_iou, of.intervals.get("mean_iou")),
                    _figure(of.kappa, of.intervals.get("kappa"), of.labelled),
                    str(len(figures.open)),
                )
            )
        for column, words in enumerate(cells):
            item = QTableWidgetItem(words)
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, column, item)

    def retranslate(self) -> None:
        heads = (
            (text("agreement.pair"), ""),
            (text("agreement.photos"), ""),
            (text("agreement.boxes"), ""),
            (text("agreement.f1"), text("agreement.f1_tip")),
            (text("agreement.iou"), text("agreement.iou_tip")),
            (text("agreement.kappa"), text("agreement.kappa_tip")),
            (text("agreement.differ"), ""),
        )
        for column, (words, tip) in enumerate(heads):
            item = QTableWidgetItem(words)
            item.setToolTip(tip or words)
            if not column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(column, item)
        self.setAccessibleName(text("agreement.pairs"))
        self.setToolTip(text("agreement.f1_tip"))
        for row in range(len(self._pairs)):
            self._fill(row)


def _figure(value: float, interval: tuple[float, float] | None, n: int | None = None) -> str:
    if math.isnan(value):
        return text("agreement.nothing") if n is None else text("agreement.plain_n", value="–", n=n)
    shown = f"{value:.2f}"
    if interval is None or any(map(math.isnan, interval)):
        return shown if n is None else text("agreement.plain_n", value=shown, n=n)
    low, high = (f"{bound:.2f}" for bound in interval)
    if n is None:
        return text("agreement.figure", value=shown, low=low, high=high)
    return text("agreement.figure_n", value=shown, low=low, high=high, n=n)
