"""How far a run is, and the learning rate that belongs there."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass
class Schedule:
    """Warm-up, then a cosine down to 1 % (or a constant rate) over the whole run, which ends by steps or by the clock.

    A run bounded by ``minutes`` depends on the machine's speed; one bounded by its steps repeats itself.
    """

    steps: int
    minutes: float | None = None
    warm_up: float = 0.05
    kind: Literal["cosine", "constant"] = "cosine"
    spent: float = 0.0
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._begun = self.clock()

    @property
    def seconds(self) -> float:
        """Time spent, with that of an earlier part of a resumed run (``spent``)."""
        return self.spent + self.clock() - self._begun

    def progress(self, step: int) -> float:
        """Share of the run that lies behind, 0..1, before ``step`` (0 is the first)."""
        share = step / self.steps
        if self.minutes is not None:
            share = max(share, self.seconds / (60 * self.minutes))
        return min(share, 1.0)

    def rate(self, progress: float) -> float:
        """Factor on the learning rate."""
        if progress < self.warm_up:
            return max(progress / self.warm_up, 0.02)
        if self.kind == "constant":
            return 1.0
        along = (progress - self.warm_up) / (1 - self.warm_up)
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * along))
