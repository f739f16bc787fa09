"""A whole run of each task: load, start, learn, score on the validation part, and what goes into the model's file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.common.errors import UserError
from app.common.geometry import Box
from app.common.workspace import Workspace
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage
from app.evaluation.classification import accuracy, balanced_accuracy, ece, macro_auc
from app.evaluation.detection import average_precision_07, match, mean_over_classes
from app.inference.networks.classifiers import Classifier, build_classifier, logits_from_features
from app.inference.networks.detectors import Detector, build_detector
from app.inference.unlike import Unlike, fit_unlike
from app.training.events import Events
from app.training.learning.cached import PLAIN, Rows, feature_rows, train_head
from app.training.learning.calibration import best_temperature, softmax
from app.training.learning.classify import Normal, predict, train_classifier, whole_traits
from app.training.learning.detect import detect_all, map50, settings_of, train_detector, truth_of
from app.training.learning.parallel import rank, together
from app.training.learning.samples import Piece, Scene, load_lesion_source, load_pieces, load_scenes, squares
from app.training.learning.session import pick_device, threads, with_smaller_batches
from app.training.learning.starts import start_classifier, start_detector
from app.training.plan import Plan


@dataclass(frozen=True, eq=False)
class Answer:
    """What a finished classifier says of one validation piece: ``chances`` (classes,), calibrated."""

    image: FrozenImage
    box: Box | None
    truth: int
    chances: NDArray[np.float64]


class Silent(Events):
    """Of a process that learns along with the one that writes."""

    def write(self, kind: str, **facts: Any) -> None:
        """Nothing: the first process writes it."""


@dataclass(frozen=True, eq=False)
class Learned:
    """Tensors for the weights file, scores on the validation part, facts for the manifest, a classifier's answers."""

    state: dict[str, Tensor]
    scores: dict[str, float]
    counts: dict[str, int]
    temperature: float = 1.0
    unlike: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    answers: tuple[Answer, ...] = ()


def learn_classifier(
    plan: Plan, dataset: FrozenDataset, normal: Normal, events: Events, workspace: Workspace, resume: bool
) -> Learned:
    """Train a classifier, fit its temperature and its statistics of "unlike the training data".

    Raises:
        UserError, Stopped: as for ``train_classifier``, ``start_classifier`` and reading photos.
    """
    device = pick_device(plan)
    with threads(plan), together(device):
        own = events if rank() == 0 else Silent(events.run)
        train, val = (
            load_pieces(dataset.part(part), dataset.classes, plan.size, plan.margin, whole=True)
            for part in ("train", "val")
        )
        if not train or not val:
            raise UserError("no_training_images", dataset=dataset.full_name)
        boxes = [p for p in val if p.box is not None] or val
        own.write("loaded", pieces=len(train), val=len(boxes), classes=len(dataset.classes))
        kept = with_smaller_batches(
            plan, own, resume, lambda p, again: _fitted(p, dataset, normal, train, boxes, own, workspace, device, again)
        )
        features = _Known(kept, plan, normal, workspace, own, device)
        logits = features.logits(boxes)
        temperature, scores = _calibrated(logits, np.array([p.label for p in boxes]), len(dataset.classes))
        own.write("calibrated", temperature=temperature, **scores)
        unlike = _unlike(features, train, val)
    counts = {"images": len(dataset.part("train")), "lesions": sum(p.box is not None for p in train)}
    answers = tuple(
        Answer(p.image, p.box, p.label, row) for p, row in zip(boxes, softmax(logits / temperature), strict=True)
    )
    state = {**kept.state_dict(), **unlike.tensors()}
    return Learned(state, scores, counts, temperature, unlike.as_json(), answers=answers)


def _fitted(
    plan: Plan,
    dataset: FrozenDataset,
    normal: Normal,
    train: Sequence[Piece],
    val: Sequence[Piece],
    events: Events,
    workspace: Workspace,
    device: torch.device,
    resume: bool,
) -> Classifier:
    torch.manual_seed(plan.seed)
    model = build_classifier(plan.network, len(dataset.classes), plan.dropout)
    start_classifier(model, plan, workspace)
    if plan.cached_features:
        return train_head(plan, model, normal, train, val, dataset.classes, events, device, workspace, resume)
    return train_classifier(plan, model, normal, train, val, dataset.classes, events, device, resume)


def learn_detector(
    plan: Plan, dataset: FrozenDataset, normal: Normal, events: Events, workspace: Workspace, resume: bool
) -> Learned:
    """Train a detector on the data set and the plan's lesions of unknown disease.

    Raises:
        UserError, Stopped: as for ``train_detector``, ``start_detector`` and reading photos.
    """
    device = pick_device(plan)
    with threads(plan), together(device):
        own = events if rank() == 0 else Silent(events.run)
        named, val = (load_scenes(dataset.part(part), dataset.classes, plan.size) for part in ("train", "val"))
        unnamed = [s for source in plan.lesion_only for s in load_lesion_source(source, plan.size) * source.repeat]
        own.write("loaded", photos=len(named), unnamed=len(unnamed), val=len(val))
        train = [*named, *unnamed]
        settings = settings_of(plan, train)

        def fitted(plan: Plan, resume: bool) -> Detector:
            torch.manual_seed(plan.seed)
            model = build_detector(plan.network, len(dataset.classes), settings)
            start_detector(model, plan, workspace)
            return train_detector(plan, model, normal, train, val, len(dataset.classes), own, device, resume)

        kept = with_smaller_batches(plan, own, resume, fitted)
        scores = _detection_scores(kept, normal, val, len(dataset.classes), device)
    counts = {"images": len(named), "boxes": sum(len(s.labels) for s in named), "unnamed_photos": len(unnamed)}
    return Learned(dict(kept.state_dict()), scores, counts, parameters=settings.as_json())


@dataclass(frozen=True, eq=False)
class _Known:
    """A finished classifier's answers; with cached features nothing is computed twice."""

    model: Classifier
    plan: Plan
    normal: Normal
    workspace: Workspace
    events: Events
    device: torch.device

    def logits(self, pieces: Sequence[Piece]) -> NDArray[np.float32]:
        if self.plan.cached_features:
            features = torch.from_numpy(self._rows(pieces).features).to(self.device)
            return np.asarray(logits_from_features(self.model, features).float().cpu().numpy(), np.float32)
        return predict(self.model, self.normal, squares(pieces, self.plan.size), self.device)

    def traits(self, pieces: Sequence[Piece]) -> Tensor:
        if self.plan.cached_features:
            return torch.from_numpy(self._rows(pieces).traits)
        return whole_traits(self.model, self.normal, squares(pieces, self.plan.size), self.device)

    def _rows(self, pieces: Sequence[Piece]) -> Rows:
        return feature_rows(self.model, self.plan, self.normal, pieces, PLAIN, self.workspace, self.events, self.device)


def _calibrated(logits: NDArray[np.float32], truth: NDArray[np.int64], classes: int) -> tuple[float, dict[str, float]]:
    temperature = best_temperature(logits, truth)
    p = softmax(logits / temperature)
    return temperature, {
        "accuracy": accuracy(truth, p.argmax(1)),
        "balanced_accuracy": balanced_accuracy(truth, p.argmax(1), classes),
        "macro_auc": macro_auc(truth, p),
        "ece": ece(truth, p),
    }


def _unlike(known: _Known, train: Sequence[Piece], val: Sequence[Piece]) -> Unlike:
    """Fitted on whole photos; where the data set holds no photo that is all of one class, on the lesions."""
    traits = [known.traits([p for p in pieces if p.box is None] or pieces) for pieces in (train, val)]
    return fit_unlike(traits[0], traits[1])


def _detection_scores(
    model: Detector, normal: Normal, val: Sequence[Scene], classes: int, device: torch.device
) -> dict[str, float]:
    found, truths = detect_all(model, normal, val, device), [truth_of(scene) for scene in val]
    older = [average_precision_07(match(truths, found, k)) for k in range(classes)]
    return {"map50_voc": map50(val, found, classes), "map50_voc07": mean_over_classes(older)}
