"""What the store hands out: plain, frozen, free of the database (safe to import before the first paint)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from app.annotation.document import Edit
from app.common.errors import UserError

Sex = Literal["female", "male"]
SEXES: tuple[Sex, ...] = ("female", "male")


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One photo of the list. ``width`` x ``height``: upright, None until it was opened once; ``boxes``: how many."""

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

    @property
    def path(self) -> Path:
        """Where the photo lies; made when asked for, since a list has 100,000 of them."""
        return Path(self.file)


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One patient's visit; ``patient`` is the code. ``version`` guards against two people changing it at once.

    ``sex`` is "female" or "male", ``final_diagnosis`` a key of the pack or "other" ("none of these").
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


@dataclass(frozen=True, slots=True)
class JournalState:
    """Whether the person at work can take something back or do it again."""

    undoable: bool
    redoable: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step of undo (``back``) or redo: ``edit`` was applied to the photo's boxes, unless it was ``refused``."""

    image_id: int
    edit: Edit
    back: bool
    refused: UserError | None = None


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
