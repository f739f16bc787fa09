"""How far two persons agree who boxed the same photos: the boxes (F1 at an IoU), their fit, and the labels (kappa).

Boxes are matched one to one, greedily by falling IoU, whatever their labels: the pair that overlaps most first. Where
no two boxes of one person overlap, an IoU above 0.5 has one partner at most, so that this is the best matching too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from app.common.geometry import Box

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THRESHOLD = 0.5


class Marked(Protocol):
    """A box with a label: an :class:`app.annotation.document.Annotation` is one. "" is no label."""

    @property
    def box(self) -> Box: ...

    @property
    def label(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Match:
    """``a`` and ``b``: places in the two persons' boxes of a photo."""

    a: int
    b: int
    iou: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two persons' boxes of one photo: ``only_a`` and ``only_b`` have no partner, ``relabelled`` differ in label."""

    matches: tuple[Match, ...]
    only_a: tuple[int, ...]
    only_b: tuple[int, ...]
    relabelled: tuple[Match, ...]

    @property
    def agrees(self) -> bool:
        return not (self.only_a or self.only_b or self.relabelled)


@dataclass(frozen=True, slots=True)
class BoxedTwice:
    """One photo as two persons boxed it. ``group``: the patient, "" for one that is not known."""

    photo: int
    a: Sequence[Marked]
    b: Sequence[Marked]
    group: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """One pair of persons over their photos; a figure that nothing can be said of is nan.

    Attributes:
        photos: how many both are through with.
        boxes_a, boxes_b: how many boxes each drew.
        matched: pairs of boxes at the IoU or above.
        f1: 2 matched / (boxes_a + boxes_b); of a against b it is the same as of b against a.
        precision, recall: matched / boxes_b, matched / boxes_a: a taken as the truth.
        mean_iou: of the matched pairs.
        labelled: matched pairs with a label from both: what kappa and same_label are of.
        same_label: share of them with one label.
        kappa: Cohen's (1960), unweighted.
        intervals: 95 %, bootstrap over patients, for f1, mean_iou, same_label and kappa.
        differing: the photos on which a box or a label differs.
    """

    photos: int
    boxes_a: int
    boxes_b: int
    matched: int
    f1: float
    precision: float
    recall: float
    mean_iou: float
    labelled: int
    same_label: float
    kappa: float
    intervals: Mapping[str, tuple[float, float]]
    differing: tuple[int, ...]


def compare(a: Sequence[Marked], b: Sequence[Marked], threshold: float = THRESHOLD) -> Comparison:
    """Match two persons' boxes of one photo."""
    matches = match_boxes([m.box for m in a], [m.box for m in b], threshold)
    taken_a, taken_b = {m.a for m in matches}, {m.b for m in matches}
    return Comparison(
        matches,
        tuple(i for i in range(len(a)) if i not in taken_a),
        tuple(j for j in range(len(b)) if j not in taken_b),
        tuple(m for m in matches if a[m.a].label != b[m.b].label),
    )


def match_boxes(a: Sequence[Box], b: Sequence[Box], threshold: float = THRESHOLD) -> tuple[Match, ...]:
    """One to one, the pair that overlaps most first; of equals the first ones. In the order of ``a``."""
    import numpy as np

    from app.evaluation.detection import iou_matrix

    if not a or not b:
        return ()
    overlaps = iou_matrix(np.array([m.as_list() for m in a]), np.array([m.as_list() for m in b]))
    rows, columns = np.nonzero((overlaps >= threshold) & (overlaps > 0))
    order = np.argsort(-overlaps[rows, columns], kind="stable")
    found: dict[int, Match] = {}
    taken: set[int] = set()
    for i, j in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if i not in found and j not in taken:
            found[i] = Match(i, j, float(overlaps[i, j]))
            taken.add(j)
    return tuple(found[i] for i in sorted(found))


def agreement(
    photos: Iterable[BoxedTwice], threshold: float = THRESHOLD, repeats: int = 1000, seed: int = 0
) -> Agreement:
    """How far two persons agree over photos that both boxed; ``repeats`` draws for the intervals (0: none)."""

    from app.evaluation.intervals import bootstrap

    given = tuple(photos)
    compared = [compare(r.a, r.b, threshold) for r in given]
    labels = sorted({m.label for r in given for m in (*r.a, *r.b)} - {""})
    rows = _sums(given, compared, labels)
    groups = [r.group or f"photo-{r.photo}" for r in given]
    whole = _figures(rows.sum(0), len(labels))
    shown = ("f1", "mean_iou", "same_label", "kappa")

    def drawn(chosen: NDArray[np.int64]) -> dict[str, float]:
        figures = _figures(rows[chosen].sum(0), len(labels))
        return {name: figures[name] for name in shown}

    intervals = bootstrap(groups, drawn, repeats, seed)
    n_a, n_b, matched, _ = (rows[:, k].sum() for k in range(4))
    return Agreement(
        photos=len(given),
        boxes_a=int(n_a),
        boxes_b=int(n_b),
        matched=int(matched),
        f1=whole["f1"],
        precision=_ratio(float(matched), float(n_b)),
        recall=_ratio(float(matched), float(n_a)),
        mean_iou=whole["mean_iou"],
        labelled=int(rows[:, 4:].sum()),
        same_label=whole["same_label"],
        kappa=whole["kappa"],
        intervals=intervals,
        differing=tuple(r.photo for r, c in zip(given, compared, strict=True) if not c.agrees),
    )


def cohen_kappa(table: NDArray[np.floating]) -> float:
    """Cohen's kappa (1960) of a square table of counts, rows one rater, columns the other.

    nan without a count, and where both raters use one and the same label for everything: chance explains it all.
    """
    n = float(table.sum())
    if n == 0:
        return float("nan")
    chance = float((table.sum(0) * table.sum(1)).sum()) / (n * n)
    observed = float(table.trace()) / n
    return float("nan") if math.isclose(chance, 1.0) else (observed - chance) / (1 - chance)


def _sums(photos: Sequence[BoxedTwice], compared: Sequence[Comparison], labels: Sequence[str]) -> NDArray[np.float64]:
    """(photos, 4 + L * L): boxes of a, of b, matched, sum of IoU, then the table of labels, row by row."""
    import numpy as np

    place = {label: k for k, label in enumerate(labels)}
    rows = np.zeros((len(photos), 4 + len(labels) ** 2))
    for row, photo, one in zip(rows, photos, compared, strict=True):
        row[:4] = len(photo.a), len(photo.b), len(one.matches), sum(m.iou for m in one.matches)
        for m in one.matches:
            first, second = place.get(photo.a[m.a].label), place.get(photo.b[m.b].label)
            if first is not None and second is not None:
                row[4 + first * len(labels) + second] += 1
    return rows


def _figures(sums: NDArray[np.float64], labels: int) -> dict[str, float]:
    n_a, n_b, matched, overlap = (float(v) for v in sums[:4])
    table = sums[4:].reshape(labels, labels)
    return {
        "f1": _ratio(2 * matched, n_a + n_b),
        "mean_iou": _ratio(overlap, matched),
        "same_label": _ratio(float(table.trace()), float(table.sum())),
        "kappa": cohen_kappa(table),
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
