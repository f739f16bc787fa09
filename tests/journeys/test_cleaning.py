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
    from app.datasets.freezing.frozen import FrozenDataset

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


class Hand:
    """The window, and what a person does in it; each step ends when nothing is under way any more."""

    def __init__(self, qtbot: QtBot, program: Program) -> None:
        self.qtbot, self.program, self.window = qtbot, program, program.window

    def rest(self) -> None:
        self.qtbot.waitUntil(lambda: self.program.services.background.idle, timeout=PATIENCE)

    def press(self, key: str) -> None:
        focus = QApplication.focusWidget()
        assert focus is not None
        self.qtbot.keyClick(focus, QKeySequence(key)[0].key(), QKeySequence(key)[0].keyboardModifiers())
        self.rest()

    def go(self, place: str) -> Any:
        """To a page of the rail."""
        self.window.go(place)
        self.rest()
        return self.window.pages.page

    def run_checks(self) -> None:
        """In a process of their own."""
        run = self.go("clean").run
        self.qtbot.waitUntil(run.button.isEnabled, timeout=PATIENCE)
        self.qtbot.mouseClick(run.button, Qt.MouseButton.LeftButton)
        self.qtbot.waitUntil(lambda: run.running, timeout=PATIENCE)
        self.qtbot.waitUntil(lambda: not run.running, timeout=PATIENCE)
        self.rest()

    def decide(self, check: str, key: str) -> None:
        """About the worst that the check has caught."""
        page = self.go("clean")
        page.cards.choose(check)
        self.rest()
        page.gallery.setFocus()
        self.press(key)

    def freeze(self, name: str) -> str:
        """The new version's full name."""
        sets = self.go("datasets")
        sets.freeze.click()
        sheet: Any = self.window.pages.sheet
        sheet.name.setEditText(name)
        self.qtbot.waitUntil(sheet.freeze.isEnabled, timeout=PATIENCE)
        sheet.freeze.click()
        self.qtbot.waitUntil(lambda: sets.tree.version.startswith(f"{name}@"), timeout=PATIENCE)
        return str(sets.tree.version)

    def write_datasheet(self, version: str, folder: Path) -> Path:
        self.go("datasets").write_datasheet(version, folder)
        self.qtbot.waitUntil(lambda: "datasheet_saved" in self.window.messages.codes, timeout=PATIENCE)
        (written,) = folder.glob("datasheet-paper-*")
        return written


@pytest.mark.timeout(400)
def test_from_planted_faults_to_a_version_and_its_datasheet(
    program: Program, qtbot: QtBot, workspace: Workspace, tmp_path: Path
) -> None:
    hand = Hand(qtbot, program)
    hand.run_checks()
    out = put_faults_aside(hand, workspace)
    version = hand.freeze("paper")
    frozen = only_what_is_left(workspace, version, out)
    folder = hand.write_datasheet(version, tmp_path)
    assert {".md", ".csv", ".png"} <= {file.suffix for file in folder.iterdir()}
    assert frozen.hash in (folder / "datasheet.md").read_text(encoding="utf-8")


def put_faults_aside(hand: Hand, workspace: Workspace) -> dict[str, str]:
    """The copy goes, the best stays; the dark photo goes; the wrong key is taken back."""
    hand.decide("exact_duplicate", "G")
    hand.decide("dark", "X")
    before = excluded(workspace)
    hand.decide("same_lesion", "X")
    assert len(excluded(workspace)) > len(before)
    hand.press("U")
    out = excluded(workspace)
    assert out == before
    assert out[faults(workspace)["dark"]] == "dark"
    assert [check for check in out.values() if check == "exact_duplicate"] == ["exact_duplicate"]
    return out


def only_what_is_left(workspace: Workspace, version: str, out: dict[str, str]) -> FrozenDataset:
    """The version holds nothing of what was put aside, and says how much that was."""
    store = open_store(workspace)
    with store.read() as session:
        frozen = find_dataset(session, version)
        assert len(list_datasets(session)) == 3
    store.close()
    assert not {str(i.path.relative_to(workspace.media)) for i in frozen.images} & out.keys()
    assert dict(frozen.cleaning.exclusions) == {"exact_duplicate": 1, "dark": 1}
    return frozen
