"""A photo's boxes in the database, and the journal that undo and redo walk along.

Every edit is stored with what it took away and what it brought. Undo is a person's own: it takes back the last edit of
the one who asks, and is refused once somebody else has changed one of those boxes.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.annotation.document import (
    Annotation,
    Document,
    Edit,
    Source,
    apply,
    edit_from_json,
    edit_to_json,
    restored,
)
from app.common.errors import UserError
from app.common.geometry import Box
from app.datasets.images import image
from app.datasets.people import actor_of, audit, payload_hash, require
from app.datasets.records import JournalState
from db.tables import Annotation as Row
from db.tables import Image, JournalEntry

_DONE, _UNDONE = "done", "undone"
_ANY_SIZE = 0


def boxes_of(session: Session, image_id: int) -> tuple[Annotation, ...]:
    """The photo's boxes in the order of their ids."""
    rows = session.scalars(select(Row).where(Row.image_id == image_id).order_by(Row.id))
    return tuple(_annotation(row) for row in rows)


def document(session: Session, image_id: int) -> Document | None:
    """The photo's boxes as a document; None while its size is not known (see ``complete_image``)."""
    row = image(session, image_id)
    if row.width is None or row.height is None:
        return None
    return restored(boxes_of(session, image_id), row.width, row.height, row.verified)


def apply_edit(session: Session, image_id: int, edit: Edit) -> Document:
    """Store an edit and remember it for undo; what was undone before it can no longer be redone.

    Raises:
        UserError: ``edit_conflict`` when the boxes are not as the edit expects, ``not_allowed``, ``no_such_image``.
    """
    require(session, "annotate")
    after = _change(session, image_id, edit)
    _forget_undone(session, image_id)
    payload = edit_to_json(edit)
    digest = payload_hash(payload)
    entry = JournalEntry(
        image_id=image_id, actor=actor_of(session).name, state=_DONE, payload=payload, payload_hash=digest
    )
    session.add(entry)
    session.flush()
    audit(session, f"boxes.{edit.kind}", "image", image_id, payload)
    return after


def undo(session: Session, image_id: int) -> Edit | None:
    """Take back the person's last edit of this photo; gives the edit that did so, None if there is nothing left.

    Raises:
        UserError: ``undo_changed_by_other`` once somebody else has changed one of its boxes.
    """
    entry = _entry(session, image_id, _DONE)
    if entry is None or entry.payload is None:
        return None
    return _walk(session, entry, edit_from_json(entry.payload).inverse(), _UNDONE)


def redo(session: Session, image_id: int) -> Edit | None:
    """Do the edit again that was undone last; gives it, None if there is none. Refused as :func:`undo` is."""
    entry = _entry(session, image_id, _UNDONE)
    if entry is None or entry.payload is None:
        return None
    return _walk(session, entry, edit_from_json(entry.payload), _DONE)


def journal(session: Session, image_id: int, actor: str) -> JournalState:
    """How much ``actor`` can undo and redo on this photo."""
    query = (
        select(JournalEntry.state, func.count())
        .where(JournalEntry.image_id == image_id, JournalEntry.actor == actor, JournalEntry.payload.is_not(None))
        .group_by(JournalEntry.state)
    )
    counts = {row[0]: row[1] for row in session.execute(query)}
    return JournalState(counts.get(_DONE, 0), counts.get(_UNDONE, 0))


def put_boxes(session: Session, image_id: int, boxes: Iterable[Annotation]) -> None:
    """Write boxes that come with a photo (demo, import of a set): outside the journal, there is nothing to undo."""
    author = actor_of(session).name
    session.add_all(_row(image_id, box, author) for box in boxes)


def _walk(session: Session, entry: JournalEntry, edit: Edit, state: str) -> Edit:
    require(session, "annotate")
    try:
        _change(session, entry.image_id, edit)
    except UserError as error:
        if error.code != "edit_conflict":
            raise
        raise UserError("undo_changed_by_other") from error
    entry.state = state
    audit(session, "boxes.undo" if state == _UNDONE else "boxes.redo", "image", entry.image_id, entry.payload_hash)
    return edit


def _change(session: Session, image_id: int, edit: Edit) -> Document:
    row = session.get(Image, image_id)
    if row is None:
        raise UserError("no_such_image", image=image_id)
    now = restored(boxes_of(session, image_id), row.width or _ANY_SIZE, row.height or _ANY_SIZE, row.verified)
    after = apply(now, edit)
    kept = {a.id for a in edit.after}
    gone = [a.id for a in edit.before if a.id not in kept]
    if gone:
        session.execute(delete(Row).where(Row.id.in_(gone)), execution_options={"synchronize_session": "fetch"})
    author = actor_of(session).name
    for annotation in edit.after:
        _put(session, image_id, annotation, author)
    row.verified = after.verified
    session.flush()
    return after


def _put(session: Session, image_id: int, annotation: Annotation, author: str) -> None:
    found = session.get(Row, annotation.id)
    fresh = _row(image_id, annotation, author)
    if found is None:
        session.add(fresh)
        return
    if found.image_id != image_id:
        raise UserError("edit_conflict")
    for name in ("x0", "y0", "x1", "y1", "label", "difficult", "verified", "source", "score", "author"):
        setattr(found, name, getattr(fresh, name))


def _entry(session: Session, image_id: int, state: str) -> JournalEntry | None:
    """The newest done edit, or of the undone ones the oldest: it was undone last."""
    order = JournalEntry.id.desc() if state == _DONE else JournalEntry.id.asc()
    query = select(JournalEntry).where(
        JournalEntry.image_id == image_id,
        JournalEntry.actor == actor_of(session).name,
        JournalEntry.state == state,
        JournalEntry.payload.is_not(None),
    )
    return session.scalar(query.order_by(order).limit(1))


def _forget_undone(session: Session, image_id: int) -> None:
    mine = (JournalEntry.image_id == image_id, JournalEntry.actor == actor_of(session).name)
    session.execute(update(JournalEntry).where(*mine, JournalEntry.state == _UNDONE).values(state="dropped"))


def _annotation(row: Row) -> Annotation:
    source: Source = "model" if row.source == "model" else "person"
    box = Box(row.x0, row.y0, row.x1, row.y1)
    return Annotation(row.id, box, row.label, row.difficult, row.verified, source, row.score)


def _row(image_id: int, a: Annotation, author: str) -> Row:
    return Row(
        id=a.id,
        image_id=image_id,
        x0=float(a.box.x0),
        y0=float(a.box.y0),
        x1=float(a.box.x1),
        y1=float(a.box.y1),
        label=a.label,
        difficult=a.difficult,
        verified=a.verified,
        source=a.source,
        score=a.score,
        author=author,
    )


def history(session: Session, image_id: int, actor: str, most: int = 200) -> tuple[tuple[Edit, ...], tuple[Edit, ...]]:
    """What ``actor`` can undo (oldest first, the last ``most``) and redo (next one first) on this photo."""
    query = select(JournalEntry.payload).where(
        JournalEntry.image_id == image_id, JournalEntry.actor == actor, JournalEntry.payload.is_not(None)
    )
    done = session.scalars(query.where(JournalEntry.state == _DONE).order_by(JournalEntry.id.desc()).limit(most)).all()
    undone = session.scalars(query.where(JournalEntry.state == _UNDONE).order_by(JournalEntry.id).limit(most)).all()
    return (
        tuple(edit_from_json(p) for p in reversed(done) if p is not None),
        tuple(edit_from_json(p) for p in undone if p is not None),
    )
