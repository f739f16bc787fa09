"""The left side: the plan in plain words, with sensible choices made; the advanced settings are folded away."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QGridLayout, QPushButton, QSpinBox, QWidget

from app.common.errors import UserError
from app.common.words import text
from app.views.choice import Choice
from app.views.forms import FormPanel
from app.views.icons import icon
from app.views.parts import label
from app.views.training import desk
from app.views.training.fields import Advanced
from app.views.training.forecast import Forecast
from app.views.training.plan_words import NETWORKS, network_words
from app.views.training.words import recipe_about, recipe_name, task_words

if TYPE_CHECKING:
    from app.datasets.freezing.versions import DatasetRow
    from app.training.plan import Plan
    from app.views.services import Services

PAUSE_MS = 200
FILE = "file"
MOST_RUNS = 20


class PlanForm(FormPanel):
    """``wanted``: the plans that a person starts, one for each seed."""

    wanted = Signal(object)  # tuple[Plan, ...]

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._versions: tuple[DatasetRow, ...] = ()
        self._facts: desk.Facts | None = None
        self._models: tuple[str, ...] = ()
        self._recipes: tuple[str, ...] = ()
        self._plan: Plan | None = None
        self._file = ""
        self._asked = 0
        self._waits = False
        self._own_epochs = False
        self._known: dict[str, str] = {}  # task -> the network that was chosen for it
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._make_plan)
        self.dataset = Choice(self._version_words)
        self.task = Choice(lambda: [(key, task_words(key)) for key in ("classify", "detect")])
        self.network = Choice(lambda: [(key, key) for key in NETWORKS[self._task]])
        self.start = Choice(self._start_words)
        self.recipe = Choice(lambda: [(key, recipe_name(key)) for key in self._recipes])
        self.epochs, self.seed, self.several = QSpinBox(), QSpinBox(), QSpinBox()
        self.advanced = Advanced()
        self.forecast = Forecast(services)
        self.fold = QPushButton()
        self.button = QPushButton()
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        self._captions = {name: label("soft") for name in ("dataset", "task", "network", "start", "recipe")}
        self._notes = {name: label("caption", wrap=True) for name in ("dataset", "network", "recipe")}
        self.column.setSpacing(4)
        self.column.setContentsMargins(20, 14, 20, 14)
        for name, field in (
            ("dataset", self.dataset), ("task", self.task), ("network", self.network),
            ("start", self.start), ("recipe", self.recipe),
        ):  # fmt: skip
            self._captions[name].setBuddy(field)
            self.column.addWidget(self._captions[name])
            self.column.addWidget(field)
            if name in self._notes:
                self.column.addWidget(self._notes[name])
            self.column.addSpacing(4)
        grid = QGridLayout()
        grid.setSpacing(4)
        self._numbers = (label("soft"), label("soft"), label("soft"))
        ranges = ((1, 10_000), (0, 2**31 - 1), (1, MOST_RUNS))
        fields = (self.epochs, self.seed, self.several)
        for place, (caption, number, limits) in enumerate(zip(self._numbers, fields, ranges, strict=True)):
            caption.setBuddy(number)
            number.setRange(*limits)
            number.setKeyboardTracking(False)
            number.lineEdit().setTextMargins(5, 0, 0, 0)
            grid.addWidget(caption, 0, place)
            grid.addWidget(number, 1, place)
        self.column.addLayout(grid)
        self.column.addSpacing(6)
        self.column.addWidget(self.forecast)
        self.fold.setProperty("kind", "flat")
        self.fold.setCheckable(True)
        self.column.addWidget(self.fold)
        self.column.addWidget(self.advanced)
        self.advanced.hide()
        self.column.addStretch()
        self.foot.setContentsMargins(20, 8, 20, 14)
        self.button.setProperty("kind", "primary")
        self.foot.addWidget(self.button)

    def _connect(self) -> None:
        self.dataset.picked.connect(self._choose_version)
        self.task.picked.connect(self._choose_task)
        self.network.picked.connect(lambda _: self._change())
        self.start.picked.connect(self._choose_start)
        self.recipe.picked.connect(lambda _: self._choose_recipe())
        self.epochs.valueChanged.connect(lambda _: self._choose_epochs())
        self.seed.valueChanged.connect(lambda _: self._change())
        self.several.valueChanged.connect(lambda _: self.retranslate())
        self.advanced.altered.connect(self._change)
        self.forecast.told.connect(self.retranslate)
        self.fold.toggled.connect(self._unfold)
        self.button.clicked.connect(lambda: self.begin_runs())

    @property
    def _task(self) -> desk.Task:
        return "detect" if self.task.key == "detect" else "classify"

    @property
    def plan(self) -> Plan | None:
        """What would be run; None while it is made, or where it cannot be."""
        return self._plan

    @property
    def busy(self) -> bool:
        return self._pause.isActive() or self.forecast.busy

    # -- what there is ---------------------------------------------------------------------------------------------
    def begin(self, versions: Sequence[DatasetRow], waits: bool) -> None:
        """``waits``: a run is under way, so that a new one joins the queue."""
        fresh = tuple(versions) != self._versions
        self._versions, self._waits = tuple(versions), waits
        _offer(self.dataset, self.dataset.key)
        if versions and (fresh or self._facts is None):
            self._choose_version(self.dataset.key)
        if not self.advanced.fields:
            self._services.background.work(desk.plan_fields, self._make_fields, owner=self)
        self.retranslate()

    def set_waits(self, waits: bool) -> None:
        if waits != self._waits:
            self._waits = waits
            self.retranslate()

    def _make_fields(self, specs: tuple[desk.FieldSpec, ...]) -> None:
        if not self.advanced.fields:
            self.advanced.make(specs)
            self._show_plan()

    def _choose_version(self, version: str) -> None:
        self._facts = None
        self._services.background.read(partial(desk.facts, version=version), self._show_facts, owner=self)
        self._change()

    def _show_facts(self, facts: desk.Facts) -> None:
        if facts.dataset != self.dataset.key:
            return
        self._facts = facts
        self._choose_task("detect" if facts.boxes and self.task.key == "detect" else "classify")

    def _choose_task(self, task: str) -> None:
        """Networks, recipes and starts follow; what was chosen for this task before stands again."""
        self.task.set_key(task)
        _offer(self.network, self._known.get(task, ""))
        ask = lambda: (desk.recipes(self._task), desk.own_models(self._services.workspace, self._task))
        self._services.background.work(ask, partial(self._show_recipes, task), owner=self)
        self._change()

    def _show_recipes(self, task: str, found: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
        if task != self._task:
            return
        self._recipes, self._models = found
        _offer(self.recipe, self.recipe.key)
        _offer(self.start, self.start.key)
        self._change()

    def _choose_recipe(self) -> None:
        self._own_epochs = False
        self.advanced.changed.clear()
        self._change()

    def _choose_epochs(self) -> None:
        self._own_epochs = True
        self._change()

    def _choose_start(self, key: str) -> None:
        if key != FILE:
            self._change()
            return
        title, kinds = text("train.choose_file"), text("train.files")
        file, _ = QFileDialog.getOpenFileName(self, title, self._services.settings.last_folder, kinds)
        self._file = file or self._file
        _offer(self.start, self._file)
        self._change()

    # -- the plan ----------------------------------------------------------------------------------------------------
    def choices(self) -> desk.Choices | None:
        if self._facts is None or not self._recipes or not self.network.key:
            return None
        return desk.Choices(
            task=self._task,
            network=self.network.key,
            dataset=self.dataset.key,
            start="scratch" if self.network.key.startswith("svm-") else self.start.key or "imagenet",
            recipe=self.recipe.key,
            seed=self.seed.value(),
            epochs=self.epochs.value() if self._own_epochs else None,
            pack=self._facts.pack,
            changed=dict(self.advanced.changed),
        )

    def show_run(self, plan: Plan) -> None:
        """The settings of a run that was, to be taken again or changed."""
        self.task.set_key(plan.task)
        self._known[plan.task] = plan.network
        names = [row.full_name for row in self._versions]
        if plan.dataset in names and plan.dataset != self.dataset.key:
            self.dataset.set_key(plan.dataset)
            self._choose_version(plan.dataset)
        self._choose_task(plan.task)
        if Path(plan.start).is_absolute():
            self._file = plan.start
        _offer(self.start, plan.start)
        self.seed.setValue(plan.seed)
        self.epochs.setValue(plan.epochs)
        self._own_epochs = True
        kept = ("name", "version", "task", "network", "dataset", "pack", "start", "seed", "epochs", "threads")
        fields = self.advanced.fields
        self.advanced.changed = {k: v for k, v in desk.values_of(plan).items() if k in fields and k not in kept}
        self._change()

    def _change(self) -> None:
        """What is shown holds no more; the plan is made anew when the hand rests."""
        self._asked += 1
        self._plan = None
        if self.network.key in NETWORKS[self._task]:
            self._known[self._task] = self.network.key
        self._pause.start()
        self.retranslate()

    def _make_plan(self) -> None:
        choices = self.choices()
        if choices is not None:
            asked = self._asked
            make = partial(desk.plan_of, choices)
            self._services.background.work(make, partial(self._made, asked), partial(self._refused, asked), self)

    def _made(self, asked: int, plan: Plan) -> None:
        if asked == self._asked:
            self._plan = plan
            self._show_plan()
            self.forecast.ask(plan)
            self.retranslate()

    def _refused(self, asked: int, error: UserError) -> None:
        if asked == self._asked:
            self.forecast.say(error)
            self.retranslate()

    def _show_plan(self) -> None:
        if self._plan is None:
            return
        self.advanced.show_values(desk.values_of(self._plan), self._plan.task, self._plan.network)
        self.epochs.blockSignals(True)
        self.epochs.setValue(self._plan.epochs)
        self.epochs.blockSignals(False)

    def begin_runs(self) -> None:
        """One run for each seed, from the one that stands there on."""
        plan = self._plan
        if plan is not None and self.button.isEnabled():
            seeds = itertools.islice(itertools.count(plan.seed), self.several.value())
            self.wanted.emit(tuple(plan.model_copy(update={"seed": seed}) for seed in seeds))

    def _unfold(self, on: bool) -> None:
        self.advanced.setVisible(on)
        self.fold.setIcon(icon("up" if on else "down"))

    # -- words -------------------------------------------------------------------------------------------------------
    def _version_words(self) -> list[tuple[str, str]]:
        return [(row.full_name, f"{row.name} @ {row.hash[:8]}") for row in self._versions]

    def _start_words(self) -> list[tuple[str, str]]:
        found = [("imagenet", text("train.start_imagenet")), ("scratch", text("train.start_scratch"))]
        found += [(model, text("train.start_model", model=model)) for model in self._models]
        found += [(self._file, Path(self._file).name)] if self._file else []
        return [*found, (FILE, text("train.start_file"))]

    def retranslate(self) -> None:
        for name, field, words, tip in (
            ("dataset", self.dataset, text("train.dataset"), text("train.dataset_tip")),
            ("task", self.task, text("train.task"), text("train.task_tip")),
            ("network", self.network, text("train.network"), text("train.network_tip")),
            ("start", self.start, text("train.start"), text("train.start_tip")),
            ("recipe", self.recipe, text("train.recipe"), text("train.recipe_tip")),
        ):
            self._captions[name].setText(words)
            _name(field, words, tip)
        numbers = (
            (self.epochs, text("train.epochs"), text("train.epochs_tip")),
            (self.seed, text("train.seed"), text("train.seed_tip")),
            (self.several, text("train.runs_wanted"), text("train.runs_wanted_tip")),
        )
        for caption, (number, words, tip) in zip(self._numbers, numbers, strict=True):
            caption.setText(words)
            _name(number, words, tip)
        facts = self._facts
        parts = {} if facts is None else dict(facts.parts)
        said = "" if facts is None else text("train.facts", patients=facts.patients, boxes=facts.boxes, **parts)
        self._note("dataset", said)
        self._note("network", network_words(self.network.key))
        self._note("recipe", recipe_about(self.recipe.key))
        self.start.setEnabled(not self.network.key.startswith("svm-"))
        self.fold.setText(text("train.advanced"))
        self.fold.setToolTip(text("train.advanced_tip"))
        self.fold.setIcon(icon("up" if self.fold.isChecked() else "down"))
        queue = self._waits or self.several.value() > 1
        words = text("train.queue_button") if self._waits else text("train.start_button")
        tip = text("train.queue_button_tip", keys="F5") if queue else text("train.start_button_tip", keys="F5")
        self.button.setText(words)
        _name(self.button, words, tip)
        self.button.setIcon(icon("queued" if self._waits else "run", on_colour=True))
        self.button.setEnabled(self._plan is not None and not self.forecast.missing)

    def _note(self, name: str, words: str) -> None:
        self._notes[name].setText(words)
        self._notes[name].setVisible(bool(words))


def _offer(choice: Choice, wanted: str) -> None:
    """What can be chosen now; ``wanted`` if it is among it, else the first."""
    keys = [key for key, _ in choice.options()]
    choice.clear()
    choice.set_key(wanted if wanted in keys else keys[0] if keys else "")
    choice.retranslate()


def _name(widget: QWidget, words: str, tip: Any) -> None:
    widget.setToolTip(str(tip))
    widget.setAccessibleName(words)
