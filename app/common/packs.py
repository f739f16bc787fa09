"""Packs: a disease list with its names, colours and cautions, as data.

Shipped packs lie in ``resources/packs``. A workspace can have its own in ``<workspace>/packs``, written by
:mod:`app.common.own_packs`: a whole pack, or one that ``extends`` a shipped pack by labels that people added there.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from app.common.errors import UserError
from app.common.places import RESOURCES
from app.common.words import language

DEFAULT_PACK = "erythemato-squamous"
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Bilingual:
    """One text in both languages; ``str()`` gives the present one."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.zh if language() == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Disease:
    key: str
    name: Bilingual
    aliases: tuple[str, ...]
    colour: str
    excludes: tuple[Bilingual, ...] = ()
    red_flags: tuple[Bilingual, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """What in a record speaks against a diagnosis, if all that it names holds. ``why``: a sentence; ``score`` 0..1.

    ``labels``: the diagnoses that it speaks against (none: all of the pack's diseases), never those in ``unless``,
    which it supports. ``sites``: body sites as ``resources/case-words.toml`` stores them; ``ages``: from and to, in
    whole years; ``words``: one of them stands in one of the texts ``where`` ("pathology", "history"), with no doubt
    around it, once what ``passing_over`` lists is taken out.
    """

    key: str
    score: float
    why: Bilingual
    labels: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    ages: tuple[int, int] | None = None
    sex: str | None = None
    words: tuple[str, ...] = ()
    passing_over: tuple[str, ...] = ()
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    key: str
    name: Bilingual
    modality: str
    diseases: tuple[Disease, ...]
    other: Disease
    default_detector: str
    default_classifier: str
    more: tuple[Disease, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The classes that models know, in order; without ``more`` and ``other``."""
        return tuple(d.key for d in self.diseases)

    @property
    def labels(self) -> tuple[Disease, ...]:
        """What a person may answer: the diseases, what people added in this workspace (``more``), then ``other``."""
        return (*self.diseases, *self.more, self.other)

    def disease(self, key: str) -> Disease:
        for label in self.labels:
            if label.key == key:
                return label
        raise UserError("unknown_disease", disease=key, pack=self.key)

    def resolve(self, word: str) -> str | None:
        """The key behind a key, a name in either language or an alias, whatever its case; else None."""
        wanted = word.strip().casefold()
        for label in self.labels:
            if wanted in {w.casefold() for w in (label.key, label.name.en, label.name.zh, *label.aliases)}:
                return label.key
        return None


def load_pack(key: str = DEFAULT_PACK, folder: Path | None = None) -> Pack:
    """The pack called ``key``: the workspace's own in ``folder`` (its ``packs``), else the shipped one.

    Raises:
        UserError: ``no_such_pack``, or ``damaged_pack`` when the file does not hold what a pack needs.
    """
    if key not in pack_keys(folder):  # never a path made from the key: it may come from anywhere
        raise UserError("no_such_pack", pack=key, known=", ".join(pack_keys(folder)))
    own = None if folder is None else folder / f"{key}.toml"
    return read_pack(own) if own is not None and own.is_file() else _shipped(key)


def pack_keys(folder: Path | None = None) -> tuple[str, ...]:
    """The keys of the shipped packs and of those in ``folder``."""
    places = (RESOURCES / "packs", *([folder] if folder is not None else []))
    return tuple(sorted({f.stem for place in places for f in place.glob("*.toml")}))


@cache
def _shipped(key: str) -> Pack:
    return read_pack(RESOURCES / "packs" / f"{key}.toml")


def read_pack(file: Path) -> Pack:
    """Raises UserError ``damaged_pack``."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        conditions = {k: Bilingual(v["en"], v["zh"]) for k, v in raw.get("conditions", {}).items()}
        more = tuple(_disease(d, conditions) for d in raw.get("more", ()))
        if "extends" in raw:
            shipped = load_pack(str(raw["extends"]))
            return replace(shipped, more=tuple(d for d in more if d.key not in {k.key for k in shipped.labels}))
        return Pack(
            key=raw["key"],
            name=Bilingual(**raw["name"]),
            modality=raw["modality"],
            diseases=tuple(_disease(d, conditions) for d in raw["diseases"]),
            other=_disease({"key": OTHER, **raw["other"]}, conditions),
            default_detector=raw["default_detector"],
            default_classifier=raw["default_classifier"],
            more=more,
            rules=tuple(_rule(r) for r in raw.get("rules", ())),
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise UserError("damaged_pack", file=file.name, reason=str(error)) from error


def _disease(raw: dict[str, Any], conditions: dict[str, Bilingual]) -> Disease:
    return Disease(
        key=raw["key"],
        name=Bilingual(**raw["name"]),
        aliases=tuple(raw.get("aliases", ())),
        colour=raw["colour"],
        excludes=tuple(conditions[c] for c in raw.get("excludes", ())),
        red_flags=tuple(conditions[c] for c in raw.get("red_flags", ())),
    )


def _rule(raw: dict[str, Any]) -> Rule:
    ages = raw.get("ages")
    return Rule(
        key=raw["key"],
        score=float(raw["score"]),
        why=Bilingual(raw["en"], raw["zh"]),
        ages=None if ages is None else (int(ages[0]), int(ages[1])),
        sex=raw.get("sex"),
        **{name: tuple(raw.get(name, ())) for name in ("labels", "unless", "sites", "words", "passing_over", "where")},
    )
