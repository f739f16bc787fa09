"""Train on your own boxes in an afternoon: what 20, 50, 100, 200 boxed photos buy.

A light detector is started from the shipped one or from ImageNet and learns from so many photos, always the same number
of steps; held-out photos of other people judge it, all in one go at the end, and nothing is chosen by them.

- ``phantoms``: renderer B, which the shipped detector never saw (it learnt from renderer A): photos of another clinic.
- ``blood-cells``: BCCD's training list, judged on its validation list: something else altogether, boxed by people.

The clinical photos beside the checkout have nobody's boxes, so nothing can be measured on them.

    python -m benchmarks.own_boxes [--on phantoms|blood-cells] [--full] [--photos 20,50] [--starts shipped,imagenet]
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from app.common.packs import load_pack
from app.common.phantoms import generator_hash, photos
from app.common.workspace import open_workspace
from app.evaluation.detection import Matches, average_precision, drawn_again, match, mean_over_classes
from app.evaluation.intervals import bootstrap
from app.inference.models import show_model
from app.inference.networks.detectors import Detector, DetectorSettings, build_detector
from app.training.events import Events
from app.training.learning.classify import Normal
from app.training.learning.detect import detect_all, settings_of, train_detector, truth_of
from app.training.learning.samples import Scene, load_scenes, shrunk
from app.training.learning.session import threads
from app.training.learning.starts import start_detector
from app.training.plan import Plan, make_plan
from benchmarks.bccd_detector import blood_cells
from benchmarks.common import keep

SHIPPED = "squama-light-detector"
NETWORK = "fused-efficientnet_lite0-135"
NORMAL = Normal((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
TRAIN_SEED, HELD_SEED = 505_001, 505_002
"""Other people than any training workspace or test part has."""
WATCHED = 6
CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class Material:
    """``train`` is taken from its beginning; ``groups``: whose photo each held-out one is."""

    name: str
    classes: tuple[str, ...]
    train: Sequence[Scene]
    held: Sequence[Scene]
    groups: Sequence[Hashable]
    size: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--on", choices=("phantoms", "blood-cells"), default="phantoms")
    parser.add_argument("--full", action="store_true", help="300 steps a cell (an afternoon in all), else 60")
    parser.add_argument("--photos", help="default 20,50,100,200; without --full 20,100")
    parser.add_argument("--starts", default="shipped,imagenet")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, default=Path("out/own-boxes"))
    args = parser.parse_args()
    counts = [int(n) for n in (args.photos or ("20,50,100,200" if args.full else "20,100")).split(",")]
    steps = 300 if args.full else 60
    work = args.work / f"{args.on}-{steps}"
    work.mkdir(parents=True, exist_ok=True)
    people = 40 if args.full else 14
    material = phantoms(max(counts), people) if args.on == "phantoms" else cells_of(args.work, max(counts))
    rows = [untouched(material)] if args.on == "phantoms" else []
    for count, start in itertools.product(counts, args.starts.split(",")):
        file = work / f"{start}-{count}-seed{args.seed}.json"
        if not file.exists():
            row = learnt(material, count, start, steps, args.seed, work / file.stem)
            file.write_text(json.dumps(row), encoding="utf-8")
        rows.append(json.loads(file.read_text(encoding="utf-8")))
    held = {"photos": len(material.held), "groups": len(set(material.groups))}
    facts = {"material": material.name, "held_out": held, "steps": steps, "batch": 4, "seed": args.seed, "rows": rows}
    keep(f"own-boxes-{args.on}", facts, args.full)


def phantoms(count: int, people: int) -> Material:
    """Photos of ``count // 3`` people to learn from, of ``people`` others to judge by; three of each."""
    size = show_model(SHIPPED).manifest.preprocessing.size
    classes = load_pack().keys
    train, _ = _scenes(math.ceil(count / 3), TRAIN_SEED, classes, size)
    held, groups = _scenes(people, HELD_SEED, classes, size)
    return Material(f"phantoms, renderer B ({generator_hash()[:12]})", classes, train, held, groups, size)


def _scenes(people: int, seed: int, classes: Sequence[str], size: int) -> tuple[list[Scene], list[str]]:
    scenes, groups = [], []
    for photo in photos("B", people, seed):
        pixels = shrunk(photo.pixels, size)
        scale = pixels.shape[1] / photo.pixels.shape[1]
        boxes = np.array([lesion.box for lesion in photo.lesions], float).reshape(-1, 4) * scale
        labels = np.array([classes.index(lesion.disease) for lesion in photo.lesions], np.int64)
        scenes.append(Scene(pixels, boxes, labels, scale, None, photo.name))
        groups.append(photo.patient.code)
    return scenes, groups


def cells_of(work: Path, count: int) -> Material:
    """The validation list judges; the test list is not touched. Which photos share a person nobody noted."""
    dataset = blood_cells(work / "bccd")
    train, val = (load_scenes(dataset.part(part), dataset.classes, 480) for part in ("train", "val"))
    return Material(dataset.full_name, dataset.classes, train[:count], val, [s.name for s in val], 480)


def plan_of(start: str, count: int, steps: int, seed: int, size: int) -> Plan:
    return make_plan(
        {
            "name": "own-boxes",
            "task": "detect",
            "network": NETWORK,
            "dataset": "own",
            "start": SHIPPED if start == "shipped" else "imagenet",
            "seed": seed,
            "size": size,
            "batch": 4,
            "threads": 1,
            "device": "cpu",
            "epochs": max(1, math.ceil(steps / math.ceil(count / 4))),
            "precision": "bfloat16",
            "learning_rate": 4e-4,
            "start_rate_share": 0.5,
            "weight_decay": 0.05,
            "average": 0.98,
            "freeze": 2,
            "augment": {"scale": 0.35, "blur": 0.25, "noise": 0.25, "jpeg": 0.25},
        }
    )


def learnt(material: Material, count: int, start: str, steps: int, seed: int, run: Path) -> dict[str, Any]:
    plan = plan_of(start, count, steps, seed, material.size)
    train = material.train[:count]
    shipped = show_model(SHIPPED).manifest.parameters
    settings = DetectorSettings.from_json(shipped) if start == "shipped" else settings_of(plan, train)
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    model = build_detector(NETWORK, len(material.classes), settings)
    start_detector(model, plan, open_workspace(run / "workspace"))
    before, cpu = time.monotonic(), time.process_time()
    with threads(plan):
        events, watched = Events(run, print), list(train[:WATCHED])
        kept = train_detector(plan, model, NORMAL, train, watched, len(material.classes), events, CPU, resume=True)
        spent = {"seconds": round(time.monotonic() - before), "cpu_seconds": round(time.process_time() - cpu)}
        boxes = sum(len(s.labels) for s in train)
        return {"start": start, "photos": count, "boxes": boxes, **judged(kept, material), **spent}


def untouched(material: Material) -> dict[str, Any]:
    """The shipped detector as it is."""
    from app.inference.weights import load_network

    model = load_network(show_model(SHIPPED))[0]
    assert isinstance(model, Detector)
    return {"start": "shipped", "photos": 0, "boxes": 0, **judged(model, material)}


def judged(model: Detector, material: Material) -> dict[str, Any]:
    """mAP@0.5 on the held-out photos, all of a person drawn again together."""
    found, truths = detect_all(model, NORMAL, material.held, CPU), [truth_of(s) for s in material.held]
    matched = [match(truths, found, k) for k in range(len(material.classes))]

    def figures(rows: np.ndarray) -> dict[str, float]:
        return {"map50": _mean([drawn_again(m, rows) for m in matched])}

    low, high = bootstrap(list(material.groups), figures, 1000)["map50"]
    return {"map50": round(_mean(matched), 4), "interval": [round(low, 4), round(high, 4)]}


def _mean(matched: Sequence[Matches]) -> float:
    return mean_over_classes([average_precision(m) for m in matched])


if __name__ == "__main__":
    main()
