"""Several readers, several cases: the analysis of Obuchowski and Rockette with Hillis' degrees of freedom.

Covariances are the jackknife's.
Sources: Obuchowski and Rockette, Commun Stat Simul Comput 24:285 (1995); Hillis, Stat Med 26:596 (2007); Hillis, Acad
Radiol 25:1 (2018) for one treatment. Arrays: I treatments, J readers, N cases; ``left_out[n]`` are the figures (I, J)
without case n.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.evaluation.intervals import Interval

Floats = NDArray[np.floating]
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Figures:
    """One figure per treatment and reader: ``values`` (I, J), and without each case in turn: ``left_out`` (N, I, J)."""

    values: Floats
    left_out: Floats


@dataclass(frozen=True)
class Covariances:
    """Of the errors of two readings: the same (``var``), one reader's two treatments (``cov1``), two readers of one
    treatment (``cov2``), two readers of two treatments (``cov3``)."""

    var: float
    cov1: float
    cov2: float
    cov3: float


@dataclass(frozen=True)
class Difference:
    """First treatment minus second, readers and cases both random; a 95 % interval from t with ``df2``."""

    estimate: float
    se: float
    interval: Interval
    f: float
    df1: int
    df2: float
    p: float
    ms_t: float
    ms_tr: float
    covariances: Covariances


@dataclass(frozen=True)
class ReaderMean:
    """The mean over random readers and cases of one treatment, with a 95 % interval from t with ``df``."""

    estimate: float
    se: float
    interval: Interval
    df: float


def auc_figures(ratings: Floats, truth: NDArray[np.integer]) -> Figures:
    """Empirical areas under the ROC curve, ties counting half.

    Args:
        ratings: (I, J, N), higher is more abnormal.
        truth: (N,) 0 normal, 1 abnormal; at least two of each.
    """
    abnormal, normal = ratings[..., truth == 1], ratings[..., truth == 0]
    wins = (abnormal[..., :, None] > normal[..., None, :]) + 0.5 * (abnormal[..., :, None] == normal[..., None, :])
    a, b = abnormal.shape[-1], normal.shape[-1]
    per_abnormal, per_normal, whole = wins.sum(-1), wins.sum(-2), wins.sum((-2, -1))
    left_out = np.empty((len(truth), *ratings.shape[:2]))
    left_out[truth == 1] = np.moveaxis((whole[..., None] - per_abnormal) / ((a - 1) * b), -1, 0)
    left_out[truth == 0] = np.moveaxis((whole[..., None] - per_normal) / (a * (b - 1)), -1, 0)
    return Figures(whole / (a * b), left_out)


def mean_figures(scores: Floats) -> Figures:
    """Means over cases: accuracy, or sensitivity where only the cases of a disease are given. ``scores``: (I, J, N)."""
    total, n = scores.sum(-1), scores.shape[-1]
    return Figures(total / n, np.moveaxis((total[..., None] - scores) / (n - 1), -1, 0))


def covariances(figures: Figures) -> Covariances:
    """Jackknife covariances of the readings' errors, averaged over pairs of one kind."""
    n, treatments, readers = figures.left_out.shape
    flat = figures.left_out.reshape(n, -1)
    around = flat - flat.mean(0)
    table = ((n - 1) / n * around.T @ around).reshape(treatments, readers, treatments, readers)
    same_t, same_r = np.eye(treatments, dtype=bool)[:, None, :, None], np.eye(readers, dtype=bool)[None, :, None]
    kinds = (same_t & same_r, ~same_t & same_r, same_t & ~same_r, ~same_t & ~same_r)
    return Covariances(*(_mean(table[np.broadcast_to(kind, table.shape)]) for kind in kinds))


def compare(figures: Figures) -> Difference:
    """Two treatments, each reader reading each case under both.

    Raises:
        ValueError: unless there are two treatments, two readers and two cases at least.
    """
    from scipy import stats

    treatments, readers = figures.values.shape
    if treatments != 2 or readers < 2 or len(figures.left_out) < 2:
        raise ValueError("two treatments and two readers at least")
    values, cov = figures.values, covariances(figures)
    of_treatment, of_reader, whole = values.mean(1, keepdims=True), values.mean(0, keepdims=True), values.mean()
    ms_t = float(readers * ((of_treatment - whole) ** 2).sum())
    ms_tr = float(((values - of_treatment - of_reader + whole) ** 2).sum() / (readers - 1))
    below = ms_tr + max(readers * (cov.cov2 - cov.cov3), 0.0)
    estimate, se = float(of_treatment[0, 0] - of_treatment[1, 0]), float(np.sqrt(2 * below / readers))
    df2 = _degrees(below, ms_tr, readers)
    f = ms_t / below if below > 0 else (0.0 if ms_t == 0 else float("inf"))
    reach = float(stats.t.ppf((1 + LEVEL) / 2, df2)) * se if below > 0 else 0.0
    p = float(stats.f.sf(f, 1, df2))
    return Difference(estimate, se, (estimate - reach, estimate + reach), f, 1, df2, p, ms_t, ms_tr, cov)


def reader_mean(figures: Figures) -> ReaderMean:
    """One treatment: what such readers reach on such cases. ``figures.values`` is (1, J).

    A model's advantage is the mean of ``model - reader``, with the model's left-out figures taken off the readers'.

    Raises:
        ValueError: unless there is one treatment and two readers at least.
    """
    from scipy import stats

    treatments, readers = figures.values.shape
    if treatments != 1 or readers < 2:
        raise ValueError("one treatment and two readers at least")
    values, cov = figures.values[0], covariances(figures)
    ms_r = float(values.var(ddof=1))
    below = ms_r + max(readers * cov.cov2, 0.0)
    estimate, se, df = float(values.mean()), float(np.sqrt(below / readers)), _degrees(below, ms_r, readers)
    reach = float(stats.t.ppf((1 + LEVEL) / 2, df)) * se if below > 0 else 0.0
    return ReaderMean(estimate, se, (estimate - reach, estimate + reach), df)


def _degrees(below: float, mean_square: float, readers: int) -> float:
    """Hillis' degrees of freedom; without limit where the readers do not differ at all."""
    return below**2 / (mean_square**2 / (readers - 1)) if mean_square > 0 else float("inf")


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else 0.0
