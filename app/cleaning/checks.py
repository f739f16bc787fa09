"""The checks by name, and the parts of the program that make them. Pure; safe to import before the first paint.

A part looks at a photo once and answers for several checks. ``module`` holds ``examine(subject) -> Found``. Whoever
changes what a part finds raises its ``version``: photos that were examined by another version are examined again.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from app.common.errors import UserError
from app.common.places import RESOURCES
from app.common.words import text

CHECKS = (
    "blur", "motion_blur", "dark", "bright", "low_contrast", "low_resolution", "colour_cast", "odd_aspect", "framing",
    "exact_duplicate", "near_duplicate", "same_lesion", "face", "clothing", "hair", "ruler", "pen_mark", "black_border",
    "watermark", "text", "exif_identity", "label_conflict", "label_suspect", "box_suspect", "patient_duplicate",
    "unreadable",
)  # fmt: skip
"""In the contract's order."""

ABOUT_LABELS = ("label_conflict", "label_suspect", "box_suspect")
"""Say nothing of photos that nobody has labelled."""

INFORMING = frozenset({"same_lesion"})
"""Checks whose findings ask for no decision: they keep photos together."""

NAMES = {
    "blur": "check.blur.name",
    "motion_blur": "check.motion_blur.name",
    "dark": "check.dark.name",
    "bright": "check.bright.name",
    "low_contrast": "check.low_contrast.name",
    "low_resolution": "check.low_resolution.name",
    "colour_cast": "check.colour_cast.name",
    "odd_aspect": "check.odd_aspect.name",
    "framing": "check.framing.name",
    "exact_duplicate": "check.exact_duplicate.name",
    "near_duplicate": "check.near_duplicate.name",
    "same_lesion": "check.same_lesion.name",
    "face": "check.face.name",
    "clothing": "check.clothing.name",
    "hair": "check.hair.name",
    "ruler": "check.ruler.name",
    "pen_mark": "check.pen_mark.name",
    "black_border": "check.black_border.name",
    "watermark": "check.watermark.name",
    "text": "check.text.name",
    "exif_identity": "check.exif_identity.name",
    "label_conflict": "check.label_conflict.name",
    "label_suspect": "check.label_suspect.name",
    "box_suspect": "check.box_suspect.name",
    "patient_duplicate": "check.patient_duplicate.name",
    "unreadable": "check.unreadable.name",
}


@dataclass(frozen=True, slots=True)
class Part:
    """``deep``: needs more than the quarter-scale pixels; ``boxes``: looks at the photo's boxes too. A part
    without checks only measures, for a data set's coverage: it runs over every workspace."""

    name: str
    checks: tuple[str, ...]
    version: int
    module: str
    deep: bool = False
    boxes: bool = False


PARTS = (
    Part("exposure", ("dark", "bright", "low_contrast", "low_resolution", "odd_aspect"), 3, "app.cleaning.exposure"),
    Part("sharpness", ("blur", "motion_blur"), 3, "app.cleaning.sharpness", boxes=True),
    Part("borders", ("black_border",), 1, "app.cleaning.borders"),
    Part("framing", ("framing",), 1, "app.cleaning.framing", boxes=True),
    Part("likeness", (), 3, "app.cleaning.likeness"),
    Part("landmarks", (), 2, "app.cleaning.landmarks", deep=True),
    Part("faces", ("face",), 1, "app.cleaning.faces", deep=True),
    Part("identity", ("exif_identity",), 1, "app.cleaning.identity"),
    Part("cover", ("clothing", "hair"), 1, "app.cleaning.cover"),
    Part("marks", ("watermark", "text", "ruler", "pen_mark"), 4, "app.cleaning.marks", deep=True),
    Part("tone", (), 1, "app.cleaning.tone", boxes=True),
    Part("embedding", (), 2, "app.cleaning.embedding", deep=True, boxes=True),
)  # fmt: skip
"""In the order in which a photo is examined."""


@dataclass(frozen=True, slots=True)
class SetPart:
    """Compares the photos of a set with each other. ``module`` holds ``find(photos, context)``, see ``comparing``.

    ``needs``: parts whose ``measured`` and ``blob`` it is given.
    """

    name: str
    checks: tuple[str, ...]
    needs: tuple[str, ...]
    module: str


SETS: tuple[SetPart, ...] = (
    SetPart("duplicates", ("exact_duplicate", "near_duplicate", "same_lesion", "patient_duplicate"),
            ("likeness", "landmarks"), "app.cleaning.duplicates"),
    SetPart("casts", ("colour_cast",), ("exposure",), "app.cleaning.casts"),
    SetPart("label_rules", ("label_conflict",), (), "app.cleaning.label_rules"),
    SetPart("labels", ("label_suspect",), ("embedding",), "app.cleaning.labels"),
    SetPart("box_suspects", ("box_suspect",), ("embedding",), "app.cleaning.box_suspects"),
)  # fmt: skip
"""In the order in which they run, when all photos have been examined."""


def check_name(check: str) -> str:
    return text(NAMES[check])


def chosen_checks(words: Iterable[str] | None) -> tuple[str, ...]:
    """The checks behind these keys, in order; None: all.

    Raises:
        UserError: ``unknown_check``.
    """
    if words is None:
        return CHECKS
    wanted = {word.strip() for word in words}
    for word in sorted(wanted - set(CHECKS)):
        raise UserError("unknown_check", check=word, known=", ".join(CHECKS))
    return tuple(c for c in CHECKS if c in wanted)


def parts_for(checks: Iterable[str]) -> tuple[Part, ...]:
    """The parts that these checks need, those that their comparisons are made from too."""
    wanted = set(checks)
    needed = {name for s in sets_for(wanted) for name in s.needs}
    return tuple(p for p in PARTS if wanted.intersection(p.checks) or p.name in needed)


def measuring() -> tuple[Part, ...]:
    """The parts that answer for no check."""
    needed = {name for s in SETS for name in s.needs}
    return tuple(p for p in PARTS if not p.checks and p.name not in needed)


def part_versions() -> dict[str, int]:
    """Name -> version of each part, for a frozen version to name what looked at its photos."""
    return {part.name: part.version for part in PARTS}


def sets_for(checks: Iterable[str]) -> tuple[SetPart, ...]:
    wanted = set(checks)
    return tuple(s for s in SETS if wanted.intersection(s.checks))


@cache
def default_thresholds() -> dict[str, float]:
    """``resources/cleaning/thresholds.toml``: a finding counts from this score on."""
    raw = tomllib.loads((RESOURCES / "cleaning" / "thresholds.toml").read_text(encoding="utf-8"))
    return {check: float(raw[check]) for check in CHECKS}
