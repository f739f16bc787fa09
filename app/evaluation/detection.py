"""Average precision of boxes: VOC2010+ (all points), VOC2007 (11 points), COCO (101 points, through faster-coco-eval).

Source: the VOC development kit (Everingham et al., IJCV 2010). The thesis and this program mean VOC2010+ at IoU 0.5 by
"mAP@0.5"; the three are different numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Truth:
    """One photo's true boxes: ``boxes`` (T, 4) x0 y0 x1 y1, ``labels`` (T,) class indices, ``difficult`` (T,) bool."""

    boxes: Floats
    labels: NDArray[np.integer]
    difficult: NDArray[np.bool_]

    @staticmethod
    def of(boxes: Sequence[Sequence[float]], labels: Sequence[int], difficult: Sequence[bool] = ()) -> Truth:
        hard = np.array(difficult or [False] * len(labels), bool)
        return Truth(np.array(boxes, float).reshape(-1, 4), np.array(labels, np.int64), hard)


@dataclass(frozen=True, eq=False)
class Found:
    """One photo's detections: ``boxes`` (D, 4), ``labels`` (D,), ``scores`` (D,)."""

    boxes: Floats
    labels: NDArray[np.integer]
    scores: Floats

    @staticmethod
    def of(boxes: Sequence[Sequence[float]], labels: Sequence[int], scores: Sequence[float]) -> Found:
        return Found(np.array(boxes, float).reshape(-1, 4), np.array(labels, np.int64), np.array(scores, float))


@dataclass(frozen=True, eq=False)
class Matches:
    """One class over all photos, by falling score: ``hit`` and ``missed`` (false alarm) of each detection.

    A detection that meets a difficult box is neither. ``photo`` is each detection's photo, ``per_photo`` the true boxes
    of each photo, ``n`` all of them.
    """

    scores: Floats
    hit: NDArray[np.bool_]
    missed: NDArray[np.bool_]
    photo: NDArray[np.int64]
    per_photo: NDArray[np.int64]

    @property
    def n(self) -> int:
        return int(self.per_photo.sum())


def iou_matrix(a: Floats, b: Floats) -> Floats:
    """(len(a), len(b)) intersections over unions; edges, so no "+ 1" of the old pixel convention; 0 for empty boxes."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    inner = (high - low).clip(0).prod(2)
    areas = [(x[:, 2:] - x[:, :2]).clip(0).prod(1) for x in (a, b)]
    union = areas[0][:, None] + areas[1][None] - inner
    return np.asarray(np.divide(inner, union, out=np.zeros_like(inner, dtype=float), where=union > 0))


def match(truths: Sequence[Truth], found: Sequence[Found], label: int, threshold: float = 0.5) -> Matches:
    """VOC's assignment: by falling score, each takes the true box it overlaps most; the first one hits.

    Equal scores keep the order of photos and of detections in them.
    """
    rows: list[tuple[float, int, int, Floats]] = []
    counts, used = [], []
    for photo, (truth, one) in enumerate(zip(truths, found, strict=True)):
        own = truth.labels == label
        counts.append(int((own & ~truth.difficult).sum()))
        used.append(np.zeros(int(own.sum()), bool))
        mine = np.flatnonzero(one.labels == label)
        overlaps = iou_matrix(one.boxes[mine], truth.boxes[own])
        rows += [(float(one.scores[i]), photo, k, overlaps[k]) for k, i in enumerate(mine)]
    rows.sort(key=lambda row: -row[0])
    hit, missed = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    for place, (_, photo, _, overlaps) in enumerate(rows):
        best = int(overlaps.argmax()) if len(overlaps) else -1
        if best < 0 or overlaps[best] < threshold:
            missed[place] = True
        elif truths[photo].difficult[truths[photo].labels == label][best]:
            continue
        else:
            hit[place], missed[place] = not used[photo][best], used[photo][best]
            used[photo][best] = True
    return Matches(
        np.array([r[0] for r in rows], float),
        hit,
        missed,
        np.array([r[1] for r in rows], np.int64),
        np.array(counts, np.int64),
    )


def precision_recall(matches: Matches) -> tuple[Floats, Floats]:
    """Precision and recall (D,) after each detection."""
    hits, alarms = np.cumsum(matches.hit), np.cumsum(matches.missed)
    return hits / np.maximum(hits + alarms, 1), hits / max(matches.n, 1)


def average_precision(matches: Matches) -> float:
    """VOC2010+: area under the monotone envelope of the curve; nan without a true box."""
    if matches.n == 0:
        return float("nan")
    precision, recall = precision_recall(matches)
    envelope = np.maximum.accumulate(np.append(precision, 0.0)[::-1])[::-1]
    return float(np.sum(np.diff(np.concatenate([[0.0], recall, [1.0]])) * envelope))


def average_precision_07(matches: Matches) -> float:
    """VOC2007: mean of the best precision at recall >= 0, 0.1, ..., 1; nan without a true box."""
    if matches.n == 0:
        return float("nan")
    precision, recall = precision_recall(matches)
    reach = [precision[recall >= level - 1e-12] for level in np.linspace(0, 1, 11)]
    return float(np.mean([p.max() if len(p) else 0.0 for p in reach]))


def mean_over_classes(values: Sequence[float]) -> float:
    """Mean of the classes that have a true box; nan when none has."""
    known = [v for v in values if not np.isnan(v)]
    return float(np.mean(known)) if known else float("nan")


def drawn_again(matches: Matches, photos: NDArray[np.int64]) -> Matches:
    """The matches as if the photos were ``photos`` (indices, repeated ones counting as often): for the bootstrap."""
    times = np.bincount(photos, minlength=len(matches.per_photo))
    rows = np.repeat(np.arange(len(matches.scores)), times[matches.photo] if len(matches.photo) else 0)
    return Matches(
        matches.scores[rows], matches.hit[rows], matches.missed[rows], matches.photo[rows], matches.per_photo * times
    )


def coco_map(
    truths: Sequence[Truth], found: Sequence[Found], sizes: Sequence[tuple[int, int]], classes: int
) -> tuple[float, float]:
    """COCO's mean AP over IoU 0.50:0.95 and at 0.50 (101 points, 100 detections a photo); difficult boxes are "crowd".

    Args:
        sizes: width, height of each photo, pixels.
    """
    from faster_coco_eval import COCO, COCOeval_faster

    images = [{"id": i + 1, "width": w, "height": h, "file_name": str(i)} for i, (w, h) in enumerate(sizes)]
    annotations: list[dict[str, object]] = []
    results: list[dict[str, object]] = []
    for i, (truth, one) in enumerate(zip(truths, found, strict=True)):
        for box, label, hard in zip(truth.boxes, truth.labels, truth.difficult, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": i + 1,
                    "category_id": int(label) + 1,
                    "iscrowd": int(hard),
                    **_xywh(box),
                }
            )
        for box, label, score in zip(one.boxes, one.labels, one.scores, strict=True):
            results.append({"image_id": i + 1, "category_id": int(label) + 1, "score": float(score), **_xywh(box)})
    if not annotations:
        return float("nan"), float("nan")
    if not results:
        return 0.0, 0.0
    categories = [{"id": k + 1, "name": str(k)} for k in range(classes)]
    truth_set = COCO({"images": images, "annotations": annotations, "categories": categories})
    run = COCOeval_faster(truth_set, truth_set.loadRes(results), "bbox", print_function=lambda *a: None)
    run.evaluate()
    run.accumulate()
    run.summarize()
    return float(run.stats[0]), float(run.stats[1])


def _xywh(box: Floats) -> dict[str, object]:
    x0, y0, x1, y1 = (float(v) for v in box)
    return {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0)}
