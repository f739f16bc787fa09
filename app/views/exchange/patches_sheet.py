"""Patches: how many of each disease, cut how; a look at what would be written; then the files."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
)

from app.common.errors import UserError
from app.common.words import text
from app.views.choice import Choice
from app.views.exchange import desk
from app.views.exchange.patch_row import PatchRow
from app.views.forms import FolderField, FormSheet, new_place
from app.views.parts import label

if TYPE_CHECKING:
    from app.datasets.patch_files import PatchResult
    from app.datasets.patches import PatchPlan
    from app.views.services import Services
    from app.views.window import Window

PER_DISEASE = 900  # as in the thesis
SETTLE = 250  # ms after the last change of the form


class PatchesSheet(FormSheet):
    _progressed = Signal(int, int)

    def __init__(self, services: Services, window: Window) -> None:
        super().__init__(services, window, scrolls=True)
        self._plan: PatchPlan | None = None
        self._running = False
        self._stop = False
        self._rows: dict[str, PatchRow] = {}
        self.per_disease = _spin(1, 1_000_000, PER_DISEASE)
        self.margin = _spin(0, 200, 0, " %")
        self.min_size = _spin(1, 10_000, 1, " px")
        self.padding = Choice(_paddings)
        self.encoding = Choice(_encodings)
        self.padding.set_key("none")
        self.encoding.set_key("png")
        self.seed = _spin(0, 999_999, 0)
        self._captions = [label() for _ in range(6)]
        self._folder_caption = label()
        self.folder = FolderField(lambda: text("patches.folder"))
        self._target = label("caption", wrap=True)
        self.write = QPushButton()
        self.write.setProperty("kind", "primary")
        self._summary = label("section")
        self._left_out = label("soft", wrap=True)
        self.balance = QPushButton()
        self.balance.setProperty("kind", "flat")
        self._room = QVBoxLayout()
        self._room.setSpacing(0)
        self._timer = QTimer(self, singleShot=True, interval=SETTLE)
        self._lay_out()
        self._connect()
        if services.settings.last_folder:
            self.folder.set_folder(Path(services.settings.last_folder).parent)
        self.retranslate()

    def _lay_out(self) -> None:
        panel = self.panel
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        fields = (self.per_disease, self.margin, self.min_size, self.padding, self.encoding, self.seed)
        for caption, field in zip(self._captions, fields, strict=True):
            field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            form.addRow(caption, field)
            caption.setBuddy(field)
        panel.column.addLayout(form)
        panel.column.addSpacing(8)
        panel.column.addWidget(self._folder_caption)
        panel.column.addWidget(self.folder)
        panel.column.addWidget(self._target)
        panel.column.addStretch()
        panel.foot.addWidget(self.write)
        column = self.beside
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._summary)
        head.addWidget(self.balance)
        head.addStretch()
        column.addLayout(head)
        column.addWidget(self._left_out)
        column.addSpacing(8)
        column.addLayout(self._room)
        column.addStretch()

    def _connect(self) -> None:
        for spin in (self.per_disease, self.margin, self.min_size, self.seed):
            spin.valueChanged.connect(lambda _: self._timer.start())
        for choice in (self.padding, self.encoding):
            choice.picked.connect(lambda _: self._timer.start())
        self._timer.timeout.connect(self._ask)
        self.folder.chosen.connect(lambda _: self.retranslate())
        self.balance.clicked.connect(lambda: self.per_disease.setValue(self._fewest()))
        self.write.clicked.connect(lambda: self._cancel() if self._running else self._write())
        self._progressed.connect(self._show_progress)

    def title(self) -> str:
        return text("menu.patches")

    def purpose(self) -> str:
        return text("patches.purpose")

    def begin(self) -> None:
        self._ask()

    def may_close(self) -> bool:
        """What is half written is taken back."""
        self._cancel()
        self._window.status.set_work(lambda: "")
        return True

    # -- the plan ------------------------------------------------------------------------------------------------
    def _form(self) -> desk.PatchForm:
        return desk.PatchForm(
            self.per_disease.value(),
            self.margin.value() / 100,
            self.seed.value(),
            float(self.min_size.value()),
            square=self.padding.key == "square",
            jpeg=self.encoding.key == "jpg",
        )

    def _ask(self) -> None:
        make = partial(desk.plan_patches, form=self._form())
        self._services.background.read(make, self._show, self._window.show_error, owner=self)

    def _show(self, plan: PatchPlan) -> None:
        self._plan = plan
        for disease in plan.available:
            if disease not in self._rows:
                row = PatchRow(self._services.pack, disease, self._services.background)
                self._rows[disease] = row
                self._room.addWidget(row)
        for row in self._rows.values():
            row.show_plan(plan)
        self.retranslate()

    def _fewest(self) -> int:
        """As many as there are of each disease that is there at all."""
        return min((n for n in self._plan.available.values() if n), default=0) if self._plan else 0

    # -- the files -----------------------------------------------------------------------------------------------
    def _where(self) -> Path | None:
        return new_place(self.folder.folder, "patches") if self.folder.folder else None

    def _write(self) -> None:
        out = self._where()
        if self._plan is None or out is None:
            return
        self._running, self._stop = True, False
        self.retranslate()
        self._services.background.work(
            partial(desk.write_patches, self._plan, out, self._report), self._written, self._not_written, owner=self
        )

    def _report(self, done: int, total: int) -> None:
        """In the worker's thread."""
        if self._stop:
            raise UserError("patches_cancelled")
        self._progressed.emit(done, total)

    def _show_progress(self, done: int, total: int) -> None:
        share = done / total if total else 1.0
        self._window.status.set_work(lambda: text("patches.writing", done=done, total=total), share)

    def _written(self, result: PatchResult) -> None:
        self._finish()
        n, patients = result.patches, result.patients
        self._window.messages.info("patches", lambda: text("patches.written", n=n, patients=patients))
        for _, error in result.failed[:3]:
            self._window.show_error(error)

    def _not_written(self, error: UserError) -> None:
        self._finish()
        if error.code != "patches_cancelled":
            self._window.show_error(error)

    def _finish(self) -> None:
        self._running = False
        self._window.status.set_work(lambda: "")
        self.retranslate()

    def _cancel(self) -> None:
        self._stop = True

    def retranslate(self) -> None:
        words = (
            text("patches.per_disease"),
            text("patches.margin"),
            text("patches.min_size"),
            text("patches.padding"),
            text("patches.encoding"),
            text("agreement.seed"),
        )
        for caption, said in zip(self._captions, words, strict=True):
            caption.setText(said)
        self.per_disease.setToolTip(text("patches.per_disease_tip"))
        self.margin.setToolTip(text("patches.margin_tip"))
        self.min_size.setToolTip(text("patches.min_size_tip"))
        self.padding.setToolTip(text("patches.padding_tip"))
        self.encoding.setToolTip(text("patches.encoding_tip"))
        self.seed.setToolTip(text("patches.seed_tip"))
        self._folder_caption.setText(text("patches.folder"))
        out = self._where()
        self._target.setText(text("patches.target", folder=out.name) if out else "")
        plan = self._plan
        count = len(plan.patches) if plan else 0
        self.write.setText(text("patches.cancel") if self._running else text("patches.write", n=count))
        self.write.setToolTip(text("patches.purpose"))
        self.write.setEnabled(self._running or (count > 0 and out is not None))
        self._summary.setText(text("patches.summary", n=count, patients=plan.patients if plan else 0))
        self._left_out.setText(_left_out_words(plan) if plan else "")
        self._left_out.setVisible(bool(self._left_out.text()))
        self.balance.setText(text("patches.balance", n=self._fewest()))
        self.balance.setToolTip(text("patches.balance_tip"))
        self.balance.setVisible(plan is not None and bool(plan.short) and self._fewest() > 0)


def _left_out_words(plan: PatchPlan) -> str:
    said = {
        "unlabelled": text("patches.unlabelled"),
        "other": text("patches.other"),
        "unknown_label": text("patches.unknown_label"),
        "no_area": text("patches.no_area"),
        "too_small": text("patches.too_small"),
    }
    parts = [f"{said[reason]} {n}" for reason, n in plan.left_out.items() if n]
    return text("patches.left_out", list="  ·  ".join(parts)) if parts else ""


def _spin(low: int, high: int, value: int, suffix: str = "") -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(low, high)
    spin.setValue(value)
    spin.setSuffix(suffix)
    spin.setGroupSeparatorShown(True)
    return spin


def _paddings() -> list[tuple[str, str]]:
    return [("none", text("patches.padding_none")), ("square", text("patches.padding_square"))]


def _encodings() -> list[tuple[str, str]]:
    return [("png", text("patches.png")), ("jpg", text("patches.jpg"))]
