"""What decisions change besides the photo's own state: boxes and diagnosis, patients, lesions; and the way back.

The payload of a decision holds all that the way back needs. Of patients a row names no code but the photo's own, so
that erasing a patient with the decisions about their photos leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.annotation.document import Annotation, Edit, edit_from_json, edit_to_json
from app.cleaning.records import COVERABLE, GROUPED, Kind
from app.common.errors import UserError
from app.common.geometry import Box
from app.datasets.box_rows import read_boxes
from app.datasets.journal import apply_for_good
from app.datasets.layers import COMMON, photo
from app.datasets.people import audit, require
from db.tables import Case, Decision, Finding, Image, Patient

PATHOLOGY = "pathology"
DUPLICATES = ("exact_duplicate", "near_duplicate")
SAME = 1.0
"""Pixels by which a finding's box and an annotation may differ and still be one."""


def act(session: Session, image_id: int, check: str, kind: Kind, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Do what the decision says beyond the photo's own state; gives the payload to be stored.

    Raises:
        UserError: see :func:`app.cleaning.decisions.decide`.
    """
    image = photo(session, image_id)
    if kind == "mask":
        return {"boxes": asked.get("boxes") or _own_boxes(session, image_id, check)}
    if kind == "relabel":
        return _relabel(session, image, check, str(asked["label"]))
    if kind == "second_opinion":
        return {"to": asked["to"]}
    if kind == "merge":
        return _merge(session, image, check, int(asked["best"]))
    return {}


def walk(session: Session, row: Decision, *, back: bool) -> UserError | None:
    """Take back, or do again, what :func:`act` did; the reason where somebody has changed it since."""
    if row.kind == "relabel":
        return _relabel_walk(session, row, back=back)
    if row.kind == "merge" and row.check_key == "patient_duplicate":
        return _patients_walk(session, row, back=back)
    if row.kind == "merge" and row.check_key == "same_lesion":
        return _lesion_walk(session, row, back=back)
    return None


# -- masks -------------------------------------------------------------------------------------------------------
def _own_boxes(session: Session, image_id: int, check: str) -> list[list[float]]:
    finding = session.get(Finding, (image_id, check))
    if check not in COVERABLE or finding is None or not finding.boxes:
        raise UserError("nothing_to_mask")
    return finding.boxes


# -- labels ------------------------------------------------------------------------------------------------------
def _relabel(session: Session, image: Image, check: str, label: str) -> dict[str, Any]:
    """The boxes' labels, journalled, and the visit's diagnosis; of a box in doubt only that box."""
    chosen = _boxes_in_doubt(session, image.id) if check == "box_suspect" else None
    boxes = read_boxes(session, image.id, COMMON)
    wanted = [b for b in boxes if b.label != label and (chosen is None or _among(b, chosen))]
    case = session.get(Case, image.case_id) if image.case_id is not None and chosen is None else None
    change = None
    if case is not None and case.final_diagnosis != label:
        if case.diagnosis_source == PATHOLOGY and case.final_diagnosis:
            raise UserError("relabel_against_pathology", photo=image.name)
        require(session, "edit_case")
        change = [case.id, case.final_diagnosis, label]
    if not wanted and change is None:
        there = any(b.label == label for b in boxes) or (case is not None and case.final_diagnosis == label)
        raise UserError("relabel_same" if there else "relabel_nothing", photo=image.name)
    edit = _relabelling(wanted, label)
    if edit is not None:
        apply_for_good(session, image.id, edit, COMMON)
    if change is not None and case is not None:
        _diagnose(session, case, label)
    return {"label": label, "edit": edit_to_json(edit) if edit else None, "case": change}


def _relabelling(boxes: list[Annotation], label: str) -> Edit | None:
    after = tuple(replace(b, label=label, verified=True) for b in boxes)
    return Edit("relabel", tuple(boxes), after) if boxes else None


def _boxes_in_doubt(session: Session, image_id: int) -> list[Box] | None:
    finding = session.get(Finding, (image_id, "box_suspect"))
    return [Box(*corners) for corners in finding.boxes] if finding is not None and finding.boxes else None


def _among(box: Annotation, chosen: list[Box]) -> bool:
    own = box.box.as_list()
    return any(max(abs(a - b) for a, b in zip(own, c.as_list(), strict=True)) <= SAME for c in chosen)


def _relabel_walk(session: Session, row: Decision, *, back: bool) -> UserError | None:
    edit = edit_from_json(row.payload["edit"]) if row.payload["edit"] else None
    case, before, after = (None, None, None) if row.payload["case"] is None else row.payload["case"]
    old, new = (after, before) if back else (before, after)
    found = None if case is None else session.get(Case, case)
    if case is not None and (found is None or found.final_diagnosis != old):
        return UserError("decision_changed_since")
    if edit is not None:
        try:
            apply_for_good(session, row.image_id, edit.inverse() if back else edit, COMMON)
        except UserError as error:
            if error.code != "edit_conflict":
                raise
            return UserError("decision_changed_since")
    if found is not None:
        _diagnose(session, found, new)
    return None


def _diagnose(session: Session, case: Case, label: str | None) -> None:
    case.final_diagnosis = label
    session.flush()
    audit(session, "change", "case", case.id, {"final_diagnosis": label})


# -- merging -----------------------------------------------------------------------------------------------------
def _merge(session: Session, image: Image, check: str, best: int) -> dict[str, Any]:
    assert check in GROUPED, f"{check} has no groups"
    payload: dict[str, Any] = {"best": best}
    if check in DUPLICATES:
        return {**payload, "excluded": image.id != best}
    if check == "same_lesion":
        before = image.lesion
        image.lesion = photo(session, best).lesion or f"L-{best}"
        return {**payload, "lesion": [before, image.lesion]}
    cases = _cases_to_move(session, image, best)
    if image.id != best and cases:
        payload |= {"from": _code(session, image), "cases": cases}
        _move(session, cases, _patient_of(session, best))
    return payload


def _cases_to_move(session: Session, image: Image, best: int) -> list[int]:
    """All visits of the photo's patient, where that is another than the best photo's."""
    require(session, "edit_case")
    target = _patient_of(session, best)
    case = session.get(Case, image.case_id) if image.case_id is not None else None
    if case is None or case.patient_id == target:
        return []
    return list(session.scalars(select(Case.id).where(Case.patient_id == case.patient_id).order_by(Case.id)))


def _patient_of(session: Session, image_id: int) -> int:
    case_id = photo(session, image_id).case_id
    case = session.get(Case, case_id) if case_id is not None else None
    if case is None:
        raise UserError("merge_one_patient")
    return case.patient_id


def _code(session: Session, image: Image) -> str:
    query = select(Patient.code).join(Case, Case.patient_id == Patient.id).where(Case.id == image.case_id)
    return session.scalars(query).one()


def _move(session: Session, cases: list[int], patient: int) -> None:
    """These visits are the patient's; a patient who has none left is no more."""
    left = set()
    for case in session.scalars(select(Case).where(Case.id.in_(cases))):
        left.add(case.patient_id)
        case.patient_id = patient
    session.flush()
    for one in left - {patient}:
        if session.scalar(select(Case.id).where(Case.patient_id == one).limit(1)) is None:
            session.execute(delete(Patient).where(Patient.id == one))
    audit(session, "merge", "patient", patient, cases)


def _patients_walk(session: Session, row: Decision, *, back: bool) -> UserError | None:
    if not row.payload.get("cases"):
        return None
    require(session, "edit_case")
    ids: list[int] = row.payload["cases"]
    cases = list(session.scalars(select(Case).where(Case.id.in_(ids))))
    own = session.scalar(select(Patient.id).where(Patient.code == row.payload["from"]))
    target = _patient_of(session, row.payload["best"])
    held = target if back else own
    if len(cases) != len(ids) or any(c.patient_id != held for c in cases):
        return UserError("decision_changed_since")
    if back and own is None:
        patient = Patient(code=row.payload["from"])
        session.add(patient)
        session.flush()
        own = patient.id
    assert own is not None
    _move(session, ids, own if back else target)
    return None


def _lesion_walk(session: Session, row: Decision, *, back: bool) -> UserError | None:
    before, after = row.payload["lesion"]
    image = photo(session, row.image_id)
    if image.lesion != (after if back else before):
        return UserError("decision_changed_since")
    image.lesion = before if back else after
    session.flush()
    return None
