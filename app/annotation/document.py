"""What is known about one photo's boxes, as an immutable document, and the edits that lead from one to the next.

Coordinates are pixels of the upright photo at full scale (see :class:`app.common.geometry.Box`). Nothing here knows Qt,
the database or a file format. An :class:`Edit` holds the boxes that it takes away and the ones that it puts in their
place, so that it can be turned round (undo), stored in the journal, and refused when somebody else has changed one of
the boxes in between.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any, Literal, TypeVar, get_args

from app.common.errors import UserError
from app.common.geometry import Box

Source = Literal["person", "model"]
EditKind = Literal[
    "add", "move", "resize", "relabel", "delete", "duplicate", "accept", "verify", "difficult", "replace",
    "reject", "refuse", "tighten", "merge", "settle",
]  # fmt: skip
T = TypeVar("T")
EDIT_KINDS: tuple[EditKind, ...] = get_args(EditKind)
UNLABELLED = ""

Ring = tuple[tuple[float, float], ...]
"""A closed line in the box's own frame: (0, 0) its top left corner, (1, 1) its bottom right one. It goes along when
the box is moved or resized."""

_sequence = count()
_session = os.urandom(3).hex()


def new_id() -> str:
    """A new box's id: 27 characters, unique among workstations, later ones sort after earlier ones."""
    return f"{time.time_ns() // 1_000_000:012x}{next(_sequence) & 0xFFFFFFFF:08x}-{_session}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a box stood in a file that was read: the file's id in the workspace, and its place among that file's."""

    file: int
    position: int


@dataclass(frozen=True, slots=True)
class Annotation:
    """One box of a photo.

    ``label`` is a disease's key, a foreign file's own word, or :data:`UNLABELLED` while nobody has answered.
    ``source`` says who found the box; ``verified`` that a person has confirmed it (an accepted suggestion is a
    verified box of the model's); ``difficult`` is Pascal VOC's mark. ``score`` is the model's confidence, if it
    found the box. ``outline``: a polygon's or mask's rings, whose extent is the box. ``origin``: the place in the file
    that it came from, so that the file can be changed only where the box was.
    """

    id: str
    box: Box
    label: str = UNLABELLED
    difficult: bool = False
    verified: bool = False
    source: Source = "person"
    score: float | None = None
    outline: tuple[Ring, ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A lesion that the model sees and nobody has accepted yet.

    ``score`` is what its tag shows (0..1), ``confidence`` what the slider compares (None: the same). Give ``id`` when
    the same prediction can be shown twice (``f"{prediction}-{number}"``): once accepted, the annotation carries it.
    """

    box: Box
    label: str
    score: float
    number: int
    id: str = field(default_factory=new_id)
    confidence: float | None = None

    @property
    def rank(self) -> float:
        return self.score if self.confidence is None else self.confidence


@dataclass(frozen=True)
class Document:
    """A photo's boxes, always in the order of their ids.

    ``verified``: a person has gone through the whole photo. ``rejected``: why a person sent it back, "" if nobody did.
    ``refused``: ids of the suggestions that a person has turned down.
    """

    width: int
    height: int
    annotations: tuple[Annotation, ...] = ()
    verified: bool = False
    rejected: str = ""
    refused: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.annotations, key=lambda a: a.id))
        if len({a.id for a in ordered}) != len(ordered):
            raise ValueError("two boxes with one id")
        object.__setattr__(self, "annotations", ordered)

    @cached_property
    def by_id(self) -> dict[str, Annotation]:
        return {a.id: a for a in self.annotations}

    def find(self, id_: str | None) -> Annotation | None:
        return self.by_id.get(id_) if id_ else None


@dataclass(frozen=True, slots=True)
class Edit:
    """``before`` leaves the document and ``after`` comes; both hold only what differs.

    ``verified`` and ``rejected``: (was, becomes). ``refused``: (ids taken off the list, ids put on it).
    """

    kind: EditKind
    before: tuple[Annotation, ...] = ()
    after: tuple[Annotation, ...] = ()
    verified: tuple[bool, bool] | None = None
    rejected: tuple[str, str] | None = None
    refused: tuple[frozenset[str], frozenset[str]] | None = None

    def inverse(self) -> Edit:
        return Edit(
            self.kind,
            self.after,
            self.before,
            self.verified and self.verified[::-1],
            self.rejected and self.rejected[::-1],
            self.refused and self.refused[::-1],
        )

    @property
    def touches(self) -> frozenset[str]:
        return frozenset(a.id for a in (*self.before, *self.after))


def apply(document: Document, edit: Edit) -> Document:
    """The document after the edit.

    Raises:
        UserError: ``edit_conflict`` when a box of ``before`` is gone or was changed, or one of ``after`` is there.
    """
    boxes = dict(document.by_id)
    for old in edit.before:
        if boxes.pop(old.id, None) != old:
            raise UserError("edit_conflict")
    for new in edit.after:
        if new.id in boxes:
            raise UserError("edit_conflict")
        boxes[new.id] = new
    verified, rejected, refused = document.verified, document.rejected, document.refused
    if edit.verified is not None:
        verified = _turned(verified, edit.verified)
    if edit.rejected is not None:
        rejected = _turned(rejected, edit.rejected)
    if edit.refused is not None:
        off, on = edit.refused
        if not off <= refused or on & refused:
            raise UserError("edit_conflict")
        refused = (refused - off) | on
    return Document(document.width, document.height, tuple(boxes.values()), verified, rejected, refused)


def _turned(now: T, step: tuple[T, T]) -> T:
    if step[0] != now:
        raise UserError("edit_conflict")
    return step[1]


def annotation_to_json(annotation: Annotation) -> dict[str, Any]:
    return {
        "id": annotation.id,
        "box": annotation.box.as_list(),
        "label": annotation.label,
        "difficult": annotation.difficult,
        "verified": annotation.verified,
        "source": annotation.source,
        "score": annotation.score,
        **({"outline": [[list(p) for p in ring] for ring in annotation.outline]} if annotation.outline else {}),
        **({"origin": [annotation.origin.file, annotation.origin.position]} if annotation.origin else {}),
    }


def annotation_from_json(raw: dict[str, Any]) -> Annotation:
    outline = tuple(tuple((float(u), float(v)) for u, v in ring) for ring in raw.get("outline", ()))
    origin = Origin(*raw["origin"]) if raw.get("origin") else None
    return Annotation(**{**raw, "box": Box(*raw["box"]), "outline": outline, "origin": origin})


def edit_to_json(edit: Edit) -> dict[str, Any]:
    """The journal's payload; floats come back exactly."""
    return {
        "kind": edit.kind,
        "before": [annotation_to_json(a) for a in edit.before],
        "after": [annotation_to_json(a) for a in edit.after],
        "verified": list(edit.verified) if edit.verified else None,
        **({"rejected": list(edit.rejected)} if edit.rejected else {}),
        **({"refused": [sorted(ids) for ids in edit.refused]} if edit.refused else {}),
    }


def edit_from_json(raw: dict[str, Any]) -> Edit:
    marks, rejected, refused = raw.get("verified"), raw.get("rejected"), raw.get("refused")
    return Edit(
        raw["kind"],
        tuple(annotation_from_json(a) for a in raw["before"]),
        tuple(annotation_from_json(a) for a in raw["after"]),
        (marks[0], marks[1]) if marks else None,
        (rejected[0], rejected[1]) if rejected else None,
        (frozenset(refused[0]), frozenset(refused[1])) if refused else None,
    )


def restored(
    annotations: Iterable[Annotation],
    width: int,
    height: int,
    verified: bool = False,
    rejected: str = "",
    refused: Iterable[str] = (),
) -> Document:
    """A document from stored rows, in any order."""
    return Document(width, height, tuple(annotations), verified, rejected, frozenset(refused))
