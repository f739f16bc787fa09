"""Which visit a row of the table belongs to, and which stored case a visit is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.common.errors import UserError
from app.datasets.case_tables.rows import STORED, Row
from db.tables import Case, Patient

Key = tuple[str, str, str]
"""Patient, visit's number, visit's day; "" for what a case does not have."""


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A patient's case as it is in the database; ``facts`` with diagnosis and source."""

    id: int
    facts: Mapping[str, Any]


def stored_cases(session: Session, patients: set[str]) -> dict[str, list[StoredCase]]:
    found: defaultdict[str, list[StoredCase]] = defaultdict(list)
    names = (*STORED, "final_diagnosis", "diagnosis_source")
    columns = [getattr(Case, name) for name in names]
    query = select(Patient.code, Case.id, *columns).join(Case, Case.patient_id == Patient.id).order_by(Case.id)
    for code, case_id, *values in session.execute(query):
        if code in patients:
            found[code].append(StoredCase(case_id, dict(zip(names, values, strict=True))))
    return dict(found)


def visit_key(patient: str, row: Row, numbered: Mapping[str, set[str]]) -> Key:
    """By the visit's number; a row with only a day joins the one numbered visit of that day."""
    if row.visit:
        return patient, row.visit, ""
    day = str(row.visited)
    visits = numbered.get(day, set())
    return (patient, next(iter(visits)), "") if len(visits) == 1 else (patient, "", day)


def stored_visit(
    key: Key, day: str, stored: Sequence[StoredCase], visits: Collection[Key]
) -> StoredCase | UserError | None:
    """Which of a patient's ``stored`` cases a visit of the table is; None: a new one.

    ``day``: of a numbered visit, "" where the table does not say. ``visits``: all of the table's.
    """
    patient, visit, _ = key
    if visit:
        found = [c for c in stored if c.facts["visit"] == visit]
        found = found or [c for c in stored if day and not c.facts["visit"] and str(c.facts["visited"]) == day]
    elif day:
        found = [c for c in stored if str(c.facts["visited"]) == day]
    else:
        found = list(stored)
    if len(found) > 1:
        return UserError("case_which_visit", n=len(found))
    if found:
        return found[0]
    blank = [c for c in stored if not c.facts["visit"] and not c.facts["visited"]]
    only_one = len(stored) == 1 and sum(k[0] == patient for k in set(visits)) == 1
    return blank[0] if blank and only_one else None
