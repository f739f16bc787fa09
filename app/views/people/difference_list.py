"""What differs between two sides, one row each: what it is, and what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.common.packs import Pack
from app.common.words import text
from app.datasets.settling import Difference, Settling, Verdict
from app.views.icons import paint_icon
from app.views.theme import CAPTION, current

HEIGHT = 50
ROW = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class DifferenceModel(QAbstractListModel):
    def __init__(self, pack: Pack, parent: QObject) -> None:
        super().__init__(parent)
        self._pack = pack
        self._names = ("", "")
        self.rows: tuple[tuple[Difference, Verdict], ...] = ()

    def show(self, settling: Settling, names: tuple[str, str]) -> None:
        new = tuple(zip(settling.differences, settling.verdicts, strict=True))
        same = len(new) == len(self.rows)
        self._names = names
        if same:
            self.rows = new
            self.dataChanged.emit(self.index(0), self.index(len(new) - 1))
        else:
            self.beginResetModel()
            self.rows = new
            self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == ROW:
            return self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return " · ".join((*self.words(index.row()), self.verdict(index.row())))
        return None

    def words(self, row: int) -> tuple[str, str]:
        """What differs, and how, each in one line."""
        one = self.rows[row][0]
        left, right = (self._name(a.label) if a else "" for a in (one.left, one.right))
        if one.kind == "only_left":
            return text("settle.only", person=self._names[0]), left
        if one.kind == "only_right":
            return text("settle.only", person=self._names[1]), right
        if one.kind == "label":
            return text("settle.label"), text("settle.against", left=left, right=right)
        return text("settle.place"), left

    def verdict(self, row: int) -> str:
        said = {
            "left": self._names[0],
            "right": self._names[1],
            "both": text("settle.both_taken"),
            "none": text("settle.none_taken"),
            "edited": text("settle.edited"),
        }
        return said.get(self.rows[row][1], text("settle.open"))

    def _name(self, label: str) -> str:
        known = self._pack.resolve(label) if label else None
        return str(self._pack.disease(known).name) if known else label or text("lesions.unlabelled")


class DifferenceDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, DifferenceModel)
        tokens = current()
        rect: QRect = option.rect.adjusted(2, 1, -2, -1)
        state: QStyle.StateFlag = option.state
        decided = bool(model.rows[index.row()][1])
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            selected = bool(state & QStyle.StateFlag.State_Selected)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.selected if selected else tokens.hover))
            painter.drawRoundedRect(rect, 6, 6)
        mark = QRectF(rect.left() + 8, rect.center().y() - 8, 16, 16)
        paint_icon(painter, "check" if decided else "doubt", mark, tokens.good if decided else tokens.warning)
        head, line = model.words(index.row())
        room = QRect(rect.left() + 32, rect.top() + 5, rect.width() - 40, 20)
        painter.setPen(QColor(tokens.text))
        shown = painter.fontMetrics().elidedText(head, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, shown)
        font = QFont(painter.font())
        font.setPixelSize(CAPTION)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text_soft))
        below = room.translated(0, 20)
        verdict = model.verdict(index.row())
        taken = painter.fontMetrics().horizontalAdvance(verdict) + 8
        words = painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, max(0, below.width() - taken))
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, words)
        painter.setPen(QColor(tokens.text if decided else tokens.text_soft))
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, verdict)
        painter.restore()


class DifferenceList(QListView):
    def __init__(self, pack: Pack) -> None:
        super().__init__()
        self.differences = DifferenceModel(pack, self)
        self.setModel(self.differences)
        self.setItemDelegate(DifferenceDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.retranslate()

    def show_settling(self, settling: Settling, names: tuple[str, str]) -> None:
        at = self.currentIndex().row()
        self.differences.show(settling, names)
        self.choose(at)

    def choose(self, row: int) -> None:
        if 0 <= row < self.differences.rowCount():
            self.setCurrentIndex(self.differences.index(row))

    def next_open(self) -> int:
        """The next difference that nobody has decided, from the chosen one on; -1 when there is none."""
        rows: Sequence[tuple[Difference, Verdict]] = self.differences.rows
        start = max(self.currentIndex().row(), 0)
        order = [*range(start, len(rows)), *range(start)]
        return next((n for n in order if not rows[n][1]), -1)

    def retranslate(self) -> None:
        self.setAccessibleName(text("settle.differences"))
        self.viewport().update()
