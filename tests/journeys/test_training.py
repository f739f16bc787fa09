"""From a frozen version to a tested model, in the window: the run is a process of its own and outlives the page."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.common.workspace import Workspace, open_workspace
from app.training.runs import list_runs
from tests.gui.conftest import FAKE_ENGINE

if TYPE_CHECKING:
    from app.application import Program

PATIENCE = 240_000  # ms; probe, training and testing each load torch in a process of their own


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    from app.datasets.demo import make_demo

    return open_workspace(make_demo(tmp_path / "训练 demo", photos=24, seed=0, processes=1).workspace)


@pytest.fixture
def started(qtbot: QtBot, qapp: object, workspace: Workspace) -> Iterator[Any]:
    """Opens the window; called again, it is closed and opened anew."""
    from app.application import Program

    hook, thread_hook = sys.excepthook, threading.excepthook
    running: list[Program] = []

    def close() -> None:
        while running:
            program = running.pop()
            program.window.close()
            program.stop()

    def start() -> Program:
        close()
        program = Program(qapp, workspace, "tester", FAKE_ENGINE)  # type: ignore[arg-type]
        running.append(program)
        program.start([])
        qtbot.waitUntil(lambda: program.has_begun, timeout=PATIENCE)
        sys.excepthook, threading.excepthook = hook, thread_hook
        program.window.showNormal()
        program.window.resize(1366, 768)
        return program

    yield start
    close()


@pytest.mark.timeout(900)
def test_from_a_frozen_version_to_a_tested_model(started: Any, qtbot: QtBot, workspace: Workspace) -> None:
    program = started()
    window = program.window

    # The plan: the quick recipe for machines without a GPU. What will happen is measured and said.
    window.go("train")
    form: Any = window.pages.page.form
    qtbot.waitUntil(lambda: form.plan is not None, timeout=PATIENCE)
    form.recipe.set_key("frozen")
    form.recipe.picked.emit("frozen")
    form.epochs.setValue(3)
    qtbot.waitUntil(lambda: bool(form.forecast.answer), timeout=PATIENCE)
    assert form.forecast.answer["missing"] == []
    assert form.forecast.answer["parameters"] > 1e6

    # It begins in the background; the window is closed, and finds it again.
    qtbot.mouseClick(form.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(list_runs(workspace)) == 1, timeout=PATIENCE)
    program = started()
    window = program.window
    window.go("train")
    page: Any = window.pages.page
    qtbot.waitUntil(lambda: bool(page.watch.runs), timeout=PATIENCE)
    name = page.watch.runs[0].name

    # Somebody works on another page meanwhile. The end is said there too, if it was not over before.
    window.go("diagnose")
    page.watch.look()
    qtbot.waitUntil(lambda: page.watch.runs[0].state == "done", timeout=PATIENCE)
    window.go("train")
    page.choose(name)
    qtbot.waitUntil(lambda: bool(page.view.curves.loss.lines), timeout=PATIENCE)
    assert len(page.view.curves.loss.lines[0].points) == 3

    # The model is tested once on the test part: the look is counted, the figures have intervals.
    qtbot.waitUntil(page.view.buttons["test"].isVisible, timeout=PATIENCE)
    page.act("test")
    sheet: Any = window.pages.sheet
    qtbot.waitUntil(sheet.button.isEnabled, timeout=PATIENCE)
    qtbot.mouseClick(sheet.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: sheet.overall.rowCount() > 0 and not sheet.busy, timeout=PATIENCE)
    figures = {sheet.overall.item(row, 0).text(): sheet.overall.item(row, 2).text() for row in range(2)}
    assert set(figures) == {"Balanced accuracy", "Accuracy"}
    assert "1" in sheet._warning.text()
    for tab in range(4):
        sheet.tabs.choose(tab)
        window.grab()
    assert [w for w in sheet.findChildren(QWidget) if w.isVisible()]
    window.pages.back()
    assert window.pages.sheet is None
