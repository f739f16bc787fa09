"""Training on a dozen tiny photos: a whole run, its repeatability, its stops. Seconds, not scores."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from app.common.errors import UserError
from app.common.geometry import Box
from app.common.packs import load_pack
from app.common.workspace import Workspace, open_workspace
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage
from app.inference.models import show_model
from app.training.evaluate import evaluate
from app.training.events import STOP_FILE, Events, read_events
from app.training.learning import classify
from app.training.plan import Plan, make_plan
from app.training.run import train_on

CLASSES = load_pack().keys
TINY = {"name": "tiny", "dataset": "tiny", "threads": 1, "epochs": 1, "start": "scratch", "device": "cpu"}
CLASSIFY = {**TINY, "task": "classify", "network": "efficientnet_lite0", "size": 32, "batch": 6, "whole_photos": 0.2}
DETECT = {
    **TINY,
    "task": "detect",
    "network": "fused-efficientnet_lite0-135",
    "size": 64,
    "batch": 3,
    "architecture": {"channels": 16, "hidden": 16, "anchor_sizes": [16.0, 32.0]},
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> FrozenDataset:
    """15 photos of 96 x 72 with one coloured blob each; of each disease one for training, validating and testing."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    images = []
    for n in range(15):
        pixels = rng.integers(150, 180, (72, 96, 3)).astype(np.uint8)
        x, y = (int(v) for v in rng.integers(20, 45, 2))
        pixels[y : y + 24, x : x + 24] = np.eye(3, dtype=np.uint8)[n % 3] * 200 + 30
        file = folder / f"{n}.png"
        file.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
        key = CLASSES[n % 5]
        box = Box(x, y, x + 24, y + 24)
        part = ("train", "val", "test")[n // 5]
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        images.append(FrozenImage(n, file, key, ((box, key),), f"P{n}", None, f"P{n}", part, (), 96, 72, sha256))
    return FrozenDataset("tiny", "0" * 16, CLASSES, tuple(images))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "ws")


def epochs(run: Path) -> list[dict[str, object]]:
    return [
        {k: v for k, v in e.items() if k not in ("time", "seconds", "images_per_second")}
        for e in read_events(run)
        if e["event"] == "epoch"
    ]


def test_a_classifier_from_plan_to_figures(dataset: FrozenDataset, workspace: Workspace, tmp_path: Path) -> None:
    result = train_on(make_plan(CLASSIFY), dataset, tmp_path / "run", workspace)
    assert result.model == "tiny:1.0.0"
    assert {"accuracy", "balanced_accuracy", "macro_auc", "ece"} == result.scores.keys()
    told = [e["event"] for e in read_events(tmp_path / "run") if e["event"] != "warning"]
    assert told == ["started", "loaded", "epoch", "calibrated", "done"]
    model = show_model(result.model, workspace)
    assert model.manifest.classes == CLASSES
    assert model.manifest.temperature > 0
    assert model.manifest.unlike["threshold"] >= 0
    assert model.manifest.trained_on["patients"] == 5
    assert "Research use only" in (model.folder / "CARD.md").read_text(encoding="utf-8")

    figures = evaluate(model, dataset, "test", tmp_path / "figures")
    assert (figures["n"], figures["groups"], figures["task"]) == (5, 5, "classify")
    assert np.sum(figures["confusion"]) == 5
    assert set(figures["per_class"]) == set(CLASSES)
    lines = (tmp_path / "figures" / "predictions.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 6
    assert sum(float(v) for v in lines[1].split(",")[-5:]) == pytest.approx(1, abs=1e-4)
    assert {f.name for f in (tmp_path / "figures").iterdir()} == {
        *("predictions.csv", "report.json", "confusion.csv", "mistakes.csv"),
        *("confusion.png", "confusion.pdf", "reliability.png", "reliability.pdf"),
    }
    report = json.loads((tmp_path / "figures" / "report.json").read_text(encoding="utf-8"))
    assert report["confusion"] == figures["confusion"]
    assert sum(b["n"] for b in report["reliability"]) == 5


def test_a_detector_learns_from_named_and_unnamed_lesions(
    dataset: FrozenDataset, workspace: Workspace, tmp_path: Path
) -> None:
    images, masks = tmp_path / "images", tmp_path / "masks"
    images.mkdir()
    masks.mkdir()
    for n in range(6):
        grey = np.full((40, 40), 120, np.uint8)
        grey[10:30, 10:30] = 40
        (images / f"L{n}.png").write_bytes(cv2.imencode(".png", grey)[1].tobytes())
        (masks / f"L{n}_Segmentation.png").write_bytes(cv2.imencode(".png", (grey < 100) * np.uint8(255))[1].tobytes())
    source = {"images": str(images), "masks": str(masks)}
    result = train_on(make_plan({**DETECT, "lesion_only": [source]}), dataset, tmp_path / "run", workspace)
    loaded = next(e for e in read_events(tmp_path / "run") if e["event"] == "loaded")
    assert 0 < loaded["unnamed"] < 6
    assert {"map50_voc", "map50_voc07"} == result.scores.keys()
    model = show_model(result.model, workspace)
    assert model.manifest.parameters["anchor_sizes"] == [16.0, 32.0]

    figures = evaluate(model, dataset, "test", tmp_path / "figures")
    assert figures["n"] == 5
    assert 0 <= figures["map50_voc"] <= 1
    head = (tmp_path / "figures" / "predictions.csv").read_text(encoding="utf-8").splitlines()[0]
    assert head == "image,x0,y0,x1,y1,label,score"
    report = json.loads((tmp_path / "figures" / "report.json").read_text(encoding="utf-8"))
    assert sum(size["n"] for size in report["by_size"].values()) == 5
    assert 0 <= report["froc"]["mean_sensitivity"] <= 1
    assert (tmp_path / "figures" / "froc.png").stat().st_size > 1000


@pytest.mark.parametrize("raw", [CLASSIFY, DETECT], ids=["classify", "detect"])
def test_the_same_plan_gives_the_same_numbers(
    raw: dict[str, object], dataset: FrozenDataset, workspace: Workspace, tmp_path: Path
) -> None:
    plan = make_plan(raw)
    for run in ("one", "two"):
        train_on(plan, dataset, tmp_path / run, workspace)
    assert epochs(tmp_path / "one") == epochs(tmp_path / "two")
    shas = [show_model(f"tiny:1.0.{k}", workspace).manifest.sha256 for k in (0, 1)]
    assert shas[0] == shas[1]


def test_a_stopped_run_goes_on_as_if_it_had_not_been(
    dataset: FrozenDataset, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan({**CLASSIFY, "epochs": 2})
    train_on(plan, dataset, tmp_path / "whole", workspace)
    halted = tmp_path / "halted"
    write = Events.write

    def stop_after_first(self: Events, kind: str, **facts: object) -> None:
        write(self, kind, **facts)
        if kind == "epoch" and facts["epoch"] == 0:
            (self.run / STOP_FILE).touch()

    monkeypatch.setattr(Events, "write", stop_after_first)
    with pytest.raises(UserError) as stopped:
        train_on(plan, dataset, halted, workspace)
    assert stopped.value.code == "training_stopped"
    monkeypatch.undo()
    (halted / STOP_FILE).unlink()
    train_on(plan, dataset, halted, workspace, resume=True)
    assert epochs(halted)[-1] == epochs(tmp_path / "whole")[-1]


@pytest.mark.parametrize("damage", ["noise", "cut", "empty", "words", "a list"])
def test_a_damaged_checkpoint_is_said(
    damage: str, dataset: FrozenDataset, workspace: Workspace, tmp_path: Path
) -> None:
    plan, out = make_plan(CLASSIFY), tmp_path / "run"
    train_on(plan, dataset, out, workspace)
    file = out / "checkpoint.pt"
    whole = file.read_bytes()
    a_list = io.BytesIO()
    torch.save([1, 2], a_list)
    left = {
        "noise": np.random.default_rng(0).bytes(5000),
        "cut": whole[: len(whole) // 2],
        "empty": b"",
        "words": b"no checkpoint",
        "a list": a_list.getvalue(),
    }
    file.write_bytes(left[damage])
    with pytest.raises(UserError) as refused:
        train_on(plan, dataset, out, workspace, resume=True)
    assert refused.value.code == "checkpoint_damaged"


def test_a_loss_that_is_no_number_stops_the_run_and_names_the_images(
    dataset: FrozenDataset, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    normal = classify.Normal.__call__
    monkeypatch.setattr(classify.Normal, "__call__", lambda self, pixels, device: normal(self, pixels, device) * np.nan)
    with pytest.raises(UserError) as wrong:
        train_on(make_plan(CLASSIFY), dataset, tmp_path / "run", workspace)
    assert wrong.value.code == "training_not_finite"
    event = next(e for e in read_events(tmp_path / "run") if e["event"] == "not_finite")
    assert event["images"]
    assert set(event["images"]) <= {"0", "1", "2", "3", "4"}
    assert not (workspace.models / "tiny").exists()


def test_what_cannot_be_trained_is_refused(dataset: FrozenDataset, workspace: Workspace, tmp_path: Path) -> None:
    other = FrozenDataset("other", "0" * 16, CLASSES[:3], dataset.images)
    nothing = FrozenDataset("nothing", "0" * 16, CLASSES, dataset.part("test"))
    for wrong, code in ((other, "classes_mismatch"), (nothing, "no_training_images")):
        plan = Plan.model_validate({**CLASSIFY, "pack": "erythemato-squamous"})
        with pytest.raises(UserError) as refused:
            train_on(plan, wrong, tmp_path / "run", workspace)
        assert refused.value.code == code
    plan = make_plan({**DETECT, "lesion_only": [{"images": str(tmp_path), "masks": str(tmp_path)}]})
    with pytest.raises(UserError) as missing:
        train_on(plan, dataset, tmp_path / "run", workspace)
    assert missing.value.code == "lesion_source_missing"


def test_a_detector_is_not_trained_without_a_single_box(
    dataset: FrozenDataset, workspace: Workspace, tmp_path: Path
) -> None:
    bare = replace(dataset, images=tuple(replace(i, boxes=()) for i in dataset.images))
    with pytest.raises(UserError) as refused:
        train_on(make_plan(DETECT), bare, tmp_path / "run", workspace)
    assert refused.value.code == "no_boxes_to_learn_from"
    assert not (tmp_path / "run").exists()


def test_a_model_of_other_diseases_is_told_apart_from_the_data_sets_pack(
    dataset: FrozenDataset, workspace: Workspace, tmp_path: Path
) -> None:
    result = train_on(make_plan(CLASSIFY), dataset, tmp_path / "run", workspace)
    other = replace(dataset, classes=CLASSES[:3], pack="other-pack")
    with pytest.raises(UserError) as refused:
        evaluate(show_model(result.model, workspace), other)
    assert (refused.value.code, refused.value.facts["pack"]) == ("classes_mismatch", "other-pack")


@pytest.mark.parametrize("change", [{"network": "nothing"}, {**DETECT, "network": "efficientnet_lite0"}])
def test_an_unknown_network_is_refused_before_anything_is_made(
    dataset: FrozenDataset, workspace: Workspace, tmp_path: Path, change: dict[str, object]
) -> None:
    with pytest.raises(UserError) as refused:
        train_on(make_plan({**CLASSIFY, **change}), dataset, tmp_path / "run", workspace)
    assert refused.value.code == "unknown_architecture"
    assert not (tmp_path / "run").exists()


def test_wrong_parameters_of_a_network_are_refused(
    dataset: FrozenDataset, workspace: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as refused:
        train_on(make_plan({**DETECT, "architecture": {"head": "cold"}}), dataset, tmp_path / "run", workspace)
    assert refused.value.code == "plan_wrong"


@pytest.mark.parametrize("name", ["start.pt", "start.safetensors"])
@pytest.mark.parametrize("damage", [b"", b"no weights", b"\xff\xd8\xff\xe0", b"PK\x03\x04"])
def test_start_weights_that_are_none_are_refused(
    dataset: FrozenDataset, workspace: Workspace, tmp_path: Path, name: str, damage: bytes
) -> None:
    (tmp_path / name).write_bytes(damage)
    with pytest.raises(UserError) as refused:
        train_on(make_plan({**CLASSIFY, "start": str(tmp_path / name)}), dataset, tmp_path / "run", workspace)
    assert refused.value.code == "start_unreadable"


def test_a_stop_file_of_an_earlier_run_stops_no_new_one(
    dataset: FrozenDataset, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / STOP_FILE).touch()
    assert train_on(make_plan(CLASSIFY), dataset, tmp_path, workspace).model == "tiny:1.0.0"


def test_a_photo_that_is_no_longer_the_frozen_one_is_refused(
    dataset: FrozenDataset, workspace: Workspace, tmp_path: Path
) -> None:
    images = (replace(dataset.images[0], path=dataset.images[1].path), *dataset.images[1:])
    for plan in (CLASSIFY, DETECT):
        with pytest.raises(UserError) as refused:
            train_on(make_plan(plan), replace(dataset, images=images), tmp_path / "run", workspace)
        assert refused.value.code == "photo_changed"
