"""A list of photos with a thumbnail and two lines each, for sheets; quick at 100,000 rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.views.theme import CAPTION, GROUND, current
from app.views.thumbnails import Thumbnails

HEIGHT, THUMB = 60, 72
ROW = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


@dataclass(frozen=True, slots=True)
class PhotoLine:
    """``colour``: a mark before the second line, "" for none."""

    path: Path
    title: str
    words: str
    colour: str = ""


class _Model(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: tuple[PhotoLine, ...] = ()

    def show(self, rows: Sequence[PhotoLine]) -> None:
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role == ROW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.title
        return row.words if role == Qt.ItemDataRole.ToolTipRole else None


class _Delegate(QStyledItemDelegate):
    def __init__(self, thumbnails: Thumbnails, parent: QObject) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: PhotoLine = index.data(ROW)
        tokens = current()
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(tokens.selected))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(tokens.hover))
        place = QRect(rect.left() + 8, rect.top() + 4, THUMB, HEIGHT - 8)
        self._paint_thumb(painter, row.path, place)
        words = QRect(place.right() + 12, rect.top() + 10, rect.right() - place.right() - 20, 20)
        painter.setPen(QColor(tokens.text))
        title = painter.fontMetrics().elidedText(row.title, Qt.TextElideMode.ElideMiddle, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, title)
        below = words.translated(0, 20)
        if row.colour:
            painter.fillRect(QRect(below.left(), below.center().y() - 4, 9, 9), QColor(row.colour))
            below = below.adjusted(16, 0, 0, 0)
        font = QFont(painter.font())
        font.setPixelSize(CAPTION)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text_soft))
        shown = painter.fontMetrics().elidedText(row.words, Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()

    def _paint_thumb(self, painter: QPainter, path: Path, place: QRect) -> None:
        painter.fillRect(place, QColor(GROUND))
        pixmap = self._thumbnails.get(path)
        if pixmap is not None:
            size = pixmap.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(0, 0, size.width(), size.height())
            target.moveCenter(place.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, pixmap)


class PhotoRows(QListView):
    """``opened`` carries the row that was double-clicked or entered."""

    opened = Signal(int)

    def __init__(self, thumbnails: Thumbnails, *, several: bool = False) -> None:
        super().__init__()
        self.lines = _Model(self)
        self.setModel(self.lines)
        self.setItemDelegate(_Delegate(thumbnails, self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        if several:
            self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.activated.connect(lambda index: self.opened.emit(index.row()))
        thumbnails.arrived.connect(lambda _path: self.viewport().update())

    def show_lines(self, lines: Sequence[PhotoLine]) -> None:
        self.lines.show(lines)
        self.setCurrentIndex(self.lines.index(0))

    def chosen(self) -> list[int]:
        """The selected rows, from the top."""
        return sorted(index.row() for index in self.selectionModel().selectedIndexes())
