"""What the panels say about one photo, worked out of the document and the engine's answer. No Qt, no database.

An answer is the contract's ``diagnose`` JSON of one photo: ``lesions``, ``boxes``, ``top3`` and the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.annotation.document import Document, Suggestion
from app.common.geometry import Box
from app.common.packs import Disease, Pack

State = Literal["suggested", "accepted", "drawn"]
Top3 = tuple[tuple[str, float], ...]  # disease's key and probability, falling


@dataclass(frozen=True, slots=True)
class Lesion:
    """One line of the lesion list. ``share``: the classifier's probability of ``label``, None where nobody asked it."""

    id: str
    number: int
    label: str
    share: float | None
    state: State
    difficult: bool = False


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


def lesions(
    document: Document, shown: Sequence[Suggestion], numbers: Mapping[str, int], tops: Mapping[str, Top3]
) -> tuple[Lesion, ...]:
    """Boxes and shown suggestions in the order of their numbers."""
    found = [Lesion(s.id, s.number, s.label, s.score, "suggested") for s in shown]
    for a in document.annotations:
        top = tops.get(a.id, ())
        label = a.label or (top[0][0] if top else "")
        state: State = "accepted" if a.verified and a.label else "drawn"
        found.append(Lesion(a.id, numbers.get(a.id, 0), label, dict(top).get(label), state, a.difficult))
    return tuple(sorted(found, key=lambda lesion: lesion.number))


def cautions(pack: Pack, top: Top3) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What cannot be told apart from the likeliest diseases, and their red flags; each named once, likeliest first."""
    diseases = [d for key, _ in top if (d := known(pack, key)) is not None]
    excludes = dict.fromkeys(str(e) for d in diseases for e in d.excludes)
    flags = dict.fromkeys(str(f) for d in diseases[:1] for f in d.red_flags)
    return tuple(excludes), tuple(flags)


def known(pack: Pack, key: str) -> Disease | None:
    return next((d for d in pack.labels if d.key == key), None)


def name_of(pack: Pack, key: str) -> str:
    """The disease's name in the present language; a foreign file's own word as it stands."""
    disease = known(pack, key)
    return str(disease.name) if disease else key
