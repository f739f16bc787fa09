"""How many photos of each disease are in each part, with patients and boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from app.common.words import text
from app.views.datasets.words import disease_colour, disease_words, part_words

if TYPE_CHECKING:
    from app.common.packs import Pack
    from app.datasets.freezing.datasheet import Count, Datasheet
    from app.datasets.freezing.splits import Part

ROW_HEIGHT = 30
PARTS: tuple[Part, ...] = ("train", "val", "test")


class CountTable(QTableWidget):
    def __init__(self) -> None:
        super().__init__(0, 7)
        self._sheet: Datasheet | None = None
        self._pack: Pack | None = None
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setShowGrid(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.retranslate()

    def show_sheet(self, sheet: Datasheet, pack: Pack) -> None:
        self._sheet, self._pack = sheet, pack
        self.retranslate()

    def retranslate(self) -> None:
        heads = (
            text("sets.disease"), text("sets.photos_head"), text("sets.patients_head"), text("sets.boxes_head"),
            *(part_words(part) for part in PARTS),
        )  # fmt: skip
        for column, words in enumerate(heads):
            item = QTableWidgetItem(words)
            item.setToolTip(text("sets.part_tip") if column > 3 else words)
            side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(column, item)
        self.setAccessibleName(text("sets.counts"))
        sheet = self._sheet
        if sheet is None or self._pack is None:
            return
        self.setRowCount(len(sheet.diseases) + 1)
        for row, of in enumerate(sheet.diseases):
            self._fill(row, disease_words(self._pack, of.disease), of.all, [of.parts[p] for p in PARTS])
            first = self.item(row, 0)
            if first is not None:  # the key to the bars below
                first.setIcon(_swatch(disease_colour(self._pack, of.disease)))
        self._fill(len(sheet.diseases), text("sets.all"), sheet.total, [sheet.parts[p] for p in PARTS], bold=True)
        height = self.horizontalHeader().sizeHint().height() + ROW_HEIGHT * self.rowCount() + 6
        self.setFixedHeight(height)

    def _fill(self, row: int, name: str, whole: Count, parts: list[Count], bold: bool = False) -> None:
        cells = [name, str(whole.photos), str(whole.patients), str(whole.boxes)]
        cells += [text("sets.part_count", photos=c.photos, patients=c.patients) if c.photos else "–" for c in parts]
        for column, words in enumerate(cells):
            item = QTableWidgetItem(words)
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if bold:
                font = self.font()
                font.setBold(True)
                item.setFont(font)
            self.setItem(row, column, item)


def _swatch(colour: str) -> QIcon:
    square = QPixmap(12, 12)
    square.fill(QColor(colour))
    return QIcon(square)
