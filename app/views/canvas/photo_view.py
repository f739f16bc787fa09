"""The widget under the canvas: one photo that can be zoomed, moved and looked at in another light."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QNativeGestureEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.views.canvas.looker import Looker
from app.views.canvas.looks import Looks
from app.views.canvas.photo_layer import PhotoLayer
from app.views.canvas.view import LARGEST, SMALLEST, View, fitted

Fit = Literal["window", "width", "actual", "free"]
_WHEEL_ZOOM = 1.25  # for one notch
_NOTCH = 120
_LINE = 48  # widget pixels for one notch


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was looked at, in shares of the photo, to look at the same of the next."""

    fit: Fit
    centre: tuple[float, float]
    zoom: float  # 1.0: the whole photo fits the widget


class PhotoView(QWidget):
    view_changed = Signal(float)  # zoom (1.0: a photo pixel is a screen pixel); also when only the place changed
    looks_changed = Signal(object)  # Looks

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._photo: PhotoLayer | None = None
        self._synthetic = False
        self._view = View()
        self._fit: Fit = "window"
        self._keep_view = False
        self._kept: _Kept | None = None
        self._keep_looks = False
        self._looker = Looker(self)
        self._looker.ready.connect(self.update)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def sizeHint(self) -> QSize:
        return QSize(800, 600)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 150)

    # -- the photo ---------------------------------------------------------------------------------------------------

    def set_photo(self, image: QImage, full_size: tuple[int, int], synthetic: bool = False) -> None:
        """A photo, fitted to the widget and plain, unless view or looks are kept.

        ``image`` may be reduced; ``full_size`` is the upright photo's (width, height) at full scale. ``synthetic``
        puts the badge on it. A null image clears the view.
        """
        self._remember_view()
        if image.isNull():
            self.clear_photo()
            return
        self._photo = PhotoLayer(image, full_size)
        self._synthetic = synthetic
        self._looker.set_photo(self._photo.best())
        if not self._keep_looks:
            self.reset_looks()
        if self._keep_view and self._kept:
            self._look_as_before(self._kept)
        else:
            self.fit_window()

    def improve_photo(self, image: QImage) -> None:
        """Better pixels of the same photo: what the eye sees stays where it is."""
        if self._photo and not image.isNull():
            self._photo.improve(image)
            self.update()

    def clear_photo(self) -> None:
        self._remember_view()
        self._photo = None
        self._synthetic = False
        self.update()

    def has_photo(self) -> bool:
        return self._photo is not None

    def photo_size(self) -> tuple[float, float]:
        """(width, height) at full scale; (1, 1) without a photo."""
        return (float(self._photo.full_size[0]), float(self._photo.full_size[1])) if self._photo else (1.0, 1.0)

    def source(self, zoom: float | None = None) -> QImage | None:
        """The photo as it looks, at a scale that is sharp enough for this zoom (None: the present one)."""
        return self._looker.looked(self._photo.level(zoom or self.zoom())) if self._photo else None

    # -- zoom and position -------------------------------------------------------------------------------------------

    def zoom(self) -> float:
        return self._view.scale * self.devicePixelRatioF()

    def view(self) -> View:
        return self._view

    def to_photo(self, at: QPointF) -> tuple[float, float]:
        return self._view.to_photo(at.x(), at.y())

    def to_widget(self, x: float, y: float) -> QPointF:
        return QPointF(*self._view.to_widget(x, y))

    def fit_window(self) -> None:
        self._fit = "window"
        self._refit()

    def fit_width(self) -> None:
        self._fit = "width"
        self._refit()

    def actual_size(self) -> None:
        self.set_zoom(1.0)
        self._fit = "actual"

    def set_view(self, view: View) -> None:
        """Look as another canvas does whose ``view()`` this is; ``view_changed`` tells both."""
        if self._photo and view != self._view:
            self._fit = "free"
            self._look_through(view)

    def keep_view(self) -> bool:
        return self._keep_view

    def set_keep_view(self, keep: bool) -> None:
        """Whether the next photo is looked at as this one: the same part of it, or the same way of fitting."""
        self._keep_view = keep

    def set_zoom(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom with the point ``at`` (widget pixels; None: the middle) staying where it is."""
        if self._photo is None:
            return
        smallest = min(SMALLEST, fitted(self.photo_size(), self._size()).scale * self.devicePixelRatioF())
        scale = min(max(zoom, smallest), LARGEST) / self.devicePixelRatioF()
        middle = (self.width() / 2, self.height() / 2)
        self._fit = "free"
        self._look_through(self._view.zoomed(scale, (at.x(), at.y()) if at else middle))

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        self.set_zoom(self.zoom() * factor, at)

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the photo on the widget, in widget pixels."""
        if self._photo and (dx or dy):
            self._fit = "free"
            self._look_through(self._view.panned(dx, dy))

    def bring_into_view(self, x: float, y: float) -> None:
        """Pan so that this point of the photo is seen."""
        at = self.to_widget(x, y)
        if not self.rect().contains(at.toPoint()):
            self.pan_by(self.width() / 2 - at.x(), self.height() / 2 - at.y())

    def _refit(self) -> None:
        if self._photo and self._fit in ("window", "width"):
            self._look_through(fitted(self.photo_size(), self._size(), self._fit == "width"))

    def _look_through(self, view: View) -> None:
        self._view = view.kept_in(self.photo_size(), self._size())
        self.update()
        self.view_changed.emit(self.zoom())

    def _size(self) -> tuple[float, float]:
        return float(self.width()), float(self.height())

    def _remember_view(self) -> None:
        if self._photo:
            width, height = self.photo_size()
            x, y = self._view.to_photo(self.width() / 2, self.height() / 2)
            whole = fitted(self.photo_size(), self._size()).scale
            self._kept = _Kept(self._fit, (x / width, y / height), self._view.scale / whole)

    def _look_as_before(self, kept: _Kept) -> None:
        self._fit = kept.fit
        if kept.fit in ("window", "width"):
            self._refit()
            return
        width, height = self.photo_size()
        one = 1 / self.devicePixelRatioF()
        scale = one if kept.fit == "actual" else fitted(self.photo_size(), self._size()).scale * kept.zoom
        x, y = kept.centre[0] * width * scale, kept.centre[1] * height * scale
        self._look_through(View(scale, self.width() / 2 - x, self.height() / 2 - y))

    # -- looks: the photo and what a model sees stay as they are -----------------------------------------------------

    def looks(self) -> Looks:
        return self._looker.looks()

    def set_looks(self, looks: Looks) -> None:
        """Brightness, contrast and the like, for looking only; what is out of range is brought into it."""
        looks = looks.clamped()
        if looks != self.looks():
            self._looker.set_looks(looks)
            self.update()
            self.looks_changed.emit(looks)

    def reset_looks(self) -> None:
        self.set_looks(Looks())

    def set_keep_looks(self, keep: bool) -> None:
        """Whether the next photo looks as this one."""
        self._keep_looks = keep

    def keep_looks(self) -> bool:
        return self._keep_looks

    def brightness(self) -> int:
        return self.looks().brightness

    def change_brightness(self, steps: int) -> None:
        self.set_looks(replace(self.looks(), brightness=self.brightness() + steps))

    def reset_brightness(self) -> None:
        self.change_brightness(-self.brightness())

    # -- Qt's events -------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fit in ("free", "actual") and self._photo:
            self._look_through(self._view)
        self._refit()
        super().resizeEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolls; with Ctrl zooms at the pointer; with Ctrl+Shift changes the brightness; Shift scrolls sideways."""
        turned = event.angleDelta()
        notches = (turned.y() or turned.x()) / _NOTCH
        held = event.modifiers()
        control = bool(held & Qt.KeyboardModifier.ControlModifier)
        shift = bool(held & Qt.KeyboardModifier.ShiftModifier)
        if control and shift:
            self.change_brightness(1 if notches > 0 else -1)
        elif control:
            self.zoom_by(_WHEEL_ZOOM**notches, event.position())
        elif shift and not turned.x():
            self.pan_by(notches * _LINE, 0)
        else:
            pixels = event.pixelDelta()
            step = pixels if not pixels.isNull() else turned * (_LINE / _NOTCH)
            self.pan_by(step.x(), step.y())
        event.accept()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_by(max(1 + event.value(), 0.1), event.position())
            return True
        return super().event(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)  # a quick second click is a click
