"""Which arguments open the window, and that the one door imports nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

import main
from app.common.places import ROOT


@pytest.mark.parametrize(
    "line",
    [[], ["--workspace", "demo"], ["--workspace=demo"], ["photos/"], ["a.jpg", "b c.png"], ["--actor", "li", "x.heic"]],
)
def test_the_window(line: list[str]) -> None:
    assert main.wants_window(line)


@pytest.mark.parametrize(
    "line",
    [
        ["version"],
        ["demo", "demo"],
        ["--workspace", "w", "version"],
        ["--json"],
        ["--json", "photos/"],
        ["--help"],
        ["-h"],
        ["nonsense"],
        ["--workspace"],
        ["diagnose", "a.jpg", "--json"],
        ["--nonsense"],
    ],
)
def test_the_command_line(line: list[str]) -> None:
    assert not main.wants_window(line)


def test_no_screen_is_said_in_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert main.main([]) == 2
    assert "no screen" in capsys.readouterr().err


def imported_by(statement: str) -> set[str]:
    program = f"import sys\n{statement}\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


HEAVY = {
    "torch",
    "torchvision",
    "timm",
    "sklearn",
    "scipy",
    "matplotlib",
    "cv2",
    "numpy",
    "PIL",
    "sqlalchemy",
    "pydantic",
}


def test_the_door_is_light() -> None:
    assert not imported_by("import main") & (HEAVY | {"PySide6", "app"})


def test_what_the_window_needs_before_its_first_paint_is_light() -> None:
    names = "images, logs, packs, settings, words, workspace, errors, files, geometry"
    assert not imported_by(f"from app.common import {names}") & (HEAVY | {"PySide6"})


def test_the_door_knows_every_subcommand() -> None:
    from app.cli_parser import parser

    (commands,) = [a.choices for a in parser()._actions if a.choices and a.dest == "command"]
    assert set(commands) <= main.SUBCOMMANDS
