"""Codes of a photo's most telling spots, for finding copies that show only a part of it, however turned or mirrored.

SIFT keypoints, the large and strong ones; a descriptor and its mirrored self are made into one that does not know
left from right, and 63 signs of its principal components (turned at random, so that each tells as much) are its code.
The components are learnt from other photos by ``tools/train_landmarks.py``.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from app.cleaning.findings import Found
from app.cleaning.looks import mirrored_codes
from app.cleaning.subject import Subject
from app.common.places import RESOURCES

SIDE = 160
THINNEST = 4
MOST = 48
CELLS, MOST_OF_CELL = 4, 6  # each way; so that a watermark's letters do not take every place
BITS = 63
MODEL = RESOURCES / "cleaning" / "landmarks.npz"


def examine(subject: Subject) -> Found:
    """The blob: up to 48 codes of 63 bits (uint64)."""
    return Found((), {}, codes(descriptors(subject.small)).tobytes())


def descriptors(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """N x 256, N <= 48: the same for a mirrored photo."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    scale = SIDE / max(grey.shape)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    if round(min(grey.shape) * scale) < THINNEST:  # a strip shows no spots, and may vanish altogether
        return np.zeros((0, 256), np.float32)
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=way)
    sift = cv2.SIFT_create(4 * MOST, contrastThreshold=0.008, enable_precise_upscale=True)  # type: ignore[attr-defined]
    found, raw = sift.detectAndCompute(grey, None)
    if raw is None:
        return np.zeros((0, 256), np.float32)
    weight = np.array([k.response * k.size for k in found])
    order = np.argsort(-weight, kind="stable")
    cells = np.array(
        [int(k.pt[1] * CELLS / grey.shape[0]) * CELLS + int(k.pt[0] * CELLS / grey.shape[1]) for k in found]
    )
    spread = np.zeros(len(order), bool)
    for cell in range(CELLS * CELLS):
        spread[order[cells[order] == cell][:MOST_OF_CELL]] = True
    best = raw[np.concatenate([order[spread[order]], order[~spread[order]]])[:MOST]]
    root = np.sqrt(best / np.maximum(best.sum(1, keepdims=True), 1e-6)).astype(np.float32)
    other = mirrored_codes(root)
    return np.hstack([root + other, np.abs(root - other)])


def codes(described: NDArray[np.float32]) -> NDArray[np.uint64]:
    """A code for each row of :func:`descriptors`."""
    mean, axes = _model()
    bits = (described - mean) @ axes > 0
    return np.asarray((bits.astype(np.uint64) << np.arange(BITS, dtype=np.uint64)).sum(1, dtype=np.uint64))


@cache
def _model() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    with np.load(MODEL) as model:
        return model["mean"].astype(np.float32), model["axes"].astype(np.float32)
