"""What a check says of a photo. Pure; safe to import before the first paint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.common.geometry import Box
from app.common.words import language, text

FLOOR = 0.02
"""A lower score is not worth a row: no threshold can be set there."""


@dataclass(frozen=True, slots=True)
class Finding:
    """``score`` 0..1, higher is worse, whatever the threshold.

    ``why``: the catalogue's key of the reason; ``facts`` fill its placeholders (numbers, words, or {"en", "zh"}).
    ``boxes``: where it is seen, in pixels of the upright photo, the worst first. ``group``: names the photos that
    belong together (duplicates, one lesion), the same string for each.
    """

    check: str
    score: float
    why: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    boxes: tuple[Box, ...] = ()
    group: str | None = None

    @property
    def reason(self) -> str:
        """In the present language."""
        return text(self.why, **{name: _worded(value) for name, value in self.facts.items()})

    def as_json(self, threshold: float) -> dict[str, Any]:
        """The contract's finding."""
        found = {"check": self.check, "score": round(self.score, 4), "threshold": threshold, "reason": self.reason}
        if self.boxes:
            found["box"] = self.boxes[0].as_list()
        if self.group is not None:
            found["group"] = self.group
        return found


@dataclass(frozen=True, slots=True)
class Found:
    """What one part found in one photo. ``measured`` (JSON) and ``blob`` are kept for checks of the whole set."""

    findings: tuple[Finding, ...] = ()
    measured: Mapping[str, Any] = field(default_factory=dict)
    blob: bytes | None = None


def clipped(finding: Finding) -> Finding:
    """With its score inside 0..1, as plain Python numbers."""
    if type(finding.score) is float and 0.0 <= finding.score <= 1.0:
        return finding
    return replace(finding, score=min(1.0, max(0.0, float(finding.score))))


def _worded(value: Any) -> Any:
    return value[language()] if isinstance(value, Mapping) else value
