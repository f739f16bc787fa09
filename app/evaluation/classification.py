"""Figures of a classifier, from true classes and probabilities alone (numpy). Classes are indices 0..classes-1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class ClassScores:
    """One class against the rest; nan where there is nothing to divide by."""

    n: int
    sensitivity: float
    specificity: float
    f1: float


def confusion(truth: Ints, chosen: Ints, classes: int) -> NDArray[np.int64]:
    """(classes, classes) counts; rows are the truth, columns the answer."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (truth, chosen), 1)
    return table


def accuracy(truth: Ints, chosen: Ints) -> float:
    return float(np.mean(truth == chosen)) if len(truth) else float("nan")


def balanced_accuracy(truth: Ints, chosen: Ints, classes: int) -> float:
    """Mean sensitivity of the classes that occur in ``truth``."""
    if len(truth) == 0:
        return float("nan")
    return float(np.mean([np.mean(chosen[truth == k] == k) for k in range(classes) if np.any(truth == k)]))


def auc(positive: NDArray[np.bool_], scores: Floats) -> float:
    """Area under the ROC curve by ranks, ties counting half (Mann and Whitney 1947); nan with one kind of case only."""
    wins, losses = int(positive.sum()), int((~positive).sum())
    if wins == 0 or losses == 0:
        return float("nan")
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[positive].sum() - wins * (wins + 1) / 2) / (wins * losses))


def macro_auc(truth: Ints, probabilities: Floats) -> float:
    """Mean over the classes of the AUC of one against the rest; classes without both kinds of cases are left out."""
    values = [auc(truth == k, probabilities[:, k]) for k in range(probabilities.shape[1])]
    known = [v for v in values if not np.isnan(v)]
    return float(np.mean(known)) if known else float("nan")


def per_class(table: NDArray[np.int64]) -> tuple[ClassScores, ...]:
    """Each class of a confusion table (rows truth) against the rest."""
    total = int(table.sum())
    rows = []
    for k in range(len(table)):
        hit, of_class, chosen = int(table[k, k]), int(table[k].sum()), int(table[:, k].sum())
        rest = total - of_class
        rows.append(
            ClassScores(
                n=of_class,
                sensitivity=_share(hit, of_class),
                specificity=_share(rest - (chosen - hit), rest),
                f1=_share(2 * hit, of_class + chosen),
            )
        )
    return tuple(rows)


def ece(truth: Ints, probabilities: Floats, bins: int = 15) -> float:
    """Expected calibration error of the top answer, equal-width bins (Guo et al., ICML 2017)."""
    if len(truth) == 0:
        return float("nan")
    sure, right = probabilities.max(1), probabilities.argmax(1) == truth
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [abs(right[place == b].mean() - sure[place == b].mean()) * np.mean(place == b) for b in np.unique(place)]
    return float(np.sum(gaps))


def top_k(truth: Ints, probabilities: Floats, k: int) -> float:
    """Share of cases whose truth is among the ``k`` likeliest answers."""
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return float(np.mean((best == truth[:, None]).any(1))) if len(truth) else float("nan")


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
