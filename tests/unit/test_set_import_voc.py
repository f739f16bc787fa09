"""A Pascal VOC set with lists of its own becomes a frozen dataset with these parts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from app.common.errors import UserError
from app.datasets.set_import.given_lists import read_lists
from tests.contract import CommandLine

BOX = "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"


@pytest.fixture
def squama(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return CommandLine(capsysbinary)


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    """Six photos: two a list, one with a box without area."""
    folder = tmp_path / "voc"
    for name in ("Annotations", "JPEGImages", "lists"):
        (folder / name).mkdir(parents=True)
    for n in range(6):
        _photo(folder, n)
        boxes = BOX.format("cell" if n % 2 else "dot", 10, 10, 40, 30)
        boxes += BOX.format("dot", 20, 20, 20, 20) if n == 3 else ""
        (folder / "Annotations" / f"p{n}.xml").write_text(
            f"<annotation><filename>p{n}.png</filename><size><width>64</width><height>48</height></size>{boxes}"
            "</annotation>"
        )
    for place, part in enumerate(("train", "val", "test")):
        (folder / "lists" / f"{part}.txt").write_text(f"p{2 * place}\nJPEGImages/p{2 * place + 1}.png 1\n\n")
    return folder


def _photo(folder: Path, n: int, shade: int | None = None) -> None:
    grey = 20 * n if shade is None else shade
    Image.new("RGB", (64, 48), (grey, grey, 90)).save(folder / "JPEGImages" / f"p{n}.png")


def _import(squama: CommandLine, voc: Path, *more: object, status: int = 0) -> object:
    where = ("--workspace", voc.parent / "ws", "dataset", "import-voc", voc, "cells")
    name = "dataset_import_voc" if status < 2 else "error"
    return squama(name, *where, "--splits", voc / "lists", "--new-pack", "cells", *more, status=status)


def _parts(squama: CommandLine, voc: Path) -> dict[str, str]:
    shown = squama("dataset_show", "--workspace", voc.parent / "ws", "dataset", "show", "cells")
    return {Path(i["image"]).stem: i["split"] for i in shown["images"]}


def test_parts_are_those_of_the_lists_also_when_frozen_again(squama: CommandLine, voc: Path) -> None:
    made = _import(squama, voc)
    assert isinstance(made, dict)
    assert made["images"] == 6
    assert made["boxes"] == 6, "the box without area is in no version"
    assert made["classes"] == ["dot", "cell"]
    wanted = {"p0": "train", "p1": "train", "p2": "val", "p3": "val", "p4": "test", "p5": "test"}
    assert _parts(squama, voc) == wanted
    freeze = ("--workspace", voc.parent / "ws", "dataset", "freeze", "cells")
    assert squama("dataset_freeze", *freeze)["dataset"] == made["dataset"], "frozen again it is the same"
    squama("dataset_freeze", *freeze, "--folds", "2")
    assert _parts(squama, voc) == wanted
    assert squama("dataset_freeze", *freeze, "--split", "100,0,0")["parts"] == {"train": 6, "val": 0, "test": 0}


def test_boxes_without_area_are_told_and_not_fatal(
    squama: CommandLine, voc: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    from app import cli

    line = ["--workspace", voc.parent / "ws", "dataset", "import-voc", voc, "cells", "--new-pack", "cells", "--json"]
    assert cli.main([str(word) for word in line]) == 0
    captured = capsysbinary.readouterr()
    assert json.loads(captured.out)["images"] == 6
    assert b"p3.png" in captured.err


def test_photos_in_no_list_stay_out_and_listed_ones_that_are_missing_are_told(squama: CommandLine, voc: Path) -> None:
    (voc / "lists" / "train.txt").write_text("p0\np77\n")
    made = _import(squama, voc, status=1)
    assert isinstance(made, dict)
    assert [(f["item"], f["error"]["code"]) for f in made["failed"]] == [("p77", "listed_photo_missing")]
    assert made["images"] == 5


def test_a_photo_that_stands_in_two_parts_is_refused(squama: CommandLine, voc: Path) -> None:
    (voc / "lists" / "val.txt").write_text("p2\np0\n")
    assert _import(squama, voc, status=2)["error"]["code"] == "split_lists_overlap"  # type: ignore[index]


def test_a_copy_across_parts_is_leakage(squama: CommandLine, voc: Path) -> None:
    _photo(voc, 5, shade=0)  # the same picture as p0, which is learnt from
    assert _import(squama, voc, status=2)["error"]["code"] == "leakage_found"  # type: ignore[index]


def test_a_name_that_is_taken_and_lists_that_are_none(squama: CommandLine, voc: Path) -> None:
    _import(squama, voc)
    where = ("--workspace", voc.parent / "ws", "dataset", "import-voc", voc)
    assert squama.refused(*where, "cells", "--pack", "cells") == "dataset_exists"
    again = squama("dataset_import_voc", *where, "again", "--pack", "cells")
    assert (again["images"], again["boxes"]) == (6, 6), "the same photos may be in several sets"
    assert squama.refused(*where, "two", "--splits", voc / "JPEGImages") == "split_lists_missing"
    (voc / "lists" / "val.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError) as caught:
        read_lists(voc / "lists")
    assert caught.value.code == "split_list_unreadable"


def test_a_detector_learns_it_and_is_measured(squama: CommandLine, voc: Path) -> None:
    _import(squama, voc)
    plan = voc.parent / "plan.toml"
    plan.write_text(
        """name = "cells"\ntask = "detect"\nnetwork = "fpn-efficientnet_lite0"\ndataset = "cells"\nstart = "scratch"
        size = 48\nepochs = 1\nbatch = 2\nthreads = 1\ndevice = "cpu"\n[architecture]\nchannels = 16\nhidden = 16\n"""
    )
    where = ("--workspace", voc.parent / "ws")
    made = squama("train", *where, "train", plan, "--out", voc.parent / "run")
    figures = squama("evaluate", *where, "evaluate", made["model"], "--dataset", "cells")
    assert figures["n"] == 2, "the boxes of the test list"
    assert set(figures["per_class"]) == {"dot", "cell"}


def test_real_set_with_its_own_lists(squama: CommandLine, shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "bccd_voc"
    where = ("--workspace", tmp_path / "ws", "dataset", "import-voc", folder, "bccd")
    lists = folder / "ImageSets" / "Main"
    made = squama("dataset_import_voc", *where, "--splits", lists, "--new-pack", "blood-cells")
    assert (made["images"], made["boxes"]) == (364, 4886)
    shown = squama("dataset_show", "--workspace", tmp_path / "ws", "dataset", "show", "bccd")
    found = {Path(i["image"]).stem: i["split"] for i in shown["images"]}
    assert found == dict(read_lists(lists))
