"""Whether two photos show the same picture: keypoints that one similarity explains, then the aligned pixels themselves.

Keypoints are SIFT (Lowe, IJCV 2004); mirrored ones are found by permuting a descriptor's bins instead of looking at the
photo again. RANSAC proposes a similarity, which is refined to an affinity by the enhanced correlation coefficient
(Evangelidis and Psarakis, PAMI 2008). A copy then agrees in nearly every small block, however it was cropped, turned,
mirrored, rescaled, recompressed or stamped; another photo of the same lesion does not. Pure: numpy in, numpy out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Grey = NDArray[np.float32]
Matrix = NDArray[np.float64]

SIDE = 256
"""Longer side in pixels at which photos are compared."""
KEYPOINTS = 300
BLOCK = 16
RATIO = 0.8
REACH = 3.0  # pixels that a keypoint may lie off the similarity
FEWEST = 6  # keypoints that must agree before the pixels are looked at
SMALLEST = 24  # side of a square of pixels; less in common is no ground for a verdict
HOPELESS, EXACT = 0.25, 0.98  # typical correlation of blocks below and above which refining changes nothing
DIFFERENT = 0.6  # correlation below which a block counts as changed
PLAIN = 2.5  # grey levels; a block that varies less shows noise, not structure


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


@dataclass(frozen=True, slots=True)
class Alignment:
    """How two photos lie on each other.

    ``matrix``: 2 x 3, row by row: pixels of the first photo at full scale to those of the second. ``likeness``: typical
    correlation of small blocks, -1..1. ``first``, ``second``: share of each photo's area that the other shows too.
    ``agreeing``: keypoints that lie where the matrix puts them; 0 where none were needed.
    ``colour``: typical distance of their colours, grey levels of the channel that differs most; ``changed``: share of
    the blocks with structure that do not correlate, as under a watermark. ``busier``: 1 or 2, the photo with clearly
    more edges in those blocks: it is the one that was stamped; 0: neither.
    """

    matrix: tuple[float, ...]
    likeness: float
    first: float
    second: float
    agreeing: int
    colour: float
    changed: float
    busier: int = 0

    @property
    def mirrored(self) -> bool:
        a, b, _, c, d, _ = self.matrix
        return a * d - b * c < 0

    @property
    def turned(self) -> float:
        """Degrees, clockwise as seen, -180..180: by how much the second photo is turned (after mirroring sideways)."""
        a, _, _, c, _, _ = self.matrix
        return float(np.degrees(np.arctan2(c, -a if self.mirrored else a)))

    @property
    def scale(self) -> float:
        """Pixels of the second photo per pixel of the first."""
        a, b, _, c, d, _ = self.matrix
        return float(np.sqrt(abs(a * d - b * c)))

    @property
    def same_frame(self) -> bool:
        """The frames lie on each other, turned by quarters at most: no hand holds a camera so still."""
        quarter = abs((self.turned + 45) % 90 - 45)
        return min(self.first, self.second) > 0.97 and quarter < 0.3

    def as_json(self) -> dict[str, Any]:
        return {
            "matrix": [round(v, 6) for v in self.matrix],
            "likeness": round(self.likeness, 4),
            "first": round(self.first, 4),
            "second": round(self.second, 4),
            "agreeing": self.agreeing,
            "colour": round(self.colour, 2),
            "changed": round(self.changed, 4),
            "busier": self.busier,
        }

    @classmethod
    def from_json(cls, raw: Any) -> Alignment:
        return cls(**{**raw, "matrix": tuple(raw["matrix"])})


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """Two photos on top of each other, for an eye to see what differs.

    ``first``: H x W x 3, the first photo; ``second``: the other one laid on it, same shape, in its own colours and grey
    where it shows nothing; ``seen``: bool, H x W, where both show something; ``differs``: bool, where they differ.
    """

    first: Pixels
    second: Pixels
    seen: NDArray[np.bool_]
    differs: NDArray[np.bool_]
    alignment: Alignment


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
    sift = cv2.SIFT_create(most, contrastThreshold=0.01, enable_precise_upscale=True)  # type: ignore[attr-defined]
    found, codes = sift.detectAndCompute(grey, None)
    if codes is None:
        return np.zeros((0, 4), np.float32), np.zeros((0, 128), np.float32)
    points = np.array([(*k.pt, k.size, k.angle) for k in found], np.float32)
    return points[:most], np.sqrt(codes[:most] / np.maximum(codes[:most].sum(1, keepdims=True), 1e-6))


def mirrored_codes(codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """The codes that the same keypoints have in the mirrored photo."""
    bins = codes.reshape(-1, 4, 4, 8)
    return np.ascontiguousarray(bins[:, ::-1, :, -np.arange(8) % 8]).reshape(-1, 128)


def align(first: Look, second: Look) -> Alignment | None:
    """The best way to lay one photo on the other, or None where nothing speaks for one."""
    laid = [_laid(first, second, matrix, agreeing) for matrix, agreeing in _proposals(first, second)]
    best = max((p for p in laid if p is not None), key=lambda p: p.likeness, default=None)
    if best is None:
        return None
    if HOPELESS < best.likeness < EXACT:
        refined = _laid(first, second, _refined(best), best.agreeing)
        if refined is not None and refined.likeness > best.likeness:
            best = refined
    return best.alignment()


def evidence(first: Pixels, second: Pixels, verdict: Any | None = None, side: int = 1024) -> Evidence | None:
    """Lay ``second`` on ``first`` (RGB, upright, both at full scale or both reduced by their decoder alike).

    ``verdict``: what :meth:`Alignment.as_json` remembered for these very pixels' photos at full scale; None: they are
    aligned anew (some 50 ms). ``side``: longer side of the pictures given back. None where they do not fit together.
    """
    alignment = align(look(first), look(second)) if verdict is None else Alignment.from_json(verdict)
    if alignment is None:
        return None
    shrink = min(1.0, side / max(first.shape[:2]))
    size = (max(1, round(first.shape[1] * shrink)), max(1, round(first.shape[0] * shrink)))
    base = np.asarray(cv2.resize(first, size, interpolation=cv2.INTER_AREA), np.uint8)
    back = np.diag([size[0] / first.shape[1], size[1] / first.shape[0], 1.0]) @ np.linalg.inv(
        _square(np.array(alignment.matrix).reshape(2, 3))
    )
    blurred = _softened(second, float(np.sqrt(abs(np.linalg.det(back[:2, :2])))))
    laid = np.asarray(cv2.warpAffine(blurred, back[:2], size, flags=cv2.INTER_LINEAR, borderValue=(128,) * 3), np.uint8)
    seen = cv2.warpAffine(np.full(second.shape[:2], 255, np.uint8), back[:2], size, flags=cv2.INTER_NEAREST) > 0
    return Evidence(base, laid, seen, _differing(base, laid, seen), alignment)


def _proposals(first: Look, second: Look) -> Iterator[tuple[Matrix, int]]:
    """Matrices from ``first.grey`` to ``second.grey`` that may hold, the likeliest first."""
    whole = _whole_frame(first.grey, second.grey)
    if whole is not None:
        yield _square(whole), 0
    rivals = []
    for mirrored in (False, True):
        codes = mirrored_codes(second.codes) if mirrored else second.codes
        points = second.points * (-1, 1) if mirrored else second.points
        similarity, agreeing = _similarity(first.points, first.codes, points.astype(np.float32), codes)
        if similarity is not None:
            rivals.append((_square(np.diag([-1.0, 1.0]) @ similarity if mirrored else similarity), agreeing))
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
            likeness = _correlation(small, picture[:: flips[1], :: flips[0]])
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


@dataclass(frozen=True, eq=False, slots=True)
class _Laid:
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
        matrix = np.linalg.inv(_scaling(self.second.scale)) @ self.onto @ _scaling(self.first.scale)
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


def _laid(first: Look, second: Look, onto: Matrix, agreeing: int) -> _Laid | None:
    """The finer photo is laid on the coarser one; None where they hardly meet."""
    stretch = float(np.sqrt(abs(np.linalg.det(onto[:2, :2]))))
    if not 0.08 < stretch < 12:
        return None
    swapped = stretch < 1
    ground, other = (second, first) if swapped else (first, second)
    matrix = np.linalg.inv(onto)[:2] if swapped else onto[:2]
    rows, columns = ground.grey.shape
    softened = _softened(other.grey, min(stretch, 1 / stretch))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (columns, rows)
    laid = np.asarray(cv2.warpAffine(softened, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)
    seen = cv2.warpAffine(np.ones(other.grey.shape, np.float32), matrix, size, flags=flags) > 0.99
    if np.count_nonzero(seen) < SMALLEST**2:
        return None
    blocks = _blocks(ground.grey, laid, seen)
    known = blocks[~np.isnan(blocks)]
    if len(known) >= 6:
        likeness = float(np.quantile(known, 0.65))  # not the median: a watermark all over takes half of the blocks
    else:  # hardly any structure: all that there is together, which is no proof before it agrees to a hair
        likeness = 1 - 20 * (1 - _correlation(ground.grey[seen], laid[seen]))
    return _Laid(first, second, onto, agreeing, swapped, laid, seen, blocks, likeness)


def _blocks(ground: Grey, laid: Grey, seen: NDArray[np.bool_]) -> Grey:
    """Correlation of blocks, half a block apart; NaN where one is not seen whole or shows no structure."""
    a, b = (cv2.GaussianBlur(p, (0, 0), 1.0).astype(np.float64) for p in (ground, laid))
    half = BLOCK // 2
    at = np.s_[half : a.shape[0] - half + 1 : half, half : a.shape[1] - half + 1 : half]

    def mean(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(cv2.boxFilter(values, cv2.CV_64F, (BLOCK, BLOCK))[at])

    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    correlation = (mean(a * b) - mean_a * mean_b) / np.sqrt(np.maximum(var_a * var_b, 1e-3))
    told = (np.maximum(var_a, var_b) >= PLAIN**2) & (mean(seen.astype(np.float64)) > 0.999)
    return np.where(told, correlation, np.nan).astype(np.float32)


def _colour_distance(laid: _Laid) -> float:
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


def _refined(laid: _Laid) -> Matrix:
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
    square = _square(np.asarray(better, np.float64))
    return np.asarray(np.linalg.inv(square)) if laid.swapped else square


def _scaling(scale: float) -> Matrix:
    """From pixel centres at full scale to those of the reduced photo."""
    return np.array([[scale, 0, 0.5 * scale - 0.5], [0, scale, 0.5 * scale - 0.5], [0, 0, 1]])


def _correlation(a: NDArray[Any], b: NDArray[Any]) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / size) if size > 1e-6 else 0.0


def _softened(pixels: NDArray[Any], scale: float) -> NDArray[Any]:
    """Blurred as much as shrinking by ``scale`` needs."""
    return cv2.GaussianBlur(pixels, (0, 0), 0.5 * (1 / scale - 1)) if scale < 0.8 else pixels


def _differing(first: Pixels, second: NDArray[Any], seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where two aligned pictures differ by more than recompression and a shift in brightness explain."""
    if not seen.any():
        return np.zeros_like(seen)
    apart = second.astype(np.float32) - first
    apart -= np.median(apart[seen], axis=0)
    apart[~seen] = 0.0
    size = np.abs(cv2.GaussianBlur(apart, (0, 0), 1.5)).max(axis=2)
    inside = cv2.erode(seen.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) > 0
    marked = ((size > max(18.0, 3.0 * float(np.median(size[seen])))) & inside).astype(np.uint8)
    return cv2.morphologyEx(marked, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0


def _square(matrix: Matrix) -> Matrix:
    return np.vstack([matrix, [0.0, 0.0, 1.0]])
