"""From uint8 photos to the networks' inputs; crops are in ``crops``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from app.inference.manifest import Preprocessing


def detector_size(width: int, height: int, preprocessing: Preprocessing) -> tuple[int, int]:
    """Width and height at which a detector sees a photo: the short side as trained, the long side limited."""
    limit = preprocessing.long_side or 2 * preprocessing.size
    factor = min(preprocessing.size / min(width, height), limit / max(width, height))
    return max(round(width * factor), 1), max(round(height * factor), 1)


def shrunk(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Resized by area averaging; enlarged bilinearly."""
    import cv2
    import numpy as np

    if (pixels.shape[1], pixels.shape[0]) == (width, height):
        return pixels
    how = cv2.INTER_AREA if width < pixels.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=how), np.uint8)


def as_input(pixels: NDArray[np.uint8], preprocessing: Preprocessing) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, H, W) normalised float, channels last in memory."""
    import torch

    mean = torch.tensor(preprocessing.mean) * 255
    scale = 1 / (torch.tensor(preprocessing.std) * 255)
    x = torch.from_numpy(pixels).float().sub_(mean).mul_(scale)
    return x.permute(0, 3, 1, 2)


def stacked(crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    import numpy as np

    return np.stack(crops)
