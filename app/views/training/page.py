"""The Train page: the plan on the left, the chosen run on the right, all runs below it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.common.words import text
from app.views.parts import Elided, label
from app.views.sheets import Page
from app.views.training import desk
from app.views.training.empty import NoData
from app.views.training.plan_form import PlanForm
from app.views.training.run_view import RunView
from app.views.training.runs_table import RunsTable
from app.views.training.test_sheet import TestSheet

if TYPE_CHECKING:
    from app.datasets.freezing.versions import DatasetRow
    from app.training.plan import Plan
    from app.training.runs import RunInfo
    from app.views.services import Services
    from app.views.training.watch import RunWatch
    from app.views.window import Window

TABLE_HEIGHT = 212


class TrainPage(Page):
    started = Signal()

    def __init__(self, services: Services, window: Window, watch: RunWatch) -> None:
        super().__init__()
        self.setObjectName("sheet")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._services, self._window, self.watch = services, window, watch
        self._wanted = ""
        self.form = PlanForm(services)
        self.view = RunView(services, watch)
        self.table = RunsTable()
        self._caption = Elided("section")
        self._nothing = label("soft", wrap=True)
        self._empty = NoData(lambda: window.go("datasets"))
        self._lay_out()
        self._connect()
        self._listen()
        self.retranslate()

    def _lay_out(self) -> None:
        below = QWidget()
        under = QVBoxLayout(below)
        under.setContentsMargins(16, 8, 16, 8)
        under.setSpacing(4)
        under.addWidget(self._caption)
        under.addWidget(self.table, 1)
        first = QWidget()
        words = QVBoxLayout(first)
        words.setContentsMargins(24, 24, 24, 24)
        words.addWidget(self._nothing)
        words.addStretch()
        runs = QSplitter(Qt.Orientation.Vertical)
        runs.setHandleWidth(1)
        runs.setChildrenCollapsible(False)
        runs.addWidget(self.view)
        runs.addWidget(below)
        runs.setStretchFactor(0, 1)
        runs.setSizes([10_000, TABLE_HEIGHT])
        self._right = QStackedWidget()
        self._right.addWidget(first)
        self._right.addWidget(runs)
        work = QWidget()
        across = QHBoxLayout(work)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(self.form)
        across.addWidget(self._right, 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(work)
        self._pages.addWidget(self._empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pages)

    def _connect(self) -> None:
        self.form.wanted.connect(self._begin_runs)
        self.table.chosen.connect(lambda _: self._show_run())
        self.table.model_.ticked_changed.connect(self._follow)
        self.view.acted.connect(self.act)
        self.watch.changed.connect(self._show_runs)
        self._services.pack_changed.connect(self.retranslate)
        self._window.closing.connect(self.form.forecast.forget)  # a trial that nobody waits for any more

    def _listen(self) -> None:
        for keys, command in (
            ("F5", self.form.begin_runs),
            ("P", self._pause_or_resume),
            ("Del", partial(self.act, "cancel")),
            ("Ctrl+Up", partial(self.act, "earlier")),
            ("Ctrl+Down", partial(self.act, "later")),
            ("T", partial(self.act, "test")),
            ("F8", lambda: self.form.setVisible(self.form.isHidden())),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda command=command: command())

    # -- what there is -----------------------------------------------------------------------------------------------
    def begin(self) -> None:
        self._services.background.read(desk.versions, self._show_versions, owner=self)
        if self.watch.has_looked:  # what it saw before this page was made is no news to it
            self._show_runs()
        self.watch.look()
        self.table.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.watch.show(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.watch.show(False)

    def _show_versions(self, rows: tuple[DatasetRow, ...]) -> None:
        self._pages.setCurrentIndex(0 if rows or self.watch.runs else 1)
        self.form.begin(rows, self.watch.live())

    def _show_runs(self) -> None:
        runs = self.watch.runs
        wanted = self._wanted if any(run.name == self._wanted for run in runs) else ""
        if wanted:
            self._wanted = ""
        self.table.show_runs(runs, wanted)
        self._right.setCurrentIndex(1 if runs else 0)
        self.form.set_waits(self.watch.live())
        self._show_run()
        self._follow()

    def choose(self, name: str) -> None:
        """Show this run, now or when it is there."""
        self._wanted = name
        self.table.choose(name)
        self.watch.look()

    def _compared(self) -> tuple[RunInfo, ...]:
        return tuple(run for name in self.table.model_.ticked if (run := self.watch.run(name)) is not None)

    def _follow(self) -> None:
        names = [name for name in (self.table.current, *self.table.model_.ticked) if name]
        self.watch.follow(dict.fromkeys(names))
        self._show_run()

    def _show_run(self) -> None:
        name = self.table.current
        if name and self.watch.history(name).offset == 0:
            self.watch.follow(dict.fromkeys([name, *self.table.model_.ticked]))
        self.view.show_run(self.watch.run(name), self._compared())

    # -- what can be done --------------------------------------------------------------------------------------------
    def _begin_runs(self, plans: tuple[Plan, ...]) -> None:
        put = partial(desk.enqueue, self._services.workspace, plans, self._services.actor)
        self._services.background.work(put, self._begun, owner=self)

    def _begun(self, runs: tuple[RunInfo, ...]) -> None:
        first, waits = runs[0].name, self.watch.live()
        self._window.messages.info(
            "training_begun",
            lambda: text("train.queued_now", run=first) if waits else text("train.begun_now", run=first),
        )
        self.choose(first)
        self.started.emit()

    def _pause_or_resume(self) -> None:
        run = self.watch.run(self.table.current)
        if run is not None:
            self.act("pause" if run.state == "running" else "resume")

    def act(self, what: str) -> None:
        """On the chosen run; nothing where its button is not shown."""
        run = self.view.run
        if run is None or self.view.buttons[what].isHidden() or not self.view.buttons[what].isEnabled():
            return
        if what == "test":
            self._window.open_sheet(TestSheet(self._services, self._window, run))
        elif what == "again":
            self.form.show_run(run.plan)
        elif what in ("earlier", "later"):
            by = -1 if what == "earlier" else 1
            self._do(partial(desk.move, self._services.workspace, run.name, by))
        else:
            self.change(run.name, "pause" if what == "pause" else "resume" if what == "resume" else "cancel")

    def change(self, name: str, what: Literal["pause", "resume", "cancel"]) -> None:
        done: Callable[[], object] = lambda: None
        if what == "cancel":  # nothing is asked, as it can be taken back
            undo = (lambda: text("train.undo"), lambda: self.change(name, "resume"))
            done = lambda: self._window.messages.info("cancelled", lambda: text("train.cancelled", run=name), undo)
        self._do(partial(desk.act, self._services.workspace, name, what, self._services.actor), done)

    def _do(self, run: Callable[[], object], done: Callable[[], object] = lambda: None) -> None:
        def over(_: Any) -> None:
            done()
            self.watch.look()

        self._services.background.work(run, over, owner=self)

    def retranslate(self) -> None:
        self._caption.setText(text("train.runs"))
        self._caption.setToolTip(text("train.runs_tip"))
        self._nothing.setText(text("train.no_runs"))
        self.watch.look()  # errors are said where they are read
