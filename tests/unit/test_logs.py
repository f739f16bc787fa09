from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.common.logs import (
    crash_seen,
    install_exception_hook,
    previous_crash,
    redact,
    start_logging,
    stop_logging,
    write_crash,
)
from app.common.places import ROOT
from app.common.workspace import Workspace


@pytest.fixture
def logging_workspace(workspace: Workspace) -> Iterator[Workspace]:
    level = logging.getLogger().level
    start_logging(workspace)
    yield workspace
    stop_logging()
    logging.captureWarnings(False)
    logging.getLogger().setLevel(level)


def log_of(workspace: Workspace) -> str:
    return (workspace.logs / "squama.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "secret",
    [
        "/home/wang/张三 2024/脸.jpg",
        "C:\\Users\\王医生\\张三.jpg",
        "\\\\server\\share\\张三.jpg",
        "~/photos/张三.jpg",
    ],
)
def test_paths_are_hidden(secret: str) -> None:
    for sentence in (f"cannot read {secret!r}", f'cannot read "{secret}" now', f"open({secret.split(' ')[0]}) failed"):
        assert "张三" not in redact(sentence)
        assert "wang" not in redact(sentence)
        assert redact(sentence).startswith(sentence[:4])


def test_what_is_no_path_stays() -> None:
    for sentence in ("image 42: 4032 x 3024 in 1.3 s", "top3 0.87/0.10/0.03", "Europe said 'no', and \"yes\"", "a / b"):
        assert redact(sentence) == sentence


def test_the_programs_own_frames_stay_readable() -> None:
    frame = f'  File "{ROOT / "app" / "common" / "logs.py"}", line 3, in redact'
    assert redact(frame) == '  File "app/common/logs.py", line 3, in redact'


def test_a_logged_exception_holds_no_path(logging_workspace: Workspace) -> None:
    try:
        Path("/nowhere/张三/脸.jpg").read_bytes()
    except OSError:
        logging.getLogger("squama.test").exception("image %s could not be read", 42)
    written = log_of(logging_workspace)
    assert "image 42" in written
    assert "FileNotFoundError" in written
    assert "test_logs.py" in written
    assert "张三" not in written


def test_ending_well_leaves_no_crash(logging_workspace: Workspace) -> None:
    stop_logging()
    assert list(logging_workspace.logs.glob("crash-*")) == []
    assert previous_crash(logging_workspace) is None


def test_ones_own_report_is_not_the_previous_one(logging_workspace: Workspace) -> None:
    file = write_crash(logging_workspace, RuntimeError("lost '/home/张三.jpg'"))
    assert "RuntimeError" in file.read_text(encoding="utf-8")
    assert "张三" not in file.read_text(encoding="utf-8")
    assert previous_crash(logging_workspace) is None


def test_a_native_crash_is_offered_once(workspace: Workspace) -> None:
    program = (
        "import os, signal, sys\n"
        "from app.common.workspace import Workspace\n"
        "from app.common.logs import start_logging\n"
        "from pathlib import Path\n"
        "start_logging(Workspace(Path(sys.argv[1])))\n"
        "import faulthandler; faulthandler._sigsegv()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(workspace.root)], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode != 0
    report = previous_crash(workspace)
    assert report is not None
    assert "<module>" in report.read_text(encoding="utf-8")
    crash_seen(workspace)
    assert previous_crash(workspace) is None
    assert len(list(workspace.logs.glob("seen-*"))) == 1


def test_a_report_of_an_earlier_process_of_the_same_id_is_kept(workspace: Workspace) -> None:
    (workspace.logs / f"crash-{os.getpid()}.txt").write_text("Fatal Python error", encoding="utf-8")
    start_logging(workspace)
    stop_logging()
    report = previous_crash(workspace)
    assert report is not None
    assert "Fatal" in report.read_text(encoding="utf-8")


def test_nobody_catches_but_the_hook(logging_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    told: list[str] = []
    install_exception_hook(told.append)

    def fail() -> None:
        raise ValueError("in '/home/张三' at 7")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert len(told) == 2
    assert all("ValueError" in t and "张三" not in t for t in told)
    assert log_of(logging_workspace).count("not caught") == 2


def test_the_log_rotates(logging_workspace: Workspace) -> None:
    log = logging.getLogger("squama.test")
    for number in range(1200):
        log.info("%d %s", number, "x" * 1000)
    assert (logging_workspace.logs / "squama.log.1").exists()
