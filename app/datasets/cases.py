"""Patients and their visits."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.common.errors import UserError
from app.common.words import text
from app.datasets.images import image, image_rows
from app.datasets.people import audit, require
from app.datasets.records import SEXES, CaseRecord, ImageRow
from db.tables import Case, Image, Patient

OLDEST = 130
PATHOLOGY, PERSON = "pathology", "person"
"""Where a final diagnosis comes from: the gold standard, and who filled in the case card."""
_FACTS = (
    "age",
    "sex",
    "site",
    "duration_months",
    "history",
    "pathology",
    "centre",
    "final_diagnosis",
    "visited",
)


def case_of(session: Session, image_id: int) -> CaseRecord | None:
    """The visit that a photo belongs to, if anybody has said so.

    Raises:
        UserError: ``no_such_image``.
    """
    case_id = image(session, image_id).case_id
    return None if case_id is None else _record(session, case_id)


def ensure_case(session: Session, image_id: int) -> CaseRecord:
    """The photo's case; where it has none, a new one of a new patient with a made-up code."""
    found = case_of(session, image_id)
    if found is not None:
        return found
    record = add_case(session, f"P-{uuid.uuid4().hex[:8]}")
    assign_case(session, (image_id,), record.id)
    return record


def add_case(session: Session, patient: str, **facts: Any) -> CaseRecord:
    """A new visit of the patient with the code ``patient`` (made if new); ``facts``: fields of :class:`CaseRecord`."""
    require(session, "edit_case")
    _check(facts)
    row = session.scalar(select(Patient).where(Patient.code == patient))
    if row is None:
        row = Patient(code=patient)
        session.add(row)
        session.flush()
    case = Case(patient_id=row.id, **facts)
    session.add(case)
    session.flush()
    audit(session, "add", "case", case.id, {k: str(v) for k, v in facts.items()})
    return _record(session, case.id)


def update_case(session: Session, record: CaseRecord) -> CaseRecord:
    """Store the case card as it stands, including another ``patient`` code; gives it with its new version.

    Raises:
        UserError: ``changed_meanwhile`` if somebody else stored it since ``record`` was read; ``bad_case_value``;
            ``pathology_is_gold`` for another diagnosis than the one that pathology has given.
    """
    require(session, "edit_case")
    facts = {name: getattr(record, name) for name in _FACTS}
    _check(facts)
    row = session.get(Case, record.id)
    if row is None or row.version != record.version:
        raise UserError("changed_meanwhile")
    if facts["final_diagnosis"] != row.final_diagnosis:
        if row.diagnosis_source == PATHOLOGY and row.final_diagnosis is not None:
            raise UserError("pathology_is_gold")
        facts["diagnosis_source"] = PERSON if facts["final_diagnosis"] is not None else None
    before = row.patient_id
    facts["patient_id"] = _patient_id(session, record.patient)  # before anything is set: it looks, and would store it
    for name, value in facts.items():
        setattr(row, name, value)
    session.flush()
    if session.scalar(select(Case.id).where(Case.patient_id == before).limit(1)) is None:
        session.execute(delete(Patient).where(Patient.id == before))  # a made-up code that nobody uses any more
    audit(session, "change", "case", row.id, {k: str(v) for k, v in asdict(record).items()})
    return _record(session, row.id)


def assign_case(session: Session, image_ids: Iterable[int], case_id: int) -> None:
    """Say that these photos were taken at this visit."""
    require(session, "edit_case")
    ids = list(image_ids)
    session.execute(update(Image).where(Image.id.in_(ids)).values(case_id=case_id))
    audit(session, "assign", "case", case_id, ids)


def photos_of_patient(session: Session, patient: str) -> tuple[ImageRow, ...]:
    """All photos of a patient over time: by visit's date (unknown first), then as they were added."""
    query = (
        select(Image.id)
        .join(Case, Image.case_id == Case.id)
        .join(Patient, Case.patient_id == Patient.id)
        .where(Patient.code == patient)
        .order_by(Case.visited.is_not(None), Case.visited, Image.id)
    )
    return image_rows(session, list(session.scalars(query)))


def _record(session: Session, case_id: int) -> CaseRecord:
    query = select(Case, Patient.code).join(Patient).where(Case.id == case_id)
    row = session.execute(query.execution_options(populate_existing=True)).one()
    case: Case = row[0]
    facts: dict[str, Any] = {name: getattr(case, name) for name in _FACTS}
    source = case.diagnosis_source
    return CaseRecord(id=case.id, patient=row[1], version=case.version, diagnosis_source=source, **facts)


def _patient_id(session: Session, code: str) -> int:
    code = code.strip()
    if not code:
        raise UserError("bad_case_value", field=text("case.patient"), value=code)
    row = session.scalar(select(Patient).where(Patient.code == code))
    if row is None:
        row = Patient(code=code)
        session.add(row)
        session.flush()
    return row.id


def _check(facts: dict[str, Any]) -> None:
    age, sex, months = (facts.get(k) for k in ("age", "sex", "duration_months"))
    if age is not None and not 0 <= age <= OLDEST:
        raise UserError("bad_case_value", field=text("case.age"), value=age)
    if sex is not None and sex not in SEXES:
        raise UserError("bad_case_value", field=text("case.sex"), value=sex)
    if months is not None and not 0 <= months <= OLDEST * 12:
        raise UserError("bad_case_value", field=text("case.duration_months"), value=months)
