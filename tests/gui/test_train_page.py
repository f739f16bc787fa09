"""The Train page: the plan on the left, runs that come and go as folders, what can be done with them, the notices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.common.locks import FileLock, take_lock
from app.common.workspace import Workspace, open_workspace
from app.datasets.demo import make_demo
from app.training.plan import Plan, plan_as_toml
from app.training.runs import queue
from app.views.training import desk
from app.views.training.page import TrainPage
from app.views.training.run_view import COMPARE, CONFUSION, LOG, SAMPLES, USE
from tests.gui.conftest import PATIENCE

if TYPE_CHECKING:
    from app.application import Program

Start = Callable[..., "Program"]
PROBED = {
    "parameters": 3_400_000, "memory_mb": 900, "seconds": 600, "images_per_second": 42.0, "notes": ["A note."],
    "missing": [],
}  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A small demo: two data sets frozen already."""
    make_demo(tmp_path / "演示", photos=10)
    return open_workspace(tmp_path / "演示")


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The probe's answer, at once: the real one loads torch in a child. Change it before the page asks."""
    answer = dict(PROBED)

    def instead(_services: Any, words: list[str], done: Callable[[Any], object], *_: Any) -> Any:
        assert (words[0], words[-1]) == ("train", "--dry-run")
        done(answer)

    monkeypatch.setattr("app.views.training.forecast.errand", instead)
    monkeypatch.setattr("app.views.training.forecast.REST_MS", 0)
    return answer


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No runner is started: what waits goes on waiting."""
    started: list[str] = []
    monkeypatch.setattr("app.training.runs.start_runner", lambda _workspace: started.append("runner"))
    return started


@pytest.fixture
def program(start: Start, qtbot: QtBot, probed: dict[str, Any], begun: list[str]) -> Program:
    program = start()
    program.window.rail.buttons["train"].click()
    qtbot.waitUntil(lambda: page(program).form.plan is not None and page(program).watch.has_looked, timeout=PATIENCE)
    return program


def page(program: Program) -> TrainPage:
    found = program.window.pages.page
    assert isinstance(found, TrainPage)
    return found


EPOCHS = [
    {"event": "epoch", "epoch": k, "epochs": 4, "loss": 1.5 - k / 5, "val_loss": 1.6 - k / 6, "val_accuracy": 0.5,
     "val_balanced_accuracy": 0.4 + k / 10, "images_per_second": 33.0, "seconds": 10.0 * (k + 1),
     "time": "2026-01-01T08:00:00+00:00", "confusion": [[k, 1, 0, 0, 0]] + [[0] * 5] * 4}
    for k in range(3)
]  # fmt: skip


def make_run(workspace: Workspace, name: str, events: list[dict[str, Any]] | None = None, **plan: Any) -> Path:
    folder = workspace.runs / name
    folder.mkdir()
    given = {"name": name, "task": "classify", "network": "resnet18", "dataset": "phantom-a@0123", "epochs": 4, **plan}
    rows = [
        {"event": "started", "seconds": 0.0, "time": f"2026-01-01T0{len(list(workspace.runs.iterdir()))}:00:00+00:00"}
    ]
    (folder / "events.jsonl").write_text(
        "".join(json.dumps(e) + "\n" for e in [*rows, *(events or [])]), encoding="utf-8"
    )
    (folder / "plan.toml").write_text(plan_as_toml(Plan.model_validate(given)), encoding="utf-8")
    return folder


def finish(folder: Path, score: float = 0.75) -> None:
    result = {"run": str(folder), "model": f"{folder.name}:1.0.0", "scores": {"balanced_accuracy": score}}
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")


def wait_in_queue(folder: Path, order: int) -> None:
    (folder / "queued").write_text(json.dumps({"order": order, "actor": "tester"}), encoding="utf-8")


def look(program: Program, qtbot: QtBot, until: Callable[[], bool]) -> None:
    page(program).watch.look()
    qtbot.waitUntil(until, timeout=PATIENCE)


@pytest.fixture
def alive(workspace: Workspace) -> Iterator[Callable[[Path], FileLock]]:
    held: list[FileLock] = []

    def hold(folder: Path) -> FileLock:
        lock = take_lock(folder / "lock")
        assert lock is not None
        held.append(lock)
        return lock

    yield hold
    for lock in held:
        lock.release()


# -- the plan --------------------------------------------------------------------------------------------------------
def test_sensible_choices_are_made(program: Program) -> None:
    form = page(program).form
    plan = form.plan
    assert plan is not None
    assert (plan.task, plan.network, plan.start) == ("classify", "efficientnet_lite0", "imagenet")
    assert plan.dataset == form.dataset.key
    assert form.recipe.key == "default"
    assert not form.advanced.isVisible()


def test_what_will_happen_is_said_before_the_start(program: Program, qtbot: QtBot) -> None:
    form = page(program).form
    qtbot.waitUntil(lambda: bool(form.forecast.answer), timeout=PATIENCE)
    said = [w.text() for w in form.forecast.findChildren(QWidget) if hasattr(w, "text")]
    assert any("10 min" in line for line in said)
    assert any("900 MB" in line for line in said)
    assert form.button.isEnabled()


def test_what_is_missing_is_said_and_nothing_starts(program: Program, qtbot: QtBot, probed: dict[str, Any]) -> None:
    form = page(program).form
    probed["missing"] = ["The ImageNet weights of resnet50 are not here."]
    form.network.set_key("resnet50")
    form.network.picked.emit("resnet50")
    qtbot.waitUntil(lambda: bool(form.forecast.missing), timeout=PATIENCE)
    assert not form.button.isEnabled()


def test_advanced_settings_change_the_plan_and_can_be_taken_back(program: Program, qtbot: QtBot) -> None:
    form = page(program).form
    form.fold.click()
    before = form.plan
    assert before is not None
    form.advanced.fields["batch"].widget.setValue(7)  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: form.plan is not None and form.plan.batch == 7, timeout=PATIENCE)
    assert form.advanced.reset.isVisible()
    form.advanced.reset.click()
    qtbot.waitUntil(lambda: form.plan is not None and form.plan.batch == before.batch, timeout=PATIENCE)


def test_finding_lesions_has_its_own_networks_and_recipes(program: Program, qtbot: QtBot) -> None:
    form = page(program).form
    form.task.set_key("detect")
    form.task.picked.emit("detect")
    qtbot.waitUntil(lambda: form.plan is not None and form.plan.task == "detect", timeout=PATIENCE)
    assert form.plan is not None
    assert form.plan.network == "fused-efficientnet_lite0-135"
    assert form.recipe.key == "detector_default"
    assert not form.advanced.fields["mixup"].widget.isVisibleTo(form.advanced)  # it does nothing here


def test_several_seeds_are_several_runs(program: Program, qtbot: QtBot, workspace: Workspace, begun: list[str]) -> None:
    form = page(program).form
    form.several.setValue(3)
    qtbot.mouseClick(form.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(page(program).watch.runs) == 3, timeout=PATIENCE)
    assert {run.plan.seed for run in page(program).watch.runs} == {0, 1, 2}
    assert [run.state for run in page(program).watch.runs] == ["queued"] * 3
    assert begun == ["runner"]
    qtbot.waitUntil(lambda: "queue" in form.button.text(), timeout=PATIENCE)
    assert page(program).table.current == queue(workspace)[0].name  # the first that will run lies open


def test_without_a_frozen_version_it_says_what_to_do_first(
    start: Start, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "versions", lambda _session: ())
    program = start()
    program.window.go("train")
    empty = page(program)._empty
    qtbot.waitUntil(lambda: empty.isVisible(), timeout=PATIENCE)
    empty.button.click()
    assert program.window.place == "datasets"


# -- runs ------------------------------------------------------------------------------------------------------------
def test_a_run_of_another_program_is_found_with_its_curves(
    program: Program, qtbot: QtBot, workspace: Workspace, alive: Callable[[Path], FileLock]
) -> None:
    folder = make_run(workspace, "one", EPOCHS[:2])
    alive(folder)
    view = page(program).view
    look(program, qtbot, lambda: bool(view.curves.loss.lines))
    assert [len(line.points) for line in view.curves.loss.lines] == [2, 2]
    assert view.curves.score.lines[0].points[-1] == (2.0, 0.5)
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(EPOCHS[2]) + "\n")
    look(program, qtbot, lambda: len(view.curves.loss.lines[0].points) == 3)
    assert "one" in program.window.status.training.text()


def test_the_tabs_of_a_run(program: Program, qtbot: QtBot, workspace: Workspace, photo_file: Path, alive: Any) -> None:
    dataset = page(program).form.dataset.key
    folder = make_run(workspace, "one", EPOCHS, dataset=dataset, pack="")  # the data set's own
    sample = {"image": 1, "path": str(photo_file), "truth": "psoriasis", "top3": [["eczema", 0.8], ["psoriasis", 0.2]]}
    (folder / "samples.json").write_text(json.dumps([sample]), encoding="utf-8")
    use = {"time": "2026-01-01T08:00:00+00:00", "cpu": 0.5, "cores": 1.0, "ram_mb": 800, "gpu": None}
    (folder / "usage.json").write_text(json.dumps(use), encoding="utf-8")
    alive(folder)
    view = page(program).view
    look(program, qtbot, lambda: bool(view.curves.loss.lines))
    view.tabs.choose(CONFUSION)
    qtbot.waitUntil(lambda: view.confusion.counts[:1] == ((2, 1, 0, 0, 0),), timeout=PATIENCE)
    qtbot.waitUntil(lambda: "Psoriasis" in view.confusion._names, timeout=PATIENCE)
    view.tabs.choose(SAMPLES)
    qtbot.waitUntil(lambda: view.samples.model_.rowCount() == 1, timeout=PATIENCE)
    view.tabs.choose(LOG)
    assert "Epoch 3 of 4" in view.log.toPlainText()
    view.tabs.choose(USE)
    assert "800 MB" in view.use.accessibleName()
    for number in range(6):
        view.tabs.choose(number)
        program.window.grab()  # a mistake while painting would be caught here


def test_the_confusion_is_of_the_epoch_that_is_kept(program: Program, qtbot: QtBot, workspace: Workspace) -> None:
    worse = {**EPOCHS[2], "epoch": 3, "val_balanced_accuracy": 0.1, "confusion": [[9, 1, 0, 0, 0]] + [[0] * 5] * 4}
    finish(make_run(workspace, "one", [*EPOCHS, worse], patience=2))
    view = page(program).view
    look(program, qtbot, lambda: bool(view.curves.loss.lines))
    view.tabs.choose(CONFUSION)
    qtbot.waitUntil(lambda: view.confusion.counts[:1] == ((2, 1, 0, 0, 0),), timeout=PATIENCE)
    assert "epoch 3" in view.which.text()
    view.tabs.choose(0)
    assert view.curves.score._kept == 3.0
    program.window.grab()


def test_ticked_runs_are_compared(program: Program, qtbot: QtBot, workspace: Workspace) -> None:
    for name, rate in (("one", 0.001), ("two", 0.01)):
        finish(make_run(workspace, name, EPOCHS, learning_rate=rate))
    table, view = page(program).table, page(program).view
    look(program, qtbot, lambda: table.model_.rowCount() == 2)
    table.setFocus()
    for row in (0, 1):
        table.selectRow(row)
        qtbot.keyClick(table, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: [len(line.points) for line in view.curves.score.lines] == [3, 3], timeout=PATIENCE)
    view.tabs.choose(COMPARE)
    rows = {row[0]: row[1:] for row in view.compare.rows()}
    assert sorted(rows["Learning rate"]) == ["0.001", "0.01"]
    assert rows["Balanced accuracy"] == ["75.0 %", "75.0 %"]
    assert "Network" not in rows  # they do not differ in it


def test_pausing_and_going_on(
    program: Program, qtbot: QtBot, workspace: Workspace, alive: Callable[[Path], FileLock], begun: list[str]
) -> None:
    folder = make_run(workspace, "one", EPOCHS[:1])
    lock = alive(folder)
    look(program, qtbot, lambda: page(program).view.run is not None)
    qtbot.mouseClick(page(program).view.buttons["pause"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil((folder / "stop").exists, timeout=PATIENCE)
    lock.release()
    look(program, qtbot, lambda: page(program).watch.runs[0].state == "paused")
    qtbot.waitUntil(page(program).view.buttons["resume"].isVisible, timeout=PATIENCE)
    page(program).view.buttons["resume"].click()
    look(program, qtbot, lambda: page(program).watch.runs[0].state == "queued")
    assert begun == ["runner"]


def test_stopping_can_be_taken_back(program: Program, qtbot: QtBot, workspace: Workspace) -> None:
    wait_in_queue(make_run(workspace, "one"), 1)
    look(program, qtbot, lambda: page(program).view.run is not None)
    qtbot.keyClick(page(program).table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: page(program).watch.runs[0].state == "failed", timeout=PATIENCE)
    assert program.window.messages.codes == ["cancelled"]  # asked for: no word of a failure
    strip = program.window.messages.strips()[0]
    strip.buttons[0].click()  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: page(program).watch.runs[0].state == "queued", timeout=PATIENCE)


def test_the_queues_order_is_changed(program: Program, qtbot: QtBot, workspace: Workspace) -> None:
    for order, name in enumerate(("one", "two")):
        wait_in_queue(make_run(workspace, name), order)
    look(program, qtbot, lambda: len(page(program).watch.runs) == 2)
    page(program).table.choose("two")
    page(program).act("earlier")
    qtbot.waitUntil(lambda: [f.name for f in queue(workspace)] == ["two", "one"], timeout=PATIENCE)


def test_an_old_runs_plan_is_taken_again(program: Program, qtbot: QtBot, workspace: Workspace) -> None:
    form = page(program).form
    finish(make_run(workspace, "one", EPOCHS, dataset=form.dataset.key, batch=5, seed=9, start="scratch"))
    look(program, qtbot, lambda: page(program).view.run is not None)
    page(program).act("again")
    qtbot.waitUntil(lambda: form.plan is not None and form.plan.batch == 5, timeout=PATIENCE)
    assert form.plan is not None
    assert (form.plan.network, form.plan.seed, form.plan.epochs, form.plan.start) == ("resnet18", 9, 4, "scratch")


# -- a run's end -----------------------------------------------------------------------------------------------------
def test_the_end_is_said_on_other_pages_and_leads_back(
    program: Program, qtbot: QtBot, workspace: Workspace, alive: Callable[[Path], FileLock]
) -> None:
    folder = make_run(workspace, "one", EPOCHS[:2])
    lock = alive(folder)
    look(program, qtbot, lambda: page(program).view.run is not None)
    watch = page(program).watch
    program.window.go("datasets")
    finish(folder)
    lock.release()
    watch.look()
    qtbot.waitUntil(lambda: "run_ended:one" in program.window.messages.codes, timeout=PATIENCE)
    assert "75.0 %" in program.window.messages.texts()[0]
    strip = program.window.messages.strips()[0]
    strip.buttons[0].click()  # type: ignore[attr-defined]
    assert program.window.place == "train"
    assert program.window.status.training.text() == ""


def test_a_failure_is_said_with_its_reason(
    program: Program, qtbot: QtBot, workspace: Workspace, alive: Callable[[Path], FileLock]
) -> None:
    folder = make_run(workspace, "one", EPOCHS[:1])
    lock = alive(folder)
    look(program, qtbot, lambda: page(program).view.run is not None)
    lock.release()  # it was killed: nothing is left behind
    look(program, qtbot, lambda: "run_ended:one" in program.window.messages.codes)
    assert page(program).view.problem.isVisible()
    assert "killed" in page(program).view.problem.text()


def test_the_window_finds_a_run_again(
    start: Start,
    qtbot: QtBot,
    workspace: Workspace,
    alive: Callable[[Path], FileLock],
    monkeypatch: pytest.MonkeyPatch,
    probed: dict[str, Any],
) -> None:
    monkeypatch.setattr("app.views.training.watch.FIRST_MS", 50)
    alive(make_run(workspace, "one", EPOCHS[:1]))
    program = start()
    qtbot.waitUntil(lambda: "one" in program.window.status.training.text(), timeout=PATIENCE)
    assert program.window.place == "diagnose"
    program.window.go("train")  # what was seen before the page was made is shown on it
    assert page(program).table.model_.rowCount() == 1
    assert page(program).table.isVisible()


def test_what_ended_while_the_window_was_closed_is_said_at_the_next_start(
    start: Start,
    qtbot: QtBot,
    workspace: Workspace,
    alive: Callable[[Path], FileLock],
    monkeypatch: pytest.MonkeyPatch,
    probed: dict[str, Any],
) -> None:
    monkeypatch.setattr("app.views.training.watch.FIRST_MS", 50)
    folder = make_run(workspace, "one", EPOCHS[:1])
    finish(make_run(workspace, "old", EPOCHS))  # nobody waited for it
    lock = alive(folder)
    desk.look(workspace, {})  # the last look of a window that was closed
    finish(folder)
    lock.release()
    program = start()
    qtbot.waitUntil(lambda: "run_ended:one" in program.window.messages.codes, timeout=PATIENCE)
    assert program.window.messages.codes == ["run_ended:one"]
    assert desk.look(workspace, {}).were_live == ()  # once


def test_both_languages_and_themes_are_painted(program: Program, qtbot: QtBot, workspace: Workspace) -> None:
    finish(make_run(workspace, "one", EPOCHS))
    view = page(program).view
    look(program, qtbot, lambda: bool(view.curves.loss.lines))
    page(program).form.fold.click()
    for language, theme in (("zh", "light"), ("en", "dark")):
        program.window.use_language(language)
        program.window.use_theme(theme)
        for tab in range(6):
            view.tabs.choose(tab)
            program.window.grab()
    unnamed = [
        type(w).__name__
        for w in page(program).findChildren(QWidget)
        if w.focusPolicy() & Qt.FocusPolicy.TabFocus
        and w.isVisible()
        and not (w.accessibleName() or w.toolTip() or getattr(w, "text", str)())
    ]
    assert unnamed == []
