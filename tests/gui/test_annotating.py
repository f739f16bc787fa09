"""The work of a dermatologist who boxes lesions all day: with the keyboard, except to draw."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.common.geometry import Box
from app.common.words import text
from app.views import keys
from app.views.workbench.box_commands import LINES
from app.views.workbench.workbench import Workbench
from tests.gui.acting import drag, label_at, labels, settle
from tests.gui.conftest import PATIENCE, Start

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.application import Program

Key = Qt.Key
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NOTHING = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def annotating(reading: Program) -> Program:
    """The place to annotate, with nothing selected."""
    reading.window.go("annotate")
    reading.workbench.canvas.select("")
    return reading


def press(qtbot: QtBot, bench: Workbench, key: Qt.Key, held: Qt.KeyboardModifier = NOTHING) -> None:
    qtbot.keyClick(bench.canvas, key, held)


def go(qtbot: QtBot, bench: Workbench, key: Qt.Key, name: str) -> None:
    press(qtbot, bench, key)
    qtbot.waitUntil(lambda: standing(bench) == name, timeout=PATIENCE)


def standing(bench: Workbench) -> str:
    return bench.sitting.row.name if bench.sitting.shown and bench.sitting.row else ""


def test_photos_are_boxed_with_the_keyboard_except_to_draw(
    start: Start, qtbot: QtBot, tmp_path: Path, photo_pixels: NDArray[np.uint8]
) -> None:
    from app.common.images import encode_jpeg

    for number in range(1, 7):
        (tmp_path / f"plain {number}.jpg").write_bytes(encode_jpeg(photo_pixels))
    program = start(tmp_path)
    bench = program.workbench
    qtbot.waitUntil(lambda: standing(bench) == "plain 1.jpg", timeout=PATIENCE)
    press(qtbot, bench, Key.Key_2, CONTROL)
    assert program.window.place == "annotate"
    press(qtbot, bench, Key.Key_5)
    for number in range(1, 7):
        qtbot.waitUntil(lambda n=number: standing(bench) == f"plain {n}.jpg", timeout=PATIENCE)  # type: ignore[misc]
        for box in (Box(10, 10, 60, 50), Box(80, 60, 140, 110)):
            press(qtbot, bench, Key.Key_W)
            drag(qtbot, bench, box)
        if number == 3:
            press(qtbot, bench, Key.Key_4)  # the second one of this photo, and those that follow
        press(qtbot, bench, Key.Key_Space)
        wanted = ["psoriasis"] * 2 if number < 3 else ["psoriasis", "eczema"] if number == 3 else ["eczema"] * 2
        assert labels(program) == wanted
        press(qtbot, bench, Key.Key_D)
    settle(qtbot, program)
    rows = [bench.photos.model.index(n).data(Qt.ItemDataRole.UserRole) for n in range(6)]
    assert [(row.boxes, row.verified) for row in rows] == [(2, True)] * 6
    assert program.window.messages.codes == []


def test_drawing_can_go_on_and_stays_on_for_the_next_start(start: Start, annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    press(qtbot, bench, Key.Key_3)
    press(qtbot, bench, Key.Key_W, SHIFT)
    if not bench.canvas.drawing():
        press(qtbot, bench, Key.Key_W)
    for box in (Box(5, 60, 30, 110), Box(40, 70, 60, 110)):
        drag(qtbot, bench, box)
    assert labels(annotating) == ["lupus_erythematosus"] * 2
    settle(qtbot, annotating)
    again = start()
    assert again.workbench.actions_["draw_many"].isChecked()
    assert again.services.settings.draw_many


def test_the_last_label_sticks_and_says_so_but_not_in_diagnose(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    panel = bench.annotate
    qtbot.mouseClick(panel.picker.list.viewport(), Qt.MouseButton.LeftButton, pos=label_at(bench, "eczema"))
    assert labels(annotating) == []
    assert panel._labels_heading.text() == text("annotate.next_box", name="Eczema")
    assert panel.picker.model.marked == "eczema"
    bench.canvas.add_box(Box(5, 60, 30, 110))
    assert labels(annotating) == ["eczema"]
    assert panel._labels_heading.text().endswith(str(bench.canvas.numbers()[bench.canvas.selected()]))
    press(qtbot, bench, Key.Key_0)
    bench.canvas.add_box(Box(40, 70, 60, 110))
    assert labels(annotating) == ["eczema", ""]
    press(qtbot, bench, Key.Key_1)
    assert labels(annotating) == ["eczema", "lichen_planus"]
    annotating.window.go("diagnose")
    bench.canvas.add_box(Box(100, 10, 120, 40))
    assert labels(annotating)[-1] == ""


def test_w_lets_the_selection_go_so_that_a_digit_means_the_next_box(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    press(qtbot, bench, Key.Key_4)
    bench.canvas.add_box(Box(5, 60, 30, 110))
    press(qtbot, bench, Key.Key_W)
    press(qtbot, bench, Key.Key_5)
    drag(qtbot, bench, Box(40, 70, 60, 110))
    assert labels(annotating) == ["eczema", "psoriasis"]


@pytest.mark.parametrize(
    ("typed", "label"),
    [("pso", "psoriasis"), ("湿", "eczema"), ("LE", "lupus_erythematosus"), ("none", "other"), ("2", "parapsoriasis")],
)
def test_a_disease_is_found_by_typing(annotating: Program, qtbot: QtBot, typed: str, label: str) -> None:
    bench = annotating.workbench
    bench.canvas.add_box(Box(5, 60, 30, 110))
    press(qtbot, bench, Key.Key_E, CONTROL)
    search = bench.annotate.picker.search
    assert search.hasFocus()
    if typed.isdigit():
        qtbot.keyClicks(search, typed)
    else:
        search.setText(typed)
        qtbot.keyClick(search, Key.Key_Return)
    assert labels(annotating) == [label]
    assert bench.canvas.hasFocus()
    assert search.text() == ""
    assert len(bench.annotate.picker.model.labels) == len(annotating.services.pack.labels)


def test_arrows_move_in_the_found_diseases_and_escape_leaves(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    bench.canvas.add_box(Box(5, 60, 30, 110))
    press(qtbot, bench, Key.Key_E, CONTROL)
    search = bench.annotate.picker.search
    search.setText("psoriasis")
    assert [d.key for d in bench.annotate.picker.model.labels] == ["psoriasis", "parapsoriasis"]
    qtbot.keyClick(search, Key.Key_Escape)
    assert labels(annotating) == [""]
    assert bench.canvas.hasFocus()
    press(qtbot, bench, Key.Key_E, CONTROL)
    search.setText("psoriasis")
    qtbot.keyClick(search, Key.Key_Down)
    qtbot.keyClick(search, Key.Key_Return)
    assert labels(annotating) == ["parapsoriasis"]
    press(qtbot, bench, Key.Key_E, CONTROL)
    search.setText("measles")
    qtbot.keyClick(search, Key.Key_Return)
    assert search.text() == "measles"
    assert labels(annotating) == ["parapsoriasis"]


def test_suggestions_are_refused_one_by_one_and_all_and_come_back(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    first, second = bench.sitting.lesions()
    bench.canvas.select(first.id)
    press(qtbot, bench, Key.Key_Delete)
    assert [s.id for s in bench.sitting.lesions()] == [second.id]
    press(qtbot, bench, Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: len(bench.sitting.lesions()) == 2, timeout=PATIENCE)
    assert bench.annotate.refuse_all.text() == text("annotate.refuse_all", n=2)
    press(qtbot, bench, Key.Key_Delete, SHIFT)
    assert bench.sitting.lesions() == ()
    assert not bench.annotate.refuse_all.isVisible()
    press(qtbot, bench, Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: len(bench.sitting.lesions()) == 2, timeout=PATIENCE)
    press(qtbot, bench, Key.Key_Y, SHIFT)
    assert labels(annotating) == ["psoriasis", "eczema"]


def test_a_suggestion_is_answered_in_the_list(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    shown = bench.annotate.list
    places = [shown.visualRect(shown.lesions.index(row)) for row in range(2)]
    for row, from_right in ((1, 16), (0, 40)):
        at = places[row].center()
        at.setX(places[row].right() - from_right)
        qtbot.mouseClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=at)
    document = bench.canvas.document()
    assert document is not None
    assert labels(annotating) == ["psoriasis"]
    assert len(document.refused) == 1


def test_a_rough_box_is_tightened_in_one_step(
    annotating: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.annotation.tighten.tighten_in", lambda photo, box: Box(12, 66, 25, 100))
    bench = annotating.workbench
    press(qtbot, bench, Key.Key_4)
    bench.canvas.add_box(Box(5, 60, 30, 110))
    settle(qtbot, annotating)
    press(qtbot, bench, Key.Key_T)
    qtbot.waitUntil(lambda: only_box(bench) == Box(12, 66, 25, 100), timeout=PATIENCE)
    assert bench.canvas.flashing()
    press(qtbot, bench, Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: only_box(bench) == Box(5, 60, 30, 110), timeout=PATIENCE)
    monkeypatch.setattr("app.annotation.tighten.tighten_in", lambda photo, box: None)
    press(qtbot, bench, Key.Key_T)
    qtbot.waitUntil(lambda: annotating.window.messages.texts() == [text("boxes.not_tightened")], timeout=PATIENCE)
    assert only_box(bench) == Box(5, 60, 30, 110)


def only_box(bench: Workbench) -> Box:
    document = bench.canvas.document()
    assert document is not None
    (box,) = document.annotations
    return box.box


def test_a_tightened_suggestion_is_accepted_there(
    annotating: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.annotation.tighten.tighten_in", lambda photo, box: Box(33, 26, 70, 58))
    bench = annotating.workbench
    bench.canvas.select(bench.sitting.lesions()[0].id)
    press(qtbot, bench, Key.Key_T)
    qtbot.waitUntil(lambda: labels(annotating) == ["psoriasis"], timeout=PATIENCE)
    assert only_box(bench) == Box(33, 26, 70, 58)


def test_a_photo_is_sent_back_with_a_comment_and_verified_again(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    verdict, note = bench.annotate.verdict, bench.annotate.sent_back
    press(qtbot, bench, Key.Key_R)
    assert verdict.comment.hasFocus()
    verdict.comment.setText("左侧漏标")
    qtbot.keyClick(verdict.comment, Key.Key_Return)
    assert bench.canvas.hasFocus()
    assert note.isVisible()
    assert note.words.text() == text("annotate.sent_back", comment="左侧漏标")
    settle(qtbot, annotating)
    assert bench.photos.model.index(0).data(Qt.ItemDataRole.UserRole).rejected == "左侧漏标"
    press(qtbot, bench, Key.Key_Space)
    assert not note.isVisible()
    press(qtbot, bench, Key.Key_Z, CONTROL)
    qtbot.waitUntil(note.isVisible, timeout=PATIENCE)
    note.taken_back.emit()
    assert not note.isVisible()
    press(qtbot, bench, Key.Key_R)
    qtbot.keyClick(verdict.comment, Key.Key_Escape)
    assert not verdict.comment.isVisible()
    assert bench.canvas.hasFocus()


def test_the_history_says_who_did_what_from_what(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    press(qtbot, bench, Key.Key_4)
    bench.canvas.add_box(Box(5, 60, 30, 110))
    press(qtbot, bench, Key.Key_5)
    press(qtbot, bench, Key.Key_H)
    history = bench.annotate.history
    qtbot.waitUntil(lambda: [e.kind for e in history.events] == ["relabel", "add"], timeout=PATIENCE)
    assert {e.who for e in history.events} == {"tester"}
    said = text("history.from_to", before="Eczema", after="Psoriasis")
    qtbot.waitUntil(lambda: any(said in words for words in shown_words(bench)), timeout=PATIENCE)
    press(qtbot, bench, Key.Key_Delete)
    qtbot.waitUntil(lambda: [e.kind for e in history.events] == ["delete", "relabel", "add"], timeout=PATIENCE)
    press(qtbot, bench, Key.Key_H)
    assert history.events == ()


def shown_words(bench: Workbench) -> list[str]:
    return [w.text() for w in bench.annotate.history.findChildren(QLabel) if w.isVisible()]


def test_the_photo_is_looked_at_with_sliders_and_left_as_it_is(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    press(qtbot, bench, Key.Key_L)
    assert bench.looks.isVisible()
    bench.looks.sliders["contrast"].setValue(4)
    bench.looks.sliders["gamma"].setValue(20)
    bench.looks.balance.setChecked(True)
    looks = bench.canvas.looks()
    assert (looks.contrast, looks.gamma, looks.white_balance) == (4, 2.0, True)
    press(qtbot, bench, Key.Key_Plus, CONTROL | SHIFT)
    assert bench.looks.sliders["brightness"].value() == 1
    qtbot.mouseClick(bench.looks.reset, Qt.MouseButton.LeftButton)
    assert bench.canvas.looks().plain
    assert bench.looks.sliders["contrast"].value() == 0
    press(qtbot, bench, Key.Key_L)
    assert not bench.looks.isVisible()


def test_ways_of_looking_are_turned_on_by_key_and_stay_on(start: Start, annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    for key in (Key.Key_K, Key.Key_C, Key.Key_M):
        press(qtbot, bench, key)
    assert bench.canvas.crosshair()
    assert bench.canvas.magnifier()
    bench.looks.keep.setChecked(True)
    settle(qtbot, annotating)
    again = start().workbench
    assert again.canvas.crosshair()
    assert again.actions_["keep_view"].isChecked()
    assert again.canvas.keep_looks()
    assert not again.canvas.magnifier()


def test_the_lines_colour_goes_round(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    seen = []
    for _ in LINES:
        press(qtbot, bench, Key.Key_L, CONTROL)
        seen.append(bench.canvas.line_colour())
    assert seen == [*LINES[1:], ""]


def test_the_previous_photos_boxes_come_as_one_step_that_is_seen(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    press(qtbot, bench, Key.Key_Y, SHIFT)
    go(qtbot, bench, Key.Key_D, "photo 2.jpg")
    press(qtbot, bench, Key.Key_V, CONTROL)
    qtbot.waitUntil(lambda: labels(annotating) == ["psoriasis", "eczema"], timeout=PATIENCE)
    assert bench.canvas.flashing()
    assert annotating.window.messages.texts() == [text("boxes.copied", n=2, photo="photo 1.jpg")]
    press(qtbot, bench, Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: labels(annotating) == [], timeout=PATIENCE)


def test_the_next_photo_that_needs_me_and_why(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    assert text("needs.unboxed") in bench.annotate.needs.text()
    press(qtbot, bench, Key.Key_Y, SHIFT)
    press(qtbot, bench, Key.Key_Space)
    assert bench.annotate.needs.text() == text("annotate.needs_nothing")
    go(qtbot, bench, Key.Key_D, "photo 2.jpg")
    press(qtbot, bench, Key.Key_Space)
    go(qtbot, bench, Key.Key_G, "photo 10.jpg")
    press(qtbot, bench, Key.Key_G)
    settle(qtbot, annotating)
    assert annotating.window.messages.texts() == [text("needs.none_left")]
    go(qtbot, bench, Key.Key_A, "photo 2.jpg")
    press(qtbot, bench, Key.Key_R)
    bench.annotate.verdict.comment.setText("once more")
    qtbot.keyClick(bench.annotate.verdict.comment, Key.Key_Return)
    go(qtbot, bench, Key.Key_A, "photo 1.jpg")
    press(qtbot, bench, Key.Key_G, SHIFT)
    qtbot.waitUntil(lambda: standing(bench) == "photo 10.jpg", timeout=PATIENCE)
    press(qtbot, bench, Key.Key_G, SHIFT)
    qtbot.waitUntil(lambda: standing(bench) == "photo 2.jpg", timeout=PATIENCE)
    assert text("needs.sent_back") in bench.annotate.needs.text()


def test_every_word_of_the_panel_follows_the_language(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    press(qtbot, bench, Key.Key_5)
    annotating.window.use_language("zh")
    assert bench.annotate._labels_heading.text() == "下一个框：银屑病"
    assert bench.annotate.verdict.back.text() == "退回"
    assert bench.looks.keep.text() == "下一张沿用"
    assert bench.tools.more.toolTip() == "更多工具"


def test_what_flashes_stays_behind_with_its_photo(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    press(qtbot, bench, Key.Key_Y, SHIFT)
    bench.canvas.flash([bench.sitting.lesions()[0].id])
    go(qtbot, bench, Key.Key_D, "photo 2.jpg")
    assert not bench.canvas.flashing()


def test_the_keys_that_a_person_chose_are_said_from_the_start(start: Start, reading: Program, qtbot: QtBot) -> None:
    actions = reading.workbench.actions_
    actions.change_keys(keys.present().given("name", ["F3"]).given("draw", []))
    settle(qtbot, reading)
    panel = start().workbench.annotate
    assert panel.picker.search.placeholderText() == keys.with_key(text("labels.find"), "name")
    assert "F3" in panel.picker.search.placeholderText()
    assert panel._note.text() == text("annotate.no_boxes", pressed=text("menu.draw"))


def test_w_counts_while_the_next_photo_is_on_its_way(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    press(qtbot, bench, Key.Key_D)
    assert not bench.sitting.shown
    press(qtbot, bench, Key.Key_W)
    qtbot.waitUntil(lambda: standing(bench) == "photo 2.jpg", timeout=PATIENCE)
    assert bench.canvas.drawing()
    assert bench.actions_["draw"].isChecked()
    press(qtbot, bench, Key.Key_Escape)
    press(qtbot, bench, Key.Key_D)
    press(qtbot, bench, Key.Key_W)
    press(qtbot, bench, Key.Key_Escape)
    qtbot.waitUntil(lambda: standing(bench) == "photo 10.jpg", timeout=PATIENCE)
    assert not bench.canvas.drawing()
    assert not bench.actions_["draw"].isChecked()


def test_copying_waits_for_nothing_and_leaves_no_error_behind(annotating: Program, qtbot: QtBot) -> None:
    """Without boxes before it that is said in passing; while the photo is on its way nothing untrue is said."""
    bench, messages = annotating.workbench, annotating.window.messages
    bench.canvas.add_box(Box(20, 20, 60, 60))
    settle(qtbot, annotating)
    press(qtbot, bench, Key.Key_D)
    assert not bench.sitting.shown
    press(qtbot, bench, Key.Key_V, CONTROL)
    qtbot.waitUntil(lambda: standing(bench) == "photo 2.jpg", timeout=PATIENCE)
    settle(qtbot, annotating)
    assert len(labels(annotating)) == 1
    assert "no_previous_boxes" not in messages.codes
    press(qtbot, bench, Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: not labels(annotating), timeout=PATIENCE)
    assert messages.codes == []  # what was copied is no longer said to be there
    go(qtbot, bench, Key.Key_D, "photo 10.jpg")
    press(qtbot, bench, Key.Key_V, CONTROL)
    qtbot.waitUntil(lambda: "no_previous_boxes" in messages.codes, timeout=PATIENCE)
    (strip,) = messages.strips()
    assert strip.message.kind == "info"  # type: ignore[attr-defined]


def test_lists_that_hold_nothing_say_so(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    nothing = bench.annotate.picker.nothing
    assert not nothing.isVisible()
    press(qtbot, bench, Key.Key_E, CONTROL)
    qtbot.keyClicks(bench.annotate.picker.search, "zzz")
    assert nothing.isVisible()
    assert nothing.text() == text("labels.none_found")
    qtbot.keyClick(bench.annotate.picker.search, Key.Key_Escape)
    assert not nothing.isVisible()
    bench.photos.filter.setText("zzz")
    photos = bench.photos.nothing
    qtbot.waitUntil(photos.isVisible, timeout=PATIENCE)
    bench.photos.filter.clear()
    qtbot.waitUntil(lambda: not photos.isVisible(), timeout=PATIENCE)


def test_the_history_says_that_there_is_nothing_only_when_it_knows(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    bench.canvas.add_box(Box(5, 60, 30, 110))
    settle(qtbot, annotating)
    press(qtbot, bench, Key.Key_H)
    said = [part.text() for part in bench.annotate.history.findChildren(QLabel)]
    assert text("history.nothing") not in said
    qtbot.waitUntil(lambda: bool(bench.annotate.history.events), timeout=PATIENCE)


def test_a_verified_photos_button_looks_another_way(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    button = bench.annotate.verdict.verify
    assert button.icon().isNull()
    press(qtbot, bench, Key.Key_Space)
    assert not button.icon().isNull()
    assert button.property("kind") == "chosen"
    press(qtbot, bench, Key.Key_Space)
    assert button.property("kind") == "primary"


def test_many_boxes_take_the_room_there_is_and_push_nothing_out_of_sight(annotating: Program, qtbot: QtBot) -> None:
    bench = annotating.workbench
    for number in range(15):
        bench.canvas.add_box(Box(2 + 10 * number, 60, 10 + 10 * number, 110))
    shown, verify = bench.annotate.list, bench.annotate.verdict.verify
    qtbot.waitUntil(lambda: verify.visibleRegion().boundingRect() == verify.rect(), timeout=PATIENCE)
    low = shown.height()
    annotating.window.resize(1366, 1050)
    qtbot.waitUntil(lambda: shown.height() > low + 100, timeout=PATIENCE)
