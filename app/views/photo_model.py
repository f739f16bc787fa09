"""The rows of the photo list: which there are, which are shown. Quick at 100,000, and it may grow while it is used."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, get_args

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.annotation.needs import needs_of_row
from app.cleaning.checks import NAMES, check_name
from app.common.words import text
from app.datasets.records import ImageRow

ROW = Qt.ItemDataRole.UserRole
NOTE = Qt.ItemDataRole.UserRole + 1

Show = Literal["all", "needs", "empty", "boxed", "unverified", "verified", "rejected", "mine"]
SHOWS: tuple[Show, ...] = get_args(Show)

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()

_BELONGS: dict[Show, Callable[[ImageRow], bool]] = {
    "all": lambda row: True,
    "needs": lambda row: bool(needs_of_row(row.boxes, row.verified, row.rejected)),
    "empty": lambda row: not row.boxes,
    "boxed": lambda row: row.boxes > 0,
    "unverified": lambda row: not row.verified,
    "verified": lambda row: row.verified,
    "rejected": lambda row: row.rejected != "",
    "mine": lambda row: row.mine,
}


class PhotoModel(QAbstractListModel):
    """The rows shown: all that were given, or those of the filter whose name or patient holds the search's words.

    A photo that stops belonging to the filter stays until the filter is set anew: it does not vanish under the hand
    of whoever is at work on it.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: list[ImageRow] = []
        self._shown: range | list[int] = range(0)
        self._position: dict[int, int] = {}
        self._words = ""
        self._show: Show = "all"
        self._notes: dict[int, str] = {}

    # -- rows ----------------------------------------------------------------------------------------------------
    def set_rows(self, rows: Iterable[ImageRow], notes: dict[int, str] | None = None) -> None:
        """Other photos, all of them shown."""
        self.beginResetModel()
        self._all = list(rows)
        self._notes = notes or {}
        self._position = {row.id: n for n, row in enumerate(self._all)}
        self._words, self._show = "", "all"
        self._shown = range(len(self._all))
        self.endResetModel()

    def append_rows(self, rows: Sequence[ImageRow]) -> None:
        """More photos behind those that are there; a photo that is there already stays where it is."""
        fresh = [row for row in rows if row.id not in self._position]
        start = len(self._all)
        shown = [n for n, row in enumerate(fresh, start) if self._is_shown(row)]
        if shown:
            self.beginInsertRows(_ROOT, len(self._shown), len(self._shown) + len(shown) - 1)
        self._all.extend(fresh)
        self._position.update((row.id, n) for n, row in enumerate(fresh, start))
        if isinstance(self._shown, range):
            self._shown = range(len(self._all))
        else:
            self._shown.extend(shown)
        if shown:
            self.endInsertRows()

    def update_rows(self, rows: Iterable[ImageRow]) -> None:
        """New facts about photos that are in the list already."""
        for row in rows:
            position = self._position.get(row.id)
            if position is not None and self._all[position] != row:
                self._all[position] = row
                index = self.index_of(row.id)
                if index.isValid():
                    self.dataChanged.emit(index, index)

    def remove_row(self, image_id: int) -> None:
        """The photo is in the list no more."""
        position = self._position.get(image_id)
        if position is None:
            return
        self.beginResetModel()
        del self._all[position]
        self._position = {row.id: n for n, row in enumerate(self._all)}
        self._show_matching()
        self.endResetModel()

    def shown_ids(self) -> list[int]:
        """Of the photos shown, in their order."""
        return [self._all[n].id for n in self._shown]

    def ids(self) -> tuple[int, ...]:
        return tuple(self._position)

    # -- filters -------------------------------------------------------------------------------------------------
    def set_words(self, words: str) -> None:
        self._words = words.strip().casefold()
        self._filter()

    def set_show(self, show: Show) -> None:
        self._show = show
        self._filter()

    @property
    def show(self) -> Show:
        return self._show

    def counts(self) -> dict[Show, int]:
        """How many photos each filter lets through, whatever is searched for."""
        alike = Counter((row.boxes > 0, row.verified, row.rejected != "", row.mine) for row in self._all)
        examples = {kind: _example(*kind) for kind in alike}
        return {show: sum(n for kind, n in alike.items() if _BELONGS[show](examples[kind])) for show in SHOWS}

    def _filter(self) -> None:
        self.beginResetModel()
        self._show_matching()
        self.endResetModel()

    def _show_matching(self) -> None:
        if self._words or self._show != "all":
            self._shown = [n for n, row in enumerate(self._all) if self._is_shown(row)]
        else:
            self._shown = range(len(self._all))

    def _is_shown(self, row: ImageRow) -> bool:
        if not _BELONGS[self._show](row):
            return False
        return not self._words or self._words in row.name.casefold() or self._words in (row.patient or "").casefold()

    # -- looking -------------------------------------------------------------------------------------------------
    @property
    def total(self) -> int:
        return len(self._all)

    def row_of(self, index: Index) -> ImageRow | None:
        return self._all[self._shown[index.row()]] if index.isValid() else None

    def find(self, image_id: int) -> ImageRow | None:
        position = self._position.get(image_id)
        return None if position is None else self._all[position]

    def index_of(self, image_id: int) -> QModelIndex:
        position = self._position.get(image_id)
        if position is None:
            return QModelIndex()
        shown = bisect_left(self._shown, position)
        if shown == len(self._shown) or self._shown[shown] != position:
            return QModelIndex()
        return self.index(shown)

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.row_of(index)
        if row is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return "\n".join(filter(None, (row.name, _excluded_words(row))))
        if role == ROW:
            return row
        if role == NOTE:
            return self._notes.get(row.id, "")
        return None


def _excluded_words(row: ImageRow) -> str:
    return text("photos.excluded", check=check_name(row.excluded)) if row.excluded in NAMES else ""


def _example(boxed: bool, verified: bool, rejected: bool, mine: bool) -> ImageRow:
    word = "x" if rejected else ""
    return ImageRow(0, "", "", True, False, None, None, None, None, int(boxed), verified, word, mine)
