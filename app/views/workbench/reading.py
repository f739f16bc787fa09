"""What the panels say about one photo, worked out of the document and the engine's answer. No Qt, no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.annotation.answers import Top3
from app.annotation.document import Document, Suggestion
from app.common.packs import Disease, Pack

State = Literal["suggested", "accepted", "drawn"]


@dataclass(frozen=True, slots=True)
class Lesion:
    """One line of the lesion list. ``share``: the classifier's probability of ``label``, None where nobody asked it."""

    id: str
    number: int
    label: str
    share: float | None
    state: State
    difficult: bool = False
    flat: bool = False  # a box without area, as a foreign file may hold


def lesions(
    document: Document, shown: Sequence[Suggestion], numbers: Mapping[str, int], tops: Mapping[str, Top3]
) -> tuple[Lesion, ...]:
    """Boxes and shown suggestions in the order of their numbers."""
    found = [Lesion(s.id, s.number, s.label, s.score, "suggested") for s in shown]
    for a in document.annotations:
        top = tops.get(a.id, ())
        label = a.label or (top[0][0] if top else "")
        state: State = "accepted" if a.verified and a.label else "drawn"
        found.append(
            Lesion(a.id, numbers.get(a.id, 0), label, dict(top).get(label), state, a.difficult, not a.box.area)
        )
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
