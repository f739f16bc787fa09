"""What a plan will cost: a few steps of it are trained for real in a folder that is thrown away."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from app.common.errors import UserError
from app.common.words import text
from app.common.workspace import Workspace
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage
from app.training.cautions import caution_text, cautions
from app.training.events import Events, read_events
from app.training.plan import Plan
from app.training.usage import own_memory, whole_memory

MINUTES = 0.2
"""The probe's own bound on learning; starting and loading come on top."""

_MB = 2**20
_FORWARD_SHARE = 1 / 3
"""Of the time of a training picture: a forward pass alone."""


@dataclass(frozen=True)
class Probe:
    """Estimates, from a few steps on this machine as busy as it is now.

    ``parameters`` of the network, 0 where there is none; ``memory_mb`` of the whole run at its highest; ``seconds``
    from the start to the model; ``images_per_second`` while learning. ``notes``: sentences; ``missing``: sentences that
    say what must be got first.
    """

    parameters: int
    memory_mb: float
    seconds: float
    images_per_second: float
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        raw = asdict(self)
        return {**raw, "notes": list(self.notes), "missing": list(self.missing)}


@dataclass
class _Peak:
    """MB above what the process held before."""

    before: float
    highest: float = field(default=0.0)


def probe(plan: Plan, dataset: FrozenDataset, workspace: Workspace) -> Probe:
    """Train some steps of ``plan`` from scratch on some of the photos, and reckon from there.

    Raises:
        UserError: what the training itself would raise: ``unknown_architecture``, ``plan_wrong``, photos, ``no_cuda``.
    """
    from app.inference.device import choose_device
    from app.training.run import MACHINES, check

    check(plan, dataset, workspace)
    if plan.network.startswith(MACHINES):
        return _machine(plan, dataset)
    present = replace(dataset, images=tuple(i for i in dataset.images if i.path.exists()))
    some, share = _some(plan, present)
    device = choose_device(plan.device).name
    with _watched_memory() as peak:
        begun = time.monotonic()
        events = _short_run(plan, some)
    whole = {e["event"]: e for e in events}
    speed = float(whole["epoch"]["images_per_second"]) if "epoch" in whole else 0.0
    loading = whole["loaded"]["seconds"] - whole["started"]["seconds"] if "loaded" in whole else 0.0
    train = _learnt_from(whole["loaded"]) / share[0] + _unnamed(plan)
    val = whole["loaded"]["val"] / share[1]
    seconds = _seconds(plan, train, val, speed, loading / min(share), time.monotonic() - begun)
    memory = _memory(plan, peak, whole["loaded"], train + val, device)
    parameters = _parameters(plan, len(dataset.classes))
    notes = (
        *_place(plan, device),
        *(caution_text(c) for c in cautions(dataset)),
        *_room(parameters, memory, workspace),
    )
    return Probe(parameters, round(memory), round(seconds, 1), round(speed, 1), notes, _missing(plan))


def _some(plan: Plan, dataset: FrozenDataset) -> tuple[FrozenDataset, tuple[float, float]]:
    """Two steps' worth of training photos and a few to validate with, and which shares of the parts these are."""
    parts: list[tuple[FrozenImage, ...]] = []
    shares = []
    for part, wanted in (("train", 2 * plan.batch * plan.accumulate), ("val", max(4, plan.batch))):
        images = dataset.part(part)
        if not images:
            raise UserError("no_training_images", dataset=dataset.full_name)
        step = max(1, len(images) // wanted)
        parts.append(images[::step][:wanted])
        shares.append(len(parts[-1]) / len(images))
    return replace(dataset, images=(*parts[0], *parts[1])), (shares[0], shares[1])


def _machine(plan: Plan, dataset: FrozenDataset) -> Probe:
    """Of visual features and support vectors: the features of some photos, which are nearly all of the work."""
    from app.training.visual_features.patches import features_of

    present = replace(dataset, images=tuple(i for i in dataset.images if i.path.exists()))
    some, _ = _some(plan.model_copy(update={"batch": 8}), present)
    with _watched_memory() as peak, tempfile.TemporaryDirectory(prefix="squama-probe-") as name:
        begun = time.monotonic()
        features_of(plan, some, Workspace(Path(name)))
        speed = len(some.images) / (time.monotonic() - begun)
    whole = len(dataset.part("train")) + len(dataset.part("val"))
    said = (caution_text(caution) for caution in cautions(dataset))
    return Probe(0, round(peak.highest), round(1.5 * whole / speed, 1), round(speed, 1), (text("run.no_model"), *said))


def _short_run(plan: Plan, some: FrozenDataset) -> list[dict[str, Any]]:
    from app.training.run import learn

    short = plan.model_copy(
        update={"epochs": 2, "minutes": MINUTES, "start": "scratch", "head_epochs": 0, "patience": 0, "lesion_only": ()}
    )
    with tempfile.TemporaryDirectory(prefix="squama-probe-") as name:
        # a workspace of its own too: what is cached of so few photos must not be taken for the data set's
        learn(short, some, Events(Path(name)), Workspace(Path(name)))
        return list(read_events(Path(name)))


def _learnt_from(loaded: dict[str, Any]) -> int:
    return int(loaded.get("pieces") or loaded.get("photos") or 1)


def _unnamed(plan: Plan) -> int:
    """Photos of the plan's lesions of unknown disease: about half of each folder."""
    folders = [(Path(s.images), s.repeat) for s in plan.lesion_only]
    return sum(sum(1 for _ in folder.iterdir()) * repeat // 2 for folder, repeat in folders if folder.is_dir())


def _seconds(plan: Plan, train: float, val: float, speed: float, loading: float, spent: float) -> float:
    if speed <= 0:
        return spent
    each = 1 / speed
    epoch = (train + val * _FORWARD_SHARE) * each
    learning = plan.epochs * epoch
    if plan.cached_features:  # the pictures are looked at once, then the head learns in next to no time
        learning = (train + val) * each
    if plan.minutes is not None:
        learning = min(learning, 60 * plan.minutes)
    return loading + learning + (train + val) * each * _FORWARD_SHARE


def _memory(plan: Plan, peak: _Peak, loaded: dict[str, Any], whole: float, device: str) -> float:
    """What the process holds at its highest, and the pictures that the probe did not load."""
    side = plan.size * (1.5 if plan.task == "classify" else 1.4)
    rest = max(0.0, whole - _learnt_from(loaded) - float(loaded["val"]))
    return peak.highest + rest * 3 * side * side / _MB


@contextmanager
def _watched_memory() -> Iterator[_Peak]:
    peak, over = _Peak(own_memory() or 0.0), threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            peak.highest = max(peak.highest, own_memory() or 0.0)

    thread = threading.Thread(target=watch, name="memory", daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def _parameters(plan: Plan, classes: int) -> int:
    from app.inference.networks.classifiers import build_classifier
    from app.inference.networks.detectors import DetectorSettings, build_detector

    if plan.task == "classify":
        return sum(p.numel() for p in build_classifier(plan.network, classes).parameters())
    settings = DetectorSettings.from_json(plan.architecture)
    return sum(p.numel() for p in build_detector(plan.network, classes, settings).parameters())


def _place(plan: Plan, device: str) -> tuple[str, ...]:
    threads = plan.threads or os.cpu_count() or 1
    lines = [text("probe.on_cpu", threads=threads) if device == "cpu" else text("probe.on_gpu", device=device)]
    if plan.minutes is not None:
        lines.append(text("probe.bounded", minutes=f"{plan.minutes:g}"))
    if plan.patience:
        lines.append(text("probe.patience", epochs=plan.patience))
    return tuple(lines)


def _room(parameters: int, memory: float, workspace: Workspace) -> tuple[str, ...]:
    """Where memory or disk will not do."""
    lines = []
    have = whole_memory()
    if have is not None and memory > 0.9 * have:
        lines.append(text("probe.memory_short", need=round(memory), have=round(have)))
    need = 8 * 4 * parameters / _MB  # a checkpoint (weights, their mean, AdamW's two), twice while it is written
    free = shutil.disk_usage(workspace.root).free / _MB
    if free < 1.2 * need:
        lines.append(text("probe.disk_short", need=round(need), have=round(free)))
    return tuple(lines)


def _missing(plan: Plan) -> tuple[str, ...]:
    if plan.start != "imagenet":
        return ()
    from app.inference.networks.imagenet import missing_weights

    absent = missing_weights(plan.network)
    return (text("probe.no_imagenet", network=absent),) if absent else ()
