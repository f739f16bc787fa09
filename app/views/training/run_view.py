"""The chosen run: what can be done with it, and its curves, confusion, samples, log and use of the machine in tabs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.common.words import text
from app.views.icons import icon
from app.views.parts import Elided, Mark, Switch, label, line
from app.views.thumbnails import Thumbnails
from app.views.training import desk
from app.views.training.compare import Compare
from app.views.training.confusion import Confusion
from app.views.training.curves import Curves
from app.views.training.log_view import LogView
from app.views.training.samples import Samples
from app.views.training.use_view import UseView
from app.views.training.words import (
    STATE_ICONS,
    class_word,
    left_words,
    main_score,
    score_figure,
    score_words,
    state_words,
)

if TYPE_CHECKING:
    from app.training.runs import RunInfo
    from app.views.services import Services
    from app.views.training.watch import History, RunWatch

Names = tuple[tuple[str, str, str], ...]
TABS: tuple[Callable[[], str], ...] = (
    lambda: text("train.tab_curves"), lambda: text("train.tab_confusion"), lambda: text("train.tab_samples"),
    lambda: text("train.tab_log"), lambda: text("train.tab_use"), lambda: text("train.tab_compare"),
)  # fmt: skip
CURVES, CONFUSION, SAMPLES, LOG, USE, COMPARE = range(6)
ACTS = ("pause", "resume", "cancel", "earlier", "later", "test", "again")


class RunView(QWidget):
    """``acted`` carries the name of the button: pause, resume, cancel, earlier, later, test, again."""

    acted = Signal(str)

    def __init__(self, services: Services, watch: RunWatch) -> None:
        super().__init__()
        self._services, self._watch = services, watch
        self._run: RunInfo | None = None
        self._compared: tuple[RunInfo, ...] = ()
        self._names: Names = ()
        self._names_of = ("", "")
        self._samples_at = ("", -1)
        self._asking = False
        self.mark_place = QStackedWidget()
        self.name, self.state = Elided("section"), Elided("soft")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.buttons = {act: QPushButton() for act in ACTS}
        self.problem = label("trouble", wrap=True)
        self.tabs = Switch(TABS)
        thumbnails = Thumbnails(services.background, self)
        self.curves, self.confusion, self.which = Curves(), Confusion(), label("caption")
        self.samples = Samples(thumbnails, lambda: text("train.no_samples_yet"))
        self.log, self.use, self.compare = LogView(), UseView(), Compare()
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        for state in STATE_ICONS.values():
            self.mark_place.addWidget(Mark(state))
        self.mark_place.setFixedSize(16, 16)
        head = QHBoxLayout()
        head.setContentsMargins(16, 10, 16, 0)
        head.setSpacing(8)
        head.addWidget(self.mark_place)
        said = QVBoxLayout()
        said.setSpacing(0)
        said.addWidget(self.name)
        said.addWidget(self.state)
        head.addLayout(said, 1)
        for button in self.buttons.values():
            head.addWidget(button)
        second = QHBoxLayout()
        second.setContentsMargins(16, 0, 16, 0)
        second.addWidget(self.tabs)
        second.addStretch()
        for view in (self.curves, self.confusion, self.samples, self.log, self.use, self.compare):
            self._stack.addWidget(_framed(self.which, view) if view is self.confusion else _framed(view))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        between = QVBoxLayout()
        between.setContentsMargins(16, 0, 16, 0)
        between.addWidget(self.problem)
        between.addWidget(self.progress)
        column.addLayout(between)
        column.addLayout(second)
        column.addWidget(line())
        column.addWidget(self._stack, 1)

    def _connect(self) -> None:
        self.tabs.chosen.connect(self._show_tab)
        for act, button in self.buttons.items():
            button.clicked.connect(partial(self._press, act))
        for number in range(len(TABS)):
            shortcut = QShortcut(QKeySequence(f"Alt+{number + 1}"), self)
            shortcut.activated.connect(partial(self.tabs.choose, number))
        self._watch.grew.connect(self._grew)

    def _press(self, act: str, _checked: bool = False) -> None:
        self.acted.emit(act)

    @property
    def run(self) -> RunInfo | None:
        return self._run

    @property
    def tab(self) -> int:
        return self._stack.currentIndex()

    def show_run(self, run: RunInfo | None, compared: tuple[RunInfo, ...]) -> None:
        """``compared``: the ticked runs; with two or more the curves are theirs."""
        other = run is None or self._run is None or run.name != self._run.name
        self._run, self._compared = run, compared
        if run is not None and (run.plan.pack, run.plan.dataset) != self._names_of:
            self._names_of = (run.plan.pack, run.plan.dataset)
            ask = partial(desk.class_names, workspace=self._services.workspace, plan=run.plan)
            self._services.background.read(ask, self._show_names, owner=self)
        if other:
            self.samples.show_answers((), self._names)
        self.retranslate()
        self._show_tab(self.tab)

    def _show_names(self, names: Names) -> None:
        self._names = names
        self._samples_at = ("", -1)
        self._show_tab(self.tab)

    def _grew(self, name: str) -> None:
        if self._run is not None and name in (self._run.name, *(run.name for run in self._compared)):
            self._show_tab(self.tab)

    def _show_tab(self, tab: int) -> None:
        """Only what is seen is brought up to date."""
        self._stack.setCurrentIndex(tab)
        run = self._run
        if run is None:
            return
        history = self._watch.history(run.name)
        if tab == CURVES:
            shown = self._compared if len(self._compared) > 1 else (run,)
            kept = history.kept(run.plan.patience) if len(shown) == 1 and run.plan.patience else None
            followed = [(one, self._watch.history(one.name).epochs()) for one in shown]
            self.curves.show_runs(followed, None if kept is None else float(kept["epoch"]) + 1)
        elif tab == CONFUSION:
            self._show_confusion(run, history)
        elif tab == SAMPLES:
            self._ask_samples()
        elif tab == LOG:
            self.log.show_events(history.events, run.epochs, self._names)
        elif tab == USE:
            speeds = [float(e["images_per_second"]) for e in history.epochs() if e.get("images_per_second")]
            self.use.show_use(history.use, speeds)
        else:
            self.compare.show_runs(self._compared)

    def _show_confusion(self, run: RunInfo, history: History) -> None:
        """Of the epoch that is kept, so that it agrees with the run's score."""
        kept = history.kept(run.plan.patience)
        counts = kept.get("confusion") if kept else None
        self.confusion.show_counts([class_word(self._names, key) for key, _, _ in self._names], counts or ())
        n = int(kept["epoch"]) + 1 if kept and counts else 0
        words = text("train.confusion_kept", n=n) if run.plan.patience else text("train.confusion_last", n=n)
        self.which.setText(words if n else "")

    def _ask_samples(self) -> None:
        run = self._run
        if run is None or self._asking or self._samples_at == (run.name, self._mark(run)):
            return
        self._asking = True
        self._samples_at = (run.name, self._mark(run))
        done = partial(self._show_samples, run.name)
        self._services.background.work(partial(desk.samples, run.folder), done, owner=self)

    def _mark(self, run: RunInfo) -> int:
        """Changes when there may be new samples."""
        return run.epoch * 2 + (run.state == "done")

    def _show_samples(self, name: str, answers: tuple[desk.Answer, ...]) -> None:
        self._asking = False
        if self._run is not None and self._run.name == name:
            self.samples.show_answers(answers, self._names)

    # -- words -------------------------------------------------------------------------------------------------------
    def _said(self, run: RunInfo) -> str:
        parts = [state_words(run.state)]
        if run.state in ("running", "paused") or run.epoch < run.epochs:
            parts.append(text("train.log.epoch", n=run.epoch, of=run.epochs))
        parts.append(left_words(run))
        score = main_score(run)
        if score is not None:
            parts.append(f"{score_words(score[0])} {score_figure(*score)}")
        return " · ".join(part for part in parts if part != "–")

    def retranslate(self) -> None:
        run = self._run
        for act, words, tip, keys in (
            ("pause", text("train.pause"), text("train.pause_tip", keys="P"), "pause"),
            ("resume", text("train.resume"), text("train.resume_tip", keys="P"), "run"),
            ("cancel", text("train.cancel"), text("train.cancel_tip", keys="Del"), "close"),
            ("earlier", "", text("train.earlier"), "up"),
            ("later", "", text("train.later"), "down"),
            ("test", text("train.test"), text("train.test_tip", keys="T"), "verified"),
            ("again", text("train.again"), text("train.again_tip"), "undo"),
        ):
            button = self.buttons[act]
            button.setText(words)
            button.setToolTip(tip)
            button.setAccessibleName(words or tip)
            button.setIcon(icon(keys))
        for number, say in enumerate(TABS):
            self.tabs.set_tip(number, text("train.tab_tip", what=say(), n=number + 1))
        state = run.state if run is not None else ""
        for act, shown in (
            ("pause", state == "running"),
            ("resume", state in ("paused", "failed")),
            ("cancel", state in ("running", "queued", "paused")),
            ("earlier", state == "queued"),
            ("later", state == "queued"),
            ("test", state == "done"),
            ("again", run is not None),
        ):
            self.buttons[act].setVisible(shown)
        self.progress.setVisible(state == "running")
        self.problem.setVisible(run is not None and run.error is not None)
        if run is None:
            return
        self.buttons["test"].setEnabled(run.model is not None)
        self.mark_place.setCurrentIndex(list(STATE_ICONS).index(run.state))
        self.name.setText(run.name)
        self.name.setToolTip(run.plan.dataset)
        self.state.setText(self._said(run))
        self.state.setToolTip(self._said(run))
        self.progress.setRange(0, 1000 if run.epoch else 0)
        self.progress.setValue(round(1000 * run.epoch / max(1, run.epochs)))
        if run.error is not None:
            self.problem.setText(f"{run.error['what']} {run.error['remedy']}")


def _framed(*views: QWidget) -> QWidget:
    around = QWidget()
    column = QVBoxLayout(around)
    column.setContentsMargins(12, 4, 12, 4)
    for view in views:
        column.addWidget(view, 0 if view is not views[-1] else 1)
    return around
