"""Every sentence of the program, Chinese and English side by side, in ``resources/words/*.toml``.

A catalogue file holds tables ``[page.name]`` with ``en`` and ``zh``; the key of a text is its dotted path.
Placeholders are ``{name}``, filled by :func:`text`. The language is the program's, one at a time, switched live.
"""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any, Literal, get_args

from app.common.places import RESOURCES

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

LANGUAGE = "SQUAMA_LANGUAGE"
"""Environment variable: what a child process of the window, or a script, wants to be spoken to in."""

_language: Language = "en"


def set_language(language: Language) -> None:
    """Choose the language of every text that is read from now on."""
    global _language
    if language not in LANGUAGES:
        raise ValueError(f"no such language: {language}")
    _language = language


def language() -> Language:
    return _language


def text(key: str, **facts: object) -> str:
    """The text behind ``key`` in the present language.

    Raises:
        KeyError: if the catalogue has no such key (a test compares the keys in the code with the catalogue).
    """
    sentence = catalogue()[key][_language]
    return sentence.format(**facts) if facts else sentence


def percent(share: float) -> str:
    """``87 %``; what is neither nothing nor all is never said to be so."""
    whole = round(100 * share)
    if whole == 0 and share > 0:
        return "< 1 %"
    if whole == 100 and share < 1:
        return "> 99 %"
    return f"{whole} %"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """All texts: ``{"page.name": {"en": ..., "zh": ...}}``."""
    entries: dict[str, dict[str, str]] = {}
    for file in sorted((RESOURCES / "words").glob("*.toml")):
        _collect(tomllib.loads(file.read_text(encoding="utf-8")), "", entries)
    return entries


def _collect(table: dict[str, Any], prefix: str, entries: dict[str, dict[str, str]]) -> None:
    if "en" in table and isinstance(table["en"], str):
        entries[prefix] = table
        return
    for name, inner in table.items():
        _collect(inner, f"{prefix}.{name}" if prefix else name, entries)
