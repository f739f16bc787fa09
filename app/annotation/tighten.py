"""A rough box drawn close round the lesion in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.common.geometry import Box

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def tighten(pixels: NDArray[np.uint8], box: Box, scale: float = 1.0) -> Box | None:
    """The box of the lesion inside a rough one; None where that is not sure, or where there is nothing to gain.

    Args:
        pixels: the photo, H x W x 3, uint8, RGB, upright; it may be held reduced.
        box: in pixels of the full photo.
        scale: pixels held per pixel of the full photo (``Photo.scale``).

    Returns:
        A box in pixels of the full photo, never outside it.
    """
    import cv2
    import numpy as np

    height, width = pixels.shape[:2]
    held = box.scaled(scale).clipped(width, height)
    if min(held.width, held.height) < 8:
        return None
    around = held.with_margin(0.25).clipped(width, height)
    x0, y0, x1, y1 = (round(v) for v in around.as_list())
    part = pixels[y0:y1, x0:x1]
    factor = min(1.0, 128 / max(part.shape[:2]))
    if factor < 1:
        part = np.asarray(cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    inner = held.moved(-x0, -y0).scaled(factor)
    mask = np.full(part.shape[:2], cv2.GC_BGD, np.uint8)
    left, top, right, bottom = (round(v) for v in inner.as_list())
    mask[top:bottom, left:right] = cv2.GC_PR_FGD
    if not (mask == cv2.GC_BGD).any():
        return None
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(np.ascontiguousarray(part[..., ::-1]), mask, (0, 0, 0, 0), *models, 4, cv2.GC_INIT_WITH_MASK)
    seen = ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(seen, connectivity=8)
    if count < 2:
        return None
    x, y, w, h, area = (int(v) for v in stats[1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())])
    if area < 0.1 * inner.area:
        return None
    found = Box(x, y, x + w, y + h).scaled(1 / factor).moved(x0, y0).scaled(1 / scale)
    return found.clipped(width / scale, height / scale)
