"""A row's figures from the tables of predictions: means over the repeats, intervals by drawing patients again.

The repeats divide the same photos anew: they are far from independent, so they are averaged and never counted as more
photos. A patient is drawn with all answers of all repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.evaluation import classification as c
from app.evaluation import detection as d
from app.evaluation.cases import as_arrays
from app.evaluation.intervals import Interval, bootstrap
from app.evaluation.predictions import CasePrediction
from app.training.experiments.predictions import Photos

DRAWS = 1000
BOX_DRAWS = 200
"""Average precision is slow to draw again, and there are up to ten repeats of it."""


@dataclass(frozen=True, eq=False)
class Figures:
    """``n``: different cases (boxes for a detector); ``groups``: their patients. ``confusion``: mean counts a repeat,
    rows are the truth; None for a detector."""

    n: int
    groups: int
    values: dict[str, float]
    intervals: dict[str, Interval]
    confusion: NDArray[np.float64] | None = None


def of_cases(cases: Sequence[CasePrediction], classes: Sequence[str]) -> Figures:
    """accuracy, balanced_accuracy (both with intervals), macro_auc, ece, and sensitivity_<key> (with intervals)."""
    truth, p = as_arrays(cases, classes)
    hit = p.argmax(1) == truth
    repeats = np.array([case.repeat or 0 for case in cases])
    each = [np.flatnonzero(repeats == r) for r in np.unique(repeats)]

    def drawn(of: NDArray[np.int64]) -> dict[str, float]:
        # All repeats hold the same cases, so the share over all of them is the mean of their shares.
        totals = np.bincount(truth[of], minlength=len(classes))
        hits = np.bincount(truth[of], weights=hit[of], minlength=len(classes))
        shares = [float(h / t) if t else float("nan") for h, t in zip(hits, totals, strict=True)]
        return {
            "accuracy": float(hits.sum() / len(of)),
            "balanced_accuracy": float(np.nanmean(shares)),
            **{f"sensitivity_{key}": share for key, share in zip(classes, shares, strict=True)},
        }

    values = {
        **drawn(np.arange(len(cases))),
        "macro_auc": _mean([c.macro_auc(truth[of], p[of]) for of in each]),
        "ece": _mean([c.ece(truth[of], p[of]) for of in each]),
    }
    return Figures(
        n=len({case.case for case in cases}),
        groups=len({case.patient for case in cases}),
        values=values,
        intervals=bootstrap([case.patient for case in cases], drawn, DRAWS),
        confusion=c.confusion(truth, p.argmax(1), len(classes)) / len(each),
    )


def of_boxes(photos: Photos, repeats: Sequence[Sequence[d.Found]], classes: int) -> Figures:
    """map50_voc and map50_voc07; ``repeats``: the detections in each photo, for each repeat."""
    matches = [[d.match(photos.truths, found, k) for k in range(classes)] for found in repeats]

    def drawn(of: NDArray[np.int64]) -> dict[str, float]:
        again = [[d.drawn_again(m, of) for m in each] for each in matches]
        return {
            "map50_voc": _mean([d.mean_over_classes([d.average_precision(m) for m in each]) for each in again]),
            "map50_voc07": _mean([d.mean_over_classes([d.average_precision_07(m) for m in each]) for each in again]),
        }

    return Figures(
        n=sum(int((~t.difficult).sum()) for t in photos.truths),
        groups=len(set(photos.groups)),
        values=drawn(np.arange(len(photos.ids))),
        intervals=bootstrap(photos.groups, drawn, BOX_DRAWS),
    )


def _mean(values: Sequence[float]) -> float:
    known = [v for v in values if not np.isnan(v)]
    return float(np.mean(known)) if known else float("nan")
