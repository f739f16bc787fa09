"""How a classifier learns: in parts of a batch, in several processes, stopped and gone on with, short of memory, of
disk; and that it learns at all."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app.common.errors import UserError
from app.common.files import write_atomically
from app.common.places import ROOT
from app.common.workspace import Workspace, open_workspace
from app.datasets.freezing.frozen import FrozenDataset
from app.inference.networks.classifiers import CLASSIFIERS, TIMM_NAMES, Classifier, build_classifier
from app.training.events import STOP_FILE, Events, read_events
from app.training.learning import session as session_module
from app.training.learning.classify import Normal
from app.training.learning.session import CHECKPOINT, Session, Stopped, freeze_first
from app.training.learning.whole import Learned, learn_classifier
from app.training.plan import make_plan
from tests.unit.training_sets import CLASSES, blobs

NORMAL = Normal((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
BASE: dict[str, Any] = {
    "name": "tiny", "dataset": "tiny", "task": "classify", "network": "tiny", "start": "scratch", "device": "cpu",
    "threads": 1, "size": 32, "epochs": 3, "batch": 4, "whole_photos": 0.3, "workers": 1,
}  # fmt: skip
ALL_OF_IT = {
    **BASE, "accumulate": 2, "batch": 3, "mixup": 0.3, "cutmix": 1.0, "dropout": 0.4, "head_epochs": 1, "patience": 2,
    "frozen_norms": False, "loss": "focal", "rare": "class_weights", "epochs": 4, "augment": {"randaugment": 2},
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def tiny_network() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TIMM_NAMES, "tiny", "test_efficientnet")
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> FrozenDataset:
    return blobs(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("ws"))


def learn(
    raw: dict[str, Any], dataset: FrozenDataset, run: Path, workspace: Workspace, resume: bool = False
) -> Learned:
    run.mkdir(exist_ok=True)
    return learn_classifier(make_plan(raw), dataset, NORMAL, Events(run), workspace, resume)


def same(one: Learned, other: Learned) -> bool:
    return one.state.keys() == other.state.keys() and all(torch.equal(one.state[k], other.state[k]) for k in one.state)


def apart(one: Learned, other: Learned) -> float:
    """Largest difference of a weight."""
    return max(float((one.state[k].double() - other.state[k].double()).abs().max()) for k in one.state if "net." in k)


@pytest.mark.parametrize("raw", [ALL_OF_IT, {**BASE, "cached_features": True, "epochs": 5}], ids=["all", "cached"])
def test_stopped_at_any_step_it_gives_the_numbers_of_an_unbroken_run(
    raw: dict[str, Any], dataset: FrozenDataset, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed four times, at steps drawn at random, each time beginning again from the last whole epoch."""
    unbroken = learn(raw, dataset, tmp_path / "whole", workspace)
    rng, take = np.random.default_rng(5), Session._take_step
    left = [0]

    def dies(self: Session) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        take(self)

    monkeypatch.setattr(Session, "_take_step", dies)
    deaths = 0
    for _ in range(4):
        left[0] = int(rng.integers(1, 7))
        try:
            broken = learn(raw, dataset, tmp_path / "broken", workspace, resume=deaths > 0)
        except KeyboardInterrupt:
            deaths += 1
    left[0] = 0
    broken = learn(raw, dataset, tmp_path / "broken", workspace, resume=True)
    assert deaths >= 2
    assert same(unbroken, broken)
    assert unbroken.scores == broken.scores


def test_an_accumulated_batch_has_the_gradient_of_the_whole_one(
    dataset: FrozenDataset, workspace: Workspace, tmp_path: Path
) -> None:
    raw = {**BASE, "dropout": 0.0, "optimiser": "sgd", "learning_rate": 0.05, "rare": "class_weights", "epochs": 2}
    whole = learn({**raw, "batch": 6}, dataset, tmp_path / "whole", workspace)
    parts = learn({**raw, "batch": 2, "accumulate": 3}, dataset, tmp_path / "parts", workspace)
    other = learn({**raw, "batch": 2}, dataset, tmp_path / "other", workspace)
    assert apart(whole, parts) < 1e-5 < apart(whole, other)
    assert [e["step"] for e in read_events(tmp_path / "parts") if e["event"] == "epoch"] == [4, 8]


def test_a_gpu_short_of_memory_gets_smaller_batches_and_the_event_says_so(
    dataset: FrozenDataset, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = {**BASE, "batch": 6, "dropout": 0.0, "optimiser": "sgd", "learning_rate": 0.05}
    free = learn(raw, dataset, tmp_path / "free", workspace)
    forward, allowed = Classifier.forward, [2]

    def short(self: Classifier, x: torch.Tensor) -> torch.Tensor:
        if self.training and len(x) > allowed[0]:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, x)

    monkeypatch.setattr(Classifier, "forward", short)
    tight = learn(raw, dataset, tmp_path / "tight", workspace)
    assert apart(free, tight) < 1e-5
    said = [e for e in read_events(tmp_path / "tight") if e["event"] == "warning"]
    assert [(e["code"], e["batch"], e["accumulate"]) for e in said] == [
        ("gpu_out_of_memory", 3, 2),
        ("gpu_out_of_memory", 1, 6),
    ]
    allowed[0] = 0
    with pytest.raises(UserError) as none:
        learn(raw, dataset, tmp_path / "none", workspace)
    assert none.value.code == "gpu_out_of_memory"


def test_a_full_disk_at_a_checkpoint_is_said_plainly_and_the_run_goes_on_later(
    dataset: FrozenDataset, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = learn(BASE, dataset, tmp_path / "whole", workspace)
    writes = [0]

    def full(path: Path, data: bytes) -> None:
        writes[0] += path.name == CHECKPOINT
        if writes[0] == 2:
            raise UserError("disk_full", file=path.name)
        write_atomically(path, data)

    monkeypatch.setattr(session_module, "write_atomically", full)
    with pytest.raises(UserError) as stopped:
        learn(BASE, dataset, tmp_path / "full", workspace)
    assert stopped.value.code == "disk_full"
    monkeypatch.undo()
    assert same(unbroken, learn(BASE, dataset, tmp_path / "full", workspace, resume=True))


def test_patience_keeps_the_best_epoch_and_ends_the_run(
    dataset: FrozenDataset, workspace: Workspace, tmp_path: Path
) -> None:
    """A rate far too high: after a good beginning everything falls apart."""
    raw = {**BASE, "epochs": 12, "patience": 2, "average": 0.0, "start_rate_share": 1.0, "learning_rate": 1e-9}
    learned = learn(raw, dataset, tmp_path / "run", workspace)
    told = list(read_events(tmp_path / "run"))
    balanced = [e["val_balanced_accuracy"] for e in told if e["event"] == "epoch"]
    assert len(balanced) == 3  # nothing is gained at such a rate
    assert [e["epoch"] for e in told if e["event"] == "early"] == [2]
    assert learned.scores["balanced_accuracy"] == max(balanced)


def test_first_only_the_head_learns(dataset: FrozenDataset, workspace: Workspace, tmp_path: Path) -> None:
    def body(learned: Learned) -> dict[str, torch.Tensor]:
        return {k: v for k, v in learned.state.items() if k.startswith("net.") and "classifier" not in k}

    raw = {**BASE, "frozen_norms": False, "epochs": 2}
    torch.manual_seed(make_plan(raw).seed)
    start = build_classifier("tiny", len(CLASSES)).state_dict()
    only = body(learn({**raw, "head_epochs": 2}, dataset, tmp_path / "only", workspace))
    assert all(torch.equal(v, start[k]) for k, v in only.items())
    then = body(learn({**raw, "head_epochs": 1}, dataset, tmp_path / "then", workspace))
    assert not all(torch.equal(v, start[k]) for k, v in then.items())


@pytest.mark.parametrize("name", sorted({"convnext_tiny", "resnet18", "densenet121", "inception_v3"}))
def test_a_frozen_network_still_has_a_head_that_learns(name: str) -> None:
    assert name in CLASSIFIERS
    with torch.device("meta"):
        model = build_classifier(name, 5)
    head = model.net.get_classifier()
    freeze_first(model.net, -1, head)
    learning = {id(p) for p in model.parameters() if p.requires_grad}
    assert learning == {id(p) for p in head.parameters()}


def test_cached_features_are_computed_once_and_answer_as_the_network_does(
    dataset: FrozenDataset, tmp_path: Path
) -> None:
    workspace = open_workspace(tmp_path / "ws")
    raw = {**BASE, "cached_features": True, "feature_views": 2, "epochs": 30, "learning_rate": 0.01}
    learned = learn(raw, dataset, tmp_path / "one", workspace)
    computed = [(e["view"], e["pieces"]) for e in read_events(tmp_path / "one") if e["event"] == "features"]
    assert computed == [(-1, 24), (0, 24), (1, 24), (-1, 6), (-1, 6)]  # the whole photos come last, for "unlike"
    again = learn({**raw, "seed": 0, "epochs": 31}, dataset, tmp_path / "two", workspace)
    assert [e for e in read_events(tmp_path / "two") if e["event"] == "features"] == []
    assert again.answers
    model = build_classifier("tiny", len(CLASSES))
    model.load_state_dict({k: v for k, v in learned.state.items() if not k.startswith("unlike.")})
    from app.training.learning.classify import predict
    from app.training.learning.samples import load_pieces, squares

    pieces = [p for p in load_pieces(dataset.part("val"), CLASSES, 32, 0.15, whole=True) if p.box is not None]
    logits = torch.from_numpy(predict(model.eval(), NORMAL, squares(pieces, 32), torch.device("cpu")))
    chances = (logits / learned.temperature).softmax(1).numpy()
    assert np.allclose(chances, [a.chances for a in learned.answers], atol=1e-3)


def test_a_damaged_cache_is_computed_anew(dataset: FrozenDataset, tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "ws")
    raw = {**BASE, "cached_features": True}
    one = learn(raw, dataset, tmp_path / "one", workspace)
    for file in (workspace.cache / "features").iterdir():
        file.write_bytes(file.read_bytes()[:1000])
    assert same(one, learn(raw, dataset, tmp_path / "two", workspace))


def test_cut_features_are_refused(dataset: FrozenDataset, workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UserError) as wrong:
        learn({**BASE, "cached_features": True, "cutmix": 1.0}, dataset, tmp_path / "run", workspace)
    assert (wrong.value.code, wrong.value.facts["where"]) == ("plan_wrong", "cutmix")


def test_it_learns_in_a_minute(tmp_path: Path, workspace: Workspace) -> None:
    """From nothing, three colours on 60 photos; and the samples for the window name what they are."""
    dataset = blobs(tmp_path, learn=60, validate=18)
    raw = {**BASE, "epochs": 12, "batch": 8, "learning_rate": 5e-3, "average": 0.9, "frozen_norms": False}
    quiet = {"colour": 0.0, "grey": 0.0, "cutout": 0.0, "illumination": 0.0}
    learned = learn({**raw, "augment": quiet}, dataset, tmp_path / "run", workspace)
    assert learned.scores["balanced_accuracy"] >= 0.9
    last = [e for e in read_events(tmp_path / "run") if e["event"] == "epoch"][-1]
    assert np.sum(last["confusion"]) == 18
    assert last["images_per_second"] > 0
    assert (last["epoch"], last["epochs"]) == (11, 12)
    assert (tmp_path / "run" / "samples.json").exists()


WORKER = """
import pickle, sys
from pathlib import Path
from app.common.workspace import open_workspace
from app.inference.networks.classifiers import TIMM_NAMES
from app.training.events import Events
from app.training.learning.classify import Normal
from app.training.learning.whole import learn_classifier
import torch

TIMM_NAMES["tiny"] = "test_efficientnet"
plan, dataset, run, workspace = pickle.loads(Path(sys.argv[1]).read_bytes())
normal = Normal((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
learned = learn_classifier(plan, dataset, normal, Events(run), open_workspace(workspace), False)
from app.training.learning.parallel import rank
torch.save(learned.state, run / f"rank{rank()}.pt")
"""


def test_two_processes_learn_what_one_does(dataset: FrozenDataset, workspace: Workspace, tmp_path: Path) -> None:
    """torchrun with two workers on this machine, gloo: each takes half of every batch, the first writes."""
    raw = {**BASE, "dropout": 0.0, "optimiser": "sgd", "learning_rate": 0.05, "patience": 3, "batch": 5, "epochs": 2}
    one = learn(raw, dataset, tmp_path / "one", workspace)
    run = tmp_path / "two"
    run.mkdir()
    (tmp_path / "worker.py").write_text(WORKER, encoding="utf-8")
    (tmp_path / "job").write_bytes(pickle.dumps((make_plan(raw), dataset, run, workspace.root)))
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [sys.executable, *command, str(tmp_path / "worker.py"), str(tmp_path / "job")],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    first, second = (torch.load(run / f"rank{k}.pt", weights_only=True) for k in (0, 1))
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert apart(one, replace(one, state=first)) < 1e-5
    assert [e["epoch"] for e in read_events(run) if e["event"] == "epoch"] == [0, 1]


def test_asked_to_stop_while_features_are_computed_it_stops(dataset: FrozenDataset, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / STOP_FILE).touch()
    with pytest.raises(Stopped):
        learn({**BASE, "cached_features": True}, dataset, tmp_path / "run", open_workspace(tmp_path / "ws"))
