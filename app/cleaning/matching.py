"""Whether two photos show the same picture: keypoints that one similarity explains, then the aligned pixels themselves.

Keypoints are SIFT (Lowe, IJCV 2004); mirrored ones are found by permuting a descriptor's bins instead of looking at the
photo again. RANSAC proposes a similarity, which is refined to an affinity by the enhanced correlation coefficient
(Evangelidis and Psarakis, PAMI 2008). A copy then agrees in nearly every small block, however it was cropped, turned,
mirrored, rescaled, recompressed or stamped; another photo of the same lesion does not. Pure: numpy in, numpy out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

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
AROUND, SAME = 6, 0.2  # pixels about a keypoint; share of their spread by which printed ones differ at most
NOWHERE = np.zeros((0, 4), np.float32)


def align(first: Look, second: Look) -> Alignment | None:
    """The best way to lay one photo on the other, or None where nothing speaks for one."""
    proposals = [(lay(first, second, matrix, len(at)), at) for matrix, at in _proposals(first, second)]
    best, at = max(((p, at) for p, at in proposals if p), key=lambda p: p[0].likeness, default=(None, NOWHERE))
    if best is None:
        return None
    if HOPELESS < best.likeness < EXACT:
        better = lay(first, second, refined(best), best.agreeing)
        if better is not None and better.likeness > best.likeness:
            best = better
    return replace(best, agreeing=_witnesses(first, second, best.onto, at)).alignment()


def _witnesses(first: Look, second: Look, onto: Matrix, at: NDArray[np.float32]) -> int:
    """Matches (N x 4: x, y in either photo) that the final matrix still explains, but for those on what was laid over
    both photos by software: there the pixels around are the same to a hair, as in no second shot."""
    moved = at[:, :2] @ onto[:2, :2].T + onto[:2, 2]
    kept = at[np.hypot(*(moved - at[:, 2:]).T) < 2 * REACH]
    return sum(not _printed(first.grey, second.grey, match) for match in kept)


def _printed(a: Grey, b: Grey, match: NDArray[np.float32]) -> bool:
    size = (2 * AROUND + 1, 2 * AROUND + 1)
    one = cv2.getRectSubPix(a, size, (float(match[0]), float(match[1])))
    other = cv2.getRectSubPix(b, size, (float(match[2]), float(match[3])))
    return float(np.abs(one - other).mean()) < SAME * float(one.std())


def _proposals(first: Look, second: Look) -> Iterator[tuple[Matrix, NDArray[np.float32]]]:
    """Matrices from ``first.grey`` to ``second.grey`` that may hold, the likeliest first, and their matches, N x 4."""
    whole = _whole_frame(first.grey, second.grey)
    if whole is not None:
        yield square(whole), NOWHERE
    rivals = []
    for mirrored in (False, True):
        codes = mirrored_codes(second.codes) if mirrored else second.codes
        points = second.points * (-1, 1) if mirrored else second.points
        similarity, at = _similarity(first.points, first.codes, points.astype(np.float32), codes)
        if similarity is not None:
            at = at * np.array((1, 1, -1 if mirrored else 1, 1), np.float32)
            rivals.append((square(np.diag([-1.0, 1.0]) @ similarity if mirrored else similarity), at))
    yield from sorted(rivals, key=lambda r: -len(r[1]))[:1]


def _similarity(
    points: NDArray[np.float32],
    codes: NDArray[np.float32],
    others: NDArray[np.float32],
    other_codes: NDArray[np.float32],
) -> tuple[Matrix | None, NDArray[np.float32]]:
    """RANSAC over matches that pass the ratio test; those that agree, N x 4."""
    if len(points) < FEWEST or len(others) < FEWEST:
        return None, NOWHERE
    products = codes @ other_codes.T
    order = np.argpartition(-products, 1, axis=1)[:, :2]
    two = np.take_along_axis(products, order, axis=1)
    best = np.where(two[:, 0] >= two[:, 1], order[:, 0], order[:, 1])
    near, next_ = np.sqrt(np.maximum(0, 2 - 2 * two.max(1))), np.sqrt(np.maximum(0, 2 - 2 * two.min(1)))
    kept = np.flatnonzero(near < RATIO * next_)
    if len(kept) < FEWEST:
        return None, NOWHERE
    cv2.setRNGSeed(0)  # the same photos, the same verdict
    matrix, inliers = cv2.estimateAffinePartial2D(
        points[kept], others[best[kept]], method=cv2.RANSAC, ransacReprojThreshold=REACH, maxIters=2000
    )
    if inliers is None or not inliers.any():  # then the matrix may be None, which OpenCV's stub does not know
        return None, NOWHERE
    hit = {int(best[kept[i]]): int(kept[i]) for i in np.flatnonzero(inliers)}  # one target hit often is one witness
    at = np.hstack([points[list(hit.values())], others[list(hit)]])
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    return (np.asarray(matrix, np.float64) if len(at) >= FEWEST and 0.1 < scale < 10 else None), at


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
