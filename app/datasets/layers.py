"""Layers: whose boxes of a photo are meant.

The common boxes are the layer :data:`COMMON`. While a photo is assigned to several people and not settled yet, each of
them sees, changes and undoes a layer of their own, named by the person. Exports and frozen datasets take the common
boxes; the list of photos shows each person what they see.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.common.errors import UserError
from db.tables import Assignment, Image

COMMON = ""


def layer_of(session: Session, image_id: int) -> str:
    """The layer that the session's person works on; :data:`COMMON` for a reading session of nobody in particular."""
    person = session.info.get("actor")
    if not person:
        return COMMON
    open_ = select(Assignment.id).where(
        Assignment.image_id == image_id, Assignment.person == person, Assignment.settled.is_(None)
    )
    return COMMON if session.scalar(open_) is None else str(person)


def photo(session: Session, image_id: int) -> Image:
    """Raises UserError ``no_such_image``."""
    found = session.get(Image, image_id)
    if found is None:
        raise UserError("no_such_image", image=image_id)
    return found


def marks(session: Session, image_id: int, layer: str) -> Image | Assignment:
    """What carries ``verified``, ``rejected`` and ``refused`` of a layer: the photo itself, or an assignment.

    Raises:
        UserError: ``no_such_image``; ``not_assigned`` for a layer that the photo does not have.
    """
    if layer == COMMON:
        return photo(session, image_id)
    found = session.scalar(select(Assignment).where(Assignment.image_id == image_id, Assignment.person == layer))
    if found is None:
        raise UserError("not_assigned", person=layer)
    return found


def close_layers(session: Session, image_id: int, person: str, at: datetime) -> int:
    """The photo's layers are settled: its people see the common boxes from now on. Gives how many that closed."""
    open_ = (Assignment.image_id == image_id, Assignment.settled.is_(None))
    people = session.scalars(select(Assignment).where(*open_)).all()
    for one in people:
        one.settled, one.settled_by = at, person
    session.flush()
    return len(people)


def open_layers(session: Session, image_id: int, at: datetime) -> None:
    """Take back what :func:`close_layers` did at that time."""
    closed = (Assignment.image_id == image_id, Assignment.settled == at)
    session.execute(update(Assignment).where(*closed).values(settled=None, settled_by=None))
