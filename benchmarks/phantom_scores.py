"""The shipped models on phantoms of unseen patients, beside the hand-made baseline in the same run.

``python -m benchmarks.phantom_scores [--full] --why "..."``: every run is a look at the test photos of A and B and is
logged. Test patients come from seeds that no training workspace uses. The baseline (SIFT words + HSV histogram + SVM)
learns from 300 patients of renderer A and answers for the same boxes as the classifier.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.common.geometry import Box
from app.common.images import Photo
from app.common.packs import load_pack
from app.common.phantoms import Nuisances, PhantomPhoto, Renderer, generator_hash, photos
from app.evaluation.classification import confusion, top_k
from app.evaluation.detection import Found, Truth, average_precision, drawn_again, match, mean_over_classes
from app.evaluation.intervals import bootstrap
from app.inference.diagnosis import Diagnosis
from benchmarks import phantom_baseline
from benchmarks.common import keep, log_look
from benchmarks.shipped import Shipped, shipped

TEST_SEED = 904_001
BASELINE_PATIENTS = 300
LOWEST_SCORE = 0.02


@dataclass(frozen=True, eq=False)
class Answered:
    photo: PhantomPhoto
    diagnosis: Diagnosis


def ask(models: Shipped, renderer: Renderer, patients: int, nuisances: Nuisances | None) -> list[Answered]:
    """Every test photo with the detector's lesions and the classifier's answer for each true box."""
    answered = []
    for p in photos(renderer, patients, TEST_SEED, nuisances=nuisances):
        photo = Photo(p.pixels, p.pixels.shape[1], p.pixels.shape[0])
        boxes = [Box(*lesion.box) for lesion in p.lesions]
        answered.append(Answered(p, models.diagnoser.diagnose(photo, boxes, min_score=LOWEST_SCORE)))
    return answered


def classification(rows: list[Answered]) -> dict[str, Any]:
    """Top-1 and top-3 of the true boxes, intervals over patients."""
    keys = load_pack().keys
    groups, truth, scores = [], [], []
    for row in rows:
        for lesion, answer in zip(row.photo.lesions, row.diagnosis.boxes, strict=True):
            groups.append(row.photo.patient.code)
            truth.append(keys.index(lesion.disease))
            given = {r.disease: r.probability for r in answer.top3}
            scores.append([given.get(k, 0.0) for k in keys])
    t, s = np.array(truth), np.array(scores)

    def figures(chosen: np.ndarray) -> dict[str, float]:
        return {"top1": top_k(t[chosen], s[chosen], 1), "top3": top_k(t[chosen], s[chosen], 3)}

    return {
        "boxes": len(t),
        "patients": len(set(groups)),
        **figures(np.arange(len(t))),
        "intervals": bootstrap(groups, figures, repeats=300),
        "confusion": confusion(t, s.argmax(1), len(keys)).tolist(),
    }


def detection(rows: list[Answered], named_by: str) -> dict[str, Any]:
    """mAP at IoU 0.5 (VOC2010+), classes named by the detector itself or by the classifier on the detector's boxes."""
    keys = load_pack().keys
    truths, found = [], []
    for row in rows:
        lesions = row.photo.lesions
        labels = np.array([keys.index(x.disease) for x in lesions], np.int64)
        truths.append(Truth(np.array([x.box for x in lesions], float), labels, np.zeros(len(lesions), bool)))
        seen = row.diagnosis.lesions
        names = [x.detector_disease if named_by == "detector" else x.disease for x in seen]
        found.append(Found.of([x.box.as_list() for x in seen], [keys.index(k) for k in names], [x.score for x in seen]))
    matches = [match(truths, found, k) for k in range(len(keys))]

    def figures(chosen: np.ndarray) -> dict[str, float]:
        return {"map50_voc": mean_over_classes([average_precision(drawn_again(m, chosen)) for m in matches])}

    whole = np.arange(len(rows))
    return {
        **figures(whole),
        "intervals": bootstrap([r.photo.patient.code for r in rows], figures, repeats=200),
        "per_class": {k: average_precision(m) for k, m in zip(keys, matches, strict=True)},
    }


def baseline(rows_by_renderer: dict[str, list[Answered]]) -> dict[str, float]:
    train = phantom_baseline.collect("A", BASELINE_PATIENTS, phantom_baseline.TRAIN_SEED)
    model = phantom_baseline.fit(train.pixels, train.labels)
    scores = {}
    for renderer, rows in rows_by_renderer.items():
        crops = phantom_baseline.crops_of(row.photo for row in rows)
        scores[renderer] = float(np.mean(model.predict(crops.pixels) == np.array(crops.labels)))
    return scores


def measure(full: bool) -> dict[str, Any]:
    models = shipped()
    patients = 150 if full else 40
    answers: dict[str, list[Answered]] = {r: ask(models, r, patients, None) for r in ("A", "B")}
    result: dict[str, Any] = {"generator": generator_hash(), "models": models.names()}
    result["baseline_top1"] = baseline(answers)
    for renderer, rows in answers.items():
        result[renderer] = {
            "classifier": classification(rows),
            "detector": detection(rows, "detector"),
            "detector_boxes_named_by_classifier": detection(rows, "classifier"),
        }
    fewer = patients // 2
    for name, nuisances in (("off", Nuisances.NONE), ("all", Nuisances.ALL)):
        rows = ask(models, "A", fewer, nuisances)
        result[f"A_nuisances_{name}"] = {"classifier": classification(rows), "detector": detection(rows, "detector")}
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--why", default="bench")
    options = parser.parse_args()
    result = measure(options.full)
    for renderer in ("A", "B"):
        log_look(
            f"phantom test patients of {renderer} (seed {TEST_SEED}), generator {result['generator'][:12]}",
            options.why,
            f"top-1 {result[renderer]['classifier']['top1']:.3f}, "
            f"mAP@0.5 {result[renderer]['detector']['map50_voc']:.3f}, "
            f"baseline top-1 {result['baseline_top1'][renderer]:.3f}",
            result["models"],
        )
    keep("phantom-scores", result, options.full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
