"""The engine's answer for one photo (the contract's ``diagnose`` JSON) as suggestions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.annotation.document import Suggestion
from app.common.geometry import Box

Top3 = tuple[tuple[str, float], ...]  # disease's key and probability, falling


def top3_of(answer: Mapping[str, Any]) -> Top3:
    return tuple((t["disease"], float(t["probability"])) for t in answer.get("top3", ()))


def suggestions_of(answer: Mapping[str, Any], image_id: int) -> tuple[Suggestion, ...]:
    """The lesions that the detector saw. Their ids are the same each time this photo is read by these models."""
    return tuple(
        Suggestion(
            Box(*lesion["box"]),
            lesion["disease"],
            top3_of(lesion)[0][1] if lesion["top3"] else lesion["score"],
            lesion["number"],
            suggestion_id(answer, image_id, lesion["number"]),
            lesion["score"],
        )
        for lesion in answer.get("lesions", ())
    )


def suggestion_id(answer: Mapping[str, Any], image_id: int, number: int) -> str:
    models = answer.get("models", {})
    mark = "".join(str((models.get(task) or {}).get("sha256", ""))[:4] for task in ("detector", "classifier"))
    return f"s{image_id}-{mark}-{number}"


def lesion_tops(answer: Mapping[str, Any], image_id: int) -> dict[str, Top3]:
    """The three likeliest diseases of each suggestion, by its id; an accepted one keeps that id."""
    return {suggestion_id(answer, image_id, lesion["number"]): top3_of(lesion) for lesion in answer.get("lesions", ())}
