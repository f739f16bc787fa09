"""A whole run of each task: load, start, learn, score on the validation part, and what goes into the model's file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from app.common.errors import UserError
from app.common.workspace import Workspace
from app.datasets.freezing.frozen import FrozenDataset
from app.evaluation.classification import accuracy, balanced_accuracy, ece, macro_auc
from app.evaluation.detection import average_precision_07, match, mean_over_classes
from app.inference.networks.classifiers import Classifier, build_classifier
from app.inference.networks.detectors import Detector, DetectorSettings, build_detector
from app.inference.unlike import Unlike, fit_unlike
from app.training.events import Events
from app.training.learning.calibration import best_temperature, softmax
from app.training.learning.classify import Normal, predict, train_classifier, whole_traits
from app.training.learning.detect import anchor_sizes, detect_all, map50, train_detector, truth_of
from app.training.learning.samples import Piece, Scene, load_lesion_source, load_pieces, load_scenes, squares
from app.training.learning.session import pick_device, threads
from app.training.learning.starts import start_classifier, start_detector
from app.training.plan import Plan


@dataclass(frozen=True, eq=False)
class Learned:
    """Tensors for the weights file, scores on the validation part, and facts for the manifest."""

    state: dict[str, Tensor]
    scores: dict[str, float]
    counts: dict[str, int]
    temperature: float = 1.0
    unlike: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)


def learn_classifier(
    plan: Plan, dataset: FrozenDataset, normal: Normal, events: Events, workspace: Workspace, resume: bool
) -> Learned:
    """Train a classifier, fit its temperature and its statistics of "unlike the training data".

    Raises:
        UserError, Stopped: as for ``train_classifier``, ``start_classifier`` and reading photos.
    """
    device = pick_device(plan)
    with threads(plan):
        train, val = (
            load_pieces(dataset.part(part), dataset.classes, plan.size, plan.margin, whole=True)
            for part in ("train", "val")
        )
        if not train or not val:
            raise UserError("no_training_images", dataset=dataset.full_name)
        boxes = [p for p in val if p.box is not None] or val
        events.write("loaded", pieces=len(train), val=len(boxes), classes=len(dataset.classes))
        torch.manual_seed(plan.seed)
        model = build_classifier(plan.network, len(dataset.classes), dropout=0.2)
        start_classifier(model, plan, workspace)
        kept = train_classifier(plan, model, normal, train, boxes, len(dataset.classes), events, device, resume)
        temperature, scores = _calibrated(kept, plan, normal, boxes, len(dataset.classes), device)
        events.write("calibrated", temperature=temperature, **scores)
        unlike = _unlike(kept, plan, normal, train, val, device)
    counts = {"images": len(dataset.part("train")), "lesions": sum(p.box is not None for p in train)}
    return Learned({**kept.state_dict(), **unlike.tensors()}, scores, counts, temperature, unlike.as_json())


def learn_detector(
    plan: Plan, dataset: FrozenDataset, normal: Normal, events: Events, workspace: Workspace, resume: bool
) -> Learned:
    """Train a detector on the data set and the plan's lesions of unknown disease.

    Raises:
        UserError, Stopped: as for ``train_detector``, ``start_detector`` and reading photos.
    """
    device = pick_device(plan)
    with threads(plan):
        named, val = (load_scenes(dataset.part(part), dataset.classes, plan.size) for part in ("train", "val"))
        unnamed = [s for source in plan.lesion_only for s in load_lesion_source(source, plan.size) * source.repeat]
        events.write("loaded", photos=len(named), unnamed=len(unnamed), val=len(val))
        train = [*named, *unnamed]
        settings = DetectorSettings.from_json({"anchor_sizes": anchor_sizes(train, plan), **plan.architecture})
        torch.manual_seed(plan.seed)
        model = build_detector(plan.network, len(dataset.classes), settings)
        start_detector(model, plan, workspace)
        kept = train_detector(plan, model, normal, train, val, len(dataset.classes), events, device, resume)
        scores = _detection_scores(kept, normal, val, len(dataset.classes), device)
    counts = {"images": len(named), "boxes": sum(len(s.labels) for s in named), "unnamed_photos": len(unnamed)}
    return Learned(dict(kept.state_dict()), scores, counts, parameters=settings.as_json())


def _calibrated(
    model: Classifier, plan: Plan, normal: Normal, pieces: Sequence[Piece], classes: int, device: torch.device
) -> tuple[float, dict[str, float]]:
    logits = predict(model, normal, squares(pieces, plan.size), device)
    truth = np.array([p.label for p in pieces])
    temperature = best_temperature(logits, truth)
    p = softmax(logits / temperature)
    return temperature, {
        "accuracy": accuracy(truth, p.argmax(1)),
        "balanced_accuracy": balanced_accuracy(truth, p.argmax(1), classes),
        "macro_auc": macro_auc(truth, p),
        "ece": ece(truth, p),
    }


def _unlike(
    model: Classifier, plan: Plan, normal: Normal, train: Sequence[Piece], val: Sequence[Piece], device: torch.device
) -> Unlike:
    """Fitted on whole photos; where the data set holds no photo that is all of one class, on the lesions."""
    traits = []
    for pieces in (train, val):
        whole = [p for p in pieces if p.box is None] or pieces
        traits.append(whole_traits(model, normal, squares(whole, plan.size), device))
    return fit_unlike(traits[0], traits[1])


def _detection_scores(
    model: Detector, normal: Normal, val: Sequence[Scene], classes: int, device: torch.device
) -> dict[str, float]:
    found, truths = detect_all(model, normal, val, device), [truth_of(scene) for scene in val]
    older = [average_precision_07(match(truths, found, k)) for k in range(classes)]
    return {"map50_voc": map50(val, found, classes), "map50_voc07": mean_over_classes(older)}
