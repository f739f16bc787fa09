"""A training plan: everything that one run depends on, as a file that a person can read and repeat."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.common.errors import UserError

Task = Literal["classify", "detect"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Augment(_Part):
    """How far a training picture may differ from the photo it was made of. Every strength is 0 for "never"."""

    flip: bool = True
    rotate: float = Field(default=180.0, ge=0, le=180, description="degrees to either side (classify only)")
    margin_jitter: float = Field(
        default=0.25, ge=0, le=1, description="shift and growth of the crop, share of its side (classify only)"
    )
    scale: float = Field(default=0.3, ge=0, le=0.9, description="zoom by a factor in 1 - scale .. 1 / (1 - scale)")
    colour: float = Field(
        default=0.3, ge=0, le=1, description="gamma, contrast, brightness, saturation, hue, colour of the light"
    )
    illumination: float = Field(default=0.4, ge=0, le=1, description="fall-off of the light across the picture")
    blur: float = Field(default=0.3, ge=0, le=1, description="how often")
    noise: float = Field(default=0.3, ge=0, le=1, description="how often")
    jpeg: float = Field(default=0.3, ge=0, le=1, description="how often")
    cutout: float = Field(default=0.25, ge=0, le=1, description="how often (classify only)")
    grey: float = Field(default=0.0, ge=0, le=1, description="how often without colour")
    randaugment: int = Field(
        default=0, ge=0, le=6, description="random operations on top (Cubuk et al., NeurIPS 2020); 0: none"
    )
    randaugment_strength: int = Field(default=7, ge=0, le=10, description="of each of them")


Features = Literal["sift", "hog", "colour_histogram", "colour_names", "lbp", "sift_colour_names"]


class VisualFeatures(_Part):
    """Features made by hand and a support vector machine, for ``network = "svm-<features>"`` (thesis 000, table 1)."""

    words: int = Field(default=2100, ge=2, description="of the vocabulary of sift and sift_colour_names")
    strips: int = Field(default=21, ge=1, description="into which colour_names divides a patch")
    kernel: Literal["rbf", "linear"] = "rbf"
    costs: tuple[float, ...] = Field(default=(1.0, 10.0, 100.0), min_length=1, description="C, chosen inside the fold")


class LesionSource(_Part):
    """Photos with lesion masks of unknown disease: ``masks/<stem>[_Segmentation].png``; a mask's extent is the box.

    ``half``: the files whose name hashes (SHA-256) to an even number are "train", the others "test".
    Folders are relative to the plan file.
    """

    images: str
    masks: str
    half: Literal["train", "test"] = "train"
    repeat: int = Field(default=1, ge=1, description="how often each photo is seen in an epoch")


class Plan(_Part):
    """One training. Times are minutes, sizes are pixels."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    version: str = Field(default="1.0.0", pattern=r"^\d+\.\d+\.\d+$")
    task: Task
    network: str
    dataset: str
    pack: str = Field(default="", description="whose diseases it learns; empty: the data set's")
    start: str = Field(default="imagenet", description="imagenet, scratch, a weights file, or a model NAME[:VERSION]")
    seed: int = Field(default=0, ge=0)
    threads: int = Field(default=0, ge=0, description="of torch; 0: as many as it takes by itself")
    device: Literal["auto", "cpu", "cuda"] = "auto"

    size: int = Field(
        default=160, ge=32, le=1024, description="classify: side of the input; detect: short side of the photo"
    )
    margin: float = Field(
        default=0.15, ge=0, le=1, description="classify: what a crop shows around its box, share of the box"
    )
    whole_photos: float = Field(
        default=0.0, ge=0, le=1, description="classify: share of the training pictures that are whole photos"
    )
    epochs: int = Field(default=20, ge=1)
    minutes: float | None = Field(default=None, gt=0, description="the schedule ends here if the epochs take longer")
    batch: int = Field(default=32, ge=1)
    accumulate: int = Field(default=1, ge=1, description="batches to one step of the optimiser")
    workers: int = Field(
        default=0, ge=0, description="threads that prepare pictures ahead; 0: as the machine has cores"
    )
    precision: Literal["float32", "bfloat16", "float16", "auto"] = Field(
        default="float32", description="of the forward pass; auto: bfloat16 on a GPU that has it"
    )
    optimiser: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = Field(default=1e-3, gt=0)
    start_rate_share: float = Field(
        default=1.0, gt=0, le=1, description="learning rate of the started layers, share of the head's"
    )
    weight_decay: float = Field(default=0.02, ge=0)
    warm_up: float = Field(default=0.05, ge=0, le=0.5, description="share of the run")
    schedule: Literal["cosine", "constant"] = Field(default="cosine", description="of the rate after the warm-up")
    head_epochs: int = Field(default=0, ge=0, description="first only the head learns, for so many of the epochs")
    patience: int = Field(
        default=0, ge=0, description="epochs without gain on the validation part before the run ends; 0: never"
    )
    average: float = Field(default=0.998, ge=0, lt=1, description="decay of the running mean of the weights; 0: none")
    clip: float = Field(default=5.0, gt=0, description="largest norm of the gradient")
    loss: Literal["cross_entropy", "focal"] = Field(
        default="cross_entropy", description="classify: of the diseases; a detector keeps Faster R-CNN's losses"
    )
    focal_gamma: float = Field(default=2.0, ge=0, description="classify: of the focal loss (Lin et al., ICCV 2017)")
    rare: Literal["balanced_sampling", "class_weights", "logit_adjustment", "none"] = Field(
        default="balanced_sampling", description="classify: what is done for rare diseases"
    )
    mixup: float = Field(default=0.0, ge=0, description="classify: alpha (Zhang et al., ICLR 2018); 0: none")
    cutmix: float = Field(default=0.0, ge=0, description="classify: alpha (Yun et al., ICCV 2019); 0: none")
    label_smoothing: float = Field(default=0.1, ge=0, lt=1, description="classify: shared by all diseases")
    dropout: float = Field(default=0.2, ge=0, lt=1, description="classify: before the last layer")
    freeze: int = Field(
        default=0, ge=-1, description="first blocks that keep their start weights; -1: all but the head"
    )
    frozen_norms: bool = Field(default=True, description="batch norms keep their start statistics")
    cached_features: bool = Field(
        default=False,
        description="classify: features are computed once, only the head learns (for machines without GPU)",
    )
    feature_views: int = Field(
        default=0,
        ge=0,
        le=16,
        description="with cached_features: augmented pictures of each piece beside the plain one",
    )
    augment: Augment = Field(default_factory=Augment)
    visual_features: VisualFeatures = Field(default_factory=VisualFeatures)
    lesion_only: tuple[LesionSource, ...] = ()
    architecture: dict[str, Any] = Field(default_factory=dict, description="passed to the network's builder")

    licence: str = "Apache-2.0"
    limits: str = ""


def read_plan(file: Path) -> Plan:
    """The plan in a TOML file.

    Raises:
        UserError: ``plan_missing``, or ``plan_wrong`` with the key and the reason.
    """
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError("plan_missing", file=file.name) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError("plan_wrong", file=file.name, where="TOML", reason=str(error)) from error
    return make_plan(raw, file.name, file.parent)


def make_plan(raw: dict[str, Any], name: str = "plan", folder: Path | None = None) -> Plan:
    """A checked plan; relative folders of ``lesion_only`` are taken from ``folder``."""
    try:
        plan = Plan.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"]) or "plan"
        raise UserError("plan_wrong", file=name, where=where, reason=first["msg"]) from error
    if folder is None:
        return plan
    sources = tuple(
        s.model_copy(update={"images": _from(folder, s.images), "masks": _from(folder, s.masks)})
        for s in plan.lesion_only
    )
    return plan.model_copy(update={"lesion_only": sources})


def plan_of_options(
    task: Task, network: str, dataset: str, start: str, recipe: str, epochs: int | None, seed: int
) -> Plan:
    """The plan behind ``train --task ... --network ...``.

    ``recipe``: a shipped one ("default", "frozen", ...), or a TOML file of any of a plan's keys.

    Raises:
        UserError: ``plan_wrong``, ``plan_missing`` or ``recipe_of_other_task``.
    """
    from app.training.recipes import read_recipe

    raw, folder = read_recipe(recipe, task)
    raw.update(task=task, network=network, dataset=dataset, start=start, seed=seed)
    raw.setdefault("name", _name_of(f"{network}-{dataset.partition('@')[0]}"))
    if epochs is not None:
        raw["epochs"] = epochs
    return make_plan(raw, Path(recipe).name, folder)


def _name_of(words: str) -> str:
    """A model's name out of any words; what it may not hold becomes a hyphen."""
    return re.sub(r"[^a-z0-9.]+", "-", words.lower()).strip("-.") or "model"


def plan_as_toml(plan: Plan) -> str:
    return tomli_w.dumps(plan.model_dump(mode="json", exclude_none=True))


def _from(folder: Path, path: str) -> str:
    return str(folder / path)  # an absolute path stays as it is
