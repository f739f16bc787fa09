"""The only door of this room to the database.

``open_store(workspace)`` gives a :class:`Store`; every other function takes first the open session of
``with store.read() as session`` or ``with store.write(actor) as session``, and gives plain records
(:mod:`app.datasets.records`, :mod:`app.annotation.document`). What changes something needs a writing session: its actor
is the person who is journalled and audited.

Photos      image_rows(s, ids=None, common=False) -> (ImageRow, ...); image_page(s, after, most); image(s, id);
            add_image(s, NewImage) -> id;
            link_images(s, paths) -> ids in the order given, known ones included; link_rows(s, paths) -> (ImageRow, ...)
            for many; find_by_sha256(s, sha256);
            complete_image(s, id, width, height, synthetic, sha256=None) once it was opened;
            ids_in(workspace, paths) -> (id | None, ...) without a session and without writing
Cases       case_of(s, image_id) -> CaseRecord | None; ensure_case(s, image_id) makes one where none is;
            add_case(s, patient, **facts); update_case(s, record) -> record; assign_case(s, image_ids, case_id);
            photos_of_patient(s, patient) -> (ImageRow, ...)
Boxes       boxes_of(s, image_id, layer=None) -> (Annotation, ...), document(s, image_id, layer=None) -> Document | None
            (size unknown), apply_edit(s, image_id, edit, layer=None) -> Document: on the layer of the session's person
            (layer_of(s, image_id)) or the one given, COMMON for all's; undo(s), redo(s) -> Step | None (nothing to
            do): the person's last edit, wherever it was; journal(s) -> JournalState; was_edited(s, image_id);
            replays(s, image_id); box_history(s, image_id, box_id=None) -> (BoxEvent, ...)
Together    assign(s, persons, image_ids=None, share=1.0, seed=0) -> ids; assignments(s, person=None) ->
            (AssignmentRecord, ...); pair_documents(s, a, b) -> (PairRecord, ...); settle(s, image_id, document)
Trash       trash_images(s, ids), restore_images(s, ids) -> those changed; trashed(s) -> (TrashedPhoto, ...);
            deleted_boxes(s, image_id=None, most=500) -> (DeletedBox, ...); put_back(s, image_id, box_ids) -> Document
Diagnoses   save_prediction(s, image_id, rater, payload) -> id; latest_prediction(s, image_id, rater=None)
People      users(s); add_person(s, name, role); change_person(s, name, role, active); actor_of(s);
            require(s, right); audit(s, action, entity, id, payload); broken_link(s) -> id | None
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.common.errors import UserError
from app.common.photo_files import readable
from app.common.workspace import Workspace
from app.datasets.assignments import assign, assignments, pair_documents
from app.datasets.box_history import box_history
from app.datasets.cases import (
    add_case,
    assign_case,
    case_of,
    ensure_case,
    photos_of_patient,
    update_case,
)
from app.datasets.images import (
    MEDIA,
    add_image,
    complete_image,
    find_by_sha256,
    image,
    image_page,
    image_rows,
    known_images,
    link_images,
    link_rows,
)
from app.datasets.journal import (
    apply_edit,
    boxes_of,
    document,
    journal,
    put_boxes,
    redo,
    replays,
    settle,
    undo,
    was_edited,
)
from app.datasets.layers import COMMON, layer_of
from app.datasets.people import actor_of, add_person, audit, broken_link, change_person, require, users
from app.datasets.records import PredictionRecord
from app.datasets.trash import deleted_boxes, put_back, restore_images, trash_images, trashed
from db.connection import Database, open_database, peek_database
from db.migrating import HEAD as SCHEMA
from db.problems import DatabaseProblem
from db.tables import Prediction

__all__ = [
    "COMMON",
    "SCHEMA",
    "Store",
    "actor_of",
    "add_case",
    "add_image",
    "add_person",
    "apply_edit",
    "assign",
    "assign_case",
    "assignments",
    "audit",
    "box_history",
    "boxes_of",
    "broken_link",
    "case_of",
    "change_person",
    "complete_image",
    "deleted_boxes",
    "document",
    "ensure_case",
    "find_by_sha256",
    "ids_in",
    "image",
    "image_page",
    "image_rows",
    "journal",
    "latest_prediction",
    "layer_of",
    "link_images",
    "link_rows",
    "open_store",
    "pair_documents",
    "photos_of_patient",
    "put_back",
    "put_boxes",
    "redo",
    "replays",
    "require",
    "restore_images",
    "save_prediction",
    "settle",
    "trash_images",
    "trashed",
    "undo",
    "update_case",
    "users",
    "was_edited",
]


@dataclass(frozen=True, slots=True)
class Store:
    """The workspace's database; its errors come out as :class:`UserError`."""

    database: Database

    @contextmanager
    def read(self, actor: str = "") -> Iterator[Session]:
        """One consistent state; nothing is written. ``actor``: whose layer of boxes is meant, "" for the common one."""
        with _in_words(), self.database.read(actor) as session:
            yield session

    @contextmanager
    def write(self, actor: str) -> Iterator[Session]:
        """One transaction by the person ``actor``: all of it, or nothing.

        Raises:
            UserError: ``changed_meanwhile`` when somebody else changed the same row, ``name_not_text`` for a name that
                no database holds, or one of the database's.
        """
        with _in_words(), self.database.write(actor) as session:
            yield session

    def close(self) -> None:
        self.database.close()


def open_store(workspace: Workspace, url: str | None = None) -> Store:
    """The database of ``workspace``, or the shared one behind ``url``, brought to the newest schema.

    Raises:
        UserError: ``database_damaged``, ``database_locked``, ``database_newer``, ``database_foreign`` ...
    """
    with _in_words():
        return Store(open_database(url or workspace.database, **{MEDIA: workspace.media}))


def ids_in(workspace: Workspace, photos: Sequence[Path]) -> tuple[int | None, ...]:
    """The workspace's ids of ``photos``, None for those that it does not have. Nothing is written.

    A database that is missing or cannot be read knows no photo: who asks does not need it.
    """
    if not workspace.database.is_file():
        return (None,) * len(photos)
    store = Store(peek_database(workspace.database, **{MEDIA: workspace.media}))
    try:
        with store.read() as session:
            return known_images(session, photos)
    except (UserError, DatabaseError):
        return (None,) * len(photos)
    finally:
        store.close()


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except DatabaseProblem as problem:
        raise UserError(problem.code, reason=problem.reason) from problem
    except StaleDataError as error:
        raise UserError("changed_meanwhile") from error
    except UnicodeEncodeError as error:
        raise UserError("name_not_text", name=readable(Path(str(error.object)).name)) from error


def save_prediction(session: Session, image_id: int, rater: str, payload: Mapping[str, Any]) -> int:
    """Keep what ``rater`` said of a photo ("model:NAME:VERSION+NAME:VERSION"); ``payload`` is JSON."""
    row = Prediction(image_id=image_id, rater=rater, payload=json.loads(json.dumps(payload)))
    session.add(row)
    session.flush()
    return row.id


def latest_prediction(session: Session, image_id: int, rater: str | None = None) -> PredictionRecord | None:
    query = select(Prediction).where(Prediction.image_id == image_id).order_by(Prediction.id.desc()).limit(1)
    if rater is not None:
        query = query.where(Prediction.rater == rater)
    row = session.scalar(query)
    return None if row is None else PredictionRecord(row.id, row.image_id, row.rater, row.payload)
