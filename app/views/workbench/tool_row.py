"""The thin row above the photo: tools, zoom, the confidence slider, next and previous; the rest behind three dots."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSlider, QToolButton, QWidget

from app.common.words import text
from app.views.actions import Actions
from app.views.icons import icon
from app.views.parts import Filler, label, line, name_button

LOWEST = 0.05
NARROWEST = 420
MORE = "draw_many square | magnifier crosshair keep_view | tags line_colour | tighten copy_previous"


class ToolRow(QWidget):
    min_score_moved = Signal(float)  # while the slider moves
    min_score_chosen = Signal(float)  # when it is let go

    def __init__(self, actions: Actions, min_score: float) -> None:
        super().__init__()
        self.setObjectName("toolRow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(38)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(round(100 * LOWEST), 95)
        self.slider.setSingleStep(1)
        self.slider.setPageStep(10)
        self.slider.setValue(round(100 * min_score))
        self.slider.setFixedWidth(120)
        self.slider.valueChanged.connect(self._moved)
        self.slider.sliderReleased.connect(lambda: self.min_score_chosen.emit(self.min_score))
        self._caption = label("soft")
        self._value = label()
        self._value.setFixedWidth(40)
        self._zoom = label("soft")
        self._zoom.setFixedWidth(48)
        self._size = label("soft")
        self._size.setFixedWidth(168)  # a box's size changes with every move of the hand: nothing is laid out anew
        self._size.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._photo_size = self._box_size = ""
        self._words = (self._caption, self._size, self._zoom, self._value)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(2)
        for name in ("previous", "next"):
            row.addWidget(_button(actions[name]))
        row.addWidget(_gap())
        for name in ("draw", "undo", "redo"):
            row.addWidget(_button(actions[name]))
        row.addWidget(_gap())
        row.addWidget(_button(actions["fit_window"]))
        self._spare = (_button(actions["fit_width"]), _button(actions["actual_size"]))
        for button in self._spare:
            row.addWidget(button)
        row.addWidget(self._zoom)
        row.addWidget(_button(actions["looks"]))
        row.addWidget(_gap())
        row.addSpacing(6)
        row.addWidget(self._caption)
        row.addSpacing(6)
        row.addWidget(self.slider)
        row.addSpacing(6)
        row.addWidget(self._value)
        row.addWidget(Filler(), 1)
        row.addWidget(self._size)
        row.addSpacing(8)
        self.more = self._more_button(actions)
        row.addWidget(self.more)
        self.verify = _button(actions["verify"])
        row.addWidget(self.verify)
        for name in ("fold_left", "fold_right"):
            fold = _button(actions[name])
            fold.setProperty("kind", "quiet")
            row.addWidget(fold)
        self.retranslate()

    def _more_button(self, actions: Actions) -> QToolButton:
        menu = QMenu(self)
        for name in MORE.split():
            if name == "|":
                menu.addSeparator()
            else:
                menu.addAction(actions[name])
        button = QToolButton()
        button.setIcon(icon("more"))
        button.setIconSize(QSize(18, 18))
        button.setFixedSize(30, 28)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(menu)
        return button

    @property
    def min_score(self) -> float:
        return self.slider.value() / 100

    def minimumSizeHint(self) -> QSize:
        """The row gives way; it does not push the panels beside it."""
        return QSize(NARROWEST, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._give_way()

    def _give_way(self) -> None:
        """In a narrow window the words beside the tools go, the least needed first, then tools that have keys."""
        layout = self.layout()
        assert layout is not None
        self.slider.setFixedWidth(120)
        for part in (*self._words, *self._spare):
            part.show()
        narrow: Callable[[], None] = lambda: self.slider.setFixedWidth(72)
        narrower: Callable[[], None] = lambda: self.slider.setFixedWidth(48)
        (width, whole), (caption, *words) = self._spare, self._words
        steps = [caption.hide, narrow, width.hide, *(part.hide for part in words), whole.hide, narrower]
        for step in steps:
            if layout.minimumSize().width() <= self.width():
                return
            step()

    def show_zoom(self, zoom: float) -> None:
        self._zoom.setText(f"{round(100 * zoom)} %")

    def show_size(self, width: int, height: int) -> None:
        self._photo_size = f"{width} × {height}" if width else ""
        self._say_size()

    def show_box(self, words: str) -> None:
        """The size of the box under way or selected, "" for none: then the photo's stands there."""
        self._box_size = words
        self._say_size()

    def _say_size(self) -> None:
        self._size.setText(self._box_size or self._photo_size)

    def _moved(self) -> None:
        self.retranslate()
        self.min_score_moved.emit(self.min_score)
        if not self.slider.isSliderDown():
            self.min_score_chosen.emit(self.min_score)

    def retranslate(self) -> None:
        self._caption.setText(text("tools.confidence"))
        self._value.setText(f"≥ {self.slider.value()} %")
        self._give_way()
        self.slider.setToolTip(text("tools.confidence_tip"))
        self.slider.setAccessibleName(text("tools.confidence"))
        self._size.setToolTip(text("tools.size_tip"))
        name_button(self.more, text("tools.more"))


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(18, 18))
    button.setFixedSize(30, 28)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def _gap() -> QWidget:
    gap = QWidget()
    row = QHBoxLayout(gap)
    row.setContentsMargins(6, 8, 6, 8)
    row.addWidget(line(vertical=True))
    return gap
