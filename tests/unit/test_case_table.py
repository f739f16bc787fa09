"""Reading hospitals' tables: encodings, separators, Excel's dates and formulas, limits."""

from __future__ import annotations

import contextlib
import io
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.common.errors import UserError
from app.common.packs import load_pack
from app.datasets.case_tables import reading, table
from app.datasets.case_tables.mapping import guess_mapping, make_mapping, mapping_as_toml, positions, read_mapping
from app.datasets.case_tables.reading import read_table
from app.datasets.case_tables.table import Table
from app.datasets.case_tables.values import (
    age_of,
    date_of,
    disease_of,
    months_of,
    named_by_pathology,
    patient_of,
    sex_of,
    source_of,
)

TODAY = date(2026, 11, 20)
WORDS = "患者编号,性别,年龄,诊断\nP001,女,34,银屑病\nP002,男,51,湿疹\n"


def csv_table(words: str, encoding: str = "utf-8") -> Table:
    return read_table(words.encode(encoding), "cases.csv")


def workbook(*rows: tuple[object, ...], title: str = "Sheet1") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def code_of(data: bytes, name: str = "cases.csv") -> str:
    with pytest.raises(UserError) as caught:
        read_table(data, name)
    assert caught.value.what
    assert caught.value.remedy
    return caught.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_in_the_encodings_that_hospitals_write(encoding: str) -> None:
    table = csv_table(WORDS, encoding)
    assert table.columns == ("患者编号", "性别", "年龄", "诊断")
    assert table.rows == (("P001", "女", "34", "银屑病"), ("P002", "男", "51", "湿疹"))
    assert table.numbers == (2, 3)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(separator: str, end: str) -> None:
    lines = [["patient", "history"], ["A", f"a{separator} b"], ["B", "one\ntwo"], ["", ""], ["C", 'said "so"']]
    words = end.join(separator.join('"' + c.replace('"', '""') + '"' for c in line) for line in lines) + end
    table = csv_table(words)
    assert table.rows == (("A", f"a{separator} b"), ("B", "one\ntwo"), ("C", 'said "so"'))
    assert table.numbers == (2, 3, 5)  # as a spreadsheet numbers them: the empty row is row 4


def test_excel_tells_the_separator_in_a_first_line() -> None:
    table = csv_table("sep=;\npatient;site\nA;arm, left\n")
    assert table.columns == ("patient", "site")
    assert table.rows == (("A", "arm, left"),)
    assert table.numbers == (3,)


def test_a_title_above_the_headings() -> None:
    table = csv_table("门诊登记表,,\n,,\n患者编号,性别,年龄\nP1,女,3\n")
    assert table.columns == ("患者编号", "性别", "年龄")
    assert table.numbers == (4,)


def test_a_row_with_more_cells_than_headings_is_not_trusted() -> None:
    table = csv_table("patient,history\nA,red, itching\nB,dry\n")
    assert {n: e.code for n, e in table.damaged.items()} == {2: "table_row_too_wide"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "table_empty"),
        (b"patient,age\n", "table_empty"),
        (b"\xff\xff\xff,\x81\n\xff,\xff\n", "table_encoding"),
        (b'patient,age\n"A,3\nB,4\n', "table_damaged"),
        (b"patient,age\nA," + b"x" * 40_000 + b"\n", "table_cell_too_long"),
        (b"a," * 600 + b"a\n1,2\n", "table_too_large"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "table_old_excel"),
        (b"PK\x03\x04 and nothing that follows", "table_damaged"),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, code: str) -> None:
    assert code_of(data) == code


def test_too_many_bytes_and_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MOST_ROWS", 3)
    assert code_of(b"a,b\n" + b"1,2\n" * 4) == "table_too_large"
    assert len(read_table(b"a,b\n" + b"1,2\n" * 3, "x.csv").rows) == 3
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    assert code_of(b"a,b\n1,2\n3,4\n") == "table_too_large"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cases"):
        read_table(tmp_path / "cases.csv")
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    with pytest.raises(UserError):
        read_table(folder)


def test_a_workbook() -> None:
    day = datetime(2024, 3, 5)
    data = workbook(
        ("编号", "就诊日期", "年龄", "病程", "复查"),
        ("P1", day, 34, 1.5, True),
        (None, None),
        (12.0, date(2023, 1, 2), "x"),
    )
    table = read_table(data, "cases.xlsx")
    assert table.columns == ("编号", "就诊日期", "年龄", "病程", "复查")
    assert table.rows == (("P1", "2024-03-05", "34", "1.5", "TRUE"), ("12", "2023-01-02", "x", "", ""))
    assert table.numbers == (2, 4)
    assert table.sheet == "Sheet1"


def test_a_number_shown_with_zeros_before_it_is_read_as_it_is_shown() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["patient", "age"])
    sheet.append([42, 30])
    sheet["A2"].number_format = "00000000"
    out = io.BytesIO()
    book.save(out)
    assert read_table(out.getvalue(), "x.xlsx").rows == (("00000042", "30"),)


def test_formulas_without_values_and_errors_are_of_their_rows() -> None:
    data = workbook(("patient", "age", "x"), ("A", "=1+33", 1), ("B", 34, "#REF!"), ("C", 40, 1), ("=A2", 5, 1))
    table = read_table(data, "x.xlsx")
    assert {n: e.code for n, e in table.damaged.items()} == {
        2: "table_formula",
        3: "table_cell_error",
        5: "table_formula",
    }
    assert table.damaged[2].facts == {"cell": "B2"}


def test_a_formula_that_excel_has_computed_gives_its_value() -> None:
    data = workbook(("patient", "age"), ("A", "=1+33"))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            content = before.read(name).replace(b"<f>1+33</f><v></v>", b"<f>1+33</f><v>34</v>")
            content = content.replace(b"<f>1+33</f><v />", b"<f>1+33</f><v>34</v>")
            after.writestr(name, content)
    table = read_table(out.getvalue(), "x.xlsx")
    assert table.rows == (("A", "34"),)
    assert table.damaged == {}


def test_sheets() -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    hidden = book.create_sheet("hidden")
    hidden.append(["no", "no"])
    hidden.append(["no", "no"])
    hidden.sheet_state = "hidden"
    shown = book.create_sheet("病例")
    shown.append(["patient", "age"])
    shown.append(["A", 3])
    out = io.BytesIO()
    book.save(out)
    assert read_table(out.getvalue(), "x.xlsx").sheet == "病例"
    assert read_table(out.getvalue(), "x.xlsx", "hidden").rows == (("no", "no"),)
    with pytest.raises(UserError, match="other"):
        read_table(out.getvalue(), "x.xlsx", "other")


def test_bombs_and_strangers_in_a_zip(monkeypatch: pytest.MonkeyPatch) -> None:
    data = workbook(("patient", "age"), ("A", 3))
    monkeypatch.setattr("app.datasets.case_tables.workbook.MOST_UNPACKED", 100)
    assert code_of(data, "x.xlsx") == "table_too_large"
    monkeypatch.undo()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zip_:
        zip_.writestr("word/document.xml", "<x/>")
        zip_.writestr("[Content_Types].xml", "<x/>")
    assert code_of(out.getvalue(), "x.docx") == "table_kind"
    bomb = io.BytesIO()
    entities = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(bomb, "w") as after:
        for name in before.namelist():
            content = before.read(name).decode()
            if name.startswith("xl/worksheets"):
                content = entities + content.partition("?>")[2]
            after.writestr(name, content)
    assert code_of(bomb.getvalue(), "x.xlsx") == "table_damaged"


@given(st.binary(max_size=300))
def test_no_bytes_bring_the_reader_down(data: bytes) -> None:
    for start in (b"", b"PK\x03\x04", b"\xff\xfe", b"patient,age\n"):
        try:
            table = read_table(start + data, "x.csv")
        except UserError:
            continue
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert len(table.numbers) == len(table.rows)


@given(st.integers(0, 5_000), st.integers(0, 255))
def test_a_damaged_workbook_is_said_to_be(place: int, byte: int) -> None:
    data = bytearray(workbook(("patient", "age"), ("A", 3)))
    data[place % len(data)] = byte
    with contextlib.suppress(UserError):
        read_table(bytes(data), "x.xlsx")


# -- mapping ---------------------------------------------------------------------------------------------------------


def test_headings_in_both_languages_are_guessed() -> None:
    chinese = csv_table(
        "患者编号,就诊日期,性别,年龄（岁）,皮损部位,病程（年）,现病史,病理诊断,诊断,照片\n1,2,3,4,5,6,7,8,9,10\n"
    )
    found = guess_mapping(chinese)
    assert found.columns.used() == {
        "patient": "患者编号", "visited": "就诊日期", "sex": "性别", "age": "年龄（岁）", "site": "皮损部位",
        "duration": "病程（年）", "history": "现病史", "pathology": "病理诊断", "diagnosis": "诊断", "photo": "照片",
    }  # fmt: skip
    assert found.duration_unit == "years"
    english = guess_mapping(
        csv_table("Patient_ID,Visit Date,Gender,Age,Body site,DX,image_id,dx_type,remark\n1,2,3,4,5,6,7,8,9\n")
    )
    assert english.columns.used() == {
        "patient": "Patient_ID", "visited": "Visit Date", "sex": "Gender", "age": "Age", "site": "Body site",
        "diagnosis": "DX", "photo": "image_id", "diagnosis_source": "dx_type",
    }  # fmt: skip


def test_a_mapping_is_written_as_it_is_read(tmp_path: Path) -> None:
    mapping = make_mapping(
        {"columns": {"patient": "编号"}, "photos": {"by": "pattern", "pattern": "{patient}/*"}, "dates": ["%d/%m/%Y"]}
    )
    file = tmp_path / "m.toml"
    file.write_text(mapping_as_toml(mapping), encoding="utf-8")
    assert read_mapping(file) == mapping


def test_the_example_in_the_docs_is_a_mapping() -> None:
    from app.common.places import ROOT

    mapping = read_mapping(ROOT / "docs" / "case-mapping.toml")
    assert mapping.columns.patient == "患者编号"
    assert set(mapping.columns.used()) == set(type(mapping.columns).model_fields) - {"photo", "lesion", "centre"}
    pack = load_pack()
    assert {disease_of(word, pack, mapping.words.diagnosis) for word in mapping.words.diagnosis} == {
        "psoriasis",
        "eczema",
    }


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ("columns = 3", "columns"),
        ("[columns]\npatiant = 'x'", "columns.patiant"),
        ("[columns]\npatient = 'x'\n[photos]\nby = 'pattern'", "photos.pattern"),
        ("[columns", "TOML"),
        ("", "columns"),
    ],
)
def test_a_wrong_mapping_says_where(tmp_path: Path, words: str, where: str) -> None:
    file = tmp_path / "m.toml"
    file.write_text(words, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_mapping(file)
    assert caught.value.code == "mapping_wrong"
    assert caught.value.facts["where"] == where


def test_columns_are_found_whatever_their_width_and_case() -> None:
    table = csv_table("Ｐａｔｉｅｎｔ  ID, AGE ,age\nA,3,4\n")
    assert positions(table, make_mapping({"columns": {"patient": "patient id"}})) == {"patient": 0}
    for columns, code in (
        ({"patient": "patient id", "age": "Age"}, "table_column_twice"),
        ({"patient": "patient id", "sex": "sex"}, "table_missing_columns"),
        ({}, "table_no_patient_column"),
    ):
        with pytest.raises(UserError) as caught:
            positions(table, make_mapping({"columns": columns}))
        assert caught.value.code == code


# -- cells -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2024-03-05", (2024, 3, 5)), ("2024/3/5", (2024, 3, 5)), ("2024.03.05", (2024, 3, 5)),
        ("2024年3月5日", (2024, 3, 5)), ("20240305", (2024, 3, 5)), ("45356", (2024, 3, 5)), ("45356.5", (2024, 3, 5)),
        ("2024-03-05 10:20", (2024, 3, 5)), ("2024-03-05T10:20:30", (2024, 3, 5)), ("２０２４-03-05", (2024, 3, 5)),
        ("", None), ("不详", None), ("-", None),
    ],
)  # fmt: skip
def test_dates(cell: str, day: tuple[int, int, int] | None) -> None:
    assert date_of(cell, (), TODAY) == (day and date(*day))


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("05/03/2024", "case_ambiguous_date"), ("2024-13-05", "case_bad_date"), ("2023-02-29", "case_bad_date"),
        ("2024", "case_bad_date"), ("soon", "case_bad_date"), ("2031-01-01", "case_future"), ("99999", "case_bad_date"),
    ],
)  # fmt: skip
def test_dates_that_are_none(cell: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        date_of(cell, (), TODAY)
    assert caught.value.code == code
    assert caught.value.what


def test_forms_of_dates_that_are_told() -> None:
    assert date_of("05/03/2024", ("%d/%m/%Y",), TODAY) == date(2024, 3, 5)
    assert date_of("43894", (), TODAY, epoch_1904=True) == date(2024, 3, 5)


@pytest.mark.parametrize(
    ("cell", "age"),
    [
        ("34", 34),
        ("34.0", 34),
        ("34岁", 34),
        ("34 years", 34),
        ("8个月", 0),
        ("20天", 0),
        ("", None),
        ("不详", None),
        ("0", 0),
    ],
)
def test_ages(cell: str, age: int | None) -> None:
    assert age_of(cell) == age


@pytest.mark.parametrize("cell", ["-3", "131", "x", "3-4", "34 cm", "9" * 5000])
def test_ages_that_are_none(cell: str) -> None:
    with pytest.raises(UserError, match="age"):
        age_of(cell)


@pytest.mark.parametrize(
    ("cell", "months"),
    [
        ("8", 8), ("8个月", 8), ("2年", 24), ("2年3个月", 27), ("半年", 6), ("1年半", 18), ("2 years", 24),
        ("1.5年", 18), ("约3月", 3), ("10天", 0.329), ("3 weeks", 0.69), ("10余年", 120), ("", None),
    ],
)  # fmt: skip
def test_durations(cell: str, months: float | None) -> None:
    assert months_of(cell, "months") == months


def test_a_bare_duration_is_in_the_unit_of_the_mapping() -> None:
    assert months_of("2", "years") == 24
    for cell in ("long", "3 moons", "2000年", "-3"):
        with pytest.raises(UserError):
            months_of(cell, "months")


@pytest.mark.parametrize(
    ("cell", "sex"),
    [
        ("女", "female"),
        ("F", "female"),
        ("Male", "male"),
        ("1", "male"),
        ("２", "female"),
        ("未知", None),
        ("9", None),
        ("", None),
    ],
)
def test_sexes(cell: str, sex: str | None) -> None:
    assert sex_of(cell, {}) == sex


def test_words_of_the_mapping_come_first() -> None:
    assert sex_of("妇", {"妇": "female"}) == "female"
    assert sex_of("1", {"1": "female"}) == "female"
    assert source_of("镜检", {"镜检": "pathology"}) == "pathology"
    for call in (lambda: sex_of("妇", {}), lambda: source_of("镜检", {}), lambda: patient_of("1.10101199001e+17")):
        with pytest.raises(UserError):
            call()


def test_diseases_go_through_the_pack() -> None:
    pack = load_pack()
    assert disease_of("牛皮癣", pack, {}) == "psoriasis"
    assert disease_of("LICHEN PLANUS", pack, {}) == "lichen_planus"
    assert disease_of("其他", pack, {}) == "other"
    assert disease_of("", pack, {}) is None
    assert disease_of("斑块状", pack, {"斑块状": "psoriasis"}) == "psoriasis"
    with pytest.raises(UserError, match="wart"):
        disease_of("wart", pack, {})
    assert named_by_pathology("符合银屑病。", pack, {}) == "psoriasis"
    assert named_by_pathology("不符合银屑病", pack, {}) is None
    assert named_by_pathology("银屑病待排，建议随访", pack, {}) is None
