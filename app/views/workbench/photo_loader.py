"""Photos from disk to the screen, off the GUI thread: first at the scale that the screen needs, then whole.

The neighbours are decoded ahead, so that the next photo stands at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from app.common.errors import UserError
from app.views.background import Background
from app.views.thumbnails import image_of

FIRST_SHORT_SIDE = 900
KEPT = 4


@dataclass(frozen=True)
class Loaded:
    path: Path
    image: QImage
    size: tuple[int, int]
    """Of the upright photo at full scale."""
    synthetic: bool
    warnings: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return self.image.width() >= self.size[0]


class PhotoLoader(QObject):
    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self._kept: OrderedDict[Path, Loaded] = OrderedDict()
        self._waiting: list[Future[Loaded]] = []

    def load(self, path: Path, done: Callable[[Loaded], object], failed: Callable[[UserError], object]) -> None:
        """The photo at the screen's scale; at once where it was decoded ahead."""
        self._drop_waiting()
        if path in self._kept:
            done(self._kept[path])
            return
        load = partial(load_photo, path, FIRST_SHORT_SIDE)
        self._waiting.append(self._background.work(load, lambda loaded: done(self._keep(loaded)), failed, owner=self))

    def load_whole(self, path: Path, done: Callable[[Loaded], object]) -> None:
        """All its pixels. Given up when another photo is loaded; a failure was told at the first look."""
        load = partial(load_photo, path, None)
        self._waiting.append(self._background.work(load, done, lambda _: None, owner=self))

    def ahead(self, path: Path) -> None:
        if path not in self._kept:
            load = partial(load_photo, path, FIRST_SHORT_SIDE)
            self._waiting.append(self._background.work(load, self._keep, lambda _: None, owner=self))

    def forget(self) -> None:
        self._kept.clear()

    def _drop_waiting(self) -> None:
        """What was asked for the photo before and has not begun."""
        for future in self._waiting:
            future.cancel()
        self._waiting.clear()

    def _keep(self, loaded: Loaded) -> Loaded:
        self._kept[loaded.path] = loaded
        self._kept.move_to_end(loaded.path)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return loaded


def load_photo(path: Path, short_side: int | None) -> Loaded:
    from app.common.images import is_synthetic, read_photo

    photo = read_photo(path, short_side)
    # What the canvas paints from, made here because here is off the GUI thread.
    image = image_of(photo).convertToFormat(QImage.Format.Format_RGB32)
    return Loaded(path, image, (photo.width, photo.height), is_synthetic(path), photo.warnings)
