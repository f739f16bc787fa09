"""The demo workspace: reproducible, marked synthetic, its faults outside the frozen datasets."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from app.common.errors import UserError
from app.common.images import is_synthetic, photo_size
from app.common.phantoms import generator_hash
from app.common.workspace import open_workspace
from app.datasets import store
from app.datasets.demo import DemoResult, make_demo
from app.datasets.demo_photos import FAULTS, planned_faults, plant, shots
from app.datasets.freezing.versions import load_dataset
from app.datasets.store import open_store


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoResult:
    return make_demo(tmp_path_factory.mktemp("demo") / "演示", photos=24)


def test_it_holds_what_it_says(demo: DemoResult) -> None:
    opened = open_store(open_workspace(demo.workspace))
    with opened.read() as s:
        rows = store.image_rows(s)
        cases = {row.case_id for row in rows}
        assert store.broken_link(s) is None
    opened.close()
    assert len(rows) == demo.images == 24
    assert len(cases) == demo.cases
    for row in rows:
        assert row.synthetic
        assert is_synthetic(row.path)
        assert photo_size(row.path) == (row.width, row.height)
    assert {r.height for r in rows} >= {600, 800}


def test_the_frozen_sets_hold_no_fault_and_no_patient_twice(demo: DemoResult) -> None:
    workspace = open_workspace(demo.workspace)
    mark = json.loads((demo.workspace / "demo.json").read_text(encoding="utf-8"))
    assert mark["generator"] == generator_hash()
    assert mark["datasets"] == list(demo.datasets)
    faulty = {workspace.media / f["image"] for f in mark["faults"]}
    assert len(faulty) == 3
    assert all(path.is_file() for path in faulty)
    for name in ("phantom-a", "phantom-b"):
        frozen = load_dataset(workspace, name)
        assert frozen.full_name in demo.datasets
        assert not faulty & {i.path for i in frozen.images}
        assert all(frozen.counts().values())
        assert len({(i.patient, i.split) for i in frozen.images}) == len({i.patient for i in frozen.images})
        for image in frozen.images:
            assert image.label in frozen.classes
            assert image.meta["renderer"] == name[-1].upper()
            for box, label in image.boxes:
                assert label == image.label
                assert box == box.clipped(image.width, image.height)
                assert not box.is_empty


def test_the_same_seed_gives_the_same_datasets(demo: DemoResult, tmp_path: Path) -> None:
    assert make_demo(tmp_path / "again", photos=24).datasets == demo.datasets


def test_a_folder_in_use_is_refused(demo: DemoResult, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    for folder, force in ((demo.workspace, False), (tmp_path, False), (tmp_path, True)):
        with pytest.raises(UserError) as caught:
            make_demo(folder, photos=2, force=force)
        assert caught.value.code == "output_exists"
    assert [f.name for f in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_and_another_demo_may_be_filled(tmp_path: Path) -> None:
    first = make_demo(tmp_path, photos=2)
    assert (first.images, len(first.datasets)) == (2, 2)
    assert make_demo(tmp_path, photos=3, force=True).images == 3


def test_a_folder_that_is_there_stays_the_same_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    before = here.stat().st_ino
    monkeypatch.chdir(here)
    assert make_demo(Path(), photos=2).images == 2
    assert here.stat().st_ino == before
    assert (here / "squama.db").is_file()
    assert not list(here.glob(".*"))
    assert [f.name for f in tmp_path.iterdir()] == ["here"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right that few have on Windows")
def test_a_linked_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    make_demo(tmp_path / "link", photos=2)
    make_demo(tmp_path / "link", photos=2, force=True)
    assert (tmp_path / "real" / "squama.db").is_file()


@pytest.mark.parametrize("photos", [2, 5, 11, 12, 24, 100, 3000])
def test_the_plan_has_as_many_photos_as_asked_for(photos: int) -> None:
    wanted = shots(photos)
    assert len(wanted) + planned_faults(photos) == photos
    assert len(set(wanted)) == len({(s.renderer, s.index, s.distance) for s in wanted}) == len(wanted)
    of_a = sum(s.renderer == "A" for s in wanted)
    assert abs(of_a - 0.7 * len(wanted)) <= 1


def test_a_folder_that_cannot_be_made_is_named_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refusing)
    with pytest.raises(UserError) as caught:
        make_demo(tmp_path / "mine", photos=2)
    assert (caught.value.code, caught.value.facts["file"]) == ("folder_read_only", "mine")


@pytest.mark.parametrize("photos", [-1, 1, 10**9])
def test_an_impossible_number_is_refused(tmp_path: Path, photos: int) -> None:
    with pytest.raises(UserError) as caught:
        make_demo(tmp_path / "x", photos=photos)
    assert caught.value.code == "demo_photos"
    assert not (tmp_path / "x").exists()


def test_every_kind_of_fault_can_be_planted(demo: DemoResult, tmp_path: Path) -> None:
    from app.datasets.demo_photos import draw

    drawn = list(draw(shots(2), 0, tmp_path, 1))
    planted = list(plant(drawn, len(FAULTS), 0, tmp_path))
    assert {p.fault for p in planted} == set(FAULTS)
    by_fault = {p.fault: p for p in planted}
    assert by_fault["exact_duplicate"].sha256 == by_fault["exact_duplicate"].of.sha256
    assert len({p.sha256 for p in planted} - {d.sha256 for d in drawn}) == len(FAULTS) - 1


def test_two_processes_draw_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.datasets import demo_photos

    one = list(demo_photos.draw(shots(4), 0, tmp_path / "1", 1))
    monkeypatch.setattr(demo_photos, "IN_THIS_PROCESS", 0)
    two = list(demo_photos.draw(shots(4), 0, tmp_path / "2", 2))
    assert one == two
