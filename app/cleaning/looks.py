"""A photo made ready to be laid on another: small, grey, with keypoints. Pure: numpy in, numpy out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Grey = NDArray[np.float32]

SIDE = 256
"""Longer side in pixels at which photos are compared."""
KEYPOINTS = 300


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """A photo made ready: ``grey`` is H x W, 0..255, ``colour`` the same in RGB; a full pixel times ``scale`` is one of
    ``grey``.

    ``points`` N x 2 (x, y) in pixels of ``grey``, ``codes`` N x 128 (RootSIFT, unit length).
    """

    grey: Grey
    colour: Pixels
    scale: float
    points: NDArray[np.float32]
    codes: NDArray[np.float32]


def look(pixels: Pixels, width: int | None = None) -> Look:
    """``pixels``: RGB, H x W x 3, full or reduced; ``width``: of the photo at full scale, if that is another."""
    rows, columns = pixels.shape[:2]
    shrink = min(1.0, SIDE / max(rows, columns))
    size = (max(8, round(columns * shrink)), max(8, round(rows * shrink)))
    colour = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    grey = np.asarray(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), np.uint8)
    points, codes = keypoints(grey, KEYPOINTS)
    return Look(grey.astype(np.float32), colour, size[0] / (width or columns), points[:, :2], codes)


def keypoints(grey: Pixels, most: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """SIFT of a grey picture: N x 4 (x, y, size, angle in degrees) and N x 128 RootSIFT codes, N <= ``most``."""
    # precise: without it coordinates are off by a quarter of a pixel, so that mirrored ones do not meet
    sift = cv2.SIFT.create(most, contrastThreshold=0.01, enable_precise_upscale=True)
    found, codes = sift.detectAndCompute(grey, None)
    if not found:  # then there are no codes either
        return np.zeros((0, 4), np.float32), np.zeros((0, 128), np.float32)
    points = np.array([(*k.pt, k.size, k.angle) for k in found], np.float32)
    return points[:most], np.sqrt(codes[:most] / np.maximum(codes[:most].sum(1, keepdims=True), 1e-6))


def mirrored_codes(codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """The codes that the same keypoints have in the mirrored photo."""
    bins = codes.reshape(-1, 4, 4, 8)
    return np.ascontiguousarray(bins[:, ::-1, :, -np.arange(8) % 8]).reshape(-1, 128)
