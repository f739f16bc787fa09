"""One row of a hospital's table, understood: a patient's visit with its facts, or the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.common.errors import UserError
from app.common.packs import Pack
from app.datasets.case_tables.mapping import Mapping as TableMapping
from app.datasets.case_tables.table import Table
from app.datasets.case_tables.values import (
    age_of,
    centre_stored,
    date_of,
    disease_of,
    is_gold,
    months_of,
    named_by_pathology,
    nothing,
    patient_of,
    sex_of,
    site_stored,
    source_of,
)
from app.datasets.cases import PATHOLOGY

STORED = ("visit", "visited", "age", "sex", "site", "duration_months", "history", "pathology", "centre")
"""The facts of a case that rows bring, beside the diagnosis and its source."""
LONGEST_NOTE = 20_000


@dataclass(frozen=True, slots=True)
class Row:
    """``number``: as a spreadsheet shows it. ``facts``: what the row says of :data:`STORED`, nothing that it does not
    say. ``photo``: the cell that names its photos."""

    number: int
    patient: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    birth: date | None = None
    diagnosis: str | None = None
    source: str | None = None
    photo: str = ""
    lesion: str = ""

    @property
    def visit(self) -> str | None:
        return self.facts.get("visit")

    @property
    def visited(self) -> date | None:
        return self.facts.get("visited")


@dataclass(frozen=True, slots=True)
class Reading:
    """What is needed to understand rows: the columns' places by their meaning, the mapping, the pack, this day."""

    places: Mapping[str, int]
    mapping: TableMapping
    pack: Pack
    today: date


def read_rows(table: Table, reading: Reading) -> tuple[list[Row], dict[int, UserError]]:
    """The rows that could be understood, and row number -> the first reason why another could not."""
    rows: list[Row] = []
    wrong: dict[int, UserError] = dict(table.damaged)
    for number, cells in zip(table.numbers, table.rows, strict=True):
        if number in wrong:
            continue
        try:
            rows.append(_row(number, cells, reading, table.epoch_1904))
        except UserError as error:
            wrong[number] = error
    return rows, wrong


def _row(number: int, cells: Sequence[str], reading: Reading, epoch_1904: bool) -> Row:
    mapping, words = reading.mapping, reading.mapping.words

    def cell(name: str) -> str:
        return cells[reading.places[name]] if name in reading.places else ""

    def day(name: str) -> date | None:
        return date_of(cell(name), mapping.dates, reading.today, epoch_1904)

    visited, birth = day("visited"), day("birth")
    facts = {
        "visit": None if nothing(cell("visit")) else cell("visit")[:200],
        "visited": visited,
        "age": _age(age_of(cell("age")), birth, visited),
        "sex": sex_of(cell("sex"), words.sex),
        "site": site_stored(cell("site"), words.site),
        "duration_months": months_of(cell("duration"), mapping.duration_unit),
        "history": _note(cell("history")),
        "pathology": _note(cell("pathology")),
        "centre": centre_stored(cell("centre") or mapping.centre, words.centre),
    }
    diagnosis, source = _diagnosis(cell, reading)
    photo = "" if nothing(cell("photo")) else cell("photo")
    said = {name: value for name, value in facts.items() if value is not None}
    lesion = "" if nothing(cell("lesion")) else cell("lesion")[:200]
    return Row(number, patient_of(cell("patient")), said, birth, diagnosis, source, photo, lesion)


def _age(age: int | None, birth: date | None, visited: date | None) -> int | None:
    """The age at the visit; a birth date tells it where the table does not.

    Raises:
        UserError: ``case_age_birth`` when the two disagree, ``case_bad_date`` for a visit before the birth.
    """
    if birth is None or visited is None:
        return age
    if visited < birth:
        raise UserError("case_born_later", visited=visited, birth=birth)
    told = visited.year - birth.year - ((visited.month, visited.day) < (birth.month, birth.day))
    if age is not None and abs(age - told) > 1:  # one year: Chinese tables count nominal years too
        raise UserError("case_age_birth", age=age, birth=birth, told=told)
    return told if age is None else age


def _diagnosis(cell: Callable[[str], str], reading: Reading) -> tuple[str | None, str | None]:
    """The disease and where it comes from; pathology is the gold standard.

    Raises:
        UserError: ``case_unknown_disease``, ``case_bad_source``; ``case_pathology_contradicts`` when the diagnosis is
            said to come from pathology and the report names another disease.
    """
    words = reading.mapping.words
    said = disease_of(cell("diagnosis"), reading.pack, words.diagnosis)
    source = source_of(cell("diagnosis_source"), words.diagnosis_source) or reading.mapping.diagnosis_source or None
    seen = named_by_pathology(cell("pathology"), reading.pack, words.diagnosis)
    if seen is not None and said is not None and seen != said and is_gold(source):
        names = {d.key: str(d.name) for d in reading.pack.labels}
        raise UserError("case_pathology_contradicts", disease=names[said], pathology=names[seen])
    if seen is not None:
        return seen, PATHOLOGY
    return said, source if said is not None else None


def _note(cell: str) -> str | None:
    return cell[:LONGEST_NOTE] or None
