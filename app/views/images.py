"""Decoded pixels as Qt's pictures, without a copy on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

if TYPE_CHECKING:
    from app.common.images import Photo


def image_of(photo: Photo) -> QImage:
    """The photo's pixels as RGB32, which is what the painter takes as it is."""
    import cv2
    import numpy as np

    height, width = photo.pixels.shape[:2]
    image = QImage(width, height, QImage.Format.Format_RGB32)
    memory = np.frombuffer(image.bits(), np.uint8).reshape(height, width, 4)
    cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2BGRA, dst=memory)
    return image
