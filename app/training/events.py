"""What a run reports while it works: one JSON object a line in ``events.jsonl``; ids and numbers only."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from app.common.files import write_error

STOP_FILE = "stop"


def leads() -> bool:
    """Whether this process writes: of several that learn together (torchrun) only the first does."""
    return os.environ.get("RANK", "0") == "0" or os.environ.get("WORLD_SIZE", "1") == "1"


@dataclass(slots=True)
class Events:
    """Appends to ``<run>/events.jsonl``, each line whole and flushed, and passes a sentence for people to ``say``.

    ``started``: the monotonic clock at second 0 of the run, which lies before its parts that have ended.
    """

    run: Path
    say: Callable[[str], None] = lambda line: None
    started: float = field(default_factory=time.monotonic)

    def write(self, kind: str, **facts: Any) -> None:
        """Raises UserError as writing does (``disk_full``, ...)."""
        seconds = round(time.monotonic() - self.started, 1)
        row = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": seconds, "event": kind, **facts}
        if not leads():
            return
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        file = self.run / "events.jsonl"
        try:
            with file.open("a+b") as out:
                out.write(line if _ends_whole(out) else b"\n" + line)
        except OSError as error:
            raise write_error(error, file) from error
        self.say(f"{seconds:8.1f} s  {kind}  " + "  ".join(f"{k}={_short(v)}" for k, v in facts.items()))

    def stop_asked(self) -> bool:
        """Whether somebody put a file named ``stop`` into the run's folder."""
        return (self.run / STOP_FILE).exists()


def _ends_whole(file: BinaryIO) -> bool:
    """Whether the last line is whole: a full disk or a power cut may have left half of one."""
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


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
