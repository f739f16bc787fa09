"""What every page may use: the two doors, the person at work, the settings, the workspace, the pack."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.common.errors import UserError
from app.common.packs import DEFAULT_PACK, Pack, load_pack
from app.common.settings import Settings, save_settings
from app.common.workspace import Workspace
from app.views.background import Background


class Services(QObject):
    actor_changed = Signal(str)
    pack_changed = Signal()

    def __init__(self, workspace: Workspace, settings: Settings, actor: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.settings = settings
        self.actor = actor
        self.background = Background(actor, self)
        self._saving: Future[None] | None = None
        self.pack: Pack = load_pack(DEFAULT_PACK, workspace.packs)

    def change_settings(self, **values: Any) -> None:
        """Take the new values at once and write them behind the window's back."""
        self.settings = replace(self.settings, **values)
        settings, workspace = self.settings, self.workspace
        save: Callable[[], None] = lambda: save_settings(workspace, settings)
        if self._saving is not None:
            self._saving.cancel()  # if it has not begun: this one says all that it would
        self._saving = self.background.save_later(save)

    def change_actor(self, actor: str) -> None:
        """Another person sits down: all that follows is theirs, also after the next start."""
        if actor == self.actor:
            return
        self.actor = actor
        self.background.set_actor(actor)
        self.change_settings(person=actor)
        self.actor_changed.emit(actor)

    def reload_pack(self) -> None:
        """Labels may have been added to the workspace's copy of the pack."""
        pack = load_pack(DEFAULT_PACK, self.workspace.packs)
        if pack != self.pack:
            self.pack = pack
            self.pack_changed.emit()

    def report(self, error: UserError) -> None:
        self.background.user_error.emit(error)
