"""What a photo's file name says of a patient: an identity number, a telephone number, a record's number, a name.

Pure; guesses from how names look, since the photo's real patient is not known here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import PurePath
from typing import Any

from app.common.places import RESOURCES

ID_NUMBER, PHONE, RECORD, NAME, WORDS_LIKE_NAME = "id_number", "phone", "record", "name", "name_words"

_ID = re.compile(r"(?<!\d)\d{17}[\dXx](?![\dA-Za-z])")
_PHONE = re.compile(r"(?<!\d)(?:\+?86[-_ ]?)?1[3-9]\d{9}(?!\d)")
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_LATIN = re.compile(r"(?<![A-Za-z])[A-Z][a-z]{1,14}[ _,.-]{1,2}[A-Z][a-z]{1,14}(?![A-Za-z])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_REMAINDERS = "10X98765432"


def said_by_name(name: str) -> tuple[str, ...]:
    """Kinds of what may tell the patient, the most telling first; empty for an innocent name.

    ``id_number`` (a Chinese resident's, its check digit right: GB 11643), ``phone`` (a Chinese mobile one), ``record``
    (a number after a word such as "MRN"), ``name`` (Chinese characters as a person's name), ``name_words`` (two Latin
    words with capitals, which may be anything).
    """
    stem = PurePath(name).stem
    found = []
    if any(is_id_number(match.group()) for match in _ID.finditer(stem)):
        found.append(ID_NUMBER)
    if _PHONE.search(stem):
        found.append(PHONE)
    if _has_record(stem.lower()):
        found.append(RECORD)
    if any(_is_person(piece) for run in _HAN.findall(stem) for piece in _no_words().split(run)):
        found.append(NAME)
    if _LATIN.search(stem):
        found.append(WORDS_LIKE_NAME)
    return tuple(found)


def is_id_number(digits: str) -> bool:
    """Whether 18 characters are a Chinese resident's identity number: a date that can be, and the check digit."""
    year, month, day = int(digits[6:10]), int(digits[10:12]), int(digits[12:14])
    if not (1880 <= year <= 2100 and 1 <= month <= 12 and 1 <= day <= 31):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits[:17], strict=True))
    return _REMAINDERS[total % 11] == digits[17].upper()


def _has_record(stem: str) -> bool:
    words = "|".join(re.escape(word) for word in _table()["numbers"])
    return re.search(rf"(?:{words})[-_ :：=#]*[a-z]?\d{{4,}}", stem) is not None


def _is_person(piece: str) -> bool:
    if piece[:2] in _table()["compound_surnames"]:
        return 3 <= len(piece) <= 4
    return 2 <= len(piece) <= 3 and piece[0] in _table()["surnames"]


@cache
def _no_words() -> re.Pattern[str]:
    return re.compile("|".join(sorted((re.escape(w) for w in _table()["words"]), key=len, reverse=True)))


@cache
def _table() -> Mapping[str, Any]:
    table = tomllib.loads((RESOURCES / "cleaning" / "file-names.toml").read_text(encoding="utf-8"))
    return {**table, "surnames": frozenset("".join(table["surnames"].split()))}
