"""FROC: the share of lesions found against false alarms a photo (Chakraborty 1989), for one class or any lesion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.evaluation.detection import Found, Matches, Truth, match

Floats = NDArray[np.floating]
RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""False alarms a photo at which the mean sensitivity is taken (LUNA16's, Setio et al., MedIA 2017)."""


@dataclass(frozen=True, eq=False)
class Froc:
    """The curve as the score falls: ``alarms`` (D,) false alarms a photo, ``sensitivity`` (D,), ``scores`` (D,).

    ``lesions``: how many there are to find. ``mean``: of the sensitivity at :data:`RATES`; nan without a lesion.
    """

    alarms: Floats
    sensitivity: Floats
    scores: Floats
    lesions: int

    def at(self, rate: float) -> float:
        """Sensitivity where at most ``rate`` false alarms a photo are allowed."""
        if self.lesions == 0:
            return float("nan")
        within = np.flatnonzero(self.alarms <= rate + 1e-12)
        return float(self.sensitivity[within[-1]]) if len(within) else 0.0

    @property
    def mean(self) -> float:
        return float(np.mean([self.at(rate) for rate in RATES]))


def froc(truths: Sequence[Truth], found: Sequence[Found], label: int | None = None, threshold: float = 0.5) -> Froc:
    """The curve of the class ``label``; None: of any lesion, whatever it is called.

    A detection that meets a difficult box counts as neither. Of several classes' detections of one place the best
    counts as the lesion and the others as false alarms, as a reader would see them.
    """
    if label is None:
        truths, found, label = [_nameless(t) for t in truths], [_unnamed(f) for f in found], 0
    return _curve(match(truths, found, label, threshold), len(truths))


def _curve(matches: Matches, photos: int) -> Froc:
    hits, alarms = np.cumsum(matches.hit), np.cumsum(matches.missed)
    # Equal scores come or go together: a curve's point is the last of them.
    ends = np.flatnonzero(np.append(np.diff(matches.scores) != 0, True)) if len(matches.scores) else np.zeros(0, int)
    return Froc(
        alarms=alarms[ends] / max(photos, 1),
        sensitivity=hits[ends] / max(matches.n, 1),
        scores=matches.scores[ends],
        lesions=matches.n,
    )


def _nameless(truth: Truth) -> Truth:
    """Each place once: a box that is difficult for several classes stands there several times."""
    if len(truth.boxes) == 0:
        return truth
    _, first = np.unique(np.column_stack([truth.boxes, truth.difficult]), axis=0, return_index=True)
    keep = np.sort(first)
    return Truth(truth.boxes[keep], np.zeros(len(keep), np.int64), truth.difficult[keep])


def _unnamed(found: Found) -> Found:
    return Found(found.boxes, np.zeros(len(found.labels), np.int64), found.scores)
