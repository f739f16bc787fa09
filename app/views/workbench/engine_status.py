"""What the status line says of the engine: device and why, models with versions, the time taken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject

from app.common.words import text
from app.inference.device import reason_text
from app.views.engine_bridge import EngineBridge
from app.views.status_line import StatusLine
from app.views.workbench.sitting import Sitting


class EngineStatus(QObject):
    def __init__(self, line: StatusLine, engine: EngineBridge, sitting: Sitting, parent: QObject) -> None:
        super().__init__(parent)
        self._line = line
        self._engine = engine
        self._sitting = sitting
        line.set_device(self.device_words)
        line.set_models(self.models_words)
        line.set_time(self._time_words)
        engine.state_changed.connect(self._refresh)
        sitting.reading_changed.connect(self._refresh)
        sitting.photo_shown.connect(self._refresh)

    def models_words(self) -> str:
        """Names and versions; of the answer on screen, else of the engine."""
        models: Mapping[str, Any] = self._sitting.answer.get("models") or self._engine.models or {}
        wanted = (models.get("detector"), models.get("classifier"))
        return "  ·  ".join(f"{m['name']} {m['version']}" for m in wanted if m)

    def details(self) -> str:
        return json.dumps(
            {"device": self._engine.device, "models": self._engine.models or {}}, ensure_ascii=False, indent=2
        )

    def device_words(self) -> str:
        engine = self._engine
        if engine.is_ready:
            name = device_name(engine.device)
            why = reason_text(engine.device_reason)
            return text("status.device_why", device=name, why=why) if why else name
        return text("status.engine_starting") if engine.is_starting else text("status.no_engine")

    def _time_words(self) -> str:
        if self._sitting.busy:
            return text("status.reading")
        total = self._sitting.answer.get("timings_ms", {}).get("total")
        return (
            ""
            if total is None
            else text("status.taken", seconds=f"{total / 1000:.2g}" if total < 9950 else round(total / 1000))
        )

    def _refresh(self) -> None:
        self._line.retranslate()


def device_name(device: str) -> str:
    """``CPU``, ``GPU`` or ``GPU 1``."""
    kind, _, number = device.partition(":")
    if kind == "cpu":
        return "CPU"
    return "GPU" if number in ("", "0") else f"GPU {number}"
