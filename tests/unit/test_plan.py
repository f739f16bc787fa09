"""Plans: the example holds every key, a wrong one is refused in words that name the line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.common.errors import UserError
from app.common.geometry import Box
from app.common.places import RESOURCES, ROOT
from app.training.events import Events, read_events
from app.training.learning.augment import random_crop, random_look, random_scene
from app.training.learning.calibration import best_temperature, softmax
from app.training.learning.samples import half_of
from app.training.learning.schedule import Schedule
from app.training.plan import Augment, LesionSource, Plan, make_plan, plan_as_toml, plan_of_options, read_plan

EXAMPLE = ROOT / "docs" / "plan-example.toml"
LEAST = {"name": "x", "task": "classify", "network": "resnet18", "dataset": "d"}


def test_the_example_holds_every_key() -> None:
    raw = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert read_plan(EXAMPLE).task == "classify"
    assert set(raw) | {"architecture", "lesion_only"} == set(Plan.model_fields)
    assert set(raw["augment"]) == set(Augment.model_fields)
    tail = EXAMPLE.read_text(encoding="utf-8").split("# [architecture]")[1]
    inner = tomllib.loads("[architecture]" + "\n".join(line.removeprefix("# ") for line in tail.splitlines()))
    assert set(inner["lesion_only"][0]) == set(LesionSource.model_fields)


@pytest.mark.parametrize("name", ["light-classifier", "light-detector"])
def test_the_plans_of_the_shipped_models_are_plans(name: str) -> None:
    plan = read_plan(RESOURCES / "training" / f"{name}.toml")
    assert plan.name == f"squama-{name}"
    assert plan.dataset == "phantom-a"
    assert make_plan(tomllib.loads(plan_as_toml(plan))) == plan


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        ({"epochs": 0}, "epochs"),
        ({"epoch": 3}, "epoch"),
        ({"task": "segment"}, "task"),
        ({"augment": {"blur": 2}}, "augment.blur"),
        ({"name": "../x"}, "name"),
    ],
)
def test_a_wrong_key_is_named(raw: dict[str, object], where: str) -> None:
    with pytest.raises(UserError) as wrong:
        make_plan({**LEAST, **raw})
    assert (wrong.value.code, wrong.value.facts["where"]) == ("plan_wrong", where)
    assert where in str(wrong.value)


def test_files_that_are_no_plans(tmp_path: Path) -> None:
    with pytest.raises(UserError) as missing:
        read_plan(tmp_path / "no.toml")
    assert missing.value.code == "plan_missing"
    for damage in ("= 3", "a=" + "[" * 100_000):
        (tmp_path / "bad.toml").write_text(damage, encoding="utf-8")
        with pytest.raises(UserError) as bad:
            read_plan(tmp_path / "bad.toml")
        assert bad.value.code == "plan_wrong"


def test_options_and_recipes_make_plans(tmp_path: Path) -> None:
    plan = plan_of_options("detect", "fpn-resnet50", "phantom-a@abc", "imagenet", "default", 3, 7)
    assert (plan.epochs, plan.seed, plan.name) == (3, 7, "fpn-resnet50-phantom-a")
    assert plan_of_options("classify", "resnet18", "d", "scratch", "frozen", None, 0).cached_features
    assert plan_of_options("classify", "resnet18", "银屑病 2@abc", "scratch", "default", None, 0).name == "resnet18-2"
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("batch = 5\nsize = 99", encoding="utf-8")
    mine = plan_of_options("classify", "resnet18", "d", "scratch", str(recipe), None, 0)
    assert (mine.batch, mine.size) == (5, 99)


def test_folders_of_a_plan_are_relative_to_it(tmp_path: Path) -> None:
    plan = make_plan({**LEAST, "lesion_only": [{"images": "a", "masks": "/b"}]}, "plan", tmp_path)
    assert Path(plan.lesion_only[0].images) == tmp_path / "a"
    assert plan.lesion_only[0].masks == "/b"


def test_the_schedule_ends_by_steps_or_by_the_clock() -> None:
    now = [0.0]
    schedule = Schedule(100, minutes=1.0, warm_up=0.1, clock=lambda: now[0])
    assert schedule.progress(50) == 0.5
    now[0] = 45.0
    assert schedule.progress(50) == 0.75
    now[0] = 90.0
    assert schedule.progress(50) == 1.0
    rates = [schedule.rate(p) for p in np.linspace(0, 1, 50)]
    assert max(rates) <= 1
    assert rates.index(max(rates)) == 5
    assert rates[-1] == pytest.approx(0.01)


def test_events_are_lines_and_half_a_line_is_left_out(tmp_path: Path) -> None:
    said: list[str] = []
    events = Events(tmp_path, said.append)
    assert list(read_events(tmp_path)) == []
    events.write("epoch", loss=0.25)
    with (tmp_path / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"event": "ep')
    assert [e["loss"] for e in read_events(tmp_path)] == [0.25]
    assert "loss=0.25" in said[0]


def test_the_temperature_undoes_an_overconfident_network() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (4000, 5))
    p = softmax(logits)
    truth = np.array([rng.choice(5, p=row) for row in p])
    for scale in (3.0, 0.004, 200.0):  # of a head that has hardly learnt, its logits are that small
        assert best_temperature(logits * scale, truth) == pytest.approx(scale, rel=0.1)
    assert softmax(np.array([[1e4, -1e4]])).tolist() == [[1.0, 0.0]]


def test_the_halves_of_a_lesion_source_are_settled_by_the_name() -> None:
    names = [f"ISIC_{n}.jpg" for n in range(1000, 1400)]
    share = np.mean([half_of(n) == "train" for n in names])
    assert 0.4 < share < 0.6
    assert half_of("ISIC_1000.jpg") == half_of("ISIC_1000.jpg")


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=60, deadline=None)
def test_boxes_move_with_their_pixels(seed: int, upright: bool) -> None:
    """A white block in a black photo: the moved box is where the white went."""
    rng = np.random.default_rng(seed)
    x, y = (int(v) for v in rng.integers(5, 60, 2))
    w, h = (int(v) for v in rng.integers(12, 35, 2))
    pixels = np.zeros((100, 120, 3), np.uint8)
    pixels[y : y + h, x : x + w] = 255
    canvas = (160, 120) if upright else (120, 160)
    boxes = np.array([[x, y, x + w, y + h]], float)
    out, moved, kept = random_scene(pixels, boxes, canvas, Augment(), np.random.default_rng(seed))
    assert out.shape == (*canvas, 3)
    x0, y0, x1, y1 = moved[0]
    assert 0 <= x0 <= x1 <= canvas[1]
    assert 0 <= y0 <= y1 <= canvas[0]
    if kept[0]:
        inside = out[round(y0) + 2 : round(y1) - 2, round(x0) + 2 : round(x1) - 2]
        assert inside.size == 0 or inside.min() > 200


def test_a_crop_without_chance_is_the_region_itself() -> None:
    still = Augment(flip=False, rotate=0, margin_jitter=0, scale=0, colour=0, illumination=0, blur=0, noise=0, jpeg=0)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (60, 80, 3)).astype(np.uint8)
    assert np.array_equal(random_crop(pixels, Box(10, 5, 50, 45), 40, still, rng), pixels[5:45, 10:50])
    assert np.array_equal(random_look(pixels, still, rng), pixels)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_a_look_keeps_the_shape_and_is_settled_by_the_generator(seed: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    strong = Augment(colour=1, illumination=1, blur=1, noise=1, jpeg=1, grey=0.5)
    one, two = (random_look(pixels, strong, np.random.default_rng(seed)) for _ in range(2))
    assert one.shape == pixels.shape
    assert one.dtype == np.uint8
    assert np.array_equal(one, two)
