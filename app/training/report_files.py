"""The report of a test: predictions, every figure in numbers, and pictures for a paper."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.common.cells import safe_cell
from app.common.files import write_atomically, write_error
from app.evaluation.boxes import BoxFigures
from app.evaluation.cases import CaseFigures, in_per_cent, mistakes
from app.evaluation.froc import RATES
from app.evaluation.predictions import CasePrediction, case_table


def write_case_report(
    out: Path, head: Mapping[str, str], figures: CaseFigures, cases: Sequence[CasePrediction]
) -> None:
    """``predictions.csv, report.json, confusion.csv, mistakes.csv`` and ``confusion``, ``reliability`` as png and pdf.

    Raises:
        UserError: those of writing.
    """
    from app.training import figures as pictures

    files = {
        "predictions.csv": case_table(cases, figures.classes).encode(),
        "report.json": _json({**head, **_of_cases(figures)}),
        "confusion.csv": _confusion(figures).encode(),
        "mistakes.csv": case_table(mistakes(cases, figures.classes), figures.classes).encode(),
        **pictures.confusion(figures),
        **pictures.reliability(figures),
    }
    _write(out, files)


def write_box_report(out: Path, head: Mapping[str, str], figures: BoxFigures, predictions: str) -> None:
    """``predictions.csv, report.json`` and ``froc`` as png and pdf.

    Raises:
        UserError: those of writing.
    """
    from app.training import figures as pictures

    files = {
        "predictions.csv": predictions.encode(),
        "report.json": _json({**head, **_of_boxes(figures)}),
        **pictures.froc(figures),
    }
    _write(out, files)


def without_nan(value: Any) -> Any:
    """JSON knows no nan: null stands for "cannot be said"."""
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _of_cases(f: CaseFigures) -> dict[str, Any]:
    return {
        "n": f.n,
        "groups": f.groups,
        **f.overall,
        "intervals": f.intervals,
        "per_class": {
            key: {
                "n": s.n,
                "sensitivity": s.sensitivity,
                "specificity": s.specificity,
                "f1": s.f1,
                "auc": f.aucs[key],
            }
            for key, s in f.per_class.items()
        },
        "confusion": f.confusion.tolist(),
        "confusion_per_cent": in_per_cent(f.confusion).round(2).tolist(),
        "classes": list(f.classes),
        "reliability": [
            {"from": b.low, "to": b.high, "n": b.n, "sure": b.sure, "right": b.right, "interval": b.interval}
            for b in f.bins
        ],
    }


def _of_boxes(f: BoxFigures) -> dict[str, Any]:
    return {
        "n": f.n,
        "photos": f.photos,
        "groups": f.groups,
        **f.overall,
        "intervals": f.intervals,
        "per_class": _apart(f.per_class),
        "by_size": _apart(f.by_size),
        **{f"by_{fact}": _apart(values) for fact, values in f.by_kind.items() if values},
        "froc": {
            "mean_sensitivity": f.froc.mean,
            "at_false_alarms_per_photo": {f"{rate:g}": f.froc.at(rate) for rate in RATES},
        },
        "classes": list(f.classes),
    }


def _apart(rows: Mapping[str, tuple[int, float]]) -> dict[str, dict[str, float]]:
    return {key: {"n": n, "ap50": value} for key, (n, value) in rows.items()}


def _confusion(f: CaseFigures) -> str:
    """Counts, then per cent of each row; rows are the truth."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [safe_cell(key) for key in f.classes]
    writer.writerow(["truth", *names, *(f"{name} %" for name in names)])
    for name, counts, shares in zip(names, f.confusion, in_per_cent(f.confusion), strict=True):
        writer.writerow([name, *(int(v) for v in counts), *(f"{v:.1f}" for v in shares)])
    return out.getvalue()


def _json(document: Any) -> bytes:
    return json.dumps(without_nan(document), ensure_ascii=False, indent=1).encode()


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, out) from error
    for name, data in files.items():
        write_atomically(out / name, data)
