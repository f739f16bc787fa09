"""From a demo with planted faults to a frozen version and its datasheet, in the window, decisions by key."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.common.workspace import Workspace, open_workspace
from app.datasets.freezing.versions import find_dataset, list_datasets
from app.datasets.store import open_store
from db.tables import Image
from tests.gui.conftest import FAKE_ENGINE

if TYPE_CHECKING:
    from app.application import Program

PATIENCE = 120_000  # ms; the checks load torch in a process of their own


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    from app.datasets.demo import make_demo

    return open_workspace(make_demo(tmp_path / "清洗 demo", photos=24, seed=0, processes=1).workspace)


@pytest.fixture
def program(qtbot: QtBot, qapp: object, workspace: Workspace) -> Iterator[Program]:
    from app.application import Program

    hook, thread_hook = sys.excepthook, threading.excepthook
    started = Program(qapp, workspace, "tester", FAKE_ENGINE)  # type: ignore[arg-type]
    started.start([])
    qtbot.waitUntil(lambda: started.has_begun, timeout=PATIENCE)
    sys.excepthook, threading.excepthook = hook, thread_hook
    started.window.showNormal()
    started.window.resize(1366, 768)
    yield started
    started.window.close()
    started.stop()


def faults(workspace: Workspace) -> dict[str, str]:
    """Kind of fault -> path of the photo inside the media folder."""
    mark = json.loads((workspace.root / "demo.json").read_text(encoding="utf-8"))
    return {fault["fault"]: fault["image"] for fault in mark["faults"]}


def excluded(workspace: Workspace) -> dict[str, str]:
    """Path -> the check for which the photo was put aside."""
    store = open_store(workspace)
    with store.read() as session:
        rows = session.query(Image.path, Image.excluded).where(Image.excluded.is_not(None)).all()
    store.close()
    return {path: check for path, check in rows if check}


@pytest.mark.timeout(400)
def test_from_planted_faults_to_a_version_and_its_datasheet(
    program: Program, qtbot: QtBot, workspace: Workspace, tmp_path: Path
) -> None:
    window = program.window

    def rest() -> None:
        qtbot.waitUntil(lambda: program.services.background.idle, timeout=PATIENCE)

    def press(key: str) -> None:
        focus = QApplication.focusWidget()
        assert focus is not None
        qtbot.keyClick(focus, QKeySequence(key)[0].key(), QKeySequence(key)[0].keyboardModifiers())
        rest()

    # The checks run in a process of their own and find the faults.
    window.go("clean")
    rest()
    page: Any = window.pages.page
    qtbot.waitUntil(page.run.button.isEnabled, timeout=PATIENCE)
    qtbot.mouseClick(page.run.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.run.running, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not page.run.running, timeout=PATIENCE)
    rest()

    # The copy goes, the best stays; the dark photo goes; the wrong key is taken back.
    planted = faults(workspace)
    for check, key in (("exact_duplicate", "G"), ("dark", "X")):
        page.cards.choose(check)
        rest()
        page.gallery.setFocus()
        press(key)
    page.cards.choose("same_lesion")
    rest()
    page.gallery.setFocus()
    before = excluded(workspace)
    press("X")
    assert len(excluded(workspace)) > len(before)
    press("U")
    out = excluded(workspace)
    assert out == before
    assert out[planted["dark"]] == "dark"
    assert [check for check in out.values() if check == "exact_duplicate"] == ["exact_duplicate"]

    # What is left is frozen, with what was excluded in its datasheet.
    window.go("datasets")
    rest()
    sets: Any = window.pages.page
    sets.freeze.click()
    sheet: Any = window.pages.sheet
    sheet.name.setEditText("paper")
    qtbot.waitUntil(sheet.freeze.isEnabled, timeout=PATIENCE)
    sheet.freeze.click()
    qtbot.waitUntil(lambda: sets.tree.version.startswith("paper@"), timeout=PATIENCE)
    version = sets.tree.version
    store = open_store(workspace)
    with store.read() as session:
        frozen = find_dataset(session, version)
        assert len(list_datasets(session)) == 3
    store.close()
    assert not {str(i.path.relative_to(workspace.media)) for i in frozen.images} & out.keys()
    assert dict(frozen.cleaning.exclusions) == {"exact_duplicate": 1, "dark": 1}

    sets.write_datasheet(version, tmp_path)
    qtbot.waitUntil(lambda: "datasheet_saved" in window.messages.codes, timeout=PATIENCE)
    (folder,) = tmp_path.glob("datasheet-paper-*")
    written = {file.suffix for file in folder.iterdir()}
    assert {".md", ".csv", ".png"} <= written
    said = (folder / "datasheet.md").read_text(encoding="utf-8")
    assert frozen.hash in said
