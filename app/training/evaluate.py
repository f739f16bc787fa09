"""Testing a model on a part of a frozen data set: figures, their intervals, the table of predictions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.common.errors import UserError
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage
from app.evaluation.boxes import BoxFigures, box_figures
from app.evaluation.cases import CaseFigures, case_figures
from app.evaluation.predictions import box_table
from app.inference.models import InstalledModel
from app.training.answers import box_answers, case_answers
from app.training.report_files import without_nan, write_box_report, write_case_report

KINDS = ("distance", "tone")
"""Facts of a photo by which a detector is looked at apart: how far it was taken from, and the skin's tone."""


def evaluate(
    model: InstalledModel, dataset: FrozenDataset, part: str = "test", out: Path | None = None
) -> dict[str, Any]:
    """The contract's ``evaluate``: every lesion of known disease (classify) or every box (detect) of the part.

    A classifier answers for the true boxes, for a photo without boxes by the whole of it; a detector's answers count
    from its own lowest score on. Intervals (95 %) are bootstrapped over groups (patients).

    Args:
        part: train, val, test or all.
        out: a folder for predictions.csv, and for the report: figures in numbers and as pictures.

    Raises:
        UserError: ``nothing_to_evaluate``, ``classes_mismatch``, and those of models, photos and writing.
    """
    images = dataset.part(part)
    if model.manifest.classes != dataset.classes:
        raise UserError(
            "classes_mismatch",
            model=model.manifest.label,
            pack=dataset.pack,
            wanted=", ".join(dataset.classes),
            found=", ".join(model.manifest.classes),
        )
    head = {"model": model.manifest.label, "dataset": dataset.full_name, "part": part, "task": model.manifest.task}
    figures = (_classify if model.manifest.task == "classify" else _detect)(model, dataset, images, part, out, head)
    answer: dict[str, Any] = without_nan({**head, **figures})
    return answer


def _classify(
    model: InstalledModel,
    dataset: FrozenDataset,
    images: Sequence[FrozenImage],
    part: str,
    out: Path | None,
    head: dict[str, str],
) -> dict[str, Any]:
    answers = case_answers(model, dataset, images)
    if not answers.cases:
        raise UserError("nothing_to_evaluate", dataset=dataset.full_name, part=part)
    figures = case_figures(answers.cases, dataset.classes, answers.groups)
    if out is not None:
        write_case_report(out, head, figures, answers.cases)
    return cases_as_json(figures)


def _detect(
    model: InstalledModel,
    dataset: FrozenDataset,
    images: Sequence[FrozenImage],
    part: str,
    out: Path | None,
    head: dict[str, str],
) -> dict[str, Any]:
    answers = box_answers(model, dataset, images)
    if not any((~truth.difficult).any() for truth in answers.truths):
        raise UserError("nothing_to_evaluate", dataset=dataset.full_name, part=part)
    figures = box_figures(
        answers.truths,
        answers.found,
        [(i.width, i.height) for i in images],
        dataset.classes,
        [i.group for i in images],
        {fact: [_known(i.meta.get(fact)) for i in images] for fact in KINDS},
    )
    if out is not None:
        write_box_report(out, head, figures, box_table(answers.rows(images, dataset.classes)))
    return boxes_as_json(figures)


def cases_as_json(figures: CaseFigures) -> dict[str, Any]:
    """The contract's part of ``evaluate`` for a classifier."""
    return {
        "n": figures.n,
        "groups": figures.groups,
        **figures.overall,
        "intervals": {name: list(interval) for name, interval in figures.intervals.items()},
        "per_class": {
            key: {"n": s.n, "sensitivity": s.sensitivity, "specificity": s.specificity, "f1": s.f1}
            for key, s in figures.per_class.items()
        },
        "confusion": figures.confusion.tolist(),
        "classes": list(figures.classes),
    }


def boxes_as_json(figures: BoxFigures) -> dict[str, Any]:
    """The contract's part of ``evaluate`` for a detector."""
    return {
        "n": figures.n,
        "groups": figures.groups,
        **figures.overall,
        "intervals": {name: list(interval) for name, interval in figures.intervals.items()},
        "per_class": {key: {"n": n, "ap": ap} for key, (n, ap) in figures.per_class.items()},
        "classes": list(figures.classes),
    }


def _known(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
