"""Two sides of one photo's boxes, what differs, and the boxes that are agreed on in the end. Pure.

The sides are two persons who boxed the photo apart from each other, or a person's boxes and those of a file that
another program has changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from app.annotation.document import Annotation, Document, new_id
from app.common.geometry import Box, iou
from app.evaluation.agreement import THRESHOLD, compare

Kind = Literal["only_left", "only_right", "label", "place"]
Verdict = Literal["", "left", "right", "both", "none", "edited"]

SAME_PLACE = 0.8
"""IoU from which two boxes of one label are the same box: their mean is taken."""


@dataclass(frozen=True, slots=True)
class Difference:
    """``left`` and ``right`` are the same lesion, seen differently; None where that side has no box for it."""

    kind: Kind
    left: Annotation | None
    right: Annotation | None

    @property
    def boxes(self) -> tuple[Annotation, ...]:
        return tuple(a for a in (self.left, self.right) if a is not None)

    @property
    def extent(self) -> Box:
        """Around both, photo pixels."""
        boxes = [a.box for a in self.boxes]
        return Box(
            min(b.x0 for b in boxes), min(b.y0 for b in boxes), max(b.x1 for b in boxes), max(b.y1 for b in boxes)
        )


@dataclass(frozen=True)
class Settling:
    """How far one photo is: ``result`` holds what both sides agree on, and what the verdicts brought.

    A box of the right side that shares its id with one of the left (both accepted one suggestion) has another here,
    also in ``right``.
    """

    left: Document
    right: Document
    differences: tuple[Difference, ...]
    verdicts: tuple[Verdict, ...]
    result: Document

    @property
    def open(self) -> int:
        """How many differences nobody has decided yet."""
        return self.verdicts.count("")


def begin(left: Document, right: Document, threshold: float = THRESHOLD, same_place: float = SAME_PLACE) -> Settling:
    """Match the sides' boxes by IoU; in the order of the photo, from the top left."""
    taken = set(left.by_id)
    a = left.annotations
    b = tuple(replace(x, id=new_id()) if x.id in taken else x for x in right.annotations)
    found = compare(a, b, threshold)
    agreed: list[Annotation] = []
    differ: list[Difference] = []
    for match in found.matches:
        first, second = a[match.a], b[match.b]
        if first.label != second.label:
            differ.append(Difference("label", first, second))
        elif match.iou < same_place:
            differ.append(Difference("place", first, second))
        else:
            agreed.append(_mean(first, second))
    differ.extend(Difference("only_left", a[i], None) for i in found.only_a)
    differ.extend(Difference("only_right", None, b[j]) for j in found.only_b)
    differ.sort(key=lambda d: (d.extent.y0, d.extent.x0))
    nothing: Verdict = ""
    result = Document(left.width, left.height, tuple(agreed))
    return Settling(left, replace(right, annotations=b), tuple(differ), (nothing,) * len(differ), result)


def decide(now: Settling, number: int, verdict: Verdict) -> Settling:
    """The difference ``number`` (from 0) settled so: what it had brought before leaves the result again."""
    difference = now.differences[number]
    chosen = {
        "left": (difference.left,),
        "right": (difference.right,),
        "both": difference.boxes,
        "edited": difference.boxes[:1],
    }.get(verdict, ())
    old = {a.id for a in difference.boxes}
    boxes = [x for x in now.result.annotations if x.id not in old]
    boxes.extend(replace(x, verified=True) for x in chosen if x is not None)
    return _with(now, boxes, {number: verdict})


def change(now: Settling, result: Document) -> Settling:
    """The result as a person has changed it by hand; differences whose boxes it touched count as edited."""
    touched = {
        x.id for x in (*now.result.annotations, *result.annotations) if now.result.find(x.id) != result.find(x.id)
    }
    edited: dict[int, Verdict] = {
        n: "edited" for n, d in enumerate(now.differences) if touched & {a.id for a in d.boxes}
    }
    return _with(now, result.annotations, edited)


def finished(now: Settling) -> Document:
    """The boxes to keep: every one confirmed, the photo gone through."""
    boxes = tuple(replace(x, verified=True) for x in now.result.annotations)
    return replace(now.result, annotations=boxes, verified=True)


def _with(now: Settling, boxes: Iterable[Annotation], verdicts: dict[int, Verdict]) -> Settling:
    result = replace(now.result, annotations=tuple(boxes))
    return replace(now, result=result, verdicts=tuple(verdicts.get(n, v) for n, v in enumerate(now.verdicts)))


def _mean(a: Annotation, b: Annotation) -> Annotation:
    """The left one's box, half way to the right one's."""
    if a.box == b.box or iou(a.box, b.box) == 1:
        return replace(a, verified=True)
    corners = ((p + q) / 2 for p, q in zip(a.box.as_list(), b.box.as_list(), strict=True))
    return replace(a, box=Box(*corners), verified=True)
