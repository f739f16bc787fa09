"""Diagnoses in doubt (check ``label_suspect``): what the other patients' photos, and a model's answer, make of a photo.

Photos with boxes are compared by what lies in their boxes, the others as a whole. The probability of a photo's label
comes from a head that saw neither its patient nor its lesion nor a copy of it (:mod:`app.cleaning.held_out`; the idea
is confident learning's, Northcutt et al. 2021); a model that was asked about the photo has the same say.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.cleaning import embedding, held_out
from app.cleaning.comparing import Context
from app.cleaning.examining import Examined, Photo
from app.cleaning.findings import Finding
from app.cleaning.label_rules import disease_name
from app.common.packs import OTHER, Pack

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHECK = "label_suspect"
PART = "embedding"
DECADES = 3.0
"""A label whose chance is ten to the minus this has score 1; score 0.5 is a chance of 3 %."""
LEAST_GROUPS = 6
"""A disease with fewer patients is compared with nobody."""
LEAST = 40
"""So few photos say nothing."""

Chances = Mapping[str, float]
"""Disease -> probability."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Something labelled that can be compared: a photo, or one box (``place`` in its photo's list)."""

    photo: int
    label: str
    group: int
    row: NDArray[np.float16]
    place: int = -1


def find(photos: Sequence[Examined], context: Context) -> Mapping[int, Sequence[Finding]]:
    """Photo id -> at most one finding."""
    groups = group_of(photos)
    whole = [s for e in photos if (s := _sample(e, groups[e.photo.id])) is not None]
    boxed = {e.photo.id for e in photos if e.photo.boxes}
    chances: dict[int, Chances] = {}
    for mine in ([s for s in whole if s.photo in boxed], [s for s in whole if s.photo not in boxed]):
        chances |= {s.photo: found for s, found in zip(*compared(mine), strict=True)}
        context.progress(len(chances), len(whole))
    found = {e.photo.id: _suspect(e.photo, chances.get(e.photo.id), context.pack) for e in photos}
    return {photo: [finding] for photo, finding in found.items() if finding is not None}


def compared(samples: Sequence[Sample]) -> tuple[list[Sample], list[Chances]]:
    """Those of ``samples`` that can be compared, and the chances of each by the other groups' samples."""
    patients = Counter(label for label, _ in {(s.label, s.group) for s in samples})
    labels = sorted(label for label, n in patients.items() if n >= LEAST_GROUPS)
    kept = [s for s in samples if s.label in labels]
    if len(labels) < 2 or len(kept) < LEAST:
        return [], []
    numbers = np.array([labels.index(s.label) for s in kept])
    rows = np.stack([s.row for s in kept])
    chances = held_out.probabilities(rows, numbers, [s.group for s in kept], len(labels))
    return kept, [dict(zip(labels, row, strict=True)) for row in chances.tolist()]


def group_of(photos: Sequence[Examined]) -> dict[int, int]:
    """Photo id -> a number that photos of one patient, one lesion or the same bytes share."""
    keys = [
        [("sha256", e.sha256), *_named("patient", e.photo.patient), *_named("lesion", e.photo.lesion)] for e in photos
    ]
    return {e.photo.id: group for e, group in zip(photos, held_out.joined(keys), strict=True)}


def embedded(examined: Examined) -> tuple[tuple[int, ...], NDArray[np.float16]] | None:
    """Places of the boxes that were seen and their rows, or no place and the photo's own row; None without features."""
    found = examined.found.get(PART)
    if found is None or found.blob is None:
        return None
    return tuple(found.measured["boxes"]), embedding.rows(found.blob)


def said(answer: Mapping[str, object] | None, pack: Pack) -> Chances:
    """What a model said of the photo; nothing where the photo was unlike its training data, or of other diseases."""
    if answer is None or _strange(answer):
        return {}
    top = answer.get("top3")
    ranked = {str(r["disease"]): float(r["probability"]) for r in top} if isinstance(top, list) else {}
    if not ranked or not set(ranked) <= set(pack.keys):
        return {}
    rest = max(0.0, 1 - sum(ranked.values())) / max(1, len(pack.keys) - len(ranked))
    return {key: ranked.get(key, rest) for key in pack.keys}


def doubt(chance: float) -> float:
    """Score 0..1 of a label with this probability."""
    return min(1.0, -math.log10(max(chance, 1e-12)) / DECADES)


def _suspect(photo: Photo, others: Chances | None, pack: Pack) -> Finding | None:
    if photo.label is None or photo.label == OTHER:
        return None
    model = said(photo.answer, pack)
    views = [v for v in (others, model) if v and photo.label in v]
    if not views:
        return None
    chances = _together(views)
    best = max((k for k in chances if k != photo.label), key=lambda k: chances[k])
    facts = {
        "label": disease_name(photo.label, pack),
        "other": disease_name(best, pack),
        "percent": _percent(chances[photo.label]),
    }
    by_model = len(views) == 1 and not others
    why = "check.label_suspect.model" if by_model else "check.label_suspect.why"
    return Finding(CHECK, doubt(chances[photo.label]), why, facts)


def _together(views: Sequence[Chances]) -> dict[str, float]:
    """The geometric mean, so that a view without an opinion leaves the other's."""
    means = {k: math.exp(sum(math.log(max(v.get(k, 0.0), 1e-6)) for v in views) / len(views)) for k in views[0]}
    return {k: mean / sum(means.values()) for k, mean in means.items()}


def _sample(examined: Examined, group: int) -> Sample | None:
    photo, rows = examined.photo, embedded(examined)
    if photo.label is None or photo.label == OTHER or rows is None:
        return None
    places, seen = rows
    own = [n for n, place in enumerate(places) if photo.boxes[place].label == photo.label]
    chosen = own or list(range(len(seen)))
    row = np.asarray(seen[chosen].astype(np.float32).mean(axis=0), np.float16)
    return Sample(photo.id, photo.label, group, row)


def _strange(answer: Mapping[str, object]) -> bool:
    unlike = answer.get("unlike_training")
    return isinstance(unlike, Mapping) and bool(unlike.get("flag"))


def _named(kind: str, value: str | None) -> list[tuple[str, str]]:
    return [] if value is None else [(kind, value)]


def _percent(chance: float) -> float:
    """Two digits at most, never nothing: 0.1, 0.3, 4, 37."""
    return max(0.1, round(100 * chance, 1)) if chance < 0.01 else round(100 * chance)
