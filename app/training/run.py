"""One training from plan to model folder, in the foreground: what ``train`` calls, and later the training child."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.common.errors import UserError
from app.common.files import write_atomically, write_error
from app.common.packs import load_pack
from app.common.workspace import Workspace
from app.datasets.frozen import FrozenDataset
from app.datasets.versions import load_dataset
from app.inference.manifest import Manifest, Preprocessing
from app.training.card import card
from app.training.events import Events
from app.training.plan import Plan, plan_as_toml

if TYPE_CHECKING:
    from torch import Tensor

    from app.training.learning.samples import Piece, Scene


@dataclass(frozen=True)
class RunResult:
    """``model`` is NAME:VERSION; ``scores`` are on the validation part."""

    run: Path
    model: str
    scores: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        return {"run": str(self.run), "model": self.model, "scores": self.scores}


@dataclass(frozen=True)
class _Learned:
    state: dict[str, Tensor]
    scores: dict[str, float]
    temperature: float
    unlike: dict[str, Any]
    parameters: dict[str, Any]
    counts: dict[str, int]


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
    from app.training.learning.session import Stopped

    _check(plan, dataset)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, out) from error
    write_atomically(out / "plan.toml", plan_as_toml(plan).encode())
    events = Events(out, _say)
    events.write("started", task=plan.task, network=plan.network, dataset=dataset.full_name, seed=plan.seed)
    try:
        learned = (_classify if plan.task == "classify" else _detect)(plan, dataset, events, workspace, resume)
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


def _classify(plan: Plan, dataset: FrozenDataset, events: Events, workspace: Workspace, resume: bool) -> _Learned:
    import torch

    from app.evaluation.classification import accuracy, balanced_accuracy, ece, macro_auc
    from app.inference.networks.classifiers import build_classifier
    from app.inference.unlike import fit_unlike
    from app.training.learning.calibration import best_temperature, softmax
    from app.training.learning.classify import Normal, predict, train_classifier
    from app.training.learning.samples import load_pieces, squares
    from app.training.learning.session import pick_device, threads
    from app.training.learning.starts import start_classifier

    device = pick_device(plan)
    classes = len(dataset.classes)
    with threads(plan):
        train_set = load_pieces(dataset.part("train"), dataset.classes, plan.size, plan.margin, whole=True)
        val_set = load_pieces(dataset.part("val"), dataset.classes, plan.size, plan.margin, whole=True)
        val_boxes = [p for p in val_set if p.box is not None] or val_set
        if not train_set or not val_boxes:
            raise UserError("no_training_images", dataset=dataset.full_name)
        events.write("loaded", pieces=len(train_set), val=len(val_boxes), classes=classes)
        torch.manual_seed(plan.seed)
        model = build_classifier(plan.network, classes, dropout=0.2)
        start_classifier(model, plan, workspace)
        pre = _preprocessing(plan)
        normal = Normal(pre.mean, pre.std)
        kept = train_classifier(plan, model, normal, train_set, val_boxes, classes, events, device, resume)
        logits, truth = predict(kept, normal, squares(val_boxes, plan.size), device)[0], _labels(val_boxes)
        temperature = best_temperature(logits, truth)
        p = softmax(logits / temperature)
        scores = {
            "accuracy": accuracy(truth, p.argmax(1)),
            "balanced_accuracy": balanced_accuracy(truth, p.argmax(1), classes),
            "macro_auc": macro_auc(truth, p),
            "ece": ece(truth, p),
        }
        events.write("calibrated", temperature=temperature, **scores)
        whole = [[p for p in part if p.box is None] or list(part) for part in (train_set, val_set)]
        features = [torch.from_numpy(predict(kept, normal, squares(w, plan.size), device)[1]) for w in whole]
        unlike = fit_unlike(features[0], features[1])
    state = {**kept.state_dict(), **unlike.tensors()}
    counts = {"images": len(dataset.part("train")), "lesions": sum(p.box is not None for p in train_set)}
    return _Learned(state, scores, temperature, unlike.as_json(), {}, counts)


def _detect(plan: Plan, dataset: FrozenDataset, events: Events, workspace: Workspace, resume: bool) -> _Learned:
    import torch

    from app.evaluation.detection import average_precision_07, match, mean_over_classes
    from app.inference.networks.detectors import DetectorSettings, build_detector
    from app.training.learning.classify import Normal
    from app.training.learning.detect import anchor_sizes, detect_all, map50, train_detector, truth_of
    from app.training.learning.samples import load_lesion_source, load_scenes
    from app.training.learning.session import pick_device, threads
    from app.training.learning.starts import start_detector

    device = pick_device(plan)
    classes = len(dataset.classes)
    with threads(plan):
        named = load_scenes(dataset.part("train"), dataset.classes, plan.size)
        val_set = load_scenes(dataset.part("val"), dataset.classes, plan.size)
        others = [load_lesion_source(source, plan.size) * source.repeat for source in plan.lesion_only]
        train_set: list[Scene] = [*named, *(scene for source in others for scene in source)]
        events.write("loaded", photos=len(named), unnamed=len(train_set) - len(named), val=len(val_set))
        parameters = {"anchor_sizes": anchor_sizes(train_set, plan), **plan.architecture}
        settings = DetectorSettings.from_json(parameters)
        torch.manual_seed(plan.seed)
        model = build_detector(plan.network, classes, settings)
        start_detector(model, plan, workspace)
        pre = _preprocessing(plan)
        normal = Normal(pre.mean, pre.std)
        kept = train_detector(plan, model, normal, train_set, val_set, classes, events, device, resume)
        found = detect_all(kept, normal, val_set, device)
        truths = [truth_of(scene) for scene in val_set]
        scores = {
            "map50_voc": map50(val_set, found, classes),
            "map50_voc07": mean_over_classes([average_precision_07(match(truths, found, k)) for k in range(classes)]),
        }
    counts = {
        "images": len(named),
        "boxes": sum(len(s.labels) for s in named),
        "unnamed_photos": len(train_set) - len(named),
    }
    return _Learned(dict(kept.state_dict()), scores, 1.0, {}, settings.as_json(), counts)


def _keep(plan: Plan, dataset: FrozenDataset, learned: _Learned, workspace: Workspace) -> Manifest:
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
            "start": plan.start,
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


def _labels(pieces: Sequence[Piece]) -> Any:
    import numpy as np

    return np.array([p.label for p in pieces])


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
