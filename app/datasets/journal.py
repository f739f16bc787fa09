"""The boxes of a photo, and the journal of everything that was done to them.

Every edit is stored with what it took away and what it brought, and so is every undo and redo: all entries of a photo
applied in order give its boxes as they are. Undo is a person's own and knows no borders: it takes back the last edit of
the one who asks, on whatever photo and before whatever restart that was. Once somebody else has changed one of its
boxes, an edit cannot be undone any more; it is set aside, and the next undo goes on to the one before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, select, update
from sqlalchemy.orm import Session

from app.annotation.document import Annotation, Document, Edit, apply, edit_from_json, edit_to_json, restored
from app.annotation.edits import replace_all
from app.common.errors import UserError
from app.datasets.box_rows import add_boxes, read_boxes, write_boxes
from app.datasets.layers import COMMON, close_layers, layer_of, marks, open_layers, photo
from app.datasets.people import actor_of, audit, payload_hash, require
from app.datasets.records import JournalState, Step
from db.tables import Assignment, Image, JournalEntry

DONE, UNDONE, DROPPED, KEPT = "done", "undone", "dropped", "kept"
UNDO, REDO = "undo", "redo"
_ANY_SIZE = 0


def boxes_of(session: Session, image_id: int, layer: str | None = None) -> tuple[Annotation, ...]:
    """A layer's boxes in the order of their ids; None: the layer of the session's person."""
    return read_boxes(session, image_id, layer_of(session, image_id) if layer is None else layer)


def document(session: Session, image_id: int, layer: str | None = None) -> Document | None:
    """A layer of the photo as a document (None: the person's); None while its size is not known.

    Raises:
        UserError: ``no_such_image``, ``not_assigned``.
    """
    row = photo(session, image_id)
    if row.width is None or row.height is None:
        return None
    return _document(session, image_id, layer_of(session, image_id) if layer is None else layer)


def apply_edit(session: Session, image_id: int, edit: Edit, layer: str | None = None) -> Document:
    """Store an edit and remember it for undo; what this person had undone before can no longer be redone.

    ``layer``: None for the person's own.

    Raises:
        UserError: ``edit_conflict`` when the boxes are not as the edit expects, ``not_allowed``, ``no_such_image``.
    """
    require(session, "annotate")
    layer = layer_of(session, image_id) if layer is None else layer
    after = _change(session, image_id, layer, edit)
    _forget_undone(session)
    _enter(session, image_id, layer, edit, DONE)
    return after


def apply_for_good(session: Session, image_id: int, edit: Edit, layer: str) -> Document:
    """As :func:`apply_edit`, for an edit that is taken back in another way than by undo here.

    Raises:
        UserError: as :func:`apply_edit`.
    """
    require(session, "annotate")
    after = _change(session, image_id, layer, edit)
    _enter(session, image_id, layer, edit, KEPT)
    return after


def settle(session: Session, image_id: int, document: Document) -> Document:
    """Make ``document`` the photo's common boxes, and close the layers of the people who boxed it; undo opens them.

    Raises:
        UserError: ``nothing_to_settle`` when the photo has no open layer, ``not_allowed``, ``no_such_image``.
    """
    require(session, "review")
    found = replace_all(_document(session, image_id, COMMON), document)
    edit = replace(found, kind="settle") if found else Edit("settle")
    after = _change(session, image_id, COMMON, edit)
    _forget_undone(session)
    entry = _enter(session, image_id, COMMON, edit, DONE)
    if not close_layers(session, image_id, entry.actor, entry.at):
        raise UserError("nothing_to_settle")
    return after


def undo(session: Session) -> Step | None:
    """Take back the person's last edit, wherever it was; None when there is nothing left."""
    return _walk(session, DONE)


def redo(session: Session) -> Step | None:
    """Do the edit again that the person undid last; None if there is none."""
    return _walk(session, UNDONE)


def journal(session: Session) -> JournalState:
    """Whether the session's person can undo and redo."""
    person = session.info.get("actor")
    there = [session.scalar(select(exists().where(*_mine(person, state)))) for state in (DONE, UNDONE)]
    return JournalState(*map(bool, there))


def was_edited(session: Session, image_id: int) -> bool:
    """Whether anybody has ever done anything to the photo's boxes, on whatever layer."""
    return bool(session.scalar(select(exists().where(JournalEntry.image_id == image_id))))


def put_boxes(session: Session, image_id: int, boxes: Iterable[Annotation]) -> None:
    """Write boxes that come with a photo (demo, import of a set): outside the journal, there is nothing to undo."""
    add_boxes(session, image_id, COMMON, boxes, actor_of(session).name)


def replays(session: Session, image_id: int) -> bool:
    """Whether the journal leads to the boxes as they are, told by walking it back to its beginning."""
    layers = session.scalars(select(JournalEntry.layer).where(JournalEntry.image_id == image_id).distinct())
    return all(_walks_back(session, image_id, layer) for layer in layers)


def _walks_back(session: Session, image_id: int, layer: str) -> bool:
    now = _document(session, image_id, layer)
    entries = select(JournalEntry.payload).where(JournalEntry.image_id == image_id, JournalEntry.layer == layer)
    for payload in session.scalars(entries.order_by(JournalEntry.id.desc())):
        if payload is None:  # erased with its patient: what was before it is not known
            return True
        try:
            now = apply(now, edit_from_json(payload).inverse())
        except UserError:
            return False
    return True


def _document(session: Session, image_id: int, layer: str) -> Document:
    row = photo(session, image_id)
    state = marks(session, image_id, layer)
    size = (row.width or _ANY_SIZE, row.height or _ANY_SIZE)
    return restored(read_boxes(session, image_id, layer), *size, state.verified, state.rejected, state.refused)


def _change(session: Session, image_id: int, layer: str, edit: Edit) -> Document:
    after = apply(_document(session, image_id, layer), edit)
    write_boxes(session, image_id, layer, edit.before, edit.after, actor_of(session).name)
    state = marks(session, image_id, layer)
    state.verified, state.rejected = after.verified, after.rejected
    if edit.refused is not None:
        state.refused = sorted(after.refused)
    session.flush()
    return after


def _enter(session: Session, image_id: int, layer: str, edit: Edit, state: str) -> JournalEntry:
    payload = edit_to_json(edit)
    entry = JournalEntry(
        image_id=image_id,
        layer=layer,
        actor=actor_of(session).name,
        state=state,
        payload=payload,
        payload_hash=payload_hash(payload),
    )
    session.add(entry)
    session.flush()
    audit(session, f"boxes.{edit.kind if state in (DONE, KEPT) else state}", "image", image_id, payload)
    return entry


def _walk(session: Session, state: str) -> Step | None:
    """Undo for an edit that is done, redo for one that is undone."""
    require(session, "annotate")
    entry = _next(session, state)
    if entry is None or entry.payload is None:
        return None
    edit = edit_from_json(entry.payload)
    back = state == DONE
    edit = edit.inverse() if back else edit
    refused = _settled(session, entry) or _refused(session, entry, edit)
    if refused is not None:
        entry.state = KEPT if back else DROPPED
        return Step(entry.image_id, edit, back, refused, entry.layer)
    if edit.kind == "settle" and back:
        open_layers(session, entry.image_id, entry.at)
    elif edit.kind == "settle":
        close_layers(session, entry.image_id, entry.actor, entry.at)
    entry.state = UNDONE if back else DONE
    _enter(session, entry.image_id, entry.layer, edit, UNDO if back else REDO)
    return Step(entry.image_id, edit, back, layer=entry.layer)


def _refused(session: Session, entry: JournalEntry, edit: Edit) -> UserError | None:
    try:
        _change(session, entry.image_id, entry.layer, edit)
    except UserError as error:
        if error.code != "edit_conflict":
            raise
        return UserError("undo_changed_by_other")
    return None


def _settled(session: Session, entry: JournalEntry) -> UserError | None:
    """A layer that was settled is evidence, and stays as it was."""
    if entry.layer == COMMON:
        return None
    state = marks(session, entry.image_id, entry.layer)
    return UserError("undo_settled") if isinstance(state, Assignment) and state.settled else None


def _next(session: Session, state: str) -> JournalEntry | None:
    """The newest done edit, or of the undone ones the oldest: it was undone last."""
    order = JournalEntry.id.desc() if state == DONE else JournalEntry.id.asc()
    query = select(JournalEntry).where(*_mine(actor_of(session).name, state))
    return session.scalar(query.order_by(order).limit(1))


def _mine(person: Any, state: str) -> tuple[ColumnElement[bool], ...]:
    """The person's edits of this state; those of photos in the trash wait until the photo is back."""
    here = and_(Image.id == JournalEntry.image_id, Image.trashed.is_(None))
    return (
        JournalEntry.actor == person,
        JournalEntry.state == state,
        JournalEntry.payload.is_not(None),
        select(Image.id).where(here).correlate(JournalEntry).exists(),
    )


def _forget_undone(session: Session) -> None:
    mine = (JournalEntry.actor == actor_of(session).name, JournalEntry.state == UNDONE)
    session.execute(update(JournalEntry).where(*mine).values(state=DROPPED))
