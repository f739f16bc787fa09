"""Running the checks: the button, how far they are, what is new; the checks themselves are a process of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.common.errors import UserError
from app.common.words import text
from app.views.child_process import Child
from app.views.cleaning.words import duration
from app.views.icons import icon
from app.views.parts import Elided

if TYPE_CHECKING:
    from app.views.services import Services
    from app.views.status_line import StatusLine


class RunPanel(QWidget):
    """``arrived``: findings of more photos are stored; ``ended``: the run is over, however it went."""

    started = Signal()
    arrived = Signal()
    ended = Signal()

    def __init__(self, services: Services, status: StatusLine) -> None:
        super().__init__()
        self._services = services
        self._status = status
        self._child: Child | None = None
        self._made: Mapping[str, Any] = {}
        self._outcome: Mapping[str, Any] = {}
        self._stopping = False
        self._unseen = 0
        self.button = QPushButton()
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(lambda: self.toggle())
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.words = Elided("caption")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 8)
        layout.setSpacing(6)
        layout.addWidget(self.button)
        layout.addWidget(self.progress)
        layout.addWidget(self.words)
        self.retranslate()

    @property
    def running(self) -> bool:
        return self._child is not None

    def show_unseen(self, n: int) -> None:
        """How many photos no check has looked at."""
        self._unseen = n
        self.retranslate()

    def toggle(self) -> None:
        """Start; or stop, when what is under way is stored."""
        if self._child is not None:
            self._stopping = True
            self._child.stop()
            self.retranslate()
        else:
            self._start()

    def close_down(self) -> None:
        """The window closes: what is found is stored, and the next run goes on from there."""
        if self._child is not None:
            self._child.kill()

    def _start(self) -> None:
        self._made, self._outcome, self._stopping = {}, {}, False
        words = ["cleaning", "--workspace", str(self._services.workspace.root), "--actor", self._services.actor]
        self._child = Child(words, self)
        self._child.said.connect(self._said)
        self._child.ended.connect(self._over)
        self.retranslate()
        self.started.emit()

    def _said(self, event: Mapping[str, Any]) -> None:
        if event.get("event") != "progress":
            self._outcome = event
            return
        self._made = event
        if event["new"]:
            self.arrived.emit()
        self.retranslate()

    def _over(self, code: int, _stderr: str) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.deleteLater()
        error = self._outcome.get("error")
        if error is not None:
            from app.inference.portable import read_error

            self._services.report(read_error(error))
        elif self._outcome.get("event") != "done":
            self._services.report(UserError("child_died", exit=code))
        self.retranslate()
        self._status.set_work(lambda: "")
        self.ended.emit()

    # -- words ---------------------------------------------------------------------------------------------------
    def _share(self) -> float | None:
        whole = int(self._made.get("whole", 0))
        return int(self._made.get("done", 0)) / whole if whole else None

    def _line(self) -> str:
        if self._child is None:
            return text("clean.unseen", n=f"{self._unseen:,}") if self._unseen else text("clean.all_seen")
        if self._stopping:
            return text("clean.stopping")
        if not self._made:
            return text("clean.starting")
        if self._made["stage"] == "sets":
            return text("clean.comparing")
        words = text("clean.examined", n=f"{self._made['done']:,}", total=f"{self._made['whole']:,}")
        left = self._made.get("seconds_left")
        return words if left is None else f"{words} · {text('clean.left', time=duration(left))}"

    def retranslate(self) -> None:
        running = self._child is not None
        primary = not running and self._unseen > 0
        if self.button.property("kind") != ("primary" if primary else ""):
            self.button.setProperty("kind", "primary" if primary else "")
            self.button.style().polish(self.button)
        self.button.setIcon(icon("close" if running else "run", on_colour=primary))
        words = text("clean.stop") if running else text("clean.run")
        self.button.setText(words)
        self.button.setAccessibleName(words)
        tip = text("clean.stop_tip") if running else text("clean.run_tip")
        self.button.setToolTip(text("clean.key_tip", what=tip, keys="F5"))
        self.button.setEnabled(not self._stopping or not running)
        share = self._share()
        self.progress.setVisible(running)
        self.progress.setRange(0, 0 if share is None else 1000)
        self.progress.setValue(round(1000 * (share or 0)))
        self.words.setText(self._line())
        self.words.setToolTip(self._line())
        if running:
            self._status.set_work(lambda: f"{text('clean.running')} · {self._line()}", share, self.toggle)
