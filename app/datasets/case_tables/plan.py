"""What importing a table would do: cases, changes of what is stored, every row that cannot be placed. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.common.errors import UserError


@dataclass(frozen=True, slots=True)
class Rejected:
    """``row``: its number as a spreadsheet shows it."""

    row: int
    error: UserError

    def as_json(self) -> dict[str, Any]:
        return {"row": self.row, "error": self.error.as_json()}


@dataclass(frozen=True, slots=True)
class Change:
    """A fact of a stored case that would become another."""

    row: int
    patient: str
    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """``case_id``: None for a new one. ``facts``: fields of :class:`db.tables.Case` that are to be set, only those that
    differ. ``photos``: ids that are to be tied to it; ``lesions``: photo -> its lesion's name."""

    case_id: int | None
    patient: str
    rows: tuple[int, ...]
    facts: Mapping[str, Any]
    photos: tuple[int, ...]
    lesions: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class CasePlan:
    """``rows``: all of the table's; what is not ``rejected`` is ``placed``. Nothing of a rejected row is used."""

    table: str
    sheet: str | None
    rows: int
    cases: tuple[PlannedCase, ...]
    changes: tuple[Change, ...]
    rejected: tuple[Rejected, ...]

    @property
    def placed(self) -> int:
        return self.rows - len(self.rejected)

    @property
    def new_cases(self) -> int:
        return sum(case.case_id is None for case in self.cases)

    @property
    def photos(self) -> int:
        return sum(len(case.photos) for case in self.cases)

    def as_json(self) -> dict[str, Any]:
        """The contract's ``cases import``."""
        return {"rows": self.rows, "placed": self.placed, "rejected": [r.as_json() for r in self.rejected]}
