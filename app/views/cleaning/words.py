"""Words that several parts of the Clean page say."""

from __future__ import annotations

from collections.abc import Sequence

from app.cleaning.checks import check_name
from app.cleaning.records import DecisionRecord, Kind
from app.common.words import text


def kind_words(kind: str) -> str:
    """What was decided, in a word."""
    return {
        "keep": text("clean.was.keep"),
        "exclude": text("clean.was.exclude"),
        "mask": text("clean.was.mask"),
        "relabel": text("clean.was.relabel"),
        "merge": text("clean.was.merge"),
        "second_opinion": text("clean.was.second_opinion"),
    }[kind]


def act_words(kind: Kind, check: str = "") -> str:
    """What a button or a key does."""
    if kind == "merge":
        return {
            "same_lesion": text("clean.do.merge_lesion"),
            "patient_duplicate": text("clean.do.merge_patient"),
        }.get(check, text("clean.do.merge"))
    return {
        "keep": text("clean.do.keep"),
        "exclude": text("clean.do.exclude"),
        "mask": text("clean.do.mask"),
        "relabel": text("clean.do.relabel"),
        "second_opinion": text("clean.do.second_opinion"),
    }[kind]


def duration(seconds: float) -> str:
    """Roughly: under a minute, minutes, hours."""
    if seconds < 60:
        return text("clean.under_a_minute")
    if seconds < 90 * 60:
        return text("clean.minutes", n=round(seconds / 60))
    return text("clean.hours", n=round(seconds / 3600, 1))


def decision_words(one: DecisionRecord) -> str:
    """Who, when, what, why."""
    local = one.at.astimezone()
    words = text(
        "clean.history_line",
        who=one.actor,
        at=f"{local:%Y-%m-%d %H:%M}",
        what=kind_words(one.kind),
        check=check_name(one.check),
    )
    if one.kind == "second_opinion" and one.payload.get("to"):
        words += f" → {one.payload['to']}"
    if one.note:
        words += text("clean.history_note", note=one.note)
    if one.undone is not None:
        words += text("clean.history_undone", who=one.undone_by)
    return words


def history_words(decisions: Sequence[DecisionRecord]) -> str:
    return "\n".join(map(decision_words, decisions))
