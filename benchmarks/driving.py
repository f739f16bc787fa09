"""The whole program under a benchmark's hand: when its photo was painted, and how long its event loop stood still.

"Painted" is the end of the canvas's own paint event with that photo on it. A stall is the gap between two ticks of a
5 ms timer in the window's event loop, less the 5 ms: waiting for the interpreter's lock counts as much as work.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer

from app import application
from app.application import Program

WINDOW = (1600, 1000)
NOW = time.perf_counter


class Driven(QObject):
    """A running Squama in a workspace of its own, with its engine ready and everything imported."""

    def __init__(self, workspace: Path, paths: tuple[Path, ...] = (), actor: str = "benchmark") -> None:
        super().__init__()
        self.app = application._qt()
        opened = application._workspace(str(workspace))
        assert opened is not None
        self.program = Program(self.app, opened, actor)
        self.painted: list[tuple[float, object, int]] = []  # when, which photo, how many boxes it had
        self.list_painted: list[float] = []
        self._last = NOW()
        self.stalls: list[float] = []
        self._timer = QTimer(self, interval=5, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self.program.start(paths)
        self.until(lambda: self.program.has_begun)
        sys.excepthook = sys.__excepthook__  # a bug ends the benchmark in words
        self._watch_paints()
        self.program.window.showNormal()
        self.program.window.move(0, 0)
        self.program.window.resize(*WINDOW)
        self.until(lambda: self.program.services.background.has_database)
        self.until(lambda: self.program.engine.is_ready, 120)
        self.wait(1.0)

    def _watch_paints(self) -> None:
        """By the widget's class: Python finds the method there each time Qt asks for it."""
        canvas = self.program.workbench.canvas
        kind, driven = type(canvas), self
        paint = kind.paintEvent

        def watched(widget: Any, event: Any) -> None:
            paint(widget, event)
            if widget is canvas and widget.has_photo():
                document = widget.document()
                driven.painted.append((NOW(), widget._photo, len(document.annotations) if document else -1))

        kind.paintEvent = watched  # type: ignore[method-assign]
        self.program.workbench.photos.view.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self.program.workbench.photos.model.rowCount():
            self.list_painted.append(NOW())
        return False

    # -- time ----------------------------------------------------------------------------------------------------
    def until(self, condition: Callable[[], bool], patience: float = 60.0) -> float:
        """Let the event loop run until it holds; gives the time at which it did.

        Raises:
            TimeoutError: it did not within ``patience`` seconds.
        """
        limit = NOW() + patience
        loop, check = QEventLoop(), QTimer(interval=1, timerType=Qt.TimerType.PreciseTimer)
        check.timeout.connect(lambda: loop.quit() if condition() or NOW() > limit else None)
        if not condition():
            check.start()
            loop.exec()  # sleeps without Python's lock between events, as the program does
        if not condition():
            raise TimeoutError("the benchmark waited in vain")
        return NOW()

    def wait(self, seconds: float) -> None:
        loop = QEventLoop()
        QTimer.singleShot(round(1000 * seconds), loop.quit)
        loop.exec()

    def settle(self, patience: float = 60.0) -> float:
        """Nothing is under way in the background, and nothing left to deliver."""
        return self.until(lambda: self.program.services.background.idle, patience)

    def next_painted(self, go: Callable[[], object], boxes: int = -1) -> float:
        """From ``go`` to the first paint of another photo than the one there is now, with so many boxes, ms."""
        before = self.program.workbench.canvas._photo
        self.painted.clear()  # frees the photo before, before the clock runs

        def seen() -> list[float]:
            return [at for at, photo, has in self.painted if photo is not before and has >= boxes]

        start = NOW()
        go()
        self.until(lambda: bool(seen()))
        return 1000 * (seen()[0] - start)

    def settle_photo(self) -> None:
        """The photo that was asked for stands, with its boxes."""
        self.until(lambda: self.program.workbench.sitting.shown)

    def watch_stalls(self) -> None:
        self.stalls, self._last = [0.0], NOW()
        self._timer.start()

    def worst_stall(self) -> float:
        """In ms, since :meth:`watch_stalls`."""
        self._timer.stop()
        return max(self.stalls)

    def _tick(self) -> None:
        now = NOW()
        self.stalls.append(1000 * (now - self._last) - 5)
        self._last = now

    def stop(self) -> None:
        self.program.window.close()
        self.program.stop()
