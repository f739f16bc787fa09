"""What a classifier sees of a lesion: one square of the photo. Training and diagnosing share this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.common.geometry import Box

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def crop_region(box: Box, margin: float, width: float, height: float) -> Box:
    """The square to cut out for ``box``, in the photo's pixels.

    Its side is the box's longer side grown by ``margin`` on each side, but no more than the photo's shorter side; it is
    centred on the box and then moved inside the photo, so that nothing has to be invented beyond the border. The whole
    photo as a box gives the square in its middle.

    Args:
        box: in pixels of the upright photo.
        margin: share of the longer side, added on each side.
        width: of the photo, likewise height.
    """
    side = min(max(box.width, box.height) * (1 + 2 * margin), width, height)
    cx, cy = box.centre
    x0 = min(max(cx - side / 2, 0.0), width - side)
    y0 = min(max(cy - side / 2, 0.0), height - side)
    return Box(x0, y0, x0 + side, y0 + side)


def cut_square(pixels: NDArray[np.uint8], region: Box, size: int) -> NDArray[np.uint8]:
    """``region`` of ``pixels`` (H, W, 3 uint8; the region in the same pixels) as (size, size, 3) uint8.

    Anti-aliased: halved by area averaging while it is more than twice too large, then resampled bilinearly at float
    positions.
    """
    import cv2
    import numpy as np

    x0, y0 = int(region.x0), int(region.y0)
    x1, y1 = min(int(np.ceil(region.x1)) + 1, pixels.shape[1]), min(int(np.ceil(region.y1)) + 1, pixels.shape[0])
    part = pixels[y0:y1, x0:x1]
    scale_x, scale_y = 1.0, 1.0
    while min(region.width * scale_x, region.height * scale_y) >= 2 * size and min(part.shape[:2]) >= 4:
        h, w = part.shape[:2]
        part = np.asarray(cv2.resize(part, (w // 2, h // 2), interpolation=cv2.INTER_AREA), np.uint8)
        scale_x, scale_y = scale_x * (w // 2) / w, scale_y * (h // 2) / h
    kx, ky = size / (region.width * scale_x), size / (region.height * scale_y)
    # Pixel centres sit at half numbers: output u + 0.5 = k * (x + 0.5 - left).
    left, top = (region.x0 - x0) * scale_x, (region.y0 - y0) * scale_y
    matrix = np.array([[kx, 0, kx * (0.5 - left) - 0.5], [0, ky, ky * (0.5 - top) - 0.5]])
    cut = cv2.warpAffine(part, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)
