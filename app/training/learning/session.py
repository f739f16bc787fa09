"""What both loops share: batches, optimiser, mean of the weights, guard against broken numbers, checkpoints."""

from __future__ import annotations

import copy
import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from app.common.errors import UserError
from app.common.files import write_atomically
from app.inference.device import choose_device
from app.training.events import Events
from app.training.learning import parallel
from app.training.learning.schedule import Schedule
from app.training.plan import Plan

CHECKPOINT = "checkpoint.pt"
# what torch raises for a file that is no checkpoint, depending on its first bytes
_DAMAGED = (OSError, RuntimeError, LookupError, ValueError, EOFError, TypeError, AttributeError, UnpicklingError)
OVERFLOWS = 25
"""So many steps in a row that float16 had to leave out mean that the numbers are broken, not merely too large."""

Result = TypeVar("Result")


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
    return parallel.own_device(torch.device(choose_device(plan.device).name))


def epoch_order(count: int, seed: int, epoch: int, weights: Sequence[float] | None = None) -> NDArray[np.int64]:
    """A permutation of ``range(count)``; with ``weights``, as many draws by weight with replacement."""
    rng = np.random.default_rng((seed, epoch, 7))
    if weights is None:
        return rng.permutation(count)
    share = np.asarray(weights, float)
    return rng.choice(count, count, p=share / share.sum())


@dataclass(frozen=True)
class Batch:
    """What goes through the network at once.

    ``order``: (B,) which samples; ``places``: (B,) where they stand in the epoch; ``share``: of the pictures of the
    step (with accumulation, or several processes, a step has several batches); ``last``: the step is taken after it.
    """

    order: NDArray[np.int64]
    places: NDArray[np.int64]
    share: float
    last: bool


def steps_per_epoch(count: int, plan: Plan) -> int:
    """Steps of the optimiser for ``count`` pictures."""
    return math.ceil(count / (plan.batch * plan.accumulate))


def batches(order: NDArray[np.int64], plan: Plan) -> Iterator[Batch]:
    """An epoch's batches of this process. Weighted by ``share``, their mean losses give the whole step's gradient."""
    whole, of, mine = plan.batch * plan.accumulate, parallel.world(), parallel.rank()
    for start in range(0, len(order), whole):
        end = min(start + whole, len(order))
        for first in range(start, end, plan.batch):
            until = min(first + plan.batch, end)
            places = np.arange(first, until)[mine::of]
            yield Batch(order[places], places, len(places) / (end - start), until == end)


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
    if blocks < 0:
        head.requires_grad_(True)  # ConvNeXt's lies inside one of the parts
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
        return torch.optim.SGD(listed, lr=plan.learning_rate, momentum=0.9, nesterov=True, fused=True)
    return torch.optim.AdamW(listed, lr=plan.learning_rate, fused=True)


def precision_of(plan: Plan, device: torch.device) -> torch.dtype:
    """What the forward pass computes in; "auto" is bfloat16 on a GPU that has it, else float32."""
    if plan.precision == "auto":
        able = device.type == "cuda" and torch.cuda.is_bf16_supported()
        return torch.bfloat16 if able else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[plan.precision]


def with_smaller_batches(plan: Plan, events: Events, resume: bool, work: Callable[[Plan, bool], Result]) -> Result:
    """``work(plan, resume)``; where the GPU's memory does not hold a batch, again with smaller ones to the same step.

    The run goes on from its checkpoint, and an event says so.

    Raises:
        UserError: ``gpu_out_of_memory`` when even one picture is too much, or several processes learn together.
    """
    if not resume:
        (events.run / CHECKPOINT).unlink(missing_ok=True)  # an earlier run's in this folder
    while True:
        try:
            return work(plan, resume)
        except torch.OutOfMemoryError as error:
            less = smaller_batch(plan)
            if plan.batch == 1 or parallel.world() > 1:
                raise UserError("gpu_out_of_memory", batch=less.batch, accumulate=less.accumulate) from error
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # outside the handler: its traceback held the tensors
        plan, resume = less, True
        events.write("warning", code="gpu_out_of_memory", batch=plan.batch, accumulate=plan.accumulate)


def smaller_batch(plan: Plan) -> Plan:
    """At most half the batch, with as much more accumulation: the same pictures to a step."""
    whole = plan.batch * plan.accumulate
    batch = next(b for b in range(max(plan.batch // 2, 1), 0, -1) if whole % b == 0)
    return plan.model_copy(update={"batch": batch, "accumulate": whole // batch})


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
        self.device = next(self.model.parameters()).device
        self.precision = precision_of(self.plan, self.device)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.precision == torch.float16)
        self.best: float | None = None
        self.best_state: dict[str, Tensor] = {}
        self.waited = 0
        self._ended = False
        self._overflows = 0
        self._fresh = True
        self._names: list[str] = []

    def autocast(self) -> torch.autocast:
        """Around the forward pass and the loss: the plan's precision."""
        lower = self.precision != torch.float32
        return torch.autocast(self.device.type, self.precision if lower else torch.bfloat16, enabled=lower)

    def learn(self, loss: Tensor | None, images: Sequence[str], share: float = 1.0, last: bool = True) -> float:
        """Add the gradient of ``share * loss``; with ``last``, take the step.

        ``loss`` is the mean over ``images``, None where this process has no picture in the batch.

        Raises:
            UserError: ``training_not_finite`` with the epoch, the step and its images, when the loss or its gradient
                is not a number; the weights are still those of the step before.
            Stopped: when the run's folder holds a stop file.
        """
        if self._fresh:
            self.optimiser.zero_grad(set_to_none=True)
            self._names = []
        self._fresh = last
        self._names += images
        value = 0.0 if loss is None else float(loss.detach())
        if not np.isfinite(value) and parallel.world() == 1:
            self._not_finite()
        if loss is not None:
            self.scaler.scale(loss * share if share != 1.0 else loss).backward()  # type: ignore[no-untyped-call]
        if last:
            self._take_step()
        return value

    def _take_step(self) -> None:
        progress = self.schedule.progress(self.step)
        if self.plan.minutes is not None:
            progress = parallel.from_first([progress], self.device)[0]
        rate = self.schedule.rate(progress)
        for group in self.optimiser.param_groups:
            group["lr"] = group["base"] * rate
        learning = [p for group in self.optimiser.param_groups for p in group["params"]]
        parallel.add_up_gradients(learning)
        self.scaler.unscale_(self.optimiser)
        norm = float(nn.utils.clip_grad_norm_(learning, self.plan.clip))
        if not np.isfinite(norm):
            self._overflows += 1
            if not self.scaler.is_enabled() or self._overflows >= OVERFLOWS:
                self._not_finite()
        else:
            self._overflows = 0
        self.scaler.step(self.optimiser)  # leaves a step with broken gradients out
        self.scaler.update()
        self.step += 1
        self._follow()
        over, stop = self.schedule.progress(self.step) >= 1.0, self.events.stop_asked()
        over_, stop_ = parallel.from_first([over, stop], self.device)
        self._ended = bool(over_)
        if stop_:
            self.events.write("stopped", epoch=self.epoch, step=self.step)
            raise Stopped

    @property
    def over(self) -> bool:
        return self._ended

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(self.plan.average, (1 + self.step) / (10 + self.step)) if self.plan.average else 0.0
        for mine, theirs in zip(self.mean.parameters(), self.model.parameters(), strict=True):
            if theirs.requires_grad:
                mine.lerp_(theirs.detach(), 1 - decay)
        for own, theirs_now in zip(self.mean.buffers(), self.model.buffers(), strict=True):
            if own.is_floating_point():  # statistics of batch norms belong to the averaged weights, not to the last
                own.lerp_(theirs_now, 1 - decay)
            else:
                own.copy_(theirs_now)

    def _not_finite(self) -> None:
        images = parallel.from_all(self._names)
        self.events.write("not_finite", epoch=self.epoch, step=self.step, images=images)
        raise UserError("training_not_finite", epoch=self.epoch, batch=self.step, images=", ".join(images))

    def end_epoch(self, score: float) -> None:
        """Remember the best weights by ``score`` (higher is better) if the plan has patience; write the checkpoint.

        Of equal scores the later one: few validation cases tie from the first epoch on, when hardly anything is learnt.
        """
        if self.plan.patience:
            score = parallel.from_first([score], self.device)[0]
            gained = self.best is None or score > self.best
            if gained or score == self.best:
                self.best = score
                self.best_state = {k: v.detach().clone() for k, v in self.mean.state_dict().items()}
            self.waited = 0 if gained else self.waited + 1
            if self.waited >= self.plan.patience:
                self.events.write("early", epoch=self.epoch, best=self.best)
        self.epoch += 1
        parallel.same_buffers(self.model)
        self.save()

    @property
    def goes_on(self) -> bool:
        """Whether another epoch is due: by the plan's epochs, its minutes and its patience."""
        patient = not self.plan.patience or self.waited < self.plan.patience
        return self.epoch < self.plan.epochs and not self.over and patient

    def kept(self) -> nn.Module:
        """The run's result: the running mean of the weights, with patience that of the best epoch."""
        if self.best_state:
            self.mean.load_state_dict(self.best_state)
        return self.mean.eval()

    def save(self) -> None:
        """Write the checkpoint of a whole epoch, atomically.

        Raises:
            UserError: ``disk_full`` and others of writing; the checkpoint before still stands.
        """
        if parallel.rank() > 0:
            return
        state: dict[str, Any] = {
            "model": self.model.state_dict(),
            "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "best": self.best,
            "best_state": self.best_state,
            "waited": self.waited,
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
            if self.scaler.is_enabled():
                self.scaler.load_state_dict(state["scaler"])
            self.best, self.best_state, self.waited = state["best"], state["best_state"], state["waited"]
            self.epoch, self.step, self.schedule.spent = state["epoch"], state["step"], state["seconds"]
        except _DAMAGED as error:
            raise UserError("checkpoint_damaged", file=file.name) from error
        self._ended = self.schedule.progress(self.step) >= 1.0
        self.events.write("resumed", epoch=self.epoch, step=self.step)
        return True
