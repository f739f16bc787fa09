"""Decoded pixels as Qt's pictures, without a copy on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.common.images import Photo


def image_of(photo: Photo) -> QImage:
    """The photo's pixels as RGB32, which is what the painter takes as it is."""
    return image_from(photo.pixels)


def image_from(pixels: NDArray[np.uint8]) -> QImage:
    """``pixels``: RGB, H x W x 3."""
    import cv2

    height, width = pixels.shape[:2]
    image = QImage(width, height, QImage.Format.Format_RGB32)
    cv2.cvtColor(pixels, cv2.COLOR_RGB2BGRA, dst=_array(image.bits(), width, height))
    return image


def halved(image: QImage) -> QImage:
    """Half as wide and high, each pixel the mean of four; RGB32."""
    import cv2

    width, height = max(image.width() // 2, 1), max(image.height() // 2, 1)
    half = QImage(width, height, QImage.Format.Format_RGB32)
    source = _array(image.constBits(), image.width(), image.height())
    cv2.resize(source, (width, height), dst=_array(half.bits(), width, height), interpolation=cv2.INTER_AREA)
    return half


def _array(memory: bytes | bytearray | memoryview, width: int, height: int) -> NDArray[np.uint8]:
    """An RGB32 image's own memory, height x width x 4."""
    import numpy as np

    return np.frombuffer(memory, np.uint8).reshape(height, width, 4)
