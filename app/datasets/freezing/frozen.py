"""A frozen dataset: images, boxes, labels and splits as they were on one day, named by their hash. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from app.common.geometry import Box
from app.common.packs import DEFAULT_PACK
from app.datasets.freezing.splits import PARTS, Part

HASH_LENGTH = 16
"""Hexadecimal digits of the SHA-256 that name a version."""

_NOT_CONTENT = frozenset({"id", "path", "linked", "name"})


@dataclass(frozen=True, slots=True)
class FrozenImage:
    """One image of a version.

    ``label`` is the photo's disease, None where nobody said one; it and the boxes' labels are keys of the pack, or
    "other" ("none of these"), which no model learns. ``group`` is what a split keeps together and intervals resample:
    the patient where known. ``folds``: the fold in each repeat, all None for a test image. ``width`` x ``height``:
    upright pixels; boxes and ``masks`` are in that frame; ``masks`` are painted over wherever the photo is learnt from
    or leaves the workspace. ``meta``: facts of the case, the skin's tone, and, for phantoms, of the rendering. ``name``
    is the photo's in the workspace.
    """

    id: int
    path: Path
    label: str | None
    boxes: tuple[tuple[Box, str], ...]
    patient: str | None
    lesion: str | None
    group: str
    split: Part
    folds: tuple[int | None, ...]
    width: int
    height: int
    sha256: str
    synthetic: bool = False
    meta: Mapping[str, Any] = field(default_factory=dict)
    masks: tuple[Box, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What had been cleaned when a version was frozen; all empty where no check had been run.

    ``exclusions``: check -> photos that somebody kept out for it. ``unlabelled``: photos that were left out because
    they had neither a diagnosis nor a box. ``thresholds``: check -> score from which a finding counted. ``checks``:
    part of the checks -> its version.
    """

    exclusions: Mapping[str, int] = field(default_factory=dict)
    unlabelled: int = 0
    thresholds: Mapping[str, float] = field(default_factory=dict)
    checks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FrozenDataset:
    """``classes`` are the pack's diseases in order, ``full_name`` is ``NAME@HASH``.

    ``parent``: the hash of the version before of that name. ``by_centre``: no centre stands in two parts.
    """

    name: str
    hash: str
    classes: tuple[str, ...]
    images: tuple[FrozenImage, ...]
    seed: int = 0
    by_centre: bool = False
    cleaning: Cleaning = field(default_factory=Cleaning)
    parent: str | None = None
    author: str = ""
    created: datetime | None = None
    pack: str = DEFAULT_PACK

    @property
    def full_name(self) -> str:
        return f"{self.name}@{self.hash}"

    def part(self, part: str) -> tuple[FrozenImage, ...]:
        """The images of "train", "val", "test" or "all"."""
        return tuple(i for i in self.images if part in ("all", i.split))

    def counts(self) -> dict[str, int]:
        return {part: len(self.part(part)) for part in PARTS}

    def as_json(self) -> dict[str, Any]:
        """The contract's ``dataset show``."""
        images = [
            {
                "image": str(i.path),
                "id": i.id,
                "label": i.label,
                "boxes": [{"box": box.as_list(), "label": label} for box, label in i.boxes],
                "patient": i.patient,
                "lesion": i.lesion,
                "group": i.group,
                "split": i.split,
                "folds": list(i.folds),
            }
            for i in self.images
        ]
        return {"dataset": self.full_name, "hash": self.hash, "classes": list(self.classes), "images": images}


def content_hash(payload: Mapping[str, Any]) -> str:
    """The version's hash: of all that training sees, not of ids and paths, so that it is the same on every machine."""
    images = [{k: v for k, v in image.items() if k not in _NOT_CONTENT} for image in payload["images"]]
    copies = Counter(i["sha256"] for i in images)
    images.sort(key=lambda i: (i["sha256"], json.dumps(i, sort_keys=True) if copies[i["sha256"]] > 1 else ""))
    whole = {**payload, "images": images}
    text = json.dumps(whole, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


def from_payload(
    name: str, hash_: str, payload: Mapping[str, Any], resolve: Callable[[str, bool], Path]
) -> FrozenDataset:
    images = tuple(_image(raw, resolve(raw["path"], raw["linked"])) for raw in payload["images"])
    return FrozenDataset(
        name=name,
        hash=hash_,
        classes=tuple(payload["classes"]),
        images=images,
        seed=payload["seed"],
        by_centre=payload.get("by_centre", False),
        cleaning=Cleaning(**payload.get("cleaning", {})),
        pack=payload["pack"],
    )


def _image(raw: Mapping[str, Any], path: Path) -> FrozenImage:
    return FrozenImage(
        id=raw["id"],
        path=path,
        label=raw["label"],
        boxes=tuple((Box(*b["box"]), b["label"]) for b in raw["boxes"]),
        patient=raw["patient"],
        lesion=raw["lesion"],
        group=raw["group"],
        split=raw["split"],
        folds=tuple(raw["folds"]),
        width=raw["width"],
        height=raw["height"],
        sha256=raw["sha256"],
        synthetic=raw["synthetic"],
        meta=raw["meta"],
        masks=tuple(Box(*corners) for corners in raw.get("masks", ())),
        name=raw["name"],
    )
