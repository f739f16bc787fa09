"""One photo under the checks: decoded once at each scale that anybody asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.common.geometry import Box
from app.common.images import Photo, photo_header, read_photo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

QUARTER = 4
SMALLEST = 128
"""The reduced photo's shorter side keeps at least so many pixels (or all that there are)."""


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """A person's box, in pixels of the upright photo, and its label (a key of the pack)."""

    box: Box
    label: str


class Subject:
    """``data``: the file's bytes; ``width`` x ``height``: upright, at full scale; ``boxes``: the common ones.

    ``small`` and ``full`` are uint8 RGB, H x W x 3, upright; a box times ``scale`` is in pixels of ``small``.
    Decoding raises ``UserError`` as :func:`app.common.images.read_photo` does.
    """

    def __init__(self, name: str, data: bytes, boxes: Sequence[LabelledBox] = ()) -> None:
        self.name = name
        self.data = data
        self.boxes = tuple(boxes)
        self._header = photo_header(data)
        self.width, self.height = self._header.width, self._header.height
        # Not functools.cached_property: until Python 3.12 it lets one thread at a time decode, whatever the photo.
        self._reduced: Photo | None = None
        self._grey: NDArray[np.uint8] | None = None
        self._levels: NDArray[np.float32] | None = None
        self._full: NDArray[np.uint8] | None = None

    @classmethod
    def read(cls, path: Path, boxes: Sequence[LabelledBox] = (), name: str | None = None) -> Subject:
        """``name``: as people know the photo, where its file has another. Raises UserError as ``read_photo``."""
        from app.common.images import read_file

        return cls(name or path.name, read_file(path), boxes)

    @property
    def _small(self) -> Photo:
        if self._reduced is None:
            wanted = max(min(self.width, self.height) // QUARTER, SMALLEST)
            self._reduced = _reduced(read_photo(self.data, wanted, header=self._header), wanted)
        return self._reduced

    @property
    def small(self) -> NDArray[np.uint8]:
        return self._small.pixels

    @property
    def grey(self) -> NDArray[np.uint8]:
        """``small`` without its colours, H x W."""
        if self._grey is None:
            import cv2
            import numpy as np

            self._grey = np.asarray(cv2.cvtColor(self.small, cv2.COLOR_RGB2GRAY), np.uint8)
        return self._grey

    @property
    def levels(self) -> NDArray[np.float32]:
        """How many pixels of ``grey`` have at most each level, 256 numbers."""
        if self._levels is None:
            import cv2
            import numpy as np

            self._levels = np.asarray(cv2.calcHist([self.grey], [0], None, [256], [0, 256]), np.float32).cumsum()
        return self._levels

    @property
    def scale(self) -> float:
        return self._small.scale

    @property
    def full(self) -> NDArray[np.uint8]:
        if self._full is None:
            self._full = read_photo(self.data, header=self._header).pixels
        return self._full


def _reduced(photo: Photo, short_side: int) -> Photo:
    """Formats other than JPEG are decoded whole: halved until they are as small as a JPEG would have come."""
    height, width = photo.pixels.shape[:2]
    step = 1 << max(0, (min(height, width) // short_side).bit_length() - 1)
    if step == 1:
        return photo
    import cv2
    import numpy as np

    size = (-(-width // step), -(-height // step))
    return replace(photo, pixels=np.asarray(cv2.resize(photo.pixels, size, interpolation=cv2.INTER_AREA), np.uint8))
