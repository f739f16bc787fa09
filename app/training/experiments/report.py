"""What an experiment leaves behind: predictions.csv, table.csv, table.md, figures."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.common.cells import safe_cell
from app.common.files import write_atomically
from app.common.words import text
from app.datasets.freezing.frozen import FrozenDataset
from app.evaluation.cases import read_case_table
from app.evaluation.detection import Found
from app.training.experiments.cells import Answers, Cell
from app.training.experiments.figures import Figures, of_boxes, of_cases
from app.training.experiments.folds import learnable, scarce, seen_through
from app.training.experiments.predictions import boxes_csv, cases_csv, read_boxes, read_truth, truth_csv
from app.training.experiments.rows import Kind, published

_OF_CASES = ("accuracy", "balanced_accuracy", "macro_auc", "ece")
COLUMNS: dict[Kind, tuple[str, ...]] = {
    "visual-features": _OF_CASES,
    "cnn": _OF_CASES,
    "fusion": ("map50_voc", "map50_voc07"),
}
_NOTHING = Found.of([], [], [])


@dataclass(frozen=True, eq=False)
class Line:
    """A row of the table; ``why`` it was not run, where not all of its cells are stored."""

    name: str
    cells: tuple[tuple[Cell, Answers], ...]
    why: str | None = None
    figures: Figures | None = None


def write_report(kind: Kind, dataset: FrozenDataset, lines: Sequence[Line], quick: bool, out: Path) -> dict[str, Any]:
    """Write all files; the contract's document. Figures are computed from the written tables alone."""
    found = [pair for line in lines for pair in line.cells]
    if kind == "fusion":
        full = _with_box_figures(dataset, lines, found, out)
    else:
        full = _with_case_figures(dataset, lines, found, out)
    write_atomically(out / "table.csv", _csv(kind, full).encode())
    write_atomically(out / "table.md", _markdown(kind, dataset, full, quick).encode())
    from app.training.experiments.drawing import draw

    draw(kind, dataset.classes, [(line.name, line.figures) for line in full if line.figures], quick, out)
    return {"rows": [_row(kind, line) for line in full]}


def _with_case_figures(
    dataset: FrozenDataset, lines: Sequence[Line], found: Sequence[tuple[Cell, Answers]], out: Path
) -> list[Line]:
    table = cases_csv(found, dataset.classes)
    write_atomically(out / "predictions.csv", table.encode())
    cases, classes = read_case_table(table)
    return [
        replace(line, figures=of_cases([c for c in cases if c.rater == line.name], classes)) if line.cells else line
        for line in lines
    ]


def _with_box_figures(
    dataset: FrozenDataset, lines: Sequence[Line], found: Sequence[tuple[Cell, Answers]], out: Path
) -> list[Line]:
    table = boxes_csv(found, dataset)
    write_atomically(out / "predictions.csv", table.encode())
    folds = {cell.fold for cell, _ in found}
    asked = {image.id for fold in folds for image in seen_through(dataset, fold).part("test")}
    truth = truth_csv(image for image in learnable(dataset) if image.id in asked)
    write_atomically(out / "truth.csv", truth.encode())
    count = len({fold.repeat for fold in folds})
    photos = read_truth(truth, dataset.classes)
    answers = read_boxes(table, photos, dataset.classes, count)
    full = []
    for line in lines:
        nothing = [tuple(_NOTHING for _ in photos.ids) for _ in range(count)]
        each = answers.get(line.name, nothing)
        full.append(replace(line, figures=of_boxes(photos, each, len(dataset.classes))) if line.cells else line)
    return full


def _row(kind: Kind, line: Line) -> dict[str, Any]:
    if line.figures is None:
        return {"name": line.name, "metrics": {}, "state": "not_run", "why": line.why}
    f = line.figures
    metrics: dict[str, Any] = {name: _number(f.values[name]) for name in COLUMNS[kind]}
    metrics["intervals"] = {n: [_number(v) for v in f.intervals[n]] for n in COLUMNS[kind] if n in f.intervals}
    metrics |= {"n": f.n, "groups": f.groups}
    return {"name": line.name, "metrics": metrics, "state": "done", "why": None}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def _csv(kind: Kind, lines: Sequence[Line]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = COLUMNS[kind]
    ends = [f"{n}_{end}" for n in names[:2] for end in ("low", "high")]
    writer.writerow(
        ["name", "state", *names, *ends, "n", "groups", "repeats", "folds", "seconds", "source_percent", "why"]
    )
    for line in lines:
        source = published()[kind].get(line.name)
        said = "" if source is None else f"{source.value:g}"
        if line.figures is None:
            writer.writerow([line.name, "not_run", *[""] * (len(names) + len(ends) + 5), said, safe_cell(line.why)])
            continue
        f = line.figures
        values = [f"{f.values[n]:.6f}" for n in names]
        bounds = [f"{bound:.6f}" for n in names[:2] for bound in f.intervals.get(n, (math.nan, math.nan))]
        folds = {cell.fold for cell, _ in line.cells}
        turns = [len({fold.repeat for fold in folds}), len({fold.fold for fold in folds})]
        seconds = f"{sum(answers.seconds for _, answers in line.cells):.1f}"
        writer.writerow([line.name, "done", *values, *bounds, f.n, f.groups, *turns, seconds, said, ""])
    return out.getvalue()


def _markdown(kind: Kind, dataset: FrozenDataset, lines: Sequence[Line], quick: bool) -> str:
    names = COLUMNS[kind]
    heads = [text("experiment.row"), *(_HEADS[n]() for n in names), text("experiment.source")]
    title = {"visual-features": text("experiment.visual_features"), "cnn": text("experiment.cnn")}
    parts = [f"# {title.get(kind) or text('experiment.fusion')}", "", dataset.full_name, ""]
    if quick:
        parts += [f"**{text('experiment.quick')}**", ""]
    parts += [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    for line in lines:
        source = published()[kind].get(line.name)
        said = "–" if source is None else f"{source.value:.2f}{' (!)' if source.contradicts else ''}"
        if line.figures is None:
            cells = [f"{text('experiment.not_run')}: {line.why}", *["–"] * (len(names) - 1)]
        else:
            cells = [_shown(line.figures, n) for n in names]
        parts.append(f"| {line.name} | {' | '.join(cells)} | {said} |")
    done = [line.figures for line in lines if line.figures]
    if done:
        n, groups = max(f.n for f in done), max(f.groups for f in done)
        turns = {cell.fold.repeat for line in lines for cell, _ in line.cells}
        folds = next(cell.fold.folds for line in lines for cell, _ in line.cells)
        parts += ["", text("experiment.how", n=n, groups=groups, folds=folds, repeats=len(turns))]
        few = scarce(dataset, folds)
        if few:
            listed = ", ".join(f"{key} ({count})" for key, count in few.items())
            parts += ["", text("experiment.scarce", diseases=listed, folds=folds)]
    return "\n".join([*parts, "", text("experiment.about_source"), ""])


def _shown(figures: Figures, name: str) -> str:
    """Shares in per cent, with the interval where there is one; ECE and AUC as they are."""
    value = figures.values[name]
    if math.isnan(value):
        return "–"
    if name in ("macro_auc", "ece"):
        return f"{value:.3f}"
    low, high = figures.intervals[name]
    return f"{100 * value:.1f} ({100 * low:.1f}–{100 * high:.1f})"


_HEADS = {
    "accuracy": lambda: text("experiment.accuracy"),
    "balanced_accuracy": lambda: text("experiment.balanced_accuracy"),
    "macro_auc": lambda: text("experiment.macro_auc"),
    "ece": lambda: text("experiment.ece"),
    "map50_voc": lambda: text("experiment.map50_voc"),
    "map50_voc07": lambda: text("experiment.map50_voc07"),
}
