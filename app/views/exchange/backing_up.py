"""A backup of the workspace while the work goes on: where to, how far it is, what it holds."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from app.common.errors import UserError
from app.common.words import text

if TYPE_CHECKING:
    from app.common.workspace import Workspace
    from app.datasets.keeping.backup import BackupResult
    from app.views.services import Services
    from app.views.window import Window


class BackingUp(QObject):
    _progressed = Signal(int, int)

    def __init__(self, services: Services, window: Window) -> None:
        super().__init__(window)
        self._services = services
        self._window = window
        self._running = False
        self._stop = False
        self._progressed.connect(self._show_progress)
        window.closing.connect(self._give_up)

    def ask(self) -> None:
        name = text("backup.name", day=date.today().isoformat())
        file, _ = QFileDialog.getSaveFileName(
            self._window, text("backup.choose"), str(Path.home() / name), text("backup.filter")
        )
        if file:
            self.make(Path(file))

    def make(self, target: Path) -> None:
        if self._running:
            return
        self._running = True
        target = target if target.suffix else target.with_name(f"{target.name}.zip")
        run = partial(_backup, self._services.workspace, target, self._report)
        self._services.background.work(run, partial(self._done, target), self._failed, owner=self)

    def _give_up(self) -> None:
        """The window closes: a backup that is half done is none."""
        self._stop = True

    def _report(self, done: int, total: int) -> None:
        """In the worker's thread."""
        if self._stop:
            raise UserError("backup_cancelled")
        self._progressed.emit(done, total)

    def _show_progress(self, done: int, total: int) -> None:
        share = done / total if total else 1.0
        self._window.status.set_work(lambda: text("backup.running", done=done, total=total), share)

    def _done(self, target: Path, result: BackupResult) -> None:
        self._finish()
        file, images, files = target.name, result.images, result.files
        self._window.messages.info("backup", lambda: text("backup.done", file=file, images=images, files=files))
        for problem in result.problems[:3]:
            self._window.messages.note(f"backup_{problem.code}", partial(str, problem.text))

    def _failed(self, error: UserError) -> None:
        self._finish()
        self._window.show_error(error)

    def _finish(self) -> None:
        self._running = False
        self._window.status.set_work(lambda: "")


def _backup(workspace: Workspace, target: Path, report: object) -> BackupResult:
    from app.datasets.keeping.backup import backup

    return backup(workspace, target, report)  # type: ignore[arg-type]
