"""What a model answers to the images of a data set: the rows of the one table of predictions, with the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from app.datasets.freezing.frozen import FrozenDataset, FrozenImage
from app.evaluation.detection import Found, Truth
from app.evaluation.predictions import BoxPrediction, CasePrediction
from app.inference.models import InstalledModel

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from app.training.learning.samples import Piece, Scene

CHUNK = 64
"""Images in memory at once."""


@dataclass(frozen=True, eq=False)
class CaseAnswers:
    """A classifier's: a row for every lesion of known disease, and the group (patient) of each."""

    cases: tuple[CasePrediction, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class BoxAnswers:
    """A detector's: true and found boxes of each image, pixels of the upright photo, in the images' order."""

    truths: tuple[Truth, ...]
    found: tuple[Found, ...]

    def rows(self, images: Sequence[FrozenImage], classes: Sequence[str]) -> tuple[BoxPrediction, ...]:
        return tuple(
            _row(image, box, classes[int(label)], float(score))
            for image, one in zip(images, self.found, strict=True)
            for box, label, score in zip(one.boxes, one.labels, one.scores, strict=True)
        )


def case_answers(model: InstalledModel, dataset: FrozenDataset, images: Sequence[FrozenImage]) -> CaseAnswers:
    """Calibrated probabilities for the true boxes; for a photo without boxes by the whole of it.

    Raises:
        UserError: those of models and photos.
    """
    classes = dataset.classes
    cases, groups = [], []
    for number, (piece, p) in enumerate(_classified(model, classes, images)):
        assert piece.image is not None
        cases.append(
            CasePrediction(
                case=f"{piece.image.id}:{number}",
                image=str(piece.image.path),
                patient=piece.image.patient or "",
                rater=model.manifest.label,
                truth=classes[piece.label],
                p=tuple(float(v) for v in p),
            )
        )
        groups.append(piece.image.group)
    return CaseAnswers(tuple(cases), tuple(groups))


def box_answers(model: InstalledModel, dataset: FrozenDataset, images: Sequence[FrozenImage]) -> BoxAnswers:
    """Boxes from the detector's own lowest score on.

    Raises:
        UserError: those of models and photos.
    """
    from app.inference.weights import load_network
    from app.training.learning.classify import Normal
    from app.training.learning.detect import detect_all
    from app.training.learning.samples import load_scenes

    pre, device = model.manifest.preprocessing, _device()
    network, normal = load_network(model)[0].to(device), Normal(pre.mean, pre.std)
    truths, found = [], []
    for chunk in _chunks(images):
        scenes = load_scenes(chunk, dataset.classes, pre.size)
        for scene, one in zip(scenes, detect_all(network, normal, scenes, device), strict=True):
            truths.append(_truth(scene, len(dataset.classes)))
            found.append(Found(one.boxes / scene.scale, one.labels, one.scores))
    return BoxAnswers(tuple(truths), tuple(found))


def _classified(
    model: InstalledModel, classes: tuple[str, ...], images: Sequence[FrozenImage]
) -> Iterator[tuple[Piece, NDArray[np.float64]]]:
    """Every piece, without its pixels, and its calibrated probabilities (classes,)."""
    import torch

    from app.inference.weights import load_network
    from app.training.learning.calibration import softmax
    from app.training.learning.classify import Normal, predict
    from app.training.learning.samples import load_pieces, squares

    pre, temperature, device = model.manifest.preprocessing, model.manifest.temperature, _device()
    network, normal = load_network(model)[0], Normal(pre.mean, pre.std)
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    for chunk in _chunks(images):
        pieces = load_pieces(chunk, classes, pre.size, pre.margin, whole=False)
        if pieces:
            logits = predict(network, normal, squares(pieces, pre.size), device)
            yield from zip(map(_without_pixels, pieces), softmax(logits / temperature), strict=True)


def _device() -> torch.device:
    import torch

    from app.inference.device import choose_device

    return torch.device(choose_device("auto").name)


def _row(image: FrozenImage, box: Any, label: str, score: float) -> BoxPrediction:
    x0, y0, x1, y1 = (float(v) for v in box)
    return BoxPrediction(str(image.path), x0, y0, x1, y1, label, score)


def _truth(scene: Scene, classes: int) -> Truth:
    """A lesion of no class of the model ("other") is difficult for every class: neither hit nor false alarm."""
    boxes, known = scene.boxes / scene.scale, scene.labels >= 0
    others = np.repeat(boxes[~known], classes, axis=0)
    return Truth(
        np.concatenate([boxes[known], others]),
        np.concatenate([scene.labels[known], np.tile(np.arange(classes), int((~known).sum()))]),
        np.arange(int(known.sum()) + len(others)) >= known.sum(),
    )


def _chunks(images: Sequence[FrozenImage]) -> Iterator[Sequence[FrozenImage]]:
    return (images[start : start + CHUNK] for start in range(0, len(images), CHUNK))


def _without_pixels(piece: Piece) -> Piece:
    return replace(piece, pixels=np.zeros((1, 1, 3), np.uint8))
