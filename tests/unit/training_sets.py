"""Tiny frozen data sets for tests of learning: uneven over three diseases, one lesion a photo."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np

from app.common.geometry import Box
from app.common.packs import load_pack
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage

CLASSES = load_pack().keys


def blobs(folder: Path, learn: int = 12, validate: int = 6, colour: int = 120) -> FrozenDataset:
    """Photos of 72 x 56 with a coloured square of its disease's colour; ``colour``: how much it stands out."""
    rng = np.random.default_rng(0)
    images = []
    for n in range(learn + validate):
        kind = (0, 0, 0, 1, 1, 2)[n % 6]
        pixels = rng.integers(140, 180, (56, 72, 3)).astype(np.uint8)
        x, y = (int(v) for v in rng.integers(8, 28, 2))
        pixels[y : y + 20, x : x + 20] = np.eye(3, dtype=np.uint8)[kind] * np.uint8(colour) + rng.integers(30, 90)
        file = folder / f"{n}.png"
        file.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
        key, box = CLASSES[kind], Box(x, y, x + 20, y + 20)
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        images.append(
            FrozenImage(
                id=n,
                path=file,
                label=key,
                boxes=((box, key),),
                patient=f"P{n}",
                lesion=None,
                group=f"P{n}",
                split="train" if n < learn else "val",
                folds=(),
                width=72,
                height=56,
                sha256=sha256,
            )
        )
    return FrozenDataset("tiny", "0" * 16, CLASSES, tuple(images))
