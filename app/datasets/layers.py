"""Layers: whose boxes of a photo are meant.

The common boxes are the layer :data:`COMMON`. While a photo is assigned to several people and not settled yet, each of
them sees, changes and undoes a layer of their own, named by the person. Exports, lists and frozen datasets take the
common boxes.
"""

from __future__ import annotations

from sqlalchemy import select
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
