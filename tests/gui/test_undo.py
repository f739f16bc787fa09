"""Undo in the window: across photos and restarts, after another person's change, and quicker than the storing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.annotation.document import Edit
from app.common.geometry import Box
from app.datasets import store
from app.datasets.store import open_store
from tests.gui.acting import drag, labels, settle
from tests.gui.conftest import PATIENCE, Start

if TYPE_CHECKING:
    from app.application import Program

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def undo(qtbot: QtBot, program: Program) -> None:
    qtbot.keyClick(program.workbench.canvas, Qt.Key.Key_Z, CONTROL)


def redo(qtbot: QtBot, program: Program) -> None:
    qtbot.keyClick(program.workbench.canvas, Qt.Key.Key_Z, CONTROL | SHIFT)


def stands(qtbot: QtBot, program: Program, name: str, expected: list[str]) -> None:
    """This photo is shown, with boxes of these labels."""
    bench = program.workbench
    qtbot.waitUntil(
        lambda: bench.sitting.shown and bench.sitting.row.name == name and labels(program) == expected,  # type: ignore[union-attr]
        timeout=PATIENCE,
    )
    settle(qtbot, program)


def two_photos(qtbot: QtBot, program: Program) -> None:
    """A box on the first photo and one on the second."""
    bench = program.workbench
    qtbot.keyClick(bench.canvas, Qt.Key.Key_Y)
    qtbot.keyClick(bench.canvas, Qt.Key.Key_D)
    stands(qtbot, program, "photo 2.jpg", [])
    qtbot.keyClick(bench.canvas, Qt.Key.Key_W)
    drag(qtbot, bench, Box(90, 70, 150, 110))
    stands(qtbot, program, "photo 2.jpg", [""])


def test_undo_goes_to_the_photo_where_the_edit_was_and_says_so(reading: Program, qtbot: QtBot) -> None:
    two_photos(qtbot, reading)
    bench = reading.workbench
    undo(qtbot, reading)
    stands(qtbot, reading, "photo 2.jpg", [])
    assert reading.window.messages.codes == []
    undo(qtbot, reading)
    stands(qtbot, reading, "photo 1.jpg", [])
    assert reading.window.messages.codes == ["stepped"]
    assert not bench.actions_["undo"].isEnabled()
    redo(qtbot, reading)
    stands(qtbot, reading, "photo 1.jpg", ["psoriasis"])
    assert bench.canvas.flashing()
    document = bench.canvas.document()
    assert document is not None
    assert bench.canvas.selected() == document.annotations[0].id
    redo(qtbot, reading)
    stands(qtbot, reading, "photo 2.jpg", [""])
    assert not bench.actions_["redo"].isEnabled()
    assert bench.photos.current().name == "photo 2.jpg"  # type: ignore[union-attr]


def test_undo_reaches_over_a_restart_and_out_of_the_list(start: Start, reading: Program, qtbot: QtBot) -> None:
    two_photos(qtbot, reading)
    again = start()
    stands(qtbot, again, "photo 2.jpg", [""])
    again.workbench.photos.filter.setText("photo 2")
    undo(qtbot, again)
    stands(qtbot, again, "photo 2.jpg", [])
    undo(qtbot, again)
    stands(qtbot, again, "photo 1.jpg", [])


def test_undo_pressed_before_the_edits_are_stored(reading: Program, qtbot: QtBot) -> None:
    bench = reading.workbench
    bench.canvas.accept_all()
    bench.canvas.toggle_verified()
    bench.canvas.toggle_difficult()
    bench.canvas.select_next()
    bench.canvas.delete_selected()
    for _ in range(4):
        undo(qtbot, reading)
    stands(qtbot, reading, "photo 1.jpg", [])
    for _ in range(4):
        redo(qtbot, reading)
    qtbot.waitUntil(lambda: not bench.actions_["redo"].isEnabled() and len(labels(reading)) == 1, timeout=PATIENCE)
    settle(qtbot, reading)
    with reading.services.background._door.read() as session:  # type: ignore[union-attr]
        row = bench.sitting.row
        assert row is not None
        assert store.document(session, row.id) == bench.canvas.document()


def test_a_refused_suggestion_comes_back_with_undo(start: Start, reading: Program, qtbot: QtBot) -> None:
    bench = reading.workbench
    shown = bench.canvas.shown_suggestions()
    qtbot.keyClick(bench.canvas, Qt.Key.Key_Delete)
    assert bench.canvas.shown_suggestions() == shown[1:]
    settle(qtbot, reading)
    again = start()
    qtbot.waitUntil(lambda: bool(again.workbench.sitting.answer), timeout=PATIENCE)
    assert [s.id for s in again.workbench.canvas.shown_suggestions()] == [s.id for s in shown[1:]]
    undo(qtbot, again)
    qtbot.waitUntil(lambda: len(again.workbench.canvas.shown_suggestions()) == len(shown), timeout=PATIENCE)


def test_boxes_of_ones_own_do_not_show_what_is_undone_in_the_common_ones(reading: Program, qtbot: QtBot) -> None:
    bench = reading.workbench
    qtbot.keyClick(bench.canvas, Qt.Key.Key_Space)
    settle(qtbot, reading)
    row = bench.sitting.row
    assert row is not None
    other = open_store(reading.services.workspace)
    with other.write("wang") as session:
        store.actor_of(session)
    with other.write("tester") as session:
        store.assign(session, ["wang", "tester"], [row.id])
        verified = Edit("verify", verified=(False, True))
        store.apply_edit(session, row.id, verified)
        store.apply_edit(session, row.id, verified.inverse())
        store.apply_edit(session, row.id, verified)
    bench.sitting.open(row)
    stands(qtbot, reading, "photo 1.jpg", [])
    for expected in (False, True, False, False):
        undo(qtbot, reading)
        settle(qtbot, reading)
        document = bench.canvas.document()
        assert document is not None
        assert document.verified is expected
    assert reading.window.messages.codes == ["stepped"]
    with other.read() as session:
        assert not store.image(session, row.id).verified
    other.close()


def test_what_another_person_changed_is_left_and_undo_goes_on(reading: Program, qtbot: QtBot) -> None:
    two_photos(qtbot, reading)
    bench = reading.workbench
    row, document = bench.sitting.row, bench.canvas.document()
    assert row is not None
    assert document is not None
    (mine,) = document.annotations
    other = open_store(reading.services.workspace)
    with other.write("wang") as session:
        edit = Edit("relabel", before=(mine,), after=(replace(mine, label="eczema"),))
        store.apply_edit(session, row.id, edit)
    other.close()
    undo(qtbot, reading)
    qtbot.waitUntil(lambda: "undo_changed_by_other" in reading.window.messages.codes, timeout=PATIENCE)
    undo(qtbot, reading)
    stands(qtbot, reading, "photo 1.jpg", [])
    qtbot.keyClick(bench.canvas, Qt.Key.Key_D)
    stands(qtbot, reading, "photo 2.jpg", ["eczema"])
