"""Parts, diseases, groups of patients, in the present language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.common.words import text

if TYPE_CHECKING:
    from app.common.packs import Pack

_PARTS = {"train": "sets.train", "val": "sets.val", "test": "sets.test"}
_FIELDS = {
    "tone": "sets.tone",
    "age": "sets.age",
    "sex": "sets.sex",
    "site": "sets.site",
    "centre": "sets.centre",
}


def part_words(part: str) -> str:
    return text(_PARTS[part])


def field_words(field: str) -> str:
    return text(_FIELDS[field])


def disease_words(pack: Pack, key: str) -> str:
    """A key of the pack, or ``datasheet.SEVERAL``; a label of another pack as it stands."""
    if key == "several":
        return text("sets.several")
    return next((str(label.name) for label in pack.labels if label.key == key), key)


def disease_colour(pack: Pack, key: str) -> str:
    """The theme's soft text colour for what the pack does not know."""
    from app.views.theme import current

    return next((label.colour for label in pack.labels if label.key == key), "") or current().text_soft


def group_words(field: str, group: str) -> str:
    """A group of a field as :class:`app.datasets.freezing.datasheet.Coverage` names it."""
    from app.common.case_words import centre_words, site_words
    from app.common.tones import tone_name

    if group == "unknown":
        return text("sets.unknown")
    if group == "rest":
        return text("sets.rest")
    if field == "sex" and group in ("female", "male"):
        return text("sets.female") if group == "female" else text("sets.male")
    if field == "tone":
        return tone_name(group)
    if field == "site":
        return site_words(group)
    return centre_words(group) if field == "centre" else group.replace("-", "–")
