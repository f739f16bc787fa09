"""Backup while working, and back: every file whole, a damaged or a hostile zip refused, nothing written outside."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from app.annotation.document import Annotation, Edit, new_id
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.workspace import Workspace, open_workspace
from app.datasets import store
from app.datasets.demo import make_demo
from app.datasets.keeping.backup import MANIFEST, backup
from app.datasets.keeping.restore import restore
from app.datasets.records import NewImage
from app.datasets.store import open_store


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A demo workspace with a key file and a model; tests do not change it."""
    workspace = open_workspace(make_demo(tmp_path_factory.mktemp("backup") / "工作区 🩺", photos=4).workspace)
    workspace.keys.mkdir()
    (workspace.keys / "export.csv").write_text("new,old\n", encoding="utf-8")
    (workspace.models / "m").mkdir()
    (workspace.models / "m" / "weights.safetensors").write_bytes(os.urandom(3000))
    (workspace.cache / "thumbnail").write_bytes(b"1")
    return workspace


@pytest.fixture(scope="module")
def packed(demo: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("backups") / "备份.zip"
    assert backup(demo, target).problems == ()
    return target


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def contents(root: Path) -> dict[str, bytes]:
    left_out = ("cache", "logs", "squama.db")
    files = (f for f in root.rglob("*") if f.is_file())
    found = {f.relative_to(root).as_posix(): f for f in files}
    return {n: f.read_bytes() for n, f in found.items() if not n.startswith(left_out)}


def rows(workspace: Path) -> dict[str, list[object]]:
    tables = ("image", "annotation", "audit_entry", "journal_entry", "dataset_version", "patient_case")
    with closing(sqlite3.connect(workspace / "squama.db")) as database:
        return {t: database.execute(f"SELECT * FROM {t} ORDER BY 1").fetchall() for t in tables}


def code(caught: pytest.ExceptionInfo[UserError]) -> str:
    assert caught.value.what
    assert caught.value.remedy
    return caught.value.code


def test_everything_comes_back(demo: Workspace, packed: Path, tmp_path: Path) -> None:
    result = restore(packed, tmp_path / "new")
    assert result.images == len(rows(demo.root)["image"])
    assert result.problems == ()
    assert contents(tmp_path / "new") == contents(demo.root)
    assert rows(tmp_path / "new") == rows(demo.root)
    opened = open_store(open_workspace(tmp_path / "new"))
    with opened.read() as session:
        assert store.broken_link(session) is None
        assert all(row.path.is_file() for row in store.image_rows(session))
    opened.close()


def test_an_empty_folder_that_is_there_is_filled(packed: Path, tmp_path: Path) -> None:
    restore(packed, tmp_path)
    assert (tmp_path / "squama.db").is_file()
    assert not [n for n in names(tmp_path) if n.startswith(".")]


def test_a_folder_that_holds_something_is_refused(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError) as caught:
        restore(packed, tmp_path)
    assert code(caught) == "folder_not_empty"
    assert names(tmp_path) == ["mine.txt"]


def test_a_backup_in_the_workspace_itself_is_refused(demo: Workspace) -> None:
    with pytest.raises(UserError) as caught:
        backup(demo, demo.media / "x.zip")
    assert code(caught) == "backup_inside"


def test_a_backup_while_somebody_works_is_one_moment(workspace: Workspace, tmp_path: Path) -> None:
    """A thread draws boxes all the while: the copy is whole, and holds an edit with its journal entry or neither."""
    opened = open_store(workspace)
    with opened.write("li") as s:
        photo = store.add_image(s, NewImage("a.jpg", "a.jpg", width=100, height=80))
    (workspace.media / "a.jpg").write_bytes(b"photo")
    stop, drawn = threading.Event(), threading.Event()

    def work() -> None:
        while not stop.is_set():
            with opened.write("li") as s:
                one = Annotation(new_id(), Box(1, 2, 30, 40), "eczema")
                store.apply_edit(s, photo, Edit("add", after=(one,)))
            drawn.set()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for n in range(5):
            assert drawn.wait(20)
            drawn.clear()
            backup(workspace, tmp_path / f"{n}.zip")
    finally:
        stop.set()
        worker.join()
        opened.close()
    for n in range(5):
        restore(tmp_path / f"{n}.zip", tmp_path / str(n))
        kept = rows(tmp_path / str(n))
        assert len(kept["annotation"]) == len(kept["journal_entry"]) > 0


def test_what_is_missing_or_changed_or_only_linked_is_told(demo: Workspace, tmp_path: Path) -> None:
    root = tmp_path / "w"
    shutil.copytree(demo.root, root)
    workspace = open_workspace(root)
    first, second = sorted(f for f in workspace.media.rglob("*.jpg") if f.is_file())[:2]
    first.unlink()
    second.write_bytes(b"other")
    opened = open_store(workspace)
    with opened.write("li") as s:
        store.link_images(s, [tmp_path / "elsewhere.jpg"])
    opened.close()
    result = backup(workspace, tmp_path / "b.zip")
    assert sorted(p.code for p in result.problems) == ["linked_left_out", "media_changed", "media_missing"]
    assert [p.code for p in restore(tmp_path / "b.zip", tmp_path / "r").problems] == ["media_missing"] * 2


def changed(source: Path, target: Path, **new: bytes | None) -> Path:
    """A copy of the zip with files of it replaced, added, or (None) left out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as copy:
        for info in old.infolist():
            if info.filename not in new:
                copy.writestr(info.filename, old.read(info))
        for name, data in new.items():
            if data is not None:
                copy.writestr(name, data)
    return target


@pytest.mark.parametrize("item", ["settings.toml", "squama.db"])
def test_a_changed_byte_is_found_and_nothing_is_left(packed: Path, tmp_path: Path, item: str) -> None:
    with zipfile.ZipFile(packed) as zip_:
        data = bytearray(zip_.read(item))
    data[len(data) // 2] ^= 1
    target = tmp_path / "new"
    with pytest.raises(UserError) as caught:
        restore(changed(packed, tmp_path / "b.zip", **{item: bytes(data)}), target)
    assert code(caught) == "backup_damaged"
    assert names(tmp_path) == ["b.zip"]


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "C:\\evil", "..\\evil", "a//evil", "media/"])
def test_a_name_that_leads_outside_is_refused(packed: Path, tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(packed) as zip_:
        manifest = json.loads(zip_.read(MANIFEST))
    manifest["files"][name] = {"size": 1, "sha256": "0" * 64}
    made = changed(packed, tmp_path / "b.zip", **{MANIFEST: json.dumps(manifest).encode(), name: b"x"})
    with pytest.raises(UserError) as caught:
        restore(made, tmp_path / "in" / "new")
    assert code(caught) == "backup_damaged"
    assert [p.name for p in tmp_path.rglob("*")] in (["b.zip"], ["b.zip", "in"], ["in", "b.zip"])


def test_a_zip_bomb_ends_at_the_size_that_it_said(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as zip_:
        manifest = json.loads(zip_.read(MANIFEST))
    manifest["files"]["bomb"] = {"size": 10, "sha256": "0" * 64}
    made = changed(packed, tmp_path / "b.zip", **{MANIFEST: json.dumps(manifest).encode(), "bomb": bytes(10_000_000)})
    with pytest.raises(UserError) as caught:
        restore(made, tmp_path / "new")
    assert code(caught) == "backup_damaged"


@pytest.mark.parametrize(
    ("new", "found"),
    [
        ({MANIFEST: None}, "no_backup"),
        ({MANIFEST: b"[]"}, "no_backup"),
        ({MANIFEST: b'{"squama_backup": 99, "files": {}}'}, "backup_newer"),
        ({"settings.toml": None}, "backup_damaged"),
        ({"more": b""}, "backup_damaged"),
    ],
)
def test_what_is_no_whole_backup_is_refused(
    packed: Path, tmp_path: Path, new: dict[str, bytes | None], found: str
) -> None:
    with pytest.raises(UserError) as caught:
        restore(changed(packed, tmp_path / "b.zip", **new), tmp_path / "new")
    assert code(caught) == found


def test_a_file_that_is_no_zip_or_cut_off_or_missing(packed: Path, tmp_path: Path) -> None:
    whole = packed.read_bytes()
    for name, data in (("text", b"hello"), ("cut", whole[: len(whole) // 2]), ("empty", b"")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UserError) as caught:
            restore(tmp_path / name, tmp_path / "new")
        assert code(caught) == "no_backup"
    with pytest.raises(UserError) as caught:
        restore(tmp_path / "none", tmp_path / "new")
    assert code(caught) == "backup_unreadable"


def test_a_backup_on_a_full_or_missing_disk_leaves_nothing(demo: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        backup(demo, tmp_path / "none" / "b.zip")
    assert code(caught) == "folder_missing"
    assert not [n for n in names(demo.cache) if n.startswith("backup")]
