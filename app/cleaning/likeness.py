"""What a photo looks like from afar: hashes of its whole frame, the same for turned and mirrored copies.

The lowest frequencies of the frame (discrete cosine transform, as in a pHash) are laid into one orientation by their
signs and sizes, so that turned and mirrored copies get the same hash; where those are nearly equal, the photo has
several hashes. Quick: it needs no more than the quarter-scale pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from app.cleaning.findings import Found
from app.cleaning.subject import Subject

SIDE = 8  # lowest frequencies each way
FRAME = 32
CLEAR = 4  # of 127; what recompression adds to a smooth photo stays below
_CHUNK, _ROWS = 1 << 16, 512
UNSURE = 0.25  # share of the larger one below which a frequency does not tell an orientation
_WAVES = cv2.dct(np.eye(FRAME, dtype=np.float32), flags=cv2.DCT_ROWS).T[:SIDE].copy()
"""Rows: the lowest frequencies of a cosine transform."""
WAYS = [(x, y, swap) for swap in (False, True) for x in (1, -1) for y in (1, -1)]


def examine(subject: Subject) -> Found:
    """The blob: 64 int8, frequencies of the upright frame, row by row."""
    grey = subject.grey
    height, width = map(float, grey.shape)
    while min(grey.shape) >= 4 * FRAME:  # whole steps are averaged much faster
        grey, height, width = _halved(grey), height / 2, width / 2
    waves = _frame_waves(grey.shape[0], height) @ grey.astype(np.float32) @ _frame_waves(grey.shape[1], width).T
    waves[0, 0] = 0.0
    most = float(np.abs(waves).max())
    packed = np.rint(waves * (127 / most)).astype(np.int8) if most > 1.0 else np.zeros((SIDE, SIDE), np.int8)
    return Found((), {"bytes": len(subject.data)}, packed.tobytes())


def _halved(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An odd side's last pixels are averaged with themselves."""
    height, width = grey.shape
    if height % 2 or width % 2:
        grey = np.asarray(cv2.copyMakeBorder(grey, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE), np.uint8)
    half = ((width + 1) // 2, (height + 1) // 2)
    return np.asarray(cv2.resize(grey, half, interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache(64)
def _frame_waves(pixels: int, length: float) -> NDArray[np.float32]:
    """SIDE x ``pixels``: the lowest frequencies of so many pixels' ``length``, averaged into FRAME cells."""
    ends, at = np.linspace(0, length, FRAME + 1)[:, None], np.arange(pixels)
    overlap = np.minimum(ends[1:], at + 1) - np.maximum(ends[:-1], at)
    return np.asarray(_WAVES @ (np.maximum(overlap, 0) * (FRAME / length)), np.float32)


def frame_hashes(blobs: Sequence[bytes]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hashes (63 bits) of photos with these blobs, one for each orientation that may be its own, and whose each is."""
    waves = _stacked(blobs)
    across, down = waves[:, 0, 1], waves[:, 1, 0]
    largest = np.maximum(np.maximum(np.abs(across), np.abs(down)), 1.0)
    codes, owners = [], []
    for x, y, swap in WAYS:
        likely = (across * x > -UNSURE * largest) & (down * y > -UNSURE * largest)
        major, minor = (down, across) if swap else (across, down)
        whose = np.flatnonzero(likely & (np.abs(major) >= (1 - UNSURE) * np.abs(minor)) & waves.any(axis=(1, 2)))
        bits = _turned(waves[whose], x, y, swap).reshape(-1, SIDE * SIDE)[:, _ORDER] > CLEAR
        codes.append((bits.astype(np.uint64) << np.arange(63, dtype=np.uint64)).sum(1, dtype=np.uint64))
        owners.append(whose)
    order = np.argsort(np.concatenate(owners), kind="stable")
    return np.concatenate(codes)[order], np.concatenate(owners)[order]


def _stacked(blobs: Sequence[bytes]) -> NDArray[np.float32]:
    raw = np.frombuffer(b"".join(blob or bytes(SIDE * SIDE) for blob in blobs), np.int8)
    return raw.astype(np.float32).reshape(-1, SIDE, SIDE)


def _order() -> NDArray[np.int64]:
    rows, columns = np.divmod(np.arange(SIDE * SIDE), SIDE)
    lowest_first = np.argsort(rows + columns + rows / SIDE, kind="stable")[1:]
    return np.concatenate([lowest_first[band::3] for band in range(3)])


_ORDER = _order()


def frame_likeness(blobs: Sequence[bytes], pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cosine of the frequencies of each pair (M x 2 places in ``blobs``) in the orientation in which it is largest."""
    waves = _stacked(blobs)
    waves /= np.maximum(np.linalg.norm(waves, axis=(1, 2), keepdims=True), 1e-6)
    best = np.full(len(pairs), -1.0)
    for start in range(0, len(pairs), _CHUNK):
        at = slice(start, start + _CHUNK)
        first, second = waves[pairs[at, 0]], waves[pairs[at, 1]]
        for x, y, swap in WAYS:
            likeness = np.einsum("nij,nij->n", first, _turned(second, x, y, swap))
            best[at] = np.maximum(best[at], likeness)
    return best


def nearest_frames(blobs: Sequence[bytes], most: int, least: float) -> NDArray[np.int64]:
    """Pairs (M x 2 places in ``blobs``, the smaller first) of frames that are among the ``most`` nearest of one of them
    in any orientation, cosine at least ``least``. All with all: for some thousands of photos."""
    if not blobs:
        return np.zeros((0, 2), np.int64)
    waves = _stacked(blobs)
    waves /= np.maximum(np.linalg.norm(waves, axis=(1, 2), keepdims=True), 1e-6)
    turned = [_turned(waves, *way).reshape(len(waves), -1).T for way in WAYS]
    found = []
    for start in range(0, len(waves), _ROWS):
        rows = waves[start : start + _ROWS].reshape(-1, SIDE * SIDE)
        cosine = np.max([rows @ other for other in turned], axis=0)
        cosine[np.arange(len(rows)), start + np.arange(len(rows))] = -1.0
        nearest = np.argsort(-cosine, axis=1)[:, :most]
        row, column = np.nonzero(np.take_along_axis(cosine, nearest, axis=1) >= least)
        found.append(np.sort(np.stack([start + row, nearest[row, column]], axis=1), axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _turned(waves: NDArray[np.float32], x: int, y: int, swap: bool) -> NDArray[np.float32]:
    """The frequencies (N x 8 x 8) of frames mirrored (-1) sideways, upside down, then transposed."""
    signs = np.arange(SIDE) % 2
    turned = waves * np.where(signs, x, 1)[None, :] * np.where(signs, y, 1)[:, None]
    return np.asarray(turned.transpose(0, 2, 1) if swap else turned)
