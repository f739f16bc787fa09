from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.common import photo_files
from app.common.errors import UserError
from app.common.photo_files import in_natural_order, is_photo_name, natural_key, walk_photos


def test_natural_order() -> None:
    names = ["photo 10.jpg", "Photo 2.jpg", "photo 1.jpg", "photo 02.jpg", "照片 9.jpg", "照片 11.jpg"]
    assert sorted(names, key=natural_key) == [
        "photo 1.jpg",
        "Photo 2.jpg",
        "photo 02.jpg",
        "photo 10.jpg",
        "照片 9.jpg",
        "照片 11.jpg",
    ]


@given(st.lists(st.text(max_size=12), max_size=8))
def test_natural_order_is_one_order(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(names, key=natural_key) == sorted(backwards, key=natural_key)
    assert len({natural_key(n) for n in names}) == len(set(names))


NAMES = st.text(st.sampled_from("aBß0123456789_. 片"), min_size=1, max_size=6)


@given(st.lists(NAMES, unique=True, max_size=40), st.sampled_from([2, 200]), st.sampled_from([3, 8192]))
def test_names_come_in_natural_order(names: list[str], few_shapes: int, at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(photo_files, "_FEW_SHAPES", few_shapes)
        patch.setattr(photo_files, "_AT_ONCE", at_once)
        assert list(in_natural_order(names)) == sorted(names, key=natural_key)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_order_by_value(a: int, b: int) -> None:
    assert (natural_key(f"x{a}.png") < natural_key(f"x{b}.png")) == (a < b)


@pytest.mark.parametrize("name", ["a.jpg", "A.JPEG", "照片.heic", "b.tif", "b.TIFF", "c.bmp", "d.webp", "e.png"])
def test_photo_names(name: str) -> None:
    assert is_photo_name(name)


@pytest.mark.parametrize("name", ["a.txt", "a.xml", "jpg", ".jpg", "._a.jpg", "a.jpg.part", ""])
def test_other_names(name: str) -> None:
    assert not is_photo_name(name)


def test_walking(tmp_path: Path) -> None:
    for name in ("10.jpg", "9.png", "note.txt", "._9.png", "病人 2/a 🙂.jpg", "病人 2/.trash/b.jpg", "病人 10/c.webp"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    named = [tmp_path / "note.txt", tmp_path / "gone.jpg"]
    found = [p.relative_to(tmp_path).as_posix() for p in walk_photos([*named, tmp_path])]
    assert found == ["note.txt", "gone.jpg", "9.png", "10.jpg", "病人 2/a 🙂.jpg", "病人 10/c.webp"]


@pytest.mark.parametrize("looks", [0, 1, 1000])
def test_folders_are_told_from_photos_by_either_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    monkeypatch.setattr(photo_files, "_LOOKS", looks)
    (tmp_path / "1.jpg").touch()
    (tmp_path / "2.jpg").mkdir()
    (tmp_path / "2.jpg" / "inside.jpg").touch()
    (tmp_path / "4.jpg").symlink_to(tmp_path / "1.jpg")
    found = [p.relative_to(tmp_path).as_posix() for p in walk_photos([tmp_path])]
    assert found == ["1.jpg", "2.jpg/inside.jpg", "4.jpg"]


def test_a_loop_of_links_does_not_trap(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    try:
        (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("this system gives no right to make links")
    assert list(walk_photos([tmp_path])) == [tmp_path / "a.jpg"]


def test_an_unreadable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "zone").mkdir()
    (tmp_path / "zone" / "a.jpg").touch()
    listdir = os.listdir

    def refuse(folder: str) -> list[str]:
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied")
        return listdir(folder)

    monkeypatch.setattr(photo_files.os, "listdir", refuse)
    with pytest.raises(UserError) as caught:
        list(walk_photos([tmp_path]))
    assert caught.value.code == "folder_unreadable"
    assert "closed" in caught.value.what
    problems: list[UserError] = []
    assert list(walk_photos([tmp_path], problems.append)) == [tmp_path / "zone" / "a.jpg"]
    assert [p.code for p in problems] == ["folder_unreadable"]
