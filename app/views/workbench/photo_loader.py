"""Photos from disk to the screen, off the GUI thread: first at the scale that the screen needs, then whole.

The photo that is wanted now has a thread of its own. Its neighbours, and all its pixels, come on another, in the order
of their use; what has not begun is given up when the next photo is wanted.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from app.common.errors import UserError
from app.views.background import Background
from app.views.images import halved, image_of

FIRST_SHORT_SIDE = 900
"""Pixels of the shorter side, enough for a canvas of most screens; see :meth:`PhotoLoader.set_room`."""
KEPT_BYTES = 192 << 20
"""Of decoded photos: some thirty at an ordinary screen's scale, a handful where the screen is large."""


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
        self._short_side = FIRST_SHORT_SIDE
        self._kept: OrderedDict[Path, Loaded] = OrderedDict()
        self._bytes = 0
        self._waiting: list[Future[Loaded] | Future[tuple[QImage, ...]]] = []

    def set_room(self, width: int, height: int) -> None:
        """The canvas in the screen's pixels: a photo fitted into it never needs a longer shorter side than this."""
        self._short_side = max(min(width, height), 1)

    def at_hand(self, path: Path) -> Loaded | None:
        """The photo, if it was decoded ahead."""
        found = self._kept.get(path)
        if found is not None:
            self._kept.move_to_end(path)
        return found

    def load(self, path: Path, done: Callable[[Loaded], object], failed: Callable[[UserError], object]) -> None:
        """The photo at the screen's scale; at once where it was decoded ahead."""
        self._drop_waiting()
        found = self.at_hand(path)
        if found is not None:
            done(found)
            return
        load = partial(load_photo, path, self._short_side)
        keep = partial(self._keep_and, done)
        self._waiting.append(self._background.work(load, keep, failed, owner=self, lane="photo"))

    def load_whole(self, path: Path, done: Callable[[tuple[QImage, ...]], object]) -> None:
        """All its pixels, and before them half. Given up when another photo is loaded; a failure was told before."""
        load = partial(load_levels, path)
        self._waiting.append(self._background.work(load, done, lambda _: None, owner=self, lane="ahead"))

    def ahead(self, paths: Iterable[Path], done: Callable[[Loaded], object]) -> None:
        """Decode what is likely to be wanted next, the likeliest first; ``done`` for each, at once if it is there."""
        for path in paths:
            if path in self._kept:
                done(self._kept[path])
                continue
            load, keep = partial(load_photo, path, self._short_side), partial(self._keep_and, done)
            self._waiting.append(self._background.work(load, keep, lambda _: None, owner=self, lane="ahead"))

    def forget(self) -> None:
        self._kept.clear()
        self._bytes = 0

    def _drop_waiting(self) -> None:
        """What was asked for the photo before and has not begun."""
        for future in self._waiting:
            future.cancel()
        self._waiting.clear()

    def _keep_and(self, done: Callable[[Loaded], object], loaded: Loaded) -> None:
        self._keep(loaded)
        done(loaded)

    def _keep(self, loaded: Loaded) -> None:
        before = self._kept.pop(loaded.path, None)
        self._bytes += loaded.image.sizeInBytes() - (before.image.sizeInBytes() if before else 0)
        self._kept[loaded.path] = loaded
        while self._bytes > KEPT_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.image.sizeInBytes()


def warm_up() -> None:
    """Load what decodes photos, 0.2 s of imports and tables, before the first photo is asked for."""
    import numpy as np

    from app.common.images import encode_jpeg, read_photo

    read_photo(encode_jpeg(np.zeros((8, 8, 3), np.uint8)))


def load_photo(path: Path, short_side: int | None) -> Loaded:
    """What the canvas paints from, made here because here is off the GUI thread. A JPEG that breaks off is shown as
    far as it goes, with the warning ``photo_truncated``.

    Raises:
        UserError: as :func:`app.common.images.read_photo`.
    """
    from app.common.images import read_photo

    photo = read_photo(path, short_side, broken_too=True)
    return Loaded(path, image_of(photo), (photo.width, photo.height), photo.synthetic, photo.warnings)


def load_levels(path: Path) -> tuple[QImage, ...]:
    """The photo at half its scale and whole: halving 24 megapixels on the GUI thread would stall it at the first zoom.

    Raises:
        UserError: as :func:`load_photo`.
    """
    whole = load_photo(path, None).image
    return halved(whole), whole
