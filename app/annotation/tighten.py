"""A rough box drawn close round the lesion in it.

A small network looks at the box with a quarter of its size around it, and says for each of the four edges where it
lies; how widely those chances spread is how sure it is. GrabCut, and thresholds on the difference to the skin around,
were tried on the same photos and are worse (``benchmarks/tighten.py`` measures them in the same run).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from app.common.geometry import Box, iou

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AROUND = 0.25  # share of the box that is looked at on each side of it
SMALLEST = 8.0  # pixels held; in less there is nothing to see
UNSURE = 0.16  # standard deviation of an edge's place, share of the cut-out, from which nothing is said
CLOSE = 0.85  # IoU with the given box from which there is nothing to gain


def tighten(pixels: NDArray[np.uint8], box: Box, scale: float = 1.0) -> Box | None:
    """The box of the lesion inside a rough one; None where that is not sure, or where there is nothing to gain.

    Takes some 10 ms, the first time 100 more: off the GUI thread.

    Args:
        pixels: the photo, H x W x 3, uint8, RGB, upright; it may be held reduced.
        box: in pixels of the full photo; the lesion may reach a little over it.
        scale: pixels held per pixel of the full photo (``Photo.scale``).

    Returns:
        A box in pixels of the full photo, never outside it.
    """
    height, width = pixels.shape[:2]
    given = box.scaled(scale).clipped(width, height)
    if min(given.width, given.height) < SMALLEST:
        return None
    found, spread = _edges(pixels, given)
    if spread > UNSURE or min(found.width, found.height) < SMALLEST / 2 or iou(found, given) > CLOSE:
        return None
    return found.scaled(1 / scale).clipped(width / scale, height / scale)


def tighten_in(photo: Path, box: Box) -> Box | None:
    """As :func:`tighten`, of a file: it is decoded at no more than the scale that the box needs.

    Raises:
        UserError: as :func:`app.common.images.read_photo`.
    """
    from app.annotation.tighten_net import SIDE
    from app.common.images import photo_size, read_photo

    short_side = min(photo_size(photo))
    enough = math.ceil(short_side * 2 * SIDE / max(min(box.width, box.height), 1))
    read = read_photo(photo, min(short_side, enough))
    return tighten(read.pixels, box, read.scale)


def _edges(pixels: NDArray[np.uint8], given: Box) -> tuple[Box, float]:
    """The expected box, in the pixels given, and the largest standard deviation of its edges (share of the view)."""
    import numpy as np

    from app.annotation.tighten_net import STEPS, edges

    view, region = cut_out(pixels, given)
    chances = edges(view)
    places = (np.arange(STEPS) + 0.5) / STEPS
    means = chances @ places
    spread = float(np.sqrt(((places - means[:, None]) ** 2 * chances).sum(1)).max())
    left, right, top, bottom = (float(m) for m in means)
    xs = [region.x0 + region.width * m for m in (left, max(left, right))]
    ys = [region.y0 + region.height * m for m in (top, max(top, bottom))]
    return Box(xs[0], ys[0], xs[1], ys[1]).clipped(pixels.shape[1], pixels.shape[0]), spread


def cut_out(pixels: NDArray[np.uint8], given: Box) -> tuple[NDArray[np.float32], Box]:
    """What the network sees, and the region of ``pixels`` that it was cut from."""
    region = region_around(given, pixels.shape[1], pixels.shape[0])
    return view_of(reduced(pixels, region), given, region), region


def region_around(given: Box, width: int, height: int) -> Box:
    """Whole pixels; the photo's edge ends it."""
    around = given.with_margin(AROUND).clipped(width, height)
    return Box(math.floor(around.x0), math.floor(around.y0), math.ceil(around.x1), math.ceil(around.y1))


def reduced(pixels: NDArray[np.uint8], region: Box) -> NDArray[np.uint8]:
    """The region as (SIDE, SIDE, 3), whatever its shape."""
    import cv2
    import numpy as np

    from app.annotation.tighten_net import SIDE

    x0, y0, x1, y1 = (int(v) for v in region.as_list())
    how = cv2.INTER_AREA if min(x1 - x0, y1 - y0) >= SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels[y0:y1, x0:x1], (SIDE, SIDE), interpolation=how), np.uint8)


def view_of(seen: NDArray[np.uint8], given: Box, region: Box) -> NDArray[np.float32]:
    """(4, SIDE, SIDE): the colours, centred and divided by their spread, which takes the light's colour and strength
    away; then 1 inside the given box and -1 around it."""
    import numpy as np

    side = len(seen)
    colours = seen.astype(np.float32)
    colours = (colours - colours.mean((0, 1))) / (colours.std((0, 1)).mean() + 4)
    across = _cover(given.x0 - region.x0, given.x1 - region.x0, side / region.width, side)
    down = _cover(given.y0 - region.y0, given.y1 - region.y0, side / region.height, side)
    inside = 2 * np.outer(down, across) - 1
    return np.concatenate([colours.transpose(2, 0, 1), inside[None]]).astype(np.float32)


def _cover(low: float, high: float, factor: float, side: int) -> NDArray[np.float32]:
    """(side,): how much of each cell lies between ``low`` and ``high`` times ``factor``."""
    import numpy as np

    cells = np.arange(side)
    return (np.minimum(cells + 1, high * factor) - np.maximum(cells, low * factor)).clip(0, 1).astype(np.float32)
