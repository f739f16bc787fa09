"""One cell of a table: a plan trained on all folds but one, and its answers to that one; stored as it ends."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.common.errors import UserError
from app.common.files import write_atomically, write_error
from app.common.workspace import Workspace
from app.datasets.freezing.frozen import FrozenDataset
from app.training.experiments.folds import Fold
from app.training.experiments.rows import Row
from app.training.plan import Plan


@dataclass(frozen=True)
class Cell:
    """Which plan, data, fold and seed. ``plan.seed`` is the cell's own: the row's plus the repeat."""

    row: str
    plan: Plan
    dataset: str
    fold: Fold

    @property
    def key(self) -> str:
        """The same for the same plan, data set version, fold and seed: then what is stored need not run again."""
        facts = [self.plan.model_dump(mode="json"), self.dataset.rpartition("@")[2], asdict(self.fold)]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        return f"{self.row}-r{self.fold.repeat}-f{self.fold.fold}"


@dataclass(frozen=True)
class Answers:
    """What a cell found.

    ``cases``: (image id, number in the image, image, patient, truth, probabilities) of each patch of the fold, for a
    classifier. ``boxes``: (image id, x0, y0, x1, y1, label, score) of each detection, for a detector, in pixels.
    """

    cases: tuple[tuple[int, int, str, str, str, tuple[float, ...]], ...] = ()
    boxes: tuple[tuple[int, float, float, float, float, str, float], ...] = ()
    seconds: float = 0.0
    facts: dict[str, float] = field(default_factory=dict)


def cells_of(row: Row, dataset: FrozenDataset, folds: int, repeats: int, quick: bool) -> tuple[Cell, ...]:
    """All cells of a row; a quick look takes the first fold only."""
    return tuple(
        Cell(
            row.name,
            row.plan.model_copy(update={"seed": row.plan.seed + repeat}),
            dataset.full_name,
            Fold(folds, repeat, fold),
        )
        for repeat in range(1 if quick else repeats)
        for fold in range(1 if quick else folds)
    )


def run_cell(cell: Cell, workspace_root: str, out: str) -> dict[str, str] | None:
    """Run and store one cell, in whatever process; None, or why it could not be run (the contract's E)."""
    workspace, folder = Workspace(Path(workspace_root)), Path(out)
    try:
        answers = run_fold(cell.plan, _dataset(workspace, cell.dataset), cell.fold, workspace, _scratch(folder, cell))
        store(folder, cell, answers)
        shutil.rmtree(_scratch(folder, cell), ignore_errors=True)
    except UserError as error:
        return error.as_json()
    return None


def run_fold(plan: Plan, dataset: FrozenDataset, fold: Fold, workspace: Workspace, scratch: Path) -> Answers:
    """Train on the other folds and answer for this one; a pure function of plan, data and fold.

    ``scratch``: a folder for checkpoints; what a killed cell left there is gone on with.

    Raises:
        UserError: ``experiment_empty_fold``, ``too_few_groups``, ``no_pretrained_weights``, ``one_class_only`` and
            those of training.
    """
    from app.training.experiments.networks import answer_boxes, answer_cases
    from app.training.experiments.visual_features import answer_features

    started = time.monotonic()
    if plan.network.startswith("svm-"):
        found = answer_features(plan, dataset, fold, workspace)
    elif plan.task == "classify":
        found = answer_cases(plan, dataset, fold, workspace, scratch)
    else:
        found = answer_boxes(plan, dataset, fold, workspace, scratch)
    return Answers(found.cases, found.boxes, round(time.monotonic() - started, 2), found.facts)


def store(folder: Path, cell: Cell, answers: Answers) -> None:
    """Raises UserError of writing."""
    document = {"key": cell.key, "row": cell.row, **asdict(cell.fold), "seed": cell.plan.seed, **asdict(answers)}
    try:
        (folder / "cells").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, folder) from error
    write_atomically(_file(folder, cell), json.dumps(document).encode())


def stored(folder: Path, cell: Cell) -> Answers | None:
    """What was found by the same plan, data, fold and seed; None where there is nothing, or another's."""
    try:
        raw: dict[str, Any] = json.loads(_file(folder, cell).read_text(encoding="utf-8"))
        if raw["key"] != cell.key:
            return None
        cases = tuple((*case[:5], tuple(case[5])) for case in raw["cases"])
        return Answers(cases, tuple(tuple(box) for box in raw["boxes"]), raw["seconds"], raw["facts"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _file(folder: Path, cell: Cell) -> Path:
    return folder / "cells" / f"{cell.name}.json"


def _scratch(folder: Path, cell: Cell) -> Path:
    return folder / "unfinished" / f"{cell.name}-{cell.key}"


@lru_cache(maxsize=2)
def _dataset(workspace: Workspace, full_name: str) -> FrozenDataset:
    from app.datasets.freezing.versions import load_dataset

    return load_dataset(workspace, full_name)
