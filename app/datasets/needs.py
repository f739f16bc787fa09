"""The next photo that needs the person at work, quickly also among 100,000."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.annotation.document import restored
from app.annotation.needs import NEEDS, Need, needs
from app.datasets.box_rows import read_many
from app.datasets.layers import COMMON
from db.tables import Assignment, Image, Prediction

_NEAR = 64
_CHUNK = 500
_PLAIN = frozenset({"sent_back", "unboxed", "unlabelled", "unverified"})  # what needs no model


@dataclass(frozen=True, slots=True)
class Needing:
    """A photo, and every reason why it needs a person, most pressing first."""

    image_id: int
    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class _Marks:
    layer: str
    verified: bool
    rejected: str
    refused: Sequence[str]


def next_needing(
    session: Session,
    order: Sequence[int] | None = None,
    after: int | None = None,
    back: bool = False,
    wanted: Set[Need] = frozenset(NEEDS),
) -> Needing | None:
    """The first photo behind ``after`` that needs the session's person for one of the ``wanted`` reasons.

    The search goes on at the other end and ends before ``after``. On a photo that is assigned to the person it is the
    person's own layer that counts, and no model leads there; one that is assigned to others only needs nobody else.

    Args:
        session: of the person at work (``info["actor"]``).
        order: the photos' ids as the list shows them; None: all, in the order they were added.
        after: where the person stands; None: the beginning.
        back: the photo before instead of the next.
        wanted: the reasons that count. "disagrees" or "unsure" alone go through the photos that the model has read.
    """
    ids = list(session.scalars(select(Image.id).order_by(Image.id)) if order is None else order)
    walk = _behind(ids[::-1] if back else ids, after)
    near = _first(session, walk[:_NEAR], _candidates(session, walk[:_NEAR]), wanted)
    if near is not None or len(walk) <= _NEAR:
        return near
    marks = _candidates(session)
    read = None if wanted & _PLAIN else set(session.scalars(select(Prediction.image_id).distinct()))
    rest = [i for i in walk[_NEAR:] if i in marks and (read is None or i in read)]
    chunks = (rest[n : n + _CHUNK] for n in range(0, len(rest), _CHUNK))
    return next((one for chunk in chunks if (one := _first(session, chunk, marks, wanted))), None)


def needs_of(session: Session, image_id: int) -> tuple[Need, ...]:
    """Why one photo needs the session's person."""
    marks = _candidates(session, (image_id,)).get(image_id)
    return () if marks is None else _reasons(session, {image_id: marks})[image_id]


def _behind(ids: list[int], after: int | None) -> list[int]:
    if after is None or after not in ids:
        return ids
    place = ids.index(after)
    return ids[place + 1 :] + ids[:place]


def _first(session: Session, walk: Sequence[int], marks: Mapping[int, _Marks], wanted: Set[Need]) -> Needing | None:
    walk = [i for i in walk if i in marks]
    reasons = _reasons(session, {i: marks[i] for i in walk})
    return next((Needing(i, reasons[i]) for i in walk if wanted & set(reasons[i])), None)


def _candidates(session: Session, ids: Sequence[int] | None = None) -> dict[int, _Marks]:
    """Photos (of ``ids``, None: all) that may need the person, with the marks of the layer that counts."""
    photos = select(Image.id, Image.verified, Image.rejected, Image.refused).where(
        Image.trashed.is_(None), or_(Image.verified.is_(False), Image.rejected != "")
    )
    given = select(
        Assignment.image_id, Assignment.person, Assignment.verified, Assignment.rejected, Assignment.refused
    ).where(Assignment.settled.is_(None))
    if ids is not None:
        photos, given = photos.where(Image.id.in_(ids)), given.where(Assignment.image_id.in_(ids))
    found = {row[0]: _Marks(COMMON, *row[1:]) for row in session.execute(photos)}
    mine: dict[int, _Marks] = {}
    for image_id, person, verified, rejected, refused in session.execute(given):
        found.pop(image_id, None)
        if person == session.info.get("actor"):
            mine[image_id] = _Marks(person, verified, rejected, refused)
    return found | {i: m for i, m in mine.items() if not m.verified or m.rejected}


def _reasons(session: Session, marks: Mapping[int, _Marks]) -> dict[int, tuple[Need, ...]]:
    """Of some photos (a few hundred at most)."""
    boxes = {layer: read_many(session, tuple(marks), layer) for layer in {m.layer for m in marks.values()}}
    newest = select(func.max(Prediction.id)).where(Prediction.image_id.in_(tuple(marks))).group_by(Prediction.image_id)
    query = select(Prediction.image_id, Prediction.payload).where(Prediction.id.in_(newest))
    answers = {row[0]: row[1] for row in session.execute(query)}
    found = {}
    for image_id, m in marks.items():
        document = restored(boxes[m.layer].get(image_id, ()), 0, 0, m.verified, m.rejected, m.refused)
        found[image_id] = needs(document, answers.get(image_id) if m.layer == COMMON else None, image_id)
    return found
