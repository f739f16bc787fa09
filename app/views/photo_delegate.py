"""How one photo of the list is painted: thumbnail, name, and how far the photo is."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.common.words import text
from app.datasets.records import ImageRow
from app.views.icons import paint_icon
from app.views.photo_model import NOTE, ROW, Index
from app.views.theme import CAPTION, GROUND, current
from app.views.thumbnails import Thumbnails

ITEM_HEIGHT = 60
_THUMB_WIDTH = 64


class PhotoDelegate(QStyledItemDelegate):
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
        thumb = QRect(rect.left() + 8, rect.top() + 6, _THUMB_WIDTH, rect.height() - 12)
        self._paint_thumb(painter, row.file, thumb)
        if row.excluded:
            _paint_out(painter, thumb)
        words = QRect(thumb.right() + 8, rect.top() + 8, rect.right() - thumb.right() - 11, 20)
        painter.setPen(QColor(tokens.text))
        stem = row.name.rpartition(".")[0] or row.name
        name = painter.fontMetrics().elidedText(stem, Qt.TextElideMode.ElideMiddle, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, name)
        _paint_state(painter, row, index.data(NOTE), words.translated(0, 21))
        painter.restore()

    def _paint_thumb(self, painter: QPainter, file: str, place: QRect) -> None:
        painter.fillRect(place, QColor(GROUND))
        pixmap = self._thumbnails.get(file)
        if pixmap is not None:
            size = pixmap.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(0, 0, size.width(), size.height())
            target.moveCenter(place.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, pixmap)
        elif self._thumbnails.is_broken(file):
            mark = QRectF(0, 0, 20, 20)
            mark.moveCenter(QRectF(place).center())
            paint_icon(painter, "warn", mark, current().warning)


def _paint_out(painter: QPainter, thumb: QRect) -> None:
    """In the thumbnail's corner: the photo stays out of data sets."""
    place = QRectF(thumb.right() - 17, thumb.top() + 1, 16, 16)
    painter.fillRect(place, QColor(GROUND))
    paint_icon(painter, "exclude", place.adjusted(1, 1, -1, -1), current().warning)


def _paint_state(painter: QPainter, row: ImageRow, note: str, place: QRect) -> None:
    """A mark (sent back, verified, boxes, none) and the same in words."""
    tokens = current()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    dot = QRectF(place.left() + 1, place.center().y() - 3, 7, 7)
    if row.rejected:
        paint_icon(painter, "undo", dot.adjusted(-3, -3, 3, 3), tokens.danger)
    elif row.verified:
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
    shown = painter.fontMetrics().elidedText(note or state_words(row), Qt.TextElideMode.ElideRight, words.width())
    painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, shown)


def state_words(row: ImageRow) -> str:
    """How far it is; a phantom says that it is one in every state."""
    if row.rejected:
        return text("photos.rejected")
    if row.synthetic:
        return text("photos.synthetic_boxes", n=row.boxes) if row.boxes else text("photos.synthetic")
    return text("photos.boxes", n=row.boxes) if row.boxes else text("photos.no_boxes")
