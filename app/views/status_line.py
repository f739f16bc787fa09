"""The line at the foot: device (and why the CPU), models, time taken, work under way."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from app.common.words import text
from app.views.parts import Elided, label, line, name_button, tool_button
from app.views.services import Services


class StatusLine(QWidget):
    def __init__(self, services: Services) -> None:
        super().__init__()
        self.setObjectName("statusLine")
        self.setFixedHeight(28)
        self._services = services
        nothing: Callable[[], str] = lambda: ""
        self._say_device: Callable[[], str] = lambda: text("status.engine_starting")
        self._say_models, self._say_time, self._say_work = nothing, nothing, nothing
        self._say_training = nothing
        self.device = Elided()
        self.models = Elided()
        self.time = label()
        self.training = label()
        self.training_progress = QProgressBar()
        self.training_progress.setFixedSize(64, 4)
        self.training_progress.setTextVisible(False)
        self.training_progress.hide()
        self.work = label()
        self.progress = QProgressBar()
        self.progress.setFixedSize(96, 4)
        self.progress.setTextVisible(False)
        self.progress.hide()
        self.stop = tool_button("close", lambda: self._stop and self._stop())
        self.stop.setFixedSize(24, 24)
        self.stop.hide()
        self._stop: Callable[[], object] | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(12)
        row.addWidget(self.device, 3)
        row.addWidget(line(vertical=True))
        row.addWidget(self.models, 4)
        row.addWidget(self.training)
        row.addWidget(self.training_progress)
        row.addWidget(self.work)
        row.addWidget(self.progress)
        row.addWidget(self.stop)
        row.addWidget(self.time)
        self.retranslate()

    def set_device(self, say: Callable[[], str]) -> None:
        self._set("_say_device", say)

    def set_models(self, say: Callable[[], str]) -> None:
        self._set("_say_models", say)

    def set_time(self, say: Callable[[], str]) -> None:
        self._set("_say_time", say)

    def set_work(
        self, say: Callable[[], str], share: float | None = None, stop: Callable[[], object] | None = None
    ) -> None:
        """What runs in the background; ``share`` 0..1 shows how far it is, ``stop`` gives it up."""
        self._stop = stop
        self.stop.setVisible(stop is not None)
        self._set("_say_work", say)
        self.progress.setVisible(share is not None)
        self.progress.setValue(round(100 * (share or 0)))

    def set_training(self, say: Callable[[], str], share: float | None = None) -> None:
        """How far the run is that goes on in the background, beside whatever else is at work."""
        self._set("_say_training", say)
        self.training_progress.setVisible(share is not None)
        self.training_progress.setValue(round(100 * (share or 0)))

    def _set(self, name: str, say: Callable[[], str]) -> None:
        setattr(self, name, say)
        self.retranslate()

    def retranslate(self) -> None:
        name_button(self.stop, text("status.stop"))
        for shown, say in (
            (self.device, self._say_device),
            (self.models, self._say_models),
            (self.time, self._say_time),
            (self.training, self._say_training),
            (self.work, self._say_work),
        ):
            words = say()
            if shown.text() != words:
                shown.setText(words)
            shown.setToolTip(words)
