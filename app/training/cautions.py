"""What a person should hear before a training begins, and while it runs: nothing here stops it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from app.common.words import text
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage

FEW = 3
"""Patients of a disease below which a part says little about it."""


def cautions(dataset: FrozenDataset) -> tuple[dict[str, Any], ...]:
    """``{code, ...facts}`` of diseases that a part has too few patients of, and of photos that are not there."""
    found: list[dict[str, Any]] = []
    for part, code in (("train", "few_to_learn_from"), ("val", "few_to_validate")):
        patients = _patients(dataset, part)
        if few := [key for key in dataset.classes if patients[key] < FEW]:
            found.append({"code": code, "diseases": few, "patients": [patients[key] for key in few]})
    gone = sum(not i.path.exists() for part in ("train", "val") for i in dataset.part(part))
    return (*found, {"code": "photos_gone", "count": gone}) if gone else tuple(found)


def caution_text(event: Mapping[str, Any]) -> str:
    """The sentence of a caution, or of any event ``warning``, in the present language; "" for an unknown code."""
    rows = zip(event.get("diseases", ()), event.get("patients", ()), strict=False)
    diseases = ", ".join(f"{key} ({n})" for key, n in rows)
    match event.get("code"):
        case "few_to_learn_from":
            return text("run.caution.few_to_learn_from", diseases=diseases)
        case "few_to_validate":
            return text("run.caution.few_to_validate", diseases=diseases)
        case "photos_gone":
            return text("run.caution.photos_gone", count=event.get("count", 0))
        case "gpu_busy":
            return text("run.caution.gpu_busy", device=event.get("device", ""))
        case "gpu_out_of_memory":
            return text(
                "run.caution.gpu_out_of_memory", batch=event.get("batch", ""), accumulate=event.get("accumulate", "")
            )
    return ""


def _patients(dataset: FrozenDataset, part: str) -> Counter[str]:
    pairs = {(key, image.group) for image in dataset.part(part) for key in _labels(image)}
    return Counter(key for key, _ in pairs)


def _labels(image: FrozenImage) -> set[str]:
    return {label for _, label in image.boxes} or ({image.label} if image.label else set())
