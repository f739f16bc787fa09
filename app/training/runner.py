"""The process that works through a workspace's queue of trainings: ``main.py training --workspace DIR``.

It is light and outlives the window; each training is a child of its own (``--run FOLDER``), one at a time, so that what
kills one (memory, a driver) neither takes the queue with it nor leaves its memory behind.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.common.errors import UserError
from app.common.locks import is_locked, take_lock
from app.common.logs import start_logging
from app.common.places import ROOT
from app.common.workspace import Workspace, open_workspace
from app.training.events import STOP_FILE
from app.training.runs import (
    ERROR_FILE,
    QUEUED_FILE,
    RESULT_FILE,
    list_runs,
    queue,
    queue_mark,
    write_failure,
)

NICE = 10
RUNNER_LOCK = ".runner"
_LOOK_AGAIN = 0.5  # seconds
_STAND_BACK = 600.0
_log = logging.getLogger(__name__)
_started: list[subprocess.Popen[bytes]] = []


def start(workspace: Workspace) -> None:
    """Start the runner unless one is at work; it does not die with this process."""
    _started[:] = [process for process in _started if process.poll() is None]
    if not is_locked(workspace.runs / RUNNER_LOCK):
        _started.append(_popen(["training", "--workspace", str(workspace.root)], detached=True))


def wait_for_started(seconds: float) -> bool:
    """Whether every runner that this process started has ended within ``seconds``; for tests and scripts."""
    until = time.monotonic() + seconds
    for process in _started:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, until - time.monotonic()))
    _started[:] = [process for process in _started if process.poll() is None]
    return not _started


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--run")
    options = parser.parse_args(argv)
    workspace = open_workspace(options.workspace)
    start_logging(workspace, "training-run" if options.run else "training")
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.run:
        return _train(workspace, Path(options.run))
    if hasattr(os, "nice"):
        os.nice(NICE)
    return _work(workspace)


def _train(workspace: Workspace, folder: Path) -> int:
    """One training, as the runner's child. What it has to say lies in its folder."""
    from app.training.run import train_queued

    try:
        train_queued(folder, workspace)
    except UserError as error:
        _log.info("a run ended: %s", error.code)
        return 0 if error.code == "training_stopped" else 2
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001  the last door: whatever comes here is a bug, and it is logged
        _log.critical("not caught", exc_info=error)
        _failed(folder, UserError("internal_error", kind=type(error).__name__))
        return 3
    return 0


def _work(workspace: Workspace) -> int:
    """Until the queue is empty; what comes while the last look is taken is seen by one more look."""
    while queue(workspace):
        lock = take_lock(workspace.runs / RUNNER_LOCK)
        if lock is None:
            return 0  # another one works through it
        with lock:
            while waiting := queue(workspace):
                _wait_for_others(workspace)
                _run_one(workspace, waiting[0])
    return 0


def _wait_for_others(workspace: Workspace) -> None:
    """One run at a time: one in a terminal, or one whose runner died, comes first."""
    while any(run.state == "running" for run in list_runs(workspace)):
        time.sleep(_LOOK_AGAIN)


def _run_one(workspace: Workspace, folder: Path) -> None:
    from app.training.store import record_run

    mark = queue_mark(folder) or {}
    actor = str(mark.get("actor", ""))
    record_run(workspace, folder, actor)
    child = _popen(["training", "--workspace", str(workspace.root), "--run", str(folder)])
    try:
        code = child.wait()
    except KeyboardInterrupt:
        child.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_STAND_BACK)
        raise
    now = queue_mark(folder)
    if now is not None and now.get("ticket") == mark.get("ticket"):  # it died before it began; else somebody resumed it
        (folder / QUEUED_FILE).unlink(missing_ok=True)
    if not any((folder / file).exists() for file in (QUEUED_FILE, RESULT_FILE, ERROR_FILE, STOP_FILE)):
        _log.error("a training died, exit %s", code)
        _failed(folder, UserError("run_died", run=folder.name))
    record_run(workspace, folder, actor)


def _failed(folder: Path, error: UserError) -> None:
    with contextlib.suppress(UserError):  # a full disk: the run then counts as one that died
        write_failure(folder, error)


def _popen(arguments: Sequence[str], detached: bool = False) -> subprocess.Popen[bytes]:
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, str(ROOT / "main.py")]
    more: dict[str, Any] = {}
    if sys.platform == "win32":  # pragma: no cover (not run: no Windows here)
        flags = subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
        more["creationflags"] = flags | (subprocess.CREATE_NEW_PROCESS_GROUP if detached else 0)
    else:
        more["start_new_session"] = detached
    quiet = subprocess.DEVNULL
    return subprocess.Popen([*program, *arguments], stdin=quiet, stdout=quiet, stderr=quiet, **more)
