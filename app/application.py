"""The composition root: settings, words and theme; then the window; and only when it stands database and engine."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QObject, QTranslator, Signal
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from app.common.errors import UserError
from app.common.logs import crash_seen, install_exception_hook, previous_crash, start_logging, stop_logging
from app.common.settings import load_settings
from app.common.words import set_language, text
from app.common.workspace import Workspace, open_workspace
from app.views.background import DatabaseDoor
from app.views.engine_bridge import EngineBridge
from app.views.services import Services, chosen_language
from app.views.theme import apply_theme
from app.views.window import Window
from app.views.workbench.workbench import Workbench


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
    """One running Squama: what a test starts and stops too."""

    bug = Signal(str)

    def __init__(
        self, app: QApplication, workspace: Workspace, actor: str, engine: Sequence[str] | None = None
    ) -> None:
        super().__init__()
        start_logging(workspace)
        install_exception_hook(self.bug.emit)
        settings = load_settings(workspace)
        set_language(chosen_language(settings.language))
        apply_theme(app, settings.theme)
        self.services = Services(workspace, settings, actor, self)
        self.window = Window(self.services)
        self.engine = EngineBridge(self.services, engine or engine_command(), self)
        self.workbench = Workbench(self.services, self.window, self.engine)
        self.window.set_page(self.workbench)
        self.bug.connect(self.window.show_bug)
        self.window.stood.connect(self._open)
        self.window.closing.connect(self.workbench.close_down)

    def start(self, paths: Sequence[Path] = ()) -> None:
        self._paths = list(paths)
        self.window.restore()
        self.window.show()

    def stop(self) -> None:
        self.workbench.close_down()
        self.services.background.close()
        stop_logging()

    def _open(self) -> None:
        self.services.background.open(
            partial(_open_store, self.services.workspace), lambda _: self.workbench.begin(self._paths)
        )
        crash = previous_crash(self.services.workspace)
        if crash is not None:
            details = crash.read_text(encoding="utf-8", errors="replace")
            self.window.offer_crash(lambda: details)
            crash_seen(self.services.workspace)


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
    actor = os.environ.get("SQUAMA_ACTOR") or _system_user()
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
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without an entry in the system's table
        return "user"


def _qt() -> QApplication:
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("Squama")
    app.setStyle("Fusion")
    translator = QTranslator(app)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if chosen_language("auto") == "zh" and translator.load("qtbase_zh_CN", folder):
        app.installTranslator(translator)
    return app


def _workspace(folder: str | None) -> Workspace | None:
    """The workspace, or another one that the person chooses when that one cannot be opened."""
    while True:
        try:
            return open_workspace(folder)
        except UserError as error:
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
