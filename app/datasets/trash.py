"""The trash: photos that are put aside with all that belongs to them, and boxes that were deleted.

A photo in the trash stays where it lies on the disk, linked or copied; lists, exports and frozen datasets leave it out
until it is put back. A deleted box is in the journal, and comes back as an edit, which can be undone like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.annotation.document import Document, Edit, edit_from_json
from app.common.errors import UserError
from app.datasets.images import image
from app.datasets.journal import DONE, KEPT, apply_edit
from app.datasets.layers import COMMON
from app.datasets.people import audit, require
from app.datasets.records import DeletedBox, TrashedPhoto
from db.tables import Annotation as Row
from db.tables import Image, JournalEntry, utc_now

_CHUNK = 500
_REMOVING = ("delete", "replace", "merge", "settle")


def trash_images(session: Session, ids: Iterable[int]) -> tuple[int, ...]:
    """Put photos into the trash; gives those that were not there yet.

    Raises:
        UserError: ``not_allowed``.
    """
    return _set_trashed(session, ids, trashed=True)


def restore_images(session: Session, ids: Iterable[int]) -> tuple[int, ...]:
    """Take photos out of the trash; gives those that were in it. Raises UserError ``not_allowed``."""
    return _set_trashed(session, ids, trashed=False)


def trashed(session: Session) -> tuple[TrashedPhoto, ...]:
    """The photos in the trash, the last one first."""
    query = select(Image.id, Image.trashed).where(Image.trashed.is_not(None)).order_by(Image.trashed.desc(), Image.id)
    return tuple(TrashedPhoto(image(session, image_id), at) for image_id, at in session.execute(query) if at)


def deleted_boxes(session: Session, image_id: int | None = None, most: int = 500) -> tuple[DeletedBox, ...]:
    """The boxes that somebody deleted from the common layer and nobody has put back, the last one first.

    ``image_id``: of this photo only. At most ``most``.
    """
    kind = JournalEntry.payload["kind"].as_string()
    query = (
        select(JournalEntry, Image.name)
        .join(Image, Image.id == JournalEntry.image_id)
        .where(JournalEntry.layer == COMMON, JournalEntry.state.in_((DONE, KEPT)), kind.in_(_REMOVING))
        .where(Image.trashed.is_(None))
        .order_by(JournalEntry.id.desc())
    )
    if image_id is not None:
        query = query.where(JournalEntry.image_id == image_id)
    found: dict[str, DeletedBox] = {}
    for entry, name in session.execute(query.execution_options(yield_per=_CHUNK)):
        edit = edit_from_json(entry.payload or {})
        kept = {a.id for a in edit.after}
        for box in edit.before:
            if box.id not in kept and box.id not in found:
                found[box.id] = DeletedBox(entry.image_id, name, box, entry.at, entry.actor)
        if len(found) > 2 * most:
            break
    there = _there(session, list(found))
    return tuple(one for id_, one in found.items() if id_ not in there)[:most]


def put_back(session: Session, image_id: int, box_ids: Iterable[str]) -> Document:
    """Bring deleted boxes back as they were when they were deleted, in one edit.

    Raises:
        UserError: ``box_not_in_trash`` when none of them can be brought back, ``not_allowed``.
    """
    wanted = set(box_ids)
    boxes = tuple(d.box for d in deleted_boxes(session, image_id, most=100_000) if d.box.id in wanted)
    if not boxes:
        raise UserError("box_not_in_trash")
    return apply_edit(session, image_id, Edit("add", after=boxes), COMMON)


def _set_trashed(session: Session, ids: Iterable[int], *, trashed: bool) -> tuple[int, ...]:
    require(session, "import")
    wanted, changed = sorted(set(ids)), list[int]()
    state = Image.trashed.is_(None) if trashed else Image.trashed.is_not(None)
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        changed += session.scalars(select(Image.id).where(Image.id.in_(chunk), state).order_by(Image.id))
    now = utc_now() if trashed else None
    for start in range(0, len(changed), _CHUNK):
        session.execute(update(Image).where(Image.id.in_(changed[start : start + _CHUNK])).values(trashed=now))
    if changed:
        audit(session, "trash" if trashed else "restore", "images", len(changed), changed)
    return tuple(changed)


def _there(session: Session, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        found.update(session.scalars(select(Row.id).where(Row.id.in_(chunk), Row.layer == COMMON)))
    return found
