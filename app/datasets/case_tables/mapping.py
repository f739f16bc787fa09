"""Which column of a table means what: as a TOML file that a department keeps, or guessed from the headings."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping as MappingOf
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.common.errors import UserError
from app.common.places import RESOURCES
from app.datasets.case_tables.table import Table

Unit = Literal["days", "weeks", "months", "years"]
PhotosBy = Literal["name", "folder", "pattern"]
Source = Literal["pathology", "clinical", "other"]
SOURCES: tuple[Source, ...] = get_args(Source)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Columns(_Strict):
    """The heading of the column that holds each thing; "" for what the table does not have."""

    patient: str = ""
    visit: str = ""
    visited: str = ""
    age: str = ""
    birth: str = ""
    sex: str = ""
    site: str = ""
    duration: str = ""
    history: str = ""
    pathology: str = ""
    centre: str = ""
    diagnosis: str = ""
    diagnosis_source: str = ""
    photo: str = ""
    lesion: str = ""

    def used(self) -> dict[str, str]:
        return {name: heading for name, heading in self if heading}


class Photos(_Strict):
    """How a row's photos are found.

    ``by``: "name" (the photo column holds file names), "folder" (it holds a folder), "pattern" (no column: the photo's
    path, from its end, fits ``pattern``, in which {patient} and {visit} stand for the row's, * and ? for anything).
    """

    by: PhotosBy = "name"
    pattern: str = ""


class Words(_Strict):
    """What the table's own words mean: word -> value. A disease's value is a key, a name or an alias of the pack."""

    sex: dict[str, Literal["female", "male", ""]] = Field(default_factory=dict)
    diagnosis: dict[str, str] = Field(default_factory=dict)
    diagnosis_source: dict[str, Source] = Field(default_factory=dict)
    site: dict[str, str] = Field(default_factory=dict)
    centre: dict[str, str] = Field(default_factory=dict)


class Mapping(_Strict):
    """``sheet``: of a workbook, "" for the first. ``centre``, ``diagnosis_source``: for rows that do not say their own.
    ``dates``: forms of dates after Python's strptime, tried in order before the forms that need no telling."""

    columns: Columns
    photos: Photos = Field(default_factory=Photos)
    words: Words = Field(default_factory=Words)
    sheet: str = ""
    centre: str = ""
    diagnosis_source: Source | Literal[""] = ""
    duration_unit: Unit = "months"
    dates: tuple[str, ...] = ()


def read_mapping(file: Path) -> Mapping:
    """Raises UserError ``mapping_unreadable``, or ``mapping_wrong`` with the place and the reason."""
    try:
        raw = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise UserError("mapping_unreadable", file=file.name, reason=error.strerror or type(error).__name__) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError("mapping_wrong", file=file.name, where="TOML", reason=str(error)) from error
    return make_mapping(raw, file.name)


def make_mapping(raw: MappingOf[str, Any], name: str = "mapping") -> Mapping:
    """Raises UserError ``mapping_wrong``."""
    try:
        made = Mapping.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"]) or "mapping"
        raise UserError("mapping_wrong", file=name, where=where, reason=first["msg"]) from error
    if made.photos.by == "pattern" and "{patient}" not in made.photos.pattern:
        raise UserError("mapping_wrong", file=name, where="photos.pattern", reason="{patient}")
    return made


def mapping_as_toml(mapping: Mapping) -> str:
    import tomli_w

    return tomli_w.dumps(mapping.model_dump(mode="json", exclude_defaults=True))


def positions(table: Table, mapping: Mapping) -> dict[str, int]:
    """What is mapped -> its column's place.

    Raises:
        UserError: ``table_missing_columns``, ``table_column_twice``, ``table_no_patient_column``.
    """
    headings = [folded(c) for c in table.columns]
    found, missing = dict[str, int](), list[str]()
    for name, heading in mapping.columns.used().items():
        wanted = folded(heading)
        if headings.count(wanted) > 1:
            raise UserError("table_column_twice", file=table.name, column=heading)
        if wanted in headings:
            found[name] = headings.index(wanted)
        else:
            missing.append(heading)
    known = ", ".join(filter(None, table.columns))
    if missing:
        raise UserError("table_missing_columns", file=table.name, columns=", ".join(missing), known=known)
    if "patient" not in found:
        raise UserError("table_no_patient_column", file=table.name, known=known)
    return found


def guess_mapping(table: Table) -> Mapping:
    """What the headings seem to mean; a column that nobody can tell stays out, and a person looks it over."""
    taken: dict[str, str] = {}
    clear = [c for c in dict.fromkeys(table.columns) if c and table.columns.count(c) == 1]
    for exact in (True, False):
        for heading in clear:
            if heading in taken.values():
                continue
            name = _meaning(heading, exact)
            if name and name not in taken:
                taken[name] = heading
    unit = _unit(taken.get("duration", ""))
    by: PhotosBy = "folder" if _is_folder(taken.get("photo", "")) else "name"
    return Mapping(columns=Columns(**taken), duration_unit=unit, photos=Photos(by=by))


def folded(words: str) -> str:
    """For comparing: width, case and spaces do not matter."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", words)).strip().casefold()


def _meaning(heading: str, exact: bool) -> str | None:
    words = folded(heading.replace("_", " "))
    if exact:
        return next((name for name, known in table_words("headings").items() if words in known), None)
    plain = re.sub(r"[(\[].*?[)\]]", "", words).strip()
    return None if plain == words else _meaning(plain, exact=True)


def _unit(heading: str) -> Unit:
    words = folded(heading)
    found = (unit for unit in _UNITS_SOUGHT if any(mark in words for mark in table_words("unit_marks")[unit]))
    return next(found, "months")


_UNITS_SOUGHT: tuple[Unit, ...] = ("days", "weeks", "years")


def _is_folder(heading: str) -> bool:
    return any(mark in folded(heading) for mark in table_words("photo_marks")["folder"])


@cache
def table_words(name: str) -> MappingOf[str, frozenset[str]]:
    """What words of hospitals' tables mean: meaning -> the folded words, in both languages."""
    raw = tomllib.loads((RESOURCES / "case-tables.toml").read_text(encoding="utf-8"))
    return {meaning: frozenset(map(folded, words)) for meaning, words in raw[name].items()}
