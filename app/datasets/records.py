"""What the store hands out: plain, frozen, free of the database (safe to import before the first paint)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from app.annotation.document import Annotation, Document, Edit, EditKind
from app.common.errors import UserError

Sex = Literal["female", "male"]
SEXES: tuple[Sex, ...] = ("female", "male")


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One photo of the list. ``width`` x ``height``: upright, None until it was opened once; ``boxes``: how many.

    ``rejected``: the comment with which it was sent back, "" if it was not. ``mine``: the person at work has boxed it,
    or is to box it. Boxes and marks are those that the person sees (:func:`app.datasets.layers.layer_of`).
    ``excluded``: the check for which it stays out of data sets, "" if it does not.
    """

    id: int
    name: str
    file: str
    linked: bool
    synthetic: bool
    width: int | None
    height: int | None
    case_id: int | None
    patient: str | None
    boxes: int
    verified: bool
    rejected: str = ""
    mine: bool = False
    excluded: str = ""

    @property
    def path(self) -> Path:
        """Where the photo lies; made when asked for, since a list has 100,000 of them."""
        return Path(self.file)


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One patient's visit; ``patient`` is the code. ``version`` guards against two people changing it at once.

    ``sex`` is "female" or "male", ``final_diagnosis`` a key of the pack or "other" ("none of these");
    ``diagnosis_source``: "pathology" (never overwritten by less), "clinical", "other", "person" (who filled in the
    card), None where nobody said. It is not changed through the record.
    """

    id: int
    patient: str
    age: int | None = None
    sex: str | None = None
    site: str | None = None
    duration_months: float | None = None
    history: str | None = None
    pathology: str | None = None
    centre: str | None = None
    final_diagnosis: str | None = None
    visited: date | None = None
    version: int = 1
    diagnosis_source: str | None = None


@dataclass(frozen=True, slots=True)
class JournalState:
    """Whether the person at work can take something back or do it again."""

    undoable: bool
    redoable: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step of undo (``back``) or redo: ``edit`` was applied to the photo's boxes, unless it was ``refused``.

    ``layer``: whose boxes; it can be the common ones of a photo that the person boxes apart from others by now.
    """

    image_id: int
    edit: Edit
    back: bool
    refused: UserError | None = None
    layer: str = ""


EventWay = Literal["done", "undo", "redo"]


@dataclass(frozen=True, slots=True)
class BoxEvent:
    """One thing that happened to a box (``box_id`` "": to the photo as a whole).

    ``kind``: that of the edit, or "import". ``way``: whether the edit was made, taken back or made again; ``before``
    and ``after`` are what it led from and to, None where the box was not there. ``at`` is None and ``who`` "" where
    nobody noted it. ``file``: the name of the file that the box came from. ``verified``, ``comment``: the photo's
    mark, and why it was sent back.
    """

    at: datetime | None
    who: str
    kind: EditKind | Literal["import"]
    before: Annotation | None
    after: Annotation | None
    box_id: str
    way: EventWay = "done"
    file: str = ""
    verified: bool | None = None
    comment: str = ""

    def from_file(self, name: str) -> BoxEvent:
        return replace(self, file=name)


@dataclass(frozen=True, slots=True)
class TrashedPhoto:
    row: ImageRow
    at: datetime


@dataclass(frozen=True, slots=True)
class DeletedBox:
    """A box as it was when ``who`` deleted it from the photo ``image_id`` named ``photo``."""

    image_id: int
    photo: str
    box: Annotation
    at: datetime
    who: str


@dataclass(frozen=True, slots=True)
class AssignmentRecord:
    """``person`` boxes the photo ``name`` apart from others; ``through``: the person has verified it.

    ``settled``: when the differences were settled, and by whom; None while they are open.
    """

    image_id: int
    name: str
    person: str
    boxes: int
    through: bool
    rejected: str
    settled: datetime | None
    settled_by: str | None


@dataclass(frozen=True)
class PairRecord:
    """One photo that two people boxed; a side is through with it when its document is verified."""

    image_id: int
    left: Document
    right: Document
    settled: bool


@dataclass(frozen=True, slots=True)
class PredictionRecord:
    id: int
    image_id: int
    rater: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UserRecord:
    id: int
    name: str
    role: str
    active: bool


@dataclass(frozen=True, slots=True)
class NewImage:
    """A photo to be registered; ``path`` is relative to the media folder, or absolute with ``linked``."""

    name: str
    path: str
    linked: bool = False
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    synthetic: bool = False
    case_id: int | None = None
    lesion: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
