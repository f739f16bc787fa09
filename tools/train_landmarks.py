"""Learns the components behind ``app.cleaning.landmarks``: ``python tools/train_landmarks.py FOLDER...`` of photos.

The shipped ones come from ``isic2016_lesions`` (CC-0) and the demo's phantom photos.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.cleaning.landmarks import BITS, MODEL, descriptors
from app.cleaning.subject import Subject
from app.common.images import walk_photos


def main(folders: list[str]) -> None:
    photos = [photo for folder in folders for photo in walk_photos([Path(folder)])]
    rows = np.vstack([descriptors(Subject.read(photo).small) for photo in photos])
    mean = rows.mean(0)
    _, sizes, components = np.linalg.svd(rows - mean, full_matrices=False)
    turned, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(BITS, BITS)))
    axes = (components[:BITS].T / np.sqrt(sizes[:BITS])) @ turned
    axes /= np.linalg.norm(axes, axis=0)
    np.savez_compressed(MODEL, mean=mean.astype(np.float16), axes=axes.astype(np.float16))


if __name__ == "__main__":
    main(sys.argv[1:])
