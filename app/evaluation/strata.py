"""Detection by the size of the lesion: small, medium and large apart, each photo judged by its own scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.evaluation.detection import Found, Truth, average_precision, iou_matrix, match, mean_over_classes

Floats = NDArray[np.floating]
SIZES = {"small": (0.0, 0.1), "medium": (0.1, 0.3), "large": (0.3, float("inf"))}
"""Side of a lesion (root of its area) as a share of the photo's shorter side: [from, to)."""


def relative_side(boxes: Floats, size: tuple[int, int]) -> Floats:
    """(N,) sides of ``boxes`` (N, 4) as shares of the shorter side of a photo of ``size`` (width, height)."""
    sides = (boxes[:, 2:] - boxes[:, :2]).clip(0)
    return np.asarray(np.sqrt(sides.prod(1)) / min(size))


def of_size(
    truths: Sequence[Truth], found: Sequence[Found], sizes: Sequence[tuple[int, int]], low: float, high: float
) -> tuple[list[Truth], list[Found]]:
    """The lesions of one range of sizes: others are difficult, detections of other sizes that meet none are out.

    So COCO judges its areas: a detection counts where it meets a lesion of the range, or is itself of the range.
    """
    kept_truths, kept_found = [], []
    for truth, one, size in zip(truths, found, sizes, strict=True):
        side = relative_side(truth.boxes, size)
        outside = (side < low) | (side >= high)
        kept_truths.append(Truth(truth.boxes, truth.labels, truth.difficult | outside))
        own = relative_side(one.boxes, size)
        keep = ((own >= low) & (own < high)) | _meets(one, truth, ~(truth.difficult | outside))
        kept_found.append(Found(one.boxes[keep], one.labels[keep], one.scores[keep]))
    return kept_truths, kept_found


def ap_by_size(
    truths: Sequence[Truth], found: Sequence[Found], sizes: Sequence[tuple[int, int]], classes: int
) -> dict[str, tuple[int, float]]:
    """``{"small": (lesions, mAP@0.5)...}``; nan where there is no lesion of that size."""
    answer = {}
    for name, (low, high) in SIZES.items():
        own_truths, own_found = of_size(truths, found, sizes, low, high)
        n = sum(int((~t.difficult).sum()) for t in own_truths)
        each = [average_precision(match(own_truths, own_found, k)) for k in range(classes)]
        answer[name] = (n, mean_over_classes(each))
    return answer


def _meets(found: Found, truth: Truth, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    overlaps = iou_matrix(found.boxes, truth.boxes[wanted])
    same = found.labels[:, None] == truth.labels[wanted][None]
    return np.asarray(((overlaps >= 0.5) & same).any(1))
