"""The manifest beside a model's weights: what the model is, what it was trained on, and how its input is made."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from app.common.errors import UserError
from app.common.packs import Pack

Task = Literal["classify", "detect"]
TASKS: tuple[Task, ...] = ("classify", "detect")
MANIFEST_FILE = "manifest.json"
WEIGHTS_FILE = "weights.safetensors"
CARD_FILE = "CARD.md"
INTERPOLATIONS = ("bilinear", "bicubic")


@dataclass(frozen=True)
class Preprocessing:
    """From RGB pixels to a network's input.

    Attributes:
        size: classify: side of the square input, pixels. detect: short side of the photo.
        mean: of RGB in 0..1, likewise std.
        interpolation: ``bilinear`` or ``bicubic``; smaller pictures are always made by averaging areas.
        margin: classify: what a crop shows around its box, as a share of the box's longer side, on each side.
        long_side: detect: the long side is at most this (0: twice the short side).
    """

    size: int
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    interpolation: str = "bilinear"
    margin: float = 0.0
    long_side: int = 0


@dataclass(frozen=True)
class Manifest:
    """One model version. ``classes`` are the pack's disease keys in the order of the logits."""

    name: str
    version: str
    task: Task
    architecture: str
    pack: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    sha256: str = ""
    temperature: float = 1.0
    unlike: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    trained_on: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    licence: str = ""
    created: str = ""

    @property
    def label(self) -> str:
        """``NAME:VERSION``."""
        return f"{self.name}:{self.version}"

    def identity(self) -> dict[str, str]:
        """What an answer says of the model that gave it."""
        return {"name": self.name, "version": self.version, "sha256": self.sha256}

    def as_json(self) -> dict[str, Any]:
        raw = {**asdict(self), "calibration": {"temperature": self.temperature}}
        del raw["temperature"]
        side = {"classify": "size", "detect": "short_side"}[self.task]
        raw["preprocessing"] = {side: self.preprocessing.size, **raw["preprocessing"]}
        if self.task == "detect":
            del raw["preprocessing"]["size"]
        plain: dict[str, Any] = json.loads(json.dumps(raw))
        return plain


def read_manifest(folder: Path) -> Manifest:
    """The manifest in a model's folder.

    Raises:
        UserError: ``no_such_model`` when there is none, ``manifest_damaged`` with the reason.
    """
    try:
        raw = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError("no_such_model", model=folder.parent.name, known="-") from error
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(folder, f"{MANIFEST_FILE}: {getattr(error, 'strerror', None) or error}") from error
    try:
        return parse_manifest(raw)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _damaged(folder, f"{error}") from error


def parse_manifest(raw: Mapping[str, Any]) -> Manifest:
    """A manifest out of its JSON.

    Raises:
        KeyError, TypeError, ValueError: if something is missing or of the wrong kind.
    """
    task = raw["task"]
    if task not in TASKS:
        raise ValueError(f"task: {task!r}")
    words = {key: _word(raw, key) for key in ("name", "version", "architecture", "pack", "sha256")}
    if not re.fullmatch(r"[\w.-]+", words["name"]) or not re.fullmatch(r"[\w.-]+", words["version"]):
        raise ValueError("name, version: letters, digits, '.', '_' and '-' only")
    return Manifest(
        **words,
        task=task,
        classes=tuple(str(c) for c in _list(raw["classes"])),
        preprocessing=_preprocessing(raw["preprocessing"], task),
        temperature=_positive(raw.get("calibration", {}).get("temperature", 1.0), "temperature"),
        unlike=dict(raw.get("unlike") or {}),
        parameters=dict(raw.get("parameters") or {}),
        trained_on=dict(raw.get("trained_on") or {}),
        scores=dict(raw.get("scores") or {}),
        seed=int(raw.get("seed", 0)),
        licence=str(raw.get("licence", "")),
        created=str(raw.get("created", "")),
    )


def check_classes(manifest: Manifest, pack: Pack) -> None:
    """Refuse a model whose classes are not its pack's diseases, in the pack's order.

    Raises:
        UserError: ``classes_mismatch``.
    """
    wanted = pack.keys
    if manifest.classes != wanted:
        raise UserError(
            "classes_mismatch",
            model=manifest.label,
            pack=manifest.pack,
            wanted=", ".join(wanted),
            found=", ".join(manifest.classes),
        )


def _preprocessing(raw: Mapping[str, Any], task: Task) -> Preprocessing:
    size = int(raw["size"] if task == "classify" else raw["short_side"])
    interpolation = str(raw.get("interpolation", "bilinear"))
    margin = float(raw.get("margin", 0.0))
    long_side = int(raw.get("long_side", 0))
    if not 16 <= size <= 4096 or interpolation not in INTERPOLATIONS or not 0 <= margin <= 4:
        raise ValueError(f"preprocessing: size {size}, interpolation {interpolation}, margin {margin}")
    if not 0 <= long_side <= 16384:
        raise ValueError(f"preprocessing: long_side {long_side}")
    std = _three(raw["std"])
    if min(std) <= 0:
        raise ValueError("std must be positive")
    return Preprocessing(size, _three(raw["mean"]), std, interpolation, margin, long_side)


def _three(raw: Any) -> tuple[float, float, float]:
    a, b, c = (float(v) for v in _list(raw))
    if not all(math.isfinite(v) for v in (a, b, c)):
        raise ValueError("mean, std must be finite")
    return a, b, c


def _list(raw: Any) -> list[Any]:
    if not isinstance(raw, list):
        raise TypeError(f"a list is wanted, not {raw!r}")
    return raw


def _word(raw: Mapping[str, Any], key: str) -> str:
    if not isinstance(raw[key], str):
        raise TypeError(f"{key}: a word is wanted, not {raw[key]!r}")
    return str(raw[key])


def _positive(raw: Any, key: str) -> float:
    value = float(raw)
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{key}: {raw!r}")
    return value


def _damaged(folder: Path, reason: str) -> UserError:
    return UserError("manifest_damaged", model=f"{folder.parent.name}:{folder.name}", reason=reason)
