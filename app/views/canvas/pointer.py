"""The mouse on the canvas: which gesture a press begins, and what it asks for at its end."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QEnterEvent, QMouseEvent
from PySide6.QtWidgets import QMenu, QWidget

from app.annotation.hit_testing import Handle, Hit, hit
from app.common.geometry import Box
from app.common.words import text
from app.views.canvas.gestures import HELD, Gesture, Kind
from app.views.canvas.scene_view import GhostIs, SceneView

REACH = 7.0  # widget pixels in which a handle or a line is felt

_SHAPE = Qt.CursorShape
_CURSORS: dict[Handle, Qt.CursorShape] = {
    "nw": _SHAPE.SizeFDiagCursor, "se": _SHAPE.SizeFDiagCursor, "ne": _SHAPE.SizeBDiagCursor,
    "sw": _SHAPE.SizeBDiagCursor, "n": _SHAPE.SizeVerCursor, "s": _SHAPE.SizeVerCursor,
    "e": _SHAPE.SizeHorCursor, "w": _SHAPE.SizeHorCursor,
}  # fmt: skip
_GHOSTS: dict[Kind, GhostIs] = {"copy": "copy", "draw": "new"}


class PointerView(SceneView):
    """Subclasses say what may be edited and carry out what a gesture asks for."""

    mode_changed = Signal(bool)  # True while the next drag draws
    context_menu_wanted = Signal(str, object)  # id or "", QPoint (global)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._gesture: Gesture | None = None
        self._drawing = False
        self._draw_then = False  # as soon as there is something to draw on
        self._square = False
        self._draw_many = False
        self._control = False
        self._read_only = False
        self.drop_menu = QMenu(self)
        self.drop_menu.aboutToHide.connect(self.forget_gesture)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    # -- for subclasses ----------------------------------------------------------------------------------------------

    def can_edit(self) -> bool:
        raise NotImplementedError

    def add_box(self, box: Box) -> None:
        raise NotImplementedError

    def change_box(self, id_: str, box: Box, moved: bool, still: bool = True) -> None:
        raise NotImplementedError

    def copy_box(self, id_: str, box: Box) -> None:
        raise NotImplementedError

    def accept_selected(self) -> None:
        raise NotImplementedError

    # -- modes -------------------------------------------------------------------------------------------------------

    def set_read_only(self, read_only: bool) -> None:
        """Nothing can be changed, a gesture under way comes to nothing; drawing that is begun then waits."""
        self._read_only = read_only
        if read_only:
            self.forget_gesture()
            self.stop_drawing()
        elif self._draw_then:
            self._draw_then = False
            self.start_drawing()

    def drawing(self) -> bool:
        return self._drawing

    def set_draw_many(self, many: bool) -> None:
        """Whether drawing goes on after a box, until Esc."""
        self._draw_many = many

    def draw_many(self) -> bool:
        return self._draw_many

    def start_drawing(self) -> None:
        """The next drag draws a box; then dragging moves and pans again, unless many are to be drawn."""
        if self._read_only:  # the photo is on its way
            self._draw_then = True
            self.mode_changed.emit(True)
        elif self.can_edit() and not self._drawing:
            self._drawing = self._aiming = True
            self.setCursor(_SHAPE.CrossCursor)
            self.mode_changed.emit(True)
            self.update()
        else:
            self.mode_changed.emit(self._drawing)  # the key that asked for it is no switch

    def stop_drawing(self) -> None:
        if self._drawing or self._draw_then:
            self._drawing = self._aiming = self._draw_then = False
            self.unsetCursor()
            self.mode_changed.emit(False)
            self.update()

    def set_square(self, square: bool) -> None:
        """Whether boxes are squares; Ctrl turns it round while it is held."""
        self._square = square

    def square(self) -> bool:
        return self._square

    def cancel(self) -> None:
        """One step out: of the gesture, of drawing, of the selection."""
        if self._gesture:
            self.forget_gesture()
        elif self._drawing or self._draw_then:
            self.stop_drawing()
        else:
            self.select("")

    def forget_gesture(self) -> None:
        """The gesture under way comes to nothing."""
        self._gesture = None
        self._ghost = None
        self._ghost_is = "moved"
        self._measure()
        self.update()

    def finish(self) -> None:
        """Enter: ends a gesture where it is; else accepts the selected suggestion."""
        if self._gesture:
            self._end(QPoint())
        else:
            self.accept_selected()

    # -- gestures ----------------------------------------------------------------------------------------------------

    def _begin(self, kind: Kind, at: QPointF, on: Hit | None = None) -> None:
        now = self.to_photo(at)
        box = self.scene.find(on.id) if on else None
        handle = on.handle if on else None
        self._gesture = Gesture(kind, now, now, (at.x(), at.y()), on.id if on else "", box, handle)
        self._ghost_is = _GHOSTS.get(kind, "moved")

    def _carry_on(self, at: QPointF) -> None:
        gesture = self._gesture
        if gesture is None:
            return
        if gesture.kind == "pan":
            self.pan_by(at.x() - gesture.pressed[0], at.y() - gesture.pressed[1])
            far = gesture.to(gesture.now, (at.x(), at.y())).dragged
            self._gesture = replace(gesture, pressed=(at.x(), at.y()), dragged=far)
            return
        self._gesture = gesture.to(self.to_photo(at), (at.x(), at.y()))
        self._update_ghost()

    def _update_ghost(self) -> None:
        if self._gesture:
            self._ghost = self._gesture.result(self.photo_size(), self._square != self._control)
            self._measure()
            self.update()

    def _end(self, where: QPoint) -> None:
        gesture, self._gesture = self._gesture, None
        if gesture is None:
            return
        box = gesture.result(self.photo_size(), self._square != self._control)
        if gesture.kind == "copy":
            self._drop(gesture, box, where)
            return
        self.forget_gesture()
        if gesture.kind == "draw":
            if not self._draw_many:
                self.stop_drawing()
            if box:
                self.add_box(box)
        elif gesture.kind == "pan":
            if not gesture.dragged:
                self.select("")
        elif box:
            resized = gesture.kind in ("resize", "stretch")
            self.change_box(gesture.id, box, moved=not resized, still=gesture.kind not in HELD)

    def _drop(self, gesture: Gesture, box: Box | None, where: QPoint) -> None:
        """The end of a right drag asks: copy or move. A right click without a drag asks for the context menu."""
        if box is None:
            self.forget_gesture()
            self.context_menu_wanted.emit(gesture.id, where)
            return
        self.drop_menu.clear()
        self.drop_menu.addAction(text("canvas.copy_here"), lambda: self.copy_box(gesture.id, box))
        self.drop_menu.addAction(text("canvas.move_here"), lambda: self.change_box(gesture.id, box, moved=True))
        self.drop_menu.popup(where)

    # -- mouse -------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at, button = event.position(), event.button()
        self._follow_control(event.modifiers())
        if not self.has_photo() or self._gesture:
            return
        on = self._under(at)
        if button == Qt.MouseButton.MiddleButton:
            self._begin("pan", at)
        elif button == Qt.MouseButton.RightButton:
            self._press_right(at, on, event.globalPosition().toPoint())
        elif button == Qt.MouseButton.LeftButton and self._drawing:
            self._begin("draw", at)
        elif button == Qt.MouseButton.LeftButton and on:
            self.select(on.id)
            self._begin(("resize" if on.handle else "move") if self.can_edit() else "pan", at, on)
        elif button == Qt.MouseButton.LeftButton:
            self._begin("pan", at)

    def _press_right(self, at: QPointF, on: Hit | None, where: QPoint) -> None:
        if on:
            self.select(on.id)
        if on and self.can_edit():
            self._begin("copy", at, on)
        else:
            self.context_menu_wanted.emit(on.id if on else "", where)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        self._follow_control(event.modifiers())
        self._point_at(at)
        if self._gesture and self._gesture.kind not in HELD:
            self._carry_on(at)
        elif not self._drawing:
            self._hover(at)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._follow_control(event.modifiers())
        if self._gesture and self._gesture.kind not in HELD and not event.buttons():
            self._carry_on(event.position())
            self._end(event.globalPosition().toPoint())
            self._hover(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer = None
        self._hovered = ""
        self.update()
        super().leaveEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._point_at(event.position())
        super().enterEvent(event)

    def _point_at(self, at: QPointF) -> None:
        self._pointer = at
        if self._aiming or self._crosshair or self._magnifier:
            self.update()

    def _under(self, at: QPointF) -> Hit | None:
        x, y = self.to_photo(at)
        boxes = [(item.id, item.box) for item in self.scene.items]
        return hit(boxes, x, y, REACH / self.view().scale, self.selected())

    def _hover(self, at: QPointF) -> None:
        on = self._under(at) if self.has_photo() and not self._drawing else None
        if on and on.handle and self.can_edit():
            self.setCursor(_CURSORS[on.handle])
        elif on:
            self.setCursor(_SHAPE.SizeAllCursor if on.id == self.selected() else _SHAPE.PointingHandCursor)
        elif not self._drawing:
            self.unsetCursor()
        hovered = on.id if on else ""
        if hovered != self._hovered:
            self._hovered = hovered
            self.update()

    def _follow_control(self, held: Qt.KeyboardModifier) -> None:
        control = bool(held & Qt.KeyboardModifier.ControlModifier)
        if control != self._control:
            self._control = control
            self._update_ghost()
