"""How one photo with its truth and its answer is painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.common.words import percent, text
from app.views.icons import paint_icon
from app.views.theme import CAPTION, GROUND, ON_GROUND, ON_GROUND_SOFT, current, ui_font
from app.views.thumbnails import Thumbnails
from app.views.training.desk import Answer
from app.views.training.words import class_word, mistake_words

if TYPE_CHECKING:
    from app.views.training.samples import Index, Names, Samples

CELL_WIDTH, PHOTO, FOOT = 172, 124, 42
ROW = Qt.ItemDataRole.UserRole
FOUND = "#2F8FE0"


class AnswerPainter(QStyledItemDelegate):
    def __init__(self, thumbnails: Thumbnails, view: Samples) -> None:
        super().__init__(view)
        self._thumbnails = thumbnails
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(CELL_WIDTH, PHOTO + FOOT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        answer: Answer = index.data(ROW)
        tokens, cell = current(), QRect(option.rect)
        photo = QRect(cell.left(), cell.top(), cell.width(), PHOTO)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(photo, QColor(GROUND))
        self._paint_photo(painter, answer, photo)
        painter.setFont(ui_font(CAPTION))
        foot = QRect(cell.left(), photo.bottom() + 4, cell.width(), FOOT - 6)
        _paint_words(painter, answer, self._view.model_.names, foot)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(cell.adjusted(1, 1, -1, -1))
        painter.restore()

    def _paint_photo(self, painter: QPainter, answer: Answer, room: QRect) -> None:
        picture = self._thumbnails.get(answer.path)
        if picture is None:
            if self._thumbnails.is_broken(answer.path):
                middle = room.center()
                paint_icon(painter, "warn", QRectF(middle.x() - 10, middle.y() - 10, 20, 20), ON_GROUND_SOFT)
            return
        size = picture.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(0, 0, size.width(), size.height())
        place.moveCenter(room.center())
        painter.drawPixmap(place, picture)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for box in answer.boxes:
            truth = box.score is None
            pen = QPen(QColor(ON_GROUND if truth else FOUND), 1.5)
            pen.setStyle(Qt.PenStyle.DashLine if truth else Qt.PenStyle.SolidLine)
            painter.setPen(pen)
            left, top = place.left() + box.x0 * place.width(), place.top() + box.y0 * place.height()
            painter.drawRect(QRectF(left, top, (box.x1 - box.x0) * place.width(), (box.y1 - box.y0) * place.height()))


def _paint_words(painter: QPainter, answer: Answer, names: Names, foot: QRect) -> None:
    """The mark, the truth; below it the answer where it is another, with how sure it is."""
    tokens, metrics = current(), QFontMetrics(painter.font())
    if answer.mistake:
        lines = [mistake_words(answer.mistake), class_word(names, answer.truth or answer.top[0][0])]
        lines[1] += f" → {class_word(names, answer.top[0][0])}" if answer.mistake == "misnamed" else ""
    elif answer.truth:
        lines = [class_word(names, answer.truth)]
        lines += [] if answer.right or not answer.top else [f"→ {class_word(names, answer.top[0][0])}"]
    else:
        true, found = (sum((b.score is None) is wanted for b in answer.boxes) for wanted in (True, False))
        lines = [text("train.boxes_true", n=true), text("train.boxes_found", n=found)]
    colour = tokens.good if answer.right else tokens.danger
    spot = QRectF(foot.left() + 2, foot.top() + 1, 14, 14)
    paint_icon(painter, "check" if answer.right else "close", spot, colour)
    sure = percent(answer.top[0][1]) if answer.top else ""
    for number, words in enumerate(lines):
        line = QRectF(foot.left() + 20, foot.top() + 17 * number, foot.width() - 24, 16)
        last = number == len(lines) - 1
        room = line.width() - (metrics.horizontalAdvance(sure) + 8 if last else 0)
        painter.setPen(QColor(tokens.text if number == 0 else tokens.text_soft))
        shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, int(room))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, shown)
        if last:
            painter.setPen(QColor(tokens.text_soft))
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, sure)
