"""What a diagnosis says, in the words of the command line's contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from app.common.errors import UserError
from app.common.geometry import Box
from app.common.words import text

TOP = 3


@dataclass(frozen=True)
class Ranked:
    """A disease with the classifier's calibrated probability."""

    disease: str
    probability: float

    def as_json(self) -> dict[str, Any]:
        return {"disease": self.disease, "probability": self.probability}


@dataclass(frozen=True)
class Lesion:
    """A box of the detector, with its ``score`` and ``detector_disease``; ``top3`` is the classifier's."""

    number: int
    box: Box
    score: float
    top3: tuple[Ranked, ...]
    detector_disease: str

    @property
    def disease(self) -> str:
        return self.top3[0].disease

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "box": self.box.as_list(),
            "disease": self.disease,
            "score": self.score,
            "top3": [r.as_json() for r in self.top3],
        }


@dataclass(frozen=True)
class BoxAnswer:
    """A box that a person gave, clipped to the photo, and what the classifier says of it."""

    box: Box
    top3: tuple[Ranked, ...]

    def as_json(self) -> dict[str, Any]:
        return {"box": self.box.as_list(), "top3": [r.as_json() for r in self.top3]}


@dataclass(frozen=True)
class UnlikeTraining:
    """How strange the whole photo is. ``method`` is "none" for a model without statistics."""

    score: float
    threshold: float
    method: str

    @property
    def flag(self) -> bool:
        return self.score > self.threshold

    def as_json(self) -> dict[str, Any]:
        return {"flag": self.flag, "score": self.score, "threshold": self.threshold, "method": self.method}


@dataclass(frozen=True)
class Caution:
    """A warning; its sentence is ``warning.<code>`` in the present language."""

    code: str
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return text(f"warning.{self.code}", **self.facts)

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "text": self.text}


@dataclass(frozen=True)
class Diagnosis:
    """Everything that was found on one photo."""

    width: int
    height: int
    device: str
    models: dict[str, dict[str, str]]
    lesions: tuple[Lesion, ...]
    boxes: tuple[BoxAnswer, ...]
    top3: tuple[Ranked, ...]
    top3_of: Literal["box", "lesion", "photo"]
    unlike_training: UnlikeTraining
    warnings: tuple[Caution, ...]
    timings_ms: dict[str, float]

    def as_json(self, image: str, image_id: int | None = None) -> dict[str, Any]:
        """The contract's record of the image that was given as ``image``; ``image_id``: inside a workspace."""
        return {
            **_image(image, image_id),
            "width": self.width,
            "height": self.height,
            "device": self.device,
            "models": self.models,
            "lesions": [lesion.as_json() for lesion in self.lesions],
            "boxes": [box.as_json() for box in self.boxes],
            "top3": [r.as_json() for r in self.top3],
            "top3_of": self.top3_of,
            "unlike_training": self.unlike_training.as_json(),
            "warnings": [w.as_json() for w in self.warnings],
            "timings_ms": self.timings_ms,
        }


def failed_as_json(image: str, error: UserError, image_id: int | None = None) -> dict[str, Any]:
    return {**_image(image, image_id), "error": error.as_json()}


def _image(image: str, image_id: int | None) -> dict[str, Any]:
    return {"image": image} if image_id is None else {"image": image, "id": image_id}
