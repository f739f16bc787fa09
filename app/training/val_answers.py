"""The finished model's answers on the validation part: all as a table, some for the window to show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from app.common.files import write_atomically
from app.common.workspace import Workspace
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage
from app.evaluation.predictions import CasePrediction, box_table, case_table

if TYPE_CHECKING:
    from app.evaluation.detection import Found
    from app.training.learning.whole import Learned

ANSWERS = ("predictions.csv", "samples.json")
SHOWN = 24
_MIN_SCORE = 0.3
_Row = TypeVar("_Row")


def write_answers(learned: Learned, model: str, dataset: FrozenDataset, out: Path, workspace: Workspace) -> None:
    """``predictions.csv`` in ``out``, and for a detector ``samples.json`` (a classifier writes it after each epoch).

    A sample is ``{image: id, path, truth: [{box, label}], lesions: [{box, disease, score}]}``; at most 24, spread over
    the part.

    Raises:
        UserError: those of models, photos and writing.
    """
    if learned.answers:
        write_atomically(out / ANSWERS[0], case_table(_cases(learned, model, dataset), dataset.classes).encode())
        return
    table, samples = _boxes(model, dataset, workspace)
    for name, content in zip(ANSWERS, (table, json.dumps(samples, ensure_ascii=False)), strict=True):
        write_atomically(out / name, content.encode())


def _cases(learned: Learned, model: str, dataset: FrozenDataset) -> list[CasePrediction]:
    return [
        CasePrediction(
            case=f"{answer.image.id}:{number}",
            image=str(answer.image.path),
            patient=answer.image.patient or "",
            rater=model,
            truth=dataset.classes[answer.truth],
            p=tuple(float(v) for v in answer.chances),
        )
        for number, answer in enumerate(learned.answers)
    ]


def _boxes(model: str, dataset: FrozenDataset, workspace: Workspace) -> tuple[str, list[dict[str, Any]]]:
    from app.inference.models import show_model
    from app.training.answers import box_answers

    images = dataset.part("val")
    answers = box_answers(show_model(model, workspace), dataset, images)
    rows = answers.rows(images, dataset.classes)
    shown = _spread(tuple(zip(images, answers.found, strict=True)))
    return box_table(rows), [_scene(image, found, dataset.classes) for image, found in shown]


def _scene(image: FrozenImage, found: Found, classes: Sequence[str]) -> dict[str, Any]:
    lesions = [
        {"box": [round(float(v), 1) for v in box], "disease": classes[int(label)], "score": round(float(score), 4)}
        for box, label, score in zip(found.boxes, found.labels, found.scores, strict=True)
        if score >= _MIN_SCORE
    ]
    truth = [{"box": box.as_list(), "label": label} for box, label in image.boxes]
    return {"image": image.id, "path": str(image.path), "truth": truth, "lesions": lesions}


def _spread(rows: Sequence[_Row]) -> list[_Row]:
    step = max(1.0, len(rows) / SHOWN)
    return [rows[int(k * step)] for k in range(min(SHOWN, len(rows)))]
