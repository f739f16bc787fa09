"""The models that ship with the program, as every benchmark asks them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.common.packs import load_pack
from app.inference.diagnose import Diagnoser, load_diagnoser
from app.inference.models import find_model
from app.training.learning.samples import half_of


class Shipped:
    """The default pack's detector and classifier on the CPU."""

    def __init__(self, diagnoser: Diagnoser) -> None:
        self.diagnoser = diagnoser

    def answer(self, source: Path | bytes, min_score: float = 0.5, detect: bool = True) -> dict[str, Any]:
        """The contract's record of a file or its bytes."""
        return self.diagnoser.diagnose(source, min_score=min_score, detect=detect).as_json("benchmark")

    def unlike(self, source: Path | bytes) -> tuple[float, float]:
        """Score of the whole photo, and the threshold."""
        strange = self.answer(source, detect=False)["unlike_training"]
        return strange["score"], strange["threshold"]

    def names(self) -> list[str]:
        """``NAME:VERSION@sha256[:12]`` of both."""
        return [
            f"{m['name']}:{m['version']}@{m['sha256'][:12]}"
            for m in (self.diagnoser.models["detector"].identity(), self.diagnoser.models["classifier"].identity())
        ]


def shipped() -> Shipped:
    pack = load_pack()
    detector = find_model(pack.default_detector, "detect")
    classifier = find_model(pack.default_classifier, "classify")
    return Shipped(load_diagnoser(detector, classifier, "cpu"))


def kept_half(name: str) -> bool:
    """Whether a file belongs to the half that nothing was trained on or chosen by (the training plan's own rule)."""
    return half_of(name) == "test"
