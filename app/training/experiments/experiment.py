"""One of the source's tables on a frozen data set: cells run, stored, resumed; tables and figures made of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.common.errors import UserError
from app.common.files import write_atomically, write_error
from app.common.words import text
from app.common.workspace import Workspace
from app.datasets.freezing.frozen import FrozenDataset
from app.training.experiments.cells import Answers, Cell, cells_of, stored
from app.training.experiments.engines import Engine, run_all
from app.training.experiments.folds import learnable, scarce
from app.training.experiments.report import Line, write_report
from app.training.experiments.rows import Kind, Row, rows_of
from app.training.run import check_network

MARK = "experiment.json"
"""A folder that holds it is an experiment's: another call goes on with it."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """What ``experiment`` is asked for. ``recipe``: a name or file, in the place of the table's own."""

    kind: Kind
    folds: int = 3
    repeats: int = 10
    networks: tuple[str, ...] = ()
    quick: bool = False
    engine: Engine = "local"
    workers: int | None = None
    recipe: str | None = None


def run_experiment(
    wanted: Wanted, dataset: FrozenDataset, workspace: Workspace, out: Path, say: Say = lambda line: None
) -> dict[str, Any]:
    """The contract's ``experiment``: ``{"rows": [{"name", "metrics", "state", "why"}]}``.

    ``out`` gets a file for each cell as it ends, and at the end, also when it is cancelled, ``table.md``,
    ``table.csv``, ``predictions.csv`` and figures. What is stored for the same plan, data, fold and seed is not run
    again.

    Raises:
        UserError: ``bad_folds``, ``too_few_groups``, ``unknown_architecture``, ``plan_wrong``, ``no_ray``, and those of
            writing.
    """
    if not (2 <= wanted.folds <= 100 and 1 <= wanted.repeats <= 100):
        raise UserError("bad_folds", folds=wanted.folds, repeats=wanted.repeats)
    rows = rows_of(wanted.kind, wanted.networks, dataset.full_name, dataset.pack, wanted.quick, wanted.recipe)
    patients = len({image.group for image in learnable(dataset)})
    if patients < wanted.folds:
        raise UserError("too_few_groups", groups=patients, parts=wanted.folds)
    for plan in {row.plan.network: row.plan for row in rows}.values():
        check_network(plan, len(dataset.classes))
    _mark(out, wanted, dataset, rows)
    few = ", ".join(f"{key} ({count})" for key, count in scarce(dataset, wanted.folds).items())
    if few:
        say(text("experiment.scarce", diseases=few, folds=wanted.folds))
    cells = {row.name: cells_of(row, dataset, wanted.folds, wanted.repeats, wanted.quick) for row in rows}
    failed: dict[str, dict[str, str]] = {row.name: why for row in rows if (why := _missing(row)) is not None}
    try:
        _run(wanted, [c for name, of in cells.items() if name not in failed for c in of], workspace, out, failed, say)
    finally:
        lines = [_line(row, cells[row.name], out, failed) for row in rows]
        document = write_report(wanted.kind, dataset, lines, wanted.quick, out)
    shutil.rmtree(out / "unfinished", ignore_errors=True)
    return document


def _run(
    wanted: Wanted,
    cells: Sequence[Cell],
    workspace: Workspace,
    out: Path,
    failed: dict[str, dict[str, str]],
    say: Say,
) -> None:
    waiting = [cell for cell in cells if stored(out, cell) is None]
    if len(waiting) < len(cells):
        say(text("experiment.stored", n=len(cells) - len(waiting), of=len(cells)))
    done = 0

    def ended(cell: Cell, why: dict[str, str] | None) -> None:
        nonlocal done
        done += 1
        said = why["what"] if why else text("experiment.cell_done")
        say(f"{done}/{len(waiting)}  {cell.name}  {said}")
        if why:
            failed.setdefault(cell.row, why)

    if waiting:
        run_all(waiting, workspace, str(out), wanted.engine, wanted.workers or _at_once(wanted), ended)


def _at_once(wanted: Wanted) -> int | None:
    """One after the other where they share a GPU; None: as many as there are cores."""
    from app.inference.device import choose_device

    alone = wanted.kind == "visual-features" or wanted.engine == "ray" or choose_device("auto").name == "cpu"
    return None if alone else 1


def _missing(row: Row) -> dict[str, str] | None:
    """Why none of a row's cells can run; said before anything is trained."""
    if row.plan.start != "imagenet" or row.plan.network.startswith("svm-"):
        return None
    from app.inference.networks.imagenet import missing_weights

    absent = missing_weights(row.plan.network)
    return None if absent is None else UserError("no_pretrained_weights", network=absent).as_json()


def _line(row: Row, cells: Sequence[Cell], out: Path, failed: dict[str, dict[str, str]]) -> Line:
    found: list[tuple[Cell, Answers]] = []
    for cell in cells:
        answers = stored(out, cell)
        if answers is not None:
            found.append((cell, answers))
    if len(found) == len(cells):
        return Line(row.name, tuple(found))
    why = failed[row.name]["what"] if row.name in failed else text("experiment.not_reached")
    return Line(row.name, (), f"{why} {text('experiment.cells', n=len(found), of=len(cells))}" if found else why)


def _mark(out: Path, wanted: Wanted, dataset: FrozenDataset, rows: Sequence[Row]) -> None:
    document = {
        "experiment": wanted.kind,
        "dataset": dataset.full_name,
        "folds": wanted.folds,
        "repeats": wanted.repeats,
        "quick": wanted.quick,
        "plans": {row.name: row.plan.model_dump(mode="json") for row in rows},
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, out) from error
    write_atomically(out / MARK, json.dumps(document, indent=1).encode())
