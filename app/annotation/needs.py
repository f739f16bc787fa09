"""Why a photo needs a person, worked out of its boxes, its marks and what the model sees on it.

A photo that was verified needs nobody, unless it was sent back afterwards.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from app.annotation.answers import Top3, suggestion_id, top3_of
from app.annotation.document import UNLABELLED, Annotation, Document
from app.common.geometry import Box, iou

Need = Literal["sent_back", "unboxed", "unlabelled", "disagrees", "unsure", "unverified"]
NEEDS: tuple[Need, ...] = get_args(Need)
"""Most pressing first."""

SAME_LESION = 0.5  # IoU from which a box and a lesion of the model's are one; at least 0.5
SURE = 0.5  # the model's confidence from which a lesion, or a disease, counts as its opinion
CLOSE = 0.2  # the two likeliest diseases this near each other: the model is not sure which (margin sampling)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A lesion of the model's, under its suggestion's id."""

    id: str
    box: Box
    top: Top3


def needs_of_row(boxes: int, verified: bool, rejected: str) -> tuple[Need, ...]:
    """What the photo list alone can say, without boxes and model: enough to find the next photo."""
    if rejected:
        return ("sent_back",) if boxes else ("sent_back", "unboxed")
    if verified:
        return ()
    return ("unverified",) if boxes else ("unboxed",)


def needs(document: Document, answer: Mapping[str, Any] | None = None, image_id: int = 0) -> tuple[Need, ...]:
    """Every reason that holds, most pressing first.

    - ``sent_back``: a person has rejected it.
    - ``unboxed``: no box, and nobody has verified that there is none.
    - ``unlabelled``: a box without a disease.
    - ``disagrees``: the model names another disease for a box (or sees a lesion where there is no box, and nobody has
      refused it), with confidence of at least :data:`SURE`.
    - ``unsure``: the model finds two diseases nearly as likely for a lesion that has no label yet.
    - ``unverified``: it has boxes, and nobody has verified the photo.

    Args:
        document: the photo's boxes and marks.
        answer: the contract's ``diagnose`` JSON, if the model has read the photo.
        image_id: of the photo, which its suggestions' ids carry.
    """
    plain = needs_of_row(len(document.annotations), document.verified, document.rejected)
    if not plain:
        return ()
    found = set(plain)
    if any(a.label == UNLABELLED for a in document.annotations):
        found.add("unlabelled")
    if answer is not None:
        found |= _beside_the_model(document, answer, image_id)
    return tuple(n for n in NEEDS if n in found)


def _beside_the_model(document: Document, answer: Mapping[str, Any], image_id: int) -> set[Need]:
    seen = [
        _Seen(suggestion_id(answer, image_id, int(lesion["number"])), Box(*lesion["box"]), top3_of(lesion))
        for lesion in answer.get("lesions", ())
        if lesion["score"] >= SURE and lesion["top3"]
    ]
    open_ = sorted((s for s in seen if s.id not in document.refused), key=lambda s: s.box.centre[0])
    boxes = _boxes_of(document, open_)
    return {need for lesion in open_ for need in _on_lesion(lesion, boxes[lesion.id], bool(document.annotations))}


def _on_lesion(lesion: _Seen, boxes: Sequence[Annotation], any_boxes: bool) -> Iterator[Need]:
    labels = {a.label for a in boxes} - {UNLABELLED}
    (first, sure), *others = lesion.top
    if labels:
        if first not in labels and sure >= SURE:
            yield "disagrees"
        return
    if any_boxes and not boxes:
        yield "disagrees"
    if others and sure - others[0][1] < CLOSE:
        yield "unsure"


def _boxes_of(document: Document, seen: Sequence[_Seen]) -> dict[str, list[Annotation]]:
    """The boxes at each lesion's place; ``seen`` in the order of the centres' x, since there may be thousands of boxes.

    Boxes that overlap by half hold each other's centre.
    """
    found: dict[str, list[Annotation]] = {s.id: [] for s in seen}
    centres = [s.box.centre[0] for s in seen]
    for one in document.annotations:
        near = seen[bisect_left(centres, one.box.x0) : bisect_right(centres, one.box.x1)]
        same = {s.id for s in near if iou(one.box, s.box) >= SAME_LESION} | ({one.id} & found.keys())
        for id_ in same:
            found[id_].append(one)
    return found
