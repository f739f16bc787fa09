"""One photo laid on another under a matrix: how well small blocks agree, and the matrix that fits their pixels best.

A similarity is refined to an affinity by the enhanced correlation coefficient (Evangelidis and Psarakis, PAMI 2008).
Pure: numpy in, numpy out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from app.cleaning.alignment import Alignment, Matrix, scaling, square
from app.cleaning.looks import Grey, Look

BLOCK = 16
SMALLEST = 24  # side of a square of pixels; less in common is no ground for a verdict
DIFFERENT = 0.6  # correlation below which a block counts as changed
PLAIN = 2.5  # grey levels; a block that varies less shows noise, not structure


@dataclass(frozen=True, eq=False, slots=True)
class Laid:
    """One photo laid on the other under a matrix, and how well its blocks agree: ``blocks`` is NaN where there is
    nothing to compare. ``swapped``: the second is the ground, as its pixels are the coarser ones."""

    first: Look
    second: Look
    onto: Matrix  # 3 x 3: pixels of first.grey to those of second.grey
    agreeing: int
    swapped: bool
    laid: Grey
    seen: NDArray[np.bool_]
    blocks: Grey
    likeness: float

    @property
    def ground(self) -> Grey:
        return self.second.grey if self.swapped else self.first.grey

    def alignment(self) -> Alignment:
        share = float(self.seen.mean())
        stretch = float(np.sqrt(abs(np.linalg.det(self.onto[:2, :2]))))
        area = (self.first.grey.size, self.second.grey.size)
        if self.swapped:
            shares = (min(1.0, share * area[1] / stretch**2 / area[0]), share)
        else:
            shares = (share, min(1.0, share * area[0] * stretch**2 / area[1]))
        matrix = np.linalg.inv(scaling(self.second.scale)) @ self.onto @ scaling(self.first.scale)
        compared = self.blocks[~np.isnan(self.blocks)]
        changed = float((compared < DIFFERENT).mean()) if compared.size else 0.0
        corners = tuple(float(v) for v in matrix[:2].ravel())
        return Alignment(
            corners, self.likeness, *shares, self.agreeing, _colour_distance(self), changed, self._busier()
        )

    def _busier(self) -> int:
        rows, columns = self.ground.shape
        apart = np.nan_to_num(self.blocks, nan=1.0) < DIFFERENT
        if not apart.any():
            return 0
        where = cv2.resize(apart.astype(np.uint8), (columns, rows), interpolation=cv2.INTER_NEAREST) > 0
        ground, other = (float(np.abs(cv2.Laplacian(p, cv2.CV_32F))[where].mean()) for p in (self.ground, self.laid))
        if max(ground, other) < 1.25 * min(ground, other):
            return 0
        return 2 if (other > ground) != self.swapped else 1


def lay(first: Look, second: Look, onto: Matrix, agreeing: int) -> Laid | None:
    """The finer photo is laid on the coarser one; None where they hardly meet."""
    stretch = float(np.sqrt(abs(np.linalg.det(onto[:2, :2]))))
    if not 0.08 < stretch < 12:
        return None
    swapped = stretch < 1
    ground, other = (second, first) if swapped else (first, second)
    matrix = np.linalg.inv(onto)[:2] if swapped else onto[:2]
    rows, columns = ground.grey.shape
    soft = softened(other.grey, min(stretch, 1 / stretch))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (columns, rows)
    laid = np.asarray(cv2.warpAffine(soft, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)
    seen = cv2.warpAffine(np.ones(other.grey.shape, np.float32), matrix, size, flags=flags) > 0.99
    if np.count_nonzero(seen) < SMALLEST**2:
        return None
    blocks = _blocks(ground.grey, laid, seen)
    known = blocks[~np.isnan(blocks)]
    if len(known) >= 6:
        likeness = float(np.quantile(known, 0.65))  # not the median: a watermark all over takes half of the blocks
    else:  # hardly any structure: all that there is together, which is no proof before it agrees to a hair
        likeness = 1 - 20 * (1 - correlation(ground.grey[seen], laid[seen]))
    return Laid(first, second, onto, agreeing, swapped, laid, seen, blocks, likeness)


def _blocks(ground: Grey, laid: Grey, seen: NDArray[np.bool_]) -> Grey:
    """Correlation of blocks, half a block apart; NaN where one is not seen whole or shows no structure."""
    a, b = (cv2.GaussianBlur(p, (0, 0), 1.0).astype(np.float64) for p in (ground, laid))
    half = BLOCK // 2
    at = np.s_[half : a.shape[0] - half + 1 : half, half : a.shape[1] - half + 1 : half]

    def mean(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(cv2.boxFilter(values, cv2.CV_64F, (BLOCK, BLOCK))[at])

    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    alike = (mean(a * b) - mean_a * mean_b) / np.sqrt(np.maximum(var_a * var_b, 1e-3))
    told = (np.maximum(var_a, var_b) >= PLAIN**2) & (mean(seen.astype(np.float64)) > 0.999)
    return np.where(told, alike, np.nan).astype(np.float32)


def _colour_distance(laid: Laid) -> float:
    """Median over blocks, so that a watermark does not count."""
    ground, other = (laid.second, laid.first) if laid.swapped else (laid.first, laid.second)
    matrix = (np.linalg.inv(laid.onto) if laid.swapped else laid.onto)[:2]
    rows, columns = ground.grey.shape
    size = (max(1, columns // BLOCK), max(1, rows // BLOCK))
    onto = cv2.warpAffine(other.colour, matrix, (columns, rows), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    apart = (onto.astype(np.float32) - ground.colour) * laid.seen[..., None]
    means = np.asarray(cv2.resize(apart, size, interpolation=cv2.INTER_AREA))
    share = np.asarray(cv2.resize(laid.seen.astype(np.float32), size, interpolation=cv2.INTER_AREA))
    told = share > 0.3
    return float(np.median(np.abs(means).max(axis=2)[told] / share[told])) if told.any() else 255.0


def refined(laid: Laid) -> Matrix:
    """The matrix that fits the pixels best, blocks that differ (a watermark) left aside."""
    ground, other = (laid.second, laid.first) if laid.swapped else (laid.first, laid.second)
    start = (np.linalg.inv(laid.onto) if laid.swapped else laid.onto)[:2].astype(np.float32)
    rows, columns = ground.grey.shape
    alike = cv2.resize(np.nan_to_num(laid.blocks, nan=1.0), (columns, rows), interpolation=cv2.INTER_NEAREST) > 0.2
    mask = (alike & laid.seen).astype(np.uint8)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 25, 1e-4)
    try:
        _, better = cv2.findTransformECC(mask * ground.grey, other.grey, start, cv2.MOTION_AFFINE, criteria, mask, 5)
    except cv2.error:  # it did not converge: the proposal stands as it is
        return laid.onto
    onto = square(np.asarray(better, np.float64))
    return np.asarray(np.linalg.inv(onto)) if laid.swapped else onto


def correlation(a: NDArray[Any], b: NDArray[Any]) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / size) if size > 1e-6 else 0.0


def softened(pixels: NDArray[Any], scale: float) -> NDArray[Any]:
    """Blurred as much as shrinking by ``scale`` needs."""
    return cv2.GaussianBlur(pixels, (0, 0), 0.5 * (1 / scale - 1)) if scale < 0.8 else pixels
