"""The page of the work with one photo: Diagnose and Annotate are two looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.views.services import Services
from app.views.window import Window
from app.views.workbench.empty_state import EmptyState


class Workbench(QWidget):
    def __init__(self, services: Services, window: Window, engine: Sequence[str]) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(EmptyState())

    def begin(self, paths: Sequence[Path]) -> None:
        pass

    def close_down(self) -> None:
        pass
