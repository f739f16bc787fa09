"""How far a run is, out of its events: epochs, scores, time spent and left. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_AT_REST = ("queued", "stopped", "failed", "done")
_LAST = 5  # epochs whose time says how long the next ones take


@dataclass(frozen=True)
class Progress:
    """Seconds are those at work. ``at``: the clock (seconds since 1970, UTC) at ``seconds``; 0 while nothing works."""

    created: datetime | None = None
    epoch: int = 0
    epochs: int = 0
    scores: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    at: float = 0.0
    epoch_seconds: float | None = None
    epoch_at: float = 0.0

    def seconds_at(self, now: float) -> float:
        """Spent until ``now``, while the run is alive."""
        return self.seconds + (max(0.0, now - self.at) if self.at else 0.0)

    def left_at(self, now: float, epochs: int, minutes: float | None = None) -> float | None:
        """What is probably left; None before the first epoch has ended."""
        if self.epoch_seconds is None:
            return None
        left = (max(self.epochs or epochs, self.epoch) - self.epoch) * self.epoch_seconds
        left = max(0.0, left - max(0.0, now - self.epoch_at))
        return left if minutes is None else min(left, max(0.0, 60 * minutes - self.seconds_at(now)))


def progress_of(events: Sequence[Mapping[str, Any]]) -> Progress:
    """The state behind all ``events`` of a run, in order."""
    if not events:
        return Progress()
    whole = [e for e in events if e.get("event") == "epoch"]
    last = whole[-1] if whole else {}
    scores = {k: float(v) for k, v in last.items() if k.startswith("val_") and _number(v)}
    epochs = next((int(e["epochs"]) for e in reversed(events) if "epochs" in e), 0)
    return Progress(
        created=_time(events[0]),
        epoch=int(last.get("epoch", -1)) + 1,
        epochs=epochs,
        scores=scores,
        seconds=float(events[-1].get("seconds", 0.0)),
        at=0.0 if events[-1].get("event") in _AT_REST else _clock(events[-1]),
        epoch_seconds=_epoch_seconds(events),
        epoch_at=_clock(last) if last else 0.0,
    )


def _epoch_seconds(events: Sequence[Mapping[str, Any]]) -> float | None:
    """The median time of the last epochs, each from its own beginning."""
    begun: float | None = None
    spans: list[float] = []
    for event in events:
        if event.get("event") == "epoch":
            if begun is not None:
                spans.append(event["seconds"] - begun)
            begun = event["seconds"]
        elif event.get("event") in ("started", "loaded", "resumed"):
            begun = float(event.get("seconds", 0.0))
    return statistics.median(spans[-_LAST:]) if spans else None


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _time(event: Mapping[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(event.get("time")))
    except ValueError:
        return None


def _clock(event: Mapping[str, Any]) -> float:
    time = _time(event)
    return time.timestamp() if time else 0.0
