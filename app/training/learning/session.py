"""What both loops share: order, optimiser, mean of the weights, guard against broken numbers, checkpoints."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from app.common.errors import UserError
from app.common.files import write_atomically
from app.inference.device import choose_device
from app.training.events import Events
from app.training.learning.schedule import Schedule
from app.training.plan import Plan

CHECKPOINT = "checkpoint.pt"


class Stopped(Exception):
    """Somebody asked the run to stop; a checkpoint of the last whole epoch stands in its folder."""


@contextmanager
def threads(plan: Plan) -> Iterator[None]:
    """The plan's number of threads, and OpenCV on one: its pictures are small, and torch wants the cores."""
    before, cv_before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(plan.threads or before)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        cv2.setNumThreads(cv_before)


def pick_device(plan: Plan) -> torch.device:
    """Raises UserError ``no_cuda`` when the plan asks for a GPU that is not there."""
    return torch.device(choose_device(plan.device).name)


def epoch_order(count: int, seed: int, epoch: int, weights: Sequence[float] | None = None) -> NDArray[np.int64]:
    """A permutation of ``range(count)``; with ``weights``, as many draws by weight with replacement."""
    rng = np.random.default_rng((seed, epoch, 7))
    if weights is None:
        return rng.permutation(count)
    share = np.asarray(weights, float)
    return rng.choice(count, count, p=share / share.sum())


def freeze_first(net: nn.Module, blocks: int, head: nn.Module) -> list[nn.Module]:
    """The first ``blocks`` parts of a timm network (and the stem) keep their weights; -1: all but ``head``.

    Returns:
        The frozen parts, to be put into ``eval()`` after each ``train()``.
    """
    children = [m for m in net.children() if m is not head]
    stages = getattr(net, "blocks", None)
    if blocks < 0:
        frozen = children
    elif isinstance(stages, nn.Module) and blocks > 0:
        names = [m for name, m in net.named_children() if name in ("conv_stem", "bn1")]
        frozen = [*names, *list(stages.children())[:blocks]]
    else:
        frozen = children[:blocks]
    for part in frozen:
        part.requires_grad_(False)
    return frozen


def make_optimiser(plan: Plan, started: nn.Module, model: nn.Module) -> torch.optim.Optimizer:
    """AdamW or SGD; layers inside ``started`` learn at their share of the rate; norms and biases do not decay."""
    slow = {id(p) for p in started.parameters()}
    groups: dict[tuple[bool, bool], list[Tensor]] = {}
    for parameter in model.parameters():
        if parameter.requires_grad:
            groups.setdefault((id(parameter) in slow, parameter.ndim > 1), []).append(parameter)
    listed = [
        {
            "params": parameters,
            "base": plan.learning_rate * (plan.start_rate_share if is_slow else 1.0),
            "lr": 0.0,
            "weight_decay": plan.weight_decay if decays else 0.0,
        }
        for (is_slow, decays), parameters in sorted(groups.items(), key=lambda item: item[0])
    ]
    if plan.optimiser == "sgd":
        return torch.optim.SGD(listed, lr=plan.learning_rate, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(listed, lr=plan.learning_rate)


@dataclass
class Session:
    """One run: the model that learns, the running mean of its weights that is kept, and what drives them."""

    plan: Plan
    model: nn.Module
    optimiser: torch.optim.Optimizer
    schedule: Schedule
    events: Events
    epoch: int = 0
    step: int = 0

    def __post_init__(self) -> None:
        self.mean = copy.deepcopy(self.model).eval()
        self.mean.requires_grad_(False)

    def learn(self, loss: Tensor, images: Sequence[str]) -> float:
        """One step down ``loss``.

        Raises:
            UserError: ``training_not_finite`` with the epoch, the batch and its images, when the loss or its gradient
                is not a number; the weights are still those of the step before.
            Stopped: when the run's folder holds a stop file.
        """
        value = float(loss.detach())
        if not np.isfinite(value):
            self._not_finite(images)
        rate = self.schedule.rate(self.schedule.progress(self.step))
        for group in self.optimiser.param_groups:
            group["lr"] = group["base"] * rate
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        learning = [p for group in self.optimiser.param_groups for p in group["params"]]
        norm = float(nn.utils.clip_grad_norm_(learning, self.plan.clip))
        if not np.isfinite(norm):
            self._not_finite(images)
        self.optimiser.step()
        self.step += 1
        self._follow()
        if self.events.stop_asked():
            self.events.write("stopped", epoch=self.epoch, step=self.step)
            raise Stopped
        return value

    @property
    def over(self) -> bool:
        return self.schedule.progress(self.step) >= 1.0

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(self.plan.average, (1 + self.step) / (10 + self.step)) if self.plan.average else 0.0
        for mine, theirs in zip(self.mean.parameters(), self.model.parameters(), strict=True):
            if theirs.requires_grad:
                mine.lerp_(theirs.detach(), 1 - decay)
        for own, theirs_now in zip(self.mean.buffers(), self.model.buffers(), strict=True):
            own.copy_(theirs_now)

    def _not_finite(self, images: Sequence[str]) -> None:
        self.events.write("not_finite", epoch=self.epoch, step=self.step, images=list(images))
        raise UserError("training_not_finite", epoch=self.epoch, batch=self.step, images=", ".join(images))

    def save(self) -> None:
        """Write the checkpoint of a whole epoch, atomically."""
        state: dict[str, Any] = {
            "model": self.model.state_dict(),
            "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "epoch": self.epoch,
            "step": self.step,
            "seconds": self.schedule.seconds,
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_atomically(self.events.run / CHECKPOINT, buffer.getvalue())

    def resume(self) -> bool:
        """Go on from the checkpoint of the run's folder; False when there is none.

        Raises:
            UserError: ``checkpoint_damaged``.
        """
        file: Path = self.events.run / CHECKPOINT
        if not file.exists():
            return False
        try:
            state = torch.load(file, map_location="cpu", weights_only=True)
            self.model.load_state_dict(state["model"])
            self.mean.load_state_dict(state["mean"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.epoch, self.step, self.schedule.spent = state["epoch"], state["step"], state["seconds"]
        except (RuntimeError, KeyError, ValueError, EOFError, OSError) as error:
            raise UserError("checkpoint_damaged", file=file.name) from error
        self.events.write("resumed", epoch=self.epoch, step=self.step)
        return True
