"""The eye on the folder of runs, for every page: what is new, how far a run is, and a word when one has ended.

The runs are processes of their own. Their folders are looked at off the GUI thread: often while one is under way, now
and then while the Train page is seen, not at all otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.views.training import desk

if TYPE_CHECKING:
    from app.common.errors import UserError
    from app.training.runs import RunInfo
    from app.views.services import Services

FIRST_MS = 3000
"""After the window stands: whether a run goes on from last time."""
OFTEN_MS, SELDOM_MS = 1000, 4000
MOST_USE = 600
"""Looks at the use of the machine that are remembered of a run."""


@dataclass
class History:
    """What is known of a followed run's events; ``use`` is one entry a look: CPU, RAM, GPU."""

    offset: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    use: list[Mapping[str, Any]] = field(default_factory=list)

    def epochs(self) -> list[dict[str, Any]]:
        """Its epochs in order, each once: the later word counts (a resumed run says some again). The first is 0."""
        found = {int(e["epoch"]): e for e in self.events if e.get("event") == "epoch"}
        return [found[n] for n in sorted(found)]

    def kept(self, patience: int) -> dict[str, Any] | None:
        """The epoch whose weights are kept as it stands: the last best with patience, else the last."""
        epochs = self.epochs()
        if not patience or not epochs:
            return epochs[-1] if epochs else None
        epochs.reverse()
        return max(epochs, key=lambda e: float(e.get("val_balanced_accuracy", e.get("val_map50", 0.0)) or 0.0))


class RunWatch(QObject):
    changed = Signal()  # the runs, or how far one is
    grew = Signal(str)  # a followed run has new events, or its use of the machine was looked at
    ended = Signal(object, str)  # RunInfo, the state it had before

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._histories: dict[str, History] = {}
        self._looking = self._again = self._seen_once = False
        self._visible = False
        self.runs: tuple[RunInfo, ...] = ()
        self._timer = QTimer(self, singleShot=True, interval=FIRST_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    @property
    def has_looked(self) -> bool:
        return self._seen_once

    def live(self) -> bool:
        return any(run.state in desk.LIVE for run in self.runs)

    def running(self) -> RunInfo | None:
        return next((run for run in self.runs if run.state == "running"), None)

    def run(self, name: str) -> RunInfo | None:
        return next((run for run in self.runs if run.name == name), None)

    def history(self, name: str) -> History:
        return self._histories.get(name, History())

    def show(self, visible: bool) -> None:
        """Whether the Train page is seen."""
        self._visible = visible
        if visible:
            self.look()

    def follow(self, names: Iterable[str]) -> None:
        """These runs' events are read too; what is known of others is forgotten."""
        wanted = tuple(names)
        fresh = [name for name in wanted if name not in self._histories]
        self._histories = {name: self._histories.get(name, History()) for name in wanted}
        if fresh:
            self.look()

    def look(self) -> None:
        """Asked for again while it looks, it looks once more after."""
        if self._looking:
            self._again = True
            return
        self._looking = True
        self._timer.stop()
        followed = {name: history.offset for name, history in self._histories.items()}
        self._services.background.work(
            partial(desk.look, self._services.workspace, followed), self._looked, self._not_looked, owner=self
        )

    def _looked(self, seen: desk.Seen) -> None:
        self._looking = False
        before: dict[str, str] = {run.name: run.state for run in self.runs}
        if not self._seen_once:  # what ended while no window was open is told now
            before = dict.fromkeys(seen.were_live, "running")
        news = seen.runs != self.runs or not self._seen_once
        self.runs, self._seen_once = seen.runs, True
        grown = [name for name, (events, end) in seen.events.items() if self._take(name, events, end, seen.usage)]
        if news:
            self.changed.emit()
        for name in grown:
            self.grew.emit(name)
        for run in self.runs:
            state = before.get(run.name)
            if state in desk.LIVE and run.state not in desk.LIVE:
                self.ended.emit(run, state)
        self._wait()

    def _take(self, name: str, events: list[dict[str, Any]], end: int, usage: Mapping[str, Mapping[str, Any]]) -> bool:
        history = self._histories.get(name)
        if history is None:
            return False
        if end < history.offset:  # the run was begun anew in the same folder
            history.events.clear()
        fresh = end != history.offset
        history.offset = end
        history.events += events
        run, use = self.run(name), usage.get(name)
        last = history.use[-1].get("time") if history.use else None
        if use and run is not None and run.state == "running" and use.get("time") != last:
            history.use.append(use)
            del history.use[:-MOST_USE]
            fresh = True
        return fresh

    def _not_looked(self, error: UserError) -> None:
        self._looking = False
        self._services.report(error)
        self._wait()

    def _wait(self) -> None:
        if self._again:
            self._again = False
            self.look()
        elif self.live() or self._visible:
            self._timer.start(OFTEN_MS if self.live() else SELDOM_MS)
