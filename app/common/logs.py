"""The log, and what a crash leaves behind. Logs carry ids: no paths, no patient data."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import logging.handlers
import os
import platform
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TextIO

from app.common.files import write_error
from app.common.places import ROOT
from app.common.workspace import Workspace

_log = logging.getLogger(__name__)
_FRAME = re.compile(r'File "([^"]+)"')
_QUOTED_PATH = re.compile(r"""(["'])(?:(?!\1)[^\n])*[/\\](?:(?!\1)[^\n])*\1""")
_BARE_PATH = re.compile(r"(?<![\w.<])(?:[A-Za-z]:[\\/]|\\\\|~?/)[^\s\"'<>|,;:)\]]+")
_HIDDEN = "<path>"

_crash_file: TextIO | None = None


def redact(message: str) -> str:
    """``message`` with every path hidden, but for the program's own frames in a traceback, which become relative."""
    frames: list[str] = []

    def keep_frame(match: re.Match[str]) -> str:
        frames.append(_short_frame(match.group(1)))
        return f"\x00{len(frames) - 1}\x00"

    hidden = _FRAME.sub(keep_frame, message)
    hidden = _BARE_PATH.sub(_HIDDEN, _QUOTED_PATH.sub(_HIDDEN, hidden))
    return re.sub("\x00(\\d+)\x00", lambda m: f'File "{frames[int(m.group(1))]}"', hidden)


def _short_frame(file: str) -> str:
    path = Path(file)
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else "/".join(path.parts[-2:])


class _Formatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)sZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def start_logging(workspace: Workspace, name: str = "squama") -> None:
    """Log into ``logs/<name>.log`` of the workspace (1 MB, five kept); a native crash writes a stack there too.

    Call :func:`previous_crash` whenever you like: this process' own crash file does not count there.

    Raises:
        UserError: where the folder cannot be written.
    """
    global _crash_file
    try:
        handler = logging.handlers.RotatingFileHandler(
            workspace.logs / f"{name}.log", maxBytes=1_000_000, backupCount=5, encoding="utf-8"
        )
        _make_room(_own_crash_file(workspace))
        crash_file = _own_crash_file(workspace).open("a", encoding="utf-8")
    except OSError as error:
        raise write_error(error, workspace.logs / f"{name}.log") from error
    stop_logging()
    handler.setFormatter(_Formatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    _crash_file = crash_file
    faulthandler.enable(crash_file)
    _log.info("start: python %s, %s", platform.python_version(), platform.platform())


def stop_logging() -> None:
    """Close the log; an empty crash file goes."""
    global _crash_file
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h.formatter, _Formatter)]:
        root.removeHandler(handler)
        handler.close()
    if _crash_file is not None:
        faulthandler.disable()
        path = Path(_crash_file.name)
        _crash_file.close()
        _crash_file = None
        with contextlib.suppress(OSError):
            if path.stat().st_size == 0:
                path.unlink()


def previous_crash(workspace: Workspace) -> Path | None:
    """The newest report of a crash that nobody has been offered yet; None where the last sessions ended well."""
    own = _own_crash_file(workspace)
    found = [(f.stat().st_mtime, f) for f in workspace.logs.glob("crash-*.txt") if f != own and f.stat().st_size]
    return max(found)[1] if found else None


def crash_seen(workspace: Workspace) -> None:
    """The reports have been offered: keep them, but do not offer them again."""
    own = _own_crash_file(workspace)
    for file in workspace.logs.glob("crash-*.txt"):
        if file != own and file.stat().st_size:
            stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(file.stat().st_mtime))
            with contextlib.suppress(OSError):
                file.replace(file.with_name(f"seen-{stamp}-{file.name}"))


def install_exception_hook(report: Callable[[str], None]) -> None:
    """Hand every exception that nobody caught, in any thread, to the log and to ``report`` (details to copy).

    ``report`` is called in the thread where it happened. What does not end the process is reported at once, so it is
    not kept as a crash for the next start.
    """

    def handle(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        details = redact("".join(traceback.format_exception(kind, error, trace)))
        _log.critical("not caught: %s", details)
        report(details)

    def handle_in_thread(args: threading.ExceptHookArgs) -> None:
        if not issubclass(args.exc_type, SystemExit):
            handle(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = handle
    threading.excepthook = handle_in_thread


def write_crash(workspace: Workspace, error: BaseException) -> Path:
    """Keep the report of an exception that ends the process, for the next start to offer.

    Raises:
        UserError: where the folder cannot be written.
    """
    details = redact("".join(traceback.format_exception(error)))
    file = _own_crash_file(workspace)
    try:
        with file.open("a", encoding="utf-8") as out:
            out.write(details)
    except OSError as problem:
        raise write_error(problem, file) from problem
    return file


def _make_room(file: Path) -> None:
    """An earlier process with the same id may have left its report there."""
    if file.exists() and file.stat().st_size:
        file.replace(file.with_name(f"{file.stem}-{time.time_ns()}.txt"))


def _own_crash_file(workspace: Workspace) -> Path:
    return workspace.logs / f"crash-{os.getpid()}.txt"
