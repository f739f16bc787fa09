"""Words of the case card that are stored once and read in either language: body sites, the phantoms' centres, notes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache

from app.common.packs import Bilingual
from app.common.places import RESOURCES
from app.common.words import language

_HAN = re.compile(r"[\u3400-\u9fff]")


@cache
def _table(name: str) -> Mapping[str, Bilingual]:
    raw = tomllib.loads((RESOURCES / "case-words.toml").read_text(encoding="utf-8"))
    return {key: Bilingual(**words) for key, words in raw[name].items()}


def sites() -> Mapping[str, Bilingual]:
    """The body sites that are offered, from head to foot: what is stored, and its words."""
    return _table("sites")


def site_words(stored: str) -> str:
    """A body site in the present language; one that is not known as it stands."""
    return _words(sites(), stored)


def site_of(typed: str) -> str:
    """What is stored for a body site that a person typed, in either language."""
    return _key(sites(), typed)


def centre_words(stored: str) -> str:
    return _words(_table("centres"), stored)


def centre_of(typed: str) -> str:
    return _key(_table("centres"), typed)


def note_words(stored: str) -> str:
    """Of a note that stands in both languages, a line each, the line in the present one; any other note whole."""
    lines = stored.splitlines()
    chinese = [bool(_HAN.search(line)) for line in lines]
    if len(lines) != 2 or chinese[0] == chinese[1]:
        return stored
    return lines[chinese.index(language() == "zh")]


def _words(table: Mapping[str, Bilingual], stored: str) -> str:
    known = table.get(stored)
    return str(known) if known else stored


def _key(table: Mapping[str, Bilingual], typed: str) -> str:
    wanted = typed.casefold()
    return next((k for k, w in table.items() if wanted in (k, w.en.casefold(), w.zh.casefold())), typed)
