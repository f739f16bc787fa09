"""Small pictures of photos, decoded off the GUI thread, the newest wish first, in a cache limited by bytes."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPixmap

from app.common.errors import UserError
from app.views.background import Background
from app.views.images import image_of

CACHE_BYTES = 48 << 20
WAITING = 120  # older wishes than these were scrolled past
ON_SCREEN = 12  # the newest so many wishes are what is seen: they are granted from the top down
SIDE = 144  # pixels, for screens up to twice as dense


class Thumbnails(QObject):
    arrived = Signal(str)  # the photo's file

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._cache: OrderedDict[str, QPixmap] = OrderedDict()
        self._bytes = 0
        self._broken: set[str] = set()
        self._wishes: OrderedDict[str, None] = OrderedDict()
        self._under_way: str | None = None

    def get(self, file: Path | str) -> QPixmap | None:
        """The picture if it is there; otherwise it is wished for, and ``arrived`` tells when it came."""
        path = str(file)
        found = self._cache.get(path)
        if found is not None:
            self._cache.move_to_end(path)
            return found
        if path not in self._broken and path != self._under_way:
            self._wishes[path] = None
            self._wishes.move_to_end(path)
            while len(self._wishes) > WAITING:
                self._wishes.popitem(last=False)
            self._next()
        return None

    def is_broken(self, file: Path | str) -> bool:
        return str(file) in self._broken

    def _next(self) -> None:
        if self._under_way is not None or not self._wishes:
            return
        wishes = list(self._wishes)
        path = wishes[max(0, len(wishes) - ON_SCREEN)]
        del self._wishes[path]
        self._under_way = path
        self._background.work(
            lambda: _small_image(path),
            lambda image: self._came(path, image),
            lambda error: self._failed(path, error),
            owner=self,
        )

    def _came(self, path: str, image: QImage) -> None:
        pixmap = QPixmap.fromImage(image)
        self._cache[path] = pixmap
        self._bytes += image.sizeInBytes()
        while self._bytes > CACHE_BYTES and len(self._cache) > 1:
            _, old = self._cache.popitem(last=False)
            self._bytes -= old.width() * old.height() * 4
        self._done(path)

    def _failed(self, path: str, error: UserError) -> None:
        self._broken.add(path)
        self._done(path)

    def _done(self, path: str) -> None:
        self._under_way = None
        self.arrived.emit(path)
        self._next()


def _small_image(path: str) -> QImage:
    from app.common.images import read_photo

    image = image_of(read_photo(Path(path), SIDE))
    return image.scaled(
        QSize(SIDE * 2, SIDE), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
