"""What happened to a photo's boxes: who, when, and from what to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.annotation.document import Annotation, Edit, edit_from_json
from app.datasets.box_rows import read_boxes
from app.datasets.journal import REDO, UNDO
from app.datasets.layers import layer_of
from app.datasets.records import BoxEvent, EventWay
from db.tables import Annotation as Row
from db.tables import AnnotationFile, JournalEntry


def box_history(
    session: Session, image_id: int, box_id: str | None = None, layer: str | None = None
) -> tuple[BoxEvent, ...]:
    """Everything that was done to a photo's boxes, or to one of them, the newest first.

    Undoing and redoing are events too. What concerns the whole photo (verified, sent back, suggestions refused) has
    ``box_id`` "", and is left out when one box is asked about. A box that came with a file, or with the photo, begins
    with an event of the kind "import". ``layer``: None for that of the session's person.
    """
    layer = layer_of(session, image_id) if layer is None else layer
    query = select(JournalEntry).where(JournalEntry.image_id == image_id, JournalEntry.layer == layer)
    entries = session.scalars(query.order_by(JournalEntry.id)).all()
    events = [e for entry in entries for e in _events(entry) if box_id is None or e.box_id == box_id]
    first: dict[str, Annotation | None] = {}
    for event in events:
        first.setdefault(event.box_id, event.before)
    for box in read_boxes(session, image_id, layer):
        if box_id is None or box.id == box_id:
            first.setdefault(box.id, box)
    beginnings = {id_: box for id_, box in first.items() if box is not None}
    files = _files(session, {box.origin.file for box in _boxes(events, beginnings) if box.origin})
    rows = _rows(session, image_id, layer) if beginnings else {}
    imports = [_beginning(box, files, rows) for box in beginnings.values()]
    return (*(_named(e, files) for e in reversed(events)), *imports)


def _events(entry: JournalEntry) -> Iterator[BoxEvent]:
    """One for each box, or one for the photo."""
    if entry.payload is None:  # erased with its patient
        return
    edit: Edit = edit_from_json(entry.payload)
    way: EventWay = "undo" if entry.state == UNDO else "redo" if entry.state == REDO else "done"
    before, after = {a.id: a for a in edit.before}, {a.id: a for a in edit.after}
    for id_ in dict.fromkeys((*before, *after)):
        yield BoxEvent(entry.at, entry.actor, edit.kind, before.get(id_), after.get(id_), id_, way)
    if edit.verified or edit.rejected or edit.refused or not (before or after):
        verified = edit.verified[1] if edit.verified else None
        comment = edit.rejected[1] if edit.rejected else ""
        yield BoxEvent(entry.at, entry.actor, edit.kind, None, None, "", way, verified=verified, comment=comment)


def _beginning(box: Annotation, files: Mapping[int, AnnotationFile], rows: Mapping[str, Row]) -> BoxEvent:
    """How a box came that no edit brought; a row that was edited since no longer says when and by whom."""
    file = files.get(box.origin.file) if box.origin else None
    if file is not None:
        return BoxEvent(file.read, file.author, "import", None, box, box.id, file=file.name)
    row = rows.get(box.id)
    untouched = row is not None and row.version == 1
    return BoxEvent(
        row.changed if row and untouched else None, row.author if row and untouched else "", "import", None, box, box.id
    )


def _named(event: BoxEvent, files: Mapping[int, AnnotationFile]) -> BoxEvent:
    """With the file's name, if the box came from one just then."""
    if event.before is not None or event.after is None or event.after.origin is None:
        return event
    file = files.get(event.after.origin.file)
    return event if file is None else event.from_file(file.name)


def _boxes(events: list[BoxEvent], beginnings: Mapping[str, Annotation]) -> Iterator[Annotation]:
    yield from beginnings.values()
    yield from (e.after for e in events if e.after is not None)


def _files(session: Session, ids: set[int]) -> dict[int, AnnotationFile]:
    if not ids:
        return {}
    return {f.id: f for f in session.scalars(select(AnnotationFile).where(AnnotationFile.id.in_(ids)))}


def _rows(session: Session, image_id: int, layer: str) -> dict[str, Row]:
    rows = session.scalars(select(Row).where(Row.image_id == image_id, Row.layer == layer))
    return {row.id: row for row in rows}
