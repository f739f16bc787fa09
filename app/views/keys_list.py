"""The table of keys as a list: press a key, then the new one. Painted rows, as sixty of widgets open too slowly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPen,
)
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip

from app.common.words import text
from app.views.actions import PORTABLE
from app.views.icons import paint_icon
from app.views.keys import Keys, native
from app.views.theme import current

HEIGHT, HEADING = 32, 36
ROW = Qt.ItemDataRole.UserRole
ADD, RESET = "+", "reset"  # what is no key
_MODIFIERS = {Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr}
Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


@dataclass(frozen=True, slots=True)
class Row:
    """An action with its keys; a heading has no action."""

    words: str
    action: str = ""
    keys: Keys = ()
    changed: bool = False

    @property
    def said(self) -> str:
        return " ".join([self.words, *map(native, self.keys)])


class KeysModel(QAbstractListModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[Row, ...] = ()

    def show(self, rows: tuple[Row, ...]) -> None:
        if len(rows) == len(self.rows):
            self.rows = rows
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def row_of(self, action: str) -> QModelIndex:
        return next((self.index(n) for n, row in enumerate(self.rows) if row.action == action), QModelIndex())

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        heading = index.isValid() and not self.rows[index.row()].action
        return Qt.ItemFlag.NoItemFlags if heading else super().flags(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role == ROW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.said
        return None


class _Delegate(QStyledItemDelegate):
    def __init__(self, keys: KeysList) -> None:
        super().__init__(keys)
        self._list = keys

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, HEIGHT if index.data(ROW).action else HEADING)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: Row = index.data(ROW)
        tokens = current()
        rect = QRectF(option.rect)
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(tokens.text))
        if not row.action:
            font = QFont(painter.font())
            font.setBold(True)
            painter.setFont(font)
            painter.drawText(rect.adjusted(8, 10, 0, 0), Qt.AlignmentFlag.AlignVCenter, row.words)
            painter.restore()
            return
        if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            selected = bool(state & QStyle.StateFlag.State_Selected)
            painter.setBrush(QColor(tokens.selected if selected else tokens.hover))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawRoundedRect(rect.adjusted(0, 1, 0, -1), 6, 6)
        caps = self._list.caps(row, rect)
        for what, place in caps.items():
            self._paint_cap(painter, what, place, waiting=self._list.waiting == (row.action, what))
        left = min(place.left() for place in caps.values())
        painter.setPen(QColor(tokens.text))
        place = rect.adjusted(8, 0, 0, 0)
        place.setRight(left - 8)
        name = painter.fontMetrics().elidedText(row.words, Qt.TextElideMode.ElideRight, int(place.width()))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, name)
        painter.restore()

    def _paint_cap(self, painter: QPainter, what: str, place: QRectF, *, waiting: bool) -> None:
        tokens = current()
        if what == RESET:
            paint_icon(painter, "undo", place.adjusted(4, 4, -4, -4), tokens.text_soft)
            return
        if what == ADD and not waiting:
            painter.setPen(QColor(tokens.accent_text))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "+")
            return
        painter.setPen(QPen(QColor(tokens.accent if waiting else tokens.line), 2 if waiting else 1))
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        painter.setPen(QColor(tokens.text))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text("keys.press") if waiting else native(what))


class KeysList(QListView):
    """``pressed_key`` carries (action, old key or "", new key), ``removed`` (action, key), ``reset_wanted`` an action.

    Enter waits for another key instead of the first one, Insert for one more, Delete takes the first away.
    """

    pressed_key = Signal(str, str, str)
    removed = Signal(str, str)
    reset_wanted = Signal(str)
    waiting: tuple[str, str] | None = None  # action, and the key that another one is to take the place of

    def __init__(self) -> None:
        super().__init__()
        self.rows = KeysModel(self)
        self.setModel(self.rows)
        self.setItemDelegate(_Delegate(self))
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    # -- places --------------------------------------------------------------------------------------------------
    def caps(self, row: Row, rect: QRectF) -> dict[str, QRectF]:
        """Where each key, the plus and the arrow back to the defaults stand, from right to left."""
        metrics = QFontMetrics(self.font())
        right, top = rect.right() - 34, rect.top() + 3
        found = {RESET: QRectF(right + 6, top + 1, 24, 24)} if row.changed else {}
        for what in (ADD, *reversed(row.keys)):
            waits = self.waiting == (row.action, what)
            words = text("keys.press") if waits else native(what)
            width = max(26.0, metrics.horizontalAdvance(words) + 20.0)
            found[what] = QRectF(right - width, top, width, 26)
            right -= width + 4
        return found

    def place_of(self, action: str, what: str) -> QPoint:
        """The middle of a key of this action, of its :data:`ADD` or its :data:`RESET`, brought into view."""
        index = self.rows.row_of(action)
        self.scrollTo(index)
        return self.caps(index.data(ROW), QRectF(self.visualRect(index)))[what].center().toPoint()

    def _under(self, at: QPoint) -> tuple[str, str] | None:
        index = self.indexAt(at)
        row: Row | None = index.data(ROW) if index.isValid() else None
        if row is None or not row.action:
            return None
        caps = self.caps(row, QRectF(self.visualRect(index)))
        return next(((row.action, what) for what, place in caps.items() if place.contains(at)), None)

    # -- waiting for a key ---------------------------------------------------------------------------------------
    def wait_for(self, action: str, what: str) -> None:
        self.waiting = (action, what)
        self.setFocus()
        self.viewport().update()

    def stop_waiting(self) -> None:
        self.waiting = None
        self.viewport().update()

    def event(self, event: QEvent) -> bool:
        """While it waits every key is its own, also those that Qt gives to buttons and dialogs."""
        if self.waiting and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if self.waiting and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            self._take(event, *self.waiting)
            return True
        return super().event(event)

    def _take(self, event: QKeyEvent, action: str, old: str) -> None:
        pressed = Qt.Key(event.key())
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if pressed in _MODIFIERS or pressed == Qt.Key.Key_unknown:
            return
        self.stop_waiting()
        if pressed == Qt.Key.Key_Escape and not held:
            return
        if pressed == Qt.Key.Key_Backspace and not held and old != ADD:
            self.removed.emit(action, old)
            return
        if pressed == Qt.Key.Key_Backtab:
            pressed = Qt.Key.Key_Tab
        new = QKeySequence(held.value | pressed.value).toString(PORTABLE)
        if new:
            self.pressed_key.emit(action, "" if old == ADD else old, new)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row: Row | None = self.currentIndex().data(ROW)
        first = row.keys[0] if row and row.keys else ADD
        if row and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2):
            self.wait_for(row.action, first)
        elif row and event.key() == Qt.Key.Key_Insert:
            self.wait_for(row.action, ADD)
        elif row and row.keys and event.key() == Qt.Key.Key_Delete:
            self.removed.emit(row.action, first)
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        on = self._under(event.position().toPoint())
        if on is None or event.button() != Qt.MouseButton.LeftButton:
            self.stop_waiting()
        elif on[1] == RESET:
            self.reset_wanted.emit(on[0])
        else:
            self.wait_for(*on)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        on = self._under(event.position().toPoint())
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if on else Qt.CursorShape.ArrowCursor)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            on = self._under(event.pos())
            words = {ADD: text("keys.add_tip"), RESET: text("keys.reset")}
            QToolTip.showText(event.globalPos(), words.get(on[1], text("keys.change_tip")) if on else "", self)
            return True
        return super().viewportEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.stop_waiting()
        super().focusOutEvent(event)
