"""The check of a workspace: each kind of damage is planted and found; what nobody must decide is repaired."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from app.annotation.document import Annotation, Edit, new_id
from app.common.geometry import Box
from app.common.workspace import Workspace, open_workspace
from app.datasets import store
from app.datasets.demo import make_demo
from app.datasets.keeping.checking import check_workspace
from app.datasets.store import open_store
from tests.contract import CommandLine


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo workspace in which somebody has worked, and put it all back."""
    root = make_demo(tmp_path_factory.mktemp("check") / "工作区", photos=4).workspace
    opened = open_store(open_workspace(root))
    one = Annotation(new_id(), Box(1, 2, 30, 40), "eczema")
    with opened.write("li") as s:
        store.apply_edit(s, 1, Edit("add", after=(one,)))
        store.apply_edit(s, 1, Edit("relabel", (one,), (replace(one, label="psoriasis"),)))
        store.undo(s)
        store.undo(s)
        store.redo(s)
    opened.close()
    return root


@pytest.fixture
def place(whole: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(whole, tmp_path / "w")
    return open_workspace(tmp_path / "w")


def codes(workspace: Workspace, repair: bool = False) -> list[tuple[str, bool]]:
    return [(p.code, p.repaired) for p in check_workspace(workspace, "li", repair).problems]


def change(workspace: Workspace, sql: str) -> None:
    with closing(sqlite3.connect(workspace.database)) as database:
        database.execute(sql)
        database.commit()


def old(file: Path, data: bytes = b"x") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    os.utime(file, (1e9, 1e9))
    return file


def a_photo(workspace: Workspace) -> Path:
    return min(f for f in workspace.media.rglob("*.jpg"))


def test_a_whole_workspace_has_no_problem(place: Workspace) -> None:
    assert codes(place) == []


def test_photos_that_are_gone_or_changed(place: Workspace) -> None:
    first, second = sorted(place.media.rglob("*.jpg"))[:2]
    first.unlink()
    second.write_bytes(second.read_bytes() + b"x")
    assert sorted(codes(place)) == [("media_changed", False), ("media_missing", False)]


def test_a_linked_photo_that_is_gone(place: Workspace, photo_file: Path) -> None:
    opened = open_store(place)
    with opened.write("li") as s:
        store.link_images(s, [photo_file])
    opened.close()
    assert codes(place) == []
    photo_file.unlink()
    assert codes(place) == [("linked_missing", False)]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("UPDATE annotation SET x1 = x1 + 1 WHERE image_id = 1", "journal_broken"),
        ("UPDATE journal_entry SET payload = '{}' WHERE id = 1", "journal_broken"),
        ("UPDATE image SET pack = 'gone' WHERE id = 2", "pack_missing"),
        ("UPDATE annotation SET image_id = 999 WHERE image_id = 2", "database_loose"),
    ],
)
def test_a_database_that_was_changed_from_outside(place: Workspace, sql: str, code: str) -> None:
    change(place, sql)
    assert code in [c for c, _ in codes(place)]


def test_a_forged_audit_entry(place: Workspace) -> None:
    change(place, "DROP TRIGGER audit_entry_no_update")
    change(place, "UPDATE audit_entry SET actor = 'nobody' WHERE id = 2")
    assert codes(place) == [("audit_broken", False)]


def test_a_file_that_is_no_database(place: Workspace) -> None:
    data = bytearray(place.database.read_bytes())
    data[:100] = bytes(100)
    for file in place.root.glob("squama.db-*"):
        file.unlink()
    place.database.write_bytes(bytes(data))
    assert codes(place) == [("database_damaged", False)]


def test_leftovers_of_a_crash_are_removed_and_strangers_put_aside(place: Workspace) -> None:
    leftover = old(place.media / "a" / ".photo.jpg.1234.part")
    stranger = old(place.media / "a" / "stranger.jpg")
    young = place.media / ".now.part"
    young.write_bytes(b"at work")
    assert codes(place) == [("media_unknown", False), ("leftover", False)]
    assert codes(place, repair=True) == [("media_unknown", True), ("leftover", True)]
    assert not leftover.exists()
    assert not stranger.exists()
    assert (place.trash / "unknown" / "a" / "stranger.jpg").read_bytes() == b"x"
    assert young.exists()
    assert codes(place) == []


def test_boxes_that_cannot_be_are_findings_and_cut_as_an_edit(place: Workspace) -> None:
    opened = open_store(place)
    flat = Annotation(new_id(), Box(5, 5, 5, 20), "eczema")
    over = Annotation(new_id(), Box(5, 5, 99999, 20), "血管瘤")
    with opened.write("li") as s:
        store.put_boxes(s, 2, [flat, over])
    assert codes(place) == [("box_without_area", False), ("box_outside", False), ("unknown_label", False)]
    assert ("box_outside", True) in codes(place, repair=True)
    with opened.read() as s:
        document = store.document(s, 2)
        assert document is not None
        assert document.by_id[over.id].box.x1 == document.width
        assert document.by_id[flat.id] == flat
    with opened.write("li") as s:
        store.undo(s)
        assert over in store.boxes_of(s, 2)
    opened.close()


def test_a_damaged_pack_of_ones_own(place: Workspace) -> None:
    place.packs.mkdir()
    (place.packs / "mine.toml").write_text("key = ", encoding="utf-8")
    assert codes(place) == [("damaged_pack", False)]


def test_the_command_lines_answers(
    whole: Path, place: Workspace, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    squama = CommandLine(capsysbinary)
    there = ("--workspace", whole)
    assert squama("check_workspace", "check-workspace", *there)["problems"] == []
    made = squama("backup", "backup", tmp_path / "b.zip", *there)
    assert squama.refused("backup", tmp_path / "b.zip", *there) == "output_exists"
    back = squama("restore", "restore", tmp_path / "b.zip", tmp_path / "back")
    assert back == made
    assert squama("check_workspace", "check-workspace", "--workspace", tmp_path / "back")["problems"] == []
    assert squama.refused("restore", tmp_path / "b.zip", tmp_path / "back") == "folder_not_empty"
    a_photo(place).unlink()
    squama("check_workspace", "check-workspace", "--workspace", place.root, status=1)
    squama("backup", "backup", tmp_path / "c.zip", "--workspace", place.root, status=1)
