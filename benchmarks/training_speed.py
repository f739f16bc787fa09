"""Images per second while learning, against torchvision's reference loop and timm's, all else alike.

    python -m benchmarks.training_speed [--full] [--size 224] [--batch 32] [--threads 2] [--workers 1]

EfficientNet-lite0 from nothing, all layers, batch norms learning, float32. The peers as their reference scripts do it
by default: torchvision's ``references/classification/train.py`` (PIL, RandomResizedCrop, flip, SGD) and timm's
``train.py`` (its loader without prefetcher, SGD), photos decoded anew in every epoch by worker processes. Ours: photos
held small in memory, all of the default recipe's augmentation by OpenCV on threads, AdamW, running mean of the weights;
loading is measured beside it. The three take turns; a ratio is the median over the rounds. "Ahead": how many times
faster one thread prepares pictures than the network takes them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import timm
import torch
from PIL import Image
from timm.data import create_loader
from timm.optim import create_optimizer_v2
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from app.datasets.freezing.frozen import FrozenImage
from app.inference.networks.classifiers import build_classifier
from app.training.events import Events, read_events
from app.training.learning.classify import Normal, picture, train_classifier
from app.training.learning.samples import Piece, load_pieces
from app.training.plan import Plan, make_plan
from benchmarks.common import keep
from benchmarks.ham_recipes import HAM, ham

CPU = torch.device("cpu")
MEAN = STD = (0.5, 0.5, 0.5)


class Photos(Dataset[tuple[Any, int]]):
    """Photos by path as PIL pictures through ``transform``."""

    def __init__(self, images: Sequence[FrozenImage], classes: Sequence[str], transform: Any = None) -> None:
        self.rows = [(i.path, classes.index(i.label or "")) for i in images]
        self.transform = transform

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> tuple[Any, int]:
        path, label = self.rows[place]
        with Image.open(path) as held:
            photo = held.convert("RGB")
        return (self.transform(photo) if self.transform else photo), label


def ours(plan: Plan, pieces: Sequence[Piece], classes: Sequence[str]) -> float:
    """Images per second of the epochs after the first, as the run's events say."""
    torch.manual_seed(0)
    model = build_classifier(plan.network, len(classes), plan.dropout)
    with tempfile.TemporaryDirectory() as run:
        events = Events(Path(run))
        train_classifier(plan, model, Normal(MEAN, STD), pieces, pieces[:8], classes, events, CPU)
        speeds = [e["images_per_second"] for e in read_events(Path(run)) if e["event"] == "epoch"]
    return statistics.median(speeds[1:])


def reference(loader: Iterable[Any], optimiser: torch.optim.Optimizer, model: torch.nn.Module, steps: int) -> float:
    """Images per second of the loop that both reference scripts share, the first batch (workers starting) left out."""
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    model.train()
    seen, started = 0, 0.0
    for step, (pictures, labels) in enumerate(_steps(loader, steps)):
        if step == 1:
            started = time.perf_counter()
        loss = loss_of(model(pictures), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss.item()
        seen += len(pictures) if step else 0
    return seen / (time.perf_counter() - started)


def _steps(loader: Iterable[Any], steps: int) -> Iterable[Any]:
    taken = 0
    while True:
        for batch in loader:
            yield batch
            taken += 1
            if taken > steps:
                return


def torchvisions(images: Sequence[FrozenImage], classes: Sequence[str], size: int, batch: int, workers: int) -> Any:
    """Loader, optimiser and network as torchvision's references/classification/train.py sets them up."""
    steps = [
        v2.RandomResizedCrop(size, antialias=True),
        v2.RandomHorizontalFlip(),
        v2.PILToTensor(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(MEAN, STD),
    ]
    photos = Photos(images, classes, v2.Compose(steps))
    loader = DataLoader(photos, batch, shuffle=True, num_workers=workers, drop_last=True, persistent_workers=True)
    model = timm.create_model("tf_efficientnet_lite0", num_classes=len(classes))
    return loader, torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4), model


def timms(images: Sequence[FrozenImage], classes: Sequence[str], size: int, batch: int, workers: int) -> Any:
    """Loader, optimiser and network as timm's train.py sets them up on a CPU."""
    loader = create_loader(
        Photos(images, classes), (3, size, size), batch, is_training=True, use_prefetcher=False, hflip=0.5,
        color_jitter=0.4, interpolation="random", mean=MEAN, std=STD, num_workers=workers, device=CPU,
        persistent_workers=True, pin_memory=False,
    )  # fmt: skip
    model = timm.create_model("tf_efficientnet_lite0", num_classes=len(classes))
    return loader, create_optimizer_v2(model, opt="sgd", lr=0.1, momentum=0.9, weight_decay=2e-5), model


def prepared_per_second(pieces: Sequence[Piece], plan: Plan) -> float:
    """Pictures that one thread makes in a second."""
    started = time.perf_counter()
    for number, piece in enumerate(pieces):
        picture(piece, plan, np.random.default_rng(number))
    return len(pieces) / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    if not HAM.exists():
        print("ham10000_small is not beside the checkout: not run")
        return
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    steps, rounds = (8, 5) if options.full else (3, 2)
    dataset = ham(1)[0]
    images, classes = dataset.part("train")[: steps * options.batch], dataset.classes
    plan = make_plan({
        "name": "speed", "task": "classify", "network": "efficientnet_lite0", "dataset": "ham", "start": "scratch",
        "size": options.size, "batch": options.batch, "epochs": 2, "frozen_norms": False, "workers": options.workers,
        "device": "cpu", "rare": "none",
    })  # fmt: skip
    started = time.perf_counter()
    pieces = load_pieces(images, classes, plan.size, 0.0, whole=True)
    loading = len(images) / (time.perf_counter() - started)
    found: dict[str, list[float]] = {"ours": [], "torchvision": [], "timm": []}
    for _ in range(rounds):
        found["ours"].append(ours(plan, pieces, classes))
        for name, made in (("torchvision", torchvisions), ("timm", timms)):
            setup = made(images, classes, options.size, options.batch, options.workers)
            found[name].append(reference(*setup, steps))
            del setup
        print({k: round(v[-1], 1) for k, v in found.items()}, flush=True)
    rates = {name: statistics.median(values) for name, values in found.items()}
    ratios = {
        f"ours / {name}": statistics.median(a / b for a, b in zip(found["ours"], found[name], strict=True))
        for name in ("torchvision", "timm")
    }
    ready = prepared_per_second(pieces, plan)
    keep(
        "training-speed",
        {
            "settings": {k: getattr(options, k) for k in ("size", "batch", "threads", "workers")} | {"steps": steps},
            "images_per_second": rates,
            "rounds": found,
            "ratios": ratios,
            "loading_per_second": loading,
            "prepared_per_second_and_thread": ready,
            "ahead": ready / rates["ours"],
            "gpu": "not run",
        },
        options.full,
    )


if __name__ == "__main__":
    main()
