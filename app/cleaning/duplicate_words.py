"""Which of several copies is worth keeping, and how a copy differs from it, in words."""

from __future__ import annotations

from collections.abc import Sequence, Set
from math import log2
from typing import Any

from app.cleaning.alignment import Alignment
from app.cleaning.examining import Examined
from app.common.words import LANGUAGES, catalogue

Part = tuple[str, dict[str, object]]  # key of the catalogue, facts

ABOUT = 0.9  # as large as the largest, near enough
WHOLE, STRAIGHT, AS_LARGE, UNMARKED = 0.95, 2.0, 0.06, 0.05
"""Share shown, degrees, share of scale and share of changed blocks up to which nothing is said."""


def best_of(members: Sequence[Examined], marked: Set[int]) -> int:
    """The id of the one to keep: with boxes, not in ``marked`` (a watermark), the largest, the least compressed, the
    first. An enlarged copy counts as larger: it cannot be told from a soft original."""
    left = [m for m in members if m.photo.boxes] or list(members)
    left = [m for m in left if m.photo.id not in marked] or left
    area = max(m.width * m.height for m in left)
    left = [m for m in left if m.width * m.height >= ABOUT * area]
    size = max(_bytes(m) for m in left)
    return min(m.photo.id for m in left if _bytes(m) >= ABOUT * size)


def stamped(alignment: Alignment) -> int:
    """1 or 2: the photo of a pair that has something laid over it; 0: none."""
    return alignment.busier if alignment.changed > UNMARKED and alignment.likeness > 0.8 else 0


def how_it_differs(
    check: str, photo: Examined, best: int, n: int, pair: tuple[int, int], alignment: Alignment | None
) -> tuple[str, dict[str, Any]]:
    """The reason's key and facts. ``best``: id of the photo to keep; ``n``: photos in the group; ``pair``: this photo
    and the one that it is most like, in the order in which ``alignment`` maps them."""
    facts: dict[str, Any] = {"n": n, "best": best}
    if check == "exact_duplicate":
        return ("check.exact_duplicate.best" if photo.photo.id == best else "check.exact_duplicate.copy"), facts
    if check == "patient_duplicate":
        return ("check.patient_duplicate.photo" if alignment else "check.patient_duplicate.record"), facts
    if check == "same_lesion":
        return ("check.same_lesion.seen" if alignment else "check.same_lesion.known"), facts
    if photo.photo.id == best or alignment is None:
        return "check.near_duplicate.best", facts
    facts["other"] = pair[0] if pair[1] == photo.photo.id else pair[1]
    return "check.near_duplicate.copy", {**facts, "how": _both(_changes(alignment, photo.photo.id == pair[1]))}


def _bytes(member: Examined) -> float:
    found = member.found.get("likeness")
    return float(found.measured.get("bytes", 0)) if found else 0.0


def _changes(alignment: Alignment, second: bool) -> list[Part]:
    """What happened to this photo, seen from the other one; ``second``: it is the one that is mapped to."""
    parts: list[Part] = []
    turned = alignment.turned if second or alignment.mirrored else -alignment.turned
    if alignment.mirrored:
        parts.append(("duplicate.mirrored", {}))
    if abs(turned) > STRAIGHT:
        parts.append(("duplicate.turned", {"degrees": round(turned) % 360}))
    shown, scale = (alignment.first, alignment.scale) if second else (alignment.second, 1 / alignment.scale)
    if shown < WHOLE:
        parts.append(("duplicate.cropped", {"share": round(100 * shown)}))
    elif (alignment.second if second else alignment.first) < WHOLE:
        parts.append(("duplicate.wider", {}))
    if abs(log2(scale)) > AS_LARGE:
        parts.append(("duplicate.scaled", {"share": round(100 * scale)}))
    if stamped(alignment) == (2 if second else 1):
        parts.append(("duplicate.marked", {}))
    return parts or [("duplicate.saved_again", {})]


def _both(parts: Sequence[Part]) -> dict[str, str]:
    """In both languages, since a finding outlives the choice of one."""
    words = catalogue()
    joint = words["duplicate.joint"]
    return {name: joint[name].join(words[key][name].format(**facts) for key, facts in parts) for name in LANGUAGES}
