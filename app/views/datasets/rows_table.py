"""A plain table of words: the first rows of a hospital's table, or the rows that cannot be placed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

ROW_HEIGHT = 30
WIDEST = 280


class RowsTable(QTableWidget):
    """``most``: rows that are shown at most; ``stretch``: the last column takes what room is left."""

    def __init__(self, most: int, *, stretch: bool = False) -> None:
        super().__init__(0, 0)
        self._most = most
        self._stretch = stretch
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setStretchLastSection(stretch)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)

    def show_rows(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        shown = rows[: self._most]
        self.clear()
        self.setColumnCount(len(heads))
        self.setRowCount(len(shown))
        self.setHorizontalHeaderLabels(list(heads))
        for at, row in enumerate(shown):
            for column, words in enumerate(row):
                item = QTableWidgetItem(words.replace("\n", " "))
                item.setToolTip(words)
                self.setItem(at, column, item)
        widest = max(WIDEST, self.viewport().width() // 2) if self._stretch else WIDEST
        self.resizeColumnsToContents()
        for column in range(len(heads)):
            self.setColumnWidth(column, min(widest, self.columnWidth(column) + 12))
