"""Whether a classifier is as sure as it is right: the reliability diagram (DeGroot and Fienberg, 1983)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.evaluation.intervals import Interval, wilson


@dataclass(frozen=True)
class Bin:
    """Cases whose top probability lies in (``low``, ``high``]: how sure it was on average, and how often right.

    ``interval``: Wilson's 95 % of ``right``.
    """

    low: float
    high: float
    n: int
    sure: float
    right: float
    interval: Interval


def reliability(truth: NDArray[np.integer], p: NDArray[np.floating], bins: int = 15) -> tuple[Bin, ...]:
    """The bins of equal width that hold a case, from the least sure on.

    Args:
        truth: (N,) class indices.
        p: (N, classes) probabilities.
    """
    if len(truth) == 0:
        return ()
    sure, hit = p.max(1), p.argmax(1) == truth
    place = np.minimum((sure * bins).astype(int), bins - 1)
    found = []
    for b in np.unique(place):
        here = place == b
        n, hits = int(here.sum()), int(hit[here].sum())
        found.append(Bin(b / bins, (b + 1) / bins, n, float(sure[here].mean()), hits / n, wilson(hits, n)))
    return tuple(found)
