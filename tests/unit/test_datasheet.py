"""The datasheet: its numbers, its files in both languages, its figure; and the commands around frozen versions."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.cleaning.checks import check_name
from app.common.geometry import Box
from app.common.packs import load_pack
from app.common.words import Language, set_language
from app.datasets.demo import make_demo
from app.datasets.freezing.datasheet import REST, SEVERAL, UNKNOWN, Count, Datasheet, datasheet_of
from app.datasets.freezing.datasheet_files import sections, write_datasheet
from app.datasets.freezing.frozen import Cleaning, FrozenDataset, FrozenImage
from app.datasets.freezing.splits import PARTS
from tests.contract import CommandLine

PACK = load_pack()


def image(n: int, label: str | None, patient: str | None, split: int, **meta: Any) -> FrozenImage:
    boxes = tuple((Box(0, 0, 5 + k, 5), label or "eczema") for k in range(n % 3))
    group = patient or f"photo-{n}"
    return FrozenImage(
        n, Path(f"{n}.jpg"), label, boxes, patient, None, group, PARTS[split], (0, 1), 9, 9, f"{n:064x}",
        meta=meta, masks=(Box(0, 0, 1, 1),) if n == 1 else (), name=f"{n}.jpg",
    )  # fmt: skip


@pytest.fixture
def frozen() -> FrozenDataset:
    images = (
        image(1, "psoriasis", "P1", 0, age=17, sex="male", site="elbow", centre="north", tone="light"),
        image(2, "psoriasis", "P1", 0, age=18, sex="male", site="elbow", centre="north", tone="dark"),
        image(3, "psoriasis", "P2", 2, age=65, sex="female", site="back", centre="south", tone="light"),
        image(4, "eczema", "P3", 1, age=None, sex=None),
        image(5, "other", None, 0, age=40.5),
        image(6, None, "P4", 0),
    )
    cleaning = Cleaning({"blur": 4, "face": 1}, 2, {"blur": 0.4, "face": 0.5}, {"sharpness": 3})
    frozen = FrozenDataset("mine", "0123456789abcdef", PACK.keys, images, seed=7, cleaning=cleaning)
    return replace(frozen, parent="fedcba9876543210", author="li", created=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))


@pytest.fixture
def sheet(frozen: FrozenDataset) -> Datasheet:
    return datasheet_of(frozen)


def test_photos_patients_and_boxes_are_counted(sheet: Datasheet) -> None:
    rows = {row.disease: row for row in sheet.diseases}
    assert list(rows) == [*PACK.keys, "other", SEVERAL]
    assert rows["psoriasis"].all == Count(3, 2, 1 + 2 + 0)
    assert rows["psoriasis"].parts == {"train": Count(2, 1, 3), "val": Count(0, 0, 0), "test": Count(1, 1, 0)}
    assert rows["lichen_planus"].all == Count(0, 0, 0)
    assert sheet.total == Count(6, 5, 6)
    assert sheet.parts["train"] == Count(4, 3, 5)
    assert (sheet.folds, sheet.repeats, sheet.masked, sheet.without_patient, sheet.leaks) == (2, 2, 1, 1, 0)
    assert ("psoriasis", "val") in sheet.missing
    assert ("lichen_planus", "val") not in sheet.missing, "there is none at all"


def test_patients_joined_by_copies_are_still_two(frozen: FrozenDataset) -> None:
    joined = tuple(replace(i, group="P1") if i.patient == "P2" else i for i in frozen.images)
    assert datasheet_of(replace(frozen, images=joined)).total == Count(6, 5, 6)


def test_coverage_says_whom_the_photos_show(sheet: Datasheet) -> None:
    coverage = {c.field: c for c in sheet.coverage}
    assert coverage["tone"].groups == ("light", "dark", UNKNOWN)
    assert coverage["tone"].photos["psoriasis"] == {"light": 2, "dark": 1, UNKNOWN: 0}
    assert coverage["age"].groups == ("0-17", "18-39", "40-64", "65+", UNKNOWN)
    assert [coverage["age"].of_group(g) for g in coverage["age"].groups] == [1, 1, 1, 1, 2]
    assert coverage["sex"].known == 3
    assert coverage["site"].groups == ("elbow", "back", UNKNOWN)


def test_rare_groups_are_one_row(frozen: FrozenDataset) -> None:
    many = tuple(image(n, "psoriasis", f"P{n}", 0, site=f"site {n:02}") for n in range(10, 40))
    site = next(c for c in datasheet_of(replace(frozen, images=many)).coverage if c.field == "site")
    assert len(site.groups) == 13
    assert site.groups[-1] == REST
    assert site.of_group(REST) == 18
    assert site.known == 30


def test_a_leak_in_a_version_from_elsewhere_is_counted(frozen: FrozenDataset) -> None:
    leaking = (*frozen.images, image(7, "psoriasis", "P1", 2))
    assert datasheet_of(replace(frozen, images=leaking)).leaks > 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_files_stand_in_either_language(sheet: Datasheet, tmp_path: Path, language: Language) -> None:
    set_language(language)
    names = write_datasheet(sheet, tmp_path / "out", PACK, check_name)
    assert sorted(names) == sorted(f.name for f in (tmp_path / "out").iterdir())
    page = (tmp_path / "out" / "datasheet.html").read_text(encoding="utf-8")
    table = (tmp_path / "out" / "datasheet.md").read_text(encoding="utf-8")
    for word in {"en": ("Psoriasis", "Blurred", "P"), "zh": ("银屑病", "模糊", "患者")}[language]:
        assert word in page
        assert word in table
    assert "mine@0123456789abcdef" in table
    assert "2 / 1 / 3" in table
    assert (tmp_path / "out" / "datasheet.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "out" / "datasheet.pdf").read_bytes().startswith(b"%PDF")


def test_the_table_is_for_scripts(sheet: Datasheet, tmp_path: Path) -> None:
    set_language("zh")
    write_datasheet(sheet, tmp_path, PACK, check_name)
    rows = list(csv.reader(io.StringIO((tmp_path / "datasheet.csv").read_text(encoding="utf-8-sig"))))
    assert rows[0] == ["table", "row", "column", "value"]
    assert ["photos_by_part", "psoriasis", "train", "2"] in rows
    assert ["excluded", "blur", "photos", "4"] in rows
    assert ["photos_by_tone", "psoriasis", "light", "2"] in rows
    assert ["threshold", "blur", "score", "0.4"] in rows
    assert ["part_version", "sharpness", "version", "3"] in rows


def test_odd_words_break_no_file(frozen: FrozenDataset, tmp_path: Path) -> None:
    odd = ("<b>|$x$", "=1+1", "手背 🙂\n", "a" * 300)
    images = tuple(image(n, "eczema", f"P{n}", 0, site=word, centre=word) for n, word in enumerate(odd, start=10))
    sheet = datasheet_of(replace(frozen, name="<i>$mine$", images=images))
    write_datasheet(sheet, tmp_path, PACK, check_name)
    assert "<b>" not in (tmp_path / "datasheet.html").read_text(encoding="utf-8")
    assert "<i>" not in (tmp_path / "datasheet.md").read_text(encoding="utf-8")
    rows = csv.reader(io.StringIO((tmp_path / "datasheet.csv").read_text(encoding="utf-8-sig")))
    assert not any(cell.startswith("=") for row in rows for cell in row)


def test_an_empty_version_has_a_datasheet(frozen: FrozenDataset, tmp_path: Path) -> None:
    """All its patients were erased."""
    sheet = datasheet_of(replace(frozen, images=(), cleaning=Cleaning()))
    assert sheet.total == Count(0, 0, 0)
    assert write_datasheet(sheet, tmp_path, PACK, check_name)


def test_limits_are_said(sheet: Datasheet, frozen: FrozenDataset) -> None:
    def notes(of: Datasheet) -> Sequence[str]:
        return sections(of, PACK, check_name)[-1].notes

    said = " ".join(notes(sheet))
    assert "No photo of Psoriasis in the part Validation." in said
    assert "looked for" not in said
    assert "looked for" in " ".join(notes(datasheet_of(replace(frozen, cleaning=Cleaning()))))


# -- the command line ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo workspace; tests add versions under names of their own."""
    return make_demo(tmp_path_factory.mktemp("sets") / "演示 🩺", photos=12).workspace


@pytest.fixture
def squama(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return CommandLine(capsysbinary)


def test_diff_export_and_datasheet(squama: CommandLine, demo: Path, tmp_path: Path) -> None:
    at = ("--workspace", demo)
    mine = squama("dataset_freeze", "dataset", "freeze", "mine", *at)["dataset"]
    shown = squama("dataset_show", "dataset", "show", "phantom-a", *at)
    difference = squama("dataset_diff", "dataset", "diff", "phantom-a", mine, *at)
    assert difference["removed"] == []
    assert len(difference["added"]) + len(shown["images"]) >= 12
    made = squama("dataset_export", "dataset", "export", "phantom-a", tmp_path / "x", "--format", "yolo", *at)
    assert made["images"] == len(shown["images"])
    again = ("dataset", "export", mine, tmp_path / "x", "--format", "folders", "--anonymous", *at)
    assert squama.refused(*again) == "output_exists"
    squama("dataset_export", *again, "--force")
    assert list((demo / "keys").glob("dataset-*.csv"))
    written = squama("dataset_datasheet", "dataset", "datasheet", mine, tmp_path / "sheet", *at)
    assert all(Path(name).is_file() for name in written["files"])
    assert squama.refused("dataset", "diff", "phantom-a", "nothing", *at) == "no_such_dataset"


def test_by_centre(squama: CommandLine, demo: Path) -> None:
    at = ("--workspace", demo)
    made = squama("dataset_freeze", "dataset", "freeze", "centres", "--split", "80,0,20", "--by-centre", *at)
    assert made["parts"]["train"] > 0
    assert made["parts"]["test"] > 0
