"""What a check has caught as thumbnails, the worst first.

What the check found is held whatever its score, so that moving the threshold only shows more or less of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.cleaning.checks import check_name
from app.cleaning.records import QueueRow
from app.common.words import text
from app.views.cleaning.desk import Mode
from app.views.cleaning.words import kind_words
from app.views.icons import paint_icon
from app.views.parts import EmptyWords
from app.views.theme import CAPTION, GROUND, ON_GROUND, ON_GROUND_SOFT, current
from app.views.thumbnails import Thumbnails

Key = tuple[str, str | int]
Index = QModelIndex | QPersistentModelIndex
ROW = Qt.ItemDataRole.UserRole
MOST = 400
"""So many lines at once, more as one scrolls on."""
CELL_WIDTH, CELL_HEIGHT, FOOT = 112, 110, 22
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


class GalleryDelegate(QStyledItemDelegate):
    def __init__(self, thumbnails: Thumbnails, parent: QObject) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(CELL_WIDTH, CELL_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: QueueRow | None = index.data(ROW)
        if row is None:
            return
        rect = QRect(option.rect).adjusted(3, 3, -3, -3)
        state: QStyle.StateFlag = option.state
        view = self.parent()
        assert isinstance(view, QListView)
        at_work = index == view.currentIndex()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(rect, QColor(GROUND))
        picture = rect.adjusted(3, 3, -3, -FOOT)
        if len(row.photos) > 1:
            self._paint_pair(painter, row, picture)
        else:
            self._paint_photo(painter, row.photos[0].file, picture)
        if row.state != "open":
            painter.fillRect(picture, QColor(31, 31, 31, 120))
        self._paint_foot(painter, row, QRect(rect.left() + 6, rect.bottom() - FOOT + 1, rect.width() - 12, FOOT))
        if at_work or state & QStyle.StateFlag.State_Selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(current().accent), 2 if at_work else 1))
            painter.drawRect(QRectF(rect).adjusted(1, 1, -1, -1))
            if state & QStyle.StateFlag.State_Selected and not at_work:
                painter.fillRect(rect, QColor(47, 143, 224, 50))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(QColor(ON_GROUND_SOFT), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.restore()

    def _paint_pair(self, painter: QPainter, row: QueueRow, place: QRect) -> None:
        """The first two of a group beside each other."""
        half = place.width() // 2
        left, right = QRect(place.left(), place.top(), half - 1, place.height()), QRect(place)
        right.setLeft(place.left() + half + 1)
        for photo, part in zip(row.photos[:2], (left, right), strict=True):
            self._paint_photo(painter, photo.file, part)

    def _paint_photo(self, painter: QPainter, file: str, place: QRect) -> None:
        pixmap = self._thumbnails.get(file)
        if pixmap is not None:
            size = pixmap.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(QPoint(0, 0), size)
            target.moveCenter(place.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, pixmap)
        elif self._thumbnails.is_broken(file):
            mark = QRectF(0, 0, 24, 24)
            mark.moveCenter(QRectF(place).center())
            paint_icon(painter, "warn", mark, current().warning)

    def _paint_foot(self, painter: QPainter, row: QueueRow, place: QRect) -> None:
        font = QFont(painter.font())
        font.setPixelSize(CAPTION)
        painter.setFont(font)
        kind = next((p.kind for p in row.photos if p.kind), "")
        left = place.adjusted(0, 0, 0, 0)
        if kind and row.state != "open":
            colour = (
                current().danger if kind == "exclude" else current().warning if row.state == "waiting" else ON_GROUND
            )
            paint_icon(painter, kind, QRectF(left.left(), left.center().y() - 6, 13, 13), colour)
            left.adjust(17, 0, 0, 0)
        painter.setPen(QColor(ON_GROUND if row.state == "open" else ON_GROUND_SOFT))
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{row.score:.2f}")
        words = f"× {len(row.photos)}" if len(row.photos) > 1 else row.photos[0].name
        room = left.width() - QFontMetrics(font).horizontalAdvance("0.00") - 6
        painter.setPen(QColor(ON_GROUND_SOFT))
        shown = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(left, Qt.AlignmentFlag.AlignVCenter, shown)


class Gallery(QListView):
    """``chosen`` carries the QueueRow to be seen large, or None."""

    chosen = Signal(object)

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.model_ = GalleryModel(self)
        self.setModel(self.model_)
        self.setItemDelegate(GalleryDelegate(thumbnails, self))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(CELL_WIDTH + 16)
        self.nothing = EmptyWords(self, self._nothing_words)
        self._said: Key | None = None
        self.selectionModel().currentChanged.connect(lambda *_: self._tell())
        self.model_.modelReset.connect(self._tell)
        thumbnails.arrived.connect(lambda _file: self.viewport().update())

    def _nothing_words(self) -> str:
        return text("clean.none_decided") if self.model_.mode == "decided" else text("clean.none_open")

    # -- the chosen one ------------------------------------------------------------------------------------------
    def current(self) -> QueueRow | None:
        return self.model_.row_at(self.currentIndex())

    def selected(self) -> tuple[QueueRow, ...]:
        """What a key is about: all that is selected, the one at work among them, in the order shown."""
        indexes = sorted(self.selectionModel().selectedIndexes(), key=lambda i: i.row())
        rows = [row for row in map(self.model_.row_at, indexes) if row is not None]
        at_work = self.current()
        return tuple(rows) if at_work in rows else (at_work,) if at_work is not None else ()

    def go_to(self, key: Key | None) -> bool:
        index = self.model_.index_of(key)
        if index.isValid():
            self._choose(index)
        return index.isValid()

    def go_to_row(self, n: int) -> None:
        """The line at this place, or the last."""
        self._choose(self.model_.index(min(n, self.model_.rowCount() - 1)))

    def step(self, by: int) -> None:
        index = self.currentIndex()
        wanted = self.model_.index((index.row() if index.isValid() else -1) + by)
        if wanted.isValid():
            self._choose(wanted)

    def keeping(self, change: Callable[[], None]) -> None:
        """Do something to the model; the line at work stays so, or gives way to the one that takes its place."""
        row, place = self.current(), max(self.currentIndex().row(), 0)
        change()
        if row is None or not self.go_to(row.key):
            self.go_to_row(place)
        self._tell()

    def following(self, most: int) -> Sequence[QueueRow]:
        at = self.currentIndex().row()
        return self.model_.shown[at + 1 : at + 1 + most]

    def _choose(self, index: QModelIndex) -> None:
        if not index.isValid():
            return
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.scrollTo(index)

    def _tell(self) -> None:
        """Say which line is at work, if it is another than before, or differs."""
        self.chosen.emit(self.current())

    def retranslate(self) -> None:
        self.setAccessibleName(text("clean.gallery"))
        self.viewport().update()
