"""The edits that a person makes, each as a pure function from a document to an :class:`Edit` (None: nothing to do)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from app.annotation.document import UNLABELLED, Annotation, Document, Edit, EditKind, Suggestion, new_id
from app.annotation.same_place import SamePlaces
from app.common.geometry import Box

SMALLEST = 2.0  # pixels; a smaller box is a slip of the hand, and could have no area in a file of whole numbers


def add(document: Document, box: Box, label: str = UNLABELLED) -> Edit | None:
    """A box drawn by a person; the part outside the photo is cut off."""
    box = box.clipped(document.width, document.height)
    if _too_small(box):
        return None
    return Edit("add", after=(Annotation(new_id(), box, label, verified=bool(label)),))


def move(document: Document, id_: str, dx: float, dy: float) -> Edit | None:
    """The box pushed by so much, as far as the photo reaches."""
    old = document.find(id_)
    return move_to(document, id_, pushed(old.box, dx, dy, document.width, document.height)) if old else None


def move_to(document: Document, id_: str, box: Box) -> Edit | None:
    return _replaced("move", document, id_, box)


def resize(document: Document, id_: str, box: Box) -> Edit | None:
    return _replaced("resize", document, id_, box)


def relabel(document: Document, id_: str, label: str) -> Edit | None:
    old = document.find(id_)
    return _changed("relabel", old, replace(old, label=label, verified=True)) if old else None


def difficult(document: Document, id_: str) -> Edit | None:
    """Turn Pascal VOC's mark on or off."""
    old = document.find(id_)
    return _changed("difficult", old, replace(old, difficult=not old.difficult)) if old else None


def delete(document: Document, ids: Iterable[str]) -> Edit | None:
    gone = tuple(a for a in map(document.find, ids) if a)
    return Edit("delete", before=gone) if gone else None


def copy_to(document: Document, original: Annotation | None, box: Box) -> Edit | None:
    """A copy of a box at another place; the copy is a person's."""
    box = box.clipped(document.width, document.height)
    if original is None or _too_small(box):
        return None
    return Edit("duplicate", after=(replace(original, id=new_id(), box=box, source="person", score=None, origin=None),))


def accept(
    document: Document, suggestions: Sequence[Suggestion], label: str | None = None, box: Box | None = None
) -> Edit | None:
    """Suggestions become verified boxes under their own ids; ``label`` and ``box``: instead of the model's."""
    new = tuple(
        Annotation(
            s.id,
            (box or s.box).clipped(document.width, document.height),
            s.label if label is None else label,
            verified=True,
            source="model",
            score=s.rank,
        )
        for s in suggestions
        if s.id not in document.by_id
    )
    return Edit("accept", after=new) if new else None


def verify(document: Document) -> Edit:
    """The whole photo's mark, on or off; a photo that was sent back is no longer when it is verified."""
    sent_back = (document.rejected, "") if document.rejected and not document.verified else None
    return Edit("verify", verified=(document.verified, not document.verified), rejected=sent_back)


def reject(document: Document, comment: str) -> Edit | None:
    """Send the photo back, and say why; an empty comment takes that back."""
    comment = comment.strip()
    if comment == document.rejected:
        return None
    mark = (True, False) if document.verified and comment else None
    return Edit("reject", verified=mark, rejected=(document.rejected, comment))


def refuse(document: Document, suggestions: Iterable[Suggestion]) -> Edit | None:
    """Turn suggestions down: they are shown no more."""
    ids = frozenset(s.id for s in suggestions) - document.refused
    return Edit("refuse", refused=(frozenset(), ids)) if ids else None


def tighten(document: Document, id_: str, box: Box) -> Edit | None:
    """A rough box drawn close round its lesion."""
    return _replaced("tighten", document, id_, box)


def insert(document: Document, annotations: Sequence[Annotation]) -> Edit | None:
    """Copies of another photo's boxes, cut to this one; those with hardly a part in it are left out."""
    pairs = [(a, a.box.clipped(document.width, document.height)) for a in annotations]
    new = tuple(replace(a, id=new_id(), box=b, origin=None) for a, b in pairs if not _too_small(b))
    return Edit("add", after=new) if new else None


def replace_all(document: Document, other: Document) -> Edit | None:
    """From one document to another, for instance one read from a file."""
    before = tuple(a for a in document.annotations if other.find(a.id) != a)
    after = tuple(a for a in other.annotations if document.find(a.id) != a)
    marks = (document.verified, other.verified) if document.verified != other.verified else None
    words = (document.rejected, other.rejected) if document.rejected != other.rejected else None
    ids = (document.refused - other.refused, other.refused - document.refused)
    if not (before or after or marks or words or any(ids)):
        return None
    return Edit("replace", before, after, marks, words, ids if any(ids) else None)


def pushed(box: Box, dx: float, dy: float, width: float, height: float) -> Box:
    """The box moved by ``dx, dy`` but not over the photo's edges; its size stays."""
    dx = min(max(dx, -box.x0), max(width - box.x1, -box.x0))
    dy = min(max(dy, -box.y0), max(height - box.y1, -box.y0))
    return box.moved(dx, dy).clipped(width, height)


def _replaced(kind: EditKind, document: Document, id_: str, box: Box) -> Edit | None:
    old = document.find(id_)
    box = box.clipped(document.width, document.height)
    if old is None or (_too_small(box) and not _too_small(old.box)):
        return None
    return _changed(kind, old, replace(old, box=box))


def _changed(kind: EditKind, old: Annotation, new: Annotation) -> Edit | None:
    return Edit(kind, (old,), (new,)) if new != old else None


def _too_small(box: Box) -> bool:
    return min(box.width, box.height) < SMALLEST - 1e-6


def shown(
    document: Document, suggestions: Sequence[Suggestion], min_score: float, places: SamePlaces | None = None
) -> tuple[Suggestion, ...]:
    """The suggestions at or above the score that are not yet boxes of the document, by id or by place, nor refused.

    ``places``: of these suggestions, where they have been made already.
    """
    places = places or SamePlaces(suggestions)
    known = document.by_id.keys() | document.refused
    taken = {s.id for one in document.annotations for s in places.of(one)}
    return tuple(s for s in suggestions if s.rank >= min_score and s.id not in known and s.id not in taken)


def numbering(
    document: Document, suggestions: Sequence[Suggestion], places: SamePlaces | None = None
) -> Mapping[str, int]:
    """One number for each box and suggestion.

    A suggestion keeps its own when it is accepted; a box at the place of one, which then is not shown, has that one's;
    the rest count on.
    """
    places = places or SamePlaces(suggestions)
    numbers = {s.id: s.number for s in suggestions}
    following = max(numbers.values(), default=0)
    given = set(document.by_id)
    for annotation in document.annotations:
        if annotation.id in numbers:
            continue
        same = next((s for s in places.of(annotation) if s.id not in given), None)
        if same is not None:
            given.add(same.id)
            numbers[annotation.id] = same.number
        else:
            following += 1
            numbers[annotation.id] = following
    return numbers
