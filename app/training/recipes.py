"""Recipes: plans without data set and name, for people who do not want to set thirty numbers. Files, no code.

They lie in ``resources/training/recipes``; any TOML file of a plan's keys is one too, on top of the task's first.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from app.common.errors import UserError
from app.common.places import RESOURCES
from app.common.words import text

FOLDER = RESOURCES / "training" / "recipes"
FIRST = ("default", "detector_default")


def recipe_names(task: str) -> tuple[str, ...]:
    """The shipped recipes of a task, the sensible one first."""
    names = (file.stem for file in FOLDER.glob("*.toml"))
    return tuple(sorted((n for n in names if _shipped(n)["task"] == task), key=lambda n: (n not in FIRST, n)))


def read_recipe(name: str, task: str) -> tuple[dict[str, Any], Path | None]:
    """A plan's keys as the recipe sets them, and the folder that its relative paths start from.

    Args:
        name: of a shipped recipe (for ``detect`` without "detector_" too: "default"), or a TOML file.
        task: "classify" or "detect".

    Raises:
        UserError: ``plan_missing``, ``plan_wrong``, ``recipe_of_other_task``.
    """
    for shipped in (name, f"detector_{name}") if task == "detect" else (name,):
        if shipped in recipe_names(task):
            return dict(_shipped(shipped)), None
    if (FOLDER / f"{name}.toml").is_file():
        raise UserError("recipe_of_other_task", recipe=name, task=task, known=", ".join(recipe_names(task)))
    file = Path(name)
    return {**_shipped(recipe_names(task)[0]), **_read(file)}, file.parent


def recipe_text(name: str) -> str:
    """A sentence on a shipped recipe, in the present language."""
    return {
        "default": text("training.recipe.default"),
        "frozen": text("training.recipe.frozen"),
        "strong": text("training.recipe.strong"),
        "rare": text("training.recipe.rare"),
        "thesis": text("training.recipe.thesis"),
        "detector_default": text("training.recipe.detector_default"),
        "detector_quick": text("training.recipe.detector_quick"),
        "detector_frozen": text("training.recipe.detector_frozen"),
    }[name]


@cache
def _shipped(name: str) -> dict[str, Any]:
    return _read(FOLDER / f"{name}.toml")


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError("plan_missing", file=file.name) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError("plan_wrong", file=file.name, where="TOML", reason=str(error)) from error
