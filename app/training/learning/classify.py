"""The classifier's loop: random crops of lesions through a network, a running mean of its weights is the result."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from app.common.files import write_atomically
from app.evaluation.classification import accuracy, balanced_accuracy, confusion
from app.inference.networks.classifiers import Classifier, freeze_norms
from app.training.events import Events
from app.training.learning import parallel
from app.training.learning.augment import cut_out, random_crop, random_look
from app.training.learning.calibration import softmax
from app.training.learning.losses import ClassLoss, loss_of
from app.training.learning.mixing import mixed
from app.training.learning.samples import Piece, squares
from app.training.learning.sampling import Sampler, sampler_of
from app.training.learning.schedule import Schedule
from app.training.learning.session import Batch, Session, batches, freeze_first, make_optimiser, steps_per_epoch
from app.training.plan import Plan

U8 = NDArray[np.uint8]
SHOWN = 24
"""So many validation answers lie in ``samples.json`` for the window."""


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
    classes: Sequence[str],
    events: Events,
    device: torch.device,
    resume: bool = False,
) -> Classifier:
    """Fit ``model`` to ``train``; ``val`` is only watched, but with patience the best epoch on it stays
    (by balanced accuracy).

    Returns:
        The running mean of the model, in evaluation mode.

    Raises:
        UserError: ``training_not_finite`` naming the batch's images, ``disk_full`` at a checkpoint.
        Stopped: when the run's folder holds a stop file.
    """
    torch.manual_seed(plan.seed)
    model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    head = model.net.get_classifier()  # type: ignore[operator]
    frozen = freeze_first(model.net, plan.freeze, head)
    of_head = {id(p) for p in head.parameters()}
    body = nn.ParameterList([p for p in model.net.parameters() if id(p) not in of_head])
    sampler = sampler_of(train, len(classes), plan)
    schedule = Schedule(plan.epochs * steps_per_epoch(sampler.count, plan), plan.minutes, plan.warm_up, plan.schedule)
    session = Session(plan, model, make_optimiser(plan, body, model), schedule, events)
    if resume:
        session.resume()
    loss_fn = loss_of(plan, sampler.seen.tolist(), device)
    later = [p for p in body if p.requires_grad]
    val_pixels, val_labels = squares(val, plan.size), np.array([p.label for p in val])
    while session.goes_on:
        only_head = session.epoch < plan.head_epochs
        for parameter in later:
            parameter.requires_grad_(not only_head)
        model.train()
        if plan.frozen_norms or only_head:
            freeze_norms(model)
        for part in frozen:
            part.eval()
        started = time.monotonic()
        loss = _epoch(session, normal, train, sampler, loss_fn)
        speed = sampler.count / (time.monotonic() - started)
        score = 0.0
        if parallel.rank() == 0:
            logits = predict(session.mean, normal, val_pixels, device)
            score = report(session, loss, speed, logits, val_labels, len(classes))
            show_samples(events, val, logits, classes)
        session.end_epoch(score)
    kept = session.kept()
    assert isinstance(kept, Classifier)
    return kept


def report(
    session: Session, loss: float, speed: float, logits: NDArray[np.float32], truth: NDArray[np.int64], classes: int
) -> float:
    """Write the event ``epoch`` with what the validation part's logits (N, C) say; their balanced accuracy."""
    answers = logits.argmax(1)
    balanced = balanced_accuracy(truth, answers, classes)
    session.events.write(
        "epoch",
        epoch=session.epoch,
        epochs=session.plan.epochs,
        step=session.step,
        loss=loss,
        rate=session.schedule.rate(session.schedule.progress(session.step - 1)),
        val_loss=float(functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(truth))),
        val_accuracy=accuracy(truth, answers),
        val_balanced_accuracy=balanced,
        images_per_second=round(speed, 1),
        confusion=confusion(truth, answers, classes).tolist(),
    )
    return balanced


def show_samples(events: Events, pieces: Sequence[Piece], logits: NDArray[np.float32], classes: Sequence[str]) -> None:
    """Write some of the validation part's answers to the run's ``samples.json``, spread over the part."""
    chances = softmax(logits)
    rows = []
    for place in np.unique(np.linspace(0, len(pieces) - 1, SHOWN).round().astype(int)):
        piece, p = pieces[place], chances[place]
        top3 = [[classes[k], round(float(p[k]), 4)] for k in np.argsort(-p, kind="stable")[:3]]
        truth = classes[piece.label]
        box = piece.box.as_list() if piece.box else None
        rows.append({"image": piece.image.id, "path": str(piece.image.path), "box": box, "truth": truth, "top3": top3})
    write_atomically(events.run / "samples.json", json.dumps(rows, ensure_ascii=False).encode())


def _epoch(session: Session, normal: Normal, train: Sequence[Piece], sampler: Sampler, loss_fn: ClassLoss) -> float:
    plan, device, losses, shares = session.plan, session.device, 0.0, 0.0
    torch.manual_seed(plan.seed * 100_003 + session.epoch)
    order, epoch = sampler.order(session.epoch), session.epoch

    def prepare(batch: Batch) -> U8:
        chances = (np.random.default_rng((plan.seed, epoch, int(place))) for place in batch.places)
        pictures = [picture(train[i], plan, chance) for i, chance in zip(batch.order, chances, strict=True)]
        return np.stack(pictures) if pictures else np.zeros((0, plan.size, plan.size, 3), np.uint8)

    workers = parallel.worker_count(plan.workers, device)
    for batch, pixels in parallel.ahead(batches(order, plan), prepare, workers):
        pieces = [train[i] for i in batch.order]
        loss = None
        if pieces:
            labels = torch.tensor([p.label for p in pieces], device=device)
            targets = functional.one_hot(labels, len(sampler.seen)).float()
            chance = np.random.default_rng((plan.seed, epoch, int(batch.places[0]), 11))
            pictures, targets = mixed(normal(pixels, device), targets, plan.mixup, plan.cutmix, chance)
            with session.autocast():
                logits = session.model(pictures)
            loss = loss_fn(logits, targets)
        names = [str(p.image.id) for p in pieces]
        losses += batch.share * session.learn(loss, names, batch.share, batch.last)
        shares += batch.share
        if session.over:
            break
    return losses / max(shares, 1e-9)


def picture(piece: Piece, plan: Plan, rng: np.random.Generator) -> U8:
    """An augmented picture (size, size, 3) of a piece."""
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
