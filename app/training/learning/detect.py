"""The detector's loop: whole photos with moved, mirrored, zoomed boxes; lesions of unknown disease mixed in."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from app.evaluation.detection import Found, Truth, average_precision, match, mean_over_classes
from app.inference.networks.classifiers import freeze_norms
from app.inference.networks.detectors import UNKNOWN, Detector, DetectorSettings
from app.training.events import Events
from app.training.learning import parallel
from app.training.learning.anchors import fit_anchors, fit_proposals
from app.training.learning.augment import random_look, random_scene
from app.training.learning.classify import Normal
from app.training.learning.samples import Scene
from app.training.learning.schedule import Schedule
from app.training.learning.session import (
    Batch,
    Session,
    batches,
    epoch_order,
    freeze_first,
    make_optimiser,
    steps_per_epoch,
)
from app.training.plan import Plan

CANVAS_ASPECT = 4 / 3
WATCHED = 150
"""At most so many validation photos are scored after an epoch; the run's end scores all."""


@dataclass(frozen=True)
class Prepared:
    """``pictures`` (B, H, W, 3) uint8; for each its ``boxes`` (b, 4) in its pixels and ``labels`` (b,), 1 and up."""

    pictures: NDArray[np.uint8]
    boxes: tuple[NDArray[np.float64], ...]
    labels: tuple[NDArray[np.int64], ...]


def settings_of(plan: Plan, train: Sequence[Scene]) -> DetectorSettings:
    """The plan's ``[architecture]``; what it does not name is fitted to the training boxes: anchors, and proposals to
    how many boxes a photo has.

    Raises:
        TypeError, ValueError: as :meth:`DetectorSettings.from_json`.
    """
    fitted: dict[str, object] = dict(fit_proposals(train))
    if "anchor_sizes" not in plan.architecture:
        anchors = fit_anchors(train, plan.size)
        fitted |= {"anchor_sizes": anchors.sizes, "anchor_ratios": anchors.ratios}
    return DetectorSettings.from_json({**fitted, **plan.architecture})


def train_detector(
    plan: Plan,
    model: Detector,
    normal: Normal,
    train: Sequence[Scene],
    val: Sequence[Scene],
    classes: int,
    events: Events,
    device: torch.device,
    resume: bool = False,
) -> Detector:
    """Fit ``model`` to ``train``. ``val`` is only watched, unless the plan has patience: then its best epoch stays.

    Returns:
        The running mean of the model, in evaluation mode.

    Raises:
        UserError: ``training_not_finite`` naming the batch's images, ``disk_full`` at a checkpoint.
        Stopped: when the run's folder holds a stop file.
    """
    torch.manual_seed(plan.seed)
    model = model.to(device)
    body = model.backbone.body
    frozen = freeze_first(body, plan.freeze, nn.ModuleList())  # the whole body can rest: the heads lie outside it
    schedule = Schedule(plan.epochs * steps_per_epoch(len(train), plan), plan.minutes, plan.warm_up, plan.schedule)
    session = Session(plan, model, make_optimiser(plan, body, model), schedule, events)
    if resume:
        session.resume()
    later = [p for p in body.parameters() if p.requires_grad]
    watched = val[:: max(1, math.ceil(len(val) / WATCHED))]
    while session.goes_on:
        only_head = session.epoch < plan.head_epochs
        for parameter in later:
            parameter.requires_grad_(not only_head)
        model.train()
        if plan.frozen_norms or only_head:
            freeze_norms(body)
        for part in frozen:
            part.eval()
        started = time.monotonic()
        losses = _epoch(session, normal, train)
        speed = len(train) / (time.monotonic() - started)
        score = 0.0
        if parallel.rank() == 0:
            score = map50(watched, detect_all(session.mean, normal, watched, device), classes)
            _report(session, losses, speed, score)
        session.end_epoch(score)
    kept = session.kept()
    assert isinstance(kept, Detector)
    return kept


def _report(session: Session, losses: Mapping[str, float], speed: float, score: float) -> None:
    session.events.write(
        "epoch",
        epoch=session.epoch,
        epochs=session.plan.epochs,
        step=session.step,
        **losses,
        rate=session.schedule.rate(session.schedule.progress(session.step - 1)),
        val_map50=score,
        images_per_second=round(speed, 2),
    )


def _epoch(session: Session, normal: Normal, train: Sequence[Scene]) -> dict[str, float]:
    """The epoch's mean losses, of this process's pictures."""
    plan, device, epoch = session.plan, session.device, session.epoch
    torch.manual_seed(plan.seed * 100_003 + epoch)
    order = epoch_order(len(train), plan.seed, epoch)

    def prepare(batch: Batch) -> Prepared:
        chances = [np.random.default_rng((plan.seed, epoch, int(place))) for place in batch.places]
        return pictures_of([train[i] for i in batch.order], plan, chances)

    sums: defaultdict[str, float] = defaultdict(float)
    shares = 0.0
    for batch, made in parallel.ahead(batches(order, plan), prepare, parallel.worker_count(plan.workers, device)):
        names = [train[i].name for i in batch.order]
        loss = None
        if names:
            with session.autocast():
                parts = session.model(list(normal(made.pictures, device)), _targets(made, device))
            loss = torch.stack([part.float() for part in parts.values()]).sum()
            for name, part in [("loss", loss), *parts.items()]:
                sums[name] += batch.share * float(part.detach())
            shares += batch.share
        before = session.step
        session.learn(loss, names, batch.share, batch.last)
        if session.step > before and session.step % 100 == 0:
            recent = {name: value / shares for name, value in sums.items()}
            session.events.write("step", epoch=epoch, step=session.step, **recent)
        if batch.last and session.over:
            break
    return {name: value / max(shares, 1e-9) for name, value in sums.items()}


def pictures_of(scenes: Sequence[Scene], plan: Plan, chances: Sequence[np.random.Generator]) -> Prepared:
    """The batch's training pictures on one canvas, upright or lying as most of its photos are; one chance for each."""
    upright = sum(s.pixels.shape[0] > s.pixels.shape[1] for s in scenes) * 2 > len(scenes)
    long_side = round(plan.size * CANVAS_ASPECT)
    canvas = (long_side, plan.size) if upright else (plan.size, long_side)
    pictures, boxes, labels = [], [], []
    for scene, chance in zip(scenes, chances, strict=True):
        pixels, moved, kept = random_scene(scene.pixels, scene.boxes, canvas, plan.augment, chance)
        pictures.append(random_look(pixels, plan.augment, chance))
        boxes.append(moved[kept])
        labels.append(np.where(scene.labels == -1, UNKNOWN, scene.labels + 1)[kept])
    together = np.stack(pictures) if pictures else np.zeros((0, *canvas, 3), np.uint8)
    return Prepared(together, tuple(boxes), tuple(labels))


def _targets(made: Prepared, device: torch.device) -> list[dict[str, Tensor]]:
    return [
        {"boxes": torch.from_numpy(boxes).float().to(device), "labels": torch.from_numpy(labels).to(device)}
        for boxes, labels in zip(made.boxes, made.labels, strict=True)
    ]


@torch.inference_mode()
def detect_all(model: nn.Module, normal: Normal, scenes: Sequence[Scene], device: torch.device) -> list[Found]:
    """Detections of each scene, in its own pixels, labels 0..classes-1."""
    answers = []
    for scene in scenes:
        found = model(list(normal(np.stack([scene.pixels]), device)))[0]  # a decoded photo may be read-only
        answers.append(
            Found(
                found["boxes"].float().cpu().numpy(),
                found["labels"].cpu().numpy() - 1,
                found["scores"].float().cpu().numpy(),
            )
        )
    return answers


def map50(scenes: Sequence[Scene], found: Sequence[Found], classes: int) -> float:
    """mAP@0.5 (VOC2010+) of the scenes whose lesions have a disease."""
    truths = [truth_of(scene) for scene in scenes]
    return mean_over_classes([average_precision(match(truths, found, k)) for k in range(classes)])


def truth_of(scene: Scene) -> Truth:
    return Truth(scene.boxes, scene.labels, np.zeros(len(scene.labels), bool))
