"""One training from plan to model folder, in the foreground: what ``train`` calls, and later the training child."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.common.errors import UserError
from app.common.files import write_atomically, write_error
from app.common.packs import load_pack
from app.common.workspace import Workspace
from app.datasets.freezing.frozen import FrozenDataset
from app.datasets.freezing.versions import load_dataset
from app.inference.manifest import Manifest, Preprocessing
from app.training.card import card
from app.training.events import STOP_FILE, Events
from app.training.plan import Plan, plan_as_toml

if TYPE_CHECKING:
    from app.training.learning.whole import Learned


@dataclass(frozen=True)
class RunResult:
    """``model`` is NAME:VERSION; ``scores`` are on the validation part."""

    run: Path
    model: str
    scores: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        return {"run": str(self.run), "model": self.model, "scores": self.scores}


def train(plan: Plan, out: Path, workspace: Workspace, resume: bool = False) -> RunResult:
    """Train what ``plan`` says on a frozen data set of the workspace.

    ``out`` gets plan.toml, events.jsonl, a checkpoint after each epoch and result.json; the model goes to the
    workspace's models as NAME/VERSION, the version's last number counted up where it is taken. A file named ``stop``
    in ``out`` ends the run after the batch at hand.

    Raises:
        UserError: ``training_stopped``, ``training_not_finite``, ``no_training_images``, ``classes_mismatch``,
            ``no_such_dataset``, and those of photos, models and writing.
    """
    dataset = load_dataset(workspace, plan.dataset)
    return train_on(plan, dataset, out, workspace, resume)


def train_on(plan: Plan, dataset: FrozenDataset, out: Path, workspace: Workspace, resume: bool = False) -> RunResult:
    """As :func:`train`, on a data set that is at hand."""
    from app.training.learning.classify import Normal
    from app.training.learning.session import Stopped
    from app.training.learning.whole import learn_classifier, learn_detector

    _check(plan, dataset)
    _check_network(plan, len(dataset.classes))
    learn, input_ = (learn_classifier if plan.task == "classify" else learn_detector), _preprocessing(plan)
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not resume:
            (out / STOP_FILE).unlink(missing_ok=True)  # of an earlier run in this folder
    except OSError as error:
        raise write_error(error, out) from error
    write_atomically(out / "plan.toml", plan_as_toml(plan).encode())
    events = Events(out, _say)
    events.write("started", task=plan.task, network=plan.network, dataset=dataset.full_name, seed=plan.seed)
    try:
        learned = learn(plan, dataset, Normal(input_.mean, input_.std), events, workspace, resume)
    except Stopped as stop:
        raise UserError("training_stopped", run=out.name) from stop
    except UserError as error:
        events.write("failed", code=error.code)
        raise
    manifest = _keep(plan, dataset, learned, workspace)
    result = RunResult(out, manifest.label, learned.scores)
    write_atomically(out / "result.json", json.dumps(result.as_json(), indent=1).encode())
    events.write("done", model=manifest.label, **learned.scores)
    return result


def _check(plan: Plan, dataset: FrozenDataset) -> None:
    wanted = load_pack(plan.pack).keys
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


def _check_network(plan: Plan, classes: int) -> None:
    """Before a photo is read. Raises UserError ``unknown_architecture`` or ``plan_wrong``."""
    from app.inference.networks.classifiers import build_classifier
    from app.inference.networks.detectors import build_detector

    try:
        if plan.task == "classify":
            build_classifier(plan.network, classes)
        else:
            build_detector(plan.network, classes, plan.architecture)
    except (TypeError, ValueError, KeyError, RuntimeError) as error:
        raise UserError("plan_wrong", file=plan.name, where="architecture", reason=str(error)) from error


def _keep(plan: Plan, dataset: FrozenDataset, learned: Learned, workspace: Workspace) -> Manifest:
    from app.inference.weights import save_model

    version = _free_version(workspace.models / plan.name, plan.version)
    generators = sorted({str(i.meta["generator"]) for i in dataset.part("train") if "generator" in i.meta})
    manifest = Manifest(
        name=plan.name,
        version=version,
        task=plan.task,
        architecture=plan.network,
        pack=plan.pack,
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


def _free_version(models: Path, wanted: str) -> str:
    major, minor, patch = (int(n) for n in wanted.split("."))
    while (models / f"{major}.{minor}.{patch}").exists():
        patch += 1
    return f"{major}.{minor}.{patch}"


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
