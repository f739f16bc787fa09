"""Several people at one window: who is at work, boxing apart from each other, agreement, settling what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.common.geometry import Box
from app.common.words import text
from app.views.people.agreement_sheet import AgreementSheet
from app.views.people.people_dialog import PeopleDialog
from app.views.people.settle_sheet import SettleSheet
from tests.gui.acting import labels, settle
from tests.gui.conftest import PATIENCE, Start

if TYPE_CHECKING:
    from pathlib import Path

    from app.application import Program
    from app.views.people.sides import Sides

LI = "Li Na"


@pytest.fixture
def plain(start: Start, qtbot: QtBot, photo_folder: Path) -> Program:
    """Three photos on which the model sees nothing."""
    for n, photo in enumerate(sorted(photo_folder.iterdir())):
        photo.rename(photo_folder / f"plain {n}.jpg")
    program = start(photo_folder)
    qtbot.waitUntil(lambda: bool(program.workbench.sitting.answer), timeout=PATIENCE)
    settle(qtbot, program)
    return program


def add_person(qtbot: QtBot, program: Program, name: str, role: str = "doctor") -> PeopleDialog:
    program.workbench.errands.persons.manage()
    dialog = program.window.findChild(PeopleDialog)
    assert dialog is not None
    settle(qtbot, program)
    dialog.name.setText(name)
    dialog.role.set_key(role)
    qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    settle(qtbot, program)
    return dialog


def leave(qtbot: QtBot, program: Program, dialog: PeopleDialog) -> None:
    dialog.accept()
    activate(qtbot, program)


def activate(qtbot: QtBot, program: Program) -> None:
    """The offscreen platform does not do it when a dialog or a menu goes."""
    program.window.activateWindow()
    qtbot.waitUntil(program.window.isActiveWindow, timeout=PATIENCE)


def sit_down(qtbot: QtBot, program: Program, name: str) -> None:
    """From the person's button through the menu."""
    persons = program.workbench.errands.persons
    persons.menu = None
    qtbot.mouseClick(program.window.rail.person, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: persons.menu is not None, timeout=PATIENCE)
    assert persons.menu is not None
    (action,) = [a for a in persons.menu.actions() if a.text().startswith(name)]
    action.trigger()
    persons.menu.close()
    activate(qtbot, program)
    settle(qtbot, program)


def box(qtbot: QtBot, program: Program, place: Box, digit: Qt.Key) -> None:
    program.workbench.canvas.add_box(place)
    qtbot.keyClick(program.workbench.canvas, digit)
    settle(qtbot, program)


def test_a_person_is_added_and_sits_down(plain: Program, qtbot: QtBot) -> None:
    dialog = add_person(qtbot, plain, LI, "annotator")
    assert not dialog.name.text()
    leave(qtbot, plain, dialog)
    sit_down(qtbot, plain, LI)
    assert plain.services.actor == LI
    assert LI in plain.window.rail.person.toolTip()
    assert plain.services.settings.person == LI
    assert text("people.now", person=LI) in plain.window.messages.texts()


def test_the_one_who_sat_last_sits_at_the_next_start(start: Start, qtbot: QtBot, plain: Program) -> None:
    from app.application import Program as Fresh
    from app.application import _qt

    leave(qtbot, plain, add_person(qtbot, plain, LI))
    sit_down(qtbot, plain, LI)
    workspace = plain.services.workspace
    program = Fresh(_qt(), workspace, "")
    assert program._actor == LI
    program.window.deleteLater()
    named = Fresh(_qt(), workspace, "somebody else")  # as with --actor
    assert named._actor == "somebody else"
    named.window.deleteLater()


def test_the_only_owner_stays_one_and_a_name_is_there_once(plain: Program, qtbot: QtBot) -> None:
    dialog = add_person(qtbot, plain, LI)
    dialog.name.setText(LI)
    dialog.add()
    settle(qtbot, plain)
    assert text("error.person_there.what", person=LI) in dialog._trouble.text()
    dialog._change("tester", "annotator", active=True)
    settle(qtbot, plain)
    assert text("error.last_owner.what", person="tester") in dialog._trouble.text()


def test_undo_is_each_persons_own(plain: Program, qtbot: QtBot) -> None:
    box(qtbot, plain, Box(20, 20, 70, 70), Qt.Key.Key_5)
    leave(qtbot, plain, add_person(qtbot, plain, LI))
    sit_down(qtbot, plain, LI)
    assert labels(plain) == ["psoriasis"]
    assert not plain.workbench.actions_["undo"].isEnabled()
    sit_down(qtbot, plain, "tester")
    assert plain.workbench.actions_["undo"].isEnabled()


@pytest.fixture
def twice(plain: Program, qtbot: QtBot) -> Program:
    """The first photo, boxed by two people apart: one box alike, one with another label, one missing."""
    leave(qtbot, plain, add_person(qtbot, plain, LI))
    bench = plain.workbench
    bench.actions_["agreement"].trigger()
    settle(qtbot, plain)
    sheet = plain.window.pages.sheet
    assert isinstance(sheet, AgreementSheet)
    assert not sheet.assign.do.isEnabled()  # one person is not two
    sheet.assign.people[LI].setChecked(True)
    sheet.assign.share.setValue(100)
    qtbot.mouseClick(sheet.assign.do, Qt.MouseButton.LeftButton)
    settle(qtbot, plain)
    assert text("agreement.assigned", n=3) in plain.window.messages.texts()
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    settle(qtbot, plain)
    box(qtbot, plain, Box(10, 10, 60, 60), Qt.Key.Key_4)
    box(qtbot, plain, Box(90, 10, 150, 60), Qt.Key.Key_4)
    box(qtbot, plain, Box(10, 70, 60, 110), Qt.Key.Key_5)
    qtbot.keyClick(bench.canvas, Qt.Key.Key_Space)
    settle(qtbot, plain)
    sit_down(qtbot, plain, LI)
    assert labels(plain) == []  # nobody sees the other's boxes
    assert plain.window.header.purpose.text() == text("people.apart")
    box(qtbot, plain, Box(10, 10, 60, 60), Qt.Key.Key_4)
    box(qtbot, plain, Box(90, 10, 150, 60), Qt.Key.Key_5)
    qtbot.keyClick(bench.canvas, Qt.Key.Key_Space)
    settle(qtbot, plain)
    return plain


def open_agreement(qtbot: QtBot, program: Program) -> AgreementSheet:
    program.workbench.actions_["agreement"].trigger()
    settle(qtbot, program)
    sheet = program.window.pages.sheet
    assert isinstance(sheet, AgreementSheet)
    qtbot.waitUntil(
        lambda: sheet.table.item(0, 1) is not None and sheet.table.item(0, 1).text() == "1", timeout=PATIENCE
    )
    return sheet


def settle_photo(qtbot: QtBot, program: Program) -> Sides:
    """The page to settle, with its photo."""
    sheet = open_agreement(qtbot, program)
    qtbot.mouseClick(sheet.photos.settle, Qt.MouseButton.LeftButton)
    seen = program.window.pages.sheet
    assert isinstance(seen, SettleSheet)
    qtbot.waitUntil(lambda: seen.sides.left.document() is not None, timeout=PATIENCE)
    settle(qtbot, program)
    return seen.sides


def test_agreement_is_told_with_n(twice: Program, qtbot: QtBot) -> None:
    sheet = open_agreement(qtbot, twice)
    cells = [sheet.table.item(0, n).text() for n in range(7)]
    assert cells[0] == f"{LI} · tester"
    assert cells[2] == "2 / 3"
    assert cells[3].startswith("0.80")  # 2 * 2 / (2 + 3)
    assert cells[4].startswith("1.00")
    assert "n = 2" in cells[5]
    assert cells[6] == "1"
    assert sheet.photos.view.lines.rows[0].words == "  ·  ".join(
        (text("agreement.only", person="tester", n=1), text("agreement.other_label", n=1))
    )


def test_differences_are_settled_by_key_in_one_step_that_can_be_undone(twice: Program, qtbot: QtBot) -> None:
    sides = settle_photo(qtbot, twice)
    assert sides.names == (LI, "tester")
    assert [d.kind for d in sides.settling.differences] == ["label", "only_right"]
    assert not sides.finish.isEnabled()
    qtbot.keyClick(sides.list, Qt.Key.Key_L)
    assert sides.list.currentIndex().row() == 1  # on to the next by itself
    qtbot.keyClick(sides.list, Qt.Key.Key_R)
    assert sides.settling.open == 0
    qtbot.keyClick(sides.list, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert sides.settling.open == 1
    qtbot.keyClick(sides.list, Qt.Key.Key_R)
    qtbot.keyClick(sides.list, Qt.Key.Key_Return)
    settle(qtbot, twice)
    sheet = twice.window.pages.sheet
    assert isinstance(sheet, AgreementSheet)
    qtbot.waitUntil(lambda: sheet.table.item(0, 6).text() == "0", timeout=PATIENCE)
    assert sheet.table.item(0, 3).text().startswith("0.80")  # how far they agreed is not rewritten
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    settle(qtbot, twice)
    assert sorted(labels(twice)) == ["eczema", "psoriasis", "psoriasis"]
    document = twice.workbench.canvas.document()
    assert document is not None
    assert document.verified
    assert twice.window.header.purpose.text() != text("people.apart")
    qtbot.keyClick(twice.workbench.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, twice)
    assert sorted(labels(twice)) == ["eczema", "psoriasis"]  # Li's own boxes again: the photo is open once more


def test_a_box_is_drawn_and_named_while_settling(twice: Program, qtbot: QtBot) -> None:
    sides = settle_photo(qtbot, twice)
    qtbot.keyClick(sides.list, Qt.Key.Key_N)
    qtbot.keyClick(sides.list, Qt.Key.Key_E)
    assert sides.settling.verdicts == ("none", "edited")
    sides.result.select(sides.settling.differences[1].right.id)  # type: ignore[union-attr]
    qtbot.keyClick(sides.result, Qt.Key.Key_1)
    sides.result.add_box(Box(100, 80, 140, 110))
    qtbot.keyClick(sides.result, Qt.Key.Key_2)
    assert sorted(a.label for a in sides.settling.result.annotations) == ["eczema", "lichen_planus", "parapsoriasis"]
    qtbot.mouseClick(sides.finish, Qt.MouseButton.LeftButton)
    settle(qtbot, twice)
    qtbot.keyClick(twice.window.pages.sheet, Qt.Key.Key_Escape)
    settle(qtbot, twice)
    assert sorted(labels(twice)) == ["eczema", "lichen_planus", "parapsoriasis"]


def test_three_views_move_as_one(twice: Program, qtbot: QtBot) -> None:
    sides = settle_photo(qtbot, twice)
    sides.left.set_zoom(3.0)
    sides.left.pan_by(-20, -15)
    for other in (sides.result, sides.right):
        assert other.zoom() == pytest.approx(3.0)
        assert other.view().x == pytest.approx(sides.left.view().x, abs=1)
        assert other.view().y == pytest.approx(sides.left.view().y, abs=1)
    assert not sides.left.can_edit()
    assert sides.result.can_edit()


def test_a_sheet_takes_the_keys_and_gives_them_back(plain: Program, qtbot: QtBot) -> None:
    bench = plain.workbench
    bench.actions_["agreement"].trigger()
    settle(qtbot, plain)
    assert not bench.isVisible()
    assert not bench.actions_["next"].isEnabled()
    assert bench.actions_["quit"].isEnabled()
    undo = bench.actions_["undo"].isEnabled()
    plain.window.rail.buttons["diagnose"].click()
    assert plain.window.pages.sheet is None
    assert bench.isVisible()
    assert bench.actions_["next"].isEnabled()
    assert bench.actions_["undo"].isEnabled() is undo


def test_nothing_of_the_models_is_seen_while_a_photo_is_boxed_apart(reading: Program, qtbot: QtBot) -> None:
    """Neither suggestions nor readings, in both places, for a photo that was read before; and once it is settled."""
    from app.datasets import store
    from app.views.background import Changed

    bench = reading.workbench
    canvas, sitting = bench.canvas, bench.sitting
    settle(qtbot, reading)
    (row,) = [r for r in map(bench.photos.model.find, bench.photos.model.ids()) if r == sitting.row]
    assert row is not None
    assert canvas.shown_suggestions()
    leave(qtbot, reading, add_person(qtbot, reading, LI))

    def change(do: object) -> None:
        reading.services.background.change(do, Changed(frozenset({"assignments"})), owner=bench)  # type: ignore[arg-type]
        settle(qtbot, reading)
        sitting.open(row)
        settle(qtbot, reading)

    change(lambda s: store.assign(s, ("tester", LI), [row.id]))
    assert sitting.shown
    for place, panel in (("annotate", bench.annotate), ("diagnose", bench.diagnosis)):
        reading.window.go(place)
        assert not canvas.shown_suggestions()
        assert not sitting.answer
        (said,) = [label for label in panel.findChildren(QLabel) if label.text() == text("lesions.apart")]
        assert said.isVisible()
    assert not bench.diagnosis.bars.isVisible()
    bench.actions_["read_again"].trigger()
    box(qtbot, reading, Box(20, 20, 70, 70), Qt.Key.Key_5)  # nobody is asked what it is
    settle(qtbot, reading)
    assert not sitting.busy
    assert not sitting._asked
    assert not sitting._tops
    document = canvas.document()
    assert document is not None
    change(lambda s: store.settle(s, row.id, document))
    qtbot.waitUntil(lambda: bool(canvas.shown_suggestions()), timeout=PATIENCE)
    assert text("lesions.apart") not in {label.text() for label in bench.diagnosis.findChildren(QLabel)}


def test_the_list_shows_what_the_person_at_work_has_done(twice: Program, qtbot: QtBot) -> None:
    def first() -> tuple[int, bool]:
        model = twice.workbench.photos.model
        row = model.find(model.ids()[0])
        assert row is not None
        return row.boxes, row.verified

    assert first() == (2, True)
    twice.services.change_actor("tester")
    settle(qtbot, twice)
    assert first() == (3, True)
    qtbot.keyClick(twice.workbench.canvas, Qt.Key.Key_Space)
    settle(qtbot, twice)
    assert first() == (3, False)
    leave(qtbot, twice, add_person(qtbot, twice, "Zhao"))
    sit_down(qtbot, twice, "Zhao")
    assert first() == (0, False)


def test_who_still_has_photos_to_box_is_said_instead_of_that_nothing_is_left(twice: Program, qtbot: QtBot) -> None:
    def said(sheet: AgreementSheet) -> list[str]:
        return [label.text() for label in sheet.photos.findChildren(QLabel) if label.isVisible()]

    sheet = open_agreement(qtbot, twice)
    settle(qtbot, twice)
    still = text("agreement.still_join").join(text("agreement.still_of", person=p, n=2) for p in (LI, "tester"))
    assert text("agreement.still", list=still) in said(sheet)  # beside the photo that can be settled
    assert text("agreement.no_open") not in said(sheet)
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    settle(qtbot, twice)
    twice.workbench.canvas.setFocus()
    qtbot.keyClick(twice.workbench.canvas, Qt.Key.Key_Space)  # Li is not through with the first one after all
    settle(qtbot, twice)
    twice.workbench.actions_["agreement"].trigger()
    settle(qtbot, twice)
    sheet = twice.window.pages.sheet  # type: ignore[assignment]
    qtbot.waitUntil(lambda: sheet.table.item(0, 1).text() == "0", timeout=PATIENCE)
    still = text("agreement.still_join").join(
        (text("agreement.still_of", person=LI, n=3), text("agreement.still_of", person="tester", n=2))
    )
    assert text("agreement.still", list=still) in said(sheet)
    assert text("agreement.no_open") not in said(sheet)
