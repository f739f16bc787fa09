"""The engine process seen from the window: questions go out, answers come back as signals on the GUI thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.common.geometry import Box
from app.views.services import Services

if TYPE_CHECKING:
    from app.inference.engine_client import EngineClient, Event

SOON, LATER = 0, 10  # a person waits for a box of theirs before a whole photo


class EngineBridge(QObject):
    """Starting (also again, after a crash), ready, or without models. A question outlives a crash of the engine."""

    ready = Signal()
    restarted = Signal()  # with other settings: questions that were open are forgotten
    answered = Signal(int, object)  # request, the contract's answer
    refused = Signal(int, object)  # request (0: none in particular), UserError
    state_changed = Signal()
    _event = Signal(object, object)  # EngineClient, Event

    def __init__(self, services: Services, command: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._command = list(command)
        self._client: EngineClient | None = None
        self.is_ready = False
        self.is_starting = True
        self._ended = False
        self.problem = ""  # code of what keeps the models from running
        self.device = ""
        self.device_reason = ""
        self.models: Mapping[str, Any] | None = None
        self._event.connect(self._take)

    def start(self) -> None:
        if self._ended:  # the window was closed before its turn came
            return
        from app.inference.engine_client import EngineClient

        settings = self._services.settings
        options = ["--workspace", str(self._services.workspace.root), "--device", settings.device]
        for name, model in (("--detector", settings.detector), ("--classifier", settings.classifier)):
            options += [name, model] if model else []
        client = EngineClient(
            [*self._command, *options],
            lambda event: self._event.emit(client, event),
            self._services.workspace.cache,
        )
        self._client = client
        self.is_starting, self.is_ready = True, False
        client.start()
        self.state_changed.emit()

    def restart(self) -> None:
        """Anew, with the settings as they are now; the process before ends in the background."""
        before, self._client = self._client, None
        if before is not None:
            self._services.background.work(partial(before.stop, patience_s=1.0), lambda _: None)
        self.start()
        self.restarted.emit()

    def stop(self) -> None:
        """For good."""
        self._ended = True
        if self._client is not None:
            self._client.stop(patience_s=1.0)
            self._client = None
        self.is_ready = self.is_starting = False

    def kill(self) -> None:
        """End the process as a crash would; it starts again by itself."""
        if self._client is not None:
            self._client.kill()

    def read(self, photo: Path, min_score: float) -> int:
        """Lesions and their diseases; the request's number."""
        request = {"op": "diagnose", "image": "", "path": str(photo), "boxes": [], "min_score": min_score}
        return self._submit(request, LATER)

    def classify(self, photo: Path, box: Box) -> int:
        """What is in the box: no detection."""
        request = {"op": "diagnose", "image": "", "path": str(photo), "boxes": [box.as_list()], "detect": False}
        return self._submit(request, SOON)

    def drop(self, request: int) -> None:
        if self._client is not None:
            self._client.drop(request)

    def _submit(self, request: Mapping[str, Any], priority: int) -> int:
        assert self._client is not None
        return self._client.submit(request, priority=priority)

    def _take(self, client: EngineClient, event: Event) -> None:
        if client is not self._client:  # one that was stopped
            return
        error = event.error
        if event.kind == "answer" and event.number is not None:
            self._note_state(event.payload)
            self.answered.emit(event.number, event.payload["result"])
        elif event.kind == "refused" and event.number is not None:
            self.refused.emit(event.number, error)
        elif event.kind == "ready":
            self.is_starting, self.is_ready = False, error is None
            self._note_state(event.payload)
            self.problem = error.code if error else ""
            if error is None:
                self.ready.emit()
            else:
                self.refused.emit(0, error)
        elif event.kind == "message" and error is not None:
            self.is_ready = False
            self.is_starting = error.code == "engine_restarted"
            self.problem = "" if self.is_starting else error.code
            self._services.report(error)
        self.state_changed.emit()

    def _note_state(self, payload: Mapping[str, Any]) -> None:
        if "device" in payload:
            self.device, self.device_reason = str(payload["device"]), str(payload.get("device_reason", ""))
            self.models = payload.get("models")
