"""Boxes in doubt (check ``box_suspect``): their shape, each other, and what a model and the other boxes make of them.

Overlooked, badly placed and swapped boxes are told as ObjectLab does (Tkachenko et al. 2023), from the model's answer
that is kept with a photo; swapped ones also from what the boxes of other patients look like. A photo has one finding,
of its worst reason, with all doubtful boxes. One without boxes counts only when somebody is through with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.cleaning.comparing import Context
from app.cleaning.examining import Examined, Photo
from app.cleaning.findings import Finding
from app.cleaning.label_rules import disease_name
from app.cleaning.labels import Sample, compared, doubt, embedded, group_of
from app.cleaning.subject import LabelledBox
from app.common.geometry import Box, iou
from app.common.packs import OTHER, Pack

CHECK = "box_suspect"
TINY = 0.015
"""Shorter side of a box by the photo's shorter side at which a score is 0.5."""
TINY_PIXELS = 10.0
WHOLE = 0.985
"""From this share of both sides on a box is as good as the photo itself."""
DOUBLE = 0.6
"""Overlap (IoU) of two boxes of one label at which a score is 0.5."""
NESTED = 0.9
"""Share of a box inside another one of its label from which it is nested."""
BEYOND = 0.02
"""Share of a box beyond the photo's border at which a score is 0.5."""
SURE = 0.5
"""Confidence of the model from which a lesion that nobody boxed is overlooked."""
APART, TOGETHER = 0.1, 0.5
"""Overlap (IoU) up to which two boxes are of different lesions, and from which on of the same one."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason. ``key`` of the catalogue with ``facts``."""

    score: float
    why: str
    boxes: tuple[Box, ...]
    facts: Mapping[str, Any]


def find(photos: Sequence[Examined], context: Context) -> Mapping[int, Sequence[Finding]]:
    """Photo id -> at most one finding."""
    boxed = [e for e in photos if e.photo.boxes or e.photo.flat or e.photo.verified]
    swapped = _swapped(boxed, context.pack)
    found: dict[int, Sequence[Finding]] = {}
    for n, examined in enumerate(boxed):
        if n % 1000 == 0:
            context.progress(n, len(boxed))
        photo = examined.photo
        doubts = [*by_shape(photo, examined.width, examined.height), *by_model(photo, context.pack)]
        doubts += swapped.get(photo.id, [])
        if doubts:
            found[photo.id] = [_finding(doubts)]
    return found


def by_shape(photo: Photo, width: int, height: int) -> Iterator[Doubt]:
    """Boxes without area, beyond the border, tiny, as large as the photo, twice there."""
    if photo.flat:
        yield Doubt(1.0, "check.box_suspect.flat", tuple(b.box for b in photo.flat), {})
    for labelled in photo.boxes:
        box = labelled.box
        inside = box.clipped(width, height)
        beyond = 1 - inside.area / box.area if not inside.is_empty else 1.0
        if beyond > 0:
            share = {"percent": max(1, round(100 * beyond))}
            yield Doubt(min(1.0, beyond / BEYOND / 2), "check.box_suspect.beyond", (box,), share)
        side = min(box.width, box.height)
        size = min(side / TINY_PIXELS, side / (TINY * min(width, height)))
        if size < 2:
            yield Doubt(1 - size / 2, "check.box_suspect.tiny", (box,), {"pixels": round(side)})
        if inside.width >= WHOLE * width and inside.height >= WHOLE * height and len(photo.boxes) > 1:
            yield Doubt(0.7, "check.box_suspect.whole", (box,), {})
        elif inside.width >= WHOLE * width and inside.height >= WHOLE * height:
            yield Doubt(0.45, "check.box_suspect.whole", (box,), {})
    yield from _doubles(photo.boxes)


def by_model(photo: Photo, pack: Pack) -> Iterator[Doubt]:
    """Lesions that the model is sure of and nobody boxed; boxes that do not fit one; boxes that it sees as the disease
    of the photo's other boxes or of its case (else it is the photo's label that is in doubt)."""
    lesions = list(_lesions(photo.answer, pack))
    sure = [lesion for lesion, score, _ in lesions if score >= SURE]
    for lesion, score, chances in lesions:
        overlaps = [iou(lesion, b.box) for b in photo.boxes]
        best = max(range(len(overlaps)), key=overlaps.__getitem__, default=None)
        covered = max((_inside(lesion, b.box) for b in photo.boxes), default=0.0)
        percent = {"percent": round(100 * score)}
        if best is None or (overlaps[best] < APART and covered < TOGETHER):
            if score >= SURE:
                yield Doubt(score, "check.box_suspect.overlooked", (lesion,), percent)
            continue
        mine = photo.boxes[best]
        if overlaps[best] >= TOGETHER:
            if mine.label in chances and score >= SURE:
                other = max(chances, key=lambda k: chances[k])
                if other != mine.label and other in _said_elsewhere(photo, mine):
                    yield _swap(mine, other, chances[mine.label], pack)
        elif score >= SURE and _alone(mine.box, lesion, photo.boxes, sure):
            yield Doubt(score * (1 - overlaps[best]) ** 0.5, "check.box_suspect.elsewhere", (mine.box, lesion), percent)


def _swapped(photos: Sequence[Examined], pack: Pack) -> dict[int, list[Doubt]]:
    """Boxes whose content looks like what the photo's other boxes, or its case, say."""
    groups = group_of(photos)
    samples = []
    for examined in photos:
        places, seen = embedded(examined) or ((), [])
        for row, place in enumerate(places):
            label = examined.photo.boxes[place].label
            if label != OTHER:
                samples.append(Sample(examined.photo.id, label, groups[examined.photo.id], seen[row], place))
    known = {e.photo.id: e.photo for e in photos}
    found: dict[int, list[Doubt]] = {}
    for sample, chances in zip(*compared(samples), strict=True):
        mine = known[sample.photo].boxes[sample.place]
        other = max((k for k in chances if k != mine.label), key=lambda k: chances[k])
        if other in _said_elsewhere(known[sample.photo], mine):
            found.setdefault(sample.photo, []).append(_swap(mine, other, chances[mine.label], pack))
    return found


def _doubles(boxes: Sequence[LabelledBox]) -> Iterator[Doubt]:
    """Pairs of one label that lie on each other; sorted by their left edges, so that few are compared."""
    ordered = sorted(boxes, key=lambda b: b.box.x0)
    for n, a in enumerate(ordered):
        for b in ordered[n + 1 :]:
            if b.box.x0 >= a.box.x1:
                break
            if a.label != b.label:
                continue
            overlap = iou(a.box, b.box)
            nested = max(_inside(a.box, b.box), _inside(b.box, a.box))
            if nested >= NESTED and overlap < DOUBLE:
                yield Doubt(0.55, "check.box_suspect.nested", (a.box, b.box), {})
            elif overlap >= DOUBLE / 2:
                score = (
                    min(1.0, 0.5 + (overlap - DOUBLE) / (1 - DOUBLE) / 2) if overlap >= DOUBLE else overlap / DOUBLE / 2
                )
                yield Doubt(score, "check.box_suspect.double", (a.box, b.box), {"percent": round(100 * overlap)})


def _lesions(answer: Mapping[str, Any] | None, pack: Pack) -> Iterator[tuple[Box, float, dict[str, float]]]:
    """Box, confidence and chances of each lesion of a model's answer."""
    if answer is None or (answer.get("unlike_training") or {}).get("flag"):
        return
    for lesion in answer.get("lesions", ()):
        chances = {str(r["disease"]): float(r["probability"]) for r in lesion["top3"]}
        rest = max(0.0, 1 - sum(chances.values())) / max(1, len(pack.keys) - len(chances))
        yield Box(*lesion["box"]), float(lesion["score"]), {k: chances.get(k, rest) for k in pack.keys}


def _alone(mine: Box, lesion: Box, boxes: Sequence[LabelledBox], lesions: Sequence[Box]) -> bool:
    """Whether these two are the only ones there: one box may well hold what the model took apart, or the other way."""
    return (
        sum(_inside(b.box, lesion) > APART for b in boxes) <= 1
        and sum(_inside(other, mine) > APART for other in lesions) <= 1
    )


def _said_elsewhere(photo: Photo, mine: LabelledBox) -> set[str | None]:
    """What the photo's other boxes and its case say."""
    return {photo.label, *(b.label for b in photo.boxes)} - {mine.label}


def _swap(mine: LabelledBox, other: str, chance: float, pack: Pack) -> Doubt:
    facts = {
        "label": disease_name(mine.label, pack),
        "other": disease_name(other, pack),
        "percent": math.ceil(100 * chance),
    }
    return Doubt(doubt(chance), "check.box_suspect.swapped", (mine.box,), facts)


def _inside(small: Box, large: Box) -> float:
    """Share of ``small`` that lies in ``large``."""
    part = Box(max(small.x0, large.x0), max(small.y0, large.y0), min(small.x1, large.x1), min(small.y1, large.y1))
    return 0.0 if part.is_empty or small.is_empty else part.area / small.area


def _finding(doubts: Sequence[Doubt]) -> Finding:
    """The worst reason, with the boxes that are half as doubtful at least, the worst first."""
    ordered = sorted(doubts, key=lambda d: -d.score)
    ordered = [d for d in ordered if d.score >= ordered[0].score / 2]
    boxes = tuple(dict.fromkeys(box for d in ordered for box in d.boxes))
    return Finding(CHECK, ordered[0].score, ordered[0].why, ordered[0].facts, boxes)
