"""RandAugment (Cubuk et al., NeurIPS 2020) on one uint8 RGB picture, with OpenCV: some looks of a list, one strength.

The paper's operations that move pixels are left out: ``augment.random_crop`` turns, stretches, zooms and shifts as the
plan says, and the detector's boxes must stay where they are. Solarising and posterising make skin that nobody has; they
are in the paper's list and stay for that reason, weak.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
MOST = 10
"""The scale's end; a strength of it changes as the paper's largest magnitude does."""


def rand_augment(pixels: U8, count: int, strength: int, rng: np.random.Generator) -> U8:
    """``count`` operations drawn with replacement, each at ``strength`` (0..10) in one direction or the other."""
    for _ in range(count):
        operation = OPERATIONS[int(rng.integers(len(OPERATIONS)))]
        signed = strength / MOST * (1 if rng.random() < 0.5 else -1)
        pixels = operation(pixels, signed)
    return pixels


def _blend(a: NDArray[np.generic], b: U8, share: float) -> U8:
    """``share`` of ``b``, the rest of ``a``; shares beyond 1 go on in that direction."""
    return np.asarray(cv2.addWeighted(np.asarray(a, np.uint8), 1 - share, b, share, 0), np.uint8)


def _as_it_is(pixels: U8, k: float) -> U8:
    return pixels


def _brightness(pixels: U8, k: float) -> U8:
    return _blend(np.zeros_like(pixels), pixels, 1 + 0.9 * k)


def _contrast(pixels: U8, k: float) -> U8:
    grey = np.full_like(pixels, round(float(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).mean())))
    return _blend(grey, pixels, 1 + 0.9 * k)


def _colour(pixels: U8, k: float) -> U8:
    grey = cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return _blend(grey, pixels, 1 + 0.9 * k)


def _sharpness(pixels: U8, k: float) -> U8:
    return _blend(cv2.GaussianBlur(pixels, (0, 0), 1.0), pixels, 1 + 0.9 * k)


def _autocontrast(pixels: U8, k: float) -> U8:
    low, high = pixels.min((0, 1)).astype(float), pixels.max((0, 1)).astype(float)
    stretch = 255 / np.maximum(high - low, 1)
    table = ((np.arange(256)[:, None] - low) * stretch).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(pixels, table[None]), np.uint8)


def _equalise(pixels: U8, k: float) -> U8:
    return np.dstack([cv2.equalizeHist(np.ascontiguousarray(pixels[..., c])) for c in range(3)]).astype(np.uint8)


def _posterise(pixels: U8, k: float) -> U8:
    bits = 8 - round(4 * abs(k))
    return np.asarray(pixels & np.uint8(256 - (1 << (8 - bits))), np.uint8)


def _solarise(pixels: U8, k: float) -> U8:
    return np.where(pixels < 256 - 128 * abs(k), pixels, 255 - pixels).astype(np.uint8)


OPERATIONS: tuple[Callable[[U8, float], U8], ...] = (
    _as_it_is,
    _brightness,
    _contrast,
    _colour,
    _sharpness,
    _autocontrast,
    _equalise,
    _posterise,
    _solarise,
)
