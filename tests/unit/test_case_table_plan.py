"""From a table to cases: every row is placed or listed with its reason, photos are tied, pathology stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from app.common.errors import UserError
from app.common.workspace import Workspace, open_workspace
from app.datasets import store as stores
from app.datasets.case_tables.importing import import_cases
from app.datasets.case_tables.mapping import Mapping, guess_mapping, make_mapping
from app.datasets.case_tables.plan import CasePlan
from app.datasets.case_tables.reading import read_table
from app.datasets.records import NewImage
from app.datasets.store import Store
from db.tables import AuditEntry, Case, Image, Patient
from tests.contract import CommandLine

HEAD = "patient,visit,visit date,age,sex,diagnosis,source,pathology,photo,lesion\n"


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    opened = stores.open_store(workspace)
    yield opened
    opened.close()


def add(store: Store, *paths: str) -> list[int]:
    """Photos linked at these paths."""
    with store.write("t") as session:
        return list(stores.link_images(session, [Path(p) for p in paths]))


def run(store: Store, words: str, mapping: Mapping | None = None, *, dry: bool = False) -> CasePlan:
    table = read_table(words.encode(), "cases.csv")
    return import_cases(store, table, mapping or guess_mapping(table), "t", dry_run=dry)


def why(plan: CasePlan) -> dict[int, str]:
    assert all(r.error.what and r.error.remedy for r in plan.rejected)
    return {r.row: r.error.code for r in plan.rejected}


def cases(store: Store) -> list[Case]:
    with store.read() as session:
        found = list(session.scalars(select(Case).order_by(Case.id)))
        session.expunge_all()
    return found


def first(store: Store) -> tuple[str | None, str | None, int | None]:
    case = cases(store)[0]
    return case.final_diagnosis, case.diagnosis_source, case.age


def codes(store: Store) -> dict[int, str | None]:
    """Photo -> its patient."""
    with store.read() as session:
        return {row.id: row.patient for row in stores.image_rows(session)}


def test_a_table_is_placed_with_photos_and_sources(store: Store) -> None:
    a, b, c = add(store, "/p/A 1.jpg", "/p/A2.jpg", "/p/B.JPG")
    words = HEAD + (
        "A,1,2024-03-05,34,女,银屑病,临床,,A 1.jpg;A2.jpg,left knee\n"
        "B,1,2024-04-01,8个月,M,eczema,,扁平苔藓,b,\n"
        "C,,,,,,,,,\n"
    )
    dry = run(store, words, dry=True)
    assert (dry.rows, dry.placed, dry.new_cases, dry.photos) == (3, 3, 3, 3)
    assert cases(store) == []
    plan = run(store, words)
    assert plan.as_json() == {"rows": 3, "placed": 3, "rejected": []}
    assert codes(store) == {a: "A", b: "A", c: "B"}
    one, two, three = cases(store)
    assert (one.age, one.sex, one.visited, one.visit) == (34, "female", date(2024, 3, 5), "1")
    assert (one.final_diagnosis, one.diagnosis_source) == ("psoriasis", "clinical")
    assert (two.final_diagnosis, two.diagnosis_source) == ("lichen_planus", "pathology")  # the report wins
    assert two.imported_from == "cases.csv : 3"
    assert (three.final_diagnosis, three.diagnosis_source) == (None, None)
    with store.read() as session:
        assert session.get_one(Image, a).lesion == "left knee"
        assert stores.broken_link(session) is None
        assert "import" in set(session.scalars(select(AuditEntry.action)))


def test_the_same_table_again_changes_nothing(store: Store) -> None:
    add(store, "/p/a.jpg")
    words = HEAD + "A,1,2024-03-05,34,F,psoriasis,,,a.jpg,\nA,2,2024-04-05,34,F,,,,,\nB,,,,M,,,,,\n"
    run(store, words)
    before = [(c.id, c.version) for c in cases(store)]
    plan = run(store, words)
    assert (plan.placed, plan.new_cases, plan.photos, plan.changes) == (3, 0, 0, ())
    assert [(c.id, c.version) for c in cases(store)] == before


def test_rows_of_one_visit_are_one_case(store: Store) -> None:
    add(store, "/p/a.jpg", "/p/b.jpg", "/p/c.jpg")
    words = (
        HEAD + "A,1,2024-03-05,34,F,,,,a.jpg,x\nA,1,,,,psoriasis,,,b.jpg,y\nA,,2024-03-05,,,,,,c.jpg,\nA,,,,F,,,,,\n"
    )
    plan = run(store, words)
    assert plan.rejected == ()
    (case,) = cases(store)
    assert (case.final_diagnosis, case.age) == ("psoriasis", 34)
    assert set(codes(store).values()) == {"A"}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["A,,,abc,,,,,,"], {2: "case_bad_age"}),
        (["A,,,200,,,,,,"], {2: "case_bad_age"}),
        (["A,,05/03/2024,,,,,,,"], {2: "case_ambiguous_date"}),
        (["A,,2024-02-30,,,,,,,"], {2: "case_bad_date"}),
        (["A,,,,?x,,,,,"], {2: "case_bad_sex"}),
        (["A,,,,,wart,,,,"], {2: "case_unknown_disease"}),
        (["A,,,,,psoriasis,rumour,,,"], {2: "case_bad_source"}),
        ([",,,34,,,,,,"], {2: "case_no_patient"}),
        (["A,,,,,psoriasis,pathology,eczema,,"], {2: "case_pathology_contradicts"}),
        (["A,,,,,,,,nowhere.jpg,"], {2: "case_photo_missing"}),
        (["A,1,,34,,,,,,", "A,1,,35,,,,,,", "A,2,,60,,,,,,"], {2: "case_rows_contradict", 3: "case_rows_contradict"}),
        (["A,1,,,F,,,,,", "A,2,,,M,,,,,", "B,1,,,M,,,,,"], {2: "case_rows_contradict", 3: "case_rows_contradict"}),
        (["A,1,,,,psoriasis,,,,", "A,1,,,,eczema,,,,"], {2: "case_rows_contradict", 3: "case_rows_contradict"}),
        (["A,1,,,,psoriasis,clinical,,,", "A,1,,,,eczema,pathology,,,"], {}),  # pathology stands
        (["A,1,,,,,,,,", "A,2,,,,,,,,", "A,,,,,,,,,"], {4: "case_which_visit"}),
        (["A,,,,,,,,p.jpg,", "B,,,,,,,,p.jpg,"], {2: "case_photo_twice", 3: "case_photo_twice"}),
        (["A,1,,,,,,,p.jpg,", "A,1,,,,,,,p.jpg,"], {}),
        (["A,,,,,,,,same.jpg,"], {2: "case_photo_ambiguous"}),
        (["A,,,,,,,,two/same.jpg,"], {}),
        (["A,,,,,,,,D:\\x\\one\\same.jpg,"], {}),
        (["A,,,,,,,,three/same.jpg,"], {2: "case_photo_missing"}),
        (["A,,,=3+4,,,,,,", "B,,,,,,,,,"], {2: "case_bad_age"}),
        (["A,,,,,,,,,,,spilt"], {2: "table_row_too_wide"}),
    ],
)
def test_every_row_that_cannot_be_placed_is_listed(store: Store, lines: list[str], expected: dict[int, str]) -> None:
    add(store, "/p/p.jpg", "/p/one/same.jpg", "/p/two/same.jpg")
    words = HEAD + "\n".join(lines) + "\n"
    dry = run(store, words, dry=True)
    plan = run(store, words)
    assert why(plan) == why(dry) == expected
    assert plan.rows == plan.placed + len(plan.rejected) == len(lines)
    held = {c.imported_from for c in cases(store)}
    assert not any(f": {row}" in str(origin) for row in expected for origin in held)


def test_age_and_birth_date(store: Store) -> None:
    words = (
        "patient,visit date,birth date,age\nA,2024-03-05,1990-03-06,\nB,2024-03-05,1990-03-06,34\n"
        "C,2024-03-05,1990-03-06,50\nD,2024-03-05,2024-03-06,\nE,,1990-03-06,\n"
    )
    plan = run(store, words)
    assert why(plan) == {4: "case_age_birth", 5: "case_born_later"}
    assert [c.age for c in cases(store)] == [33, 34, None]


def test_pathology_is_never_overwritten_by_less(store: Store) -> None:
    run(store, HEAD + "A,1,,,,psoriasis,pathology,,,\n")
    plan = run(store, HEAD + "A,1,,40,,eczema,clinical,,,\nB,1,,,,eczema,,,,\n")
    assert why(plan) == {2: "case_conflict_with_pathology"}
    assert first(store) == ("psoriasis", "pathology", None)
    assert why(run(store, HEAD + "A,1,,40,,psoriasis,clinical,,,\n")) == {}
    assert first(store) == ("psoriasis", "pathology", 40)
    plan = run(store, HEAD + "A,1,,,,eczema,pathology,,,\n")  # the report was corrected
    assert [(c.field, c.before, c.after) for c in plan.changes] == [("final_diagnosis", "psoriasis", "eczema")]
    assert cases(store)[0].final_diagnosis == "eczema"


def test_the_case_card_does_not_change_what_pathology_said(store: Store) -> None:
    (photo,) = add(store, "/p/a.jpg")
    run(store, HEAD + "A,1,,,,psoriasis,pathology,,a.jpg,\n")
    with store.read() as session:
        card = stores.case_of(session, photo)
    assert card is not None
    assert card.diagnosis_source == "pathology"
    for wanted in ("eczema", None):
        with store.write("t") as session, pytest.raises(UserError) as caught:
            stores.update_case(session, replace(card, final_diagnosis=wanted))
        assert caught.value.code == "pathology_is_gold"
    with store.write("t") as session:
        kept = stores.update_case(session, replace(card, age=50))
    assert (kept.age, kept.final_diagnosis, kept.diagnosis_source) == (50, "psoriasis", "pathology")


def test_a_diagnosis_changed_in_the_card_is_the_person_s(store: Store) -> None:
    (photo,) = add(store, "/p/a.jpg")
    run(store, HEAD + "A,1,,,,psoriasis,clinical,,a.jpg,\n")
    with store.write("t") as session:
        card = stores.case_of(session, photo)
        assert card is not None
        kept = stores.update_case(session, replace(card, final_diagnosis="eczema"))
        assert kept.diagnosis_source == "person"
        assert stores.update_case(session, replace(kept, final_diagnosis=None)).diagnosis_source is None


def test_pathology_takes_the_place_of_a_clinical_diagnosis(store: Store) -> None:
    run(store, HEAD + "A,1,,,,psoriasis,clinical,,,\n")
    plan = run(store, HEAD + "A,1,,,,,,湿疹,,\n")
    assert why(plan) == {}
    assert cases(store)[0].final_diagnosis == "eczema"
    assert cases(store)[0].diagnosis_source == "pathology"


def test_stored_cases_are_found_again_and_protected(store: Store) -> None:
    (photo, other) = add(store, "/p/a.jpg", "/p/b.jpg")
    with store.write("t") as session:
        case = stores.add_case(session, "A", sex="male", visited=date(2024, 3, 5))
        stores.assign_case(session, [photo], case.id)
    plan = run(store, HEAD + "A,7,2024-03-05,34,,,,,a.jpg;b.jpg,\n")
    assert why(plan) == {}
    assert [(c.id, c.visit, c.age) for c in cases(store)] == [(case.id, "7", 34)]
    assert codes(store) == {photo: "A", other: "A"}
    plan = run(store, HEAD + "A,8,2024-05-05,,F,,,,,\nB,1,,,,,,,a.jpg,\nA,9,,,,,,,b.jpg,\nA,,,50,,,,,,\n")
    assert why(plan) == {2: "case_other_sex", 3: "case_photo_taken", 4: "case_photo_taken", 5: "case_which_visit"}


def test_photos_by_pattern(store: Store) -> None:
    names = ["P1_1_a.jpg", "P1_2_a.jpg", "P10_1_a.jpg", "p1_1_b.PNG", "XP1_1_a.jpg", "P1_11_a.jpg", "P1_1a.jpg"]
    ids = dict(zip(names, add(store, *(f"/p/{n}" for n in names)), strict=True))
    mapping = make_mapping(
        {
            "columns": {"patient": "patient", "visit": "visit"},
            "photos": {"by": "pattern", "pattern": "{patient}_{visit}_*"},
        }
    )
    plan = run(store, "patient,visit\nP1,1\nP1,2\nP10,1\nP11,1\n", mapping)
    assert why(plan) == {5: "case_no_photo"}
    found = {case.rows[0]: set(case.photos) for case in plan.cases}
    assert found == {
        2: {ids["P1_1_a.jpg"], ids["p1_1_b.PNG"]},
        3: {ids["P1_2_a.jpg"]},
        4: {ids["P10_1_a.jpg"]},
    }


def test_photos_by_folder(store: Store) -> None:
    a, b, _, d = add(store, "/p/2024/A/1.jpg", "/p/2024/A/deep/2.jpg", "/p/2024/AB/1.jpg", "/p/x/C/1.jpg")
    add(store, "/p/y/C/1.jpg")
    mapping = make_mapping({"columns": {"patient": "patient", "photo": "folder"}, "photos": {"by": "folder"}})
    plan = run(store, "patient,folder\nA,2024/A\nB,nowhere\nC,C\nD,x/C\n", mapping)
    assert why(plan) == {3: "case_photo_missing", 4: "case_photo_ambiguous"}
    assert {case.patient: case.photos for case in plan.cases} == {"A": (a, b), "D": (d,)}
    by_patient = make_mapping(
        {"columns": {"patient": "patient"}, "photos": {"by": "pattern", "pattern": "{patient}/*"}}
    )
    plan = run(store, "patient,x\nAB,\nA,\n", by_patient, dry=True)
    assert why(plan) == {}


def test_photos_that_were_copied_in_have_only_their_name(store: Store) -> None:
    with store.write("t") as session:
        stores.add_image(session, NewImage("IMG 1.jpg", "imported/ab/abc.jpg", sha256="abc"))
    assert why(run(store, HEAD + "A,,,,,,,,C:/photos/A/IMG 1.jpg,\n", dry=True)) == {}
    assert why(run(store, HEAD + "A,,,,,,,,abc.jpg,\n", dry=True)) == {2: "case_photo_missing"}


def test_who_may_not_edit_cases_imports_none(store: Store) -> None:
    with store.write("owner") as session:
        stores.add_person(session, "t", "annotator")
    with pytest.raises(stores.UserError, match="may not"):
        run(store, HEAD + "A,,,,,,,,,\n")
    assert cases(store) == []


def test_nothing_is_left_of_an_import_that_fails(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("app.datasets.case_tables.importing.audit", fail)
    with pytest.raises(RuntimeError):
        run(store, HEAD + "A,,,,,,,,,\n")
    with store.read() as session:
        assert session.scalar(select(Patient.id)) is None
    assert cases(store) == []


def test_the_command(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    line = CommandLine(capsysbinary)
    table, mapping, workspace = tmp_path / "病例.csv", tmp_path / "m.toml", tmp_path / "ws"
    table.write_bytes("编号甲,性别\nA,女\nB,谁\n".encode("gbk"))
    common = ("--workspace", workspace)
    assert line.refused("cases", "import", table, *common) == "table_no_patient_column"
    mapping.write_text('[columns]\npatient = "编号甲"\nsex = "性别"\n', encoding="utf-8")
    for dry in (("--dry-run",), ()):
        found = line("cases_import", "cases", "import", table, "--mapping", mapping, *dry, *common, status=1)
        assert (found["rows"], found["placed"]) == (2, 1)
        assert [(r["row"], r["error"]["code"]) for r in found["rejected"]] == [(3, "case_bad_sex")]
    table.write_bytes("编号甲,性别\nA,女\n".encode("gbk"))
    assert line("cases_import", "cases", "import", table, "--mapping", mapping, *common)["placed"] == 1
    opened = stores.open_store(open_workspace(workspace))
    assert len(cases(opened)) == 1
    opened.close()


CELL = st.sampled_from(
    ["", "A", "B", "1", "2", "34", "F", "M", "psoriasis", "eczema", "pathology", "2024-03-05", "p.jpg"]
)


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = stores.open_store(open_workspace(tmp_path_factory.mktemp("ws")))
    yield opened
    opened.close()


ROWS = st.tuples(*[CELL] * 10).filter(any)


@given(st.lists(ROWS, min_size=1, max_size=6), st.lists(ROWS, min_size=1, max_size=4))
def test_whatever_a_table_says_each_row_is_placed_or_listed(
    one_store: Store, before: list[tuple[str, ...]], after: list[tuple[str, ...]]
) -> None:
    """And no patient ever has two sexes, and importing again changes nothing."""
    with one_store.write("t") as session:
        for table in (Image, Case, Patient):
            session.execute(delete(table))
    add(one_store, "/p/p.jpg")
    for rows in (before, after):
        words = HEAD + "\n".join(",".join(r) for r in rows) + "\n"
        plan = run(one_store, words)
        assert plan.rows == len(rows) == plan.placed + len(plan.rejected)
        assert {n for c in plan.cases for n in c.rows}.isdisjoint(why(plan))
        again = run(one_store, words)
        assert (again.new_cases, again.photos, again.changes) == (0, 0, ())
    with one_store.read() as session:
        sexes = session.execute(select(Case.patient_id, Case.sex).where(Case.sex.is_not(None)).distinct()).all()
        assert len({p for p, _ in sexes}) == len(sexes)
