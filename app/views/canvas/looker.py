"""The photo's pixels as the chosen looks make them, worked out off the GUI thread, the newest wish first."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage

from app.views.canvas.looks import PLAIN_GAINS, Looks, grey_world, looked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AT_ONCE = 3_000_000  # pixels that are mapped in the paint (5 ms); equalising them would take ten times as long
Light = tuple[float, float, float] | None
_SMALL = 640  # longer side of what is equalised in the paint, as a flash of the plain photo is worse than a soft one


class Looker(QObject):
    """:meth:`looked` gives what there is; ``ready`` tells when better pixels came."""

    ready = Signal()
    _made = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="looks")
        self._looks = Looks()
        self._photo = QImage()
        self._light: Light = None
        self._done: dict[int, tuple[Looks, QImage]] = {}  # by the plain image's key; of these looks or of earlier ones
        self._busy = False
        self._made.connect(self._take)

    def looks(self) -> Looks:
        return self._looks

    def set_looks(self, looks: Looks) -> None:
        self._looks = looks
        if looks.plain:
            self._done.clear()

    def set_photo(self, image: QImage) -> None:
        """Another photo: what its light was is measured when that is first needed."""
        self._photo = image
        self._light = None
        self._done.clear()

    def looked(self, plain: QImage) -> QImage:
        """``plain`` (RGB32) as it looks, or the nearest that there is while it is being made, also of another size."""
        if self._looks.plain:
            return plain
        if not self._done:
            quick = plain.width() * plain.height() <= AT_ONCE and not self._looks.clahe
            first = plain if quick else _small(self._photo)
            image, self._light = _make(first, self._looks, self._photo, self._light)
            self._done[first.cacheKey()] = (self._looks, image)
        looks, done = self._done.get(plain.cacheKey(), (None, None))
        if looks != self._looks:
            self._ask(plain)
        return done or self._nearest(plain)

    def _nearest(self, plain: QImage) -> QImage:
        return max((i for _, i in self._done.values()), key=lambda i: i.width(), default=plain)

    def _ask(self, plain: QImage) -> None:
        """One at a time: when it comes, the next paint asks for what is wanted by then."""
        if not self._busy:
            self._busy = True
            looks, photo = self._looks, self._photo
            self._thread.submit(_make, plain, looks, photo, self._light).add_done_callback(
                lambda made: self._tell(made, plain.cacheKey(), looks, photo)
            )

    def _tell(self, made: Future[tuple[QImage, Light]], key: int, looks: Looks, photo: QImage) -> None:
        if shiboken6.isValid(self):
            self._made.emit((made, key, looks, photo))

    def _take(self, answer: tuple[Future[tuple[QImage, Light]], int, Looks, QImage]) -> None:
        made, key, looks, photo = answer
        self._busy = False
        if photo is self._photo and not self._looks.plain:
            image, self._light = made.result()
            self._done[key] = (looks, image)
        self.ready.emit()


def _make(plain: QImage, looks: Looks, photo: QImage, light: Light) -> tuple[QImage, Light]:
    """The looked-at image, and what the photo's light was if that is known by now."""
    if looks.white_balance and light is None:
        small = _small(photo)
        light = grey_world(_read(small))
    image = QImage(plain.size(), QImage.Format.Format_RGB32)
    pixels_of(image)[...] = looked(_read(plain), looks, light or PLAIN_GAINS)
    return image, light


def pixels_of(image: QImage) -> NDArray[np.uint8]:
    """The image's own memory, to be written, H x W x 4, blue first; ``image`` is RGB32 and must outlive the array."""
    import numpy as np

    return np.frombuffer(image.bits(), np.uint8).reshape(image.height(), image.width(), 4)


def _read(image: QImage) -> NDArray[np.uint8]:
    """The same for reading only, which leaves the image's key as it is; it too must outlive the array."""
    import numpy as np

    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)


def _small(image: QImage) -> QImage:
    size = QSize(_SMALL, _SMALL)
    if max(image.width(), image.height()) <= _SMALL:
        return image
    small = image.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    return small.convertToFormat(QImage.Format.Format_RGB32)
