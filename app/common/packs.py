"""Packs: a disease list with its names, colours and cautions, as data."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
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
class Pack:
    key: str
    name: Bilingual
    modality: str
    diseases: tuple[Disease, ...]
    other: Disease
    default_detector: str
    default_classifier: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The classes that models know, in order; without ``other``."""
        return tuple(d.key for d in self.diseases)

    @property
    def labels(self) -> tuple[Disease, ...]:
        """What a person may answer: the diseases, then ``other``."""
        return (*self.diseases, self.other)

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


@cache
def load_pack(key: str = DEFAULT_PACK) -> Pack:
    """The pack ``resources/packs/<key>.toml``.

    Raises:
        UserError: ``no_such_pack``, or ``damaged_pack`` when the file does not hold what a pack needs.
    """
    if key not in pack_keys():
        raise UserError("no_such_pack", pack=key, known=", ".join(pack_keys()))
    return read_pack(RESOURCES / "packs" / f"{key}.toml")


def pack_keys() -> tuple[str, ...]:
    return tuple(sorted(f.stem for f in (RESOURCES / "packs").glob("*.toml")))


def read_pack(file: Path) -> Pack:
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        conditions = {k: Bilingual(v["en"], v["zh"]) for k, v in raw.get("conditions", {}).items()}
        return Pack(
            key=raw["key"],
            name=Bilingual(**raw["name"]),
            modality=raw["modality"],
            diseases=tuple(_disease(d, conditions) for d in raw["diseases"]),
            other=_disease({"key": OTHER, **raw["other"]}, conditions),
            default_detector=raw["default_detector"],
            default_classifier=raw["default_classifier"],
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
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
