"""How well "unlike the training data" tells strangers from phantoms: false alarms on unseen phantoms, and AUROC.

Strangers: blood cells (train no shipped model), dermoscopy, rendered documents, everyday pictures (scikit-image's).
The method was chosen by one half of the blood cells and of the dermoscopy (by a hash of the file's name), by the
documents and the everyday pictures; the other half of the first two is scored here. The rate on clinical photos
(development part) is reported apart: neither strangers nor phantoms.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from app.common.images import encode_jpeg
from app.common.phantoms import photos as phantom_photos
from benchmarks.clinical_split import FOLDER as CLINICAL
from benchmarks.clinical_split import photos as clinical_photos
from benchmarks.common import DATA, Share, keep
from benchmarks.shipped import kept_half, shipped

UNSEEN_SEED = 77_001
EVERYDAY = (
    "astronaut brick camera cat chelsea coffee coins grass gravel horse hubble_deep_field logo moon page rocket text"
)


def everyday() -> Iterator[np.ndarray]:
    """scikit-image's own pictures that come with the package (those that would be downloaded are left out)."""
    from skimage import data

    for name in EVERYDAY.split():
        loader = getattr(data, name, None)
        if loader is None:
            continue
        try:
            picture = np.asarray(loader())
        except (OSError, ModuleNotFoundError, ValueError):
            continue
        if picture.dtype == bool:
            picture = picture.astype(np.uint8) * 255
        if picture.ndim == 2:
            picture = np.repeat(picture[..., None], 3, axis=2)
        yield np.ascontiguousarray(picture[..., :3].astype(np.uint8))


def documents(count: int, seed: int = 5) -> Iterator[np.ndarray]:
    """Pages of rendered text: letters, tables, a form, on white or tinted paper."""
    rng = np.random.default_rng(seed)
    letters = list("abcdefghijklmnopqrstuvwxyz     ,.ABCDEFGH0123456789")
    for _ in range(count):
        page = np.full((800, 600, 3), rng.integers(215, 256, 3), np.uint8)
        step = int(rng.integers(14, 34))
        for y in range(40, 780, step):
            line = "".join(rng.choice(letters, int(rng.integers(10, 60))))
            cv2.putText(page, line, (30, y), cv2.FONT_HERSHEY_SIMPLEX, step / 40, (30, 30, 30), 1, cv2.LINE_AA)
        if rng.random() < 0.5:
            for x in range(30, 600, int(rng.integers(60, 200))):
                cv2.line(page, (x, 30), (x, 780), (90, 90, 90), 1)
        yield page


def auroc(strangers: np.ndarray, own: np.ndarray) -> float:
    """P(a stranger scores higher than one's own), ties count half (Mann-Whitney)."""
    from sklearn.metrics import roc_auc_score

    labels = np.r_[np.ones(len(strangers)), np.zeros(len(own))]
    return float(roc_auc_score(labels, np.r_[strangers, own]))


def some(folder: str, pattern: str, count: int, seed: int = 3) -> list[Any]:
    files = [f for f in sorted((DATA / folder).glob(pattern)) if kept_half(f.name)]
    rng = np.random.default_rng(seed)
    return [files[i] for i in sorted(rng.permutation(len(files))[:count])]


def measure(full: bool) -> dict[str, Any]:
    models = shipped()
    count = 400 if full else 100

    def scores(pictures: Iterable[Any]) -> np.ndarray:
        """Of files, and of pixels written as the JPEG that a camera would write."""
        sources = (p if isinstance(p, Path) else encode_jpeg(p, 92) for p in pictures)
        return np.array([models.unlike(source)[0] for source in sources])

    own = scores(p.pixels for p in phantom_photos("A", patients=-(-count // 3), seed=UNSEEN_SEED))
    threshold = models.unlike(encode_jpeg(next(documents(1))))[1]
    result: dict[str, Any] = {
        "threshold": threshold,
        "false_alarms_on_unseen_phantoms": Share(int((own > threshold).sum()), len(own)).as_json(),
    }
    groups: dict[str, Iterable[Any]] = {
        "everyday": everyday(),
        "documents": documents(60 if full else 20),
        "phantoms_b": (p.pixels for p in phantom_photos("B", patients=-(-count // 6), seed=UNSEEN_SEED)),
    }
    if DATA.exists():
        groups["blood_cells"] = some("bccd_voc", "JPEGImages/*.jpg", count)
        groups["dermoscopy"] = some("ham10000_small", "images/*.jpg", count)
    if CLINICAL.exists():
        groups["clinical_development"] = [path for path, _ in clinical_photos("development")]
    for name, pictures in groups.items():
        strange = scores(pictures)
        result[name] = {
            "n": len(strange),
            "auroc": auroc(strange, own),
            "flagged": Share(int((strange > threshold).sum()), len(strange)).as_json(),
        }
    return {**result, "models": models.names()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    keep("unlike", measure(options.full), options.full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
