"""A child process of this program seen from the window: JSON lines come back as signals; it can be cancelled.

``Child`` runs what speaks in events (``main.py cleaning``). ``errand`` runs a subcommand of the command line and gives
its JSON document: for what must not happen inside the window (matplotlib, sklearn, torch) or may take long.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal

from app.common.errors import UserError
from app.common.words import LANGUAGE, language
from app.views.services import Services

Done = Callable[[Any], object]
Failed = Callable[[UserError], object]


def own_command() -> list[str]:
    """How this program starts itself again, also when it is frozen."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, str(Path(__file__).resolve().parents[2] / "main.py")]


class Child(QObject):
    """One run of a child, in the window's language. ``stop`` asks it to end in order; ``kill`` ends it at once."""

    said = Signal(object)  # one event, a dict
    ended = Signal(int, str)  # exit code (-1: it crashed or never started), what it wrote to stderr

    def __init__(self, arguments: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rest = b""
        self._over = False
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._finish)
        self._process.errorOccurred.connect(self._fail)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert(LANGUAGE, language())
        self._process.setProcessEnvironment(environment)
        program, *before = own_command()
        self._process.start(program, [*before, *arguments])

    @property
    def running(self) -> bool:
        return not self._over

    def stop(self) -> None:
        self._process.write(b"stop\n")

    def kill(self) -> None:
        self._process.kill()
        self._process.waitForFinished(2000)

    def _read(self) -> None:
        *lines, self._rest = (self._rest + bytes(self._process.readAllStandardOutput().data())).split(b"\n")
        for line in lines:
            if line.startswith(b"{") or line.startswith(b"["):
                self.said.emit(json.loads(line))

    def _finish(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        self._end(code if status == QProcess.ExitStatus.NormalExit else -1)

    def _fail(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end(-1)

    def _end(self, code: int) -> None:
        if not self._over:
            self._over = True
            self.ended.emit(code, bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace"))


def errand(
    services: Services, words: Sequence[str], done: Done, failed: Failed | None = None, parent: QObject | None = None
) -> Child:
    """Run a subcommand on the window's workspace as the person at work; ``done(document)`` also where items failed."""
    # Before the words: behind "--" an option would be a name.
    common = ["--json", "--workspace", str(services.workspace.root), "--actor", services.actor]
    child = Child([*common, *words], parent or services)
    documents: list[Any] = []
    child.said.connect(documents.append)

    def end(code: int, _stderr: str) -> None:
        document = documents[-1] if documents else None
        error = document.get("error") if isinstance(document, Mapping) else None
        if document is not None and error is None:
            done(document)
        else:
            (failed or services.report)(_error(code, error))
        child.deleteLater()

    child.ended.connect(end)
    return child


def _error(exit_code: int, error: Mapping[str, str] | None) -> UserError:
    """The command's own words where it had some: they were said by the same catalogue."""
    if error is None:
        return UserError("child_died", exit=exit_code)
    return UserError("child_refused", what=error["what"], remedy=error["remedy"])
