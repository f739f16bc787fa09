"""From a folder to answers and boxes, and the next start: clicked and typed."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.common.geometry import Box
from app.common.words import percent, text
from app.common.workspace import Workspace
from app.views import theme
from app.views.messages import DetailsDialog
from app.views.settings_panel import SettingsPanel
from tests.gui.acting import drag, label_at, labels, settle
from tests.gui.conftest import PATIENCE, Start

if TYPE_CHECKING:
    from app.application import Program


def test_a_new_workspace_says_how_to_begin(start: Start, qtbot: QtBot) -> None:
    program = start()
    settle(qtbot, program)
    assert program.workbench.empty.isVisible()
    assert program.workbench.empty.files.isVisible()
    assert not program.workbench.photos.isVisible()
    assert text("window.banner") == program.window.header.banner.text()
    assert program.window.header.banner.isVisible()


def test_a_folder_is_read_and_the_first_lesion_explained(reading: Program, qtbot: QtBot) -> None:
    bench = reading.workbench
    names = [bench.photos.model.index(n).data() for n in range(3)]
    assert names == ["photo 1.jpg", "photo 2.jpg", "photo 10.jpg"]
    shown = bench.sitting.lesions()
    assert [(s.number, s.label, s.state) for s in shown] == [(1, "psoriasis", "suggested"), (2, "eczema", "suggested")]
    assert bench.canvas.selected() == shown[0].id
    assert bench.diagnosis.bars.top[0] == ("psoriasis", 0.87)
    assert "fake-detector 1.0.0" in reading.window.status.models.text()
    assert reading.window.status.device.text() == text("status.device_why", device="CPU", why=text("device.no_gpu"))
    assert reading.window.status.time.text() == text("status.taken", seconds="0.28")


def test_the_slider_filters_live(reading: Program, qtbot: QtBot) -> None:
    bench = reading.workbench
    bench.tools.slider.setValue(25)
    assert len(bench.sitting.lesions()) == 3
    bench.tools.slider.setValue(80)
    assert [s.number for s in bench.sitting.lesions()] == [1]
    settle(qtbot, reading)
    assert reading.services.settings.min_score == 0.8


def test_in_a_narrow_window_the_tools_stand_side_by_side(reading: Program, qtbot: QtBot) -> None:
    tools = reading.workbench.tools
    for width, all_words in ((1366, True), (1040, False)):
        reading.window.resize(width, 700)
        QApplication.processEvents()
        parts = list(tools.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly))
        shown = sorted((w.geometry() for w in parts if w.isVisible() and w.width()), key=lambda g: g.left())
        assert all(a.right() < b.left() for a, b in pairwise(shown))
        assert tools._size.isVisible() is all_words


def test_accepting_relabelling_undoing_and_the_next_start(start: Start, reading: Program, qtbot: QtBot) -> None:
    bench = reading.workbench
    qtbot.keyClick(bench.canvas, Qt.Key.Key_Y)
    assert labels(reading) == ["psoriasis"]
    qtbot.keyClick(bench.canvas, Qt.Key.Key_3)
    assert labels(reading) == ["lupus_erythematosus"]
    qtbot.keyClick(bench.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: labels(reading) == ["psoriasis"], timeout=PATIENCE)
    settle(qtbot, reading)
    assert bench.photos.model.index(0).data(Qt.ItemDataRole.UserRole).boxes == 1

    again = start()
    qtbot.waitUntil(lambda: again.workbench.sitting.shown, timeout=PATIENCE)
    assert labels(again) == ["psoriasis"]
    qtbot.keyClick(
        again.workbench.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    qtbot.waitUntil(lambda: labels(again) == ["lupus_erythematosus"], timeout=PATIENCE)
    qtbot.keyClick(again.workbench.canvas, Qt.Key.Key_Delete)
    assert labels(again) == []
    settle(qtbot, again)
    assert again.window.messages.codes == []


def test_a_box_drawn_by_hand_is_classified_and_accepted(reading: Program, qtbot: QtBot) -> None:
    bench = reading.workbench
    qtbot.keyClick(bench.canvas, Qt.Key.Key_W)
    assert bench.actions_["draw"].isChecked()
    drag(qtbot, bench, Box(90, 70, 150, 110))
    assert labels(reading) == [""]
    drawn = bench.canvas.selected()
    qtbot.waitUntil(lambda: bench.diagnosis.bars.top[:1] == (("lupus_erythematosus", 0.71),), timeout=PATIENCE)
    assert bench.canvas.selected() == drawn
    qtbot.mouseClick(bench.diagnosis.accept, Qt.MouseButton.LeftButton)
    assert labels(reading) == ["lupus_erythematosus"]


def test_none_of_these_is_an_answer(reading: Program, qtbot: QtBot) -> None:
    qtbot.mouseClick(reading.workbench.diagnosis.other, Qt.MouseButton.LeftButton)
    assert labels(reading) == ["other"]


def test_next_and_previous_keep_each_photos_boxes(reading: Program, qtbot: QtBot) -> None:
    bench = reading.workbench
    qtbot.keyClick(bench.canvas, Qt.Key.Key_Y)
    qtbot.keyClick(bench.canvas, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: bench.sitting.shown and bench.sitting.row.name == "photo 2.jpg", timeout=PATIENCE)  # type: ignore[union-attr]
    assert labels(reading) == []
    qtbot.keyClick(bench.canvas, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: labels(reading) == ["psoriasis"], timeout=PATIENCE)
    qtbot.keyClick(bench.canvas, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: bench.sitting.shown and bench.sitting.row.name == "photo 1.jpg", timeout=PATIENCE)  # type: ignore[union-attr]
    assert labels(reading) == ["psoriasis"]


def test_every_word_follows_the_language_at_once(reading: Program, qtbot: QtBot) -> None:
    reading.window.use_language("zh")
    bench = reading.workbench
    assert reading.window.header.banner.text() == text("window.banner")
    assert "仅供科研使用" in reading.window.header.banner.text()
    assert bench.diagnosis.accept.text() == "采纳"
    assert bench.actions_["save"].text() == "保存标注"
    english = [
        w.text()
        for w in QApplication.allWidgets()
        if w.window() is reading.window and hasattr(w, "text") and callable(w.text) and "Lesion" in str(w.text())
    ]
    assert english == []
    reading.window.use_language("en")
    assert bench.diagnosis.accept.text() == "Accept"


def test_annotate_names_boxes_with_chips_and_verifies(reading: Program, qtbot: QtBot) -> None:
    bench = reading.workbench
    qtbot.mouseClick(reading.window.rail.buttons["annotate"], Qt.MouseButton.LeftButton)
    assert bench.annotate.isVisible()
    qtbot.mouseClick(
        bench.annotate.picker.list.viewport(), Qt.MouseButton.LeftButton, pos=label_at(bench, "parapsoriasis")
    )
    assert labels(reading) == ["parapsoriasis"]
    qtbot.mouseClick(bench.annotate.verdict.verify, Qt.MouseButton.LeftButton)
    assert bench.annotate.verdict.verify.text() == text("annotate.unverify")
    settle(qtbot, reading)
    assert bench.photos.model.index(0).data(Qt.ItemDataRole.UserRole).verified


def test_percentages_never_claim_all_or_nothing() -> None:
    assert [percent(p) for p in (0.0, 0.001, 0.456, 0.999, 1.0)] == ["0 %", "< 1 %", "46 %", "> 99 %", "100 %"]


def test_an_error_of_the_programs_own_is_a_message_with_details(reading: Program, qtbot: QtBot) -> None:
    reading.bug.emit("Traceback: details")
    assert reading.window.messages.codes == ["bug"]
    strip = reading.window.messages.strips()[0]
    qtbot.mouseClick(strip.findChild(QPushButton), Qt.MouseButton.LeftButton)
    dialog = reading.window.findChild(DetailsDialog)
    assert dialog is not None
    assert dialog.details.toPlainText() == "Traceback: details"
    dialog.accept()


def test_a_crash_of_the_last_session_is_offered_once(start: Start, qtbot: QtBot, workspace: Workspace) -> None:
    (workspace.logs / "crash-1.txt").write_text("Fatal Python error", encoding="utf-8")
    assert start().window.messages.codes == ["crash"]
    assert start().window.messages.codes == []


def test_settings_are_taken_at_once_and_kept(start: Start, reading: Program, qtbot: QtBot) -> None:
    qtbot.mouseClick(reading.window.rail.settings, Qt.MouseButton.LeftButton)
    panel = reading.window.findChild(SettingsPanel)
    assert panel is not None
    panel.theme.set_key("light")
    panel.theme.picked.emit("light")
    panel.language.set_key("zh")
    panel.language.picked.emit("zh")
    assert panel.windowTitle() == "设置"
    assert theme.current() is theme.LIGHT
    panel.accept()
    settle(qtbot, reading)
    again = start()
    assert again.services.settings.theme == "light"
    assert again.window.header.banner.text() == "仅供科研使用，不作诊断依据。"
