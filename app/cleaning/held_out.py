"""How likely each photo's label is, judged by the other patients' photos: a linear head, out of fold. Pure numpy.

The head is linear discriminant analysis with a covariance that is shrunk towards its diagonal: it needs one pass over
the rows, so its cost is linear, and a few wrong labels move class means little. Its probabilities are too sure of
themselves; one temperature, fitted on the held-out answers, mends that (Guo et al. 2017).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.floating]
    Whole = NDArray[np.int64]
    Real = NDArray[np.float64]

FOLDS = 5
SHRINK = 0.6
"""How far the covariance is drawn to its diagonal; set on one half of HAM10000's lesions (benchmarks/README.md)."""
CHUNK = 8192
TEMPERATURES = np.geomspace(0.5, 50, 60)


def probabilities(rows: Rows, labels: Whole, groups: Sequence[Hashable], classes: int, seed: int = 0) -> Real:
    """(N, classes) of rows (N, D) with labels 0..classes-1 (N,), each by a head that never saw its group.

    Every class needs rows in at least two folds, or its rows are told by chance.
    """
    folds = fold_of(groups, seed)
    scores = _scores(rows, labels, folds, classes)
    return _softmax(scores / _temperature(scores, labels))


def fold_of(groups: Sequence[Hashable], seed: int = 0) -> Whole:
    """A fold 0..FOLDS-1 for each row, the same for a whole group, large groups spread first."""
    names, inverse, counts = np.unique(np.array([repr(g) for g in groups]), return_inverse=True, return_counts=True)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    order = shuffled[np.argsort(-counts[shuffled], kind="stable")]
    folds = np.empty(len(names), np.int64)
    held = np.zeros(FOLDS, np.int64)
    for name in order:
        folds[name] = int(held.argmin())
        held[folds[name]] += counts[name]
    return folds[inverse]


def joined(keys: Sequence[Sequence[Hashable]]) -> list[int]:
    """A number for each item, the same for items that have a key in common, directly or through others."""
    parent = list(range(len(keys)))

    def root(n: int) -> int:
        while parent[n] != n:
            parent[n] = parent[parent[n]]
            n = parent[n]
        return n

    first: dict[Hashable, int] = {}
    for n, mine in enumerate(keys):
        for key in mine:
            a, b = root(first.setdefault(key, n)), root(n)
            parent[max(a, b)] = min(a, b)
    return [root(n) for n in range(len(keys))]


def _scores(rows: Rows, labels: Whole, folds: Whole, classes: int) -> Real:
    """Discriminant scores (N, classes), up to a constant per row."""
    width = rows.shape[1]
    centre = rows[:CHUNK].astype(np.float64).mean(axis=0)  # near the mean: keeps the sums of squares exact
    counts = np.zeros((FOLDS, classes))
    sums = np.zeros((FOLDS, classes, width))
    squares = np.zeros((FOLDS, width, width))
    for start in range(0, len(rows), CHUNK):
        at = slice(start, start + CHUNK)
        part = rows[at].astype(np.float64) - centre
        for fold in range(FOLDS):
            mine = folds[at] == fold
            held, label = part[mine], labels[at][mine]
            squares[fold] += held.T @ held
            counts[fold] += np.bincount(label, minlength=classes)
            one_hot = np.eye(classes)[label]
            sums[fold] += one_hot.T @ held
    scores = np.zeros((len(rows), classes))
    for fold in range(FOLDS):
        rest = [f for f in range(FOLDS) if f != fold]
        weights, bias = _head(counts[rest].sum(0), sums[rest].sum(0), squares[rest].sum(0))
        places = np.flatnonzero(folds == fold)
        for start in range(0, len(places), CHUNK):
            at_rows = places[start : start + CHUNK]
            scores[at_rows] = (rows[at_rows].astype(np.float64) - centre) @ weights + bias
    return scores


def _head(counts: Real, sums: Real, squares: Real) -> tuple[Real, Real]:
    """Weights (D, classes) and bias (classes,); a class that is absent here stands in the middle."""
    whole = max(float(counts.sum()), 1.0)
    means = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], sums.sum(0) / whole)
    within = (squares - (means * counts[:, None]).T @ means) / whole
    variance = np.diag(within)
    variance = np.maximum(variance, 1e-6 * max(float(variance.mean()), 1e-12))
    shrunk = (1 - SHRINK) * within
    np.fill_diagonal(shrunk, variance)
    weights: Real = np.asarray(np.linalg.solve(shrunk, means.T), np.float64)
    prior = np.log(np.maximum(counts, 0.5) / whole)
    return weights, np.asarray(prior - 0.5 * np.einsum("cd,dc->c", means, weights), np.float64)


def _temperature(scores: Real, labels: Whole) -> float:
    """The one of ``TEMPERATURES`` under which the labels are likeliest."""
    at = np.arange(len(labels))
    losses = []
    for temperature in TEMPERATURES:
        scaled = scores / temperature
        peak = scaled.max(axis=1)
        losses.append(float(np.mean(peak + np.log(np.exp(scaled - peak[:, None]).sum(axis=1)) - scaled[at, labels])))
    return float(TEMPERATURES[int(np.argmin(losses))])


def _softmax(scores: Real) -> Real:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float64)
