"""Erasing a patient: whatever the workspace holds of them goes, and a tombstone stays.

The chain of the audit stays whole, as it holds hashes only; journal entries lose what they say and keep their hashes.
Frozen versions that held the patient give their place to reduced ones. Files go before the database says so: a run that
is killed on its way is simply started again. Linked originals, exports and backups lie outside, and stay.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, cast, delete, or_, select, update
from sqlalchemy.orm import Session

from app.common.errors import UserError
from app.common.words import text
from app.common.workspace import Workspace
from app.datasets.freezing.reducing import reduce_version
from app.datasets.keeping.erased_files import Trace, erase_files
from app.datasets.keeping.tombstones import mark_of
from app.datasets.people import actor_of, audit, require
from db.tables import (
    Annotation,
    AnnotationFile,
    Assignment,
    Case,
    DatasetMember,
    DatasetVersion,
    Decision,
    ErasedPatient,
    Examination,
    Finding,
    Image,
    JournalEntry,
    Patient,
    PhotoPair,
    Prediction,
)

if TYPE_CHECKING:
    from app.datasets.store import Store

GONE_FORMAT = "erased"
"""The format of an annotation file of many photos that lost its content: its number may not be given again, as boxes
of other photos are named by it."""
_CHUNK = 500
_NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Erased:
    """``versions_reduced``: NAME@HASH of those that held the patient. ``linked``: photos whose originals lie outside
    the workspace. ``compacted``: nothing of it is left in the database's file either."""

    patient: str
    images: int
    versions_reduced: tuple[str, ...]
    linked: int
    compacted: bool

    def as_json(self) -> dict[str, Any]:
        """The contract's ``patient erase``."""
        return {"patient": self.patient, "images": self.images, "versions_reduced": len(self.versions_reduced)}

    def notes(self) -> tuple[str, ...]:
        """What else the person has to know, in words."""
        linked = [text("cases.erased_linked", n=self.linked)] if self.linked else []
        traces = [] if self.compacted else [text("cases.erased_not_compacted")]
        return (*linked, text("cases.erased_backups"), *traces)


def erase_patient(store: Store, workspace: Workspace, code: str, actor: str) -> Erased:
    """Erase the patient with this code, in one transaction, and make the database's file forget.

    Raises:
        UserError: ``no_such_patient``, ``patient_erased_before`` (the file is made to forget once more),
            ``not_allowed``, those of writing files, or the database's. Nothing is erased then but files.
    """
    code = code.strip()
    try:
        with store.write(actor) as session:
            require(session, "erase")
            if session.get_bind().dialect.name == "sqlite":
                session.connection().exec_driver_sql("PRAGMA secure_delete=ON")
            images, versions, linked = _erase(session, workspace, code)
    except UserError as error:
        if error.code == "patient_erased_before":
            _compact(store)
        raise
    return Erased(code, images, versions, linked, _compact(store))


def _erase(session: Session, workspace: Workspace, code: str) -> tuple[int, tuple[str, ...], int]:
    patient = session.scalar(select(Patient).where(Patient.code == code))
    if patient is None:
        raise _unknown(session, code)
    photos = _photos(session, patient.id)
    ids = [photo.id for photo in photos]
    versions = _reduce(session, code, ids)
    linked = erase_files(session, workspace, Trace.of(code, photos))
    _forget_boxes(session, ids)
    _forget_findings(session, ids, code)
    _forget_rows(session, ids)
    session.execute(delete(Case).where(Case.patient_id == patient.id))
    session.execute(delete(Patient).where(Patient.id == patient.id))
    actor = actor_of(session).name
    session.add(ErasedPatient(mark=mark_of(session, code), images=len(ids), versions=list(versions), actor=actor))
    audit(session, "erase", "patient", patient.id, {"images": ids, "versions": list(versions)})
    return len(ids), versions, linked


def _unknown(session: Session, code: str) -> UserError:
    mark = mark_of(session, code)
    at = session.scalar(select(ErasedPatient.at).where(ErasedPatient.mark == mark))
    return UserError("no_such_patient") if at is None else UserError("patient_erased_before", day=at.date())


def _photos(session: Session, patient_id: int) -> Sequence[Image]:
    """The patient's photos, in the trash too, and copies of them that were never given to a case."""
    own = select(Image.id).join(Case, Image.case_id == Case.id).where(Case.patient_id == patient_id)
    hashes = select(Image.sha256).where(Image.id.in_(own), Image.sha256.is_not(None))
    copies = Image.case_id.is_(None) & Image.sha256.in_(hashes)
    return session.scalars(select(Image).where(or_(Image.id.in_(own), copies)).order_by(Image.id)).all()


def _reduce(session: Session, code: str, ids: Sequence[int]) -> tuple[str, ...]:
    """Versions that hold these photos, or photos that were this patient's when they were frozen."""
    wanted, reduced = set(ids), list[str]()
    whole = select(DatasetVersion).where(DatasetVersion.reduced_to.is_(None)).order_by(DatasetVersion.id)
    for row in session.scalars(whole).all():
        held = {i["id"] for i in row.payload["images"] if i["id"] in wanted or i["patient"] == code}
        if held:
            reduced.append(f"{row.name}@{row.hash}")
            reduce_version(session, row, held)
    return tuple(reduced)


def _forget_boxes(session: Session, ids: Sequence[int]) -> None:
    """Boxes, the files that they came from, and what the journal says of them."""
    for chunk in _chunks(ids):
        session.execute(delete(Annotation).where(Annotation.image_id.in_(chunk)))
        session.execute(delete(AnnotationFile).where(AnnotationFile.image_id.in_(chunk)))
        # A photo's number may be given again: what is left must not pass for the next one's history.
        gone = update(JournalEntry).where(JournalEntry.image_id.in_(chunk))
        session.execute(gone.values(payload=None, image_id=-JournalEntry.image_id))
    wanted = set(ids)
    for file in session.scalars(select(AnnotationFile).where(AnnotationFile.image_id.is_(None))):
        if wanted.intersection(file.context.get("photos", ())):
            file.format, file.name, file.path, file.content, file.context = GONE_FORMAT, "", "", b"", {}
            file.sha256 = _EMPTY
    session.flush()


_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of no bytes


def _forget_findings(session: Session, ids: Sequence[int], code: str) -> None:
    """Findings and decisions, and the patient's code wherever those of other photos tell it."""
    groups: set[str | None] = set()
    for chunk in _chunks(ids):
        groups.update(session.scalars(select(Finding.group_key).where(Finding.image_id.in_(chunk))))
        for table in (Finding, Examination, Decision):
            session.execute(delete(table).where(table.image_id.in_(chunk)))
        session.execute(delete(PhotoPair).where(or_(PhotoPair.a.in_(chunk), PhotoPair.b.in_(chunk))))
    for some in _chunks(sorted(g for g in groups if g is not None)):
        session.execute(delete(Finding).where(Finding.group_key.in_(some)))  # found anew without the photo
    _blank(session, Finding, "facts", code)
    _blank(session, Examination, "measured", code)
    _blank(session, PhotoPair, "verdict", code)
    _blank(session, Decision, "payload", code)
    _blank(session, Prediction, "payload", code)


def _forget_rows(session: Session, ids: Sequence[int]) -> None:
    for chunk in _chunks(ids):
        for table in (Assignment, Prediction, DatasetMember):
            session.execute(delete(table).where(table.image_id.in_(chunk)))
        session.execute(delete(Image).where(Image.id.in_(chunk)))
    session.expire_all()


def _blank(session: Session, table: Any, column: str, code: str) -> None:
    """Put :data:`_NOTHING` in the place of the code in a column of JSON."""
    field = cast(getattr(table, column), Text)
    shapes = {code, json.dumps(code)[1:-1]}  # as JSON may hold it
    told = or_(*(field.contains(shape, autoescape=True) for shape in shapes))
    for row in session.scalars(select(table).where(told)):
        setattr(row, column, blanked(getattr(row, column), code))
    session.flush()


def blanked(value: Any, code: str) -> Any:
    """A JSON value without the texts that are this code."""
    if isinstance(value, dict):
        return {_NOTHING if k == code else k: blanked(v, code) for k, v in value.items()}
    if isinstance(value, list):
        return [blanked(v, code) for v in value]
    return _NOTHING if value == code else value


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))


def _compact(store: Store) -> bool:
    """Write SQLite's file anew and empty its log; False where somebody else is reading in it just now."""
    engine = store.database.engine
    if engine.dialect.name != "sqlite":
        return True
    connection = engine.raw_connection()
    try:
        driver = connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.execute("VACUUM").close()
        busy = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return not busy
