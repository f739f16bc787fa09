"""What a background training costs the window: the gap between two ticks of a 16 ms timer in its event loop.

``python -m benchmarks.training_stall [--full]``. The whole program with its engine ready, on the Train page (which
follows the run) and on Annotate; idle and with a run of the queue at work, in turns, in one process: five rounds after
one that counts for nothing (it imports what a list of runs needs, and lays out the page). The run is as the page
starts it: EfficientNet-lite0 at 224 px, half of the cores, nice 10, in a process of its own. Also while a run starts
(importing torch, reading photos), which nobody promised anything about.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.common import HERE, keep

if TYPE_CHECKING:
    from benchmarks.driving import Driven

TICK = 16  # ms
PHOTOS = 60
ROUNDS = 5
PAGES = ("train", "annotate")


def child(workspace: Path, seconds: float, rounds: int) -> dict[str, Any]:
    """Gaps in ms, by page and state: ``{page: {idle|training|starting: [[...] of each round]}}``."""
    from app.datasets.demo import make_demo
    from app.training import runner
    from app.training.plan import plan_of_options
    from app.training.runs import enqueue, pause_run, resume_run, show_run, start_runner
    from benchmarks.driving import Driven

    make_demo(workspace, photos=PHOTOS)
    driven = Driven(workspace)
    space = driven.program.services.workspace
    plan = plan_of_options("classify", "efficientnet_lite0", "phantom-a", "imagenet", "default", 1000, 0)
    run = enqueue(space, plan.model_copy(update={"patience": 0, "device": "cpu"}), "benchmark").name
    pause_run(space, run, "benchmark")
    gaps: dict[str, dict[str, list[list[float]]]] = {p: {"idle": [], "training": [], "starting": []} for p in PAGES}
    epochs = []
    for _ in range(1 + rounds):
        for page in PAGES:
            driven.program.window.go(page)
            driven.wait(1.0)
            driven.settle()
            gaps[page]["idle"].append(_ticks(driven, seconds))
            before = show_run(space, run).epoch
            resume_run(space, run, "benchmark")
            start_runner(space)
            driven.until(lambda: show_run(space, run).state == "running", 120)
            gaps[page]["starting"].append(_ticks(driven, seconds / 2))
            driven.until(lambda n=before: show_run(space, run).epoch > n, 600)  # type: ignore[misc]
            gaps[page]["training"].append(_ticks(driven, seconds))
            pause_run(space, run, "benchmark")
            driven.until(lambda: show_run(space, run).state == "paused", 120)
            epochs.append(show_run(space, run).epoch - before)
    runner.wait_for_started(60)
    driven.stop()
    counted = {page: {state: every[1:] for state, every in states.items()} for page, states in gaps.items()}
    return {"gaps": counted, "epochs": epochs}


def _ticks(driven: Driven, seconds: float) -> list[float]:
    from PySide6.QtCore import Qt, QTimer

    from benchmarks.driving import NOW

    moments: list[float] = []
    timer = QTimer(interval=TICK, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: moments.append(NOW()))
    timer.start()
    driven.wait(seconds)
    timer.stop()
    return [round(1000 * (b - a), 2) for a, b in pairwise(moments)]


def p99(values: list[float]) -> float:
    return sorted(values)[round(0.99 * (len(values) - 1))]


def measure(seconds: float, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        line = [sys.executable, "-m", "benchmarks.training_stall", "--child", f"{place}/workspace"]
        done = subprocess.run(
            [*line, str(seconds), str(rounds)], cwd=HERE.parent, capture_output=True, text=True, timeout=3600
        )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    found = json.loads(done.stdout.strip().splitlines()[-1])
    result: dict[str, Any] = {"tick_ms": TICK, "seconds": seconds, "rounds": rounds, "epochs": found["epochs"]}
    rows = []
    for page, states in found["gaps"].items():
        each = {state: [p99(gaps) for gaps in all_gaps] for state, all_gaps in states.items()}
        more = [b - a for a, b in zip(each["idle"], each["training"], strict=True)]
        start = [b - a for a, b in zip(each["idle"], each["starting"], strict=True)]
        result[page] = {"p99_ms": each, "ticks": [len(g) for g in states["training"]]}
        words = f"{statistics.median(more):+.1f} ms (idle {statistics.median(each['idle']):.1f} ms)"
        rows.append([f"Background training, {page} page: p99 of a {TICK} ms tick against idle", "<= +5 ms", words])
        rows.append([f"The same while the run starts, {page} page", "", f"{statistics.median(start):+.1f} ms"])
    load = f"load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    return {**result, "conditions": load, "platform": os.environ.get("QT_QPA_PLATFORM", "default"), "rows": rows}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if sys.platform == "linux" and not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    if options.child:
        folder, seconds, rounds = options.child
        print(json.dumps(child(Path(folder), float(seconds), int(rounds))), flush=True)
        os._exit(0)
    keep("training-stall", measure(10.0, ROUNDS) if options.full else measure(6.0, 2), options.full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
