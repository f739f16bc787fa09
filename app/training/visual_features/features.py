"""Features made by hand of square patches: RGB, uint8, (H, W, 3). Nothing here is fitted; see ``vocabulary``.

``patch_features`` gives one vector a patch (HOG, colour histogram, colour names, LBP); ``local_features`` gives as many
descriptors as the patch has keypoints (SIFT, SIFT + colour names), to be counted as words of a vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from app.training.plan import Features, VisualFeatures
from app.training.visual_features.colour_names import in_strips, named

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

LOCAL: frozenset[Features] = frozenset(("sift", "sift_colour_names"))
HOG_SIZE = (64, 128)
"""Width and height, Dalal and Triggs (CVPR 2005): cells of 8, blocks of 2 x 2 cells, 9 bins: 3780 numbers."""
MOST_KEYPOINTS = 500
"""The strongest of a patch; hair makes thousands."""
NAME_STEPS = 127.0
"""A share of a colour name beside SIFT's 0..255: 11 names of length 1 weigh as much as a usual descriptor's half."""


def patch_features(kind: Features, pixels: U8, settings: VisualFeatures) -> F32:
    """(D,) of one patch. Raises ValueError for a kind that needs a vocabulary."""
    if kind == "hog":
        return hog(pixels)
    if kind == "colour_histogram":
        return colour_histogram(pixels)
    if kind == "colour_names":
        return in_strips(pixels, settings.strips)
    if kind == "lbp":
        return uniform_lbp(pixels)
    raise ValueError(f"{kind} needs a vocabulary")


def local_features(kind: Features, pixels: U8) -> U8:
    """(K, D) descriptors at the keypoints of one patch, K may be 0.

    ``sift``: D = 128 (Lowe, IJCV 2004). ``sift_colour_names``: the mean colour names around the keypoint behind them,
    D = 139, so that one vocabulary holds both (early fusion: Khan et al., CVPR 2012).
    """
    sift = cv2.SIFT.create(nfeatures=MOST_KEYPOINTS)
    points, found = sift.detectAndCompute(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), None)
    # OpenCV may keep a few more than asked for where responses are equal.
    points, found = points[:MOST_KEYPOINTS], found[:MOST_KEYPOINTS] if found is not None else None
    descriptors = np.zeros((0, 128), np.uint8) if found is None else np.clip(found, 0, 255).astype(np.uint8)
    if kind == "sift":
        return descriptors
    return np.hstack([descriptors, _names_around(pixels, points)])


def _names_around(pixels: U8, points: Sequence[cv2.KeyPoint]) -> U8:
    """(K, 11): the mean shares in the keypoint's own square, as large as SIFT's window."""
    sums = np.pad(named(pixels).cumsum(0, dtype=np.float64).cumsum(1), ((1, 0), (1, 0), (0, 0)))
    high, wide = pixels.shape[:2]
    rows = np.zeros((len(points), sums.shape[-1]))
    for k, point in enumerate(points):
        half = max(point.size * 1.5, 2.0)
        x0, x1 = (int(np.clip(v, 0, wide)) for v in (point.pt[0] - half, point.pt[0] + half + 1))
        y0, y1 = (int(np.clip(v, 0, high)) for v in (point.pt[1] - half, point.pt[1] + half + 1))
        total = sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]
        rows[k] = total / max((y1 - y0) * (x1 - x0), 1)
    return np.round(rows * NAME_STEPS).astype(np.uint8)


def hog(pixels: U8) -> F32:
    """(3780,): histograms of oriented gradients of the grey patch at 64 x 128."""
    grey = cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), HOG_SIZE, interpolation=cv2.INTER_AREA)
    maker = cv2.HOGDescriptor(HOG_SIZE, (16, 16), (8, 8), (8, 8), 9)
    return np.asarray(maker.compute(grey), np.float32).ravel()


def colour_histogram(pixels: U8) -> F32:
    """(768,): hue over its full range, saturation and value, 256 bins each, each 1 in sum."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV_FULL)
    counts = [np.bincount(hsv[..., k].ravel(), minlength=256) for k in range(3)]
    return np.asarray(np.concatenate(counts) / (pixels.shape[0] * pixels.shape[1]), np.float32)


def uniform_lbp(pixels: U8) -> F32:
    """(59,): shares of the 58 uniform local binary patterns of the 3 x 3 neighbourhood, and of all others.

    Ojala et al., IEEE TPAMI 2002; the eight neighbours are pixels, not points of a circle.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    middle = grey[1:-1, 1:-1]
    high, wide = middle.shape
    around = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))  # clockwise
    codes = np.zeros(middle.shape, np.uint8)
    for bit, (y, x) in enumerate(around):
        codes |= (grey[y : y + high, x : x + wide] >= middle).astype(np.uint8) << bit
    counts = np.bincount(_UNIFORM[codes].ravel(), minlength=59)
    return np.asarray(counts / max(codes.size, 1), np.float32)


def _uniform_places() -> NDArray[np.int64]:
    """For each of 256 codes its bin: 0..57 where the circle of bits changes at most twice, else 58."""
    codes = np.arange(256, dtype=np.uint8)
    turned = np.asarray((codes << 1) | (codes >> 7), np.uint8)
    changes = np.unpackbits(np.asarray(codes ^ turned, np.uint8)[:, None], axis=1).sum(1)
    places = np.full(256, 58, np.int64)
    places[changes <= 2] = np.arange(int((changes <= 2).sum()))
    return places


_UNIFORM = _uniform_places()
