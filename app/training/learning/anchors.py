"""Anchors that fit the boxes one trains on.

The classic 128 / 256 / 512 of three shapes miss small lesions: a platelet of 38 px never overlaps one of them by half.
Here sizes and shapes are found by k-means on the overlap (Redmon & Farhadi, CVPR 2017, there of free pairs; here of
a grid sizes x ratios, as Faster R-CNN places them). Each class weighs the same, so that a rare small one has its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.inference.networks.detectors import DetectorSettings
from app.training.learning.samples import Scene

F64 = NDArray[np.float64]
SIZES, RATIOS = 5, 3
USUAL_SIZES, USUAL_RATIOS = (24.0, 44.0, 80.0, 144.0, 256.0), (0.5, 1.0, 2.0)
SMALLEST = 8.0
"""Pixels: a smaller anchor would lie between the places of the map."""
_ROUNDS = 50


@dataclass(frozen=True)
class Anchors:
    """``sizes``: roots of areas, pixels of the network's input, rising; ``ratios``: height / width, rising."""

    sizes: tuple[float, ...]
    ratios: tuple[float, ...]


def fit_proposals(scenes: Sequence[Scene]) -> dict[str, int]:
    """How many proposals to keep, for photos with as many boxes as the fullest twentieth of ``scenes`` has.

    On one map the best few hundred anchors of a crowded photo all lie on its large, plain boxes; a small one among them
    (a platelet among forty red cells) would never be looked at. For up to four boxes these are the usual numbers; for
    twenty they come near those of Faster R-CNN's first authors (6000 before suppression).
    """
    counts = [len(scene.boxes) for scene in scenes]
    more = max(int(np.ceil(np.quantile(counts, 0.95))) - 4, 0) if counts else 0
    usual = DetectorSettings()
    return {
        "before_train": usual.before_train + 300 * more,
        "after_train": usual.after_train + 40 * more,
        "before_test": usual.before_test + 300 * more,
        "after_test": usual.after_test + 25 * more,
        "rpn_samples": min(usual.rpn_samples + 8 * more, 256),
    }


def fit_anchors(scenes: Sequence[Scene], short_side: int, sizes: int = SIZES, ratios: int = RATIOS) -> Anchors:
    """Fitted to the boxes of ``scenes`` at the network's scale; the usual ones for fewer boxes than ``sizes``."""
    sides, weights = box_sides(scenes, short_side)
    if len(sides) < sizes:
        return Anchors(USUAL_SIZES[:sizes], USUAL_RATIOS[:ratios])
    return fit(sides, weights, sizes, ratios)


def box_sides(scenes: Sequence[Scene], short_side: int) -> tuple[F64, F64]:
    """Width and height (B, 2) of all boxes where photos have ``short_side``, and weights (B,): each class sums to 1."""
    sides, labels = [np.zeros((0, 2))], [np.zeros(0, np.int64)]
    for scene in scenes:
        sides.append((scene.boxes[:, 2:] - scene.boxes[:, :2]) * short_side / min(scene.pixels.shape[:2]))
        labels.append(scene.labels)
    every, label = np.concatenate(sides), np.concatenate(labels)
    _, place, counts = np.unique(label, return_inverse=True, return_counts=True)
    return every, 1.0 / counts[place]


def fit(sides: F64, weights: F64, sizes: int = SIZES, ratios: int = RATIOS) -> Anchors:
    """K-means on the overlap: each box belongs to the anchor that covers it best, which moves to the mean of its boxes.

    Args:
        sides: (B, 2) width and height, above 0.
        weights: (B,) above 0.
        sizes: how many sizes.
        ratios: how many shapes.
    """
    size, ratio = 0.5 * np.log(sides.prod(1)), np.log(sides[:, 1] / sides[:, 0])
    s, r = _quantiles(size, weights, sizes), _quantiles(ratio, weights, ratios)
    best, kept = -1.0, (s, r)
    for _ in range(_ROUNDS):
        overlaps = _overlaps(sides, np.exp(s), np.exp(r))
        chosen = overlaps.argmax(1)
        score = float((overlaps.max(1) * weights).sum() / weights.sum())
        if score > best:  # means of logarithms do not raise the mean overlap in every round
            best, kept = score, (s, r)
        s, r = _means(size, weights, chosen // ratios, s), _means(ratio, weights, chosen % ratios, r)
    s, r = kept
    return Anchors(
        tuple(round(max(float(v), SMALLEST), 1) for v in np.sort(np.exp(s))),
        tuple(round(float(v), 3) for v in np.sort(np.exp(r))),
    )


def best_overlaps(sides: F64, anchors: Anchors) -> F64:
    """(B,) the largest intersection over union of each box with an anchor about the same centre."""
    return np.asarray(_overlaps(sides, np.array(anchors.sizes), np.array(anchors.ratios)).max(1))


def _overlaps(sides: F64, sizes: F64, ratios: F64) -> F64:
    """(B, sizes * ratios), the ratios of the first size first."""
    wide = (sizes[:, None] / np.sqrt(ratios)).ravel()
    high = (sizes[:, None] * np.sqrt(ratios)).ravel()
    common = np.minimum(sides[:, :1], wide) * np.minimum(sides[:, 1:], high)
    return np.asarray(common / (sides.prod(1)[:, None] + wide * high - common))


def _quantiles(values: F64, weights: F64, count: int) -> F64:
    order = np.argsort(values, kind="stable")
    along = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    return np.asarray(np.interp((np.arange(count) + 0.5) / count, along, values[order]))


def _means(values: F64, weights: F64, chosen: NDArray[np.int64], before: F64) -> F64:
    """Of the values that chose each; a centre that none chose stays."""
    total = np.bincount(chosen, weights, len(before))
    sums = np.bincount(chosen, weights * values, len(before))
    return np.where(total > 0, sums / np.maximum(total, 1e-300), before)
