"""Why a photo needs a person, worked out of its boxes, its marks and what the model sees on it.

A photo that was verified needs nobody, unless it was sent back afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from app.annotation.answers import suggestion_id, top3_of
from app.annotation.document import UNLABELLED, Document
from app.common.geometry import Box, iou

Need = Literal["sent_back", "unboxed", "unlabelled", "disagrees", "unsure", "unverified"]
NEEDS: tuple[Need, ...] = get_args(Need)
"""Most pressing first."""

SAME_LESION = 0.5  # IoU from which a box and a lesion of the model's are one
SURE = 0.5  # the model's confidence from which a lesion, or a disease, counts as its opinion
CLOSE = 0.2  # the two likeliest diseases this near each other: the model is not sure which (margin sampling)


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
    found: set[Need] = set()
    for lesion in answer.get("lesions", ()):
        top = top3_of(lesion)
        id_ = suggestion_id(answer, image_id, int(lesion["number"]))
        if lesion["score"] < SURE or not top or id_ in document.refused:
            continue
        box = Box(*lesion["box"])
        same = [a for a in document.annotations if a.id == id_ or iou(a.box, box) >= SAME_LESION]
        labels = {a.label for a in same} - {UNLABELLED}
        if labels:
            if top[0][0] not in labels and top[0][1] >= SURE:
                found.add("disagrees")
            continue
        if document.annotations and not same:
            found.add("disagrees")
        if len(top) > 1 and top[0][1] - top[1][1] < CLOSE:
            found.add("unsure")
    return found
