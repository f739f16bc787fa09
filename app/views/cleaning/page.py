"""The Clean page."""

from __future__ import annotations

from app.views.services import Services
from app.views.sheets import Page
from app.views.window import Window


class CleanPage(Page):
    def __init__(self, services: Services, window: Window) -> None:
        super().__init__()
        self.services = services
        self.window_ = window
