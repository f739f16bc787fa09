"""Training on the command line: a run in the foreground is one of the workspace's; the probe; what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.common.workspace import Workspace, open_workspace
from app.datasets.demo import make_demo
from app.training import runs
from app.training.events import STOP_FILE, read_events
from app.training.plan import make_plan
from tests.contract import CommandLine

TINY = 'name = "tiny"\nsize = 32\nbatch = 4\nthreads = 1\ndevice = "cpu"\n'
OPTIONS = ("--task", "classify", "--network", "efficientnet_lite0", "--dataset", "phantom-a", "--start", "scratch")


@pytest.fixture
def squama(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return CommandLine(capsysbinary)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("training") / "演示 🩺", photos=12).workspace


@pytest.fixture
def demo(made: Path, tmp_path: Path) -> Workspace:
    """A demo workspace of this test's own."""
    return open_workspace(shutil.copytree(made, tmp_path / "演示"))


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    file = tmp_path / "recipe.toml"
    file.write_text(TINY, encoding="utf-8")
    return file


def test_no_runs_yet(squama: CommandLine, demo: Workspace) -> None:
    assert squama("runs_list", "runs", "list", "--workspace", demo.root) == []
    for action in ("show", "stop", "resume"):
        assert squama.refused("runs", action, "nobody", "--workspace", demo.root) == "no_such_run"
    assert squama.refused("runs", "--workspace", demo.root) == "wrong_call"


@pytest.mark.timeout(300)  # two busy cores: loading and warming networks up takes most of it
def test_a_run_in_the_foreground_is_one_of_the_workspaces(
    squama: CommandLine, demo: Workspace, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, at = tmp_path / "my run", ("--workspace", demo.root)
    line = ("train", *OPTIONS, "--recipe", recipe, "--epochs", 2, "--out", out, *at)
    done = squama("train", *line)
    (listed,) = squama("runs_list", "runs", "list", *at)
    assert (listed["run"], listed["state"], listed["epoch"]) == ("my run", "done", 2)
    assert (listed["model"], listed["folder"]) == (done["model"], str(out))
    assert listed["dataset"].startswith("phantom-a@")
    assert squama("runs_show", "runs", "show", out, *at) == listed
    assert {f.name for f in out.iterdir()} >= {"plan.toml", "events.jsonl", "result.json", "predictions.csv"}
    assert squama.refused("runs", "stop", "my run", *at) == "run_over"
    assert squama.refused("runs", "resume", "my run", *at) == "run_done"
    assert squama.refused(*line) == "output_exists"

    halted = tmp_path / "halted"
    monkeypatch.setattr(runs, "start_runner", lambda workspace: None)
    _stop_after_the_first_epoch(monkeypatch)
    assert squama.refused("train", *OPTIONS, "--recipe", recipe, "--out", halted, *at, status=130) == "training_stopped"
    paused = squama("runs_show", "runs", "show", "halted", *at)
    assert (paused["state"], paused["epoch"]) == ("paused", 1)
    queued = squama("runs_show", "runs", "resume", halted, *at)
    assert queued["state"] == "queued"
    assert squama("runs_show", "runs", "stop", "halted", *at)["state"] == "paused"


def test_a_run_in_the_foreground_is_listed_while_it_works_and_paused_by_an_interrupt(
    squama: CommandLine, demo: Workspace, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.training import run

    seen: list[str] = []

    def interrupted(*_: object) -> None:
        seen.extend(r.state for r in runs.list_runs(demo))
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "_learned", interrupted)
    out, at = tmp_path / "run", ("--workspace", demo.root)
    assert squama.refused("train", *OPTIONS, "--recipe", recipe, "--out", out, *at, status=130) == "cancelled"
    assert seen == ["running"]
    assert squama("runs_show", "runs", "show", "run", *at)["state"] == "paused"
    assert _row(demo) == ("run", "paused")


def _row(workspace: Workspace) -> tuple[str, str]:
    from contextlib import closing

    from sqlalchemy import select

    from app.datasets.store import open_store
    from db.tables import Run

    with closing(open_store(workspace)) as store, store.read() as session:
        (row,) = session.scalars(select(Run))
        return row.name, row.state


def _stop_after_the_first_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.training.events import Events

    write = Events.write

    def wrapped(self: Events, kind: str, **facts: object) -> None:
        write(self, kind, **facts)
        if kind == "epoch":
            (self.run / STOP_FILE).touch()

    monkeypatch.setattr(Events, "write", wrapped)


def test_photos_that_are_gone_fail_the_run_in_plain_words(
    squama: CommandLine, demo: Workspace, recipe: Path, tmp_path: Path
) -> None:
    for photo in demo.media.rglob("*.jpg"):
        photo.unlink()
    out, at = tmp_path / "run", ("--workspace", demo.root)
    code = squama.refused("train", *OPTIONS, "--recipe", recipe, "--epochs", 1, "--out", out, *at)
    run = squama("runs_show", "runs", "show", "run", *at)
    assert (run["state"], run["error"]["code"]) == ("failed", code)
    warned = [e for e in read_events(out) if e["event"] == "warning"]
    assert {"photos_gone", "few_to_learn_from"} <= {e["code"] for e in warned}
    assert squama("error", "train", *OPTIONS, "--dry-run", *at, status=2)["error"]["code"] == "no_training_images"


@pytest.mark.timeout(300)
def test_the_probe_says_what_a_plan_costs(squama: CommandLine, demo: Workspace, recipe: Path) -> None:
    at = ("--workspace", demo.root)
    found = squama("train_dry_run", "train", *OPTIONS, "--recipe", recipe, "--dry-run", *at)
    assert 3_000_000 < found["parameters"] < 4_000_000
    assert found["seconds"] > 0
    assert found["images_per_second"] > 0
    assert found["missing"] == []
    assert any("CPU" in note for note in found["notes"])
    assert squama("runs_list", "runs", "list", *at) == [], "a probe is no run"
    assert not list(demo.models.iterdir()), "and leaves no model"


def test_what_cannot_be_trained_is_said_before_anything_is_made(
    squama: CommandLine, demo: Workspace, tmp_path: Path
) -> None:
    out, at = tmp_path / "run", ("--workspace", demo.root)
    plan = tmp_path / "plan.toml"
    plan.write_text('name = "x"\ntask = "classify"\nnetwork = "resnet18"\ndataset = "d"\nmagic = 1\n', encoding="utf-8")
    assert squama.refused("train", plan, "--out", out, *at) == "plan_wrong"
    assert squama.refused("train", plan, *at) == "wrong_call"
    plan.write_text('name = "x"\ntask = "classify"\nnetwork = "resnet18"\ndataset = "d"\n', encoding="utf-8")
    assert squama.refused("train", plan, "--out", out, *at) == "no_such_dataset"
    assert squama.refused("train", plan, "--dry-run", *at) == "no_such_dataset"
    assert not out.exists()
    assert squama("runs_list", "runs", "list", *at) == []


def test_a_run_waits_with_the_very_version_it_was_made_for(demo: Workspace) -> None:
    plan = make_plan({"name": "net", "task": "classify", "network": "resnet18", "dataset": "phantom-a"})
    run = runs.enqueue(demo, plan, "li")
    assert run.plan.dataset.startswith("phantom-a@")
    assert runs.enqueue(demo, plan.model_copy(update={"dataset": run.plan.dataset[:20]}), "li").plan == run.plan
