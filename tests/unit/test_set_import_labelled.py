"""Folders of classes and tables of labels become frozen datasets; what cannot is listed with its row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.contract import CommandLine

SCHEMA = "dataset_import_voc"  # the three imports answer alike


@pytest.fixture
def squama(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return CommandLine(capsysbinary)


def draw(file: Path, number: int) -> None:
    """Photos that are not each other's copies."""
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 255, (24, 32, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(file)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Twelve patients with two photos each, in two diseases."""
    root = tmp_path / "photos"
    rows = ["photo,patient"]
    for n in range(24):
        disease = "eczema" if n // 2 % 2 else "psoriasis"
        draw(root / disease / "2024" / f"{n:02}.png", n)
        rows.append(f"{n:02},P{n // 2:02}")
    (tmp_path / "groups.csv").write_text("\n".join(rows), encoding="utf-8")
    return root


def images(squama: CommandLine, workspace: Path, dataset: str) -> list[dict[str, Any]]:
    shown = squama("dataset_show", "--workspace", workspace, "dataset", "show", dataset)
    assert isinstance(shown, dict)
    return list(shown["images"])


def test_folders_with_their_patients(squama: CommandLine, folders: Path, tmp_path: Path) -> None:
    line = ("--workspace", tmp_path / "ws", "dataset", "import-folders", folders, "skin")
    made = squama(SCHEMA, *line, "--groups", tmp_path / "groups.csv")
    assert isinstance(made, dict)
    assert (made["images"], made["boxes"]) == (24, 0)
    rows = images(squama, tmp_path / "ws", "skin")
    assert {r["label"] for r in rows} == {"eczema", "psoriasis"}
    by_patient: dict[str, set[str]] = {}
    for row in rows:
        by_patient.setdefault(row["patient"], set()).add(row["split"])
        assert row["patient"] == f"P{int(Path(row['image']).stem) // 2:02}"
    assert len(by_patient) == 12
    assert all(len(parts) == 1 for parts in by_patient.values())
    assert {r["split"] for r in rows} == {"train", "val", "test"}


def test_folders_of_parts_keep_their_parts_and_may_bring_a_pack(squama: CommandLine, tmp_path: Path) -> None:
    for n, (part, label) in enumerate((p, c) for p in ("train", "val", "test") for c in ("naevus", "melanoma")):
        draw(tmp_path / "set" / part / label / "1.png", n)
    line = ("--workspace", tmp_path / "ws", "dataset", "import-folders", tmp_path / "set", "moles")
    made = squama(SCHEMA, *line, "--new-pack", "moles")
    assert isinstance(made, dict)
    assert made["classes"] == ["melanoma", "naevus"]
    for row in images(squama, tmp_path / "ws", made["dataset"]):
        assert Path(row["image"]).parts[-3] == row["split"]


def test_unknown_diseases_and_missing_patients_are_refused_in_words(
    squama: CommandLine, folders: Path, tmp_path: Path
) -> None:
    draw(folders / "measles" / "x.png", 99)
    line = ("--workspace", tmp_path / "ws", "dataset", "import-folders", folders, "skin")
    refused = squama("error", *line, "--groups", tmp_path / "groups.csv", status=2)
    assert isinstance(refused, dict)
    assert refused["error"]["code"] == "group_missing"
    made = squama(SCHEMA, *line, status=1)
    assert isinstance(made, dict)
    assert made["images"] == 24
    assert [(f["item"], f["error"]["code"]) for f in made["failed"]] == [("measles/x.png", "unknown_disease")]


def test_a_table_lists_each_row_it_cannot_take(squama: CommandLine, folders: Path, tmp_path: Path) -> None:
    rows = ["照片;诊断;患者"]
    rows += [f"{n:02};{'湿疹' if n // 2 % 2 else 'psoriasis'};P{n // 2:02}" for n in range(24)]
    rows += ["00;eczema;P00", "nothing;eczema;P1", "05;;P2", "06;measles;P3"]
    table = tmp_path / "表.csv"
    table.write_bytes("\r\n".join(rows).encode("gbk"))
    line = ("--workspace", tmp_path / "ws", "dataset", "import-table", table, "skin", "--images", folders)
    made = squama(SCHEMA, *line, "--image", "照片", "--label", "诊断", "--group", "患者", status=1)
    assert isinstance(made, dict)
    assert made["images"] == 24
    codes = {f["item"]: f["error"]["code"] for f in made["failed"]}
    assert codes == {
        "表.csv:26": "photo_labelled_twice",
        "表.csv:27": "row_photo_missing",
        "表.csv:28": "row_cell_empty",
        "表.csv:29": "unknown_disease",
    }
    assert {r["label"] for r in images(squama, tmp_path / "ws", "skin")} == {"eczema", "psoriasis"}
    wrong = squama("error", *line[:5], "again", *line[6:], "--image", "photo", "--label", "诊断", status=2)
    assert isinstance(wrong, dict)
    assert wrong["error"]["code"] == "no_such_column"


def test_a_refused_set_leaves_nothing_behind(squama: CommandLine, tmp_path: Path) -> None:
    """One patient cannot be divided: no pack, no photo, no case stays."""
    draw(tmp_path / "set" / "a" / "1.png", 1)
    draw(tmp_path / "set" / "b" / "2.png", 2)
    (tmp_path / "groups.csv").write_text("photo,patient\n1,P\n2,P\n")
    line = ("--workspace", tmp_path / "ws", "dataset", "import-folders", tmp_path / "set", "small")
    refused = squama("error", *line, "--groups", tmp_path / "groups.csv", "--new-pack", "small", status=2)
    assert isinstance(refused, dict)
    assert refused["error"]["code"] == "too_few_groups"
    assert not (tmp_path / "ws" / "packs" / "small.toml").exists()
    health = squama("check_workspace", "--workspace", tmp_path / "ws", "check-workspace")
    assert isinstance(health, dict)
    assert health["images"] == 0


def test_a_diagnosis_that_the_workspace_has_is_not_overwritten(
    squama: CommandLine, folders: Path, tmp_path: Path
) -> None:
    line = ("--workspace", tmp_path / "ws", "dataset", "import-folders", folders, "skin")
    squama(SCHEMA, *line)
    rows = [f"{n:02}.png,{'eczema' if n == 0 or n // 2 % 2 else 'psoriasis'}" for n in range(24)]
    (tmp_path / "t.csv").write_text("\n".join(["photo,dx", *rows]))
    table = ("--workspace", tmp_path / "ws", "dataset", "import-table", tmp_path / "t.csv", "again")
    made = squama(SCHEMA, *table, "--images", folders, "--image", "photo", "--label", "dx", status=1)
    assert isinstance(made, dict)
    assert made["images"] == 23
    assert [f["error"]["code"] for f in made["failed"]] == ["photo_has_diagnosis"]
    taken = squama("error", *line, status=2)
    assert isinstance(taken, dict)
    assert taken["error"]["code"] == "dataset_exists"
