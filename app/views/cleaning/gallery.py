"""What a check has caught as thumbnails, the worst first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QObject, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.cleaning.records import QueueRow
from app.common.words import text
from app.views.cleaning.gallery_model import ROW, GalleryModel, Index, Key
from app.views.icons import paint_icon
from app.views.parts import EmptyWords
from app.views.theme import CAPTION, GROUND, ON_GROUND, ON_GROUND_SOFT, current
from app.views.thumbnails import Thumbnails

CELL_WIDTH, CELL_HEIGHT, FOOT = 112, 110, 22


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
