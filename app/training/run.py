"""One training from plan to model folder: in the foreground (``train``) or as the runner's child."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.common.errors import UserError
from app.common.files import write_atomically, write_error
from app.common.locks import take_lock
from app.common.packs import load_pack
from app.common.words import text
from app.common.workspace import Workspace
from app.datasets.freezing.frozen import FrozenDataset
from app.datasets.freezing.versions import load_dataset
from app.inference.manifest import Manifest, Preprocessing
from app.training.card import card
from app.training.cautions import cautions
from app.training.events import STOP_FILE, Events, leads, read_events
from app.training.gpu import gpu_alone
from app.training.plan import Plan, plan_as_toml, read_plan
from app.training.runs import (
    ERROR_FILE,
    LOCK_FILE,
    PLAN_FILE,
    QUEUED_FILE,
    RESULT_FILE,
    background_threads,
    queue_mark,
    register,
    seconds_spent,
    write_failure,
)
from app.training.usage import watched
from app.training.val_answers import ANSWERS, write_answers

if TYPE_CHECKING:
    from app.training.learning.whole import Learned


MACHINES = "svm-"  # networks that are none: visual features and a support vector machine
VERSION_FILE = "version"  # of the model that this run makes: chosen once, also when it dies while keeping it


@dataclass(frozen=True)
class RunResult:
    """``model`` is NAME:VERSION, None for support vectors, which no model is made of; ``scores``: on validation."""

    run: Path
    model: str | None
    scores: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        return {"run": str(self.run), "model": self.model, "scores": self.scores}


def train(plan: Plan, out: Path, workspace: Workspace, actor: str = "", resume: bool = False) -> RunResult:
    """Train what ``plan`` says on a frozen data set of the workspace, in the foreground, as one of its runs.

    ``out`` gets plan.toml, events.jsonl, a checkpoint after each epoch, the answers on the validation part and
    result.json; the model goes to the workspace's models as NAME/VERSION, the version's last number counted up where it
    is taken. A file named ``stop`` in ``out`` ends the run after the batch at hand.

    Raises:
        UserError: ``training_stopped``, ``training_not_finite``, ``no_training_images``, ``classes_mismatch``,
            ``no_such_dataset``, ``run_busy``, ``gpu_busy``, ``not_allowed``, and those of photos, models and writing.
    """
    from app.training.store import may_train, record_run

    dataset = load_dataset(workspace, plan.dataset)
    plan = plan.model_copy(update={"dataset": dataset.full_name})
    check(plan, dataset, workspace)
    if not leads():
        return _kept(plan, dataset, out, workspace, patient=False)
    may_train(workspace, actor)
    try:
        with held(out):
            _begin(plan, out, resume)
            register(workspace, out)
            record_run(workspace, out, actor)
            return _kept(plan, dataset, out, workspace, patient=False)
    finally:  # once the lock is free: else it would count as running
        record_run(workspace, out, actor)


def train_on(plan: Plan, dataset: FrozenDataset, out: Path, workspace: Workspace, resume: bool = False) -> RunResult:
    """As :func:`train`, on a data set that is at hand and without the workspace knowing of the run."""
    check(plan, dataset, workspace)
    with held(out):
        _begin(plan, out, resume)
        return _kept(plan, dataset, out, workspace, patient=False)


def train_queued(out: Path, workspace: Workspace) -> None:
    """The runner's child: a run that waits in the queue, begun or gone on with. What goes wrong stands in its folder.

    Raises:
        UserError: as for :func:`train`.
    """
    with held(out):
        mark = queue_mark(out)
        if mark is None:
            return  # taken out of the queue while this process started
        (out / QUEUED_FILE).unlink(missing_ok=True)
        try:
            plan = read_plan(out / PLAN_FILE)
            plan = plan if plan.threads else plan.model_copy(update={"threads": _threads(out)})
            dataset = load_dataset(workspace, plan.dataset)
            check(plan, dataset, workspace)
        except UserError as error:
            _failed(Events(out), error)
            raise
        _kept(plan, dataset, out, workspace, patient=True)


def _threads(out: Path) -> int:
    """Those a run began with, wherever that was: sums depend on them. Of a new one: half the cores."""
    begun = (e.get("threads") for e in read_events(out) if e.get("event") == "started")
    return next((n for n in begun if isinstance(n, int) and n > 0), 0) or background_threads()


@contextmanager
def held(out: Path) -> Iterator[None]:
    """The run's folder, made where it is missing, for this process alone (and those that learn with it).

    Raises:
        UserError: ``run_busy``, and those of writing.
    """
    if not leads():
        yield
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, out) from error
    lock = take_lock(out / LOCK_FILE)
    if lock is None:
        raise UserError("run_busy", run=out.name)
    with lock:
        yield


def _kept(plan: Plan, dataset: FrozenDataset, out: Path, workspace: Workspace, patient: bool) -> RunResult:
    """Learn, and keep the model and the scores; the folder says how it ended. ``patient``: wait for a busy GPU."""
    from app.training.learning.session import Stopped

    events = Events(out, _say, time.monotonic() - seconds_spent(out))
    try:
        with gpu_alone(plan.device, events if patient else None), watched(out):
            return _learned(plan, dataset, events, workspace)
    except Stopped as stop:
        raise UserError("training_stopped", run=out.name) from stop
    except KeyboardInterrupt:
        with contextlib.suppress(OSError, UserError):
            (out / STOP_FILE).touch()
            events.write("stopped")
        raise
    except MemoryError as error:
        raise _failed(events, UserError("out_of_memory", run=out.name)) from error
    except UserError as error:
        raise _failed(events, error) from error


def _learned(plan: Plan, dataset: FrozenDataset, events: Events, workspace: Workspace) -> RunResult:
    if plan.network.startswith(MACHINES):
        return _machine(plan, dataset, events, workspace)
    out, learned = events.run, learn(plan, dataset, events, workspace)
    if not leads():
        return RunResult(out, plan.name, learned.scores)
    manifest = _keep(plan, dataset, learned, workspace, out)
    write_answers(learned, manifest.label, dataset, out, workspace)
    result = RunResult(out, manifest.label, learned.scores)
    write_atomically(out / RESULT_FILE, json.dumps(result.as_json(), indent=1).encode())
    events.write("done", model=manifest.label, **learned.scores)
    return result


def _machine(plan: Plan, dataset: FrozenDataset, events: Events, workspace: Workspace) -> RunResult:
    from app.training.visual_features.run import learn_machine

    result = RunResult(events.run, None, learn_machine(plan, dataset, events, workspace))
    write_atomically(events.run / RESULT_FILE, json.dumps(result.as_json(), indent=1).encode())
    events.write("done", **result.scores)
    _say(text("run.no_model"))
    return result


def learn(plan: Plan, dataset: FrozenDataset, events: Events, workspace: Workspace) -> Learned:
    """Learn, from the run's checkpoint on where there is one; nothing is installed.

    Raises:
        UserError, Stopped: as for :func:`train`.
    """
    import torch

    from app.training.learning.classify import Normal
    from app.training.learning.whole import learn_classifier, learn_detector

    events.write(
        "started",
        task=plan.task,
        network=plan.network,
        dataset=dataset.full_name,
        seed=plan.seed,
        epochs=plan.epochs,
        threads=plan.threads or torch.get_num_threads(),
    )
    for caution in cautions(dataset):
        events.write("warning", **caution)
    input_ = _preprocessing(plan)
    how = learn_classifier if plan.task == "classify" else learn_detector
    return how(plan, dataset, Normal(input_.mean, input_.std), events, workspace, resume=True)


def _failed(events: Events, error: UserError) -> UserError:
    """Say it in the folder as well as a full disk allows; the error once more."""
    with contextlib.suppress(UserError):
        events.write("failed", code=error.code)
    with contextlib.suppress(UserError):
        if leads():
            write_failure(events.run, error)
    return error


def _begin(plan: Plan, out: Path, resume: bool) -> None:
    """The plan into the run's folder; what an earlier run left there would be taken for this one's."""
    old = (STOP_FILE, RESULT_FILE, ERROR_FILE, QUEUED_FILE, PLAN_FILE, "events.jsonl", "checkpoint.pt")
    if leads() and not resume:
        for name in (*old, VERSION_FILE, *ANSWERS):
            (out / name).unlink(missing_ok=True)
    if leads() and not (out / PLAN_FILE).exists():
        write_atomically(out / PLAN_FILE, plan_as_toml(plan).encode())


def check(plan: Plan, dataset: FrozenDataset, workspace: Workspace) -> None:
    """Before a photo is read.

    Raises:
        UserError: ``classes_mismatch``, ``no_training_images``, ``no_boxes_to_learn_from``, ``unknown_architecture`` or
            ``plan_wrong``.
    """
    wanted = load_pack(plan.pack, workspace.packs).keys if plan.pack else dataset.classes
    if dataset.classes != wanted:
        raise UserError(
            "classes_mismatch",
            model=plan.name,
            pack=plan.pack,
            wanted=", ".join(wanted),
            found=", ".join(dataset.classes),
        )
    if not dataset.part("train") or not dataset.part("val"):
        raise UserError("no_training_images", dataset=dataset.full_name)
    if plan.task == "detect" and not plan.lesion_only and not any(i.boxes for i in dataset.part("train")):
        raise UserError("no_boxes_to_learn_from", dataset=dataset.full_name)
    check_network(plan, len(dataset.classes))


def check_network(plan: Plan, classes: int) -> None:
    """Whether there is such a network with such settings.

    Raises:
        UserError: ``unknown_architecture`` or ``plan_wrong``.
    """
    if plan.network.startswith(MACHINES):
        from app.training.visual_features.patches import kind_of

        kind_of(plan)
        return
    from app.inference.networks.classifiers import build_classifier
    from app.inference.networks.detectors import build_detector

    try:
        if plan.task == "classify":
            build_classifier(plan.network, classes)
        else:
            build_detector(plan.network, classes, plan.architecture)
    except (TypeError, ValueError, KeyError, RuntimeError) as error:
        raise UserError("plan_wrong", file=plan.name, where="architecture", reason=str(error)) from error


def _keep(plan: Plan, dataset: FrozenDataset, learned: Learned, workspace: Workspace, out: Path) -> Manifest:
    from app.inference.weights import save_model

    version = _own_version(workspace.models / plan.name, plan.version, out)
    generators = sorted({str(i.meta["generator"]) for i in dataset.part("train") if "generator" in i.meta})
    manifest = Manifest(
        name=plan.name,
        version=version,
        task=plan.task,
        architecture=plan.network,
        pack=plan.pack or dataset.pack,
        classes=dataset.classes,
        preprocessing=_preprocessing(plan),
        temperature=learned.temperature,
        unlike=learned.unlike,
        parameters=learned.parameters,
        trained_on={
            "dataset": dataset.full_name,
            **learned.counts,
            "patients": len({i.group for i in dataset.part("train")}),
            **({"phantom_generator": generators} if generators else {}),
            "lesion_only": [f"{Path(s.images).parent.name} ({s.half} half)" for s in plan.lesion_only],
            "start": Path(plan.start).name,
        },
        scores={"val": learned.scores},
        seed=plan.seed,
        licence=plan.licence,
    )
    return save_model(workspace.models / plan.name / version, manifest, learned.state, card(manifest, plan))


def _preprocessing(plan: Plan) -> Preprocessing:
    from app.inference.networks.classifiers import default_preprocessing

    backbone = plan.network if plan.task == "classify" else plan.network.split("-")[1]
    usual: dict[str, Any] = default_preprocessing(backbone)
    margin = plan.margin if plan.task == "classify" else 0.0
    return Preprocessing(plan.size, tuple(usual["mean"]), tuple(usual["std"]), "bilinear", margin)


def _own_version(models: Path, wanted: str, out: Path) -> str:
    """A version that no other run has: its folder is made at once. The same again for a run that died while keeping."""
    file = out / VERSION_FILE
    if not file.exists():
        write_atomically(file, _claimed_version(models, wanted).encode())
    return file.read_text(encoding="utf-8")


def _claimed_version(models: Path, wanted: str) -> str:
    major, minor, patch = (int(n) for n in wanted.split("."))
    while True:
        version = f"{major}.{minor}.{patch}"
        try:
            models.mkdir(parents=True, exist_ok=True)
            (models / version).mkdir()
        except FileExistsError:
            patch += 1
        except OSError as error:
            raise write_error(error, models) from error
        else:
            return version


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
