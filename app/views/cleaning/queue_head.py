"""What stands above the gallery: which check, how far it is, its switch, and which of its lines are listed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.cleaning.checks import NAMES, check_name
from app.cleaning.records import CheckSummary, Work
from app.common.words import text
from app.views.choice import Choice
from app.views.cleaning.card_model import WAITING
from app.views.cleaning.desk import STATES, Mode
from app.views.cleaning.words import duration
from app.views.icons import icon
from app.views.parts import Elided, name_button, tool_button


class QueueHead(QWidget):
    """``switched``: called when the check is to be switched off, or on again."""

    def __init__(self, switched: Callable[[], object]) -> None:
        super().__init__()
        self._heading = Elided("section")
        self._progress = Elided("caption")
        self.switch = tool_button("on", switched)
        self.modes = Choice(_modes)
        self.modes.set_key("open")
        first = QHBoxLayout()
        first.setSpacing(4)
        first.addWidget(self._heading, 1)
        first.addWidget(self.switch)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 10, 6)
        column.setSpacing(4)
        column.addLayout(first)
        column.addWidget(self._progress)
        column.addWidget(self.modes)
        self.retranslate()

    @property
    def mode(self) -> Mode:
        return next((m for m in STATES if m == self.modes.key), "open")

    def show_place(self, key: str, at: int, total: int) -> None:
        """``key``: the check, or :data:`WAITING`; its line ``at`` (from 1) of ``total`` is at work."""
        name = check_name(key) if key in NAMES else text("clean.waiting_head") if key == WAITING else ""
        self._heading.setText(text("clean.place", check=name, n=f"{at:,}", total=f"{total:,}") if total else name)
        self.modes.setEnabled(key != WAITING)

    def show_check(self, summary: CheckSummary | None) -> None:
        """Whether it is switched on; None: the lines are those of several checks."""
        active = summary is None or summary.active
        self.switch.setVisible(summary is not None)
        self.switch.setIcon(icon("on" if active else "off"))
        name_button(self.switch, text("clean.switch_off") if active else text("clean.switch_on"), "T")

    def show_work(self, work: Work | None) -> None:
        words = ""
        if work is not None:
            words = text("clean.progress", decided=f"{work.decided:,}", open=f"{work.open:,}")
            if work.seconds_left is not None and work.open:
                words += " · " + text("clean.left", time=duration(work.seconds_left))
        self._progress.setText(words)
        self._progress.setToolTip(f"{words}\n{text('clean.progress_tip')}")

    def retranslate(self) -> None:
        self.modes.setToolTip(text("clean.mode"))
        self.modes.setAccessibleName(text("clean.mode"))


def _modes() -> tuple[tuple[str, str], ...]:
    return (
        ("open", text("clean.mode_open")),
        ("decided", text("clean.mode_decided")),
        ("all", text("clean.mode_all")),
    )
