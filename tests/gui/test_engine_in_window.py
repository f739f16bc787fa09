"""The engine seen from the window: killed, missing, without models, on another device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.common.geometry import Box
from app.common.words import text
from app.views.settings_panel import SettingsPanel
from tests.gui.acting import drag, labels
from tests.gui.conftest import PATIENCE, Start

if TYPE_CHECKING:
    from app.application import Program


def test_the_engine_killed_costs_one_message(reading: Program, qtbot: QtBot) -> None:
    with qtbot.waitSignal(reading.engine.ready, timeout=PATIENCE):
        reading.engine.kill()
    assert reading.window.messages.codes == ["engine_restarted"]
    assert "×" not in reading.window.messages.texts()[0]
    reading.workbench.canvas.select("")
    qtbot.keyClick(reading.workbench.canvas, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: not reading.workbench.sitting.busy, timeout=PATIENCE)
    assert len(reading.workbench.sitting.lesions()) == 2


def test_no_engine_at_all_leaves_a_window_to_work_in(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    program = start(photo_folder, engine=["no-such-program-anywhere"])
    qtbot.waitUntil(lambda: program.window.messages.codes == ["engine_cannot_start"], timeout=PATIENCE)
    qtbot.waitUntil(lambda: program.workbench.sitting.shown, timeout=PATIENCE)
    assert program.window.status.device.text() == text("status.no_engine")
    qtbot.keyClick(program.workbench.canvas, Qt.Key.Key_W)
    drag(qtbot, program.workbench, Box(20, 20, 80, 80))
    assert labels(program) == [""]


def test_a_strange_photo_is_marked_and_its_answer_stays(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    (photo_folder / "photo 1.jpg").rename(photo_folder / "a strange one.jpg")
    program = start(photo_folder)
    qtbot.waitUntil(lambda: bool(program.workbench.sitting.answer), timeout=PATIENCE)
    shown = program.workbench.diagnosis.warnings_shown()
    assert shown == [text("diagnosis.unlike")]
    assert program.workbench.diagnosis.bars.top


def test_a_photo_that_kills_the_engine_is_given_up(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    (photo_folder / "photo 1.jpg").rename(photo_folder / "a crash.jpg")
    program = start(photo_folder)
    bench = program.workbench
    qtbot.waitUntil(lambda: "engine_crashed" in program.window.messages.codes, timeout=PATIENCE)
    qtbot.waitUntil(lambda: program.engine.is_ready, timeout=PATIENCE)
    assert not bench.sitting.busy  # it is not asked again by itself, or the engine would die for ever
    assert bench.diagnosis._note.text() == text("lesions.unread", pressed="W")
    qtbot.keyClick(bench.canvas, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: bool(bench.sitting.answer), timeout=PATIENCE)
    assert bench.sitting.lesions()


def test_without_models_nothing_is_said_of_lesions(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    program = start(photo_folder, engine=["no such program"])
    qtbot.waitUntil(lambda: "engine_cannot_start" in program.window.messages.codes, timeout=PATIENCE)
    qtbot.waitUntil(lambda: program.workbench.sitting.shown, timeout=PATIENCE)
    assert program.workbench.diagnosis._note.text() == text("lesions.unread", pressed="W")


def test_another_device_counts_at_once(reading: Program, qtbot: QtBot) -> None:
    bench = reading.workbench
    qtbot.mouseClick(reading.window.rail.settings, Qt.MouseButton.LeftButton)
    panel = reading.window.findChild(SettingsPanel)
    assert panel is not None
    panel.device.set_key("cpu")
    panel.device.picked.emit("cpu")
    assert reading.services.settings.device == "cpu"
    assert not reading.engine.is_ready
    assert text("status.engine_starting") in panel._device_note.text()
    bench.sitting.read()  # asked too early: put again by itself
    qtbot.waitUntil(lambda: reading.engine.is_ready, timeout=PATIENCE)
    assert text("device.no_gpu") in panel._device_note.text()
    panel.accept()
    qtbot.keyClick(bench.canvas, Qt.Key.Key_W)
    drag(qtbot, bench, Box(90, 70, 150, 110))
    qtbot.waitUntil(lambda: bench.diagnosis.bars.top[:1] == (("lupus_erythematosus", 0.71),), timeout=PATIENCE)
    assert reading.window.messages.codes == []
