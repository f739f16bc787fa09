"""The diseases as a list with a search: type, Enter takes. That of the selected box, or of the next one, is marked.

A foreign file's word that the list does not know stands above the others while its box is selected: it may be added.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QFocusEvent, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QLineEdit,
    QListView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.common.packs import Bilingual, Disease, Pack
from app.common.words import language, text
from app.views import keys
from app.views.actions import label_key
from app.views.icons import icon
from app.views.keys import with_key
from app.views.parts import EmptyWords
from app.views.theme import CAPTION, current

HEIGHT = 28
MOST_ROWS = 8
RING = 2
DISEASE = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


def matching(labels: Sequence[Disease], words: str) -> list[Disease]:
    """The diseases whose key, names or aliases hold ``words``, those that begin with them first; "" gives all."""
    wanted = words.strip().casefold()

    def rank(disease: Disease) -> int:
        names = [n.casefold() for n in (disease.key.replace("_", " "), disease.key, *said(disease))]
        if wanted in names:
            return 0
        if any(n.startswith(wanted) for n in names):
            return 1
        return 2 if any(wanted in n for n in names) else 3

    return sorted((d for d in labels if rank(d) < 3), key=rank) if wanted else list(labels)


def said(disease: Disease) -> tuple[str, ...]:
    """Every name of the disease."""
    return (disease.name.en, disease.name.zh, *disease.aliases)


def other_name(disease: Disease, words: str) -> str:
    """What is said beside the name: the alias that was typed, else the name in the other language."""
    wanted = words.strip().casefold()
    own = str(disease.name)
    if wanted and wanted not in own.casefold():
        found = next((n for n in said(disease) if wanted in n.casefold()), "")
        if found:
            return found
    other = disease.name.en if language() == "zh" else disease.name.zh
    return "" if other == own else other


class LabelModel(QAbstractListModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.labels: list[Disease] = []
        self.words = ""
        self.marked = ""
        self.foreign = ""  # a word that can be added to the list

    def show(self, labels: Sequence[Disease], words: str) -> None:
        first = (Disease(self.foreign, Bilingual(self.foreign, self.foreign), (), ""),) if self.foreign else ()
        self.beginResetModel()
        self.labels, self.words = matching((*first, *labels), words), words
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.labels)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        disease = self.labels[index.row()]
        if role == DISEASE:
            return disease
        if disease.key == self.foreign and role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.foreign} · {text('labels.add')}"
        if disease.key == self.foreign and role == Qt.ItemDataRole.ToolTipRole:
            return text("labels.add_tip", word=self.foreign)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return str(disease.name)
        if role == Qt.ItemDataRole.ToolTipRole:
            names = dict.fromkeys((str(disease.name), other_name(disease, "")))
            return with_key(" · ".join(filter(None, names)), label_key(disease.key))
        return None


class LabelDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        disease: Disease = index.data(DISEASE)
        model = index.model()
        assert isinstance(model, LabelModel)
        tokens = current()
        rect = QRectF(option.rect).adjusted(0.5, 1.5, -0.5, -1.5)
        state: QStyle.StateFlag = option.state
        marked = disease.key == model.marked
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = marked or bool(state & QStyle.StateFlag.State_Selected)
        if edge or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(QColor(tokens.accent), 1) if edge else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.selected if marked else tokens.hover))
            painter.drawRoundedRect(rect, 5, 5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(disease.colour or tokens.text_soft))
        painter.drawRoundedRect(QRectF(rect.left() + 8, rect.center().y() - 6, 12, 12), 3, 3)
        foreign = disease.key == model.foreign
        key = text("labels.add") if foreign else keys.written(label_key(disease.key))
        room = max(20.0, painter.fontMetrics().horizontalAdvance(key) + 4.0)
        painter.setPen(QColor(tokens.accent if foreign else tokens.text_soft))
        right = QRectF(rect.right() - 8 - room, rect.top(), room, rect.height())
        painter.drawText(right, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, key)
        painter.setPen(QColor(tokens.text))
        place = QRectF(rect.left() + 28, rect.top(), right.left() - rect.left() - 34, rect.height())
        metrics = painter.fontMetrics()
        name = metrics.elidedText(str(disease.name), Qt.TextElideMode.ElideRight, int(place.width()))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, name)
        self._paint_other(painter, place.adjusted(metrics.horizontalAdvance(name) + 8, 0, 0, 0), disease, model.words)
        painter.restore()

    def _paint_other(self, painter: QPainter, place: QRectF, disease: Disease, words: str) -> None:
        font = painter.font()
        font.setPixelSize(CAPTION)
        painter.setFont(font)
        painter.setPen(QColor(current().text_soft))
        other = other_name(disease, words)
        if painter.fontMetrics().horizontalAdvance(other) <= place.width():
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, other)


class LabelPicker(QWidget):
    """``picked`` carries a disease's key, ``add_wanted`` a word that the list does not know; ``left`` tells that the
    hand is through with searching."""

    picked = Signal(str)
    add_wanted = Signal(str)
    left = Signal()

    def __init__(self, pack: Pack) -> None:
        super().__init__()
        self._pack = pack
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.search = _Search()
        self.model = LabelModel(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(LabelDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.clicked.connect(lambda index: self._pick(self.model.labels[index.row()].key))
        self.nothing = EmptyWords(self.list, lambda: text("labels.none_found"))
        self.search.textChanged.connect(lambda _: self._search())
        self.search.stepped.connect(self._step)
        self.search.taken.connect(self._take)
        self.search.digit.connect(self._take_digit)
        self.search.left.connect(self.leave)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.search)
        layout.addWidget(self.list)
        self.set_pack(pack)

    def set_pack(self, pack: Pack) -> None:
        self._pack = pack
        self._look_up()
        self.retranslate()

    def show_label(self, key: str) -> None:
        """The disease of the selected box, or of the next one; "" for none."""
        if key != self.model.marked:
            self.model.marked = key
            if self._look_up():
                self._search()
            self.list.viewport().update()

    def _look_up(self) -> bool:
        """Whether it is a word of somebody else's; gives whether that is news."""
        marked, before = self.model.marked, self.model.foreign
        self.model.foreign = marked if marked and self._pack.resolve(marked) is None else ""
        rows = len(self._pack.labels) + bool(self.model.foreign)
        self.list.setFixedHeight(HEIGHT * min(rows, MOST_ROWS) + 2 * RING)
        return self.model.foreign != before

    def begin(self) -> None:
        """The hand goes to the search."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def leave(self) -> None:
        self.search.clear()
        self.left.emit()

    def _pick(self, key: str) -> None:
        (self.add_wanted if key == self.model.foreign else self.picked).emit(key)
        self.leave()

    def _search(self) -> None:
        self.model.show(self._pack.labels, self.search.text())
        if self.search.text().strip() and self.model.labels:
            self._point(0)
        else:
            self.list.clearSelection()
        self.search.setProperty("trouble", not self.model.labels)
        self.search.style().polish(self.search)

    def _point(self, row: int) -> None:
        self.list.setCurrentIndex(self.model.index(row))

    def _step(self, by: int) -> None:
        rows = len(self.model.labels)
        if rows:
            chosen = self.list.selectionModel().selectedIndexes()
            self._point((chosen[0].row() + by) % rows if chosen else (0 if by > 0 else rows - 1))

    def _take(self) -> None:
        chosen = self.list.selectionModel().selectedIndexes()
        if chosen:
            self._pick(self.model.labels[chosen[0].row()].key)

    def _take_digit(self, digit: str) -> None:
        holder = keys.present().holder(digit) or ""
        key = next((d.key for d in self._pack.labels if label_key(d.key) == holder), "")
        if key:
            self._pick(key)

    def retranslate(self) -> None:
        self.search.setPlaceholderText(with_key(text("labels.find"), "name"))
        self.search.setToolTip(with_key(text("labels.find_tip"), "name"))
        self.search.setAccessibleName(text("labels.find_tip"))
        self.list.setAccessibleName(text("annotate.diseases"))
        self._search()


class _Search(QLineEdit):
    """Arrows move in the list, Enter takes, Esc leaves; a digit in the empty field is a disease's key."""

    stepped = Signal(int)
    taken = Signal()
    digit = Signal(str)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setClearButtonEnabled(True)
        for clear in self.findChildren(QAction):
            clear.setIcon(icon("close"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.stepped.emit(1 if key == Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.taken.emit()
        elif key == Qt.Key.Key_Escape:
            self.left.emit()
        elif not self.text() and event.text().isdigit():
            self.digit.emit(event.text())
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() == Qt.FocusReason.MouseFocusReason:
            self.clear()
