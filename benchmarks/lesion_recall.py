"""Recall of lesion boxes at IoU 0.5 on the half of ISIC 2016 that no model was trained on."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import cv2
import numpy as np

from app.common.geometry import Box, iou
from benchmarks.common import DATA, Share, keep, log_look
from benchmarks.shipped import kept_half, shipped

FOLDER = DATA / "isic2016_lesions"


def mask_box(mask: np.ndarray) -> Box:
    """The extent of a mask (H, W), in pixel edges."""
    ys, xs = np.nonzero(mask > 127)
    return Box(float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))


def measure(min_scores: tuple[float, ...] = (0.5, 0.3, 0.05)) -> dict[str, Any]:
    models = shipped()
    best: list[list[tuple[float, float]]] = []
    for image in sorted(FOLDER.joinpath("images").glob("*.jpg")):
        if not kept_half(image.name):
            continue
        mask = cv2.imread(str(FOLDER / "masks" / f"{image.stem}_Segmentation.png"), cv2.IMREAD_GRAYSCALE)
        if mask is None:
            raise FileNotFoundError(f"{image.stem}: no mask")
        truth = mask_box(mask)
        lesions = models.answer(image, min(min_scores))["lesions"]
        best.append([(lesion["score"], iou(Box(*lesion["box"]), truth)) for lesion in lesions])
    recall = {
        str(s): Share(
            sum(any(score >= s and overlap >= 0.5 for score, overlap in row) for row in best), len(best)
        ).as_json()
        for s in min_scores
    }
    boxes = {str(s): sum(sum(score >= s for score, _ in row) for row in best) / len(best) for s in min_scores}
    return {"recall_at_iou50_by_min_score": recall, "boxes_per_photo": boxes, "models": models.names()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--why", default="bench")
    options = parser.parse_args()
    if not FOLDER.exists():
        print("isic2016_lesions is not beside this checkout: not run", file=sys.stderr)
        return 0
    result = measure()
    found = result["recall_at_iou50_by_min_score"]["0.5"]
    log_look("isic2016_lesions, kept half", options.why, f"recall {Share(found['hits'], found['n'])}", result["models"])
    keep("lesion-recall", result, full=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
