"""The versions as a tree: under each data set's name its versions, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

from app.common.words import text
from app.views.parts import EmptyWords

if TYPE_CHECKING:
    from app.datasets.freezing.versions import DatasetRow

_KEY = Qt.ItemDataRole.UserRole


class VersionTree(QTreeWidget):
    """``chosen`` carries a version's full name (``NAME@HASH``), "" for none."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(True)
        self.setUniformRowHeights(True)
        self.setIndentation(14)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self._rows: dict[str, DatasetRow] = {}
        self._items: list[tuple[QTreeWidgetItem, DatasetRow]] = []
        self.currentItemChanged.connect(lambda item, _before: self._choose(item))
        self._empty = EmptyWords(self, lambda: text("sets.no_versions"))
        self.retranslate()

    def show_rows(self, rows: Sequence[DatasetRow], wanted: str = "") -> None:
        """``wanted``: the version to choose; without one what was chosen stays, else the newest."""
        before = wanted or self.version
        self._rows = {row.full_name: row for row in rows}
        self._items = []
        self.blockSignals(True)
        self.clear()
        items: dict[str, QTreeWidgetItem] = {}
        for key, row in self._rows.items():
            if row.name not in items:
                items[row.name] = QTreeWidgetItem([row.name])
                items[row.name].setFlags(Qt.ItemFlag.ItemIsEnabled)
                self.addTopLevelItem(items[row.name])
            item = QTreeWidgetItem()
            item.setData(0, _KEY, key)
            items[row.name].addChild(item)
            items[key] = item
            self._items.append((item, row))
        self.expandAll()
        self._name_rows()
        if self._rows:
            self.setCurrentItem(items.get(before) or items[next(iter(self._rows))])
        self.blockSignals(False)
        self._choose(self.currentItem())

    @property
    def version(self) -> str:
        item = self.currentItem()
        return str(item.data(0, _KEY) or "") if item is not None else ""

    def versions(self) -> tuple[str, ...]:
        return tuple(self._rows)

    def row(self, version: str) -> DatasetRow | None:
        return self._rows.get(version)

    def _choose(self, item: QTreeWidgetItem | None) -> None:
        self.chosen.emit(str(item.data(0, _KEY) or "") if item is not None else "")

    def _name_rows(self) -> None:
        for item, row in self._items:
            item.setText(0, row.hash[:8])
            item.setText(1, text("sets.reduced") if row.reduced else text("sets.photos", n=row.images))
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            when = f"{row.created.astimezone():%Y-%m-%d %H:%M}"
            tip = text("sets.version_tip", version=row.full_name, when=when, who=row.author)
            item.setToolTip(0, tip)
            item.setToolTip(1, tip)

    def retranslate(self) -> None:
        self.setAccessibleName(text("sets.versions"))
        self._name_rows()
