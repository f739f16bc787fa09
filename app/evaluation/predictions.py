"""The one table of predictions, as CSV files with the contract's columns. Lines end with ``\\n``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.common.cells import safe_cell


@dataclass(frozen=True)
class CasePrediction:
    """One rater's answer to one picture. ``truth`` is a class key; ``p`` follows the order of the classes.

    ``fold`` and ``repeat`` are None outside a cross-validation.
    """

    case: str
    image: str
    patient: str
    rater: str
    truth: str
    p: tuple[float, ...]
    fold: int | None = None
    repeat: int | None = None


@dataclass(frozen=True)
class BoxPrediction:
    """One detection in pixels of the upright photo."""

    image: str
    x0: float
    y0: float
    x1: float
    y1: float
    label: str
    score: float


def case_table(rows: Iterable[CasePrediction], classes: Sequence[str]) -> str:
    """``case, image, patient, rater, fold, repeat, truth, p_<key>...``"""
    head = ["case", "image", "patient", "rater", "fold", "repeat", "truth", *(f"p_{key}" for key in classes)]
    body = (
        [
            r.case,
            r.image,
            r.patient,
            r.rater,
            _or_empty(r.fold),
            _or_empty(r.repeat),
            r.truth,
            *(f"{v:.6f}" for v in r.p),
        ]
        for r in rows
    )
    return _table(head, body)


def box_table(rows: Iterable[BoxPrediction]) -> str:
    """``image, x0, y0, x1, y1, label, score``"""
    body = ([r.image, *(f"{v:.2f}" for v in (r.x0, r.y0, r.x1, r.y1)), r.label, f"{r.score:.6f}"] for r in rows)
    return _table(["image", "x0", "y0", "x1", "y1", "label", "score"], body)


def _or_empty(value: int | None) -> str:
    return "" if value is None else str(value)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue()
