"""The photos on the left: a model over plain rows (quick at 100,000), painted by a delegate."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QColor, QFont, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.common.words import text
from app.datasets.records import ImageRow
from app.views.icons import icon, paint_icon
from app.views.parts import Elided, label
from app.views.theme import CAPTION, GROUND, current
from app.views.thumbnails import Thumbnails

ROW = Qt.ItemDataRole.UserRole
NOTE = Qt.ItemDataRole.UserRole + 1
ITEM_HEIGHT = 60
THUMB_WIDTH = 64

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class PhotoModel(QAbstractListModel):
    """The rows shown: all that were given, or those whose name or patient holds the filter's words."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: tuple[ImageRow, ...] = ()
        self._shown: Sequence[int] = ()
        self._position: dict[int, int] = {}
        self._filter = ""
        self._notes: dict[int, str] = {}

    def set_rows(self, rows: Sequence[ImageRow], notes: dict[int, str] | None = None) -> None:
        self.beginResetModel()
        self._all = tuple(rows)
        self._notes = notes or {}
        self._position = {row.id: n for n, row in enumerate(self._all)}
        self._shown = self._matching()
        self.endResetModel()

    def set_filter(self, words: str) -> None:
        self.beginResetModel()
        self._filter = words.strip().casefold()
        self._shown = self._matching()
        self.endResetModel()

    def update_rows(self, rows: Sequence[ImageRow]) -> None:
        """New facts about photos that are in the list already."""
        changed = {row.id: row for row in rows if row.id in self._position}
        if not changed:
            return
        everything = list(self._all)
        for row in changed.values():
            everything[self._position[row.id]] = row
        self._all = tuple(everything)
        for row in changed.values():
            index = self.index_of(row.id)
            self.dataChanged.emit(index, index)

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
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.name
        if role == ROW:
            return row
        if role == NOTE:
            return self._notes.get(row.id, "")
        return None

    def _matching(self) -> Sequence[int]:
        if not self._filter:
            return range(len(self._all))
        return [
            n
            for n, row in enumerate(self._all)
            if self._filter in row.name.casefold() or self._filter in (row.patient or "").casefold()
        ]


class PhotoDelegate(QStyledItemDelegate):
    """Thumbnail, name, and how far the photo is: no box, boxes, verified."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, ITEM_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: ImageRow | None = index.data(ROW)
        if row is None:
            return
        tokens = current()
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(tokens.selected))
            painter.fillRect(QRect(rect.left(), rect.top(), 3, rect.height()), QColor(tokens.accent))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(tokens.hover))
        thumb = QRect(rect.left() + 8, rect.top() + 6, THUMB_WIDTH, rect.height() - 12)
        self._paint_thumb(painter, row.path, thumb)
        words = QRect(thumb.right() + 8, rect.top() + 8, rect.right() - thumb.right() - 11, 20)
        painter.setPen(QColor(tokens.text))
        name = painter.fontMetrics().elidedText(row.path.stem, Qt.TextElideMode.ElideMiddle, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, name)
        self._paint_state(painter, row, index.data(NOTE), words.translated(0, 21))
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
        elif self._thumbnails.is_broken(path):
            mark = QRectF(0, 0, 20, 20)
            mark.moveCenter(QRectF(place).center())
            paint_icon(painter, "warn", mark, current().warning)

    def _paint_state(self, painter: QPainter, row: ImageRow, note: str, place: QRect) -> None:
        tokens = current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dot = QRectF(place.left() + 1, place.center().y() - 3, 7, 7)
        if row.verified:
            paint_icon(painter, "check", dot.adjusted(-3, -3, 3, 3), tokens.good)
        elif row.boxes:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.accent))
            painter.drawEllipse(dot)
        else:
            painter.setPen(QPen(QColor(tokens.text_soft), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(dot)
        font = QFont(painter.font())
        font.setPixelSize(CAPTION)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text_soft))
        words = place.adjusted(14, 0, 0, 0)
        said = note or _state_words(row)
        shown = painter.fontMetrics().elidedText(said, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, shown)


def _state_words(row: ImageRow) -> str:
    """How far it is boxed; a phantom says that it is one in every state."""
    if row.synthetic:
        return text("photos.synthetic_boxes", n=row.boxes) if row.boxes else text("photos.synthetic")
    return text("photos.boxes", n=row.boxes) if row.boxes else text("photos.no_boxes")


class PhotoPanel(QWidget):
    """The list with its heading and filter. ``chosen`` carries the ImageRow to show."""

    chosen = Signal(object)
    all_wanted = Signal()

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.setObjectName("leftPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(150)
        self.model = PhotoModel(self)
        self._title: str | None = None
        self._unseen = False
        self._heading = Elided("section")
        self._count = label("caption")
        self.back = QPushButton()
        self.back.setProperty("kind", "flat")
        self.back.clicked.connect(lambda: self.all_wanted.emit())
        self.filter = QLineEdit()
        self.filter.setClearButtonEnabled(True)
        for clear in self.filter.findChildren(QAction):  # Qt's own icon is made for light windows
            clear.setIcon(icon("close"))
        self.filter.textChanged.connect(self._filter)
        self.view = QListView()
        self.view.setUniformItemSizes(True)
        self.view.setLayoutMode(QListView.LayoutMode.Batched)  # all of 100,000 rows at once stall for 160 ms
        self.view.setBatchSize(5000)
        self.view.setModel(self.model)
        self.view.setItemDelegate(PhotoDelegate(thumbnails, self.view))
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setMouseTracking(True)
        self.view.selectionModel().currentChanged.connect(self._current_changed)
        self.view.verticalScrollBar().rangeChanged.connect(self._bring_into_view)
        thumbnails.arrived.connect(lambda _path: self.view.viewport().update())
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 8, 0)
        head.addWidget(self._heading, 1)
        head.addWidget(self._count)
        find = QHBoxLayout()
        find.setContentsMargins(8, 0, 8, 4)
        find.addWidget(self.filter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addLayout(find)
        layout.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.view, 1)
        self.retranslate()

    def show_rows(
        self, rows: Sequence[ImageRow], title: str | None = None, notes: dict[int, str] | None = None, choose: int = -1
    ) -> None:
        """``title`` names a folder or a patient (None: the workspace); ``choose``: the id to open, else the first."""
        self._title = title
        self.filter.blockSignals(True)
        self.filter.clear()
        self.filter.blockSignals(False)
        self.model.set_filter("")
        self.model.set_rows(rows, notes)
        self.retranslate()
        index = self.model.index_of(choose)
        self._unseen = True
        self.view.setCurrentIndex(index if index.isValid() else self.model.index(0))
        self._bring_into_view()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A list that became shorter still shows the whole of the chosen photo."""
        super().resizeEvent(event)
        self.view.scrollTo(self.view.currentIndex())

    def _bring_into_view(self) -> None:
        """The chosen photo may stand further down than the list has been laid out yet."""
        if self._unseen and self.view.visualRect(self.view.currentIndex()).isValid():
            self._unseen = False
            self.view.scrollTo(self.view.currentIndex())

    def current(self) -> ImageRow | None:
        return self.model.row_of(self.view.currentIndex())

    def go_to(self, image_id: int) -> bool:
        """Choose this photo; False if the list does not show it."""
        index = self.model.index_of(image_id)
        if index.isValid():
            self.view.setCurrentIndex(index)
        return index.isValid()

    def step(self, by: int) -> None:
        """The next or previous photo; stays at the ends."""
        index = self.view.currentIndex()
        wanted = self.model.index((index.row() if index.isValid() else -1) + by)
        if wanted.isValid():
            self.view.setCurrentIndex(wanted)

    def _filter(self, words: str) -> None:
        row = self.current()
        self.model.set_filter(words)
        if row is not None and (index := self.model.index_of(row.id)).isValid():
            self.view.selectionModel().blockSignals(True)
            self.view.setCurrentIndex(index)
            self.view.selectionModel().blockSignals(False)
        self.retranslate()

    def _current_changed(self, index: QModelIndex) -> None:
        row = self.model.row_of(index)
        if row is not None:
            self.chosen.emit(row)

    def retranslate(self) -> None:
        self._heading.setText(self._title or text("photos.all"))
        self._heading.setToolTip(self._title or "")
        shown, total = self.model.rowCount(), self.model.total
        self._count.setText(f"{total:,}" if shown == total else f"{shown:,} / {total:,}")
        self.filter.setPlaceholderText(text("photos.filter"))
        self.filter.setAccessibleName(text("photos.filter"))
        self.back.setText(text("photos.show_all"))
        self.back.setVisible(self._title is not None)
        self.view.setAccessibleName(text("photos.all"))
        self.view.viewport().update()
