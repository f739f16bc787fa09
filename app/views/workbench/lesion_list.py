"""The lesions of the photo: number in the disease's colour, name, probability, and whether a person has said yes."""

from __future__ import annotations

from collections.abc import Sequence
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
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.common.packs import Pack
from app.common.words import percent, text
from app.views.icons import paint_icon
from app.views.theme import current
from app.views.workbench.reading import Lesion, known, name_of

HEIGHT = 32
MOST_ROWS = 5
RING = 2  # the style sheet's room for the focus ring
LESION = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class LesionModel(QAbstractListModel):
    def __init__(self, pack: Pack, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.pack = pack
        self.lesions: tuple[Lesion, ...] = ()

    def set_lesions(self, lesions: Sequence[Lesion]) -> None:
        new = tuple(lesions)
        if len(new) != len(self.lesions):
            self.beginResetModel()
            self.lesions = new
            self.endResetModel()
        else:
            self.lesions = new
            if new:
                self.dataChanged.emit(self.index(0), self.index(len(new) - 1))

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.lesions)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        lesion = self.lesions[index.row()]
        if role == LESION:
            return lesion
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return f"{lesion.number} · {self.words(lesion)} · {_state(lesion)}"
        return None

    def words(self, lesion: Lesion) -> str:
        name = name_of(self.pack, lesion.label) if lesion.label else text("lesions.unlabelled")
        return name if lesion.share is None else f"{name} {percent(lesion.share)}"


def _state(lesion: Lesion) -> str:
    if lesion.state == "suggested":
        return text("lesions.suggested")
    return text("lesions.accepted") if lesion.state == "accepted" else text("lesions.drawn")


class LesionDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        lesion: Lesion = index.data(LESION)
        model = index.model()
        assert isinstance(model, LesionModel)
        tokens = current()
        rect: QRect = option.rect.adjusted(0, 1, 0, -1)
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.setPen(Qt.PenStyle.NoPen)
            selected = bool(state & QStyle.StateFlag.State_Selected)
            painter.setBrush(QColor(tokens.selected if selected else tokens.hover))
            painter.drawRoundedRect(rect, 6, 6)
        disease = known(model.pack, lesion.label)
        colour = QColor(disease.colour if disease else tokens.text_soft)
        badge = QRectF(rect.left() + 8, rect.center().y() - 10, 26, 21)
        painter.setPen(
            QPen(colour, 1.5, Qt.PenStyle.DashLine if lesion.state == "suggested" else Qt.PenStyle.SolidLine)
        )
        painter.setBrush(Qt.BrushStyle.NoBrush if lesion.state == "suggested" else colour)
        painter.drawRoundedRect(badge, 4, 4)
        font = QFont(painter.font())
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text if lesion.state == "suggested" else tokens.on_colour))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, str(lesion.number))
        font.setBold(False)
        painter.setFont(font)
        right = rect.right() - 8
        if lesion.state == "accepted":
            paint_icon(painter, "check", QRectF(right - 16, rect.center().y() - 8, 16, 16), tokens.good)
        right -= 24
        painter.setPen(QColor(tokens.text))
        share = "" if lesion.share is None else percent(lesion.share)
        width = painter.fontMetrics().horizontalAdvance(share)
        painter.drawText(QRectF(right - width, rect.top(), width, rect.height()), Qt.AlignmentFlag.AlignVCenter, share)
        name = name_of(model.pack, lesion.label) if lesion.label else text("lesions.unlabelled")
        place = QRectF(badge.right() + 10, rect.top(), right - width - 8 - badge.right() - 10, rect.height())
        if not lesion.label:
            painter.setPen(QColor(tokens.text_soft))
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(place.width()))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()


class LesionList(QListView):
    """As high as its rows, up to five, then it scrolls. ``chosen`` carries the id."""

    chosen = Signal(str)

    def __init__(self, pack: Pack, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lesions = LesionModel(pack, self)
        self.setModel(self.lesions)
        self.setItemDelegate(LesionDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.selectionModel().currentChanged.connect(self._current_changed)
        self.retranslate()

    def show_lesions(self, lesions: Sequence[Lesion], selected: str) -> None:
        self.selectionModel().blockSignals(True)
        self.lesions.set_lesions(lesions)
        row = next((n for n, lesion in enumerate(lesions) if lesion.id == selected), -1)
        if row < 0:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        else:
            self.setCurrentIndex(self.lesions.index(row))
            self.scrollTo(self.lesions.index(row))
        self.selectionModel().blockSignals(False)
        self.setFixedHeight(HEIGHT * min(len(lesions), MOST_ROWS) + 2 * RING)
        self.setVisible(bool(lesions))
        self.viewport().update()

    def _current_changed(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.lesions.lesions[index.row()].id)

    def retranslate(self) -> None:
        self.setAccessibleName(text("lesions.heading"))
        self.viewport().update()
