"""Keys on the canvas: arrows push or stretch the selected box or pan, Enter finishes, Esc steps out."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent

from app.views.canvas.gestures import HELD, Gesture, Kind
from app.views.canvas.pointer import PointerView

_FAST = 10  # photo pixels of an arrow key with Shift; 1 without; with Ctrl the box grows or shrinks
_SCROLL = 48  # widget pixels of an arrow key with nothing selected
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
}  # fmt: skip
_KEYBOARD = {
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
}


class KeyView(PointerView):
    """The canvas with its own keys; all others are the window's."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Control:
            self._follow_control(Qt.KeyboardModifier.ControlModifier)
        elif key == Qt.Key.Key_Escape:
            self.cancel()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.finish()
        elif key in _ARROWS:
            self._press_arrow(*_ARROWS[key], event.modifiers())
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Control:
            self._follow_control(Qt.KeyboardModifier.NoModifier)
        elif event.key() in _ARROWS and not event.isAutoRepeat() and self._gesture and self._gesture.kind in HELD:
            self._end(QPoint())
        else:
            super().keyReleaseEvent(event)

    def _press_arrow(self, dx: int, dy: int, held: Qt.KeyboardModifier) -> None:
        """Holding an arrow is one gesture, and one step of undo."""
        box = self.scene.find(self.selected())
        stretch = bool(held & Qt.KeyboardModifier.ControlModifier)
        if box is None or not self.can_edit():
            if not stretch:
                self.pan_by(-dx * _SCROLL, -dy * _SCROLL)
            return
        kind: Kind = "stretch" if stretch else "nudge"
        if self._gesture and self._gesture.kind in HELD and self._gesture.kind != kind:
            self._end(QPoint())
            box = self.scene.find(self.selected()) or box
        if self._gesture is None:
            start = box.centre
            self._gesture = Gesture(kind, start, start, (0, 0), self.selected(), box, dragged=True)
        if self._gesture.kind == kind:
            step = _FAST if held & Qt.KeyboardModifier.ShiftModifier else 1
            x, y = self._gesture.now
            self._gesture = replace(self._gesture, now=(x + dx * step, y + dy * step))
            self._update_ghost()

    # -- focus -------------------------------------------------------------------------------------------------------

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._focus_ring = event.reason() in _KEYBOARD
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._focus_ring = False
        if self._gesture and self._gesture.kind in HELD:
            self._end(QPoint())
        self.update()
        super().focusOutEvent(event)
