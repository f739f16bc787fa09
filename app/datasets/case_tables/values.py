"""What a cell of a hospital's table says: ages, dates, durations, sexes, as people type them in either language.

Each function gives None for a cell that says nothing, and raises UserError for one that cannot be understood for
certain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from app.common.case_words import centre_of, site_of
from app.common.errors import UserError
from app.common.packs import Pack
from app.datasets.case_tables.mapping import SOURCES, Source, Unit, folded, table_words
from app.datasets.cases import OLDEST, PATHOLOGY

_MONTHS: dict[Unit, float] = {"days": 12 / 365.25, "weeks": 84 / 365.25, "months": 1.0, "years": 12.0}
_FIRST_SERIAL, _LAST_SERIAL = 3_654, 73_050
"""Numbers that Excel may mean as dates: 1910 to 2099; what lies below could be a year."""


def nothing(cell: str) -> bool:
    return folded(cell) in table_words("nothing")["nothing"]


def patient_of(cell: str) -> str:
    """Raises UserError ``case_no_patient``, ``case_patient_number``."""
    if nothing(cell):
        raise UserError("case_no_patient")
    if re.fullmatch(r"\d+(\.\d+)?[eE]\+?\d+", cell) or len(cell) > 200:
        raise UserError("case_patient_number", value=cell[:40])
    return cell


def age_of(cell: str) -> int | None:
    """Whole years. Raises UserError ``case_bad_age``."""
    if nothing(cell):
        return None
    found = re.fullmatch(r"(\d{1,3})(?:\.\d+)?\s*(\D*)", folded(cell))
    unit = found[2].strip() if found else "?"
    years = -1
    if found and (not unit or unit in table_words("age_units")["years"]):
        years = int(found[1])
    elif found and unit in table_words("age_units")["less"]:  # a baby of 8 months
        years = 0
    if not 0 <= years <= OLDEST:
        raise UserError("case_bad_age", value=cell)
    return years


def sex_of(cell: str, words: Mapping[str, str]) -> str | None:
    """Raises UserError ``case_bad_sex``."""
    sex = _meant(cell, words, table_words("sex"))
    if sex is not None:
        return sex.replace("unstated", "") or None
    if nothing(cell):
        return None
    raise UserError("case_bad_sex", value=cell)


def date_of(cell: str, forms: Sequence[str], today: date, epoch_1904: bool = False) -> date | None:
    """A day that is not in the future. Raises UserError ``case_bad_date``, ``case_ambiguous_date``, ``case_future``."""
    if nothing(cell):
        return None
    found = _told(cell, forms) or _self_evident(cell, epoch_1904)
    if found > today:
        raise UserError("case_future", value=cell)
    return found


def months_of(cell: str, unit: Unit) -> float | None:
    """A duration in months; a bare number is in ``unit``. Raises UserError ``case_bad_duration``."""
    if nothing(cell):
        return None
    words, half = folded(cell), next(iter(table_words("about")["half"]))
    for about in table_words("about")["about"]:
        words = words.removeprefix(about)
    words = re.sub(r"\s+", "", words)
    parts = re.findall(rf"(\d+(?:\.\d+)?|{half})(\D*?)(?=\d|{half}|$)", words)
    if len(parts) > 1 and parts[-1] == (half, ""):  # a year and a half
        parts[-1] = (half, parts[-2][1])
        words += parts[-2][1]
    units = [_unit(name, unit if len(parts) == 1 else None) for _, name in parts]
    if not parts or "".join(n + u for n, u in parts) != words or None in units:
        raise UserError("case_bad_duration", value=cell)
    pairs = zip(parts, units, strict=True)
    months = sum((0.5 if n == half else float(n)) * _MONTHS[u] for (n, _), u in pairs if u is not None)
    if months > OLDEST * 12:
        raise UserError("case_bad_duration", value=cell)
    return round(months, 3)


def _unit(name: str, bare: Unit | None) -> Unit | None:
    return next((u for u in _MONTHS if name in table_words("units")[u]), None) if name else bare


def disease_of(cell: str, pack: Pack, words: Mapping[str, str]) -> str | None:
    """A key of the pack. Raises UserError ``case_unknown_disease``."""
    if nothing(cell) and cell.casefold() != "none":
        return None
    key = pack.resolve(_meant(cell, words, {}) or cell) or pack.resolve(folded(cell))
    if key is None:
        raise UserError("case_unknown_disease", disease=cell[:80])
    return key


def source_of(cell: str, words: Mapping[str, Source]) -> Source | None:
    """Where a diagnosis comes from. Raises UserError ``case_bad_source``."""
    source = _meant(cell, words, table_words("sources"))
    if source is not None:
        return next(s for s in SOURCES if s == source)
    if nothing(cell):
        return None
    raise UserError("case_bad_source", value=cell[:80])


def _meant(cell: str, own: Mapping[str, str], known: Mapping[str, frozenset[str]]) -> str | None:
    """What a word means: the mapping's own words first."""
    word = folded(cell)
    found = next((meaning for told, meaning in own.items() if folded(told) == word), None)
    return found if found is not None else next((meaning for meaning, words in known.items() if word in words), None)


def named_by_pathology(report: str, pack: Pack, words: Mapping[str, str]) -> str | None:
    """The disease, where the report is nothing but its name; a sentence is for a person to read."""
    plain = folded(report).rstrip(".;\N{IDEOGRAPHIC FULL STOP}")
    for prefix in table_words("confirms")["prefix"]:
        plain = plain.removeprefix(prefix).strip()
    try:
        return disease_of(plain, pack, words)
    except UserError:
        return None


def is_gold(source: str | None) -> bool:
    return source == PATHOLOGY


def site_stored(cell: str, words: Mapping[str, str]) -> str | None:
    return None if nothing(cell) else site_of(_meant(cell, words, {}) or cell)[:200]


def centre_stored(cell: str, words: Mapping[str, str]) -> str | None:
    return None if nothing(cell) else centre_of(_meant(cell, words, {}) or cell)[:200]


def _told(cell: str, forms: Sequence[str]) -> date | None:
    for form in forms:
        try:
            return datetime.strptime(cell, form).date()
        except ValueError:
            continue
    return None


def _self_evident(cell: str, epoch_1904: bool) -> date:
    words = re.sub(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$", "", folded(cell).replace("t", "T"))
    spelt = re.fullmatch(r"(\d{4})\s*[-/.\u5e74]\s*(\d{1,2})\s*[-/.\u6708]\s*(\d{1,2})\s*\u65e5?", words)
    packed = re.fullmatch(r"((?:19|20)\d{2})(\d{2})(\d{2})", words)
    found = spelt or packed
    if found is not None:
        try:
            return date(*map(int, found.groups()))
        except ValueError as error:
            raise UserError("case_bad_date", value=cell) from error
    if re.fullmatch(r"\d{4,5}(\.\d+)?", words) and _FIRST_SERIAL <= float(words) <= _LAST_SERIAL:
        start = date(1904, 1, 1) if epoch_1904 else date(1899, 12, 30)  # Excel counts a 29 February 1900
        return start + timedelta(days=int(float(words)))
    if re.fullmatch(r"\d{1,2}[-/.]\d{1,2}[-/.](\d{2}|\d{4})", words):
        raise UserError("case_ambiguous_date", value=cell)
    raise UserError("case_bad_date", value=cell)
