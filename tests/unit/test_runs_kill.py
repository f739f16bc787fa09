"""Killing the training's own process at random moments, and resuming it: the numbers of an unbroken run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.common.places import ROOT
from app.common.workspace import Workspace, open_workspace
from app.datasets.demo import make_demo
from app.inference.models import show_model
from app.training import runner
from app.training.events import read_events
from app.training.plan import make_plan
from app.training.runs import RunInfo, enqueue, list_runs, pause_run, resume_run, show_run, start_runner

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX signals")
_PAUSE = threading.Event()
PLAN = make_plan(
    {
        "name": "tiny",
        "task": "classify",
        "network": "efficientnet_lite0",
        "dataset": "phantom-a",
        "start": "scratch",
        "device": "cpu",
        "threads": 1,
        "size": 32,
        "batch": 4,
        "epochs": 6,
        "mixup": 0.2,
        "dropout": 0.3,
    }
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(make_demo(tmp_path_factory.mktemp("kill") / "演示 🩺", photos=12).workspace)


def child(workspace: Workspace, run: RunInfo, first: Callable[[], None] | None = None) -> subprocess.Popen[bytes]:
    """The training itself, as the runner starts it; ``first`` is called in it before it begins."""
    line = [sys.executable, str(ROOT / "main.py"), "training", "--workspace", str(workspace.root), "--run"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen([*line, str(run.folder)], stdout=quiet, stderr=quiet, preexec_fn=first)


def small_disk() -> None:
    """In the child: no file can grow beyond 8 MB, as on a disk with no more room; a checkpoint has 50."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (8 << 20, 8 << 20))


def until(met: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "nothing happened"
        _PAUSE.wait(0.02)  # the runner is nobody's child here: its files are all there is to watch


def epochs(folder: Path) -> dict[int, dict[str, object]]:
    """The numbers of each epoch, as they were last reported."""
    numbers = ("loss", "rate", "val_loss", "val_accuracy", "confusion")
    return {
        int(e["epoch"]): {k: v for k, v in e.items() if k in numbers}
        for e in read_events(folder)
        if e["event"] == "epoch"
    }


def lines(folder: Path) -> int:
    return sum(1 for e in read_events(folder) if e["event"] in ("loaded", "epoch"))


@pytest.mark.timeout(600)  # each start imports torch on two busy cores
def test_a_run_killed_at_random_moments_gives_the_numbers_of_an_unbroken_one(demo: Workspace) -> None:
    unbroken, broken = enqueue(demo, PLAN, "li"), enqueue(demo, PLAN, "li")
    assert child(demo, unbroken).wait() == 0
    chance = random.Random(0)
    kills = 0
    while kills < 4:
        process, seen = child(demo, broken), lines(broken.folder)
        # after so many more lines (none: while it starts or loads), and a moment later: within a batch or a checkpoint
        wanted = seen + chance.choice([0, 1, 2])
        until(lambda w=wanted, p=process: lines(broken.folder) >= w or p.poll() is not None)  # type: ignore[misc]
        moment = time.monotonic() + chance.uniform(0, 0.4)
        until(lambda m=moment: time.monotonic() >= m)  # type: ignore[misc]
        process.kill()
        if process.wait() == 0:
            break
        kills += 1
        now = show_run(demo, broken.name)
        assert now.state in ("failed", "queued"), "it died, or before it began"
        assert now.error is None or now.error["code"] == "run_died"
        resume_run(demo, broken.name, "li")
    assert kills >= 2
    if show_run(demo, broken.name).state != "done":
        assert child(demo, broken).wait() == 0
    one, two = show_run(demo, unbroken.name), show_run(demo, broken.name)
    assert (one.state, two.state) == ("done", "done")
    assert epochs(one.folder) == epochs(two.folder)
    assert one.scores == pytest.approx(two.scores, abs=0, nan_ok=True)
    shas = [show_model(run.model or "", demo).manifest.sha256 for run in (one, two)]
    assert shas[0] == shas[1]
    assert len(list((demo.models / "tiny").iterdir())) == 2, "a run that dies while it keeps its model keeps no two"


@pytest.mark.timeout(600)
def test_the_runner_outlives_who_started_it_and_a_killed_child(demo: Workspace) -> None:
    """One run is killed, one paused and resumed; the runner works through all and ends."""
    plan = PLAN.model_copy(update={"name": "queue", "epochs": 3})
    first, second = enqueue(demo, plan, "li"), enqueue(demo, plan, "li")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from app.common.workspace import open_workspace\n"
        "from app.training.runs import start_runner\n"
        "start_runner(open_workspace(sys.argv[2]))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(ROOT), str(demo.root)], check=True)
    until(lambda: show_run(demo, first.name).state == "running")
    os.kill(int((first.folder / "lock").read_text(encoding="utf-8")), signal.SIGKILL)
    until(lambda: show_run(demo, first.name).state == "failed")
    until(lambda: lines(second.folder) >= 2)
    pause_run(demo, second.name, "li")
    until(lambda: show_run(demo, second.name).state in ("paused", "done"))
    resume_run(demo, first.name, "li")
    if show_run(demo, second.name).state == "paused":
        resume_run(demo, second.name, "li")
    start_runner(demo)
    until(lambda: all(r.state == "done" for r in list_runs(demo) if r.plan.name == "queue"), 240)
    assert runner.wait_for_started(60)
    assert epochs(first.folder) == epochs(second.folder)


@pytest.mark.timeout(300)
def test_a_disk_that_is_full_at_a_checkpoint_fails_the_run_and_it_can_be_resumed(demo: Workspace) -> None:
    run = enqueue(demo, PLAN.model_copy(update={"name": "disk", "epochs": 2}), "li")
    assert child(demo, run, small_disk).wait() == 2
    failed = show_run(demo, run.name)
    assert failed.state == "failed"
    assert failed.error is not None
    assert failed.error["code"] == "disk_full"
    assert "checkpoint.pt" in failed.error["what"]
    assert not list(run.folder.glob("*.part")), "nothing half written stays"
    resume_run(demo, run.name, "li")
    assert child(demo, run).wait() == 0
    done = show_run(demo, run.name)
    assert (done.state, done.epoch, done.error) == ("done", 2, None)


@pytest.mark.timeout(300)
def test_a_child_that_is_told_to_end_pauses_its_run(demo: Workspace) -> None:
    run = enqueue(demo, PLAN.model_copy(update={"name": "told", "epochs": 200}), "li")
    process = child(demo, run)
    until(lambda: lines(run.folder) >= 2)
    process.terminate()
    assert process.wait() == 130
    assert show_run(demo, run.name).state == "paused"
    assert show_run(demo, run.name).epoch >= 1
