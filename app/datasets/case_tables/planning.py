"""What importing a table would do, row by row, before anything is done.

Every row is either placed or rejected with its reason. Rows of one visit are one case; a case is found again by the
patient's code and the visit's number, else its day, so that the same table can be imported again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.common.errors import UserError
from app.common.packs import Pack
from app.datasets.case_tables.mapping import Mapping as TableMapping
from app.datasets.case_tables.mapping import positions
from app.datasets.case_tables.photos import Photos
from app.datasets.case_tables.plan import CasePlan, Change, PlannedCase, Rejected
from app.datasets.case_tables.rows import STORED, Reading, Row, read_rows
from app.datasets.case_tables.table import Table
from app.datasets.case_tables.values import is_gold
from app.datasets.case_tables.visits import Key, StoredCase, stored_cases, stored_visit, visit_key
from app.datasets.case_tables.words import field_words
from app.datasets.keeping.tombstones import erased_codes
from app.datasets.vocabulary import pack_in


def plan_cases(
    session: Session, table: Table, mapping: TableMapping, pack: Pack | None = None, today: date | None = None
) -> CasePlan:
    """Look at every row; nothing is changed.

    Raises:
        UserError: ``table_missing_columns``, ``table_column_twice``, ``table_no_patient_column``,
            ``table_no_photo_column``: what no row could be read without.
    """
    places = positions(table, mapping)
    if "photo" not in places and mapping.photos.by == "folder":
        raise UserError("table_no_photo_column", file=table.name)
    reading = Reading(places, mapping, pack or pack_in(session), today or datetime.now(UTC).astimezone().date())
    rows, wrong = read_rows(table, reading)
    planner = _Planner(session, rows, wrong)
    planner.refuse_erased()
    planner.group()
    planner.find_photos(mapping)
    planner.refuse_contradictions()
    planner.refuse_photos_of_two()
    cases, changes = planner.cases()
    rejected = tuple(Rejected(n, planner.wrong[n]) for n in sorted(planner.wrong))
    return CasePlan(table.name, table.sheet, len(table.rows), tuple(cases), tuple(changes), rejected)


class _Planner:
    """The rows on their way; a row in ``wrong`` takes no further part, but what it says still counts against others."""

    def __init__(self, session: Session, rows: Sequence[Row], wrong: dict[int, UserError]) -> None:
        self._session = session
        self._rows = {row.number: row for row in rows}
        self.wrong = wrong
        self._keys: dict[int, Key] = {}
        self._days: dict[Key, str] = {}  # of numbered visits
        self._photos_of: dict[int, tuple[int, ...]] = {}
        self._stored = stored_cases(session, {row.patient for row in rows})
        self._photos = Photos(session)

    def _good(self) -> Iterator[Row]:
        return (row for row in self._rows.values() if row.number not in self.wrong)

    def _groups(self) -> dict[Key, list[Row]]:
        found: defaultdict[Key, list[Row]] = defaultdict(list)
        for number, key in self._keys.items():
            found[key].append(self._rows[number])
        return found

    def _refuse(self, rows: Sequence[Row], error: UserError) -> None:
        for row in rows:
            self.wrong.setdefault(row.number, error)

    def refuse_erased(self) -> None:
        gone = erased_codes(self._session, {row.patient for row in self._rows.values()})
        self._refuse([r for r in self._rows.values() if r.patient in gone], UserError("case_erased"))

    def group(self) -> None:
        """Which visit each row belongs to."""
        of_patient: defaultdict[str, list[Row]] = defaultdict(list)
        for row in self._good():
            of_patient[row.patient].append(row)
        for patient, rows in of_patient.items():
            numbered: defaultdict[str, set[str]] = defaultdict(set)  # day -> numbers of visits on it
            for row in rows:
                if row.visit and row.visited:
                    numbered[str(row.visited)].add(row.visit)
            for row in rows:
                if row.visit or row.visited:
                    key = self._keys[row.number] = visit_key(patient, row, numbered)
                    if row.visited:
                        self._days[key] = str(row.visited)
            known = {self._keys[r.number] for r in rows if r.number in self._keys}
            for row in rows:
                if row.number in self._keys:
                    continue
                if len(known) > 1:
                    self._refuse([row], UserError("case_which_visit", n=len(known)))
                else:
                    self._keys[row.number] = next(iter(known), (patient, "", ""))

    def find_photos(self, mapping: TableMapping) -> None:
        rows = list(self._good())
        by = mapping.photos.by
        if by == "pattern":
            found = self._photos.fitting(mapping.photos.pattern, {(r.patient, r.visit or "") for r in rows})
            for row in rows:
                ids = found[row.patient, row.visit or ""]
                if not ids:
                    self._refuse([row], UserError("case_no_photo"))
                self._photos_of[row.number] = tuple(ids)
            return
        find = self._photos.in_folder if by == "folder" else self._photos.named
        for row in rows:
            try:
                self._photos_of[row.number] = find(row.photo) if row.photo else ()
            except UserError as error:
                self._refuse([row], error)

    def refuse_contradictions(self) -> None:
        """Between rows of one visit, and between visits of one patient, stored ones included."""
        for rows in self._groups().values():
            for name in STORED:
                self._refuse_if_several(rows, {r.number: r.facts.get(name) for r in rows}, name)
            gold = [r for r in rows if is_gold(r.source)]
            self._refuse_if_several(gold or rows, {r.number: r.diagnosis for r in gold or rows}, "final_diagnosis")
        of_patient: defaultdict[str, list[Row]] = defaultdict(list)
        for number in self._keys:
            of_patient[self._rows[number].patient].append(self._rows[number])
        for patient, rows in of_patient.items():
            self._refuse_if_several(rows, {r.number: r.facts.get("sex") for r in rows}, "sex")
            self._refuse_if_several(rows, {r.number: r.birth for r in rows}, "birth")
            stored = {c.facts["sex"] for c in self._stored.get(patient, ())} - {None}
            if len(stored) == 1:
                odd = [r for r in rows if r.facts.get("sex", next(iter(stored))) not in stored]
                self._refuse(odd, UserError("case_other_sex"))

    def _refuse_if_several(self, rows: Sequence[Row], values: Mapping[int, Any], name: str) -> None:
        said = {n: v for n, v in values.items() if v is not None}
        if len(set(said.values())) < 2:
            return
        for row in rows:
            other = next((n for n, v in said.items() if v != said.get(row.number, v)), None)
            other = other or next(n for n in said if n != row.number)
            self._refuse([row], UserError("case_rows_contradict", other=other, field=field_words(name)))

    def refuse_photos_of_two(self) -> None:
        """A photo that two cases name, in the table or in the workspace, belongs to neither until a person says so."""
        namers: defaultdict[int, set[int]] = defaultdict(set)
        for number, photos in self._photos_of.items():
            for photo in photos:
                namers[photo].add(number)
        matched = {number: self._match(key) for number, key in self._keys.items()}
        for photo, numbers in namers.items():
            shown = self._photos.by_id[photo]
            if len({self._keys[n] for n in numbers}) > 1:
                for number in numbers:
                    other = min(n for n in numbers if self._keys[n] != self._keys[number])
                    self._refuse([self._rows[number]], UserError("case_photo_twice", photo=shown.name, other=other))
            elif shown.case_id is not None:
                for number in numbers:
                    case = matched[number]
                    if not isinstance(case, StoredCase) or case.id != shown.case_id:
                        self._refuse([self._rows[number]], UserError("case_photo_taken", photo=shown.name))

    def cases(self) -> tuple[list[PlannedCase], list[Change]]:
        planned: list[PlannedCase] = []
        changes: list[Change] = []
        taken: set[int] = set()
        for key, rows in self._groups().items():
            good = [r for r in rows if r.number not in self.wrong]
            stored = self._match(key)
            if isinstance(stored, UserError):
                self._refuse(good, stored)
                continue
            good = self._without_conflict(good, stored)
            if not good:
                continue
            if stored is not None and stored.id in taken:
                self._refuse(good, UserError("case_which_visit", n=len(self._stored[key[0]])))
                continue
            before = {} if stored is None else stored.facts
            facts = {k: v for k, v in _facts(good, before).items() if v != before.get(k)}
            if stored is not None:
                taken.add(stored.id)
                changes += [
                    Change(good[0].number, key[0], name, before[name], value)
                    for name, value in facts.items()
                    if before[name] is not None
                ]
            planned.append(self._planned(key[0], stored, good, facts))
        return planned, changes

    def _planned(
        self, patient: str, stored: StoredCase | None, rows: Sequence[Row], facts: dict[str, Any]
    ) -> PlannedCase:
        photos = dict.fromkeys(p for r in rows for p in self._photos_of.get(r.number, ()))
        lesions = {p: r.lesion for r in rows if r.lesion for p in self._photos_of.get(r.number, ())}
        new = tuple(p for p in photos if self._photos.by_id[p].case_id is None)
        case_id = None if stored is None else stored.id
        return PlannedCase(case_id, patient, tuple(r.number for r in rows), facts, new, lesions)

    def _without_conflict(self, rows: Sequence[Row], stored: StoredCase | None) -> list[Row]:
        """What pathology has said stays: a row that says otherwise from a lesser source is rejected."""
        if stored is None or not is_gold(stored.facts["diagnosis_source"]) or stored.facts["final_diagnosis"] is None:
            return list(rows)
        known = stored.facts["final_diagnosis"]
        if any(is_gold(r.source) for r in rows):
            return list(rows)
        odd = [r for r in rows if r.diagnosis not in (None, known)]
        self._refuse(odd, UserError("case_conflict_with_pathology"))
        return [r for r in rows if r not in odd]

    def _match(self, key: Key) -> StoredCase | UserError | None:
        """The stored case that a visit of the table is; None: a new one."""
        stored = self._stored.get(key[0], ())
        return stored_visit(key, self._days.get(key, ""), stored, self._keys.values())


def _facts(rows: Sequence[Row], stored: Mapping[str, Any]) -> dict[str, Any]:
    """What the rows of a visit say together; a diagnosis from pathology before any other."""
    found: dict[str, Any] = {}
    for row in rows:
        found |= row.facts
    diagnosed = sorted((r for r in rows if r.diagnosis is not None), key=lambda r: not is_gold(r.source))
    if diagnosed:
        best = diagnosed[0]
        confirms = best.diagnosis == stored.get("final_diagnosis") and is_gold(stored.get("diagnosis_source"))
        source = stored["diagnosis_source"] if confirms else best.source
        found |= {"final_diagnosis": best.diagnosis, "diagnosis_source": source}
    return found
