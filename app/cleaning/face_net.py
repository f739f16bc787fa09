"""The network that sees faces: YuNet (Wu, Peng, Yu 2023) in OpenCV, 76,000 weights; ``resources/face/CARD.md``."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from app.common.places import RESOURCES

if TYPE_CHECKING:
    import cv2
    import numpy as np
    from numpy.typing import NDArray

WEIGHTS = RESOURCES / "face" / "yunet_n.onnx"
_LEAST = 0.1  # certainty below which nothing is handed out
_OVERLAP = 0.3  # IoU from which two answers are one face
_MOST = 50
_FARTHEST = 1e5  # pixels
_CERTAINTY = 14  # column of OpenCV's answer; the first four are x, y, width, height
_own = threading.local()


def faces_in(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, 5): x0, y0, x1, y1 in the pixels given, and certainty 0..1; a box may reach over the edge.

    Args:
        pixels: H x W x 3, uint8, RGB. Faces of some 10 to 300 pixels are seen that stand upright, give
            or take 45 degrees.
    """
    import numpy as np

    height, width = pixels.shape[:2]
    net = _net()
    net.setInputSize((width, height))
    answer: Any = net.detect(np.ascontiguousarray(pixels[..., ::-1]))[1]  # None where there is no face
    if answer is None:
        return np.zeros((0, 5), np.float32)
    answer = answer[np.isfinite(answer).all(1) & (np.abs(answer) < _FARTHEST).all(1)]  # on strips it goes wild
    found: NDArray[np.float32] = answer[:, [0, 1, 2, 3, _CERTAINTY]].astype(np.float32)
    found[:, 2:4] += found[:, :2]
    return found


def _net() -> cv2.FaceDetectorYN:
    """One for each thread, since it holds the size of its input. Given as bytes: paths may hold any letters."""
    import cv2
    import numpy as np

    if not hasattr(_own, "net"):
        weights = np.frombuffer(WEIGHTS.read_bytes(), np.uint8)
        nothing = np.zeros(0, np.uint8)
        _own.net = cv2.FaceDetectorYN.create("onnx", weights, nothing, (320, 320), _LEAST, _OVERLAP, _MOST)
    net: cv2.FaceDetectorYN = _own.net
    return net
