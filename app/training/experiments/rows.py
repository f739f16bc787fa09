"""The rows of the source's three tables, each a plan; and the figures that the source published for them."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from app.common.errors import UserError
from app.common.places import RESOURCES
from app.training.plan import Features, Plan, make_plan
from app.training.recipes import read_recipe

Kind = Literal["visual-features", "cnn", "fusion"]
KINDS: tuple[Kind, ...] = get_args(Kind)
CNNS = ("inception_v3", "inception_resnet_v2", "densenet121", "xception")
STARTS = ("scratch", "imagenet")
FUSIONS = ("1", "3", "5", "13", "35", "15", "123", "345", "135")
_LARGE = frozenset(("inception_v3", "inception_resnet_v2", "xception"))


@dataclass(frozen=True)
class Row:
    """One line of a table: ``plan`` holds all but fold and seed."""

    name: str
    plan: Plan


@dataclass(frozen=True)
class Published:
    """The source's figure in %; ``contradicts``: the source contradicts itself there."""

    metric: str
    value: float
    contradicts: bool = False


def rows_of(
    kind: Kind, networks: Sequence[str], dataset: str, pack: str, quick: bool, recipe: str | None = None
) -> tuple[Row, ...]:
    """The rows of a table; without ``networks`` the source's own.

    Args:
        kind: which table.
        networks: names of features (visual-features; ``sift`` or ``svm-sift``), of classifiers (cnn; ``xception`` for
            both starts, ``xception-scratch`` or ``xception-imagenet`` for one), or of detectors (fusion).
        dataset: the frozen version.
        pack: of the version.
        quick: few epochs, small pictures, small vocabularies: to see that all works, not what comes out.
        recipe: of ``app.training.recipes``, in the place of the table's own (cnn: thesis).

    Raises:
        UserError: ``unknown_architecture``, ``plan_wrong``, ``plan_missing``, ``recipe_of_other_task``.
    """
    common = {"dataset": dataset, "pack": pack, "threads": 1}
    named: dict[Kind, Callable[[], list[tuple[str, dict[str, Any]]]]] = {
        "visual-features": lambda: [_features(n, quick) for n in networks or get_args(Features)],
        "cnn": lambda: [row for n in networks or CNNS for row in _cnn(n, quick, recipe)],
        "fusion": lambda: [_fusion(n, quick, recipe) for n in networks or [f"fused-vgg16-{s}" for s in FUSIONS]],
    }
    return tuple(
        Row(name, make_plan({**common, **raw, "name": _plain(name)}, name)) for name, raw in dict(named[kind]()).items()
    )


def _features(name: str, quick: bool) -> tuple[str, dict[str, Any]]:
    key = name.removeprefix("svm-")
    if key not in get_args(Features):
        raise UserError("unknown_architecture", name=name, known=", ".join(get_args(Features)))
    small = {"visual_features": {"words": 50, "costs": [1.0]}} if quick else {}
    return key, {"task": "classify", "network": f"svm-{key}", "size": 224, "margin": 0.0, **small}


def _cnn(name: str, quick: bool, recipe: str | None) -> list[tuple[str, dict[str, Any]]]:
    network, _, start = name.rpartition("-")
    if start not in STARTS:
        return [row for each in STARTS for row in _cnn(f"{name}-{each}", quick, recipe)]
    raw, _ = read_recipe(recipe or "thesis", "classify")
    raw |= {"network": network, "start": start, "margin": 0.0}
    if recipe is None:
        raw["size"] = 299 if network in _LARGE else 224
    if start == "scratch":
        raw["head_epochs"] = 0  # random layers are no use to a head
    if quick:
        raw |= {"epochs": 2, "size": 96, "batch": 16, "head_epochs": 0}
    return [(name, raw)]


def _fusion(name: str, quick: bool, recipe: str | None) -> tuple[str, dict[str, Any]]:
    """SGD 0.9, 1e-3, weight decay 5e-4, short side 600: what Faster R-CNN was first trained with."""
    sizes = {"size": 600, "epochs": 20, "batch": 2}
    rates = {"optimiser": "sgd", "learning_rate": 1e-3, "weight_decay": 5e-4, "start_rate_share": 1.0}
    raw = read_recipe(recipe, "detect")[0] if recipe else {"task": "detect", **sizes, **rates}
    if quick:
        raw |= {"size": 192, "epochs": 1}
    return name, {**raw, "network": name}


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


@cache
def published() -> dict[str, dict[str, Published]]:
    """For each table the source's figure of each row that has one."""
    raw = tomllib.loads((RESOURCES / "training" / "source_tables.toml").read_text(encoding="utf-8"))
    return {table: {name: _one(facts) for name, facts in rows.items()} for table, rows in raw.items()}


def _one(facts: dict[str, Any]) -> Published:
    metric = next(key for key in facts if key != "contradicts")
    return Published(metric, float(facts[metric]), bool(facts.get("contradicts", False)))
