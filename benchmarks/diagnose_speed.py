"""A 12-megapixel JPEG from file to boxes: every stage, against plain eager PyTorch in the same run.

Plain: the whole photo decoded with Pillow, resized with torch's anti-aliased ``interpolate``, both networks as they
were trained (no folding, default memory layout, float32) in eager mode, crops resized by torch. The two take turns, so
that whatever else the machine does falls on both; each ratio is the median of the turns' ratios.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from app.common.errors import UserError
from app.common.geometry import Box, iou
from app.common.images import encode_jpeg
from app.common.phantoms import photos
from app.inference.crops import crop_region
from app.inference.diagnose import SAME_LESION, load_diagnoser
from app.inference.models import InstalledModel, find_model
from app.inference.pixels import detector_size
from app.inference.weights import load_network, write_untrained
from benchmarks.common import keep

STAGES = ("decode", "detect", "classify", "total")
WIDTH, HEIGHT = 4000, 3000


class Plain:
    """What one writes first: correct, and no more."""

    def __init__(self, detector: InstalledModel, classifier: InstalledModel) -> None:
        self.finder: Any = load_network(detector)[0]
        self.namer: Any = load_network(classifier)[0]
        self.see, self.name = detector.manifest.preprocessing, classifier.manifest.preprocessing

    @torch.no_grad()
    def __call__(self, file: Path, min_score: float) -> tuple[dict[str, float], list[Box]]:
        start = perf_counter()
        with Image.open(file) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        photo = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255
        decoded = perf_counter()
        high, wide = photo.shape[-2:]
        w, h = detector_size(wide, high, self.see)
        small = functional.interpolate(photo, (h, w), mode="bilinear", antialias=True)
        raw = self.finder([self.normal(small, self.see)[0]])[0]
        boxes: list[Box] = []
        for (x0, y0, x1, y1), score in zip(raw["boxes"].tolist(), raw["scores"].tolist(), strict=True):
            box = Box(x0 * wide / w, y0 * high / h, x1 * wide / w, y1 * high / h)
            if score >= min_score and all(iou(box, other) <= SAME_LESION for other in boxes):
                boxes.append(box)
        detected = perf_counter()
        size = self.name.size
        for box in [*boxes, Box(0, 0, wide, high)]:
            r = crop_region(box, self.name.margin, wide, high)
            crop = photo[..., int(r.y0) : int(r.y1) + 1, int(r.x0) : int(r.x1) + 1]
            crop = functional.interpolate(crop, (size, size), mode="bilinear", antialias=True)
            self.namer(self.normal(crop, self.name)).softmax(1)
        end = perf_counter()
        marks = (decoded - start, detected - decoded, end - detected, end - start)
        return {stage: 1000 * value for stage, value in zip(STAGES, marks, strict=True)}, boxes

    @staticmethod
    def normal(x: torch.Tensor, how: Any) -> torch.Tensor:
        return (x - torch.tensor(how.mean)[:, None, None]) / torch.tensor(how.std)[:, None, None]


def twelve_megapixels(seed: int = 5) -> bytes:
    """A phantom photo enlarged to 4000 x 3000 with a camera's noise, as a JPEG of quality 92."""
    pixels = next(iter(photos("A", 1, seed))).pixels
    large = cv2.resize(pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    noise = np.random.default_rng(seed).integers(-4, 5, large.shape[:2], np.int16)
    return encode_jpeg((large + noise[..., None]).clip(0, 255).astype(np.uint8))


def models(folder: Path) -> tuple[InstalledModel, InstalledModel, bool]:
    """The shipped models, or untrained ones of the same kind where there are none."""
    try:
        return find_model(None, "detect"), find_model(None, "classify"), True
    except UserError:
        return (
            write_untrained(folder, "detect", "untrained-detector"),
            write_untrained(folder, "classify", "untrained"),
            False,
        )


def ratio(ours: list[dict[str, float]], theirs: list[dict[str, float]], stage: str) -> float:
    return statistics.median(b[stage] / a[stage] for a, b in zip(ours, theirs, strict=True))


def medians(turns: list[dict[str, float]]) -> dict[str, float]:
    return {stage: round(statistics.median(t[stage] for t in turns), 1) for stage in STAGES}


def measure(runs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        detector, classifier, trained = models(Path(folder))
        file = Path(folder) / "photo.jpg"
        file.write_bytes(twelve_megapixels())
        diagnoser, plain = load_diagnoser(detector, classifier, "cpu"), Plain(detector, classifier)
        least = 0.5 if trained else 0.05
        work: list[Callable[[], Any]] = [lambda: diagnoser.diagnose(file, (), least), lambda: plain(file, least)]
        answer, (_, boxes) = work[0](), work[1]()
        ours, theirs = [], []
        for _ in range(runs):
            ours.append(work[0]().timings_ms)
            theirs.append(work[1]()[0])
    return {
        "photo": f"{WIDTH} x {HEIGHT} JPEG",
        "models": [detector.manifest.label, classifier.manifest.label],
        "trained": trained,
        "threads": torch.get_num_threads(),
        "runs": runs,
        "lesions": {"squama": len(answer.lesions), "plain": len(boxes)},
        "squama_ms": medians(ours),
        "plain_ms": medians(theirs),
        "plain_over_squama": {stage: round(ratio(ours, theirs, stage), 2) for stage in STAGES},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    keep("diagnose-speed", measure(31 if options.full else 9), options.full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
