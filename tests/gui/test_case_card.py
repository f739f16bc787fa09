"""The case card in the window: typed, kept, never lost, read in the present language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.common.words import text
from app.datasets.records import CaseRecord
from app.views.photo_list import NOTE
from tests.gui.acting import settle
from tests.gui.conftest import PATIENCE, Start

if TYPE_CHECKING:
    from app.application import Program


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


def test_the_card_says_where_the_diagnosis_comes_from(reading: Program, qtbot: QtBot) -> None:
    card = reading.workbench.case_card
    for source, words in (("pathology", text("cases.source_pathology")), (None, ""), ("person", "")):
        card.show_case(CaseRecord(7, "P-7", final_diagnosis="eczema", diagnosis_source=source))
        assert card.source.text() == words
        assert card.source.isHidden() == (not words)
    card.show_case(CaseRecord(7, "P-7", diagnosis_source="pathology"))
    assert card.source.isHidden()
