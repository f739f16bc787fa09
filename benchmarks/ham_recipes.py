"""Recipes on ham10000_small, 3 folds grouped by lesion: frozen features and a head, what each ingredient gains, a
network trained whole beside it.

    python -m benchmarks.ham_recipes [--full] [--tune MINUTES] [--folds 3] [--threads 2] [--without views] [--work DIR]

A fold's photos are answered by a model that saw neither them nor other photos of their lesions; of the rest a fifth
(whole lesions) is the validation part, by which patience stops and nothing else is chosen. ``--full`` runs every row
of the table but those whose name holds the word of ``--without`` (heads only, seconds each, once the features are
there); ``--tune`` trains the whole network for so many minutes a fold. The target, under 5 minutes for the frozen
recipe, is for two cores that nobody else uses.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from app.common.workspace import Workspace, open_workspace
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage
from app.datasets.freezing.splits import Part
from app.evaluation.classification import balanced_accuracy
from app.inference.networks.classifiers import build_classifier, logits_from_features
from app.training.events import Events
from app.training.learning.cached import PLAIN, feature_rows
from app.training.learning.classify import Normal, predict
from app.training.learning.samples import load_pieces, squares
from app.training.learning.whole import learn_classifier
from app.training.plan import Plan, make_plan, plan_of_options
from benchmarks.common import DATA, keep

HAM = DATA / "ham10000_small"
NORMAL = Normal((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
CPU = torch.device("cpu")
SEED = 0
RESAMPLES = 1000

# What is changed of the frozen recipe; "rare" and the like are one at a time, against the recipe as it is.
ROWS: dict[str, dict[str, Any]] = {
    "frozen (the recipe)": {},
    "1 augmented view": {"feature_views": 1},
    "3 augmented views": {"feature_views": 3},
    "3 views with RandAugment": {"feature_views": 3, "augment": {"randaugment": 2}},
    "photos as they come": {"rare": "none"},
    "class weights": {"rare": "class_weights"},
    "logit adjustment": {"rare": "logit_adjustment"},
    "focal loss": {"loss": "focal"},
    "no label smoothing": {"label_smoothing": 0.0},
    "mixup of features 0.2": {"mixup": 0.2},
    "no dropout": {"dropout": 0.0},
    "no mean of the weights": {"average": 0.0},
    "no patience (last epoch)": {"patience": 0},
    "SGD": {"optimiser": "sgd", "learning_rate": 0.02},
    "none of it": {"rare": "none", "label_smoothing": 0.0, "dropout": 0.0, "average": 0.0, "patience": 0},
}
TUNED: dict[str, Any] = {
    "size": 192, "epochs": 20, "batch": 32, "freeze": 2, "learning_rate": 2e-3, "start_rate_share": 0.25,
    "weight_decay": 0.05, "average": 0.998, "rare": "balanced_sampling", "label_smoothing": 0.1, "warm_up": 0.05,
    "augment": {"margin_jitter": 0.1, "scale": 0.2, "colour": 0.2, "illumination": 0.1, "blur": 0.1, "noise": 0.1,
                "jpeg": 0.1},
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Fold:
    """Truth and answers (class numbers) of a fold's photos, with their lesions."""

    truth: NDArray[np.int64]
    answers: NDArray[np.int64]
    lesions: NDArray[np.str_]
    seconds: float


def ham(folds: int = 3) -> list[FrozenDataset]:
    """The data set once for each fold; its "test" part is the fold."""
    with (HAM / "metadata.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lesions, labels = [r["lesion_id"] for r in rows], [r["dx"] for r in rows]
    classes = tuple(sorted(set(labels)))
    folded = StratifiedGroupKFold(3, shuffle=True, random_state=SEED).split(rows, labels, lesions)
    sets = []
    for rest, held in list(folded)[:folds]:
        inner = StratifiedGroupKFold(5, shuffle=True, random_state=SEED)
        _, val = next(inner.split(rest, [labels[i] for i in rest], [lesions[i] for i in rest]))
        parts: dict[int, Part] = dict.fromkeys(map(int, held), "test") | dict.fromkeys(map(int, rest[val]), "val")
        images = tuple(_image(n, row, parts.get(n, "train")) for n, row in enumerate(rows))
        sets.append(FrozenDataset("ham10000_small", "0" * 16, classes, images))
    return sets


def _image(number: int, row: dict[str, str], part: Part) -> FrozenImage:
    path = HAM / "images" / row["image"]
    return FrozenImage(
        id=number,
        path=path,
        label=row["dx"],
        boxes=(),
        patient=None,
        lesion=row["lesion_id"],
        group=row["lesion_id"],
        split=part,
        folds=(),
        width=256,
        height=192,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def frozen_plan(**changes: Any) -> Plan:
    plan = plan_of_options("classify", "efficientnet_lite0", "ham10000_small", "imagenet", "frozen", None, SEED)
    return make_plan({**plan.model_dump(exclude_none=True), "margin": 0.0, **changes})


def run_fold(plan: Plan, dataset: FrozenDataset, workspace: Workspace) -> Fold:
    """Learn on a fold's train part, answer its test part."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as run:
        events = Events(Path(run))
        learned = learn_classifier(plan, dataset, NORMAL, events, workspace, False)
        model = build_classifier(plan.network, len(dataset.classes)).eval()
        model.load_state_dict({k: v for k, v in learned.state.items() if not k.startswith("unlike.")})
        pieces = load_pieces(dataset.part("test"), dataset.classes, plan.size, plan.margin, whole=True)
        if plan.cached_features:
            rows = feature_rows(model, plan, NORMAL, pieces, PLAIN, workspace, events, CPU)
            logits = logits_from_features(model, torch.from_numpy(rows.features)).numpy()
        else:
            logits = predict(model, NORMAL, squares(pieces, plan.size), CPU)
    truth = np.array([p.label for p in pieces])
    lesions = np.array([p.image.group for p in pieces])
    return Fold(truth, logits.argmax(1), lesions, time.monotonic() - started)


def scored(folds: list[Fold], classes: int) -> dict[str, Any]:
    """Balanced accuracy of all folds' answers together, with a bootstrap over lesions."""
    truth, answers, lesions = (np.concatenate([getattr(f, k) for f in folds]) for k in ("truth", "answers", "lesions"))
    names, place = np.unique(lesions, return_inverse=True)
    of_lesion = [np.flatnonzero(place == k) for k in range(len(names))]
    rng = np.random.default_rng(SEED)
    drawn = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([of_lesion[k] for k in rng.integers(0, len(names), len(names))])
        drawn.append(balanced_accuracy(truth[rows], answers[rows], classes))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {
        "balanced_accuracy": balanced_accuracy(truth, answers, classes),
        "low": float(low),
        "high": float(high),
        "accuracy": float((truth == answers).mean()),
        "n": len(truth),
        "lesions": len(names),
        "folds": [balanced_accuracy(f.truth, f.answers, classes) for f in folds],
        "seconds": round(sum(f.seconds for f in folds), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--tune", type=float, default=0.0, metavar="MINUTES")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--without", default="", metavar="WORD")
    parser.add_argument("--work", help="folder of a workspace whose cache is kept; seconds then say nothing")
    options = parser.parse_args()
    if not HAM.exists():
        print("ham10000_small is not beside the checkout: not run")
        return
    sets = ham(options.folds)
    classes = len(sets[0].classes)
    table: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        workspace = open_workspace(options.work or folder)
        for name, changes in ROWS.items() if options.full else list(ROWS.items())[:1]:
            if options.without and options.without in name:
                table[name] = "not run"
                continue
            plan = frozen_plan(threads=options.threads, workers=1, **changes)
            table[name] = scored([run_fold(plan, d, workspace) for d in sets], classes)
            print(name, {k: table[name][k] for k in ("balanced_accuracy", "low", "high", "seconds")}, flush=True)
        if options.tune:
            plan = frozen_plan(
                threads=options.threads, **TUNED, cached_features=False, minutes=options.tune, patience=0
            )
            table["whole network"] = scored([run_fold(plan, d, workspace) for d in sets], classes)
    table.setdefault("whole network", "not run")
    counts = Counter(i.label for i in sets[0].images)
    keep("ham-recipes", {"folds": options.folds, "classes": dict(counts), "rows": table}, options.full)


if __name__ == "__main__":
    main()
