"""Diagnoses that the record speaks against (check ``label_conflict``): the pack's rules, and boxes against the case.

Pathology wins: where it supports the diagnosis, no rule about site, age or bedside signs is heard; one that speaks of a
disease which is none of the pack's still is.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from app.cleaning.comparing import Context
from app.cleaning.examining import Examined, Photo
from app.cleaning.findings import Finding
from app.common.case_words import site_of
from app.common.errors import UserError
from app.common.packs import OTHER, Pack, Rule
from app.common.places import RESOURCES

CHECK = "label_conflict"
ALL_BOXES, SOME_BOXES = 0.9, 0.6
"""Scores of a photo whose boxes, all or some, say another disease than its case: two diseases can lie in one photo."""


def find(photos: Sequence[Examined], context: Context) -> Mapping[int, Sequence[Finding]]:
    """Photo id -> at most one finding, the strongest."""
    found = {e.photo.id: conflict(e.photo, context.pack) for e in photos}
    return {photo: [finding] for photo, finding in found.items() if finding is not None}


def conflict(photo: Photo, pack: Pack) -> Finding | None:
    """What speaks most strongly against the photo's diagnosis."""
    if photo.label is None or photo.label == OTHER:
        return None
    found = [*_by_rules(photo, pack), *_by_boxes(photo, pack)]
    return max(found, key=lambda f: f.score, default=None)


def broken_rules(label: str, facts: Mapping[str, Any], pack: Pack) -> tuple[Rule, ...]:
    """The rules that speak against ``label``, the strongest first. ``facts``: as :class:`Photo` has them."""
    holding = [rule for rule in pack.rules if _holds(rule, facts)]
    supported = any(label in rule.unless and "pathology" in rule.where for rule in holding)
    against = [r for r in holding if label not in r.unless and label in (r.labels or pack.keys)]
    if supported:
        against = [r for r in against if "pathology" in r.where and not r.unless]
    return tuple(sorted(against, key=lambda rule: -rule.score))


def says(text: str, words: Sequence[str], passing_over: Sequence[str] = ()) -> bool:
    """Whether one of ``words`` stands in ``text`` in a clause without a negation or a doubt.

    "Psoriasis-like" is no psoriasis. Letters' case does not count. Words of doubt: ``resources/cleaning/doubt.toml``.
    """
    for word in passing_over:
        text = re.sub(re.escape(word), " ", text, flags=re.IGNORECASE)
    pattern = _pattern(tuple(words))
    doubt = _doubt()
    return any(pattern.search(c) is not None and doubt.search(c) is None for c in _clauses().split(text))


def _by_rules(photo: Photo, pack: Pack) -> list[Finding]:
    assert photo.label is not None
    name = disease_name(photo.label, pack)
    return [
        Finding(CHECK, rule.score, "check.label_conflict.why", {"label": name, "why": _both(rule.why)})
        for rule in broken_rules(photo.label, photo.facts or {}, pack)[:1]
    ]


def _by_boxes(photo: Photo, pack: Pack) -> list[Finding]:
    strange = [b for b in photo.boxes if b.label not in (photo.label, OTHER)]
    if not strange or photo.label is None:
        return []
    score = SOME_BOXES if any(b.label == photo.label for b in photo.boxes) else ALL_BOXES
    facts = {"label": disease_name(photo.label, pack), "other": disease_name(strange[0].label, pack)}
    return [Finding(CHECK, score, "check.label_conflict.boxes", facts, tuple(b.box for b in strange))]


def _holds(rule: Rule, facts: Mapping[str, Any]) -> bool:
    if rule.sites and (facts.get("site") is None or site_of(str(facts["site"])) not in rule.sites):
        return False
    if rule.sex is not None and facts.get("sex") != rule.sex:
        return False
    age = facts.get("age")
    if rule.ages is not None and (age is None or not rule.ages[0] <= age <= rule.ages[1]):
        return False
    texts = [str(facts[where]) for where in rule.where if facts.get(where)]
    return not rule.words or any(says(text, rule.words, rule.passing_over) for text in texts)


@cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Latin words stand free, in the singular or the plural; nothing is followed by what makes it only a likeness."""
    parts = [rf"(?<![A-Za-z]){re.escape(w)}(?:e?s)?(?![A-Za-z])" if w.isascii() else re.escape(w) for w in words]
    likeness = "|".join(map(re.escape, _wording()["likeness"]))
    return re.compile(rf"(?:{'|'.join(parts)})(?!{likeness})", re.IGNORECASE)


@cache
def _doubt() -> re.Pattern[str]:
    words = _wording()
    return re.compile("|".join([rf"\b(?:{'|'.join(words['latin'])})\b", *words["other"]]), re.IGNORECASE)


@cache
def _clauses() -> re.Pattern[str]:
    return re.compile("|".join(_wording()["clause"]))


@cache
def _wording() -> dict[str, list[str]]:
    return tomllib.loads((RESOURCES / "cleaning" / "doubt.toml").read_text(encoding="utf-8"))


def disease_name(label: str, pack: Pack) -> dict[str, str]:
    try:
        return _both(pack.disease(label).name)
    except UserError:  # a label that this pack does not know (any more)
        return {"en": label, "zh": label}


def _both(words: Any) -> dict[str, str]:
    return {"en": words.en, "zh": words.zh}
