"""Blood cells (BCCD, its own lists): can a light fused detector be trained on a CPU, and does fusing stages help?

Tuned on the validation part; the test part is looked at once, by ``look``, which logs it. A cell (network, seed,
epochs) is a folder of --work: events, checkpoint, and once done its boxes for both parts, from which alone the tables
are made. A cell that broke off goes on from its last epoch.

    python -m benchmarks.bccd_detector train [--seeds 0]                    # one CPU run of the light fused network
    python -m benchmarks.bccd_detector compare [--all-nine] [--seeds 0,1,2] # C5, C1+3+5, FPN (or all), equal budget
    python -m benchmarks.bccd_detector look --cells train|compare           # the test part, once
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from app.common.workspace import open_workspace
from app.datasets.exchange.box_sets import ImportOptions
from app.datasets.freezing.frozen import FrozenDataset
from app.datasets.freezing.versions import load_dataset
from app.datasets.set_import.voc import import_voc
from app.datasets.store import open_store
from app.evaluation.detection import Found, Matches, average_precision, drawn_again, match, mean_over_classes
from app.inference.networks.classifiers import default_preprocessing
from app.inference.networks.detectors import build_detector
from app.training.events import Events
from app.training.learning.classify import Normal
from app.training.learning.detect import detect_all, settings_of, train_detector, truth_of
from app.training.learning.samples import Scene, load_scenes
from app.training.learning.session import pick_device, threads
from app.training.learning.starts import start_detector
from app.training.plan import Plan, make_plan
from benchmarks.common import DATA, keep, log_look

LIGHT = "fused-efficientnet_lite0-135"
SETS = ("1", "3", "5", "13", "35", "15", "123", "345", "135")
"""The source's nine fusions, in its order."""
BODY = "efficientnet_lite0"
DRAWS = 2000
PLAN: dict[str, Any] = {
    "name": "bccd",
    "task": "detect",
    "dataset": "bccd",
    "start": "imagenet",
    "size": 480,
    "batch": 2,
    "precision": "bfloat16",
    "learning_rate": 6e-4,
    "start_rate_share": 0.5,
    "weight_decay": 0.05,
    "average": 0.99,
    "freeze": 2,
    "architecture": {"roi_samples": 96, "context": False},
    "augment": {"scale": 0.25, "colour": 0.25, "illumination": 0.2, "blur": 0.1, "noise": 0.1, "jpeg": 0.1},
}
"""Chosen on the validation part. The context of the whole photo is left out: it says nothing about one cell."""


@dataclass(frozen=True)
class Cell:
    network: str
    seed: int
    epochs: int
    folder: Path

    @property
    def done(self) -> bool:
        return (self.folder / "boxes-val.json").exists()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("train", "compare", "look"))
    parser.add_argument("--work", type=Path, default=Path("out/bccd"))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--epochs", type=int, help="12 for train, 5 for compare")
    parser.add_argument("--all-nine", action="store_true", help="every fusion of the source, and FPN (a GPU's work)")
    parser.add_argument("--cells", choices=("train", "compare"), default="train", help="for look")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="cpu")
    args = parser.parse_args()
    kind = args.cells if args.what == "look" else args.what
    networks = [LIGHT] if kind == "train" else [f"fused-{BODY}-{s}" for s in (SETS if args.all_nine else ("5", "135"))]
    networks += [] if kind == "train" else [f"fpn-{BODY}"]
    epochs = args.epochs or (12 if kind == "train" else 5)
    seeds = [int(s) for s in args.seeds.split(",")]
    # All networks of one seed before the next seed, so that what breaks off can still be compared.
    cells = [
        Cell(n, seed, epochs, args.work / kind / f"{n}-seed{seed}-{epochs}")
        for seed, n in itertools.product(seeds, networks)
    ]
    dataset = blood_cells(args.work)
    if args.what != "look":
        for cell in cells:
            if not cell.done:
                run(cell, dataset, args.threads, args.device)
    report(kind, cells, dataset, "test" if args.what == "look" else "val")


def blood_cells(work: Path) -> FrozenDataset:
    """The set with its own lists, imported and frozen as anybody would."""
    workspace, folder = open_workspace(work / "workspace"), DATA / "bccd_voc"
    store = open_store(workspace)
    try:
        if not workspace.packs.exists():
            lists = folder / "ImageSets" / "Main"
            import_voc(store, workspace, folder, "bccd", "bench", ImportOptions(new_pack="blood-cells"), lists)
    finally:
        store.close()
    return load_dataset(workspace, "bccd")


def plan_of(cell: Cell, thread_count: int, device: str) -> Plan:
    own = {"network": cell.network, "seed": cell.seed, "epochs": cell.epochs}
    return make_plan({**PLAN, **own, "threads": thread_count, "device": device})


def run(cell: Cell, dataset: FrozenDataset, thread_count: int, device_name: str) -> None:
    """Train the cell, or go on with it; then keep its boxes for both parts, the test's unread."""
    cell.folder.mkdir(parents=True, exist_ok=True)
    plan = plan_of(cell, thread_count, device_name)
    device, normal, classes = pick_device(plan), normal_of(cell.network), len(dataset.classes)
    events = Events(cell.folder, print)
    with threads(plan):
        train, val, test = (load_scenes(dataset.part(p), dataset.classes, plan.size) for p in ("train", "val", "test"))
        settings = settings_of(plan, train)
        events.write("started", network=cell.network, seed=cell.seed, settings=settings.as_json())
        torch.manual_seed(plan.seed)
        model = build_detector(plan.network, classes, settings)
        start_detector(model, plan, open_workspace(cell.folder.parents[1] / "workspace"))
        before, cpu = time.monotonic(), time.process_time()
        resumed = (cell.folder / "checkpoint.pt").exists()
        kept = train_detector(plan, model, normal, train, val, classes, events, device, resume=True)
        spent = {"seconds": time.monotonic() - before, "cpu_seconds": time.process_time() - cpu, "resumed": resumed}
        for part, scenes in (("test", test), ("val", val)):
            found = detect_all(kept, normal, scenes, device)
            _write(cell.folder / f"boxes-{part}.json", found)
    (cell.folder / "spent.json").write_text(json.dumps({**spent, "parameters": parameters(kept)}), encoding="utf-8")
    events.write("done", **spent)


def normal_of(network: str) -> Normal:
    usual: dict[str, Any] = default_preprocessing(network.split("-")[1])
    return Normal(tuple(usual["mean"]), tuple(usual["std"]))


def parameters(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def report(kind: str, cells: Sequence[Cell], dataset: FrozenDataset, part: str) -> None:
    done = [cell for cell in cells if cell.done]
    scenes = load_scenes(dataset.part(part), dataset.classes, int(PLAN["size"]))
    matched = {(c.network, c.seed): matches_of(_read(c.folder / f"boxes-{part}.json"), scenes, dataset) for c in done}
    draws = list(photo_draws(len(scenes)))
    rows = [row_of(network, done, matched, dataset, draws) for network in dict.fromkeys(c.network for c in done)]
    result: dict[str, Any] = {
        "dataset": dataset.full_name,
        "part": part,
        "photos": len(scenes),
        "boxes": sum(len(s.labels) for s in scenes),
        "epochs": cells[0].epochs,
        "rows": rows,
        "not_run": [f"{c.network}, seed {c.seed}" for c in cells if not c.done],
        "plan": PLAN,
    }
    if kind == "compare":
        result["pairs"] = [
            pair_of(a, b, done, matched, draws) for a, b in pairs(dict.fromkeys(c.network for c in done))
        ]
    keep(f"bccd-{kind}-{part}", result, full=True)
    if part == "test" and rows:
        said = "; ".join(f"{r['network']} mAP@0.5 {r['map50']:.3f} {r['interval']} (seeds {r['seeds']})" for r in rows)
        log_look("bccd_voc, its own test list", f"{kind}: networks and plan were settled on its val list", said)


def row_of(
    network: str,
    done: Sequence[Cell],
    matched: dict[tuple[str, int], list[Matches]],
    dataset: FrozenDataset,
    draws: Sequence[NDArray[np.int64]],
) -> dict[str, Any]:
    """Median over the seeds; the interval: photos drawn again, the seeds' mean in each draw."""
    seeds = [c.seed for c in done if c.network == network]
    own = [matched[network, seed] for seed in seeds]
    each = [map50_of(m) for m in own]
    middle = own[int(np.argsort(each)[len(each) // 2])]
    spent = [json.loads((c.folder / "spent.json").read_text()) for c in done if c.network == network]
    return {
        "network": network,
        "seeds": seeds,
        "map50": statistics.median(each),
        "each": [round(v, 4) for v in each],
        "interval": interval([float(np.mean([map50_of(m, d) for m in own])) for d in draws]),
        "per_class": {key: round(average_precision(m), 4) for key, m in zip(dataset.classes, middle, strict=True)},
        "seconds": [round(s["seconds"]) for s in spent],
        "cpu_seconds": [round(s["cpu_seconds"]) for s in spent],
        "parameters": spent[0]["parameters"],
    }


def pairs(networks: dict[str, None]) -> Iterator[tuple[str, str]]:
    """The fused network that the source found best against each other one."""
    return ((LIGHT, other) for other in networks if other != LIGHT and LIGHT in networks)


def pair_of(
    a: str,
    b: str,
    done: Sequence[Cell],
    matched: dict[tuple[str, int], list[Matches]],
    draws: Sequence[NDArray[np.int64]],
) -> dict[str, Any]:
    """a minus b on the same photos, mean over the seeds that both have; paired bootstrap of the photos."""
    seeds = sorted({c.seed for c in done if c.network == a} & {c.seed for c in done if c.network == b})
    if not seeds:
        return {"a": a, "b": b, "seeds": []}

    def difference(draw: NDArray[np.int64] | None) -> float:
        return float(np.mean([map50_of(matched[a, s], draw) - map50_of(matched[b, s], draw) for s in seeds]))

    drawn = [difference(d) for d in draws]
    return {"a": a, "b": b, "seeds": seeds, "difference": round(difference(None), 4), "interval": interval(drawn)}


def matches_of(found: Sequence[Found], scenes: Sequence[Scene], dataset: FrozenDataset) -> list[Matches]:
    truths = [truth_of(s) for s in scenes]
    return [match(truths, found, k) for k in range(len(dataset.classes))]


def map50_of(matched: Sequence[Matches], draw: NDArray[np.int64] | None = None) -> float:
    taken = matched if draw is None else [drawn_again(m, draw) for m in matched]
    return mean_over_classes([average_precision(m) for m in taken])


def photo_draws(count: int) -> Iterator[NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    return (rng.integers(0, count, count) for _ in range(DRAWS))


def interval(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return round(float(low), 4), round(float(high), 4)


def _write(file: Path, found: Sequence[Found]) -> None:
    rows = [{"boxes": f.boxes.tolist(), "labels": f.labels.tolist(), "scores": f.scores.tolist()} for f in found]
    file.write_text(json.dumps(rows), encoding="utf-8")


def _read(file: Path) -> list[Found]:
    rows = json.loads(file.read_text(encoding="utf-8"))
    return [Found.of(r["boxes"], r["labels"], r["scores"]) for r in rows]


if __name__ == "__main__":
    main()
