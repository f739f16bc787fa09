"""A frozen network whose features are computed once and kept; only a linear layer learns. For machines without GPU.

Rows of features and traits lie in ``<workspace>/cache/features``, one file for each network, start, preprocessing and
view, found again by the photo's hash and the box: folds and seeds of one data set share them, and so do data sets.
"""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from app.common.errors import UserError
from app.common.files import write_atomically
from app.common.workspace import Workspace
from app.inference.networks.classifiers import Classifier
from app.training.events import Events
from app.training.learning import parallel
from app.training.learning.classify import Normal, picture, report, show_samples
from app.training.learning.losses import loss_of
from app.training.learning.mixing import mixed
from app.training.learning.samples import Piece, squares
from app.training.learning.sampling import sampler_of
from app.training.learning.schedule import Schedule
from app.training.learning.session import Session, Stopped, batches, make_optimiser, steps_per_epoch
from app.training.plan import Plan

F32 = NDArray[np.float32]
CHUNK = 32
PLAIN = -1


@dataclass(frozen=True, eq=False)
class Rows:
    """``features`` (N, D) and ``traits`` (N, T), float32, of N pieces."""

    features: F32
    traits: F32


class Head(nn.Module):
    """The last layer on standardised features; trained alone, then folded into the network's own."""

    def __init__(self, mean: Tensor, scale: Tensor, classes: int, dropout: float) -> None:
        super().__init__()
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(len(mean), classes)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (N, classes) of features (N, D) as the network gives them."""
        logits: Tensor = self.last(self.dropout((features - self.mean) / self.scale))
        return logits

    @torch.no_grad()
    def put_into(self, model: Classifier) -> None:
        """Write the layer, its standardisation multiplied in, into ``model``."""
        last = model.net.get_classifier()  # type: ignore[operator]
        weight = self.last.weight / self.scale
        last.weight.copy_(weight)
        last.bias.copy_(self.last.bias - weight @ self.mean)


def train_head(
    plan: Plan,
    model: Classifier,
    normal: Normal,
    train: Sequence[Piece],
    val: Sequence[Piece],
    classes: Sequence[str],
    events: Events,
    device: torch.device,
    workspace: Workspace,
    resume: bool = False,
) -> Classifier:
    """Fit the last layer of ``model`` to the features of ``train``; as ``train_classifier`` in all else.

    Raises:
        UserError: ``plan_wrong`` for keys that need pictures (cutmix), and as ``train_classifier``.
        Stopped: when the run's folder holds a stop file.
    """
    if plan.cutmix > 0:
        raise UserError("plan_wrong", file=plan.name, where="cutmix", reason="cached_features hold no pictures to cut")
    model = model.to(device).eval()
    views = [feature_rows(model, plan, normal, train, v, workspace, events, device) for v in views_of(plan)]
    seen = [torch.from_numpy(rows.features).to(device) for rows in views]
    val_features = torch.from_numpy(feature_rows(model, plan, normal, val, PLAIN, workspace, events, device).features)
    labels, val_labels = (np.array([p.label for p in part]) for part in (train, val))
    torch.manual_seed(plan.seed)
    scale = seen[0].std(0, correction=0).clamp_min(1e-3)
    head = Head(seen[0].mean(0), scale, len(classes), plan.dropout).to(device)
    sampler = sampler_of(train, len(classes), plan)
    schedule = Schedule(plan.epochs * steps_per_epoch(sampler.count, plan), plan.minutes, plan.warm_up, plan.schedule)
    session = Session(plan, head, make_optimiser(plan, nn.Identity(), head), schedule, events)
    if resume:
        session.resume()
    loss_fn = loss_of(plan, sampler.seen.tolist(), device)
    ids = [str(p.image.id) for p in train]
    hot = functional.one_hot(torch.from_numpy(labels), len(classes)).float().to(device)
    while session.goes_on:
        head.train()
        started, losses, shares = time.monotonic(), 0.0, 0.0
        torch.manual_seed(plan.seed * 100_003 + session.epoch)
        which = np.random.default_rng((plan.seed, session.epoch, 13)).integers(0, len(seen), len(train))
        for batch in batches(sampler.order(session.epoch), plan):
            loss = None
            if len(batch.order):
                x = torch.stack([seen[which[i]][i] for i in batch.order])
                chance = np.random.default_rng((plan.seed, session.epoch, int(batch.places[0]), 11))
                x, targets = mixed(x, hot[torch.from_numpy(batch.order).to(device)], plan.mixup, 0.0, chance)
                with session.autocast():
                    logits = head(x)
                loss = loss_fn(logits, targets)
            losses += batch.share * session.learn(loss, [ids[i] for i in batch.order], batch.share, batch.last)
            shares += batch.share
            if session.over:
                break
        speed, score = sampler.count / (time.monotonic() - started), 0.0
        if parallel.rank() == 0:
            with torch.inference_mode():
                val_logits = session.mean(val_features.to(device)).float().cpu().numpy()
            score = report(session, losses / max(shares, 1e-9), speed, val_logits, val_labels, len(classes))
            show_samples(events, val, val_logits, classes)
        session.end_epoch(score)
    kept = session.kept()
    assert isinstance(kept, Head)
    kept.put_into(model)
    return model


def views_of(plan: Plan) -> tuple[int, ...]:
    """The plain view and the plan's augmented ones."""
    return (PLAIN, *range(plan.feature_views))


def feature_rows(
    model: Classifier,
    plan: Plan,
    normal: Normal,
    pieces: Sequence[Piece],
    view: int,
    workspace: Workspace,
    events: Events,
    device: torch.device,
) -> Rows:
    """Features and traits of one view of the pieces, from the cache where it has them.

    Raises:
        Stopped: when the run's folder holds a stop file; what is computed so far is kept.
    """
    file = workspace.cache / "features" / f"{_key(model, plan, normal, view)}.npz"
    known = _read(file)
    names = [_name(piece) for piece in pieces]
    open_ = [k for k, name in enumerate(names) if name not in known]
    if open_:
        events.write("features", view=view, pieces=len(open_))
    try:
        made = parallel.ahead(
            [open_[k : k + CHUNK] for k in range(0, len(open_), CHUNK)],
            lambda chunk: _pictures([pieces[k] for k in chunk], plan, view),
            parallel.worker_count(plan.workers, device),
        )
        for chunk, pixels in made:
            for k, row in zip(chunk, _both(model, normal, pixels, device), strict=True):
                known[names[k]] = row
            if events.stop_asked():
                events.write("stopped", epoch=0, step=0)
                raise Stopped
    finally:
        if open_ and parallel.rank() == 0:
            _write(file, known)
    split = model.width
    rows = np.stack([known[name] for name in names])
    return Rows(np.ascontiguousarray(rows[:, :split]), np.ascontiguousarray(rows[:, split:]))


def _pictures(pieces: Sequence[Piece], plan: Plan, view: int) -> NDArray[np.uint8]:
    """What diagnosing would show, or an augmented picture that piece, seed and view alone settle."""
    if view == PLAIN:
        return squares(pieces, plan.size)
    chances = [np.random.default_rng((plan.seed, view, int(_name(p)[:12], 16))) for p in pieces]
    return np.stack([picture(p, plan, chance) for p, chance in zip(pieces, chances, strict=True)])


@torch.inference_mode()
def _both(model: Classifier, normal: Normal, pixels: NDArray[np.uint8], device: torch.device) -> F32:
    pair = model.features_and_traits(normal(pixels, device))
    return np.asarray(torch.cat(pair, 1).float().cpu().numpy(), np.float32)


def _name(piece: Piece) -> str:
    """A piece wherever it comes up again: its photo's bytes, its box and what is painted over."""
    image = piece.image
    what = [image.sha256, piece.box and piece.box.as_list(), [m.as_list() for m in image.masks]]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:24]


def _key(model: Classifier, plan: Plan, normal: Normal, view: int) -> str:
    """Of the network with its very weights (but the last layer), the preprocessing, and the view."""
    digest = hashlib.sha256()
    last = {id(p) for p in model.net.get_classifier().parameters()}  # type: ignore[operator]
    for name, tensor in model.state_dict(keep_vars=True).items():
        if id(tensor) not in last:
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    settings = [plan.network, plan.size, plan.margin, normal.mean, normal.std]
    if view != PLAIN:
        settings += [view, plan.seed, plan.augment.model_dump()]
    digest.update(json.dumps(settings).encode())
    return digest.hexdigest()[:24]


def _read(file: Path) -> dict[str, F32]:
    """A damaged file counts as none: it is a cache."""
    try:
        with np.load(BytesIO(file.read_bytes()), allow_pickle=False) as held:
            rows = held["rows"]
            return {str(name): rows[k] for k, name in enumerate(held["names"])}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}


def _write(file: Path, known: dict[str, F32]) -> None:
    if not known:
        return
    buffer = BytesIO()
    np.savez(buffer, names=np.array(list(known)), rows=np.stack(list(known.values())))
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, buffer.getvalue())
