"""Every figure of a detector, from its boxes and the true ones: AP, FROC, by size and by kind of photo."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.evaluation import detection as d
from app.evaluation.froc import Froc, froc
from app.evaluation.intervals import Interval, bootstrap
from app.evaluation.strata import ap_by_size

REPEATS = 1000


@dataclass(frozen=True, eq=False)
class BoxFigures:
    """``overall``: map50_voc, map50_voc07, map_coco, map50_coco. ``n``: true boxes that count.

    ``intervals`` (95 %): of the two VOC means and of each class's AP as ``ap_<key>``. ``per_class``, ``by_size`` and
    ``by_kind[fact][value]``: (boxes, AP@0.5 or mAP@0.5). ``froc``: of any lesion, whatever it is called.
    """

    classes: tuple[str, ...]
    n: int
    photos: int
    groups: int
    overall: dict[str, float]
    intervals: dict[str, Interval]
    per_class: dict[str, tuple[int, float]]
    by_size: dict[str, tuple[int, float]]
    by_kind: dict[str, dict[str, tuple[int, float]]]
    froc: Froc


def box_figures(
    truths: Sequence[d.Truth],
    found: Sequence[d.Found],
    sizes: Sequence[tuple[int, int]],
    classes: Sequence[str],
    groups: Sequence[Hashable],
    kinds: Mapping[str, Sequence[str | None]] | None = None,
    repeats: int = REPEATS,
    seed: int = 0,
) -> BoxFigures:
    """Figures with intervals from a bootstrap over ``groups`` (of each photo: its patient).

    Args:
        sizes: width, height of each photo, pixels of the frame that the boxes are in.
        kinds: facts of the photos to look at apart (``{"distance": ["near", "far", None, ...]}``); None: not known.
    """
    keys = tuple(classes)
    matches = [d.match(truths, found, k) for k in range(len(keys))]

    def figures(of: NDArray[np.int64]) -> dict[str, float]:
        again = [d.drawn_again(m, of) for m in matches]
        each = [d.average_precision(m) for m in again]
        return {
            "map50_voc": d.mean_over_classes(each),
            "map50_voc07": d.mean_over_classes([d.average_precision_07(m) for m in again]),
            **{f"ap_{key}": value for key, value in zip(keys, each, strict=True)},
        }

    now = figures(np.arange(len(truths)))
    coco, coco50 = d.coco_map(truths, found, sizes, len(keys))
    return BoxFigures(
        classes=keys,
        n=_count(truths),
        photos=len(truths),
        groups=len(set(groups)),
        overall={
            "map50_voc": now["map50_voc"],
            "map50_voc07": now["map50_voc07"],
            "map_coco": coco,
            "map50_coco": coco50,
        },
        intervals=bootstrap(groups, figures, repeats, seed),
        per_class={key: (m.n, now[f"ap_{key}"]) for key, m in zip(keys, matches, strict=True)},
        by_size=ap_by_size(truths, found, sizes, len(keys)),
        by_kind={fact: _by_kind(truths, found, values, len(keys)) for fact, values in (kinds or {}).items()},
        froc=froc(truths, found),
    )


def _by_kind(
    truths: Sequence[d.Truth], found: Sequence[d.Found], values: Sequence[str | None], classes: int
) -> dict[str, tuple[int, float]]:
    answer = {}
    for value in sorted({v for v in values if v is not None}):
        of = [k for k, v in enumerate(values) if v == value]
        some, theirs = [truths[k] for k in of], [found[k] for k in of]
        each = [d.average_precision(d.match(some, theirs, k)) for k in range(classes)]
        answer[value] = (_count(some), d.mean_over_classes(each))
    return answer


def _count(truths: Sequence[d.Truth]) -> int:
    return sum(int((~t.difficult).sum()) for t in truths)
