"""What a detector learns from: anchors that fit, boxes that move with the picture, photos without lesions, the plan."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.models.detection.image_list import ImageList

from app.inference.networks import backbones
from app.inference.networks.detectors import UNKNOWN, Detector, DetectorSettings, build_detector, start_from_imagenet
from app.training.events import Events, read_events
from app.training.learning import detect
from app.training.learning.anchors import (
    USUAL_SIZES,
    Anchors,
    best_overlaps,
    box_sides,
    fit,
    fit_anchors,
    fit_proposals,
)
from app.training.learning.augment import random_scene
from app.training.learning.classify import Normal
from app.training.learning.detect import detect_all, map50, pictures_of, settings_of, train_detector
from app.training.learning.samples import Scene
from app.training.learning.session import Stopped, threads
from app.training.plan import Augment, Plan, make_plan

LIGHT = "fused-efficientnet_lite0-135"
NORMAL = Normal((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
CPU = torch.device("cpu")
STILL = {"flip": False, "scale": 0.0, "colour": 0.0, "illumination": 0.0, "blur": 0.0, "noise": 0.0, "jpeg": 0.0}
torch.set_num_threads(1)


def plan_of(**more: Any) -> Plan:
    usual: dict[str, Any] = {"name": "tiny", "task": "detect", "network": LIGHT, "dataset": "tiny", "start": "scratch"}
    return make_plan({**usual, "size": 64, "batch": 2, "epochs": 1, "threads": 1, "device": "cpu", **more})


def scene(boxes: list[list[float]], labels: list[int], height: int = 64, width: int = 84, seed: int = 0) -> Scene:
    """A grey photo with a coloured rectangle in each box."""
    pixels = np.full((height, width, 3), 110, np.uint8)
    pixels += np.random.default_rng(seed).integers(0, 12, pixels.shape, np.uint8)
    for box, label in zip(boxes, labels, strict=True):
        x0, y0, x1, y1 = (int(v) for v in box)
        pixels[y0:y1, x0:x1] = ((230, 60, 60), (60, 60, 230))[label % 2]
    array = np.array(boxes, float).reshape(-1, 4)
    return Scene(pixels, array, np.array(labels, np.int64), 1.0, None, f"s{seed}")


# -- anchors ---------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(9, 300), st.floats(9, 300)), min_size=5, max_size=40))
def test_fitted_anchors_are_sane(sides: list[tuple[float, float]]) -> None:
    boxes, weights = np.array(sides), np.ones(len(sides))
    found = fit(boxes, weights)
    assert list(found.sizes) == sorted(found.sizes)
    assert list(found.ratios) == sorted(found.ratios)
    assert (len(found.sizes), len(found.ratios)) == (5, 3)
    assert min(found.sizes) >= 8
    assert max(found.sizes) <= 301
    assert fit(boxes, weights) == found, "nothing is left to chance"


@settings(max_examples=25, deadline=None)
@given(st.floats(12, 40), st.floats(1.3, 1.7), st.floats(0.5, 2.0), st.integers(1, 6))
def test_boxes_of_as_many_sizes_as_anchors_are_met(first: float, step: float, ratio: float, each: int) -> None:
    sizes = np.repeat(first * step ** np.arange(5), each)
    boxes = np.stack([sizes / np.sqrt(ratio), sizes * np.sqrt(ratio)], axis=1)
    assert best_overlaps(boxes, fit(boxes, np.ones(len(boxes)))).min() > 0.95


def test_a_rare_small_class_gets_its_size() -> None:
    rng = np.random.default_rng(0)
    large = rng.normal(100, 5, (400, 2))
    small = rng.normal(20, 2, (12, 2))
    scenes = [
        Scene(np.zeros((480, 640, 3), np.uint8), np.hstack([np.zeros_like(s), s]), np.full(len(s), k), 1.0, None, "")
        for k, s in enumerate((large, small))
    ]
    found = fit_anchors(scenes, 480)
    assert best_overlaps(small, found).mean() > 0.8
    assert best_overlaps(large, found).mean() > 0.8
    assert best_overlaps(small, Anchors((128.0, 256.0, 512.0), (0.5, 1.0, 2.0))).max() < 0.05, (
        "the classic ones miss it"
    )
    sides, weights = box_sides(scenes, 240)
    assert sides[0] == pytest.approx(large[0] / 2), "at the network's scale"
    assert weights[:400].sum() == pytest.approx(weights[400:].sum())


def test_anchors_come_from_the_boxes_unless_the_plan_names_them() -> None:
    scenes = [scene([[5, 5, 45, 25], [50, 30, 80, 50]], [0, 1], seed=n) for n in range(4)]
    fitted = settings_of(plan_of(), scenes)
    assert fitted.anchor_ratios[1] < 1, "these boxes are wider than high"
    named = settings_of(plan_of(architecture={"anchor_sizes": [16.0, 32.0]}), scenes)
    assert (named.anchor_sizes, named.anchor_ratios) == ((16.0, 32.0), (0.5, 1.0, 2.0))
    assert settings_of(plan_of(), [scene([], [])]).anchor_sizes == USUAL_SIZES, "nothing to fit to"


# -- boxes move with the picture -------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    height=st.integers(40, 140),
    width=st.integers(40, 140),
    corner=st.tuples(st.floats(0, 0.6), st.floats(0, 0.6)),
    side=st.tuples(st.floats(0.25, 0.4), st.floats(0.25, 0.4)),
    canvas=st.tuples(st.integers(48, 128), st.integers(48, 128)),
    scale=st.floats(0, 0.6),
    flip=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_a_moved_box_still_covers_the_same_pixels(
    height: int,
    width: int,
    corner: tuple[float, float],
    side: tuple[float, float],
    canvas: tuple[int, int],
    scale: float,
    flip: bool,
    seed: int,
) -> None:
    x0, y0 = round(corner[0] * width), round(corner[1] * height)
    x1, y1 = x0 + round(side[0] * width), y0 + round(side[1] * height)
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[y0:y1, x0:x1] = 255
    how = Augment(flip=flip, scale=scale)
    rng = np.random.default_rng(seed)
    out, boxes, kept = random_scene(pixels, np.array([[x0, y0, x1, y1]], float), canvas, how, rng)
    assert out.shape == (*canvas, 3)
    if not kept[0]:
        return
    bx0, by0, bx1, by1 = boxes[0]
    assert 0 <= bx0 < bx1 <= canvas[1]
    assert 0 <= by0 < by1 <= canvas[0]
    inner = out[_inside(by0, by1), _inside(bx0, bx1)]
    assert (inner >= 250).all(), "all that the box covers is the lesion"
    zoom = max((bx1 - bx0) / (x1 - x0), (by1 - by0) / (y1 - y0), (bx1 - bx0) / (y1 - y0), (by1 - by0) / (x1 - x0), 1.0)
    photo = _photo_part(np.full_like(pixels, 255), canvas, how, seed)
    outside = photo.copy()
    reach = int(np.ceil(zoom)) + 1
    outside[max(int(by0) - reach, 0) : int(by1) + reach + 1, max(int(bx0) - reach, 0) : int(bx1) + reach + 1] = False
    assert (out[outside] <= 5).all(), "and no part of the lesion lies beside it"


def _inside(low: float, high: float) -> slice:
    return slice(int(np.ceil(low)) + 2, int(np.floor(high)) - 2)


def _photo_part(white: np.ndarray, canvas: tuple[int, int], how: Augment, seed: int) -> np.ndarray:
    """Where the photo, not the fill beside it, stands on the canvas; by the same chance."""
    black, _, _ = random_scene(np.zeros_like(white), np.zeros((0, 4)), canvas, how, np.random.default_rng(seed))
    bright, _, _ = random_scene(white, np.zeros((0, 4)), canvas, how, np.random.default_rng(seed))
    return (bright.astype(int) - black).min(2) == 255


def test_pictures_depend_on_seed_and_place_alone_and_losses_know_unnamed_lesions() -> None:
    scenes = [scene([[5, 5, 45, 25], [50, 30, 80, 50]], [0, -1]), scene([], [], seed=1)]
    plan = plan_of(augment=STILL)
    a, b = (pictures_of(scenes, plan, [np.random.default_rng(k) for k in (1, 2)]) for _ in range(2))
    assert np.array_equal(a.pictures, b.pictures)
    assert a.labels[0].tolist() == [1, UNKNOWN]
    assert a.boxes[1].shape == (0, 4)
    assert a.pictures.shape == (2, 64, 85, 3)


# -- the loop --------------------------------------------------------------------------------------------------------


def learned(
    plan: Plan, train: list[Scene], run: Path, start: bool = False, resume: bool = False
) -> tuple[Detector, list[dict[str, Any]]]:
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    small = {"channels": 16, "hidden": 32, "roi_samples": 32, "rpn_samples": 32, "context": False}
    plan = plan.model_copy(update={"architecture": {**small, **plan.architecture}})
    model = build_detector(plan.network, 2, settings_of(plan, train))
    if start:
        start_from_imagenet(model, plan.network)
    with threads(plan):
        kept = train_detector(plan, model, NORMAL, train, train[:4], 2, Events(run), CPU, resume)
    return kept, [e for e in read_events(run) if e["event"] == "epoch"]


def test_two_photos_are_learnt_by_heart(tmp_path: Path) -> None:
    photos = [
        scene([[10, 10, 50, 40]], [0], 96, 128),
        scene([[60, 30, 110, 80], [10, 50, 40, 90]], [1, 0], 96, 128, seed=1),
    ]
    more = {"size": 96, "epochs": 3, "learning_rate": 1e-3, "start_rate_share": 0.3, "average": 0.8, "augment": STILL}
    plan = plan_of(**more, architecture={"channels": 32, "hidden": 64}, freeze=3)
    model, _ = learned(plan, photos * 24, tmp_path, start=True)
    found = detect_all(model, NORMAL, photos, CPU)
    assert map50(photos, found, 2) == pytest.approx(1.0)
    assert all(float(f.scores.max()) > 0.7 for f in found)


def test_photos_without_boxes_are_learnt_from(tmp_path: Path) -> None:
    _, epochs = learned(plan_of(), [scene([], []), scene([], [], seed=1)], tmp_path)
    assert np.isfinite(epochs[0]["loss"])
    assert epochs[0]["loss_box_reg"] == 0
    assert np.isnan(epochs[0]["val_map50"]) or epochs[0]["val_map50"] == 0


PHOTOS = [scene([[5 + n, 5, 45, 25], [50, 30, 80, 50]], [0, 1], seed=n) for n in range(4)]


def weights_after(run: Path, **more: Any) -> torch.Tensor:
    model, _ = learned(plan_of(augment=STILL, **more), PHOTOS, run)
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_accumulation_takes_fewer_steps_and_workers_change_nothing(tmp_path: Path) -> None:
    plain = weights_after(tmp_path / "a")
    assert torch.equal(plain, weights_after(tmp_path / "b", workers=3))
    assert not torch.equal(plain, weights_after(tmp_path / "c", accumulate=2))
    steps = [next(e["step"] for e in read_events(tmp_path / name) if e["event"] == "epoch") for name in "abc"]
    assert steps == [2, 2, 1]


def test_lower_precision_and_head_first_act(tmp_path: Path) -> None:
    half = weights_after(tmp_path / "a", precision="bfloat16")
    assert torch.isfinite(half).all()
    torch.manual_seed(0)
    model, _ = learned(plan_of(head_epochs=1), PHOTOS, tmp_path / "c")
    torch.manual_seed(0)
    fresh = build_detector(LIGHT, 2, {"channels": 16, "hidden": 32, "context": False})
    pairs = zip(model.backbone.body.parameters(), fresh.backbone.body.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("blocks", [2, -1])
def test_frozen_blocks_keep_their_weights(blocks: int, tmp_path: Path) -> None:
    model, _ = learned(plan_of(freeze=blocks, weight_decay=0.5), PHOTOS, tmp_path)
    torch.manual_seed(0)
    fresh = build_detector(LIGHT, 2, {"channels": 16, "hidden": 32, "context": False})
    pairs = zip(model.backbone.body.named_parameters(), fresh.backbone.body.parameters(), strict=True)
    same = {name: torch.equal(mine, other) for (name, mine), other in pairs}
    assert same["conv_stem.weight"]
    assert all(same[name] for name in same if name.startswith(("blocks.0.", "blocks.1.")))
    assert all(same.values()) == (blocks == -1)


def test_patience_ends_the_run_and_keeps_the_best_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([0.2, 0.5, 0.4, 0.45, 0.9])
    monkeypatch.setattr(detect, "map50", lambda *_: next(scores))
    model, epochs = learned(plan_of(epochs=6, patience=2), PHOTOS[:2], tmp_path / "a")
    assert [e["val_map50"] for e in epochs] == [0.2, 0.5, 0.4, 0.45], "two epochs without gain, and it ends"
    state = torch.load(tmp_path / "a" / "checkpoint.pt", weights_only=True)
    assert all(torch.equal(value, state["best_state"][name]) for name, value in model.state_dict().items())
    assert any(not torch.equal(value, state["best_state"][name]) for name, value in state["mean"].items())


def test_a_run_that_was_stopped_ends_with_the_weights_of_an_unbroken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(backbones.TIMM_BACKBONES, "tiny", "test_efficientnet")
    plan = plan_of(network="fused-tiny-135", epochs=3, precision="bfloat16", accumulate=2, batch=1)
    unbroken, _ = learned(plan, PHOTOS, tmp_path / "a")
    for step in (1, 3):  # in the first epoch: from the beginning; in the second: from the first's checkpoint
        asked = iter(range(step + 1))
        with monkeypatch.context() as patch:
            patch.setattr(Events, "stop_asked", lambda _, asked=asked: next(asked, None) is None)
            with pytest.raises(Stopped):
                learned(plan, PHOTOS, tmp_path / str(step))
        again, epochs = learned(plan, PHOTOS, tmp_path / str(step), resume=True)
        assert [e["epoch"] for e in epochs] == [0, 1, 2]
        theirs = unbroken.state_dict()
        assert all(torch.equal(value, theirs[name]) for name, value in again.state_dict().items())


# -- every key -------------------------------------------------------------------------------------------------------

NOT_OF_LEARNING = {"name", "version", "task", "dataset", "pack", "licence", "limits", "device", "lesion_only", "start"}
SAME_NUMBERS = {"workers", "threads"}
OF_OTHERS = {"visual_features", "feature_views"}
# key -> another value, or (what it needs beside it, another value)
OTHERWISE: dict[str, Any] = {
    "network": "fused-tiny-15", "seed": 1, "size": 96, "epochs": 3, "minutes": 1e-6, "batch": 1, "accumulate": 2,
    "precision": "bfloat16", "optimiser": "sgd", "learning_rate": 3e-3, "start_rate_share": 0.1, "weight_decay": 0.5,
    "warm_up": 0.4, "schedule": "constant", "head_epochs": 1, "patience": ({"epochs": 4, "learning_rate": 1e-9}, 1),
    "average": 0.1, "clip": 1e-3, "freeze": 1, "frozen_norms": False, "architecture": {"roi_samples": 8},
}  # fmt: skip
LOOKS: dict[str, Any] = {
    "flip": False, "scale": 0.5, "colour": 0.9, "illumination": 0.9, "blur": 0.9, "noise": 0.9, "jpeg": 0.9,
    "grey": 0.9, "randaugment": 2, "randaugment_strength": ({"randaugment": 2}, 2),
}  # fmt: skip


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[dict[str, Any]], str]]:
    """Trains a detector of 0.4 million weights; a training's print is its weights and how many epochs it had."""
    folder, known = tmp_path_factory.mktemp("runs"), dict[str, str]()

    def trained(more: dict[str, Any]) -> str:
        plan = plan_of(**{"network": "fused-tiny-135", "epochs": 2, "workers": 1, **more})
        if plan.model_dump_json() not in known:
            model, epochs = learned(plan, PHOTOS, folder / str(len(known)))
            digest = hashlib.sha256(str(len(epochs)).encode())
            for name, tensor in sorted(model.state_dict().items()):
                digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
            known[plan.model_dump_json()] = digest.hexdigest()
        return known[plan.model_dump_json()]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(backbones.TIMM_BACKBONES, "tiny", "test_efficientnet")
        yield trained


def test_every_key_is_the_classifiers_or_here() -> None:
    classifiers = {k for k, f in Plan.model_fields.items() if (f.description or "").startswith("classify:")}
    others = {k for k, f in Augment.model_fields.items() if "classify only" in (f.description or "")}
    own = set(OTHERWISE) | NOT_OF_LEARNING | SAME_NUMBERS | OF_OTHERS | {"augment"}
    assert own | (classifiers - {"size"}) == set(Plan.model_fields)
    assert set(LOOKS) | others == set(Augment.model_fields)


@pytest.mark.parametrize("key", OTHERWISE)
def test_a_key_of_the_plan_acts_on_detectors(key: str, tiny: Callable[[dict[str, Any]], str]) -> None:
    needs, value = OTHERWISE[key] if isinstance(OTHERWISE[key], tuple) else ({}, OTHERWISE[key])
    assert tiny(needs) != tiny({**needs, key: value})


@pytest.mark.parametrize("key", LOOKS)
def test_a_key_of_augmentation_acts_on_detectors(key: str, tiny: Callable[[dict[str, Any]], str]) -> None:
    needs, value = LOOKS[key] if isinstance(LOOKS[key], tuple) else ({}, LOOKS[key])
    assert tiny({"augment": needs}) != tiny({"augment": {**needs, key: value}})


def crowd(boxes: int) -> Scene:
    corner = np.arange(boxes, dtype=float)[:, None] * 5
    placed = np.hstack([corner, corner, corner + 20, corner + 20])
    return Scene(np.zeros((64, 64, 3), np.uint8), placed, np.zeros(boxes, np.int64), 1.0, None, "x")


def test_crowded_photos_get_as_many_proposals_as_they_need() -> None:
    """Blood cells: with 400 anchors before suppression all proposals lay on the red cells, none on a platelet."""
    usual = DetectorSettings()
    few = fit_proposals([crowd(n) for n in (0, 1, 2, 4)])
    assert few == {name: getattr(usual, name) for name in few}
    many = fit_proposals([crowd(22)] * 10)
    assert (many["before_test"], many["after_test"], many["rpn_samples"]) == (5800, 550, 256)
    assert fit_proposals([]) == few


def test_boxes_keep_whole_pixels_under_lower_precision() -> None:
    """bfloat16 has eight bits: a corner at 500 would be rounded to 4 pixels, the true boxes with it."""
    torch.manual_seed(0)
    model = build_detector("fused-mobilenet_v3_large-5", 1, {"anchor_sizes": [64.0]}).eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        features, _ = model.backbone(torch.rand(1, 3, 512, 512))
        proposals, _ = model.rpn(ImageList(torch.rand(1, 3, 512, 512), [(512, 512)]), features, None)
        logits, deltas = model.roi_heads.box_predictor(torch.rand(2, 384), torch.rand(1, 960), [2])
    assert {t.dtype for t in (*proposals, logits, deltas)} == {torch.float32}
    corners = proposals[0].flatten()
    assert (corners != corners.bfloat16().float()).any()
