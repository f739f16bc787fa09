"""The whole program in a test: real window, real database, an engine without models."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytestqt.qtbot import QtBot

from app.common.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.application import Program

FAKE_ENGINE = [sys.executable, str(Path(__file__).with_name("fake_engine.py"))]
PATIENCE = 20_000  # ms; two busy cores

Start = Callable[..., "Program"]


@pytest.fixture
def photo_folder(tmp_path: Path, photo_pixels: NDArray[np.uint8]) -> Path:
    """Three photos of 160 x 120."""
    from app.common.images import encode_jpeg

    folder = tmp_path / "门诊 photos"
    folder.mkdir()
    for name in ("photo 1.jpg", "photo 2.jpg", "photo 10.jpg"):
        (folder / name).write_bytes(encode_jpeg(photo_pixels))
    return folder


@pytest.fixture
def start(qtbot: QtBot, qapp: object, workspace: Workspace) -> Iterator[Start]:
    """Starts the program as ``main`` does; called again, it is the next start on the same workspace."""
    from app.application import Program
    from app.views.theme import apply_theme

    running: list[Program] = []
    hook, thread_hook = sys.excepthook, threading.excepthook

    def stop() -> None:
        while running:
            program = running.pop()
            program.window.close()
            program.stop()
            program.window.deleteLater()
            program.deleteLater()

    def run(*paths: Path, engine: list[str] | None = None, wait: bool = True) -> Program:
        stop()
        program = Program(qapp, workspace, "tester", engine or FAKE_ENGINE)  # type: ignore[arg-type]
        running.append(program)
        program.start(paths)
        qtbot.waitUntil(lambda: program.has_begun, timeout=PATIENCE)
        sys.excepthook, threading.excepthook = hook, thread_hook  # a bug must fail the test
        program.window.showNormal()
        program.window.resize(1366, 768)
        if wait:
            qtbot.waitUntil(lambda: program.services.background.has_database, timeout=PATIENCE)
        return program

    yield run
    stop()
    apply_theme(qapp, "dark")  # type: ignore[arg-type]


@pytest.fixture
def reading(start: Start, qtbot: QtBot, photo_folder: Path) -> Program:
    """The program with the folder open and its first photo read."""
    program = start(photo_folder)
    qtbot.waitUntil(lambda: bool(program.workbench.sitting.answer), timeout=PATIENCE)
    return program
