"""Labels and boxes in doubt: swapped labels in HAM10000 beside cleanlab; swapped labels, spoilt boxes and skin tone of
phantoms.

``python -m benchmarks.label_suspects [--full] [--cleanlab PYTHON] [--features FILE.npz] [--parts ham,phantoms]``.
PYTHON is that of an environment with cleanlab. FILE keeps HAM10000's features between runs. What was set by looking at
data (shrinkage, the scale of the score, the threshold) was set on the development half of HAM10000's lesions with seeds
0 to 2; the other half was looked at once, with the seeds below. Whole lesions are swapped, 5 % of the photos, either to
any other diagnosis alike or as frequent as those are.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from app.cleaning import embedding, held_out
from app.cleaning.checks import default_thresholds
from app.cleaning.labels import doubt
from app.cleaning.subject import Subject
from app.evaluation.classification import auc
from benchmarks.common import DATA, HERE, keep, log_look

HAM = DATA / "ham10000_small"
SEEDS = (4101, 4102, 4103, 4104, 4105)
PEER_SEEDS = 2
"""cleanlab takes part in so many of them, on the kept half: its logistic regressions take a minute."""
SHARE = 0.05


# -- HAM10000 ----------------------------------------------------------------------------------------------------
def ham(full: bool, cleanlab: str | None, cache: Path | None) -> dict[str, Any]:
    rows, lesions, labels = _ham_rows(cache)
    kept = np.array([int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 == 1 for name in lesions])
    result: dict[str, Any] = {}
    for name, chosen in (("kept half", kept), ("all", np.ones(len(kept), bool))):
        result[name] = {"n": int(chosen.sum()), "lesions": len(set(lesions[chosen]))}
        for kind in ("alike", "frequent"):
            runs = []
            for n, seed in enumerate(SEEDS if full else SEEDS[:1]):
                beside = cleanlab if name == "kept half" and n < PEER_SEEDS else None
                runs.append(_swap_run(rows[chosen], lesions[chosen], labels[chosen], kind, seed, beside))
            result[name][kind] = _mean(runs)
        chances = _chances(rows[chosen], labels[chosen], lesions[chosen], SEEDS[0])
        past = _doubts(chances, labels[chosen]) >= default_thresholds()["label_suspect"]
        result[name]["flagged_without_swaps"] = float(past.mean())
    return result


def _swap_run(rows: Any, lesions: Any, truth: Any, kind: str, seed: int, cleanlab: str | None) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    given, bad = swapped(truth, lesions, kind, rng)
    start = time.perf_counter()
    scores = _doubts(_chances(rows, given, lesions, seed), given)
    found = {"squama": {**_told(scores, scores >= default_thresholds()["label_suspect"], bad),
                        "seconds": time.perf_counter() - start}}  # fmt: skip
    if cleanlab is not None:
        for name, other in _cleanlab(cleanlab, rows, given, lesions).items():
            found[name] = _told(-other["quality"], other["issue"], bad)
    return found


def swapped(truth: Any, groups: Any, kind: str, rng: np.random.Generator) -> tuple[Any, Any]:
    """Labels with whole groups swapped until ``SHARE`` of the photos are, and which are."""
    names, inverse = np.unique(groups, return_inverse=True)
    classes = int(truth.max()) + 1
    weights = np.bincount(truth, minlength=classes) if kind == "frequent" else np.ones(classes)
    given, bad = truth.copy(), np.zeros(len(truth), bool)
    for group in rng.permutation(len(names)):
        mine = inverse == group
        if bad.sum() + mine.sum() > SHARE * len(truth) + 1:
            break
        others = weights.astype(float)
        others[truth[mine][0]] = 0
        given[mine] = rng.choice(classes, p=others / others.sum())
        bad |= mine
    return given, bad


def _chances(rows: Any, labels: Any, groups: Any, seed: int) -> Any:
    return held_out.probabilities(rows, labels, list(groups), int(labels.max()) + 1, seed)


def _doubts(chances: Any, labels: Any) -> Any:
    return np.array([doubt(p) for p in chances[np.arange(len(labels)), labels]])


def _told(scores: Any, flagged: Any, bad: Any) -> dict[str, float]:
    """AUROC, lift of the worst 5 %, and what the tool's own threshold gives."""
    worst = np.argsort(-scores, kind="stable")[: max(1, round(SHARE * len(scores)))]
    return {
        "auroc": auc(bad, scores),
        "lift_worst_5": float(bad[worst].mean() / bad.mean()),
        "flagged": float(flagged.mean()),
        "precision": float(bad[flagged].mean()) if flagged.any() else float("nan"),
        "recall": float(flagged[bad].mean()),
    }


def _cleanlab(python: str, rows: Any, given: Any, groups: Any) -> dict[str, Any]:
    """cleanlab's label quality and issues on the same features: its own way (plain folds), and with our groups."""
    with tempfile.TemporaryDirectory() as place:
        ours, theirs = Path(place) / "in.npz", Path(place) / "out.npz"
        np.savez(ours, rows=rows.astype(np.float32), labels=given, groups=np.unique(groups, return_inverse=True)[1])
        subprocess.run([python, str(HERE / "peer_cleanlab.py"), str(ours), str(theirs)], check=True)
        found = np.load(theirs)
        return {
            f"cleanlab, {name}": {"quality": found[f"{name}_quality"], "issue": found[f"{name}_issue"]}
            for name in ("plain", "grouped")
        }


def _mean(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over the seeds that each tool ran with, and the smallest AUROC."""
    found: dict[str, Any] = {}
    for tool in runs[0]:
        mine = [run[tool] for run in runs if tool in run]
        figures = {name: float(np.nanmean([run[name] for run in mine])) for name in mine[0]}
        found[tool] = {"seeds": len(mine), **figures, "lowest_auroc": min(run["auroc"] for run in mine)}
    return found


def _ham_rows(cache: Path | None) -> tuple[Any, Any, Any]:
    with (HAM / "metadata.csv").open(encoding="utf-8", newline="") as table:
        photos = list(csv.DictReader(table))
    lesions = np.array([p["lesion_id"] for p in photos])
    _, labels = np.unique([p["dx"] for p in photos], return_inverse=True)
    if cache is not None and cache.exists():
        return np.load(cache)["rows"], lesions, labels
    with ThreadPoolExecutor() as pool:
        rows = np.stack(list(pool.map(_row, (HAM / "images" / p["image"] for p in photos))))
    if cache is not None:
        np.savez(cache, rows=rows)
    return rows, lesions, labels


def _row(photo: Path) -> Any:
    blob = embedding.examine(Subject.read(photo)).blob
    assert blob is not None
    return embedding.rows(blob)[0]


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--cleanlab")
    parser.add_argument("--features", type=Path)
    options = parser.parse_args(argv)
    found = ham(options.full, options.cleanlab, options.features)
    result = {"threshold": default_thresholds()["label_suspect"], "ham10000": found}
    keep("label-suspects", result, options.full)
    if options.full:
        half = found["kept half"]["alike"]["squama"]
        told = f"AUROC {half['auroc']:.3f} (lowest {half['lowest_auroc']:.3f}), lift {half['lift_worst_5']:.1f}"
        log_look(
            f"ham10000_small, kept half and all, label swaps, seeds {SEEDS[0]} to {SEEDS[-1]}",
            "first look at label suspects; shrinkage, score and threshold were set on the other half",
            told + f", n = {found['kept half']['n']}",
            ["EfficientNet-lite0, ImageNet"],
        )


if __name__ == "__main__":
    main(sys.argv[1:])
