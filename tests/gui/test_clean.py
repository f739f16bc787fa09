"""The Clean page by keyboard alone: cards, gallery, every kind of decision, undo, thresholds, running the checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage, QKeySequence
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import insert, select

from app.annotation.document import Annotation, new_id
from app.cleaning.check_settings import set_threshold
from app.cleaning.decisions import decisions_of
from app.cleaning.records import BINS, CheckSummary
from app.common.geometry import Box
from app.common.images import encode_jpeg
from app.common.words import set_language, text
from app.common.workspace import Workspace
from app.datasets import store as photos_room
from app.datasets.store import Store, add_case, add_person, boxes_of, open_store, put_boxes
from app.views.cleaning import run_panel
from app.views.cleaning.card_delegate import bars_of, caught_bins
from app.views.cleaning.card_model import WAITING
from app.views.cleaning.page import CleanPage
from db import tables
from db.tables import Case, Image, utc_now
from tests.gui.acting import settle
from tests.gui.conftest import PATIENCE, Start

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.application import Program

ME, LI = "tester", "Li Na"
PHOTOS = 8


class Bench:
    """The program on its Clean page, and a second door to its database."""

    def __init__(self, qtbot: QtBot, program: Program, store: Store, ids: list[int]) -> None:
        self.qtbot, self.program, self.store, self.ids = qtbot, program, store, ids

    @property
    def page(self) -> CleanPage:
        page = self.program.window.pages.page
        assert isinstance(page, CleanPage)
        return page

    def rest(self) -> None:
        """Everything asked for is stored, counted and shown."""
        self.qtbot.waitUntil(self._rests, timeout=PATIENCE)

    def _rests(self) -> bool:
        page = self.program.window.pages.page
        held = isinstance(page, CleanPage) and page.under_way
        return self.program.services.background.idle and not held

    def press(self, *keys: str) -> None:
        """Each key goes to whatever has the focus, as from a hand; nothing else is touched."""
        for key in keys:
            focus = QApplication.focusWidget()
            assert focus is not None
            combination = QKeySequence(key)[0]
            self.qtbot.keyClick(focus, combination.key(), combination.keyboardModifiers())
            self.rest()

    def write(self, words: str) -> None:
        focus = QApplication.focusWidget()
        assert focus is not None
        self.qtbot.keyClicks(focus, words)

    def choose(self, check: str) -> None:
        """By Home and Down on the cards."""
        self.page.cards.setFocus()
        self.press("Home")
        while self.page.cards.key != check:
            before = self.page.cards.currentIndex().row()
            self.press("Down")
            assert self.page.cards.currentIndex().row() > before
        self.press("Tab")

    def shown(self) -> list[int]:
        model = self.page.gallery.model_
        return [model.shown[n].photos[0].id for n in range(model.rowCount())]

    def state(self, photo: int) -> tuple[str | None, list[list[float]]]:
        with self.store.read() as s:
            image = s.get_one(Image, photo)
            return image.excluded, image.masks

    def decided(self, photo: int) -> list[tuple[str, str, str, str]]:
        with self.store.read() as s:
            return [(d.kind, d.check, d.note, d.undone_by) for d in decisions_of(s, photo)]


def finding(photo: int, check: str, score: float, group: str | None = None, **more: Any) -> dict[str, Any]:
    row = {"image_id": photo, "check_key": check, "score": score, "why": "check.dark.why", "group_key": group}
    return {**row, "facts": {"light": 40}, "boxes": [], "at": utc_now(), **more}


@pytest.fixture
def bench(
    start: Start, qtbot: QtBot, workspace: Workspace, tmp_path: Path, photo_pixels: NDArray[np.uint8]
) -> Iterator[Bench]:
    """Eight photos; four are too dark, two pairs are near duplicates, one holds text, one a doubtful label."""
    folder = tmp_path / "门诊"
    folder.mkdir()
    files = [folder / f"{n}.jpg" for n in range(PHOTOS)]
    for n, file in enumerate(files):
        file.write_bytes(encode_jpeg(photo_pixels, 80 + n))
    store = open_store(workspace)
    with store.write(ME) as s:
        add_person(s, LI, "doctor")
        ids = list(photos_room.link_images(s, files))
        case = add_case(s, "P-1", final_diagnosis="psoriasis")
        photos_room.assign_case(s, [ids[6]], case.id)
        put_boxes(s, ids[6], [Annotation(new_id(), Box(10, 10, 60, 60), "psoriasis")])
        rows = [finding(ids[n], "dark", 0.9 - 0.1 * n) for n in range(6)]  # 0.9, 0.8 ... 0.4
        for group, pair in (("near-1", ids[:2]), ("near-2", ids[2:5])):
            rows += [finding(i, "near_duplicate", 0.9, group, facts={"light": 1, "best": pair[1]}) for i in pair]
        rows.append(finding(ids[5], "text", 0.7, boxes=[[10, 90, 60, 110]]))
        rows.append(finding(ids[6], "label_suspect", 0.8))
        s.execute(insert(tables.Finding), rows)
        for check in ("dark", "near_duplicate", "text", "label_suspect"):
            set_threshold(s, check, 0.5)
        part = {"part": "file", "stamp": "x", "measured": {}, "blob": None}
        s.execute(insert(tables.Examination), [{**part, "image_id": i} for i in ids])
    program = start()
    program.window.activateWindow()
    qtbot.waitUntil(program.window.isActiveWindow, timeout=PATIENCE)
    settle(qtbot, program)
    qtbot.keyClick(program.window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    made = Bench(qtbot, program, store, ids)
    made.rest()
    yield made
    store.close()


def test_the_page_opens_on_the_first_check_that_waits_worst_first(bench: Bench) -> None:
    assert bench.page.cards.key == "dark"
    assert bench.shown() == bench.ids[:5]
    assert bench.page.gallery.hasFocus(), QApplication.focusWidget()
    assert "40 %" in bench.page.pane.reason.text()
    bench.qtbot.waitUntil(lambda: bench.page.pane.first.has_photo, timeout=PATIENCE)


def test_a_photo_that_is_shown_behind_the_page_takes_no_key_away(bench: Bench) -> None:
    bench.program.workbench.photo_shown()
    assert bench.page.gallery.hasFocus()


def test_keep_exclude_with_a_reason_undo_and_redo(bench: Bench) -> None:
    first, second, third = bench.ids[:3]
    bench.press("K")
    assert bench.decided(first) == [("keep", "dark", "", "")]
    assert bench.shown()[0] == second  # and the next one is at work
    bench.press("N")
    bench.write("cannot be seen")
    bench.press("Return", "X")
    assert bench.state(second)[0] == "dark"
    assert bench.decided(second) == [("exclude", "dark", "cannot be seen", "")]
    assert bench.page.pane.note.text() == ""
    bench.press("D", "X")
    assert bench.state(bench.ids[3])[0] == "dark"
    bench.press("U")
    assert bench.state(bench.ids[3])[0] is None
    row = bench.page.gallery.current()
    assert row is not None
    assert row.photos[0].id == bench.ids[3]  # what was taken back is seen again
    bench.press("Ctrl+Z")
    assert bench.state(second)[0] is None
    bench.press("Ctrl+Shift+Z")
    assert bench.state(second)[0] == "dark"
    assert bench.shown() == [third, bench.ids[3], bench.ids[4]]


def test_keys_that_come_faster_than_photos_count_for_one_photo_each(bench: Bench) -> None:
    bench.choose("dark")
    wanted = bench.shown()[:3]
    focus = QApplication.focusWidget()
    assert focus is not None
    for _ in wanted:
        bench.qtbot.keyClick(focus, Qt.Key.Key_X)
    bench.qtbot.waitUntil(lambda: all(bench.state(i)[0] == "dark" for i in wanted), timeout=PATIENCE)
    bench.rest()
    assert [i for i in bench.ids if bench.state(i)[0]] == wanted


def test_many_are_decided_at_one_stroke(bench: Bench) -> None:
    bench.press("Shift+Right", "Shift+Right", "X")
    assert [bench.state(i)[0] for i in bench.ids[:4]] == ["dark", "dark", "dark", None]
    bench.press("U")
    assert [bench.state(i)[0] for i in bench.ids[:4]] == [None] * 4


def test_undo_leads_to_the_card_it_was_on(bench: Bench) -> None:
    bench.press("X")
    bench.choose("text")
    bench.press("U")
    assert bench.page.cards.key == "dark"
    row = bench.page.gallery.current()
    assert row is not None
    assert row.photos[0].id == bench.ids[0]


def test_decided_ones_are_listed_with_who_when_and_why(bench: Bench) -> None:
    bench.press("N")
    bench.write("why not")
    bench.press("Return", "X")
    bench.page.head.modes.setFocus()
    bench.press("Down")
    assert bench.page.head.modes.key == "decided"
    assert bench.shown() == [bench.ids[0]]
    said = bench.page.pane.history.text()
    assert ME in said
    assert "why not" in said
    assert text("clean.was.exclude") in said
    bench.press("K")  # decided otherwise
    assert bench.state(bench.ids[0])[0] is None


def test_of_duplicates_side_by_side_the_best_stays(bench: Bench) -> None:
    bench.choose("near_duplicate")
    pane = bench.page.pane
    assert [p.id for p in pane.pair()] == [bench.ids[1], bench.ids[0]]  # the one that is named best is left
    assert pane.second.isVisible()
    goes = pane.pair()[1]
    assert text("clean.would_go") in pane._head_of(goes, pair=True)[1]
    assert text("clean.would_go") not in pane._head_of(replace(goes, excluded="near_duplicate"), pair=True)[1]
    bench.press("B")
    assert [p.id for p in pane.pair()] == [bench.ids[0], bench.ids[1]]
    bench.press("G")
    assert [bench.state(i)[0] for i in bench.ids[:2]] == [None, "near_duplicate"]
    bench.press("S")
    assert {p.id for p in pane.pair()} == {bench.ids[3], bench.ids[4]}
    bench.press("X")  # only the right one
    assert [bench.state(i)[0] for i in bench.ids[2:5]] == [None, None, "near_duplicate"]
    bench.press("X")  # the last that differs: the best stays, and nothing is open any more
    assert bench.shown() == []
    assert [bench.state(i)[0] for i in bench.ids[2:5]] == ["near_duplicate", None, "near_duplicate"]


def test_the_differing_pixels_are_shown_on_wish(bench: Bench) -> None:
    bench.choose("near_duplicate")
    bench.press("P")
    bench.qtbot.waitUntil(lambda: bench.page.pane.differing, timeout=PATIENCE)
    assert "%" in bench.page.pane.reason.text()
    second = bench.page.pane.second
    second.lay_over(QImage(300, 100, QImage.Format.Format_RGB32))  # in the shape of what it was laid on
    assert second._place().width() == pytest.approx(3 * second._place().height())
    bench.press("P", "P")
    assert not bench.page.pane.differing
    assert second._place().width() == pytest.approx(160 / 120 * second._place().height())


def test_masks_by_the_findings_boxes_and_by_hand(bench: Bench) -> None:
    bench.choose("text")
    bench.qtbot.waitUntil(lambda: bench.page.pane.first.has_photo, timeout=PATIENCE)
    bench.press("M")
    assert bench.state(bench.ids[5]) == (None, [[10, 90, 60, 110]])
    bench.choose("dark")
    bench.qtbot.waitUntil(lambda: bench.page.pane.first.has_photo, timeout=PATIENCE)
    bench.press("M")  # nothing is marked: a rectangle is moved by hand
    assert bench.page.pane.first.masking
    bench.press("Left", "Shift+Down", "Esc")
    assert not bench.page.pane.first.masking
    assert bench.page.gallery.hasFocus()
    bench.press("Shift+M", "Left", "Return")
    ((x0, y0, x1, y1),) = bench.state(bench.ids[0])[1]
    assert 0 <= x0 < x1 <= 160
    assert 0 <= y0 < y1 <= 120


def test_mask_on_blurred_lesions_asks_for_a_rectangle(bench: Bench) -> None:
    """Their boxes say where it is blurred, and are no place to paint over."""
    with bench.store.write(ME) as s:
        s.execute(insert(tables.Finding), [finding(bench.ids[7], "blur", 0.9, boxes=[[10, 10, 60, 60]])])
        set_threshold(s, "blur", 0.5)
    bench.page.look()
    bench.rest()
    bench.choose("blur")
    bench.qtbot.waitUntil(lambda: bench.page.pane.first.has_photo, timeout=PATIENCE)
    bench.press("M")
    assert bench.page.pane.first.masking
    assert bench.state(bench.ids[7]) == (None, [])


@pytest.mark.parametrize(
    ("check", "words"), [("same_lesion", "clean.do.merge_lesion"), ("patient_duplicate", "clean.do.merge_patient")]
)
def test_the_button_says_what_merging_means_here(bench: Bench, check: str, words: str) -> None:
    with bench.store.write(ME) as s:
        s.execute(insert(tables.Finding), [finding(i, check, 0.9, "one") for i in bench.ids[:2]])
    bench.page.look()
    bench.rest()
    bench.choose(check)
    merge = bench.page.pane.buttons["merge"]
    assert merge.text().startswith(text(words))
    assert merge.accessibleName() == text(words)
    bench.choose("near_duplicate")
    assert merge.text().startswith(text("clean.do.merge"))


def test_relabel_by_digit(bench: Bench) -> None:
    bench.choose("label_suspect")
    labels = [d.key for d in bench.program.services.pack.labels]
    bench.press("R", "Esc")
    assert bench.page.gallery.hasFocus()
    bench.press("R", str(labels.index("eczema") + 1))
    with bench.store.read() as s:
        assert [b.label for b in boxes_of(s, bench.ids[6])] == ["eczema"]
        assert s.scalar(select(Case.final_diagnosis)) == "eczema"
    bench.press("U")
    with bench.store.read() as s:
        assert s.scalar(select(Case.final_diagnosis)) == "psoriasis"


def test_what_was_decided_is_seen_at_the_photos(bench: Bench) -> None:
    """The list says who is out, and the open photo has the boxes that it has now."""
    work = bench.program.workbench
    bench.press("X")
    bench.choose("label_suspect")
    labels = [d.key for d in bench.program.services.pack.labels]
    work.photos.go_to(bench.ids[6])
    bench.rest()
    bench.page.gallery.setFocus()
    bench.press("R", str(labels.index("eczema") + 1))
    bench.program.window.go("annotate")
    bench.rest()
    document = work.canvas.document()
    assert document is not None
    assert [b.label for b in document.annotations] == ["eczema"]
    out = work.photos.model.index_of(bench.ids[0])
    row = work.photos.model.row_of(out)
    assert row is not None
    assert row.excluded == "dark"
    said = text("photos.excluded", check=text("check.dark.name"))
    assert said in out.data(Qt.ItemDataRole.ToolTipRole)
    assert said in out.data(Qt.ItemDataRole.AccessibleTextRole)
    other = work.photos.model.index_of(bench.ids[1])
    assert other.data(Qt.ItemDataRole.ToolTipRole) == "1.jpg"


def test_what_is_refused_is_said_and_the_photo_comes_back(bench: Bench) -> None:
    bench.choose("text")
    bench.press("R", "1")  # a photo without boxes and case
    assert "relabel_nothing" in bench.program.window.messages.codes
    assert bench.shown() == [bench.ids[5]]


def test_a_second_opinion_waits_for_the_person_who_was_asked(bench: Bench) -> None:
    bench.press("O", "1")
    assert bench.decided(bench.ids[0])[0][0] == "second_opinion"
    assert bench.page.cards.model_.index_of(WAITING).isValid() is False
    bench.program.services.change_actor(LI)
    bench.rest()
    bench.page.cards.setFocus()
    bench.press("Home")
    assert bench.page.cards.key == WAITING
    assert bench.shown() == [bench.ids[0]]
    bench.press("Tab", "X")
    assert bench.state(bench.ids[0])[0] == "dark"
    assert not bench.page.cards.model_.index_of(WAITING).isValid()


def test_the_threshold_by_keys_and_by_hand(bench: Bench) -> None:
    cards = bench.page.cards
    cards.setFocus()
    assert len(bench.shown()) == 5
    bench.press(*["Shift+Left"] * 3)
    summary = cards.summary("dark")
    assert summary is not None
    assert (summary.threshold, summary.past, len(bench.shown())) == (pytest.approx(0.35), 6, 6)
    at = cards.threshold_at("dark", 0.35)
    to = cards.threshold_at("dark", 0.75)
    viewport = cards.viewport()
    bench.qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=at)
    bench.qtbot.mouseMove(viewport, to)
    assert len(bench.shown()) == 2  # at once, before the hand lets go
    bench.qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=to)
    bench.qtbot.waitUntil(lambda: stored(bench) == pytest.approx(0.75, abs=0.02), timeout=PATIENCE)
    assert bars_of(cards.visualRect(cards.currentIndex()).toRectF()).width() > 100


def stored(bench: Bench) -> float:
    from app.cleaning.store import thresholds

    with bench.store.read() as s:
        return thresholds(s)["dark"]


def test_the_work_goes_on_with_the_next_check_until_all_is_done(bench: Bench) -> None:
    for _ in range(5):
        bench.press("K")
    assert bench.shown() == []
    assert bench.page.on.isVisible()
    bench.press("E")
    assert bench.page.cards.key == "near_duplicate"
    for _ in range(4):
        bench.press("K", "E")
    assert bench.page._desk is not None
    assert bench.page._desk.work.open == 0
    assert bench.page._desk.work.decided == 5 + 5 + 1 + 1


def test_a_check_is_switched_off_and_on_again(bench: Bench) -> None:
    bench.press("K", "T")
    page = bench.page
    assert page.cards.key == "dark"
    assert bench.shown() == []
    assert page._desk is not None
    assert page._desk.work.open == 5 + 1 + 1
    assert not any(c.waits for c in page.cards.model_.cards if c.key == "dark")
    last = page.cards.model_.cards[-2:]
    assert [c.said for c in last] == [text("clean.switched_off"), text("check.dark.name")]
    assert page.head.switch.toolTip().startswith(text("clean.switch_on"))
    bench.press("E")
    assert page.cards.key == "near_duplicate"
    page.cards.choose("dark")
    bench.rest()
    page.head.switch.click()
    bench.rest()
    assert bench.shown() == bench.ids[1:5]
    assert page._desk.work.open == 4 + 5 + 1 + 1
    assert [kind for kind, *_ in bench.decided(bench.ids[0])] == ["keep"]


def test_both_languages_fit_and_every_control_says_what_it_is(bench: Bench) -> None:
    bench.choose("near_duplicate")
    for language in ("zh", "en"):
        bench.program.window.use_language(language)
        bench.rest()
        pane = bench.page.pane
        for button in (*pane.buttons.values(), pane.undo_button, bench.page.run.button):
            assert button.accessibleName()
            assert button.toolTip()
            assert button.width() >= button.minimumSizeHint().width()
        assert pane.width() >= 0.6 * bench.page.width()
        assert pane.undo_button.geometry().right() <= pane.width()
    set_language("en")


# -- running the checks ----------------------------------------------------------------------------------------------
class FakeChild(QObject):
    """Stands for the process: says what the test wants."""

    said = Signal(object)
    ended = Signal(int, str)
    made: list[FakeChild]

    def __init__(self, arguments: list[str], parent: QObject) -> None:
        super().__init__(parent)
        self.arguments, self.stopped = arguments, False
        FakeChild.made.append(self)

    def stop(self) -> None:
        self.stopped = True

    def kill(self) -> None:
        self.stopped = True


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> type[FakeChild]:
    FakeChild.made = []
    monkeypatch.setattr(run_panel, "Child", FakeChild)
    return FakeChild


def test_partial_results_fill_in_while_the_checks_run(bench: Bench, child: type[FakeChild]) -> None:
    bench.press("F5")
    (run,) = child.made
    assert run.arguments[0] == "cleaning"
    bench.press("D", "D")
    at_work = bench.page.gallery.current()
    with bench.store.write(ME) as s:
        s.execute(insert(tables.Finding), [finding(bench.ids[7], "dark", 0.99)])
    progress = {"event": "progress", "stage": "photos", "done": 4, "whole": 8, "new": 4, "seconds_left": 200.0}
    run.said.emit(progress)
    bench.rest()
    assert bench.shown()[0] == bench.ids[7]
    assert bench.page.gallery.current() == at_work  # nothing is pulled from under the hand
    assert "4" in bench.page.run.words.text()
    assert text("clean.minutes", n=3) in bench.page.run.words.text()
    assert bench.program.window.status.stop.isVisible()
    bench.press("F5")
    assert run.stopped
    run.said.emit({"event": "done", "photos": 8, "examined": 4, "stopped": True})
    run.ended.emit(0, "")
    bench.rest()
    assert not bench.page.run.running


def test_a_run_that_dies_is_said_and_can_be_started_again(bench: Bench, child: type[FakeChild]) -> None:
    bench.press("F5")
    child.made[0].ended.emit(-1, "")
    bench.rest()
    assert "child_died" in bench.program.window.messages.codes
    bench.press("F5")
    child.made[1].said.emit({"event": "failed", "error": {"code": "not_allowed", "facts": {"person": ME}}})
    child.made[1].ended.emit(2, "")
    bench.rest()
    assert "not_allowed" in bench.program.window.messages.codes


def test_without_photos_the_page_says_what_to_do_first(start: Start, qtbot: QtBot) -> None:
    program = start()
    program.window.go("clean")
    settle(qtbot, program)
    page = program.window.pages.page
    assert isinstance(page, CleanPage)
    assert page.steps.isVisible()
    qtbot.mouseClick(page.steps.button, Qt.MouseButton.LeftButton)
    assert program.window.place == "diagnose"


@pytest.mark.parametrize(("past", "caught"), [(3, [False, True, True]), (2, [False, False, True]), (0, [False] * 3)])
def test_the_bar_in_which_the_threshold_lies_is_caught_only_where_something_of_it_is(
    past: int, caught: list[bool]
) -> None:
    bars = [0] * BINS
    bars[-3:] = [1, 1, 2 if past else 0]
    summary = CheckSummary("dark", 1 - 1.5 / BINS, past, past, tuple(bars), True)
    assert [c and h > 0 for c, h in zip(caught_bins(summary), bars, strict=True)][-3:] == caught


def test_a_message_leaves_the_buttons_free(bench: Bench) -> None:
    messages = bench.program.window.messages
    messages.note("something", lambda: "Something to say. " * 20)
    foot = bench.page.pane.foot
    assert messages.mapToGlobal(messages.rect().bottomLeft()).y() < foot.mapToGlobal(foot.rect().topLeft()).y()
    bench.program.window.go("datasets")
    assert messages.geometry().bottom() > bench.program.window.pages.height() - 20
    messages.dismiss("something")


def test_photos_that_nobody_looked_at_are_offered_to_the_checks(
    start: Start, qtbot: QtBot, photo_folder: Path, child: type[FakeChild]
) -> None:
    program = start(photo_folder)
    settle(qtbot, program)
    program.window.go("clean")
    settle(qtbot, program)
    page = program.window.pages.page
    assert isinstance(page, CleanPage)
    assert page.steps.isVisible()
    qtbot.mouseClick(page.steps.button, Qt.MouseButton.LeftButton)
    assert page.run.running
    child.made[0].said.emit({"event": "done", "photos": 3, "examined": 3, "stopped": False})
    child.made[0].ended.emit(0, "")
    settle(qtbot, program)
