"""How the photo is looked at: sliders that float over it. The file, and what the models see, stay as they are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout

from app.common.words import text
from app.views.canvas import PhotoCanvas
from app.views.canvas.looks import BRIGHTEST, CLAHE, CONTRAST, GAMMA, Looks
from app.views.keys import with_key
from app.views.parts import label, name_button, tool_button

WIDTH = 292
MARGIN = 12
_FINE = 20  # steps of a slider for one unit


@dataclass(frozen=True)
class _Scale:
    """One slider: whole steps there, the look's own value here."""

    field: str
    words: Callable[[], str]
    low: int
    high: int
    to_value: Callable[[int], float]
    to_step: Callable[[float], int]
    written: Callable[[float], str]


def _signed(value: float) -> str:
    return f"{value:+.0f}" if value else "0"


_SCALES = (
    _Scale("brightness", lambda: text("looks.brightness"), -BRIGHTEST, BRIGHTEST, int, int, _signed),
    _Scale("contrast", lambda: text("looks.contrast"), -CONTRAST, CONTRAST, int, int, _signed),
    _Scale(
        "gamma",
        lambda: text("looks.gamma"),
        round(_FINE * math.log2(GAMMA[0])),
        round(_FINE * math.log2(GAMMA[1])),
        lambda step: round(2 ** (step / _FINE), 2),
        lambda value: round(_FINE * math.log2(value)),
        lambda value: f"{value:.2f}",
    ),
    _Scale(
        "clahe",
        lambda: text("looks.clahe"),
        0,
        round(_FINE * CLAHE / 4),
        lambda step: round(4 * step / _FINE, 1),
        lambda value: round(_FINE * value / 4),
        lambda value: f"{value:.1f}" if value else text("looks.off"),
    ),
)


class LooksPanel(QFrame):
    """``closed``: the panel was closed by its own cross; ``keep_chosen``: whether the next photo looks the same.

    It lies beside the canvas, not in it: the keys that count on the photo do not count on its sliders.
    """

    closed = Signal()
    keep_chosen = Signal(bool)

    def __init__(self, canvas: PhotoCanvas) -> None:
        super().__init__()
        self._canvas = canvas
        self.setProperty("kind", "card")
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setFixedWidth(WIDTH)
        self._heading = label("section")
        self._close = tool_button("close", lambda: self.closed.emit())
        self.sliders: dict[str, QSlider] = {}
        self._names: dict[str, QLabel] = {}
        self._values: dict[str, QLabel] = {}
        self.balance = QCheckBox()
        self.keep = QCheckBox()
        self.reset = QPushButton()
        self.balance.toggled.connect(lambda on: self._change(white_balance=on))
        self.keep.toggled.connect(self.keep_chosen)
        self.reset.clicked.connect(lambda: canvas.reset_looks())
        self._note = label("caption", wrap=True)
        self._lay_out()
        canvas.looks_changed.connect(self._show)
        canvas.installEventFilter(self)
        self.retranslate()
        self.hide()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._heading, 1)
        head.addWidget(self._close)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(1, 1)
        for row, scale in enumerate(_SCALES):
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(scale.low, scale.high)
            slider.valueChanged.connect(lambda step, scale=scale: self._change(**{scale.field: scale.to_value(step)}))
            value = label("soft")
            value.setFixedWidth(34)
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            name = label()
            name.setBuddy(slider)
            self.sliders[scale.field], self._names[scale.field], self._values[scale.field] = slider, name, value
            for column, part in enumerate((name, slider, value)):
                grid.addWidget(part, row, column)
        foot = QHBoxLayout()
        foot.addWidget(self.keep, 1)
        foot.addWidget(self.reset)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 12)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addLayout(grid)
        layout.addWidget(self.balance)
        layout.addWidget(self._note)
        layout.addLayout(foot)

    def _change(self, **values: float) -> None:
        self._canvas.set_looks(replace(self._canvas.looks(), **values))  # type: ignore[arg-type]

    def _show(self, looks: Looks) -> None:
        for scale in _SCALES:
            value = float(getattr(looks, scale.field))
            slider = self.sliders[scale.field]
            slider.blockSignals(True)
            slider.setValue(scale.to_step(value))
            slider.blockSignals(False)
            self._values[scale.field].setText(scale.written(value))
        self.balance.blockSignals(True)
        self.balance.setChecked(looks.white_balance)
        self.balance.blockSignals(False)
        self.reset.setEnabled(not looks.plain)

    def set_keep(self, keep: bool) -> None:
        self.keep.setChecked(keep)

    def open(self, there: bool) -> None:
        self.setVisible(there)
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._place()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def _place(self) -> None:
        self.adjustSize()
        over = self._canvas.geometry()
        self.move(over.right() - self.width() - MARGIN, over.top() + MARGIN)
        self.raise_()

    def retranslate(self) -> None:
        self._heading.setText(text("looks.heading"))
        name_button(self._close, with_key(text("message.close"), "looks"))
        for scale in _SCALES:
            self._names[scale.field].setText(scale.words())
            self.sliders[scale.field].setAccessibleName(scale.words())
        self.sliders["brightness"].setToolTip(with_key(text("looks.brightness"), "brighten"))
        self.sliders["contrast"].setToolTip(text("looks.contrast"))
        self.sliders["gamma"].setToolTip(text("looks.gamma_tip"))
        self.sliders["clahe"].setToolTip(text("looks.clahe_tip"))
        self.balance.setText(text("looks.white_balance"))
        self.balance.setToolTip(text("looks.white_balance_tip"))
        self.keep.setText(text("looks.keep"))
        self.keep.setToolTip(text("looks.keep_tip"))
        self.reset.setText(text("looks.reset"))
        self.reset.setToolTip(text("looks.reset_tip"))
        self._note.setText(text("looks.note"))
        self._show(self._canvas.looks())
        self._place()
