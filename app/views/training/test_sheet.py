"""A finished run's model on the test part: the look is counted; figures with intervals, confusion, mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.common.errors import UserError
from app.common.words import text
from app.views.child_process import Child, errand
from app.views.datasets.rows_table import ROW_HEIGHT, RowsTable
from app.views.forms import FormPanel
from app.views.icons import icon
from app.views.parts import Switch, label
from app.views.sheets import Sheet
from app.views.thumbnails import Thumbnails
from app.views.training import desk, mistakes
from app.views.training.confusion import Confusion
from app.views.training.reliability import Reliability
from app.views.training.samples import Samples
from app.views.training.words import class_word, score_figure, score_words

if TYPE_CHECKING:
    from app.training.runs import RunInfo
    from app.views.services import Services
    from app.views.window import Window

OVERALL = ("balanced_accuracy", "accuracy", "macro_auc", "ece", "map50_voc", "map50_voc07", "map_coco", "map50_coco")


class TestSheet(Sheet):
    __test__ = False  # pytest: no test class

    def __init__(self, services: Services, window: Window, run: RunInfo) -> None:
        super().__init__()
        self._services, self._window, self._run = services, window, run
        self._child: Child | None = None
        self._looks: int | None = None
        self._tested: desk.Tested | None = None
        self._wrong: tuple[desk.Answer, ...] | None = None
        self._names: tuple[tuple[str, str, str], ...] = ()
        self._what, self._warning, self._basis = label("section", wrap=True), label(wrap=True), label("soft", wrap=True)
        self.button, self.folder = QPushButton(), QPushButton()
        self.button.setProperty("kind", "primary")
        self.folder.setIcon(icon("folder"))
        self.tabs = Switch(
            (
                lambda: text("test.figures"),
                lambda: text("train.tab_confusion"),
                lambda: text("test.calibration"),
                lambda: text("test.wrong"),
            )
        )
        self.overall, self.by_disease = RowsTable(40, stretch=True), RowsTable(60, stretch=True)
        self.confusion, self.reliability = Confusion(), Reliability()
        self.wrong = Samples(
            Thumbnails(services.background, self), lambda: text("test.wrong_none") if self._wrong is not None else ""
        )
        self._nothing = label("soft", wrap=True)
        self._working = QProgressBar()
        self._working.setRange(0, 0)
        self._working.setTextVisible(False)
        self._stack = QStackedWidget()
        self._lay_out()
        self.button.clicked.connect(lambda: self._test())
        self.folder.clicked.connect(lambda: self._open_folder())
        self.tabs.chosen.connect(self._stack.setCurrentIndex)
        self.retranslate()

    def _lay_out(self) -> None:
        panel = FormPanel()
        for widget in (self._what, self._warning, self._basis):
            panel.column.addWidget(widget)
            panel.column.addSpacing(8)
        panel.column.addStretch()
        panel.foot.addWidget(self._working)
        panel.foot.addWidget(self.folder)
        panel.foot.addWidget(self.button)
        tables = QWidget()
        column = QVBoxLayout(tables)
        column.setContentsMargins(0, 0, 0, 0)
        self._by_disease = label("section")
        for table in (self.overall, self.by_disease):
            table.setSelectionMode(RowsTable.SelectionMode.NoSelection)
        column.addWidget(self.overall)
        column.addWidget(self._by_disease)
        column.addWidget(self.by_disease, 1)
        for view in (tables, self.confusion, self.reliability, self.wrong):
            self._stack.addWidget(view)
        self._shown = QStackedWidget()
        nothing = QWidget()
        words = QVBoxLayout(nothing)
        words.addWidget(self._nothing)
        words.addStretch()
        found = QWidget()
        inside = QVBoxLayout(found)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(8)
        inside.addWidget(self.tabs, 0, Qt.AlignmentFlag.AlignLeft)
        inside.addWidget(self._stack, 1)
        self._shown.addWidget(nothing)
        self._shown.addWidget(found)
        right = QVBoxLayout()
        right.setContentsMargins(24, 16, 24, 16)
        right.addWidget(self._shown)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(panel)
        row.addLayout(right, 1)

    def title(self) -> str:
        return text("test.title", model=self._run.model or self._run.name)

    def purpose(self) -> str:
        return text("test.purpose")

    @property
    def busy(self) -> bool:
        return self._child is not None

    def begin(self) -> None:
        self.button.setFocus()
        ask = partial(desk.class_names, workspace=self._services.workspace, plan=self._run.plan)
        self._services.background.read(ask, self._name_classes, owner=self)
        self._services.background.work(self._ask, self._know, owner=self)

    def _ask(self) -> tuple[int, desk.Tested | None]:
        return desk.looks(self._services.workspace, self._run.plan.dataset), desk.last_test(self._run.folder)

    def _know(self, known: tuple[int, desk.Tested | None]) -> None:
        self._looks, self._tested = known
        self._wrong = None  # they come in a moment
        self.retranslate()
        tested = self._tested
        if tested is None:
            return
        show = partial(self._show_mistakes, tested.folder)
        if tested.detects:
            facts = {key: str(tested.figures[key]) for key in ("dataset", "part")}
            ask = partial(mistakes.wrong_boxes, folder=tested.folder, **facts)
            self._services.background.read(ask, show, owner=self)
        else:
            self._services.background.work(partial(mistakes.wrong_cases, tested.folder), show, owner=self)

    def _show_mistakes(self, folder: Path, wrong: tuple[desk.Answer, ...]) -> None:
        if self._tested is not None and self._tested.folder == folder:
            self._wrong = wrong
            self.wrong.show_answers(wrong, self._names)

    def _name_classes(self, names: tuple[tuple[str, str, str], ...]) -> None:
        self._names = names
        self.retranslate()

    def may_close(self) -> bool:
        if self._child is not None:  # a look that nobody waits for any more
            child, self._child = self._child, None
            child.kill()
            self._window.status.set_work(lambda: "")
        return True

    # -- testing -----------------------------------------------------------------------------------------------------
    def _test(self) -> None:
        model = self._run.model
        if self._child is not None or model is None:
            return
        out = desk.new_test(self._run.folder)
        words = ["evaluate", model, "--dataset", self._run.plan.dataset, "--part", "test", "--out", str(out)]
        self._child = errand(self._services, words, self._done, self._failed, self)
        self._window.status.set_work(lambda: text("test.working", model=model), stop=self._stop)
        self.retranslate()

    def _stop(self) -> None:
        if self._child is not None:
            self._child.kill()

    def _done(self, _document: Any) -> None:
        self._over()
        self._services.background.work(self._ask, self._know, owner=self)

    def _failed(self, error: UserError) -> None:
        self._over()
        self._window.show_error(error)

    def _over(self) -> None:
        self._child = None
        self._window.status.set_work(lambda: "")
        self.retranslate()

    def _open_folder(self) -> None:
        if self._tested is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._tested.folder)))

    # -- words -------------------------------------------------------------------------------------------------------
    def retranslate(self) -> None:
        self._what.setText(text("test.part", dataset=self._run.plan.dataset))
        looks = self._looks
        if looks is not None:
            self._warning.setText(text("test.looks", n=looks) if looks else text("test.looks_none"))
        self.button.setText(text("test.do") if self._tested is None else text("test.again"))
        self.button.setToolTip(text("test.do_tip"))
        self.button.setEnabled(self._child is None and self._run.model is not None)
        self._working.setVisible(self._child is not None)
        self.folder.setText(text("test.folder"))
        self.folder.setToolTip(text("test.folder_tip"))
        self.folder.setVisible(self._tested is not None)
        model = self._run.model or self._run.name
        waiting = text("test.working", model=model) if self._child is not None else text("test.not_yet")
        self._nothing.setText(waiting)
        self._by_disease.setText(text("test.by_disease"))
        self._shown.setCurrentIndex(0 if self._tested is None else 1)
        if self._tested is not None:
            self._fill(self._tested)

    def _fill(self, tested: desk.Tested) -> None:
        figures = tested.figures
        detects = tested.detects
        facts = {"n": figures["n"], "groups": figures["groups"]}
        self._basis.setText(text("test.n_boxes", **facts) if detects else text("test.n", **facts))
        heads = (text("test.figure"), text("test.value"), text("test.interval"))
        self.overall.show_rows(heads, _overall(figures))
        self.overall.setFixedHeight(self.overall.horizontalHeader().sizeHint().height() + ROW_HEIGHT * 4 + 8)
        self.overall.setAccessibleName(text("test.figures"))
        self.by_disease.setAccessibleName(text("test.by_disease"))
        self._fill_diseases(figures["per_class"], detects)
        names = [class_word(self._names, key) for key in figures["classes"]]
        self.confusion.show_counts(names, figures.get("confusion") or ())
        self.reliability.show_bins(figures.get("reliability") or ())
        self.wrong.show_answers(self._wrong or (), self._names)

    def _fill_diseases(self, rows: Mapping[str, Mapping[str, Any]], detects: bool) -> None:
        keys = ("ap50",) if detects else ("sensitivity", "specificity", "f1")
        heads = [text("test.disease"), text("test.count")]
        heads += [text("test.ap")] if detects else [text("test.sensitivity"), text("test.specificity"), text("test.f1")]
        shown = [
            [class_word(self._names, key), str(row.get("n", "–")), *(_share(row.get(k)) for k in keys)]
            for key, row in rows.items()
        ]
        self.by_disease.show_rows(heads, shown)


def _overall(figures: Mapping[str, Any]) -> Sequence[Sequence[str]]:
    intervals = figures.get("intervals", {})
    rows = []
    for key in OVERALL:
        value, interval = figures.get(key), intervals.get(key)
        if isinstance(value, int | float):
            said = "–" if not interval or None in interval else " – ".join(score_figure(key, v) for v in interval)
            rows.append((score_words(key), score_figure(key, value), said))
    return rows


def _share(value: Any) -> str:
    return "–" if not isinstance(value, int | float) else f"{value * 100:.1f} %"
