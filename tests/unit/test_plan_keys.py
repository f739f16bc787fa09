"""Every key of a plan acts: a classifier trained with another value of it comes out otherwise. A key that does nothing
fails here, and so does a new one that nobody has thought of.

Tiny network, tiny photos, a second a training.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch

from app.common.workspace import Workspace, open_workspace
from app.datasets.freezing.frozen import FrozenDataset
from app.inference.networks.classifiers import TIMM_NAMES, build_classifier
from app.training.events import Events, read_events
from app.training.learning.classify import Normal
from app.training.learning.whole import learn_classifier
from app.training.plan import Augment, Plan, make_plan
from tests.unit.training_sets import blobs

NORMAL = Normal((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
BASE: dict[str, Any] = {
    "name": "tiny", "dataset": "tiny", "task": "classify", "network": "tiny", "start": "scratch", "device": "cpu",
    "threads": 1, "size": 32, "epochs": 2, "batch": 4, "whole_photos": 0.3, "workers": 1,
}  # fmt: skip
AUGMENT = {"margin_jitter": 0.1, "scale": 0.1, "illumination": 0.2, "blur": 0.1, "noise": 0.1, "jpeg": 0.1}
NOT_OF_LEARNING = {"name", "version", "task", "dataset", "pack", "licence", "limits", "device", "lesion_only"}
"""In the manifest, the choice of data and loop, or of the detector alone (its own tests)."""
SAME_NUMBERS = {"workers", "threads"}
OF_OTHERS = {"visual_features", "architecture"}
"""Acted on by the support vector machines and the detectors; tested there."""

# key -> another value, or (what it needs beside it, another value)
OTHERWISE: dict[str, Any] = {
    "network": "tiny2", "start": "<file>", "seed": 1, "size": 40, "margin": 0.4, "whole_photos": 0.9, "epochs": 3,
    "minutes": 1e-6, "batch": 2, "accumulate": 2, "precision": "bfloat16", "optimiser": "sgd", "learning_rate": 3e-3,
    "start_rate_share": 0.1, "weight_decay": 0.5, "warm_up": 0.4, "schedule": "constant", "head_epochs": 1,
    "patience": ({"epochs": 4, "learning_rate": 1e-9}, 1), "average": 0.5, "clip": 1e-3, "loss": "focal",
    "focal_gamma": ({"loss": "focal"}, 4.0), "rare": "class_weights", "mixup": 0.5, "cutmix": 1.0,
    "label_smoothing": 0.4, "dropout": 0.7, "freeze": 1, "frozen_norms": False, "cached_features": True,
    "feature_views": ({"cached_features": True}, 1),
}  # fmt: skip
LOOKS: dict[str, Any] = {
    "flip": False, "rotate": 10.0, "margin_jitter": 0.5, "scale": 0.5, "colour": 0.9, "illumination": 0.9,
    "blur": 0.9, "noise": 0.9, "jpeg": 0.9, "cutout": 0.9, "grey": 0.9, "randaugment": 2,
    "randaugment_strength": ({"randaugment": 2}, 2),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def tiny_networks() -> Any:
    """timm's test networks (0.4 million weights) under names of ours."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TIMM_NAMES, "tiny", "test_efficientnet")
        patch.setitem(TIMM_NAMES, "tiny2", "test_byobnet")
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> FrozenDataset:
    return blobs(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("ws"))


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("weights") / "start.pt"
    torch.manual_seed(99)
    torch.save(build_classifier("tiny", 1000).net.state_dict(), file)
    return file


class Learner:
    """Trains by a plan, each plan once; a training's print is the weights and how many epochs it had."""

    def __init__(self, dataset: FrozenDataset, workspace: Workspace, folder: Path) -> None:
        self.dataset, self.workspace, self.folder = dataset, workspace, folder
        self._known: dict[str, str] = {}

    def learn(self, plan: Plan) -> str:
        asked = plan.model_dump_json()
        if asked not in self._known:
            run = self.folder / str(len(self._known))
            run.mkdir()
            learned = learn_classifier(plan, self.dataset, NORMAL, Events(run), self.workspace, False)
            digest = hashlib.sha256(str([e["event"] for e in read_events(run) if e["event"] == "epoch"]).encode())
            for name, tensor in sorted(learned.state.items()):
                digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
            self._known[asked] = digest.hexdigest()
        return self._known[asked]


@pytest.fixture(scope="module")
def learner(dataset: FrozenDataset, workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Learner:
    return Learner(dataset, workspace, tmp_path_factory.mktemp("runs"))


def test_every_key_is_here() -> None:
    thought_of = set(OTHERWISE) | NOT_OF_LEARNING | SAME_NUMBERS | OF_OTHERS | {"augment"}
    assert thought_of == set(Plan.model_fields)
    assert set(LOOKS) == set(Augment.model_fields)


@pytest.mark.parametrize("key", OTHERWISE)
def test_a_key_of_the_plan_acts(key: str, learner: Learner, weights_file: Path) -> None:
    needs, value = OTHERWISE[key] if isinstance(OTHERWISE[key], tuple) else ({}, OTHERWISE[key])
    raw = {**BASE, "augment": AUGMENT, **needs}
    value = str(weights_file) if value == "<file>" else value
    assert learner.learn(make_plan(raw)) != learner.learn(make_plan({**raw, key: value}))


@pytest.mark.parametrize("key", LOOKS)
def test_a_key_of_augmentation_acts(key: str, learner: Learner) -> None:
    needs, value = LOOKS[key] if isinstance(LOOKS[key], tuple) else ({}, LOOKS[key])
    augment = {**AUGMENT, **needs}
    one, other = ({**BASE, "augment": a} for a in (augment, {**augment, key: value}))
    assert learner.learn(make_plan(one)) != learner.learn(make_plan(other))


@pytest.mark.parametrize("change", [{"workers": 3}, {"precision": "auto"}, {"threads": 1}])
def test_what_may_change_nothing_changes_nothing(change: dict[str, Any], learner: Learner) -> None:
    assert learner.learn(make_plan(BASE)) == learner.learn(make_plan({**BASE, **change}))


@pytest.mark.parametrize("rare", ["none", "logit_adjustment"])
def test_every_way_with_rare_classes_acts(rare: str, learner: Learner) -> None:
    base = {**BASE, "augment": AUGMENT}
    prints = {learner.learn(make_plan({**base, "rare": r})) for r in ("balanced_sampling", "class_weights", rare)}
    assert len(prints) == 3


def test_float16_trains(learner: Learner) -> None:
    assert learner.learn(make_plan({**BASE, "precision": "float16"})) != learner.learn(make_plan(BASE))
