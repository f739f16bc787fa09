"""The detector's loop: whole photos with moved, mirrored, zoomed boxes; lesions of unknown disease mixed in."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from app.evaluation.detection import Found, Truth, average_precision, match, mean_over_classes
from app.inference.networks.classifiers import freeze_norms
from app.inference.networks.detectors import UNKNOWN, Detector
from app.training.events import Events
from app.training.learning.augment import random_look, random_scene
from app.training.learning.classify import Normal
from app.training.learning.samples import Scene
from app.training.learning.schedule import Schedule
from app.training.learning.session import Session, epoch_order, freeze_first, make_optimiser
from app.training.plan import Plan

CANVAS_ASPECT = 4 / 3
WATCHED = 150
"""At most so many validation photos are scored after an epoch; the run's end scores all."""


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
    """Fit ``model`` to ``train``; ``val`` is only watched, nothing is chosen by it.

    Returns:
        The running mean of the model, in evaluation mode.

    Raises:
        UserError: ``training_not_finite`` naming the batch's images.
        Stopped: when the run's folder holds a stop file.
    """
    torch.manual_seed(plan.seed)
    model = model.to(device)
    body = model.backbone.body
    frozen = freeze_first(body, max(plan.freeze, 0), model)
    schedule = Schedule(plan.epochs * math.ceil(len(train) / plan.batch), plan.minutes, plan.warm_up)
    session = Session(plan, model, make_optimiser(plan, body, model), schedule, events)
    if resume:
        session.resume()
    watched = val[:: max(1, math.ceil(len(val) / WATCHED))]
    while session.epoch < plan.epochs and not session.over:
        model.train()
        if plan.frozen_norms:
            freeze_norms(body)
        for part in frozen:
            part.eval()
        losses = _epoch(session, normal, train, device)
        found = detect_all(session.mean, normal, watched, device)
        events.write("epoch", epoch=session.epoch, **losses, val_map50=map50(watched, found, classes))
        session.epoch += 1
        session.save()
    kept: Detector = session.mean  # type: ignore[assignment]
    return kept.eval()


def _epoch(session: Session, normal: Normal, train: Sequence[Scene], device: torch.device) -> dict[str, float]:
    plan = session.plan
    torch.manual_seed(plan.seed * 100_003 + session.epoch)
    order = epoch_order(len(train), plan.seed, session.epoch)
    sums: dict[str, list[float]] = {}
    for start in range(0, len(order), plan.batch):
        batch = [train[i] for i in order[start : start + plan.batch]]
        rng = np.random.default_rng((plan.seed, session.epoch, start))
        images, targets = _batch(batch, plan, normal, rng, device)
        parts = session.model(images, targets)
        loss = torch.stack([part.float() for part in parts.values()]).sum()
        sums.setdefault("loss", []).append(session.learn(loss, [s.name for s in batch]))
        for name, part in parts.items():
            sums.setdefault(name, []).append(float(part.detach()))
        if session.step % 100 == 0:
            recent = {k: float(np.mean(v[-100:])) for k, v in sums.items()}
            session.events.write("step", epoch=session.epoch, step=session.step, **recent)
        if session.over:
            break
    return {name: float(np.mean(values)) for name, values in sums.items()}


def _batch(
    scenes: Sequence[Scene], plan: Plan, normal: Normal, rng: np.random.Generator, device: torch.device
) -> tuple[list[Tensor], list[dict[str, Tensor]]]:
    upright = sum(s.pixels.shape[0] > s.pixels.shape[1] for s in scenes) * 2 > len(scenes)
    long_side = round(plan.size * CANVAS_ASPECT)
    canvas = (long_side, plan.size) if upright else (plan.size, long_side)
    pictures, targets = [], []
    for scene in scenes:
        pixels, boxes, kept = random_scene(scene.pixels, scene.boxes, canvas, plan.augment, rng)
        pictures.append(random_look(pixels, plan.augment, rng))
        labels = np.where(scene.labels == -1, UNKNOWN, scene.labels + 1)
        targets.append(
            {
                "boxes": torch.from_numpy(boxes[kept]).float().to(device),
                "labels": torch.from_numpy(labels[kept]).to(device),
            }
        )
    return list(normal(np.stack(pictures), device)), targets


@torch.inference_mode()
def detect_all(model: nn.Module, normal: Normal, scenes: Sequence[Scene], device: torch.device) -> list[Found]:
    """Detections of each scene, in its own pixels, labels 0..classes-1."""
    answers = []
    for scene in scenes:
        found = model(list(normal(scene.pixels[None], device)))[0]
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


def anchor_sizes(scenes: Sequence[Scene], plan: Plan, count: int = 5) -> list[float]:
    """Sides of ``count`` square anchors: quantiles of the boxes' sides at the network's scale.

    The classic 128 / 256 / 512 miss small objects; here every box has an anchor of about its size.
    """
    sides: list[NDArray[np.float64]] = []
    for scene in scenes:
        factor = plan.size / min(scene.pixels.shape[:2])
        wide = (scene.boxes[:, 2:] - scene.boxes[:, :2]) * factor
        sides.append(np.sqrt(wide.prod(1)))
    together = np.concatenate(sides) if sides else np.array([])
    if len(together) < count:
        return [24.0, 44.0, 80.0, 144.0, 256.0][:count]
    marks = np.quantile(together, np.linspace(0.05, 0.95, count))
    return [round(float(max(m, 8.0)), 1) for m in marks]
