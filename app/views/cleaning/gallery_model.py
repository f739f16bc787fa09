"""The lines of the gallery: what a check found is held whatever its score, so that moving the threshold only shows more
or less of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.cleaning.checks import check_name
from app.cleaning.records import QueueRow
from app.common.words import text
from app.views.cleaning.desk import Mode
from app.views.cleaning.words import kind_words

Key = tuple[str, str | int]
Index = QModelIndex | QPersistentModelIndex
ROW = Qt.ItemDataRole.UserRole
MOST = 400
"""So many lines at once, more as one scrolls on."""
_ROOT = QModelIndex()


class GalleryModel(QAbstractListModel):
    """``rows``: everything; what is shown of it follows from the threshold and the mode."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[QueueRow, ...] = ()
        self.shown: tuple[QueueRow, ...] = ()
        self.threshold = 0.0
        self.mode: Mode = "open"
        self._count = 0

    # -- what there is -------------------------------------------------------------------------------------------
    def show(self, rows: Iterable[QueueRow], threshold: float, mode: Mode) -> None:
        self.rows, self.threshold, self.mode = tuple(rows), threshold, mode
        self._filter()

    def set_threshold(self, threshold: float) -> None:
        if threshold != self.threshold:
            self.threshold = threshold
            self._filter()

    def mark(self, photos: Iterable[tuple[int, str]], kind: str) -> None:
        """These have been decided about, until the database says it too."""
        done = set(photos)
        state: Any = "waiting" if kind == "second_opinion" else "decided"
        self.rows = tuple(_marked(row, done, kind, state) for row in self.rows)
        self._filter()

    def _filter(self) -> None:
        """Rows that stay are kept where only the end of the list differs, so that dragging is smooth."""
        wanted = tuple(filter(self._wanted(), self.rows))
        before = self.shown[: self._count]
        after = wanted[:MOST] if self._count <= MOST else wanted[: self._count]
        common = min(len(before), len(after))
        if before[:common] != after[:common]:
            self.beginResetModel()
            self.shown, self._count = wanted, len(after)
            self.endResetModel()
        elif len(after) > len(before):
            self.beginInsertRows(_ROOT, len(before), len(after) - 1)
            self.shown, self._count = wanted, len(after)
            self.endInsertRows()
        elif len(after) < len(before):
            self.beginRemoveRows(_ROOT, len(after), len(before) - 1)
            self.shown, self._count = wanted, len(after)
            self.endRemoveRows()
        else:
            self.shown = wanted

    def _wanted(self) -> Callable[[QueueRow], bool]:
        limit = self.threshold
        if self.mode == "open":
            return lambda row: row.state == "open" and row.score >= limit
        if self.mode == "decided":
            return lambda row: row.state in ("decided", "waiting")
        return lambda row: row.score >= limit

    # -- Qt's ----------------------------------------------------------------------------------------------------
    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else self._count

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._count < len(self.shown)

    def fetchMore(self, parent: Index) -> None:
        more = min(self._count + MOST, len(self.shown))
        self.beginInsertRows(_ROOT, self._count, more - 1)
        self._count = more
        self.endInsertRows()

    def row_at(self, index: Index) -> QueueRow | None:
        return self.shown[index.row()] if index.isValid() and index.row() < self._count else None

    def index_of(self, key: Key | None) -> QModelIndex:
        found = next((n for n, row in enumerate(self.shown) if row.key == key), -1)
        while found >= self._count:
            self.fetchMore(_ROOT)
        return self.index(found) if found >= 0 else QModelIndex()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.row_at(index)
        if row is None:
            return None
        if role == ROW:
            return row
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return cell_words(row)
        return None


def cell_words(row: QueueRow) -> str:
    names = row.photos[0].name if len(row.photos) == 1 else text("clean.group", n=len(row.photos))
    said = text("clean.cell_said", photo=names, check=check_name(row.check), score=f"{row.score:.2f}")
    kinds = [p.kind for p in row.photos if p.kind]
    return f"{said} {kind_words(kinds[0])}" if kinds else said


def _marked(row: QueueRow, done: set[tuple[int, str]], kind: str, state: Any) -> QueueRow:
    if not any(item in done for item in row.items):
        return row
    photos = tuple(replace(p, kind=kind, state=state) if (p.id, row.check) in done else p for p in row.photos)
    states = {p.state for p in photos}
    return replace(row, photos=photos, state="open" if "open" in states else state)
