"""Average precision against programs that were written apart from ours, over a thousand random collections."""

from __future__ import annotations

import contextlib
import io
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from app.evaluation import detection as d

CASES = 1000


def collection(seed: int) -> tuple[list[d.Truth], list[d.Found]]:
    """Few photos, boxes on whole pixels, scores in tenths: many ties, doubles, misses and difficult boxes."""
    rng = np.random.default_rng(seed)
    truths, found = [], []
    for _ in range(int(rng.integers(1, 6))):
        n = int(rng.integers(0, 4))
        corner = rng.integers(0, 60, (n, 2))
        boxes = np.hstack([corner, corner + rng.integers(8, 40, (n, 2))]).astype(float)
        truths.append(d.Truth(boxes, rng.integers(0, 2, n), rng.random(n) < 0.15))
        near = np.repeat(boxes, rng.integers(0, 3, n), axis=0)
        near = near + rng.integers(-4, 5, near.shape)
        stray = rng.integers(0, 60, (int(rng.integers(0, 3)), 2)).astype(float)
        every = np.vstack([near, np.hstack([stray, stray + 15])])
        every[:, 2:] = np.maximum(every[:, 2:], every[:, :2] + 1)
        scores = rng.permutation(1000)[: len(every)] / 1000
        found.append(d.Found(every, rng.integers(0, 2, len(every)), scores))
    return truths, found


def overlap(a: np.ndarray, b: np.ndarray) -> Fraction:
    w = max(Fraction(0), min(Fraction(a[2]), Fraction(b[2])) - max(Fraction(a[0]), Fraction(b[0])))
    h = max(Fraction(0), min(Fraction(a[3]), Fraction(b[3])) - max(Fraction(a[1]), Fraction(b[1])))
    area = sum(Fraction(x[2] - x[0]) * Fraction(x[3] - x[1]) for x in (a, b))
    return w * h / (area - w * h)


def by_definition(truths: list[d.Truth], found: list[d.Found], label: int) -> tuple[float, float]:
    """VOC's two numbers in exact fractions: each detection on its own, precision at every hit, no arrays."""
    alarms: list[bool | None] = []
    used: set[tuple[int, int]] = set()
    listed = [
        (float(one.scores[k]), photo, one.boxes[k])
        for photo, one in enumerate(found)
        for k in range(len(one.scores))
        if one.labels[k] == label
    ]
    for _, photo, box in sorted(listed, key=lambda row: -row[0]):
        truth = truths[photo]
        own = [t for t in range(len(truth.labels)) if truth.labels[t] == label]
        best = max(own, key=lambda t: (overlap(box, truth.boxes[t]), -t), default=None)
        if best is None or overlap(box, truth.boxes[best]) < Fraction(1, 2):
            alarms.append(True)
        elif truth.difficult[best]:
            alarms.append(None)
        else:
            alarms.append((photo, best) in used)
            used.add((photo, best))
    wanted = sum(int(((t.labels == label) & ~t.difficult).sum()) for t in truths)
    if wanted == 0:
        return math.nan, math.nan
    points, hits, seen = [], 0, 0
    for alarm in alarms:
        if alarm is None:
            continue
        seen += 1
        hits += not alarm
        points.append((Fraction(hits, wanted), Fraction(hits, seen)))
    steps = sorted({recall for recall, _ in points} | {Fraction(0)})
    area = sum((high - low) * max(p for r, p in points if r >= high) for low, high in itertools.pairwise(steps))
    eleven = sum(max((p for r, p in points if r >= Fraction(k, 10)), default=Fraction(0)) for k in range(11))
    return float(area), float(eleven / 11)


def test_vocs_numbers_are_those_of_the_definition() -> None:
    counted = 0
    for seed in range(CASES):
        truths, found = collection(seed)
        for label in (0, 1):
            matches = d.match(truths, found, label)
            all_points, eleven = by_definition(truths, found, label)
            assert d.average_precision(matches) == pytest.approx(all_points, abs=1e-9, nan_ok=True), seed
            assert d.average_precision_07(matches) == pytest.approx(eleven, abs=1e-9, nan_ok=True), seed
            counted += not math.isnan(all_points)
    assert counted > CASES


def test_cocos_numbers_are_those_of_its_own_program() -> None:
    """pycocotools is COCO's; ours goes through another program, written anew in C++."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    counted = 0
    for seed in range(CASES):
        truths, found = collection(seed)
        sizes = [(100, 100)] * len(truths)
        ours = d.coco_map(truths, found, sizes, 2)
        if math.isnan(ours[0]) or not any(len(f.scores) for f in found):
            continue
        with contextlib.redirect_stdout(io.StringIO()):
            truth_set, results = as_coco(truths, found)
            theirs = COCO()
            theirs.dataset = truth_set
            theirs.createIndex()
            run = COCOeval(theirs, theirs.loadRes(results), "bbox")
            run.evaluate()
            run.accumulate()
            run.summarize()
        assert ours == pytest.approx((run.stats[0], run.stats[1]), abs=1e-9), seed
        counted += 1
    assert counted > 0.9 * CASES


def as_coco(
    truths: list[d.Truth], found: list[d.Found]
) -> tuple[dict[str, list[dict[str, object]]], list[dict[str, object]]]:
    annotations: list[dict[str, object]] = []
    results: list[dict[str, object]] = []
    for photo, (truth, one) in enumerate(zip(truths, found, strict=True), start=1):
        for box, label, hard in zip(truth.boxes, truth.labels, truth.difficult, strict=True):
            row = {"id": len(annotations) + 1, "image_id": photo, "iscrowd": int(hard), **place(box, label)}
            annotations.append(row)
        for box, label, score in zip(one.boxes, one.labels, one.scores, strict=True):
            results.append({"image_id": photo, "score": float(score), **place(box, label)})
    images: list[dict[str, object]] = [{"id": k + 1, "width": 100, "height": 100} for k in range(len(truths))]
    categories: list[dict[str, object]] = [{"id": k, "name": str(k)} for k in (1, 2)]
    return {"images": images, "annotations": annotations, "categories": categories}, results


def place(box: np.ndarray, label: int) -> dict[str, object]:
    x0, y0, x1, y1 = (float(v) for v in box)
    return {
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": (x1 - x0) * (y1 - y0),
        "category_id": int(label) + 1,
    }
