"""Testing a model on a part of a frozen data set: figures, their intervals, the table of predictions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.common.errors import UserError
from app.common.files import write_atomically, write_error
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage
from app.evaluation import classification as c
from app.evaluation import detection as d
from app.evaluation.intervals import bootstrap
from app.evaluation.predictions import BoxPrediction, CasePrediction, box_table, case_table
from app.inference.models import InstalledModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.training.learning.samples import Piece, Scene

CHUNK = 64
REPEATS = 1000


def evaluate(
    model: InstalledModel, dataset: FrozenDataset, part: str = "test", out: Path | None = None
) -> dict[str, Any]:
    """The contract's ``evaluate``: every lesion of known disease (classify) or every box (detect) of the part.

    A classifier answers for the true boxes, for a photo without boxes by the whole of it; a detector's answers count
    from its own lowest score on. Intervals (95 %) are bootstrapped over groups (patients).

    Args:
        part: train, val, test or all.
        out: a folder for predictions.csv.

    Raises:
        UserError: ``nothing_to_evaluate``, ``classes_mismatch``, and those of models, photos and writing.
    """
    images = dataset.part(part)
    if model.manifest.classes != dataset.classes:
        raise UserError(
            "classes_mismatch",
            model=model.manifest.label,
            pack=model.manifest.pack,
            wanted=", ".join(dataset.classes),
            found=", ".join(model.manifest.classes),
        )
    figures, table = (_classify if model.manifest.task == "classify" else _detect)(model, dataset, images, part)
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(error, out) from error
        write_atomically(out / "predictions.csv", table.encode())
    head = {"model": model.manifest.label, "dataset": dataset.full_name, "part": part, "task": model.manifest.task}
    answer: dict[str, Any] = _without_nan({**head, **figures})
    return answer


def _classify(
    model: InstalledModel, dataset: FrozenDataset, images: Sequence[FrozenImage], part: str
) -> tuple[dict[str, Any], str]:
    classes = dataset.classes
    rows = _classified(model, classes, images)
    if not rows:
        raise UserError("nothing_to_evaluate", dataset=dataset.full_name, part=part)
    truth, p = np.array([piece.label for piece, _ in rows]), np.array([q for _, q in rows])
    groups = [piece.image.group for piece, _ in rows]

    def figures(of: np.ndarray[Any, Any]) -> dict[str, float]:
        chosen = p[of].argmax(1)
        return {
            "accuracy": c.accuracy(truth[of], chosen),
            "balanced_accuracy": c.balanced_accuracy(truth[of], chosen, len(classes)),
            "macro_auc": c.macro_auc(truth[of], p[of]),
            "ece": c.ece(truth[of], p[of]),
        }

    table = c.confusion(truth, p.argmax(1), len(classes))
    each = {
        key: {"n": s.n, "sensitivity": s.sensitivity, "specificity": s.specificity, "f1": s.f1}
        for key, s in zip(classes, c.per_class(table), strict=True)
    }
    result = {
        "n": len(rows),
        "groups": len(set(groups)),
        **figures(np.arange(len(rows))),
        "intervals": {k: list(v) for k, v in bootstrap(groups, figures, REPEATS).items()},
        "per_class": each,
        "confusion": table.tolist(),
        "classes": list(classes),
    }
    cases = [
        CasePrediction(
            case=f"{piece.image.id}:{k}",
            image=str(piece.image.path),
            patient=piece.image.patient or "",
            rater=model.manifest.label,
            truth=classes[piece.label],
            p=tuple(float(v) for v in q),
        )
        for k, (piece, q) in enumerate(rows)
    ]
    return result, case_table(cases, classes)


def _classified(
    model: InstalledModel, classes: tuple[str, ...], images: Sequence[FrozenImage]
) -> list[tuple[Piece, NDArray[np.float64]]]:
    """Every piece, without its pixels, and its calibrated probabilities (classes,)."""
    import torch

    from app.inference.weights import load_network
    from app.training.learning.calibration import softmax
    from app.training.learning.classify import Normal, predict
    from app.training.learning.samples import load_pieces, squares

    pre, temperature = model.manifest.preprocessing, model.manifest.temperature
    network, normal, device = load_network(model)[0], Normal(pre.mean, pre.std), torch.device("cpu")
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    rows: list[tuple[Piece, NDArray[np.float64]]] = []
    for chunk in _chunks(images):
        pieces = load_pieces(chunk, classes, pre.size, pre.margin, whole=False)
        if pieces:
            logits = predict(network, normal, squares(pieces, pre.size), device)
            rows += zip(map(_without_pixels, pieces), softmax(logits / temperature), strict=True)
    return rows


def _detect(
    model: InstalledModel, dataset: FrozenDataset, images: Sequence[FrozenImage], part: str
) -> tuple[dict[str, Any], str]:
    import torch

    from app.inference.weights import load_network
    from app.training.learning.classify import Normal
    from app.training.learning.detect import detect_all
    from app.training.learning.samples import load_scenes

    pre, classes = model.manifest.preprocessing, dataset.classes
    network, normal, device = load_network(model)[0], Normal(pre.mean, pre.std), torch.device("cpu")
    truths, found = [], []
    for chunk in _chunks(images):
        scenes = load_scenes(chunk, classes, pre.size)
        for scene, one in zip(scenes, detect_all(network, normal, scenes, device), strict=True):
            truths.append(_truth(scene, len(classes)))
            found.append(d.Found(one.boxes / scene.scale, one.labels, one.scores))
    boxes = sum(int((~t.difficult).sum()) for t in truths)
    if boxes == 0:
        raise UserError("nothing_to_evaluate", dataset=dataset.full_name, part=part)
    matches = [d.match(truths, found, k) for k in range(len(classes))]

    def figures(of: np.ndarray[Any, Any]) -> dict[str, float]:
        again = [d.drawn_again(m, of) for m in matches]
        return {
            "map50_voc": d.mean_over_classes([d.average_precision(m) for m in again]),
            "map50_voc07": d.mean_over_classes([d.average_precision_07(m) for m in again]),
        }

    groups = [i.group for i in images]
    coco, coco50 = d.coco_map(truths, found, [(i.width, i.height) for i in images], len(classes))
    result = {
        "n": boxes,
        "groups": len(set(groups)),
        **figures(np.arange(len(images))),
        "map_coco": coco,
        "map50_coco": coco50,
        "intervals": {k: list(v) for k, v in bootstrap(groups, figures, REPEATS).items()},
        "per_class": {key: {"n": m.n, "ap": d.average_precision(m)} for key, m in zip(classes, matches, strict=True)},
        "classes": list(classes),
    }
    rows = [
        _row(image, box, classes[int(label)], float(score))
        for image, one in zip(images, found, strict=True)
        for box, label, score in zip(one.boxes, one.labels, one.scores, strict=True)
    ]
    return result, box_table(rows)


def _row(image: FrozenImage, box: Any, label: str, score: float) -> BoxPrediction:
    x0, y0, x1, y1 = (float(v) for v in box)
    return BoxPrediction(str(image.path), x0, y0, x1, y1, label, score)


def _truth(scene: Scene, classes: int) -> d.Truth:
    """A lesion of no class of the model ("other") is difficult for every class: neither hit nor false alarm."""
    boxes, known = scene.boxes / scene.scale, scene.labels >= 0
    others = np.repeat(boxes[~known], classes, axis=0)
    return d.Truth(
        np.concatenate([boxes[known], others]),
        np.concatenate([scene.labels[known], np.tile(np.arange(classes), int((~known).sum()))]),
        np.arange(int(known.sum()) + len(others)) >= known.sum(),
    )


def _chunks(images: Sequence[FrozenImage]) -> Iterator[Sequence[FrozenImage]]:
    return (images[start : start + CHUNK] for start in range(0, len(images), CHUNK))


def _without_pixels(piece: Any) -> Any:
    from dataclasses import replace

    return replace(piece, pixels=np.zeros((1, 1, 3), np.uint8))


def _without_nan(value: Any) -> Any:
    """JSON knows no nan: null stands for "cannot be said"."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value
