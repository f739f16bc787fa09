"""Folds that keep a patient's photos together, and a frozen data set seen through one of them."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.common.errors import UserError
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage

VALIDATION = 8
"""One in so many of the training part's patients validates: temperature, early stopping, the best epoch."""


@dataclass(frozen=True)
class Fold:
    """Fold ``fold`` (from 0) of ``folds`` in repeat ``repeat``, which is also the seed of the division."""

    folds: int
    repeat: int
    fold: int


def learnable(dataset: FrozenDataset) -> tuple[FrozenImage, ...]:
    """What an experiment uses: train and val; the test part stays untouched. Photos of no class of it are left out."""
    return tuple(i for i in dataset.images if i.split != "test" and _label(i, dataset.classes) is not None)


def seen_through(dataset: FrozenDataset, fold: Fold) -> FrozenDataset:
    """The data set whose test part is the fold, and whose train and val parts are the rest.

    The division is that of scikit-learn's ``StratifiedGroupKFold(folds, shuffle=True, random_state=repeat)`` over the
    images of :func:`learnable` in their order; one of eight parts of the rest, made likewise, is the val part.

    Raises:
        UserError: ``too_few_groups``.
    """
    images = learnable(dataset)
    labels = [str(_label(i, dataset.classes)) for i in images]
    groups = [i.group for i in images]
    tested = np.array(_division(tuple(labels), tuple(groups), fold.folds, fold.repeat)) == fold.fold
    rest = np.flatnonzero(~tested)
    parts = min(VALIDATION, len({groups[n] for n in rest}))
    if parts < 2:
        raise UserError("too_few_groups", groups=len(set(groups)), parts=fold.folds)
    inner = _division(tuple(labels[n] for n in rest), tuple(groups[n] for n in rest), parts, fold.repeat)
    validates = {int(n) for n, part in zip(rest, inner, strict=True) if part == 0}
    divided = [
        replace(image, split="test" if tested[n] else "val" if n in validates else "train")
        for n, image in enumerate(images)
    ]
    return replace(dataset, images=tuple(divided))


def scarce(dataset: FrozenDataset, folds: int) -> dict[str, int]:
    """The classes that have photos but fewer patients than folds, and how many: one fold cannot learn or test them."""
    patients: dict[str, set[str]] = defaultdict(set)
    for image in learnable(dataset):
        patients[str(_label(image, dataset.classes))].add(image.group)
    return {key: len(patients[key]) for key in dataset.classes if 0 < len(patients[key]) < folds}


def _label(image: FrozenImage, classes: Sequence[str]) -> str | None:
    """The photo's disease, else the most frequent one of its boxes (of equals the first in order)."""
    if image.label in classes:
        return image.label
    found = [label for _, label in image.boxes if label in classes]
    return max(sorted(set(found), key=list(classes).index), key=found.count) if found else None


@lru_cache(maxsize=64)
def _division(labels: tuple[str, ...], groups: tuple[str, ...], folds: int, seed: int) -> tuple[int, ...]:
    """The fold of each image."""
    from sklearn.model_selection import StratifiedGroupKFold

    if len(set(groups)) < folds:
        raise UserError("too_few_groups", groups=len(set(groups)), parts=folds)
    most = max(labels.count(label) for label in set(labels))
    if most < folds:  # nothing can be kept in proportion; the groups alone are divided
        labels = ("",) * len(labels)
    found: NDArray[np.int64] = np.zeros(len(labels), np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of rare classes: `scarce` says it in plain words
        divider = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        for number, (_, tested) in enumerate(divider.split(np.zeros(len(labels)), labels, groups)):
            found[tested] = number
    return tuple(int(n) for n in found)
