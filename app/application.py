"""The composition root: a bare window first; then, in turns of the event loop, words, theme, page, database, engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QWidget

from app.common.errors import UserError
from app.common.settings import load_settings
from app.common.words import language, set_language, text
from app.common.workspace import Workspace, open_workspace
from app.views.language import chosen_language, use_qt_words
from app.views.window import Window

if TYPE_CHECKING:
    from app.views.background import DatabaseDoor
    from app.views.engine_bridge import EngineBridge
    from app.views.services import Services
    from app.views.training.notices import RunNotices
    from app.views.workbench.workbench import Workbench

PARTS = (
    "app.views.actions", "app.views.canvas", "app.views.photo_list", "app.views.settings_panel",
    "app.views.workbench.case_card", "app.views.workbench.diagnosis_panel", "app.views.workbench.sitting",
    "app.views.workbench.workbench",
)  # fmt: skip
"""The page's modules, loaded one at a time so that the window answers in between."""


def main(argv: Sequence[str] | None = None) -> int:
    """``[--workspace DIR] [--actor NAME] [PHOTO_OR_FOLDER...]``; gives the exit status."""
    folder, actor, paths = _arguments(list(sys.argv[1:] if argv is None else argv))
    app = _qt()
    set_language(chosen_language("auto"))
    workspace = _workspace(folder)
    if workspace is None:
        return 2
    program = Program(app, workspace, actor)
    program.start(paths)
    status = app.exec()
    program.stop()
    return status


class Program(QObject):
    """One running Squama: what a test starts and stops too. ``begun`` is sent when there is a page to work on."""

    bug = Signal(str)
    begun = Signal()
    services: Services
    engine: EngineBridge
    workbench: Workbench
    runs: RunNotices

    def __init__(
        self, app: QApplication, workspace: Workspace, actor: str, engine: Sequence[str] | None = None
    ) -> None:
        super().__init__()
        self._app, self._workspace = app, workspace
        self._engine_command = list(engine or engine_command())
        self._paths: list[Path] = []
        self._troubles: list[UserError] = []
        self.has_begun = False
        self._settings = load_settings(workspace)
        self._actor = actor or self._settings.person or _system_user()
        set_language(chosen_language(self._settings.language))
        self.window = Window(self._settings.theme)
        self.window.stood.connect(self.furnish)

    def start(self, paths: Sequence[Path] = ()) -> None:
        self._paths = list(paths)
        self.window.restore(self._settings.window_geometry)

    def furnish(self) -> None:
        """Each step in a turn of its own, so that the window answers in between."""
        self._steps: list[Callable[[], object]] = [
            self._start_log, self._dress, self._make_services, *(partial(import_module, m) for m in PARTS),
            self._make_page, lambda: self.window.add_page(self.workbench, "diagnose", "annotate"),
            self._make_other_pages, self._open,
        ]  # fmt: skip
        self._next_step()

    def _next_step(self) -> None:
        self._steps.pop(0)()
        if self._steps:
            QTimer.singleShot(0, self, self._next_step)

    def _start_log(self) -> None:
        from app.common.logs import install_exception_hook, start_logging

        install_exception_hook(self.bug.emit)
        try:
            start_logging(self._workspace)
        except UserError as error:
            self._troubles.append(error)

    def _dress(self) -> None:
        from app.views.theme import apply_theme

        apply_theme(self._app, self._settings.theme)
        use_qt_words(language())

    def _make_services(self) -> None:
        from app.views.services import Services

        self.services = Services(self._workspace, self._settings, self._actor, self)
        self.window.furnish(self.services)
        self.bug.connect(self.window.show_bug)
        for error in self._troubles:
            self.window.messages.error(error)

    def _make_page(self) -> None:
        from app.views.engine_bridge import EngineBridge
        from app.views.workbench.workbench import Workbench

        self.engine = EngineBridge(self.services, self._engine_command, self)
        self.workbench = Workbench(self.services, self.window, self.engine)
        self.window.closing.connect(self.workbench.close_down)

    def _make_other_pages(self) -> None:
        """When somebody goes there."""
        self.window.add_page_later(self._clean_page, "clean")
        self.window.add_page_later(self._datasets_page, "datasets")
        self.window.add_page_later(self._train_page, "train")
        self._watch_runs()

    def _clean_page(self) -> QWidget:
        from app.views.cleaning.page import CleanPage

        return CleanPage(self.services, self.window)

    def _datasets_page(self) -> QWidget:
        from app.views.datasets.page import DatasetsPage

        return DatasetsPage(self.services, self.window)

    def _train_page(self) -> QWidget:
        from app.views.training.page import TrainPage

        return TrainPage(self.services, self.window, self.runs.watch)

    def _watch_runs(self) -> None:
        """A run goes on without the window: whoever opens it again is told how far it is, and when it ends."""
        from app.views.training.notices import RunNotices

        self.runs = RunNotices(self.services, self.window, self)

    def _open(self) -> None:
        from app.common.logs import crash_seen, previous_crash

        self.services.background.open(
            partial(_open_store, self._workspace), lambda _: self.workbench.begin(self._paths)
        )
        crash = previous_crash(self._workspace)
        if crash is not None:
            details = crash.read_text(encoding="utf-8", errors="replace")
            self.window.offer_crash(lambda: details)
            crash_seen(self._workspace)
        self.has_begun = True
        self.begun.emit()

    def stop(self) -> None:
        from app.common.logs import stop_logging

        self._steps = []
        if hasattr(self, "workbench"):
            self.workbench.close_down()
        if hasattr(self, "services"):
            self.services.background.close()
        stop_logging()


def _open_store(workspace: Workspace) -> DatabaseDoor:
    """On the database thread, after the first paint: SQLAlchemy is imported here."""
    from app.datasets.store import open_store

    return open_store(workspace)


def engine_command() -> list[str]:
    """How the engine child is started: this program again, also when it is frozen."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "engine"]
    return [sys.executable, str(Path(__file__).resolve().parents[1] / "main.py"), "engine"]


def _arguments(argv: list[str]) -> tuple[str | None, str, list[Path]]:
    workspace: str | None = None
    actor = os.environ.get("SQUAMA_ACTOR", "")
    paths: list[Path] = []
    rest = iter(argv)
    for word in rest:
        name, _, value = word.partition("=")
        if name == "--workspace":
            workspace = value or next(rest, None)
        elif name == "--actor":
            actor = value or next(rest, actor)
        elif not word.startswith("--"):
            paths.append(Path(word))
    return workspace, actor, paths


def _system_user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without an entry in the system's table
        return "user"


SWITCH_SECONDS = 0.0001
"""How long a thread at work may keep Python's lock from the window. Each paint gives the lock away and takes it back
some fifty times: with Python's own 5 ms, a folder of 100,000 being listed keeps the window waiting four times as long.
"""


def _qt() -> QApplication:
    sys.setswitchinterval(SWITCH_SECONDS)
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("Squama")
    app.setStyle("Fusion")
    return app


def _workspace(folder: str | None) -> Workspace | None:
    """The workspace, or another one that the person chooses when that one cannot be opened."""
    while True:
        try:
            return open_workspace(folder)
        except UserError as error:
            from PySide6.QtWidgets import QFileDialog, QMessageBox

            box = QMessageBox(QMessageBox.Icon.Warning, "Squama", error.what)
            box.setInformativeText(error.remedy)
            choose = box.addButton(text("window.choose_folder"), QMessageBox.ButtonRole.AcceptRole)
            box.addButton(QMessageBox.StandardButton.Close)
            box.exec()
            if box.clickedButton() is not choose:
                return None
            folder = QFileDialog.getExistingDirectory(None, text("window.choose_folder"))
            if not folder:
                return None
