"""Start-up: first paint against an empty PySide6 window, time to usable, the event loop's stalls as the engine loads.

Every figure comes from fresh processes, the two kinds in turn, medians of several. "First paint" is counted from
the start of the process to the end of the window's first paint (its bare frame; the page follows in turns); "usable" is
when the page stands and the database is open; a stall is the gap between two ticks of a 5 ms timer in the window's
event loop, less the 5 ms.
Needs a display (or Xvfb); without one the offscreen platform is used, and the result says so.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import HERE, keep

EMPTY = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
def painted():
    print(time.time(), flush=True)
    QApplication.instance().exit(0)
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, painted)
app = QApplication(sys.argv)
window = Window()
window.resize(1366, 768)
window.show()
app.exec()
"""

SQUAMA = """
import json, sys, time
from pathlib import Path
from PySide6.QtCore import QEvent, QObject, QTimer
from app import application
marks = {"furnishing": [0.0], "loading": [0.0]}
class Watch(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and "paint" not in marks and watched is program.window:
            QTimer.singleShot(0, lambda: marks.setdefault("paint", time.time()))
        return False
app = application._qt()
workspace = application._workspace(sys.argv[1])
program = application.Program(app, workspace, "benchmark")
watch = Watch()
app.installEventFilter(watch)
last = [time.perf_counter()]
def tick():
    now = time.perf_counter()
    marks["loading" if "usable" in marks else "furnishing"].append(1000 * (now - last[0]) - 5)
    last[0] = now
timer = QTimer(interval=5)
timer.timeout.connect(tick)
def stood():
    app.removeEventFilter(watch)
    last[0] = time.perf_counter()
    timer.start()
def begun():
    begin_work = program.workbench.begin
    def usable(paths):
        begin_work(paths)
        marks["usable"] = time.time()
    program.workbench.begin = usable
    program.engine.ready.connect(ready)
def ready(*_):
    marks["engine"] = time.time()
    QTimer.singleShot(500, app.quit)
program.window.stood.connect(stood)
program.begun.connect(begun)
QTimer.singleShot(60000, app.quit)
program.start([])
app.exec()
print(json.dumps(marks), flush=True)
program.stop()
"""


def run(code: str, *arguments: str) -> tuple[float, str]:
    """Wall time at which the process was started, and the last line that it printed."""
    start = time.time()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        cwd=HERE.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return start, done.stdout.strip().splitlines()[-1]


def measure(runs: int) -> dict[str, Any]:
    empty, paint, usable, engine = [], [], [], []
    stalls: dict[str, list[float]] = {"furnishing": [], "loading": []}
    with tempfile.TemporaryDirectory() as folder:
        workspace = str(Path(folder) / "workspace")
        run(SQUAMA, workspace)  # makes the workspace, warms the disk cache
        run(EMPTY)
        for _ in range(runs):
            start, line = run(EMPTY)
            empty.append(1000 * (float(line) - start))
            start, line = run(SQUAMA, workspace)
            marks = json.loads(line)
            paint.append(1000 * (marks["paint"] - start))
            usable.append(1000 * (marks["usable"] - start))
            engine.append(1000 * (marks["engine"] - start))
            for phase, longest in stalls.items():
                longest.append(max(marks[phase]))
    ratios = [a / b for a, b in zip(paint, empty, strict=True)]
    return {
        "platform": os.environ.get("QT_QPA_PLATFORM", "default"),
        "runs": runs,
        "empty_window_first_paint_ms": statistics.median(empty),
        "first_paint_ms": statistics.median(paint),
        "first_paint_ratio": statistics.median(ratios),
        "usable_ms": statistics.median(usable),
        "engine_ready_ms": statistics.median(engine),
        "longest_stall_ms": {k: {"median": statistics.median(v), "worst": max(v)} for k, v in stalls.items()},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    if sys.platform == "linux" and not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    keep("start-up", measure(11 if options.full else 5), options.full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
