"""Whether two photos show the same picture: keypoints that one similarity explains, then the aligned pixels themselves.

Keypoints are SIFT (Lowe, IJCV 2004); mirrored ones are found by permuting a descriptor's bins instead of looking at the
photo again. RANSAC proposes a similarity, which is refined to an affinity by the enhanced correlation coefficient
(Evangelidis and Psarakis, PAMI 2008). A copy then agrees in nearly every small block, however it was cropped, turned,
mirrored, rescaled, recompressed or stamped; another photo of the same lesion does not. Pure: numpy in, numpy out.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from app.cleaning.alignment import Alignment, Matrix, square
from app.cleaning.laying import correlation, lay, refined
from app.cleaning.looks import Grey, Look, mirrored_codes

RATIO = 0.8
REACH = 3.0  # pixels that a keypoint may lie off the similarity
FEWEST = 6  # keypoints that must agree before the pixels are looked at
HOPELESS, EXACT = 0.25, 0.98  # typical correlation of blocks below and above which refining changes nothing


def align(first: Look, second: Look) -> Alignment | None:
    """The best way to lay one photo on the other, or None where nothing speaks for one."""
    laid = [lay(first, second, matrix, agreeing) for matrix, agreeing in _proposals(first, second)]
    best = max((p for p in laid if p is not None), key=lambda p: p.likeness, default=None)
    if best is None:
        return None
    if HOPELESS < best.likeness < EXACT:
        better = lay(first, second, refined(best), best.agreeing)
        if better is not None and better.likeness > best.likeness:
            best = better
    return best.alignment()


def _proposals(first: Look, second: Look) -> Iterator[tuple[Matrix, int]]:
    """Matrices from ``first.grey`` to ``second.grey`` that may hold, the likeliest first."""
    whole = _whole_frame(first.grey, second.grey)
    if whole is not None:
        yield square(whole), 0
    rivals = []
    for mirrored in (False, True):
        codes = mirrored_codes(second.codes) if mirrored else second.codes
        points = second.points * (-1, 1) if mirrored else second.points
        similarity, agreeing = _similarity(first.points, first.codes, points.astype(np.float32), codes)
        if similarity is not None:
            rivals.append((square(np.diag([-1.0, 1.0]) @ similarity if mirrored else similarity), agreeing))
    yield from sorted(rivals, key=lambda r: -r[1])[:1]


def _similarity(
    points: NDArray[np.float32],
    codes: NDArray[np.float32],
    others: NDArray[np.float32],
    other_codes: NDArray[np.float32],
) -> tuple[Matrix | None, int]:
    """RANSAC over matches that pass the ratio test."""
    if len(points) < FEWEST or len(others) < FEWEST:
        return None, 0
    products = codes @ other_codes.T
    order = np.argpartition(-products, 1, axis=1)[:, :2]
    two = np.take_along_axis(products, order, axis=1)
    best = np.where(two[:, 0] >= two[:, 1], order[:, 0], order[:, 1])
    near, next_ = np.sqrt(np.maximum(0, 2 - 2 * two.max(1))), np.sqrt(np.maximum(0, 2 - 2 * two.min(1)))
    kept = np.flatnonzero(near < RATIO * next_)
    if len(kept) < FEWEST:
        return None, 0
    cv2.setRNGSeed(0)  # the same photos, the same verdict
    matrix, inliers = cv2.estimateAffinePartial2D(
        points[kept], others[best[kept]], method=cv2.RANSAC, ransacReprojThreshold=REACH, maxIters=2000
    )
    if inliers is None or not inliers.any():  # then the matrix may be None, which OpenCV's stub does not know
        return None, 0
    agreeing = len({int(best[kept[i]]) for i in np.flatnonzero(inliers)})  # one target hit often is one witness
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    return (np.asarray(matrix, np.float64) if agreeing >= FEWEST and 0.1 < scale < 10 else None), agreeing


def _whole_frame(a: Grey, b: Grey) -> Matrix | None:
    """One of the eight ways to lay the whole of one frame on the other, if it correlates well."""
    small = cv2.resize(a, (32, 32), interpolation=cv2.INTER_AREA)
    other = cv2.resize(b, (32, 32), interpolation=cv2.INTER_AREA)
    best, found = 0.7, None
    for transposed in (False, True):
        rows, columns = (b.shape[1], b.shape[0]) if transposed else b.shape
        if abs(np.log((columns / rows) / (a.shape[1] / a.shape[0]))) > 0.06:
            continue
        for flips in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
            picture = other.T if transposed else other
            likeness = correlation(small, picture[:: flips[1], :: flips[0]])
            if likeness > best:
                best, found = likeness, _frame_map(a.shape, b.shape, transposed, flips)
    return found


def _frame_map(a: tuple[int, ...], b: tuple[int, ...], transposed: bool, flips: tuple[int, int]) -> Matrix:
    """Pixel centres of frame ``a`` (rows, columns) to those of ``b``: flipped first, then transposed."""
    to_unit = np.array([[1 / a[1], 0, 0.5 / a[1]], [0, 1 / a[0], 0.5 / a[0]], [0, 0, 1]])
    flip = np.array([[flips[0], 0, 0.5 - 0.5 * flips[0]], [0, flips[1], 0.5 - 0.5 * flips[1]], [0, 0, 1]])
    swap = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1.0]]) if transposed else np.eye(3)
    to_b = np.array([[b[1], 0, -0.5], [0, b[0], -0.5], [0, 0, 1]])
    return np.asarray((to_b @ swap @ flip @ to_unit)[:2])
