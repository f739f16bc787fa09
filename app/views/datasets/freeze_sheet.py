"""Freezing a new version: name and split on the left, a checklist that turns green on the right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.common.errors import UserError
from app.common.words import language, text
from app.views.forms import FormSheet
from app.views.parts import Mark, empty_layout, label

if TYPE_CHECKING:
    from app.datasets.freezing.checklist import ChecklistItem
    from app.views.services import Services
    from app.views.window import Window

SHARES = (("train", 70), ("val", 10), ("test", 20))
MOST_SEED = 2**31 - 1
PAUSE_MS = 250


class FreezeSheet(FormSheet):
    """``frozen`` is called with the full name of the new version."""

    def __init__(
        self, services: Services, window: Window, names: Sequence[str], frozen: Callable[[str], object]
    ) -> None:
        super().__init__(services, window)
        self._frozen = frozen
        self._items: tuple[ChecklistItem, ...] | None = None
        self._problem: UserError | None = None
        self._said_in = language()
        self._asked = 0
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._check)
        self.name = QComboBox()
        self.name.setEditable(True)
        self.name.addItems(list(names))
        self.name.setEditText(names[0] if names else "")
        self.shares = tuple(_spin(value, 0, 100) for _, value in SHARES)
        self.folds, self.repeats = _spin(0, 0, 20), _spin(1, 1, 100)
        self.seed = _spin(0, 0, MOST_SEED)
        self.by_centre = QCheckBox()
        self.freeze = QPushButton()
        self.freeze.setProperty("kind", "primary")
        self._heading = label("section")
        self._words = label("soft", wrap=True)
        self.clean = QPushButton()
        self._list = QVBoxLayout()
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        panel = self.panel
        self._name_caption, self._share_caption = label(), label()
        panel.column.addWidget(self._name_caption)
        panel.column.addWidget(self.name)
        panel.column.addSpacing(8)
        panel.column.addWidget(self._share_caption)
        form = QFormLayout()
        form.setSpacing(8)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._rows = []
        for field in (*self.shares, self.folds, self.repeats, self.seed):
            caption = label("soft")
            caption.setBuddy(field)
            self._rows.append(caption)
            form.addRow(caption, field)
        panel.column.addLayout(form)
        panel.column.addWidget(self.by_centre)
        panel.column.addStretch()
        panel.foot.addWidget(self.freeze)
        self.beside.addWidget(self._heading)
        self._list.setSpacing(12)
        self.beside.addLayout(self._list)
        self.beside.addWidget(self.clean, 0, Qt.AlignmentFlag.AlignLeft)
        self.beside.addWidget(self._words)
        self.beside.addStretch()

    def _connect(self) -> None:
        self.name.editTextChanged.connect(lambda _: self._change())
        for field in (*self.shares, self.folds, self.repeats, self.seed):
            field.valueChanged.connect(lambda _: self._change())
        self.by_centre.toggled.connect(lambda _: self._change())
        self.freeze.clicked.connect(lambda: self._freeze())
        self.clean.clicked.connect(lambda: self._window.go("clean"))

    def title(self) -> str:
        return text("freeze.title")

    def purpose(self) -> str:
        return text("freeze.purpose")

    def begin(self) -> None:
        self.name.setFocus()
        self._check()

    def may_close(self) -> bool:
        if self.running:
            self._window.messages.info("freeze_busy", lambda: text("freeze.busy"))
        return not self.running

    # -- the checklist -------------------------------------------------------------------------------------------
    def _change(self) -> None:
        """What is shown holds no more; ask when the hand rests."""
        self._asked += 1
        self._items = None
        self._pause.start()
        self.retranslate()

    def _check(self) -> None:
        """Ask; only the last answer counts."""
        self._asked += 1
        self._items = None
        name = self.name.currentText().strip()
        if name:
            ask = partial(
                _checklist,
                name=name,
                shares=tuple(float(field.value()) for field in self.shares),
                folds=self.folds.value() if self.folds.value() >= 2 else None,
                repeats=self.repeats.value(),
                seed=self.seed.value(),
                by_centre=self.by_centre.isChecked(),
            )
            self._services.background.read(
                ask, partial(self._show, self._asked), partial(self._fail, self._asked), self
            )
        self.retranslate()

    def _show(self, asked: int, items: tuple[ChecklistItem, ...]) -> None:
        if asked == self._asked:
            self._items = items
            self._said_in = language()
            self._problem = None
            self.retranslate()

    def _fail(self, asked: int, error: UserError) -> None:
        """A name or a split that cannot be: said in the list's place, not as a message for each key pressed."""
        if asked == self._asked:
            self._items = ()
            self._problem = error
            self.retranslate()

    # -- freezing ------------------------------------------------------------------------------------------------
    def _freeze(self) -> None:
        shares = ",".join(str(field.value()) for field in self.shares)
        words = ["dataset", "freeze", "--split", shares, "--seed", str(self.seed.value())]
        if self.folds.value() >= 2:
            words += ["--folds", str(self.folds.value()), "--repeats", str(self.repeats.value())]
        words += ["--by-centre"] if self.by_centre.isChecked() else []
        words += ["--", self.name.currentText().strip()]
        self.run_errand(words, lambda: text("freeze.working"), self._done, failed=self._check)

    def _done(self, document: Any) -> None:
        version, images = str(document["dataset"]), int(document["images"])
        self._window.messages.info("frozen", lambda: text("freeze.done", version=version, n=images))
        self._frozen(version)

    # -- words ---------------------------------------------------------------------------------------------------
    def retranslate(self) -> None:
        self._name_caption.setText(text("freeze.name"))
        self.name.setToolTip(text("freeze.name_tip"))
        self.name.setAccessibleName(text("freeze.name"))
        self._share_caption.setText(text("freeze.shares"))
        captions = (
            text("sets.train"), text("sets.val"), text("sets.test"),
            text("freeze.folds"), text("freeze.repeats"), text("freeze.seed"),
        )  # fmt: skip
        tips = (
            *(text("freeze.share_tip"),) * 3,
            text("freeze.folds_tip"),
            text("freeze.folds_tip"),
            text("freeze.seed_tip"),
        )
        fields = (*self.shares, self.folds, self.repeats, self.seed)
        for caption, field, words, tip in zip(self._rows, fields, captions, tips, strict=True):
            caption.setText(words)
            field.setToolTip(tip)
            field.setAccessibleName(words)
        self.by_centre.setText(text("freeze.by_centre"))
        self.by_centre.setToolTip(text("freeze.by_centre_tip"))
        self.freeze.setText(text("freeze.do"))
        self.freeze.setToolTip(text("freeze.purpose"))
        self.clean.setText(text("freeze.to_clean"))
        self.clean.setToolTip(text("rail.clean_purpose"))
        self._heading.setText(text("freeze.checklist"))
        if self._items and self._said_in != language():  # its sentences are made where the numbers are
            self._check()
            return
        self._fill()

    def _fill(self) -> None:
        items = self._items
        empty_layout(self._list)
        for item in items or ():
            self._list.addWidget(_line(item))
        stopped = not items or any(item.stops and not item.ok for item in items)
        self.freeze.setEnabled(not stopped and not self.running)
        open_ = {item.key for item in items or () if not item.ok}
        self.clean.setVisible(bool(open_ & {"readable", "checked", "decided", "leakage"}))
        if not self.name.currentText().strip():
            said = text("freeze.name_first")
        elif items is None:
            said = text("freeze.looking")
        elif self._problem is not None:
            said = str(self._problem)
        elif stopped:
            said = text("freeze.stopped")
        else:
            said = text("freeze.open") if open_ else text("freeze.ready")
        self._words.setText(said)


def _spin(value: int, least: int, most: int) -> QSpinBox:
    field = QSpinBox()
    field.setRange(least, most)
    field.setValue(value)
    field.setKeyboardTracking(False)
    field.lineEdit().setTextMargins(5, 0, 0, 0)
    return field


def _line(item: ChecklistItem) -> QWidget:
    """A mark and a sentence; the mark's form says it too, not its colour alone."""
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    mark = Mark("verified" if item.ok else "close" if item.stops else "warn")
    words = label(wrap=True)
    words.setText(item.text)
    row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(words, 1)
    made.setAccessibleName(item.text)
    return made


def _checklist(
    session: Any,
    name: str,
    shares: tuple[float, ...],
    folds: int | None,
    repeats: int,
    seed: int,
    by_centre: bool,
) -> tuple[ChecklistItem, ...]:
    from app.cleaning.checks import part_versions
    from app.datasets.freezing.checklist import freeze_checklist
    from app.datasets.freezing.dividing import Division

    division = Division(shares, folds, repeats, seed, by_centre)
    return freeze_checklist(session, name, division, part_versions())
