"""The runs of a workspace as their folders tell them: states, the queue, progress; whatever lies in a folder."""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.common.errors import UserError
from app.common.locks import is_locked, take_lock
from app.common.packs import load_pack
from app.common.words import set_language
from app.common.workspace import Workspace
from app.datasets.freezing.frozen import FrozenDataset
from app.training import gpu, run, runner, runs, store
from app.training.cautions import caution_text, cautions
from app.training.events import STOP_FILE, Events
from app.training.gpu import gpu_alone, gpu_lock_file
from app.training.plan import Plan, make_plan, plan_as_toml
from app.training.progress import progress_of
from app.training.runs import (
    cancel_run,
    enqueue,
    list_runs,
    pause_run,
    queue,
    read_since,
    register,
    reorder,
    resume_run,
    show_run,
    state_of,
    write_failure,
)
from app.training.usage import read_usage, watched

PLAN = make_plan({"name": "net", "task": "classify", "network": "efficientnet_lite0", "dataset": "d@1", "epochs": 4})


@pytest.fixture(autouse=True)
def _no_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    """No run here reads its data set: its name counts as the long one."""
    monkeypatch.setattr(store, "long_name", lambda workspace, dataset: dataset)


def names(workspace: Workspace) -> list[str]:
    return [folder.name for folder in queue(workspace)]


# -- locks -----------------------------------------------------------------------------------------------------------


def test_a_lock_has_one_holder_and_leaves_its_file(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    assert not is_locked(file)
    assert not file.exists(), "looking makes nothing"
    first = take_lock(file)
    assert first is not None
    assert is_locked(file)
    assert take_lock(file, patience=0) is None
    with first:
        pass
    assert not is_locked(file)
    assert file.read_text(encoding="utf-8") == f"{os.getpid()}\n"
    again = take_lock(file, patience=0)
    assert again is not None
    again.release()
    again.release()


def test_who_looks_is_in_nobodys_way_for_long(tmp_path: Path) -> None:
    file, over = tmp_path / "lock", threading.Event()
    file.touch()

    def look() -> None:
        while not over.is_set():
            is_locked(file)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for _ in range(50):
            lock = take_lock(file)
            assert lock is not None
            lock.release()
    finally:
        over.set()
        thread.join()


# -- states ----------------------------------------------------------------------------------------------------------


def test_a_new_run_waits_and_says_all_of_itself(workspace: Workspace) -> None:
    run = enqueue(workspace, PLAN, "li")
    assert (run.name, run.state, run.place, run.epoch, run.epochs) == ("net", "queued", 1, 0, 4)
    assert run.plan.threads == runs.background_threads()
    assert (run.scores, run.model, run.error, run.seconds, run.seconds_left) == ({}, None, None, 0, None)
    assert show_run(workspace, run.folder) == show_run(workspace, "net") == run
    assert list_runs(workspace) == (run,)
    assert enqueue(workspace, PLAN, "li").name == "net-2"


def test_the_newest_run_comes_first(workspace: Workspace) -> None:
    for _ in range(3):
        enqueue(workspace, PLAN, "li")
    for n, name in enumerate(("net", "net-3", "net-2")):
        events = workspace.runs / name / "events.jsonl"
        row = {"time": datetime(2026, 1, 1 + n, tzinfo=UTC).isoformat(), "seconds": 0, "event": "queued"}
        events.write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert [r.name for r in list_runs(workspace)] == ["net-2", "net-3", "net"]


def test_pausing_resuming_and_cancelling_what_waits(workspace: Workspace) -> None:
    enqueue(workspace, PLAN, "li")
    enqueue(workspace, PLAN, "li")
    assert pause_run(workspace, "net", "li").state == "paused"
    assert names(workspace) == ["net-2"]
    assert pause_run(workspace, "net", "li").state == "paused"
    assert resume_run(workspace, "net", "li").state == "queued"
    assert names(workspace) == ["net-2", "net"], "who resumes stands at the end"
    cancelled = cancel_run(workspace, "net", "li")
    assert cancelled.state == "failed"
    assert cancelled.error is not None
    assert cancelled.error["code"] == "run_cancelled"
    assert resume_run(workspace, "net", "li").state == "queued", "that undoes it"
    assert resume_run(workspace, "net", "li").place == 2


def test_a_live_lock_means_running_and_a_stop_is_taken_back(workspace: Workspace) -> None:
    folder = enqueue(workspace, PLAN, "li").folder
    lock = take_lock(folder / runs.LOCK_FILE)
    assert lock is not None
    with lock:
        assert show_run(workspace, "net").state == "running"
        assert names(workspace) == []
        assert pause_run(workspace, "net", "li").state == "running", "it has asked; the batch at hand goes on"
        assert (folder / STOP_FILE).exists()
        assert resume_run(workspace, "net", "li").state == "running"
        assert not (folder / STOP_FILE).exists()
    assert state_of(folder) == "failed", "the mark went with the pause, and nobody is alive"


def test_a_killed_run_failed_and_can_be_resumed(workspace: Workspace) -> None:
    folder = enqueue(workspace, PLAN, "li").folder
    (folder / runs.QUEUED_FILE).unlink()
    Events(folder).write("started", epochs=4)
    run = show_run(workspace, "net")
    assert run.state == "failed"
    assert run.error is not None
    assert run.error["code"] == "run_died"
    assert resume_run(workspace, "net", "li").state == "queued"


def test_a_done_run_is_done(workspace: Workspace) -> None:
    folder = enqueue(workspace, PLAN, "li").folder
    result = {"run": str(folder), "model": "net:1.0.0", "scores": {"accuracy": 0.5}}
    (folder / runs.RESULT_FILE).write_text(json.dumps(result), encoding="utf-8")
    run = show_run(workspace, "net")
    assert (run.state, run.model, run.scores, run.place) == ("done", "net:1.0.0", {"accuracy": 0.5}, None)
    for wrong, code in ((pause_run, "run_over"), (cancel_run, "run_over"), (resume_run, "run_done")):
        with pytest.raises(UserError) as refused:
            wrong(workspace, "net", "li")
        assert refused.value.code == code


def test_an_error_is_said_in_the_language_of_today(workspace: Workspace) -> None:
    folder = enqueue(workspace, PLAN, "li").folder
    (folder / runs.QUEUED_FILE).unlink()
    write_failure(folder, UserError("disk_full", file="checkpoint.pt"))
    set_language("zh")
    run = show_run(workspace, "net")
    assert run.error is not None
    assert run.error["what"] == UserError("disk_full", file="checkpoint.pt").what
    assert any("一" <= c <= "鿿" for c in run.error["what"])
    (folder / runs.ERROR_FILE).write_text('{"code": "of_a_later_squama", "facts": {}}', encoding="utf-8")
    assert show_run(workspace, "net").error == UserError("run_died", run="net").as_json()


@pytest.mark.parametrize("name", ["nobody", "", "../models", "工作 x"])
def test_a_run_that_is_not_there_is_named(workspace: Workspace, name: str) -> None:
    enqueue(workspace, PLAN, "li")
    with pytest.raises(UserError) as refused:
        show_run(workspace, name)
    assert refused.value.code == "no_such_run"
    assert "net" in refused.value.remedy


def test_a_plan_with_unknown_keys_is_said_and_hides_no_other_run(workspace: Workspace) -> None:
    enqueue(workspace, PLAN, "li")
    folder = enqueue(workspace, PLAN, "li").folder
    (folder / runs.PLAN_FILE).write_text("magic = 3\n" + plan_as_toml(PLAN), encoding="utf-8")
    assert [r.name for r in list_runs(workspace)] == ["net"]
    with pytest.raises(UserError) as refused:
        show_run(workspace, "net-2")
    assert refused.value.code == "plan_wrong"


@given(st.binary(max_size=60), st.sampled_from(["events.jsonl", "result.json", "error.json", "queued", "stop"]))
def test_no_file_in_a_folder_can_break_the_list(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, file: str
) -> None:
    workspace = Workspace(tmp_path_factory.mktemp("ws"))
    folder = workspace.runs / "net"
    folder.mkdir(parents=True)
    (folder / runs.PLAN_FILE).write_text(plan_as_toml(PLAN), encoding="utf-8")
    (folder / file).write_bytes(junk)
    (run,) = list_runs(workspace)
    assert run.state in ("queued", "paused", "failed", "done")
    json.dumps(run.as_json())


# -- the queue -------------------------------------------------------------------------------------------------------


def test_the_queue_can_be_put_into_another_order(workspace: Workspace) -> None:
    for _ in range(4):
        enqueue(workspace, PLAN, "li")
    reorder(workspace, ["net-3", "nobody", "net"])
    assert names(workspace) == ["net-3", "net", "net-2", "net-4"]
    assert [show_run(workspace, n).place for n in ("net-3", "net-4")] == [1, 4]
    enqueue(workspace, PLAN, "li")
    assert names(workspace)[-1] == "net-5"


@given(
    st.lists(st.sampled_from(["add", "pause 0", "pause 1", "resume 0", "resume 1", "cancel 0", "swap"]), max_size=12)
)
def test_whatever_is_done_to_it_the_queue_holds_each_waiting_run_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    workspace = Workspace(tmp_path_factory.mktemp("ws"))
    workspace.runs.mkdir()
    added: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "may_train", lambda workspace, actor: None)
        patch.setattr(store, "record_run", lambda workspace, folder, actor: None)
        for step in steps:
            what, _, number = step.partition(" ")
            name = added[int(number)] if number and int(number) < len(added) else None
            if what == "add":
                added.append(enqueue(workspace, PLAN, "li").name)
            elif what == "swap":
                reorder(workspace, names(workspace)[::-1])
            elif name is not None:
                before = show_run(workspace, name).state
                if what == "resume" or before != "failed":
                    {"pause": pause_run, "resume": resume_run, "cancel": cancel_run}[what](workspace, name, "li")
    waiting = [r.name for r in list_runs(workspace) if r.state == "queued"]
    assert sorted(names(workspace)) == sorted(waiting)
    assert sorted(r.place or 0 for r in list_runs(workspace) if r.place) == list(range(1, len(waiting) + 1))


def test_a_run_elsewhere_is_one_of_the_workspaces(workspace: Workspace, tmp_path: Path) -> None:
    for place in ("one", "two"):
        folder = tmp_path / place / "my run"
        folder.mkdir(parents=True)
        (folder / runs.PLAN_FILE).write_text(plan_as_toml(PLAN), encoding="utf-8")
        register(workspace, folder)
        register(workspace, folder)
    assert sorted(r.name for r in list_runs(workspace)) == ["my run", "my run-2"]
    assert show_run(workspace, "my run-2").folder == show_run(workspace, tmp_path / "two" / "my run").folder
    assert resume_run(workspace, str(tmp_path / "two" / "my run"), "li").name == "my run-2"
    assert [f.parent.name for f in queue(workspace)] == ["two"]
    own = enqueue(workspace, PLAN, "li").folder
    assert register(workspace, own) == "net"
    assert len(list_runs(workspace)) == 3


# -- events and progress ---------------------------------------------------------------------------------------------


def test_new_events_are_read_once_and_never_by_halves(tmp_path: Path) -> None:
    events = Events(tmp_path)
    assert read_since(tmp_path, 0) == ([], 0)
    events.write("started")
    first, offset = read_since(tmp_path, 0)
    assert [e["event"] for e in first] == ["started"]
    with (tmp_path / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"event": "ep')
    assert read_since(tmp_path, offset) == ([], offset)
    events.write("epoch", epoch=0)
    later, end = read_since(tmp_path, offset)
    assert [e["event"] for e in later] == ["epoch"], "the line that a full disk cut is left out"
    assert read_since(tmp_path, end) == ([], end)


def event(kind: str, seconds: float, **facts: object) -> dict[str, object]:
    time_ = datetime.fromtimestamp(1_000_000 + seconds, UTC).isoformat()
    return {"time": time_, "seconds": seconds, "event": kind, **facts}


def test_progress_counts_whole_epochs_and_the_time_left() -> None:
    assert progress_of([]).left_at(0, 4) is None
    rows = [event("started", 0, epochs=4), event("loaded", 5)]
    assert progress_of(rows).epoch == 0
    assert progress_of(rows).left_at(1_000_010, 4) is None
    rows += [event("epoch", 15, epoch=0, val_accuracy=0.4), event("epoch", 25, epoch=1, val_accuracy=0.6, loss=1.0)]
    progress = progress_of(rows)
    assert (progress.epoch, progress.epochs, progress.scores) == (2, 4, {"val_accuracy": 0.6})
    assert progress.seconds_at(1_000_027) == pytest.approx(27)
    assert progress.left_at(1_000_029, 4) == pytest.approx(16)
    assert progress.left_at(1_000_029, 4, minutes=0.5) == pytest.approx(1)
    assert progress.left_at(1_009_999, 4) == 0
    rest = progress_of([*rows, event("stopped", 26)])
    assert rest.seconds_at(1_009_999) == 26, "while it rests no time is spent"


def test_time_between_two_parts_of_a_run_is_no_epochs() -> None:
    rows = [event("started", 0, epochs=4), event("epoch", 10, epoch=0), event("stopped", 12)]
    rows += [event("started", 12, epochs=4), event("resumed", 50), event("epoch", 60, epoch=1)]
    assert progress_of(rows).epoch_seconds == 10


def test_cautions_name_diseases_and_photos() -> None:
    nothing = FrozenDataset("d", "0" * 16, load_pack().keys, ())
    said = cautions(nothing)
    assert [c["code"] for c in said] == ["few_to_learn_from", "few_to_validate"]
    assert all(caution_text(c) for c in said)
    assert "psoriasis (0)" in caution_text(said[0])
    assert caution_text({"code": "of_a_later_squama"}) == ""


# -- the machine -----------------------------------------------------------------------------------------------------


def test_usage_is_there_while_it_works_and_gone_after(tmp_path: Path) -> None:
    assert read_usage(tmp_path) is None
    with watched(tmp_path, every=0.01):
        until = time.monotonic() + 5
        while (look := read_usage(tmp_path)) is None and time.monotonic() < until:
            sum(range(1000))
    assert look is not None
    assert look.cpu >= 0
    assert look.gpu is None or 0 <= look.gpu <= 1
    assert read_usage(tmp_path) is None


def test_two_runs_on_one_gpu_are_refused_or_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.inference import device

    monkeypatch.setattr(device, "choose_device", lambda wanted: device.Device("cuda:0"))
    monkeypatch.setattr(gpu, "_identity", lambda name: f"test-{os.getpid()}")
    monkeypatch.setattr(gpu, "_LOOK_AGAIN", 0.01)
    monkeypatch.setattr(gpu, "gpu_lock_file", lambda identity: tmp_path / identity)
    with gpu_alone("cuda", None):
        with pytest.raises(UserError) as refused, gpu_alone("cuda", None):
            pass
        assert refused.value.code == "gpu_busy"
        (tmp_path / STOP_FILE).touch()
        with pytest.raises(UserError) as stopped, gpu_alone("cuda", Events(tmp_path)):
            pass
        assert stopped.value.code == "training_stopped"
    with gpu_alone("cuda", None):
        pass
    assert gpu_lock_file("GPU-1").name.startswith("squama-")


def test_two_processes_do_not_train_in_one_folder(tmp_path: Path) -> None:
    with run.held(tmp_path / "run"), pytest.raises(UserError) as busy, run.held(tmp_path / "run"):
        pass
    assert busy.value.code == "run_busy"


def test_a_run_is_in_the_database_and_its_states_are_audited(workspace: Workspace) -> None:
    from contextlib import closing

    from sqlalchemy import select

    from app.datasets.store import open_store
    from db.tables import AuditEntry, Run

    folder = enqueue(workspace, PLAN, "li").folder
    store.record_run(workspace, folder, "li")
    pause_run(workspace, "net", "li")
    store.record_run(workspace, folder, "li")
    with closing(open_store(workspace)) as opened, opened.read() as session:
        (row,) = session.scalars(select(Run))
        assert (row.name, row.state, row.dataset) == ("net", "paused", "d@1")
        assert row.payload["plan"]["network"] == "efficientnet_lite0"
        audited = list(session.scalars(select(AuditEntry.action).where(AuditEntry.entity == "run")))
    assert audited == ["run queued", "run paused"]


# -- the runner, with trainings that are none ------------------------------------------------------------------------


class FakeChild:
    """Stands for the child process: ``does`` what a training would leave in the folder."""

    def __init__(self, does: str, folder: Path) -> None:
        self.does, self.folder = does, folder

    def wait(self) -> int:
        if self.does != "dies at once":
            (self.folder / runs.QUEUED_FILE).unlink()
        if self.does == "done":
            (self.folder / runs.RESULT_FILE).write_text("{}", encoding="utf-8")
        if self.does == "fails":
            write_failure(self.folder, UserError("disk_full", file="x"))
        if self.does == "paused":
            (self.folder / STOP_FILE).touch()
        return {"done": 0, "fails": 2, "paused": 0}.get(self.does, -9)


def test_the_runner_works_through_the_queue_whatever_becomes_of_each(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    does = ["done", "dies", "fails", "dies at once", "paused", "done"]
    folders = [enqueue(workspace, PLAN, "li").folder for _ in does]
    order: list[Path] = []

    def popen(arguments: list[str], detached: bool = False) -> FakeChild:
        order.append(Path(arguments[-1]))
        return FakeChild(does[folders.index(order[-1])], order[-1])

    monkeypatch.setattr(runner, "_popen", popen)
    assert runner._work(workspace) == 0
    assert order == folders
    found = [show_run(workspace, f.name) for f in folders]
    assert [r.state for r in found] == ["done", "failed", "failed", "failed", "paused", "done"]
    assert [r.error["code"] for r in found if r.error] == ["run_died", "disk_full", "run_died"]


def test_a_run_resumed_while_its_child_ends_stays_in_the_queue(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = enqueue(workspace, PLAN, "li").folder
    begun: list[str] = []

    class Resumed(FakeChild):
        def wait(self) -> int:
            code = super().wait()
            if len(begun) == 1:
                resume_run(workspace, "net", "li")
            return code

    def popen(arguments: list[str], detached: bool = False) -> FakeChild:
        begun.append("paused" if not begun else "done")
        return Resumed(begun[-1], folder)

    monkeypatch.setattr(runner, "_popen", popen)
    runner._work(workspace)
    assert begun == ["paused", "done"]
    assert show_run(workspace, "net").state == "done"


def test_one_runner_is_enough(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    enqueue(workspace, PLAN, "li")
    started: list[object] = []
    monkeypatch.setattr(runner, "_popen", lambda *a, **k: started.append(a))
    lock = take_lock(workspace.runs / runner.RUNNER_LOCK)
    assert lock is not None
    with lock:
        runs.start_runner(workspace)
        assert runner._work(workspace) == 0
    assert started == []
    assert show_run(workspace, "net").state == "queued"


def test_a_plan_is_kept_as_it_was_asked_for(workspace: Workspace) -> None:
    asked = PLAN.model_copy(update={"threads": 3, "minutes": 1.5})
    kept = enqueue(workspace, asked, "li").plan
    assert isinstance(kept, Plan)
    assert kept == asked
    assert replace(show_run(workspace, "net"), plan=asked) == show_run(workspace, "net")


def test_a_run_begun_in_a_terminal_goes_on_with_its_number_of_threads(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums depend on the number of threads: a resumed run would give other numbers than an unbroken one."""
    folder = workspace.runs / "net"
    folder.mkdir(parents=True)
    (folder / "plan.toml").write_text(plan_as_toml(PLAN), encoding="utf-8")
    went_on: list[int] = []
    monkeypatch.setattr(run, "load_dataset", lambda *_: FrozenDataset("d", "0" * 16, load_pack().keys, ()))
    monkeypatch.setattr(run, "check", lambda *_: None)
    monkeypatch.setattr(run, "_kept", lambda plan, *_, **__: went_on.append(plan.threads))
    for begun_with in (None, 7):
        if begun_with:
            Events(folder).write("started", threads=begun_with)
        resume_run(workspace, "net", "li")
        run.train_queued(folder, workspace)
    assert went_on == [runs.background_threads(), 7]
