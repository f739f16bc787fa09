"""The advanced settings: every key of a plan as a field, made from the plan's own schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QGridLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.common.words import text
from app.views.choice import Choice
from app.views.parts import Elided, label
from app.views.training.desk import FieldSpec
from app.views.training.plan_words import GROUPS, TASK_ONLY, group_words, key_tip, key_words, option_words

ELSEWHERE = ("task", "network", "dataset", "pack", "start", "seed", "epochs", "version")
"""Keys that stand above, or follow from what stands there."""
MOST = 2**31 - 1
FIELD_WIDTH = 104


class Advanced(QWidget):
    """``changed``: what a person set otherwise than the recipe; they are marked, and can be taken back."""

    altered = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.changed: dict[str, Any] = {}
        self._fields: dict[str, _Field] = {}
        self._captions: dict[str, Elided] = {}
        self._heads: dict[str, Any] = {}
        self._task = "classify"
        self._network = ""
        self.reset = QPushButton()
        self.reset.setProperty("kind", "flat")
        self.reset.clicked.connect(lambda: self._take_back())
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._column.addWidget(self.reset, 0, Qt.AlignmentFlag.AlignLeft)
        self.retranslate()

    def make(self, specs: Sequence[FieldSpec]) -> None:
        """Once, when the plan's schema has come."""
        by_key = {spec.key: spec for spec in specs if spec.key not in ELSEWHERE}
        named = [key for keys in GROUPS.values() for key in keys]
        groups = {**GROUPS, "more": tuple(key for key in by_key if key not in named)}
        for group, keys in groups.items():
            specs_here = [by_key[key] for key in keys if key in by_key]
            if not specs_here:
                continue
            head = label("section")
            self._heads[group] = head
            grid = QGridLayout()
            grid.setContentsMargins(0, 0, 0, 4)
            grid.setHorizontalSpacing(8)
            grid.setVerticalSpacing(4)
            grid.setColumnStretch(0, 1)
            for row, spec in enumerate(specs_here):
                field, caption = _Field(spec), Elided("soft")
                caption.setBuddy(field.widget)
                field.edited.connect(self._edit)
                grid.addWidget(caption, row, 0)
                grid.addWidget(field.widget, row, 1)
                self._fields[spec.key], self._captions[spec.key] = field, caption
            self._column.addSpacing(4)
            self._column.addWidget(head)
            self._column.addLayout(grid)
        self.retranslate()

    @property
    def fields(self) -> Mapping[str, _Field]:
        return self._fields

    def show_values(self, values: Mapping[str, Any], task: str, network: str) -> None:
        """The plan as it would be run."""
        self._task, self._network = task, network
        for key, field in self._fields.items():
            if key in values:
                field.show(values[key])
        self.retranslate()

    def _edit(self, key: str, value: Any) -> None:
        self.changed[key] = value
        self.retranslate()
        self.altered.emit()

    def _take_back(self) -> None:
        self.changed.clear()
        self.retranslate()
        self.altered.emit()

    def _wanted(self, key: str) -> bool:
        """Keys that do nothing for this task or network are not shown."""
        if key.startswith("visual_features."):
            return self._network.startswith("svm-")
        only = TASK_ONLY.get(key)
        return only is None or only == self._task

    def retranslate(self) -> None:
        self.reset.setText(text("train.reset"))
        self.reset.setToolTip(text("train.reset_tip"))
        self.reset.setVisible(bool(self.changed))
        for group, head in self._heads.items():
            head.setText(group_words(group))
            keys = GROUPS.get(group, tuple(k for k in self._fields if not any(k in g for g in GROUPS.values())))
            head.setVisible(any(self._wanted(key) for key in keys if key in self._fields))
        for key, field in self._fields.items():
            caption, wanted = self._captions[key], self._wanted(key)
            words = key_words(key)
            kind = "section" if key in self.changed else "soft"
            if caption.property("kind") != kind:
                caption.setProperty("kind", kind)
                caption.style().polish(caption)
            caption.setText(words)
            tip = key_tip(key, field.spec.about)
            caption.setToolTip(tip)
            field.widget.setToolTip(tip)
            field.widget.setAccessibleName(words)
            caption.setVisible(wanted)
            field.widget.setVisible(wanted)


class _Number(QDoubleSpinBox):
    """Shows 0.0005 as that, not with zeros behind it; the wheel scrolls the panel."""

    def textFromValue(self, value: float) -> str:
        return f"{value:.6g}"

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Whole(QSpinBox):
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Field(QWidget):
    """One key; ``edited`` carries it and the value that a person gave."""

    edited = Signal(str, object)

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        self.hide()  # only ``widget`` is laid out
        self.spec = spec
        self.widget = self._make()
        self.widget.setFixedWidth(FIELD_WIDTH)

    def _make(self) -> QWidget:
        spec, say = self.spec, lambda value: self.edited.emit(self.spec.key, value)
        if spec.kind == "yes_no":
            box = QCheckBox()
            box.clicked.connect(lambda on: say(bool(on)))
            return box
        if spec.kind == "choice":
            choice = Choice(lambda: [(key, option_words(key)) for key in spec.options])
            choice.picked.connect(say)
            return choice
        if spec.kind == "words":
            line = QLineEdit()
            line.editingFinished.connect(lambda: line.isModified() and say(line.text().strip()))
            return line
        low = spec.low if spec.low is not None else 0
        if spec.kind == "whole":
            whole = _Whole()
            whole.setRange(int(low), int(spec.high) if spec.high is not None else MOST)
            whole.setKeyboardTracking(False)
            whole.lineEdit().setTextMargins(5, 0, 0, 0)
            whole.valueChanged.connect(say)
            return whole
        number = _Number()
        number.setDecimals(7)
        number.setRange(low, spec.high if spec.high is not None else 1e9)
        number.setKeyboardTracking(False)
        number.lineEdit().setTextMargins(5, 0, 0, 0)
        number.valueChanged.connect(lambda value: say(None if spec.optional and value == 0 else value))
        return number

    def show(self, value: Any = None) -> None:
        """What the plan says; nobody is told."""
        widget = self.widget
        widget.blockSignals(True)
        if isinstance(widget, QCheckBox):
            widget.setChecked(bool(value))
        elif isinstance(widget, Choice):
            widget.set_key(str(value))
        elif isinstance(widget, QLineEdit):
            widget.setText(str(value if value is not None else ""))
        elif isinstance(widget, _Whole):
            widget.setValue(int(value or 0))
        elif isinstance(widget, _Number):
            if self.spec.optional:
                widget.setSpecialValueText(text("train.no_limit"))
            widget.setValue(float(value or 0))
        widget.blockSignals(False)
