"""Typed tables. Column types are those that SQLite and PostgreSQL share; times are UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Index, MetaData, String, Text, TypeDecorator, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def utc_now() -> datetime:
    return datetime.now(UTC)


class UtcTime(TypeDecorator[datetime]):
    """Aware UTC in Python, naive UTC in the file: SQLite keeps no zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy's own protocol
        str: String(200),
        datetime: UtcTime,
        dict[str, Any]: JSON,
    }


class User(Base):
    __tablename__ = "user_account"  # "user" is a reserved word of PostgreSQL

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str] = mapped_column(String(20))
    active: Mapped[bool] = mapped_column(default=True)
    created: Mapped[datetime] = mapped_column(default=utc_now)


class AuditEntry(Base):
    """One link of the audit chain: ids and hashes, never patient data. Triggers keep it append-only."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str] = mapped_column(String(60))
    entity: Mapped[str] = mapped_column(String(60))
    entity_id: Mapped[str]
    payload_hash: Mapped[str | None] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class Patient(Base):
    __tablename__ = "patient"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    created: Mapped[datetime] = mapped_column(default=utc_now)


class ErasedPatient(Base):
    """A tombstone: somebody was erased. ``mark``: a salted, slow hash of the code, so that an import knows it again."""

    __tablename__ = "erased_patient"

    id: Mapped[int] = mapped_column(primary_key=True)
    mark: Mapped[str] = mapped_column(index=True)
    images: Mapped[int]
    versions: Mapped[list[str]] = mapped_column(JSON, default=list)  # NAME@HASH of those that were reduced
    actor: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)


class Case(Base):
    """One patient's visit. ``visit``: the hospital's own number of it; ``diagnosis_source``: where the final diagnosis
    comes from ("pathology" is the gold standard), ``imported_from``: the table and row that said so."""

    __tablename__ = "patient_case"  # "case" is a reserved word of SQL

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    age: Mapped[int | None]
    sex: Mapped[str | None] = mapped_column(String(10))
    site: Mapped[str | None]
    duration_months: Mapped[float | None]
    history: Mapped[str | None] = mapped_column(Text)
    pathology: Mapped[str | None] = mapped_column(Text)
    centre: Mapped[str | None]
    final_diagnosis: Mapped[str | None]
    diagnosis_source: Mapped[str | None] = mapped_column(String(20))
    imported_from: Mapped[str | None] = mapped_column(String(500))
    visit: Mapped[str | None]
    visited: Mapped[date | None]
    created: Mapped[datetime] = mapped_column(default=utc_now)
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Image(Base):
    """A photo: a copy in the media folder (``path`` relative to it) or a linked original (``path`` absolute).

    ``excluded``: the check for which somebody keeps it out of datasets, None while it is in; ``masks``: rectangles
    [x0, y0, x1, y1] in pixels of the upright photo that are painted over in whatever leaves the workspace or is
    learnt from. Both are what decisions (:class:`Decision`) add up to; the photo itself is never touched.
    """

    __tablename__ = "image"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("patient_case.id"), index=True)
    name: Mapped[str] = mapped_column(String(500))
    path: Mapped[str] = mapped_column(String(4000), unique=True)
    linked: Mapped[bool] = mapped_column(default=False)
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    width: Mapped[int | None]
    height: Mapped[int | None]
    synthetic: Mapped[bool] = mapped_column(default=False)
    pack: Mapped[str] = mapped_column(String(100))
    lesion: Mapped[str | None]
    verified: Mapped[bool] = mapped_column(default=False)
    rejected: Mapped[str] = mapped_column(Text, default="", server_default="")
    refused: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    trashed: Mapped[datetime | None]
    excluded: Mapped[str | None] = mapped_column(String(40))
    masks: Mapped[list[list[float]]] = mapped_column(JSON, default=list, server_default="[]")
    meta: Mapped[dict[str, Any]] = mapped_column(default=dict)
    added: Mapped[datetime] = mapped_column(default=utc_now)


class Assignment(Base):
    """``person`` boxes this photo on a layer of their own, beside others who do, until the differences are settled."""

    __tablename__ = "assignment"
    __table_args__ = (UniqueConstraint("image_id", "person"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"), index=True)
    person: Mapped[str] = mapped_column(index=True)
    verified: Mapped[bool] = mapped_column(default=False)  # this person is through with the photo
    rejected: Mapped[str] = mapped_column(Text, default="")
    refused: Mapped[list[str]] = mapped_column(JSON, default=list)
    settled: Mapped[datetime | None]
    settled_by: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(default=utc_now)


class AnnotationFile(Base):
    """A file of boxes as it was read: its bytes, so that it can be written back with only the changes in it."""

    __tablename__ = "annotation_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    format: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(500))  # its name below the folder that was read
    path: Mapped[str] = mapped_column(String(4000), index=True)  # where it lay
    image_id: Mapped[int | None] = mapped_column(ForeignKey("image.id"), index=True)  # None: a file of many photos
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes]
    context: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what else reading it needed, as YOLO's classes
    author: Mapped[str]
    read: Mapped[datetime] = mapped_column(default=utc_now)


class Annotation(Base):
    """One box that a person drew or accepted, in pixels of the upright image; ``mask``: run lengths, if any.

    ``layer`` is "" for the common boxes, else the person of an :class:`Assignment`; two people who accept one
    suggestion have a box of that id each. ``outline``: rings as JSON.
    """

    __tablename__ = "annotation"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    layer: Mapped[str] = mapped_column(primary_key=True, default="", server_default="")
    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"), index=True)
    x0: Mapped[float]
    y0: Mapped[float]
    x1: Mapped[float]
    y1: Mapped[float]
    label: Mapped[str]
    difficult: Mapped[bool] = mapped_column(default=False)
    verified: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(String(10), default="person")
    score: Mapped[float | None]
    mask: Mapped[str | None] = mapped_column(Text)
    outline: Mapped[str | None] = mapped_column(Text)
    origin_file: Mapped[int | None] = mapped_column(ForeignKey("annotation_file.id"), index=True)
    origin_position: Mapped[int | None]
    author: Mapped[str]
    changed: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class JournalEntry(Base):
    """One change of one photo's boxes by one person. All of them applied in order give the boxes as they are.

    ``state`` of an edit: "done" (can be undone), "undone" (can be redone), "dropped" (undone for good), "kept" (done
    for good, as somebody else has changed its boxes since). Undoing and redoing are entries too, "undo" and "redo".
    Of a photo that was erased with its patient only hashes are left, under ``image_id`` with a minus before it: the
    number itself may be given again.
    """

    __tablename__ = "journal_entry"
    __table_args__ = (
        Index("ix_journal_entry_image_id_actor", "image_id", "actor"),
        Index("ix_journal_entry_actor_state", "actor", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int]
    layer: Mapped[str] = mapped_column(default="", server_default="")
    actor: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)
    state: Mapped[str] = mapped_column(String(10), default="done")
    payload: Mapped[dict[str, Any] | None]
    payload_hash: Mapped[str] = mapped_column(String(64))


class Examination(Base):
    """What one part of the cleaning checks measured of one photo; ``stamp`` tells file, boxes and code that it saw."""

    __tablename__ = "examination"

    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"), primary_key=True)
    part: Mapped[str] = mapped_column(String(20), primary_key=True)
    stamp: Mapped[str] = mapped_column(String(64))
    measured: Mapped[dict[str, Any]] = mapped_column(default=dict)
    blob: Mapped[bytes | None]


class Finding(Base):
    """What one check says of one photo: ``score`` 0..1, higher is worse. Kept below the threshold too, which moves.

    ``why`` is a key of the catalogue that ``facts`` fill; ``boxes`` are [x0, y0, x1, y1] in pixels of the upright
    photo; ``group`` names the photos that belong together.
    """

    __tablename__ = "finding"
    __table_args__ = (
        Index("ix_finding_check_key_score", "check_key", "score"),
        Index("ix_finding_group_key", "group_key"),
    )

    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"), primary_key=True)
    check_key: Mapped[str] = mapped_column(String(20), primary_key=True)
    score: Mapped[float]
    why: Mapped[str] = mapped_column(String(60))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    boxes: Mapped[list[list[float]]] = mapped_column(JSON, default=list)
    group_key: Mapped[str | None] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(default=utc_now)


class PhotoPair(Base):
    """Two photos (``a`` < ``b``) that were compared closely, so that nobody compares them again."""

    __tablename__ = "photo_pair"

    a: Mapped[int] = mapped_column(ForeignKey("image.id"), primary_key=True)
    b: Mapped[int] = mapped_column(ForeignKey("image.id"), primary_key=True, index=True)
    stamp: Mapped[str] = mapped_column(String(64))
    verdict: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Decision(Base):
    """What a person did about a finding. ``batch`` holds together what was decided, and is undone, at one stroke.

    ``kind``: keep, exclude, mask, relabel, merge, second_opinion. ``payload`` holds what undoing needs. It counts
    while ``undone`` is None; ``state`` is that of its maker's undo history, as of :class:`JournalEntry`.
    """

    __tablename__ = "decision"
    __table_args__ = (
        Index("ix_decision_image_id_check_key", "image_id", "check_key"),
        Index("ix_decision_actor_state", "actor", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    batch: Mapped[str] = mapped_column(String(40), index=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"))
    check_key: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    note: Mapped[str] = mapped_column(Text, default="")
    actor: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)
    state: Mapped[str] = mapped_column(String(10), default="done")
    undone: Mapped[datetime | None]
    undone_by: Mapped[str | None]


class CheckSetting(Base):
    """A check's threshold in this workspace, where somebody moved it, or switched the check off."""

    __tablename__ = "check_setting"

    check_key: Mapped[str] = mapped_column(String(20), primary_key=True)
    threshold: Mapped[float]
    active: Mapped[bool] = mapped_column(default=True)


class Prediction(Base):
    __tablename__ = "prediction"

    id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"), index=True)
    rater: Mapped[str]
    payload: Mapped[dict[str, Any]]
    created: Mapped[datetime] = mapped_column(default=utc_now)


class Dataset(Base):
    """A named set of images. With ``everything`` it is whatever the workspace holds when it is frozen."""

    __tablename__ = "dataset"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    pack: Mapped[str] = mapped_column(String(100))
    everything: Mapped[bool] = mapped_column(default=False)
    created: Mapped[datetime] = mapped_column(default=utc_now)


class DatasetMember(Base):
    __tablename__ = "dataset_member"

    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id"), primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"), primary_key=True, index=True)


class DatasetVersion(Base):
    """A frozen list of images, boxes, labels and splits; ``payload`` is what ``hash`` was taken of, with the paths."""

    __tablename__ = "dataset_version"
    __table_args__ = (UniqueConstraint("name", "hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    hash: Mapped[str] = mapped_column(String(64))
    parent_hash: Mapped[str | None] = mapped_column(String(64))
    reduced_to: Mapped[str | None] = mapped_column(String(64))  # its patients were erased: this version took its place
    payload: Mapped[dict[str, Any]]
    author: Mapped[str]
    created: Mapped[datetime] = mapped_column(default=utc_now)


class Run(Base):
    """One training."""

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    task: Mapped[str] = mapped_column(String(20))
    network: Mapped[str]
    dataset: Mapped[str]
    state: Mapped[str] = mapped_column(String(20))
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created: Mapped[datetime] = mapped_column(default=utc_now)


class ModelVersion(Base):
    __tablename__ = "model_version"
    __table_args__ = (UniqueConstraint("name", "model_version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    model_version: Mapped[str]
    task: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    sha256: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created: Mapped[datetime] = mapped_column(default=utc_now)
