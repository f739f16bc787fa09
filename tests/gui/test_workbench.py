"""From a folder to answers, boxes, a saved file and the next start: clicked and typed."""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.common.errors import UserError
from app.common.geometry import Box
from app.common.words import percent, text
from app.common.workspace import Workspace
from app.datasets.records import CaseRecord
from app.views import theme
from app.views.messages import DetailsDialog
from app.views.photo_list import NOTE
from app.views.settings_panel import SettingsPanel
from tests.gui.conftest import PATIENCE, Start

if TYPE_CHECKING:
    from app.application import Program
    from app.views.workbench.workbench import Workbench


def settle(qtbot: QtBot, program: Program) -> None:
    """Everything asked for has been stored and shown."""
    qtbot.waitUntil(lambda: program.services.background.idle, timeout=PATIENCE)


def at(bench: Workbench, x: float, y: float) -> QPoint:
    """The canvas' pixel over the photo's point."""
    return bench.canvas.to_widget(x, y).toPoint()


def drag(qtbot: QtBot, bench: Workbench, box: Box) -> None:
    canvas = bench.canvas
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=at(bench, box.x0, box.y0))
    qtbot.mouseMove(canvas, at(bench, *box.centre))
    qtbot.mouseMove(canvas, at(bench, box.x1, box.y1))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=at(bench, box.x1, box.y1))


def labels(program: Program) -> list[str]:
    document = program.workbench.canvas.document()
    assert document is not None
    return [a.label for a in document.annotations]


def test_a_new_workspace_says_how_to_begin(start: Start, qtbot: QtBot) -> None:
    program = start()
    settle(qtbot, program)
    assert program.workbench.empty.isVisible()
    assert program.workbench.empty.files.isVisible()
    assert not program.workbench.photos.isVisible()
    assert text("window.banner") == program.window.banner.text()
    assert program.window.banner.isVisible()


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
    assert labels(reading) == ["psoriasis"]
    settle(qtbot, reading)
    assert bench.photos.model.index(0).data(Qt.ItemDataRole.UserRole).boxes == 1

    again = start()
    qtbot.waitUntil(lambda: again.workbench.sitting.shown, timeout=PATIENCE)
    assert labels(again) == ["psoriasis"]
    qtbot.keyClick(
        again.workbench.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert labels(again) == ["lupus_erythematosus"]
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


def test_boxes_are_saved_beside_the_photo_for_labelimg(reading: Program, qtbot: QtBot, photo_folder: Path) -> None:
    bench = reading.workbench
    qtbot.keyClick(bench.canvas, Qt.Key.Key_Y, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(bench.canvas, Qt.Key.Key_Space)
    qtbot.keyClick(bench.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, reading)
    root = ElementTree.parse(photo_folder / "photo 1.xml").getroot()
    assert root.get("verified") == "yes"
    assert [o.findtext("name") for o in root.iter("object")] == ["psoriasis", "eczema"]
    assert [o.findtext("bndbox/xmin") for o in root.iter("object")] == ["32", "88"]
    assert reading.window.messages.texts() == [text("saved.voc", file="photo 1.xml")]


def test_boxes_are_saved_in_a_chosen_folder(
    reading: Program, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = tmp_path / "boxes"
    chosen.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(chosen))
    bench = reading.workbench
    qtbot.keyClick(bench.canvas, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(bench.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, reading)
    assert (chosen / "photo 1.xml").exists()


def test_a_folder_that_is_gone_is_told_and_nothing_is_lost(reading: Program, qtbot: QtBot, tmp_path: Path) -> None:
    reading.services.change_settings(save_folder=str(tmp_path / "gone"))
    qtbot.keyClick(reading.workbench.canvas, Qt.Key.Key_Y)
    qtbot.keyClick(reading.workbench.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, reading)
    assert reading.window.messages.codes == ["folder_missing"]
    assert labels(reading) == ["psoriasis"]


def test_a_file_of_labelimgs_beside_the_photo_is_read(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    (photo_folder / "photo 1.xml").write_text(
        "<annotation><filename>photo 1.jpg</filename>"
        "<size><width>160</width><height>120</height><depth>3</depth></size><object><name>eczema</name>"
        "<bndbox><xmin>10</xmin><ymin>20</ymin><xmax>60</xmax><ymax>80</ymax></bndbox></object></annotation>",
        encoding="utf-8",
    )
    program = start(photo_folder)
    qtbot.waitUntil(lambda: program.workbench.sitting.shown and labels(program) == ["eczema"], timeout=PATIENCE)
    document = program.workbench.canvas.document()
    assert document is not None
    assert document.annotations[0].box == Box(10, 20, 60, 80)


def test_a_damaged_file_of_boxes_is_told_and_never_written_over(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    damaged = photo_folder / "photo 1.xml"
    damaged.write_text("<annotation><object>", encoding="utf-8")
    program = start(photo_folder)
    qtbot.waitUntil(lambda: "annotation_damaged" in program.window.messages.codes, timeout=PATIENCE)
    qtbot.keyClick(program.workbench.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, program)
    assert damaged.read_text(encoding="utf-8") == "<annotation><object>"


def test_a_bad_photo_is_one_message_and_the_next_one_stands(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    (photo_folder / "photo 1.jpg").write_bytes(b"")
    program = start(photo_folder)
    qtbot.waitUntil(lambda: program.window.messages.codes == ["file_empty"], timeout=PATIENCE)
    assert not program.workbench.canvas.has_photo()
    qtbot.keyClick(program.workbench.canvas, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: bool(program.workbench.sitting.answer), timeout=PATIENCE)
    assert program.window.messages.codes == []


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


def test_photos_can_be_dropped(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    program = start()
    settle(qtbot, program)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(photo_folder / "photo 2.jpg"))])
    drop = QDropEvent(
        QPointF(300, 300), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    program.window.dropEvent(drop)
    qtbot.waitUntil(lambda: bool(program.workbench.sitting.answer), timeout=PATIENCE)
    assert program.workbench.sitting.row is not None
    assert program.workbench.sitting.row.name == "photo 2.jpg"


def test_the_case_card_is_typed_and_kept(start: Start, reading: Program, qtbot: QtBot) -> None:
    card = reading.workbench.case_card
    qtbot.mouseClick(card.fold, Qt.MouseButton.LeftButton)
    for name, words in (("patient", "P-7"), ("age", "45"), ("site", "左前臂"), ("visited", "2026-01-31")):
        field = card.fields[name]
        field.setFocus()
        field.selectAll()
        if words.isascii():
            qtbot.keyClicks(field, words)
        else:
            field.insert(words)  # what an input method does; Qt's tests can only press ASCII keys
        qtbot.keyClick(field, Qt.Key.Key_Return)
        settle(qtbot, reading)
    card.final.set_key("eczema")
    card.final.picked.emit("eczema")
    settle(qtbot, reading)
    assert reading.window.messages.codes == []

    again = start()
    qtbot.waitUntil(lambda: again.workbench.sitting.shown, timeout=PATIENCE)
    kept = again.workbench.case_card.record
    assert (kept.patient, kept.age, kept.site, str(kept.visited), kept.final_diagnosis) == (
        "P-7",
        45,
        "左前臂",
        "2026-01-31",
        "eczema",
    )


def test_a_wrong_age_is_refused_in_words(reading: Program, qtbot: QtBot) -> None:
    field = reading.workbench.case_card.fields["age"]
    field.setText("many")
    field.editingFinished.emit()
    assert reading.window.messages.codes == ["case_number"]
    assert field.text() == ""


def test_every_word_follows_the_language_at_once(reading: Program, qtbot: QtBot) -> None:
    reading.window.use_language("zh")
    bench = reading.workbench
    assert reading.window.banner.text() == text("window.banner")
    assert "仅供科研使用" in reading.window.banner.text()
    assert bench.diagnosis.accept.text() == "采纳"
    assert bench.actions_["save"].text() == "保存标注（VOC）"
    english = [
        w.text()
        for w in QApplication.allWidgets()
        if w.window() is reading.window and hasattr(w, "text") and callable(w.text) and "Lesion" in str(w.text())
    ]
    assert english == []
    reading.window.use_language("en")
    assert bench.diagnosis.accept.text() == "Accept"


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


def test_the_picture_with_its_boxes_is_saved(reading: Program, qtbot: QtBot, tmp_path: Path) -> None:
    from app.common.images import photo_size

    bench = reading.workbench
    assert bench.sitting.row is not None
    target = tmp_path / "out.png"
    bench.keeping.write_picture(bench.sitting.row, "models", target)
    settle(qtbot, reading)
    width, height = photo_size(target)
    assert width == 160
    assert height > 120  # the banner stands under the photo
    bench.keeping.write_picture(bench.sitting.row, "models", tmp_path / "arm v1.2")
    settle(qtbot, reading)
    assert photo_size(tmp_path / "arm v1.2.png") == (width, height)


def test_annotate_names_boxes_with_chips_and_verifies(reading: Program, qtbot: QtBot) -> None:
    bench = reading.workbench
    qtbot.mouseClick(reading.window.rail.buttons["annotate"], Qt.MouseButton.LeftButton)
    assert bench.annotate.isVisible()
    qtbot.mouseClick(bench.annotate.chips.chips["parapsoriasis"], Qt.MouseButton.LeftButton)
    assert labels(reading) == ["parapsoriasis"]
    qtbot.mouseClick(bench.annotate.verify, Qt.MouseButton.LeftButton)
    assert bench.annotate.verify.text() == text("annotate.unverify")
    settle(qtbot, reading)
    assert bench.photos.model.index(0).data(Qt.ItemDataRole.UserRole).verified


def test_percentages_never_claim_all_or_nothing() -> None:
    assert [percent(p) for p in (0.0, 0.001, 0.456, 0.999, 1.0)] == ["0 %", "< 1 %", "46 %", "> 99 %", "100 %"]


def test_the_card_can_be_filled_faster_than_it_is_stored(start: Start, reading: Program, qtbot: QtBot) -> None:
    card = reading.workbench.case_card
    for words in ("1", "12", "123"):
        card.fields["centre"].setText(words)
        card.fields["centre"].editingFinished.emit()
    settle(qtbot, reading)
    card.sex.set_key("female")
    card.sex.picked.emit("female")
    card.fields["history"].setText("itchy")
    card.fields["history"].setFocus()
    assert reading.window.messages.codes == []

    again = start()
    qtbot.waitUntil(lambda: again.workbench.sitting.shown, timeout=PATIENCE)
    kept = again.workbench.case_card.record
    assert (kept.centre, kept.sex) == ("123", "female")
    assert kept.patient


def test_what_is_being_typed_belongs_to_the_photo_it_was_typed_for(reading: Program, qtbot: QtBot) -> None:
    bench = reading.workbench
    card = bench.case_card
    card.set_open(True)
    card.fields["age"].setFocus()
    qtbot.keyClicks(card.fields["age"], "45")
    bench.actions_["next"].trigger()  # a tool button takes no focus
    assert not card.isEnabled()  # until the next photo's card stands
    qtbot.waitUntil(lambda: bench.sitting.shown, timeout=PATIENCE)
    settle(qtbot, reading)
    assert (card.isEnabled(), card.record.age, card.fields["age"].text()) == (True, None, "")
    bench.actions_["previous"].trigger()
    qtbot.waitUntil(lambda: bench.sitting.shown, timeout=PATIENCE)
    assert card.record.age == 45


def test_the_card_of_a_photo_that_cannot_be_read_loses_nothing(
    start: Start, qtbot: QtBot, photo_folder: Path, reading: Program
) -> None:
    from app.datasets.store import case_of

    bench = reading.workbench
    bench.sitting.keep_case(CaseRecord(0, "", age=45, site="back"))
    settle(qtbot, reading)
    (photo_folder / "photo 1.jpg").write_bytes(b"")
    again = start(photo_folder)
    qtbot.waitUntil(lambda: again.window.messages.codes == ["file_empty"], timeout=PATIENCE)
    bench = again.workbench
    assert not bench.case_card.isEnabled()
    assert not bench.diagnosis._note.isVisible()  # "no lesion" would be a lie
    bench.sitting.keep_case(CaseRecord(0, "", age=99))
    settle(qtbot, again)
    case = None

    def take(found: CaseRecord | None) -> None:
        nonlocal case
        case = found

    row = bench.sitting.row
    assert row is not None
    again.services.background.read(lambda session: case_of(session, row.id), take)
    settle(qtbot, again)
    assert case is not None
    assert (case.age, case.site) == (45, "back")


def test_the_card_reads_in_the_present_language_and_stores_one(reading: Program, qtbot: QtBot) -> None:
    from dataclasses import replace

    bench = reading.workbench
    card = bench.case_card
    both = "Itchy for three months.\n瘙痒三个月。"
    bench.sitting.keep_case(replace(card.record, site="back", history=both, duration_months=29.0))
    settle(qtbot, reading)
    card.show_case(bench.sitting.case, 1)
    assert (card.fields["site"].text(), card.fields["history"].text()) == ("back", "Itchy for three months.")
    reading.window.use_language("zh")
    assert (card.fields["site"].text(), card.fields["history"].text()) == ("背部", "瘙痒三个月。")
    card.fields["site"].setText("小腿")
    card.fields["site"].editingFinished.emit()
    settle(qtbot, reading)
    assert bench.sitting.case is not None
    assert (bench.sitting.case.site, bench.sitting.case.history) == ("lower leg", both)
    card.fields["history"].setText("瘙痒一年。")
    card.fields["history"].editingFinished.emit()
    settle(qtbot, reading)
    assert bench.sitting.case.history == "瘙痒一年。"
    assert card._summary.text() == "小腿 · 病程 2 年 5 个月"
    reading.window.use_language("en")
    assert (card.fields["site"].text(), card.fields["history"].text()) == ("lower leg", "瘙痒一年。")
    assert reading.window.messages.codes == []


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
    assert again.window.banner.text() == "仅供科研使用，不作诊断依据。"


def test_a_photo_that_kills_the_engine_is_given_up(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    (photo_folder / "photo 1.jpg").rename(photo_folder / "a crash.jpg")
    program = start(photo_folder)
    bench = program.workbench
    qtbot.waitUntil(lambda: "engine_crashed" in program.window.messages.codes, timeout=PATIENCE)
    qtbot.waitUntil(lambda: program.engine.is_ready, timeout=PATIENCE)
    assert not bench.sitting.busy  # it is not asked again by itself, or the engine would die for ever
    assert bench.diagnosis._note.text() == text("lesions.unread")
    qtbot.keyClick(bench.canvas, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: bool(bench.sitting.answer), timeout=PATIENCE)
    assert bench.sitting.lesions()


def test_without_models_nothing_is_said_of_lesions(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    program = start(photo_folder, engine=["no such program"])
    qtbot.waitUntil(lambda: "engine_cannot_start" in program.window.messages.codes, timeout=PATIENCE)
    qtbot.waitUntil(lambda: program.workbench.sitting.shown, timeout=PATIENCE)
    assert program.workbench.diagnosis._note.text() == text("lesions.unread")


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


def test_the_list_is_quick_at_a_hundred_thousand_rows(qtbot: QtBot) -> None:
    from time import perf_counter

    from app.datasets.records import ImageRow
    from app.views.photo_list import PhotoModel

    rows = [
        ImageRow(n, f"photo {n}.jpg", Path(f"photo {n}.jpg"), True, False, None, None, None, None, 0, False)
        for n in range(100_000)
    ]
    model = PhotoModel()
    began = perf_counter()
    model.set_rows(rows)
    assert model.index_of(99_999).row() == 99_999
    model.set_filter("99999")
    assert model.rowCount() == 1
    assert model.index_of(99_999).row() == 0
    assert not model.index_of(5).isValid()
    assert perf_counter() - began < 5  # some 50 ms on an idle machine


def test_a_damaged_database_is_told_and_the_window_stays(start: Start, qtbot: QtBot, workspace: Workspace) -> None:
    workspace.database.write_bytes(b"this is no database at all, whatever its name says" * 100)
    program = start(wait=False)
    qtbot.waitUntil(lambda: program.window.messages.codes == ["database_damaged"], timeout=PATIENCE)
    assert program.window.isVisible()


def test_a_patients_photos_stand_in_the_order_of_the_visits(reading: Program, qtbot: QtBot) -> None:
    bench = reading.workbench
    card = bench.case_card
    for name, day in (("photo 1.jpg", "2026-05-01"), ("photo 2.jpg", "2026-02-01")):
        if bench.sitting.row is None or bench.sitting.row.name != name:
            qtbot.keyClick(bench.canvas, Qt.Key.Key_D)
            qtbot.waitUntil(lambda: bench.sitting.shown, timeout=PATIENCE)
        for field, words in (("patient", "P-9"), ("visited", day)):
            card.fields[field].setText(words)
            card.fields[field].editingFinished.emit()
            settle(qtbot, reading)
    assert card.photos.text() == text("case.photos", n=2)
    card.photos.click()
    settle(qtbot, reading)
    shown = [bench.photos.model.index(n).data() for n in range(bench.photos.model.rowCount())]
    assert shown == ["photo 2.jpg", "photo 1.jpg"]
    assert bench.photos.model.index(0).data(NOTE) == "2026-02-01"
    assert bench.sitting.row is not None
    assert bench.sitting.row.name == "photo 2.jpg"
    bench.photos.back.click()
    settle(qtbot, reading)
    assert bench.photos.model.rowCount() == 3


def test_a_full_disk_is_told_and_nothing_is_lost(
    reading: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, photo_folder: Path
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise UserError("disk_full", file=path.name)

    monkeypatch.setattr("app.common.files.write_atomically", full)
    qtbot.keyClick(reading.workbench.canvas, Qt.Key.Key_Y)
    qtbot.keyClick(reading.workbench.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, reading)
    assert reading.window.messages.codes == ["disk_full"]
    assert labels(reading) == ["psoriasis"]
    assert not (photo_folder / "photo 1.xml").exists()


def test_a_photo_far_down_a_long_list_is_brought_into_view(qtbot: QtBot) -> None:
    from app.datasets.records import ImageRow
    from app.views.background import Background
    from app.views.photo_list import PhotoPanel
    from app.views.thumbnails import Thumbnails

    rows = [
        ImageRow(n, f"{n}.jpg", Path(f"{n}.jpg"), True, False, None, None, None, None, 0, False) for n in range(40_000)
    ]
    background = Background("tester")
    background.user_error.connect(lambda _: None)
    panel = PhotoPanel(Thumbnails(background))
    qtbot.addWidget(panel)
    panel.resize(190, 600)
    panel.show()
    panel.show_rows(rows, choose=39_000)
    view = panel.view
    qtbot.waitUntil(lambda: view.viewport().rect().intersects(view.visualRect(view.currentIndex())), timeout=PATIENCE)
    assert panel.current() == rows[39_000]
    background.close()


def test_a_phantom_says_that_it_is_one_in_the_list_too() -> None:
    from app.datasets.records import ImageRow
    from app.views.photo_list import _state_words

    def words(boxes: int, synthetic: bool) -> str:
        return _state_words(ImageRow(1, "a.jpg", Path("a.jpg"), True, synthetic, None, None, None, None, boxes, False))

    assert (words(0, True), words(3, True)) == ("synthetic", "synthetic · 3")
    assert (words(0, False), words(3, False)) == ("no boxes yet", "boxes: 3")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is text")
def test_one_name_that_is_no_text_does_not_keep_the_folder_shut(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    odd = os.fsencode(photo_folder) + b"/\xd5\xd5\xc6\xac.jpg"
    with open(odd, "wb") as file:  # noqa: PTH123  a path of bytes
        file.write((photo_folder / "photo 1.jpg").read_bytes())
    program = start(photo_folder)
    qtbot.waitUntil(lambda: bool(program.workbench.sitting.answer), timeout=PATIENCE)
    assert program.workbench.photos.model.rowCount() == 3
    assert program.window.messages.codes == ["name_not_text"]
