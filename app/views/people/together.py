"""Canvases that show one photo and are zoomed and moved as one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, QPointF

from app.common.geometry import Box
from app.views.canvas import PhotoCanvas

ROOM = 2.6
"""How many times as wide as what is looked at the view is."""


class Together(QObject):
    def __init__(self, canvases: Sequence[PhotoCanvas], parent: QObject) -> None:
        super().__init__(parent)
        self._canvases = tuple(canvases)
        self._following = False
        for canvas in canvases:
            canvas.view_changed.connect(partial(self._follow, canvas))

    def fit(self) -> None:
        self._canvases[0].fit_window()
        self._follow(self._canvases[0], self._canvases[0].zoom())

    def look_at(self, box: Box) -> None:
        """Zoom in on this part of the photo, photo pixels; never out beyond the whole of it."""
        first = self._canvases[0]
        first.fit_window()
        ratio = first.devicePixelRatioF()
        zoom = ratio * min(first.width() / max(ROOM * box.width, 1), first.height() / max(ROOM * box.height, 1), 4.0)
        _show(first, max(zoom, first.zoom()), box.centre)

    def _follow(self, leader: PhotoCanvas, _zoom: float) -> None:
        if self._following or not leader.has_photo():
            return
        self._following = True
        centre = leader.to_photo(QPointF(leader.width() / 2, leader.height() / 2))
        for other in self._canvases:
            if other is not leader:
                _show(other, leader.zoom(), centre)
        self._following = False


def _show(canvas: PhotoCanvas, zoom: float, centre: tuple[float, float]) -> None:
    canvas.set_zoom(zoom)
    at = canvas.to_widget(*centre)
    canvas.pan_by(canvas.width() / 2 - at.x(), canvas.height() / 2 - at.y())
