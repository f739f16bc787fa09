"""All patches of a part of a frozen data set as features, kept in the workspace's cache: no fold changes them."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from app.common.errors import UserError
from app.common.files import write_atomically, write_error
from app.common.workspace import Workspace
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage
from app.training.plan import Features, Plan
from app.training.visual_features.features import LOCAL, local_features, patch_features

MAKING = 1
"""Counted up when the same patch gives other features; older files in the cache are then made anew."""
CHUNK = 64


@dataclass(frozen=True, eq=False)
class Patches:
    """Features of N patches of images in the data set's order.

    ``rows``: (N, D); for local features (all descriptors, D), those of patch n from ``starts[n]`` to ``starts[n + 1]``.
    ``images``: (N,) ids; ``numbers``: (N,) the patch's place in its image; ``labels``: (N,) class indices.
    """

    rows: NDArray[np.float32] | NDArray[np.uint8]
    starts: NDArray[np.int64]
    images: NDArray[np.int64]
    numbers: NDArray[np.int64]
    labels: NDArray[np.int64]

    def descriptors(self, n: int) -> NDArray[np.uint8] | NDArray[np.float32]:
        return self.rows[self.starts[n] : self.starts[n + 1]]


def features_of(plan: Plan, dataset: FrozenDataset, workspace: Workspace) -> Patches:
    """Features of every patch of the train, val and test parts, from the cache where they are there.

    A patch is what a classifier would see: the square around a box, or the middle of a photo without boxes.

    Raises:
        UserError: ``photo_changed`` and those of reading photos.
    """
    kind = kind_of(plan)
    file = workspace.cache / "visual-features" / f"{dataset.hash}-{kind}-{_key(plan, kind)}.npz"
    found = _read(file)
    if found is None:
        found = _made(plan, kind, dataset)
        _write(file, found)
    return found


def kind_of(plan: Plan) -> Features:
    """The features behind the network's name. Raises UserError ``unknown_architecture``."""
    known: dict[str, Features] = {
        "svm-sift": "sift",
        "svm-hog": "hog",
        "svm-colour_histogram": "colour_histogram",
        "svm-colour_names": "colour_names",
        "svm-lbp": "lbp",
        "svm-sift_colour_names": "sift_colour_names",
    }
    if plan.network not in known:
        raise UserError("unknown_architecture", name=plan.network, known=", ".join(known))
    return known[plan.network]


def _key(plan: Plan, kind: Features) -> str:
    """What the features depend on beside the data set."""
    facts = [MAKING, cv2.__version__, plan.size, plan.margin]
    if kind == "colour_names":
        facts.append(plan.visual_features.strips)
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def _made(plan: Plan, kind: Features, dataset: FrozenDataset) -> Patches:
    rows, images, numbers, labels = [], [], [], []
    for image, number, label, pixels in _squares(plan, dataset):
        rows.append(
            local_features(kind, pixels) if kind in LOCAL else patch_features(kind, pixels, plan.visual_features)[None]
        )
        images.append(image)
        numbers.append(number)
        labels.append(label)
    if not rows:
        raise UserError("no_training_images", dataset=dataset.full_name)
    starts = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    of_all: Any = np.concatenate(rows)
    return Patches(of_all, starts, *(np.array(v, np.int64) for v in (images, numbers, labels)))


def _squares(plan: Plan, dataset: FrozenDataset) -> Iterator[tuple[int, int, int, NDArray[np.uint8]]]:
    from app.training.learning.samples import load_pieces, squares

    for chunk in _chunks(dataset.images):
        pieces = load_pieces(chunk, dataset.classes, plan.size, plan.margin, whole=False)
        if not pieces:
            continue
        seen: Counter[int] = Counter()
        for piece, pixels in zip(pieces, squares(pieces, plan.size), strict=True):
            yield piece.image.id, seen[piece.image.id], piece.label, pixels
            seen[piece.image.id] += 1


def _chunks(images: Sequence[FrozenImage]) -> list[Sequence[FrozenImage]]:
    return [images[start : start + CHUNK] for start in range(0, len(images), CHUNK)]


def _read(file: Path) -> Patches | None:
    """None where nothing is there, or what is there is damaged."""
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as held:
            return Patches(held["rows"], held["starts"], held["images"], held["numbers"], held["labels"])
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None


def _write(file: Path, patches: Patches) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **{name: getattr(patches, name) for name in ("rows", "starts", "images", "numbers", "labels")})
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, file.parent) from error
    write_atomically(file, buffer.getvalue())
