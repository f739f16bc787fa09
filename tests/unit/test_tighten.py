"""Tightening a rough box: on lesions drawn here, on phantoms, at the photo's edge, and where nothing is to be seen."""

from __future__ import annotations

import hashlib
import re
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.annotation import edits, tighten_net
from app.annotation.document import Document
from app.annotation.tighten import SMALLEST, cut_out, tighten, tighten_in
from app.common import images
from app.common.geometry import Box, iou
from app.common.images import encode_jpeg
from app.common.phantoms import render

SKIN, LESION = (205, 165, 140), (150, 75, 70)


def skin(width: int = 240, height: int = 180, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    grain = cv2.GaussianBlur(rng.normal(0, 12, (height, width, 3)), (0, 0), 2)
    return (np.array(SKIN) + grain).clip(0, 255).astype(np.uint8)


def with_lesion(box: Box, **size: int) -> np.ndarray:
    pixels = skin(**size)
    (cx, cy), axes = box.centre, (round(box.width / 2), round(box.height / 2))
    mask = cv2.ellipse(np.zeros(pixels.shape[:2], np.uint8), (round(cx), round(cy)), axes, 0, 0, 360, 255, -1)
    soft = cv2.GaussianBlur(mask, (0, 0), 1.5)[..., None] / 255
    return (
        (pixels * (1 - soft) + (np.array(LESION) + pixels.astype(float) - np.array(SKIN)) * soft)
        .clip(0, 255)
        .astype(np.uint8)
    )


TRUE = Box(80, 60, 150, 120)


@pytest.mark.parametrize(
    "rough", [Box(60, 40, 170, 140), Box(75, 30, 180, 125), Box(55, 55, 155, 150), Box(90, 40, 170, 140)]
)
def test_a_rough_box_comes_close_to_the_lesion(rough: Box) -> None:
    found = tighten(with_lesion(TRUE), rough)
    assert found is not None
    assert iou(found, TRUE) > 0.8
    assert iou(found, TRUE) > iou(rough, TRUE) + 0.1


def test_a_close_box_stays() -> None:
    found = tighten(with_lesion(TRUE), TRUE)
    assert found is None or iou(found, TRUE) > 0.8


@pytest.mark.parametrize("pixels", [skin(), skin(seed=3), np.full((180, 240, 3), 128, np.uint8)])
def test_where_nothing_is_seen_nothing_is_said(pixels: np.ndarray) -> None:
    assert tighten(pixels, Box(60, 40, 170, 140)) is None


def test_a_box_too_small_to_see_anything_stays() -> None:
    assert tighten(with_lesion(TRUE), Box(100, 80, 100 + SMALLEST - 1, 90)) is None
    assert tighten(with_lesion(TRUE), Box(300, 300, 400, 400)) is None
    assert tighten(with_lesion(TRUE), Box(100, 80, 100, 90)) is None


def test_a_photo_held_reduced_gives_the_box_of_the_whole_one() -> None:
    big = Box(320, 240, 600, 480)
    full = with_lesion(big, width=960, height=720)
    quarter = cv2.resize(full, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    rough = Box(240, 160, 680, 560)
    found, reduced = tighten(full, rough), tighten(quarter, rough, 0.25)
    assert found is not None
    assert reduced is not None
    assert iou(found, reduced) > 0.9
    assert iou(reduced, big) > 0.8


def test_of_a_file_no_more_is_decoded_than_the_box_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    big, rough = Box(320, 240, 600, 480), Box(240, 160, 680, 560)
    full = with_lesion(big, width=960, height=720)
    (tmp_path / "a.jpg").write_bytes(encode_jpeg(full))
    scales = []
    read = images.read_photo
    monkeypatch.setattr(images, "read_photo", lambda *given: scales.append(given[1]) or read(*given))
    found = tighten_in(tmp_path / "a.jpg", rough)
    assert found is not None
    assert iou(found, big) > 0.8
    assert scales == [173]
    tighten_in(tmp_path / "a.jpg", Box(10, 10, 30, 30))
    assert scales == [173, 720]  # never enlarged


def test_a_lesion_at_the_photos_edge_is_boxed_inside_it() -> None:
    found = tighten(with_lesion(Box(-30, 60, 50, 120)), Box(0, 35, 85, 140))
    assert found is not None
    assert iou(found, Box(0, 60, 50, 120)) > 0.75


corner = st.floats(-30, 270, allow_nan=False)


@given(corner, corner, corner, corner, st.sampled_from([0.25, 1.0, 2.0]))
@settings(max_examples=60, deadline=None)
def test_the_answer_never_leaves_the_photo(xa: float, ya: float, xb: float, yb: float, scale: float) -> None:
    rough = Box(min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)).scaled(1 / scale)
    found = tighten(with_lesion(TRUE), rough, scale)
    if found is not None:
        assert 0 <= found.x0 < found.x1 <= 240 / scale
        assert 0 <= found.y0 < found.y1 <= 180 / scale
        document = Document(round(240 / scale), round(180 / scale))
        drawn = edits.add(document, rough)
        assert drawn is not None  # what can be tightened is a box that can be drawn


@pytest.mark.parametrize("renderer", ["A", "B"])
def test_boxes_of_unseen_phantoms_gain(renderer: str) -> None:
    """The figures are those of benchmarks/tighten.py; here a dozen lesions show that the program has the weights."""
    gains = []
    for index in range(4):
        photo = render(640031, index, renderer, "mid")  # type: ignore[arg-type]
        for lesion in photo.lesions[:3]:
            true = Box(*lesion.box)
            rough = true.with_margin(0.25).clipped(photo.pixels.shape[1], photo.pixels.shape[0])
            found = tighten(photo.pixels, rough)
            gains.append(iou(found or rough, true) - iou(rough, true))
    assert statistics.mean(gains) > 0.15


def test_the_same_photo_gives_the_same_answer_and_is_not_written_to() -> None:
    pixels = with_lesion(TRUE)
    before = pixels.copy()
    assert tighten(pixels, Box(60, 40, 170, 140)) == tighten(pixels, Box(60, 40, 170, 140))
    assert np.array_equal(pixels, before)


def test_it_is_quick_enough_to_be_pressed_again_and_again() -> None:
    pixels = with_lesion(TRUE)
    times = []
    for _ in range(9):
        start = time.perf_counter()
        tighten(pixels, Box(60, 40, 170, 140))
        times.append(time.perf_counter() - start)
    assert min(times) < 0.1


def test_the_network_answers_with_chances() -> None:
    view, region = cut_out(with_lesion(TRUE), Box(60, 40, 170, 140))
    assert view.shape == (4, tighten_net.SIDE, tighten_net.SIDE)
    assert region == Box(32, 15, 198, 165)
    chances = tighten_net.edges(view)
    assert chances.shape == (4, tighten_net.STEPS)
    assert chances.sum(1) == pytest.approx(np.ones(4), abs=1e-5)


def test_numpy_computes_what_torch_was_trained_with() -> None:
    torch = pytest.importorskip("torch")
    from tools.train_tightening import Net, folded

    torch.manual_seed(3)
    net = Net()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.uniform_(-0.5, 0.5)
    net.eval()
    view = np.random.default_rng(3).normal(size=(4, tighten_net.SIDE, tighten_net.SIDE)).astype(np.float32)
    with torch.no_grad():
        expected = net(torch.from_numpy(view[None]))[0].softmax(2)[0].numpy()
    assert tighten_net.edges(view, folded(net)) == pytest.approx(expected, abs=1e-5)


def test_the_card_names_the_weights_that_lie_beside_it() -> None:
    card = (tighten_net.WEIGHTS.parent / "CARD.md").read_text(encoding="utf-8")
    named = re.search(r"[0-9a-f]{64}", card)
    assert named is not None
    assert named.group() == hashlib.sha256(tighten_net.WEIGHTS.read_bytes()).hexdigest()
