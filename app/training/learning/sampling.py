"""Which pieces an epoch shows: classes alike or as they come, and how many whole photos among lesions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.training.learning.samples import Piece
from app.training.learning.session import epoch_order
from app.training.plan import Plan


@dataclass(frozen=True, eq=False)
class Sampler:
    """``weights``: (N,) how often each piece is drawn, sum 1. ``seen``: (C,) how often each class, sum 1."""

    weights: NDArray[np.float64]
    seen: NDArray[np.float64]
    seed: int

    @property
    def count(self) -> int:
        """Pieces in an epoch."""
        return len(self._drawn) if self._alike else len(self.weights)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """The pieces of an epoch: each once where all are drawn alike, else by weight with replacement."""
        if self._alike:
            return self._drawn[epoch_order(len(self._drawn), self.seed, epoch)]
        return epoch_order(len(self.weights), self.seed, epoch, self.weights.tolist())

    @property
    def _drawn(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.weights)

    @property
    def _alike(self) -> bool:
        return bool(np.ptp(self.weights[self._drawn]) < 1e-12)


def sampler_of(pieces: Sequence[Piece], classes: int, plan: Plan) -> Sampler:
    """Lesions and whole photos by the plan's share, among each of them the classes alike or as they come."""
    labels = np.array([p.label for p in pieces])
    whole = np.array([p.box is None for p in pieces])
    share_whole = plan.whole_photos if whole.any() and not whole.all() else float(whole.all())
    weights = np.zeros(len(pieces))
    for kind, share in ((whole, share_whole), (~whole, 1 - share_whole)):
        if plan.rare == "balanced_sampling":
            counts = np.bincount(labels[kind], minlength=classes)
            each = share / max((counts > 0).sum(), 1) / np.maximum(counts, 1)
            weights[kind] = each[labels[kind]]
        else:
            weights[kind] = share / max(kind.sum(), 1)
    weights /= weights.sum()
    seen = np.zeros(classes)
    np.add.at(seen, labels, weights)
    return Sampler(weights, seen, plan.seed)
