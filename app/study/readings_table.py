"""Readings that another program collected: a table of reader, treatment, case, truth and rating, and its analysis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.common.errors import UserError
from app.datasets.case_tables.reading import read_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COLUMNS = ("reader", "treatment", "case", "truth", "rating")


@dataclass(frozen=True, eq=False)
class Readings:
    """Every reader rated every case under every treatment.

    ``ratings`` (treatments, readers, cases), higher is more abnormal; ``truth`` (cases,) 0 normal, 1 abnormal. Names
    are in the order of their text.
    """

    treatments: tuple[str, ...]
    readers: tuple[str, ...]
    cases: tuple[str, ...]
    ratings: NDArray[np.float64]
    truth: NDArray[np.int64]


def read_readings(file: Path) -> Readings:
    """The readings in a CSV file or workbook; other columns are left aside.

    Raises:
        UserError: ``no_such_column``, ``readings_wrong`` with the row, ``readings_incomplete``, and the table's own.
    """
    import numpy as np

    table = read_table(file)
    places = [table.place(column) for column in COLUMNS]
    found: dict[tuple[str, str, str], float] = {}
    truths: dict[str, int] = {}
    for number, cells in zip(table.numbers, table.rows, strict=True):
        if number in table.damaged:
            raise table.damaged[number]
        reader, treatment, case, truth, rating = (cells[at].strip() for at in places)
        key = (treatment, reader, case)
        if not all(key):
            raise _wrong(number, "reader, treatment, case")
        if truth not in ("0", "1") or truths.setdefault(case, int(truth)) != int(truth):
            raise _wrong(number, f"truth = {truth or '-'}")
        if key in found:
            raise _wrong(number, f"{reader}, {treatment}, {case}: x 2")
        found[key] = _number(rating, number)
    treatments, readers, cases = (tuple(sorted({key[k] for key in found})) for k in range(3))
    if len(found) < len(treatments) * len(readers) * len(cases):
        gap = next((t, r, c) for t in treatments for r in readers for c in cases if (t, r, c) not in found)
        raise UserError("readings_incomplete", treatment=gap[0], reader=gap[1], case=gap[2])
    ratings = np.array([[[found[t, r, c] for c in cases] for r in readers] for t in treatments], float)
    return Readings(treatments, readers, cases, ratings, np.array([truths[c] for c in cases], np.int64))


def analyse(readings: Readings) -> dict[str, Any]:
    """The contract's ``study analyse-table``: areas under the ROC curve, and the two treatments compared.

    Raises:
        UserError: ``readings_design`` unless there are two treatments, two readers, and two cases of each kind.
    """
    from app.evaluation.mrmc import auc_figures, compare

    abnormal = int(readings.truth.sum())
    normal = len(readings.cases) - abnormal
    if len(readings.treatments) != 2 or len(readings.readers) < 2 or min(normal, abnormal) < 2:
        raise UserError(
            "readings_design",
            treatments=len(readings.treatments),
            readers=len(readings.readers),
            normal=normal,
            abnormal=abnormal,
        )
    figures = auc_figures(readings.ratings, readings.truth)
    found = compare(figures)
    return {
        "readers": len(readings.readers),
        "cases": len(readings.cases),
        "normal": normal,
        "abnormal": abnormal,
        "treatments": list(readings.treatments),
        "auc": {
            reader: {treatment: float(figures.values[t, r]) for t, treatment in enumerate(readings.treatments)}
            for r, reader in enumerate(readings.readers)
        },
        "difference": {
            "estimate": found.estimate,
            "se": found.se,
            "low": found.interval[0],
            "high": found.interval[1],
        },
        "F": found.f,
        "df1": found.df1,
        "df2": found.df2,
        "p": found.p,
        "ms_t": found.ms_t,
        "ms_tr": found.ms_tr,
        "cov1": found.covariances.cov1,
        "cov2": found.covariances.cov2,
        "cov3": found.covariances.cov3,
        "var": found.covariances.var,
    }


def _number(words: str, row: int) -> float:
    try:
        value = float(words)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _wrong(row, f"rating = {words or '-'}")
    return value


def _wrong(row: int, what: str) -> UserError:
    return UserError("readings_wrong", row=row, what=what)
