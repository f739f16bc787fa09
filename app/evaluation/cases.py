"""Every figure of a classifier, from the one table of predictions alone: who said what of which case."""

from __future__ import annotations

import csv
import io
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.common.errors import UserError
from app.evaluation import classification as c
from app.evaluation.calibration import Bin, reliability
from app.evaluation.intervals import Interval, bootstrap
from app.evaluation.predictions import CasePrediction

REPEATS = 1000
OVERALL = ("accuracy", "balanced_accuracy", "macro_auc", "ece")
_HEAD = ("case", "image", "patient", "rater", "fold", "repeat", "truth")


@dataclass(frozen=True, eq=False)
class CaseFigures:
    """What a table of predictions says. ``overall``: accuracy, balanced_accuracy, macro_auc, ece.

    ``intervals`` (95 %): of the overall figures, and of each class's as ``sensitivity_<key>``, ``specificity_<key>``,
    ``f1_<key>``, ``auc_<key>``. ``confusion``: (classes, classes) counts, rows are the truth. ``aucs``: one class
    against the rest; nan where there is nothing to say.
    """

    classes: tuple[str, ...]
    n: int
    groups: int
    overall: dict[str, float]
    intervals: dict[str, Interval]
    per_class: dict[str, c.ClassScores]
    aucs: dict[str, float]
    confusion: NDArray[np.int64]
    bins: tuple[Bin, ...]


def case_figures(
    cases: Sequence[CasePrediction],
    classes: Sequence[str],
    groups: Sequence[Hashable] | None = None,
    repeats: int = REPEATS,
    seed: int = 0,
) -> CaseFigures:
    """Figures with intervals from a bootstrap over ``groups`` (default: the patients; a case without one by itself)."""
    keys = tuple(classes)
    truth, p = as_arrays(cases, keys)
    units = list(groups) if groups is not None else [case.patient or f"case {case.case}" for case in cases]

    def figures(of: NDArray[np.int64]) -> dict[str, float]:
        return _figures(truth[of], p[of], keys)

    all_rows = np.arange(len(cases))
    now = figures(all_rows)
    table = c.confusion(truth, p.argmax(1), len(keys))
    return CaseFigures(
        classes=keys,
        n=len(cases),
        groups=len(set(units)),
        overall={name: now[name] for name in OVERALL},
        intervals=bootstrap(units, figures, repeats, seed),
        per_class=dict(zip(keys, c.per_class(table), strict=True)),
        aucs={key: now[f"auc_{key}"] for key in keys},
        confusion=table,
        bins=reliability(truth, p),
    )


def as_arrays(cases: Sequence[CasePrediction], classes: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """True classes (N,) as indices, and probabilities (N, classes)."""
    place = {key: k for k, key in enumerate(classes)}
    truth = np.array([place[case.truth] for case in cases], np.int64)
    return truth, np.array([case.p for case in cases], float).reshape(-1, len(classes))


def mistakes(cases: Sequence[CasePrediction], classes: Sequence[str]) -> tuple[CasePrediction, ...]:
    """The cases that were answered wrongly, most sure of the wrong answer first."""
    wrong = [case for case in cases if classes[int(np.argmax(case.p))] != case.truth]
    return tuple(sorted(wrong, key=lambda case: -max(case.p)))


def in_per_cent(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each row of a confusion table as shares of 100; a class without cases has zeros."""
    return np.asarray(100 * confusion / np.maximum(confusion.sum(1, keepdims=True), 1))


def read_case_table(table: str) -> tuple[tuple[CasePrediction, ...], tuple[str, ...]]:
    """The rows and classes of a ``predictions.csv``.

    Raises:
        UserError: ``predictions_damaged`` with the line, when columns are missing or a cell is no number.
    """
    rows = csv.reader(io.StringIO(table))
    head = next(rows, [])
    if tuple(head[: len(_HEAD)]) != _HEAD or not all(name.startswith("p_") for name in head[len(_HEAD) :]):
        raise UserError("predictions_damaged", line=1)
    classes = tuple(name.removeprefix("p_") for name in head[len(_HEAD) :])
    return tuple(_case(row, classes, number) for number, row in enumerate(rows, start=2)), classes


def _case(row: Sequence[str], classes: Sequence[str], line: int) -> CasePrediction:
    try:
        case, image, patient, rater, fold, repeat, truth, *p = row
        found = tuple(float(v) for v in p)
        turn = tuple(int(v) if v else None for v in (fold, repeat))
    except ValueError as error:
        raise UserError("predictions_damaged", line=line) from error
    if len(found) != len(classes) or truth not in classes or not np.isfinite(found).all():
        raise UserError("predictions_damaged", line=line)
    return CasePrediction(case, image, patient, rater, truth, found, *turn)


def _figures(truth: NDArray[np.int64], p: NDArray[np.float64], keys: Sequence[str]) -> dict[str, float]:
    chosen = p.argmax(1)
    aucs = [c.auc(truth == k, p[:, k]) for k in range(len(keys))]
    known = [v for v in aucs if not np.isnan(v)]
    found = {
        "accuracy": c.accuracy(truth, chosen),
        "balanced_accuracy": c.balanced_accuracy(truth, chosen, len(keys)),
        "macro_auc": float(np.mean(known)) if known else float("nan"),
        "ece": c.ece(truth, p),
    }
    for key, scores, area in zip(keys, c.per_class(c.confusion(truth, chosen, len(keys))), aucs, strict=True):
        found |= {
            f"sensitivity_{key}": scores.sensitivity,
            f"specificity_{key}": scores.specificity,
            f"f1_{key}": scores.f1,
            f"auc_{key}": area,
        }
    return found
