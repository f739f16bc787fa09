"""What the queue hands out: plain, frozen, free of the database (safe to import before the first paint)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.annotation.document import Annotation
from app.cleaning.checks import INFORMING
from app.cleaning.findings import Finding
from app.common.errors import UserError
from app.common.geometry import Box

Kind = Literal["keep", "exclude", "mask", "relabel", "merge", "second_opinion"]
State = Literal["open", "waiting", "decided", "out"]
"""Of a finding: nobody has decided; a second opinion is wanted; decided; the photo is out for another reason."""

BINS = 25
GROUPED = ("exact_duplicate", "near_duplicate", "same_lesion", "patient_duplicate")
"""Checks whose findings are looked at group by group."""
COVERABLE = frozenset({"face", "clothing", "hair", "ruler", "pen_mark", "black_border", "watermark", "text"})
"""Checks whose boxes mark what may be painted over; those of blur, framing or a doubtful label are the lesions."""

Item = tuple[int, str]
"""A photo's id and a check."""


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """``past``: photos from the threshold on; ``open``: those of them that wait for a decision.

    ``histogram``: photos by score in :data:`BINS` equal steps of 0..1; what lies below the floor of findings is not in
    it. ``active``: not switched off.
    """

    check: str
    threshold: float
    past: int
    open: int
    histogram: tuple[int, ...]
    active: bool


@dataclass(frozen=True, slots=True)
class Work:
    """``unseen``: photos that no check has looked at; ``waiting``: findings whose second opinion the person is to give.

    ``seconds_each``: the person's own pace, None while it is not known.
    """

    checks: tuple[CheckSummary, ...]
    photos: int
    unseen: int
    decided: int
    waiting: int
    seconds_each: float | None

    @property
    def open(self) -> int:
        """Findings that wait for a decision; those that only keep photos together wait for none."""
        return sum(c.open for c in self.checks if c.active and c.check not in INFORMING)

    @property
    def seconds_left(self) -> float | None:
        return None if self.seconds_each is None else self.seconds_each * self.open


@dataclass(frozen=True, slots=True)
class Tally:
    """Scores of a check's findings, rising: all, those of photos in the trash, and the others that are not open."""

    scores: tuple[float, ...] = ()
    trashed: tuple[float, ...] = ()
    closed: tuple[float, ...] = ()

    def past(self, threshold: float) -> int:
        """Photos from the threshold on."""
        return _from(self.scores, threshold) - _from(self.trashed, threshold)

    def open(self, threshold: float) -> int:
        """Those of them that wait for a decision."""
        return self.past(threshold) - _from(self.closed, threshold)


def _from(scores: tuple[float, ...], threshold: float) -> int:
    return len(scores) - bisect_left(scores, threshold)


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line of the queue: a photo, or the photos of a group, the worst first. ``score``: the worst of them."""

    check: str
    score: float
    state: State
    photos: tuple[QueuePhoto, ...]
    group: str | None = None

    @property
    def key(self) -> tuple[str, str | int]:
        """Tells it apart from every other line."""
        return self.check, self.photos[0].id if self.group is None else self.group

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple((p.id, self.check) for p in self.photos)


@dataclass(frozen=True, slots=True)
class QueuePhoto:
    """``kind``: of the decision that counts, "" if there is none; ``to``: whose second opinion is wanted."""

    id: int
    name: str
    file: str
    score: float
    state: State
    kind: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """Who decided what, when and why; ``undone_by`` "" while it counts."""

    id: int
    batch: str
    image_id: int
    check: str
    kind: Kind
    note: str
    actor: str
    at: datetime
    undone: datetime | None = None
    undone_by: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PhotoDetail:
    """A photo with all that is known when one decides about it; sizes are of the upright photo, None where unknown.

    ``label``: the disease that it counts as; ``pathology``: that comes from pathology. ``finding``: of the queue's
    check, ``others``: of other checks from their thresholds on.
    """

    id: int
    name: str
    file: str
    width: int | None
    height: int | None
    synthetic: bool
    patient: str | None
    label: str | None
    pathology: bool
    excluded: str | None
    masks: tuple[Box, ...]
    boxes: tuple[Annotation, ...]
    finding: Finding | None
    others: tuple[Finding, ...]
    decisions: tuple[DecisionRecord, ...]


@dataclass(frozen=True, slots=True)
class Walked:
    """One step of undo (``back``) or redo: what it was about, and why it was ``refused``, if it was."""

    kind: Kind
    check: str
    image_ids: tuple[int, ...]
    back: bool
    refused: UserError | None = None
