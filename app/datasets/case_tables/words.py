"""What the fields of a case are called, in the present language."""

from __future__ import annotations

from app.common.words import text


def field_words(name: str) -> str:
    """``name``: a field of a case, or what a column of a table means."""
    words = {
        "visit": text("cases.visit"), "visited": text("cases.visited"), "age": text("case.age"),
        "sex": text("case.sex"), "site": text("case.site"), "birth": text("cases.birth"),
        "duration_months": text("case.duration_months"),
        "history": text("case.history"), "pathology": text("case.pathology"), "centre": text("case.centre"),
        "final_diagnosis": text("case.final"), "diagnosis_source": text("cases.diagnosis_source"),
        "patient": text("cases.patient"), "photo": text("cases.photo"), "lesion": text("cases.lesion"),
        "duration": text("case.duration_months"), "diagnosis": text("case.final"),
    }  # fmt: skip
    return words[name]
