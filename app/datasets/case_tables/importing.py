"""Patients, visits, history, pathology and centre out of a hospital's table: all rows that can be placed, at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.datasets.case_tables.mapping import Mapping
from app.datasets.case_tables.plan import CasePlan, PlannedCase
from app.datasets.case_tables.planning import plan_cases
from app.datasets.case_tables.table import Table
from app.datasets.people import audit, require
from db.tables import Case, Image, Patient, utc_now

if TYPE_CHECKING:
    from app.datasets.store import Store

_CHUNK = 500


def import_cases(store: Store, table: Table, mapping: Mapping, actor: str, *, dry_run: bool = False) -> CasePlan:
    """Place what can be placed, in one transaction; the plan says what that was, and why other rows were rejected.

    Raises:
        UserError: as :func:`plan_cases`, ``not_allowed``, or the database's; then nothing was changed.
    """
    if dry_run:
        with store.read(actor) as session:
            return plan_cases(session, table, mapping)
    with store.write(actor) as session:
        require(session, "edit_case")
        plan = plan_cases(session, table, mapping)
        _apply(session, plan)
        return plan


def _apply(session: Session, plan: CasePlan) -> None:
    patients = _patients(session, sorted({c.patient for c in plan.cases}))
    ids = _stored(session, plan, patients)
    tied: list[dict[str, int]] = []
    lesions: list[dict[str, int | str]] = []
    for case, case_id in zip(plan.cases, ids, strict=True):
        tied += [{"id": photo, "case_id": case_id} for photo in case.photos]
        lesions += [{"id": photo, "lesion": name} for photo, name in case.lesions.items()]
    for rows in (tied, lesions):
        if rows:
            session.execute(update(Image), rows)
    counts = {"cases": len(plan.cases), "new": plan.new_cases, "photos": len(tied), "rejected": len(plan.rejected)}
    rows_hashed = [[c.patient, *map(str, c.facts.values())] for c in plan.cases]
    audit(session, "import", "cases", plan.placed, {**counts, "facts": rows_hashed})


def _stored(session: Session, plan: CasePlan, patients: dict[str, int]) -> list[int]:
    """The ids of the planned cases, new ones included, in their order; their facts are written."""
    new = [c for c in plan.cases if c.case_id is None]
    now = utc_now()
    made = iter(
        session.scalars(
            insert(Case).returning(Case.id, sort_by_parameter_order=True),
            [
                {
                    "patient_id": patients[c.patient],
                    "version": 1,
                    "created": now,
                    **dict.fromkeys(_COLUMNS),
                    **c.facts,
                    "imported_from": _origin(plan, c),
                }
                for c in new
            ],
        ).all()
        if new
        else ()
    )
    ids = []
    for case in plan.cases:
        if case.case_id is None:
            ids.append(next(made))
            continue
        ids.append(case.case_id)
        if case.facts:
            row = session.get_one(Case, case.case_id)
            for name, value in case.facts.items():
                setattr(row, name, value)
            row.imported_from = _origin(plan, case)
    session.flush()
    return ids


_COLUMNS = (
    "age", "sex", "site", "duration_months", "history", "pathology", "centre", "final_diagnosis", "diagnosis_source",
    "visit", "visited",
)  # fmt: skip


def _origin(plan: CasePlan, case: PlannedCase) -> str:
    """The table, and the rows as a spreadsheet numbers them."""
    where = plan.table if plan.sheet is None else f"{plan.table} [{plan.sheet}]"
    return f"{where[:400]} : {', '.join(map(str, case.rows[:10]))}"


def _patients(session: Session, codes: Sequence[str]) -> dict[str, int]:
    """Code -> id; new patients are added."""
    known: dict[str, int] = {}
    for start in range(0, len(codes), _CHUNK):
        query = select(Patient.code, Patient.id).where(Patient.code.in_(codes[start : start + _CHUNK]))
        known.update((code, patient_id) for code, patient_id in session.execute(query))
    new = [code for code in codes if code not in known]
    if new:
        session.execute(insert(Patient), [{"code": code, "created": utc_now()} for code in new])
        known.update(_patients(session, new))
    return known
