"""What a run reports while it works: one JSON object a line in ``events.jsonl``; ids and numbers only."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

STOP_FILE = "stop"


@dataclass(slots=True)
class Events:
    """Appends to ``<run>/events.jsonl``, each line whole and flushed, and passes a sentence for people to ``say``."""

    run: Path
    say: Callable[[str], None] = lambda line: None
    started: float = field(default_factory=time.monotonic)

    def write(self, kind: str, **facts: Any) -> None:
        seconds = round(time.monotonic() - self.started, 1)
        row = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": seconds, "event": kind, **facts}
        with (self.run / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.say(f"{seconds:8.1f} s  {kind}  " + "  ".join(f"{k}={_short(v)}" for k, v in facts.items()))

    def stop_asked(self) -> bool:
        """Whether somebody put a file named ``stop`` into the run's folder."""
        return (self.run / STOP_FILE).exists()


def read_events(run: Path) -> Iterator[dict[str, Any]]:
    """The events of a run; a last line that is still being written is left out."""
    file = run / "events.jsonl"
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            continue


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
