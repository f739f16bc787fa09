"""Painting over what nobody outside may see, and no model may learn from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.common.geometry import Box

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GREY = 128


def masked(pixels: NDArray[np.uint8], masks: Sequence[Box], scale: float = 1.0) -> NDArray[np.uint8]:
    """The photo (H, W, 3, uint8 RGB, upright) with neutral grey in the masks; itself, uncopied, without any.

    ``masks`` are in pixels of the photo at full scale, of which ``scale`` pixels are held. A pixel that a mask so much
    as touches is painted, and on a reduced photo one more all round, into which neighbours have been averaged.
    """
    if not masks:
        return pixels
    painted, more = pixels.copy(), 0 if scale == 1 else 1
    for mask in masks:
        x0, y0 = (max(math.floor(v * scale) - more, 0) for v in (mask.x0, mask.y0))
        x1, y1 = (max(math.ceil(v * scale) + more, 0) for v in (mask.x1, mask.y1))
        painted[y0:y1, x0:x1] = GREY
    return painted
