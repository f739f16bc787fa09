"""What every benchmark needs: where data lie, how a result is kept, and the log of looks at test data."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.evaluation.intervals import wilson

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
"""Real data beside the checkout; a benchmark that needs them says so where they are absent."""
RESULTS = HERE / "results"
LOOKS = HERE / "looks.md"


@dataclass(frozen=True, slots=True)
class Share:
    """``hits`` of ``n``, with Wilson's 95 % interval (Wilson 1927)."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        return self.hits / self.n if self.n else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.hits, self.n)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.3f} [{low:.3f}, {high:.3f}] ({self.hits} of {self.n})"

    def as_json(self) -> dict[str, Any]:
        low, high = self.interval
        return {"value": self.value, "low": low, "high": high, "hits": self.hits, "n": self.n}


def median_ms(work: Callable[[], object], runs: int = 7, warm_up: int = 1) -> float:
    """Median wall time of ``work`` in milliseconds."""
    for _ in range(warm_up):
        work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def machine() -> dict[str, Any]:
    return {
        "system": platform.system(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def keep(name: str, result: dict[str, Any], full: bool) -> Path:
    """Write ``result`` with date and machine to ``benchmarks/results/<name>[-quick].json`` and print it."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / (f"{name}.json" if full else f"{name}-quick.json")
    dated = {
        "benchmark": name,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "full": full,
        "machine": machine(),
    }
    text = json.dumps({**dated, **result}, indent=1, ensure_ascii=False, default=str)
    file.write_text(text + "\n", encoding="utf-8")
    print(text)
    return file


def log_look(what: str, why: str, result: str, models: Sequence[str] = ()) -> None:
    """Add a line to the log of looks at test data; a figure that is not logged does not count."""
    if not LOOKS.exists():
        LOOKS.write_text(
            "# Every look at data kept for testing\n\n| when | what | models | why | result |\n|---|---|---|---|---|\n"
        )
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    with LOOKS.open("a", encoding="utf-8") as log:
        log.write(f"| {when} | {what} | {', '.join(models)} | {why} | {result} |\n")
