"""The shipped recipes are plans, each task has its own, each has its sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.common.errors import UserError
from app.common.words import text
from app.training.plan import Task, plan_of_options
from app.training.recipes import FOLDER, read_recipe, recipe_names, recipe_text


def test_every_recipe_belongs_to_one_task_and_the_sensible_one_comes_first() -> None:
    classify, detect = recipe_names("classify"), recipe_names("detect")
    assert classify == ("default", "frozen", "rare", "strong", "thesis")
    assert detect == ("detector_default", "detector_frozen", "detector_quick")
    assert {f.stem for f in FOLDER.glob("*.toml")} == {*classify, *detect}


@pytest.mark.parametrize("task", ["classify", "detect"])
def test_every_recipe_makes_a_plan_and_says_what_it_is_for(task: Task) -> None:
    network = {"classify": "efficientnet_lite0", "detect": "fused-efficientnet_lite0-135"}[task]
    for name in recipe_names(task):
        plan = plan_of_options(task, network, "d", "imagenet", name, None, 0)
        assert plan.task == task
        assert recipe_text(name) == text(f"training.recipe.{name}")


def test_the_recipes_are_what_their_names_say() -> None:
    plans = {n: plan_of_options("classify", "resnet18", "d", "imagenet", n, None, 0) for n in recipe_names("classify")}
    assert plans["frozen"].cached_features
    assert (plans["strong"].mixup > 0, plans["strong"].cutmix > 0, plans["strong"].augment.randaugment) == (1, 1, 2)
    assert plans["rare"].rare == "logit_adjustment"
    thesis = plans["thesis"]
    assert (thesis.optimiser, thesis.schedule, thesis.epochs, thesis.label_smoothing) == ("adamw", "cosine", 30, 0.1)
    assert 0 < thesis.head_epochs < thesis.epochs
    assert plan_of_options("detect", "fpn-vgg16", "d", "scratch", "default", None, 0).size == 480


def test_a_file_is_a_recipe_on_top_of_the_tasks_first(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("batch = 5", encoding="utf-8")
    raw, folder = read_recipe(str(tmp_path / "mine.toml"), "classify")
    assert folder == tmp_path
    assert (raw["batch"], raw["size"]) == (5, 224)


def test_recipes_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError) as other:
        read_recipe("thesis", "detect")
    assert other.value.code == "recipe_of_other_task"
    with pytest.raises(UserError) as missing:
        read_recipe(str(tmp_path / "no.toml"), "classify")
    assert missing.value.code == "plan_missing"
    (tmp_path / "keys.toml").write_text("frobnicate = 3", encoding="utf-8")
    with pytest.raises(UserError) as keys:
        plan_of_options("classify", "resnet18", "d", "scratch", str(tmp_path / "keys.toml"), None, 0)
    assert (keys.value.code, keys.value.facts["file"]) == ("plan_wrong", "keys.toml")
    (tmp_path / "bad.toml").write_text("= 3", encoding="utf-8")
    with pytest.raises(UserError) as bad:
        read_recipe(str(tmp_path / "bad.toml"), "detect")
    assert bad.value.code == "plan_wrong"
