"""The workspace's folders, its settings, and saving into places that refuse."""

from __future__ import annotations

import errno
import os
from dataclasses import asdict, replace
from pathlib import Path

import platformdirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.common.errors import UserError
from app.common.files import write_atomically, write_error
from app.common.settings import Settings, load_settings, save_settings
from app.common.workspace import ENVIRONMENT, Workspace, default_workspace, open_workspace


def test_it_is_made_where_it_is_missing(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "一 二" / "three 🩺")
    for folder in (workspace.media, workspace.models, workspace.runs, workspace.trash, workspace.logs, workspace.cache):
        assert folder.is_dir()
    assert open_workspace(workspace.root) == workspace
    assert workspace.database.parent == workspace.root
    assert list(workspace.cache.iterdir()) == []


def test_the_default_is_the_environments_else_the_platforms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "chosen"))
    assert open_workspace().root == tmp_path / "chosen"
    monkeypatch.delenv(ENVIRONMENT)
    monkeypatch.setattr(platformdirs, "user_data_path", lambda *_, **__: tmp_path / "own")
    assert default_workspace() == tmp_path / "own"


def test_a_file_is_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(UserError) as caught:
            open_workspace(path)
        assert caught.value.code in ("workspace_not_a_folder", "folder_missing")


FAULTS = {
    errno.ENOSPC: "disk_full",
    errno.EACCES: "folder_read_only",
    errno.EROFS: "folder_read_only",
    errno.ENOENT: "folder_missing",
    errno.EIO: "write_failed",
}


@pytest.mark.parametrize(("number", "code"), FAULTS.items())
def test_a_workspace_that_cannot_be_written(
    number: int, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(UserError) as caught:
        open_workspace(tmp_path / "w")
    assert caught.value.code == code
    assert caught.value.what
    assert caught.value.remedy


@pytest.mark.parametrize(("number", "code"), FAULTS.items())
@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_saving_keeps_what_was_there(
    number: int, code: str, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "标注 1.xml"
    file.write_bytes(b"old")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os if step == "fsync" else Path, step, refuse)
    with pytest.raises(UserError) as caught:
        write_atomically(file, b"new")
    monkeypatch.undo()
    assert caught.value.code == code
    assert file.read_bytes() == b"old"
    assert [f.name for f in tmp_path.iterdir()] == [file.name]


def test_saving_writes_the_whole(tmp_path: Path) -> None:
    file = tmp_path / ("名" * 70 + ".xml")
    for data in (b"one", b"", bytes(100_000)):
        write_atomically(file, data)
        assert file.read_bytes() == data
    assert list(tmp_path.iterdir()) == [file]


def test_saving_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        write_atomically(tmp_path / "gone" / "a.xml", b"")
    assert caught.value.code == "folder_missing"


def test_an_error_without_a_number_still_says_something(tmp_path: Path) -> None:
    assert "OSError" in write_error(OSError(), tmp_path / "a").what


def test_settings_begin_with_defaults(workspace: Workspace) -> None:
    assert load_settings(workspace) == Settings()
    assert not workspace.settings.exists()


def test_settings_come_back(workspace: Workspace) -> None:
    chosen = replace(Settings(), language="zh", theme="dark", min_score=0.35, last_folder='D:\\照片 "1"\n🙂')
    save_settings(workspace, chosen)
    assert load_settings(workspace) == chosen


@given(text=st.text(max_size=30), score=st.floats(0, 1), theme=st.sampled_from(["auto", "light", "dark"]))
def test_any_settings_come_back(tmp_path_factory: pytest.TempPathFactory, text: str, score: float, theme: str) -> None:
    workspace = Workspace(tmp_path_factory.mktemp("settings"))
    chosen = replace(Settings(), save_folder=text, min_score=score, theme=theme)
    save_settings(workspace, chosen)
    assert load_settings(workspace) == chosen


def test_a_newer_squamas_keys_stay(workspace: Workspace) -> None:
    workspace.settings.write_text('future = 1\nlanguage = "zh"\n', encoding="utf-8")
    save_settings(workspace, replace(load_settings(workspace), theme="light"))
    assert "future = 1" in workspace.settings.read_text(encoding="utf-8")
    assert load_settings(workspace) == replace(Settings(), language="zh", theme="light")


@pytest.mark.parametrize(
    "line",
    ['language = "fr"', "language = 3", "min_score = 7", 'min_score = "x"', "min_score = true", "last_folder = []"],
)
def test_a_value_that_does_not_fit_is_the_default(workspace: Workspace, line: str) -> None:
    workspace.settings.write_text(f'{line}\ntheme = "dark"\n', encoding="utf-8")
    assert asdict(load_settings(workspace)) == {**asdict(Settings()), "theme": "dark"}


@pytest.mark.parametrize("damage", [b"language = ", b"\xff\xfe\x00", b"[[["])
def test_a_damaged_file_is_set_aside(workspace: Workspace, damage: bytes) -> None:
    workspace.settings.write_bytes(damage)
    assert load_settings(workspace) == Settings()
    kept = list(workspace.root.glob("settings.damaged-*.toml"))
    assert [f.read_bytes() for f in kept] == [damage]
    workspace.settings.write_bytes(damage)
    save_settings(workspace, Settings(theme="dark"))
    assert load_settings(workspace).theme == "dark"
    assert len(list(workspace.root.glob("settings.damaged-*.toml"))) == 2


def test_settings_that_may_not_be_read(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(UserError):
        load_settings(workspace)
