"""The classifier's loop: random crops of lesions through a network, a running mean of its weights is the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from app.evaluation.classification import accuracy, balanced_accuracy
from app.inference.networks.classifiers import Classifier, freeze_norms
from app.training.events import Events
from app.training.learning.augment import cut_out, random_crop, random_look
from app.training.learning.samples import Piece, squares
from app.training.learning.schedule import Schedule
from app.training.learning.session import Session, epoch_order, freeze_first, make_optimiser
from app.training.plan import Plan

U8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Normal:
    """RGB 0..255 to what the network was made for: (x / 255 - mean) / std."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __call__(self, pixels: U8, device: torch.device) -> Tensor:
        """(N, H, W, 3) uint8 -> (N, 3, H, W) float32, channels last in memory."""
        x = torch.from_numpy(pixels).to(device).float().permute(0, 3, 1, 2)
        mean, std = (torch.tensor(v, device=device).view(1, 3, 1, 1) * 255 for v in (self.mean, self.std))
        return (x - mean) / std


def train_classifier(
    plan: Plan,
    model: Classifier,
    normal: Normal,
    train: Sequence[Piece],
    val: Sequence[Piece],
    classes: int,
    events: Events,
    device: torch.device,
    resume: bool = False,
) -> Classifier:
    """Fit ``model`` to ``train``; ``val`` is only watched, nothing is chosen by it.

    Returns:
        The running mean of the model, in evaluation mode.

    Raises:
        UserError: ``training_not_finite`` naming the batch's images.
        Stopped: when the run's folder holds a stop file.
    """
    torch.manual_seed(plan.seed)
    model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    head = model.net.get_classifier()  # type: ignore[operator]
    frozen = freeze_first(model.net, plan.freeze, head)
    body = nn.ModuleList([m for m in model.net.children() if m is not head])
    per_epoch = -(-len(train) // plan.batch)
    schedule = Schedule(plan.epochs * per_epoch, plan.minutes, plan.warm_up)
    session = Session(plan, model, make_optimiser(plan, body, model), schedule, events)
    if resume:
        session.resume()
    weights = piece_weights(train, classes, plan.whole_photos)
    val_pixels, val_labels = squares(val, plan.size), np.array([p.label for p in val])
    while session.epoch < plan.epochs and not session.over:
        model.train()
        if plan.frozen_norms:
            freeze_norms(model)
        for part in frozen:
            part.eval()
        loss = _epoch(session, normal, train, weights, device)
        logits = predict(session.mean, normal, val_pixels, device)
        events.write(
            "epoch",
            epoch=session.epoch,
            loss=loss,
            rate=schedule.rate(schedule.progress(session.step - 1)),
            val_loss=float(functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(val_labels))),
            val_accuracy=accuracy(val_labels, logits.argmax(1)),
            val_balanced_accuracy=balanced_accuracy(val_labels, logits.argmax(1), classes),
        )
        session.epoch += 1
        session.save()
    kept: Classifier = session.mean  # type: ignore[assignment]
    return kept.eval()


def piece_weights(pieces: Sequence[Piece], classes: int, whole: float) -> list[float]:
    """How often each piece is drawn: classes alike, and ``whole`` of the draws are whole photos."""
    kinds = [(p.label, p.box is None) for p in pieces]
    some_lesions, some_photos = any(not k[1] for k in kinds), any(k[1] for k in kinds)
    share = {True: whole if some_lesions else 1.0, False: 1.0 - (whole if some_photos else 0.0)}
    counts = {kind: kinds.count(kind) for kind in set(kinds)}
    return [share[kind[1]] / classes / counts[kind] for kind in kinds]


def _epoch(
    session: Session, normal: Normal, train: Sequence[Piece], weights: Sequence[float], device: torch.device
) -> float:
    plan, losses = session.plan, []
    torch.manual_seed(plan.seed * 100_003 + session.epoch)
    order = epoch_order(len(train), plan.seed, session.epoch, weights)
    for start in range(0, len(order), plan.batch):
        batch = [train[i] for i in order[start : start + plan.batch]]
        pixels = np.stack([_picture(p, plan, session.epoch, start + k) for k, p in enumerate(batch)])
        labels = torch.tensor([p.label for p in batch], device=device)
        logits = session.model(normal(pixels, device))
        loss = functional.cross_entropy(logits.float(), labels, label_smoothing=plan.label_smoothing)
        losses.append(session.learn(loss, [str(p.image.id) for p in batch]))
        if session.over:
            break
    return float(np.mean(losses))


def _picture(piece: Piece, plan: Plan, epoch: int, place: int) -> U8:
    rng = np.random.default_rng((plan.seed, epoch, place))
    crop = random_crop(piece.pixels, piece.region, plan.size, plan.augment, rng)
    return cut_out(random_look(crop, plan.augment, rng), plan.augment, rng)


@torch.inference_mode()
def predict(model: nn.Module, normal: Normal, pixels: U8, device: torch.device, batch: int = 64) -> NDArray[np.float32]:
    """Logits (N, classes) of squares (N, size, size, 3) uint8."""
    rows = [model(normal(pixels[k : k + batch], device)).float().cpu() for k in range(0, len(pixels), batch)]
    return np.asarray(torch.cat(rows).numpy(), np.float32)


@torch.inference_mode()
def whole_traits(model: Classifier, normal: Normal, pixels: U8, device: torch.device, batch: int = 64) -> Tensor:
    """Traits (N, T) of squares (N, size, size, 3) uint8."""
    rows = [model.traits(normal(pixels[k : k + batch], device)).float().cpu() for k in range(0, len(pixels), batch)]
    return torch.cat(rows)
