"""Double annotation: several people box the same photos, each on a layer of their own and without seeing the others'.

:func:`assign` gives photos to people, :func:`pair_documents` lays two people's boxes side by side for the agreement,
and :func:`app.datasets.journal.settle` ends a photo with boxes that all agree on.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, aliased

from app.annotation.document import Annotation, Document, restored
from app.common.errors import UserError
from app.datasets.box_rows import read_layer
from app.datasets.people import audit, require
from app.datasets.records import AssignmentRecord, PairRecord
from db.tables import Annotation as Row
from db.tables import Assignment, Image, User, utc_now

_CHUNK = 500


def assign(
    session: Session, persons: Sequence[str], image_ids: Sequence[int] | None = None, share: float = 1.0, seed: int = 0
) -> tuple[int, ...]:
    """Give the same photos to several people; the ids of the photos, in the order of their ids.

    ``image_ids``: out of these (None: every photo), ``share`` of them (0..1, at least one), drawn by ``seed`` alone.
    Who has a photo already keeps it as it is, so that a third person can be added later.

    Raises:
        UserError: ``assign_two`` for less than two people, ``no_such_person``, ``nothing_to_assign``, ``not_allowed``.
    """
    require(session, "review")
    people = tuple(dict.fromkeys(persons))
    if len(people) < 2:
        raise UserError("assign_two")
    for person in people:
        if session.scalar(select(User.id).where(User.name == person, User.active)) is None:
            raise UserError("no_such_person", person=person)
    chosen = _drawn(_present(session, image_ids), share, seed)
    if not chosen:
        raise UserError("nothing_to_assign")
    known = set(session.execute(select(Assignment.image_id, Assignment.person).where(Assignment.person.in_(people))))
    wanted = {(image_id, person) for image_id in chosen for person in people} - {(row[0], row[1]) for row in known}
    now = utc_now()
    rows = [
        {"image_id": i, "person": p, "verified": False, "rejected": "", "refused": [], "created": now}
        for i, p in sorted(wanted)
    ]
    if rows:
        session.execute(insert(Assignment), rows)
        audit(session, "assign", "images", len(chosen), {"persons": people, "images": chosen, "seed": seed})
    return chosen


def assignments(session: Session, person: str | None = None) -> tuple[AssignmentRecord, ...]:
    """Who boxes which photo and how far they are, by photo and person; those of photos in the trash are left out."""
    boxes = select(func.count()).where(Row.image_id == Assignment.image_id, Row.layer == Assignment.person)
    query = (
        select(Assignment, Image.name, boxes.correlate(Assignment).scalar_subquery())
        .join(Image, Image.id == Assignment.image_id)
        .where(Image.trashed.is_(None))
        .order_by(Assignment.image_id, Assignment.person)
    )
    if person is not None:
        query = query.where(Assignment.person == person)
    return tuple(
        AssignmentRecord(a.image_id, name, a.person, count, a.verified, a.rejected, a.settled, a.settled_by)
        for a, name, count in session.execute(query)
    )


def pair_documents(session: Session, a: str, b: str) -> tuple[PairRecord, ...]:
    """The photos that both were given, with the boxes of each, in the order of the photos' ids.

    Photos that nobody has opened yet have no size, and are left out.
    """
    left, right = aliased(Assignment), aliased(Assignment)
    query = (
        select(left, right, Image.width, Image.height)
        .join(right, right.image_id == left.image_id)
        .join(Image, Image.id == left.image_id)
        .where(left.person == a, right.person == b, Image.trashed.is_(None), Image.width.is_not(None))
        .order_by(left.image_id)
    )
    mine, theirs = _boxes(session, a), _boxes(session, b)
    pairs = []
    for one, other, width, height in session.execute(query):
        first = _side(one, width or 0, height or 0, mine[one.image_id])
        second = _side(other, width or 0, height or 0, theirs[one.image_id])
        pairs.append(PairRecord(one.image_id, first, second, one.settled is not None and other.settled is not None))
    return tuple(pairs)


def _side(assignment: Assignment, width: int, height: int, boxes: Iterable[Annotation]) -> Document:
    return restored(boxes, width, height, assignment.verified, assignment.rejected, assignment.refused)


def _boxes(session: Session, person: str) -> defaultdict[int, list[Annotation]]:
    found: defaultdict[int, list[Annotation]] = defaultdict(list)
    for image_id, annotation in read_layer(session, person):
        found[image_id].append(annotation)
    return found


def _present(session: Session, image_ids: Sequence[int] | None) -> list[int]:
    here = select(Image.id).where(Image.trashed.is_(None)).order_by(Image.id)
    if image_ids is None:
        return list(session.scalars(here))
    wanted = sorted(set(image_ids))
    chunks = (wanted[n : n + _CHUNK] for n in range(0, len(wanted), _CHUNK))
    return [i for chunk in chunks for i in session.scalars(here.where(Image.id.in_(chunk)))]


def _drawn(ids: list[int], share: float, seed: int) -> tuple[int, ...]:
    """A draw that a larger share only adds to."""
    if not ids or not share > 0:
        return ()
    count = min(len(ids), max(1, round(share * len(ids))))
    order = sorted(ids, key=lambda i: hashlib.sha256(f"{seed}:{i}".encode()).digest())
    return tuple(sorted(order[:count]))
