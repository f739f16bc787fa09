"""The lesions of the photo: number in the disease's colour, name, probability, and whether a person has said yes.

A suggestion under the pointer, or selected, shows a tick and a cross: one press accepts or refuses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QListView, QSizePolicy, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.common.packs import Pack
from app.common.words import percent, text
from app.views.icons import paint_icon
from app.views.theme import current
from app.views.workbench.reading import Lesion, known, name_of

HEIGHT = 32
FEWEST_ROWS, MOST_ROWS = 3, 24
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
        new, old = tuple(lesions), self.lesions
        if new is old:
            return
        if len(new) != len(old):
            self.beginResetModel()
            self.lesions = new
            self.endResetModel()
            return
        self.lesions = new
        for row in (n for n, lesion in enumerate(new) if lesion != old[n]):
            self.dataChanged.emit(self.index(row), self.index(row))

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
    if lesion.flat:
        return text("lesions.flat")
    if lesion.state == "suggested":
        return text("lesions.suggested")
    return text("lesions.accepted") if lesion.state == "accepted" else text("lesions.drawn")


def _marks(rect: QRect) -> tuple[QRectF, QRectF]:
    """Where the tick and the cross of a suggestion stand."""
    middle = rect.center().y()
    return QRectF(rect.right() - 50, middle - 9, 20, 20), QRectF(rect.right() - 26, middle - 9, 20, 20)


class LesionDelegate(QStyledItemDelegate):
    """``answered``: a suggestion's id, and whether it was accepted."""

    answered = Signal(str, bool)

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        lesion: Lesion = index.data(LESION)
        if event.type() == QEvent.Type.MouseButtonRelease and lesion.state == "suggested":
            assert isinstance(event, QMouseEvent)
            rect: QRect = option.rect
            for mark, accepted in zip(_marks(rect), (True, False), strict=True):
                if mark.contains(event.position()):
                    self.answered.emit(lesion.id, accepted)
                    return True
        return super().editorEvent(event, model, option, index)

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
        right = rect.right() - 32
        asked = lesion.state == "suggested" and bool(
            state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver)
        )
        mark = QRectF(rect.right() - 24, rect.center().y() - 8, 16, 16)
        if asked:
            tick, cross = _marks(rect)
            paint_icon(painter, "check", tick.adjusted(1, 1, -1, -1), tokens.good)
            paint_icon(painter, "close", cross.adjusted(2, 2, -2, -2), tokens.text)
            right = int(tick.left()) - 4
        elif lesion.flat:
            paint_icon(painter, "warn", mark, tokens.warning)
        elif lesion.state == "accepted":
            paint_icon(painter, "check", mark, tokens.good)
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
    """As high as its rows where there is room; where not it scrolls, rather than push out of sight what is below.

    ``chosen`` carries the id; ``answered`` too, and the answer.
    """

    chosen = Signal(str)
    answered = Signal(str, bool)  # accepted

    def __init__(self, pack: Pack, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lesions = LesionModel(pack, self)
        self.setModel(self.lesions)
        delegate = LesionDelegate(self)
        delegate.answered.connect(self.answered)
        self.setItemDelegate(delegate)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.selectionModel().currentChanged.connect(self._current_changed)
        self.retranslate()

    def set_pack(self, pack: Pack) -> None:
        self.lesions.pack = pack
        self.viewport().update()

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
        self._make_room(len(lesions))
        self.setVisible(bool(lesions))
        self.viewport().update()

    def _make_room(self, rows: int) -> None:
        low, high = (HEIGHT * min(rows, most) + 2 * RING for most in (FEWEST_ROWS, MOST_ROWS))
        if (low, high) != (self.minimumHeight(), self.maximumHeight()):
            self.setMinimumHeight(low)
            self.setMaximumHeight(high)
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.minimumHeight())

    def _current_changed(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.lesions.lesions[index.row()].id)

    def retranslate(self) -> None:
        self.setAccessibleName(text("lesions.heading"))
        self.viewport().update()
