"""One photo on the neutral grey ground, what a check saw drawn on it, and perhaps a rectangle in the hand to cover."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.common.geometry import Box
from app.views.icons import paint_icon
from app.views.theme import CAPTION, GROUND, ON_GROUND, ON_GROUND_SOFT, current

EDGE = 12
HEAD = 30
LARGEST = 8.0
FIRST_MASK = 0.2
"""Share of the photo's sides that a rectangle has which is not drawn by hand."""
SLIP = 3.0  # pixels of the screen; a smaller rectangle is a slip of the hand


@dataclass(frozen=True)
class Drawn:
    """What lies on the photo, in its pixels at full scale. ``boxes``: people's, with a colour and a name each."""

    evidence: tuple[Box, ...] = ()
    masks: tuple[Box, ...] = ()
    boxes: tuple[tuple[Box, str, str], ...] = ()


class EvidenceView(QWidget):
    """``zoomed``: scale and middle, as shares of the photo, for a second view to follow; ``masked`` a Box to cover."""

    zoomed = Signal(float, QPointF)
    masked = Signal(object)
    whole_wanted = Signal()  # all pixels are needed for this zoom
    mask_left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self._image: QImage | None = None
        self._over: QImage | None = None  # laid on the photo, of the same extent
        self._size = (1, 1)
        self._drawn = Drawn()
        self._show = True
        self._zoom = 1.0  # 1: the whole photo fits
        self._middle = QPointF(0.5, 0.5)
        self._grip: QPointF | None = None
        self._mask: Box | None = None
        self._from: QPointF | None = None
        self._nothing: Callable[[], str] = lambda: ""
        self._head: Callable[[], tuple[str, str, bool]] | None = None

    # -- what is shown -------------------------------------------------------------------------------------------
    def clear(self, say: Callable[[], str] = lambda: "") -> None:
        """No photo; ``say``: why."""
        self._image = self._over = None
        self._nothing = say
        self.leave_mask()
        self.update()

    def show_photo(self, image: QImage, size: tuple[int, int]) -> None:
        """``size``: of the upright photo at full scale; whole again, nothing laid over it."""
        self._image, self._size, self._over = image, size, None
        self._zoom, self._middle = 1.0, QPointF(0.5, 0.5)
        self.update()

    def improve_photo(self, image: QImage) -> None:
        """The same photo with more pixels."""
        if self._image is not None and image.width() > self._image.width():
            self._image = image
            self.update()

    def draw(self, drawn: Drawn) -> None:
        self._drawn = drawn
        self.update()

    def lay_over(self, image: QImage | None) -> None:
        """Show ``image`` in the photo's place, in its own shape."""
        self._over = image
        self.update()

    def set_head(self, say: Callable[[], tuple[str, str, bool]] | None) -> None:
        """Name, what is to be said of it, and whether it is the one that stays; None: no line above the photo."""
        self._head = say
        self.update()

    def show_evidence(self, show: bool) -> None:
        self._show = show
        self.update()

    @property
    def has_photo(self) -> bool:
        return self._image is not None

    # -- looking closer ------------------------------------------------------------------------------------------
    def toggle_actual(self) -> None:
        """Between the whole photo and its own pixels, there where the evidence is."""
        if self._image is None:
            return
        if self._zoom > 1.0:
            self._look(1.0, QPointF(0.5, 0.5))
            return
        actual = 1.0 / max(self._fit_scale(), 1e-9) / self.devicePixelRatioF()
        boxes = self._drawn.evidence or tuple(b for b, _, _ in self._drawn.boxes)
        x, y = boxes[0].centre if boxes else (self._size[0] / 2, self._size[1] / 2)
        self._look(max(actual, 1.5), QPointF(x / self._size[0], y / self._size[1]))

    def zoom_by(self, factor: float) -> None:
        self._look(self._zoom * factor, self._middle)

    def pan(self, dx: float, dy: float) -> None:
        """By shares of what is in sight."""
        self._look(self._zoom, self._middle + QPointF(dx / self._zoom, dy / self._zoom))

    def follow(self, zoom: float, middle: QPointF) -> None:
        """As another view of the same thing."""
        self._zoom, self._middle = zoom, QPointF(middle)
        self.update()

    def _look(self, zoom: float, middle: QPointF) -> None:
        self._zoom = min(max(zoom, 1.0), max(LARGEST, 2.0 / max(self._fit_scale(), 1e-9)))
        reach = 0.5 / self._zoom
        self._middle = QPointF(*(min(max(v, reach), 1 - reach) for v in (middle.x(), middle.y())))
        if self._image is not None and self._image.width() < self._size[0] and self._zoom > 1.2:
            self.whole_wanted.emit()
        self.zoomed.emit(self._zoom, self._middle)
        self.update()

    # -- places --------------------------------------------------------------------------------------------------
    def _room(self) -> QRectF:
        head = HEAD if self._head is not None else 0
        return QRectF(self.rect()).adjusted(EDGE, EDGE + head, -EDGE, -EDGE)

    def _extent(self) -> tuple[int, int]:
        """What lies over the photo has a shape of its own: that of the photo that it was laid on."""
        return self._size if self._over is None else (self._over.width(), self._over.height())

    def _fit_scale(self) -> float:
        room = self._room()
        width, height = self._extent()
        return min(room.width() / width, room.height() / height, LARGEST)

    def _place(self) -> QRectF:
        """Where the whole photo lies, parts of it perhaps out of sight."""
        scale = self._fit_scale() * self._zoom
        width, height = (side * scale for side in self._extent())
        centre = self._room().center()
        if self._zoom <= 1.0:
            return QRectF(centre.x() - width / 2, centre.y() - height / 2, width, height)
        return QRectF(centre.x() - self._middle.x() * width, centre.y() - self._middle.y() * height, width, height)

    def rect_of(self, box: Box) -> QRectF:
        """A box of the photo in this widget."""
        place = self._place()
        scale = place.width() / self._size[0]
        return QRectF(
            place.left() + box.x0 * scale, place.top() + box.y0 * scale, box.width * scale, box.height * scale
        )

    def _point(self, at: QPointF) -> QPointF:
        place = self._place()
        scale = place.width() / self._size[0]
        return QPointF((at.x() - place.left()) / scale, (at.y() - place.top()) / scale)

    # -- a rectangle to be covered -------------------------------------------------------------------------------
    @property
    def masking(self) -> bool:
        return self._mask is not None

    def begin_mask(self) -> None:
        """A rectangle in the hand: drag one, or move it by arrows (Shift: its size), Enter takes it, Esc leaves it."""
        if self._image is None:
            return
        width, height = self._size
        first = self._drawn.evidence[0] if self._drawn.evidence else None
        side_x, side_y = width * FIRST_MASK, height * FIRST_MASK
        middle = Box((width - side_x) / 2, (height - side_y) / 2, (width + side_x) / 2, (height + side_y) / 2)
        self._mask = first or middle
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocus()
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.update()

    def leave_mask(self) -> None:
        if self._mask is None:
            return
        self._mask = self._from = None
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.unsetCursor()
        self.update()
        self.mask_left.emit()

    def _take_mask(self) -> None:
        mask = self._mask
        self.leave_mask()
        if mask is not None:
            self.masked.emit(mask.clipped(*self._size))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        arrows = {
            Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
        }  # fmt: skip
        way = arrows.get(Qt.Key(event.key()))
        if self._mask is None:
            super().keyPressEvent(event)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take_mask()
        elif event.key() == Qt.Key.Key_Escape:
            self.leave_mask()
        elif way is not None:
            self._nudge_mask(way, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        else:
            super().keyPressEvent(event)

    def _nudge_mask(self, way: tuple[int, int], size: bool) -> None:
        assert self._mask is not None
        step = max(self._size) / 50
        dx, dy = way[0] * step, way[1] * step
        m = self._mask
        if size:
            m = Box(m.x0, m.y0, max(m.x0 + step, m.x1 + dx), max(m.y0 + step, m.y1 + dy)).clipped(*self._size)
        else:
            dx = min(max(dx, -m.x0), self._size[0] - m.x1)
            dy = min(max(dy, -m.y0), self._size[1] - m.y1)
            m = m.moved(dx, dy)
        self._mask = m
        self.update()

    # -- the mouse -----------------------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._image is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if self._mask is not None:
            self._from = event.position()
        else:
            self._grip = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._from is not None:
            a, b = self._point(self._from), self._point(at)
            xs, ys = sorted((a.x(), b.x())), sorted((a.y(), b.y()))
            self._mask = Box(xs[0], ys[0], xs[1], ys[1]).clipped(*self._size)
            self.update()
        elif self._grip is not None and self._zoom > 1.0:
            moved, place = at - self._grip, self._place()
            self._grip = at
            self._look(self._zoom, self._middle - QPointF(moved.x() / place.width(), moved.y() / place.height()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None
        if self._from is None:
            return
        slip = (event.position() - self._from).manhattanLength() < SLIP
        self._from = None
        if not slip and self._mask is not None and not self._mask.is_empty:
            self._take_mask()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._mask is None:
            self.toggle_actual()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._image is not None:
            self.zoom_by(1.25 ** (event.angleDelta().y() / 120))
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.update()

    # -- painting ------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(GROUND))
        if self._head is not None:
            self._paint_head(painter, *self._head())
        if self._image is None:
            painter.setPen(QColor(ON_GROUND_SOFT))
            wrap = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self._room(), int(wrap), self._nothing())
            return
        painter.setClipRect(self._room().adjusted(-EDGE, 0, EDGE, EDGE))
        smooth = self._place().width() < 2 * self._extent()[0]
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(self._place(), self._over or self._image)
        if self._show and self._over is None:
            self._paint_drawn(painter)
        if self._mask is not None:
            self._paint_mask(painter, self._mask, in_hand=True)

    def _paint_head(self, painter: QPainter, name: str, note: str, best: bool) -> None:
        place = QRectF(EDGE, 4, self.width() - 2 * EDGE, HEAD)
        if best:
            paint_icon(painter, "verified", QRectF(place.left(), place.center().y() - 8, 16, 16), current().good)
            place.adjust(22, 0, 0, 0)
        metrics = painter.fontMetrics()
        room = min(metrics.horizontalAdvance(note) + 4, int(place.width() * 0.7))
        painter.setPen(QColor(ON_GROUND if best else ON_GROUND_SOFT))
        note_place = QRectF(place)
        note_place.setLeft(place.right() - room)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(note_place, right, metrics.elidedText(note, Qt.TextElideMode.ElideRight, room))
        painter.setPen(QColor(ON_GROUND))
        place.setRight(note_place.left() - 8)
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, int(place.width()))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_drawn(self, painter: QPainter) -> None:
        for box, colour, name in self._drawn.boxes:
            self._paint_line(painter, box, QColor(colour), 1.5)
            self._paint_tag(painter, box, name, colour)
        for mask in self._drawn.masks:
            self._paint_mask(painter, mask, in_hand=False)
        for n, box in enumerate(self._drawn.evidence):
            self._paint_line(painter, box, QColor(current().warning), 2.5 if n == 0 else 1.5)

    def _paint_line(self, painter: QPainter, box: Box, colour: QColor, width: float) -> None:
        """With a dark edge outside, so that it shows on every skin."""
        rect = self.rect_of(box)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 150), width + 2))
        painter.drawRect(rect)
        painter.setPen(QPen(colour, width))
        painter.drawRect(rect)

    def _paint_tag(self, painter: QPainter, box: Box, name: str, colour: str) -> None:
        font = QFont(painter.font())
        font.setPixelSize(CAPTION)
        painter.setFont(font)
        rect = self.rect_of(box)
        width = painter.fontMetrics().horizontalAdvance(name) + 8
        tag = QRectF(rect.left() - 1, max(rect.top() - 18, self._room().top()), width, 16)
        painter.fillRect(tag, QColor(0, 0, 0, 170))
        painter.setPen(QColor(colour))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, name)

    def _paint_mask(self, painter: QPainter, box: Box, *, in_hand: bool) -> None:
        rect = self.rect_of(box)
        painter.fillRect(rect, QColor(128, 128, 128, 150 if in_hand else 255))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 150), 3))
        painter.drawRect(rect)
        style = Qt.PenStyle.SolidLine if in_hand else Qt.PenStyle.DashLine
        painter.setPen(QPen(QColor(current().accent if in_hand else ON_GROUND), 1.5, style))
        painter.drawRect(rect)
