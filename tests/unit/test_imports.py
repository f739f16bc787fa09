"""The rooms' walls: what may import what, and that the window's process stays light."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from app.common.places import ROOT

NEVER_IN_THE_WINDOW = {"torch", "torchvision", "timm", "sklearn", "matplotlib", "scipy"}
BEFORE_THE_FIRST_PAINT = NEVER_IN_THE_WINDOW | {
    "numpy",
    "cv2",
    "PIL",
    "sqlalchemy",
    "alembic",
    "pydantic",
    "app.inference.networks",
}


def modules_after(statement: str) -> set[str]:
    """Everything that a fresh process has imported once ``statement`` has run."""
    program = f"import sys\n{statement}\nprint(*sys.modules)"
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def modules_of(folder: str) -> list[str]:
    files = sorted((ROOT / folder).rglob("*.py"))
    names = [f.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for f in files]
    return [name.removesuffix(".__init__") for name in names]


def test_importing_every_view_stays_light() -> None:
    statement = f"import {', '.join([*modules_of('app/views'), 'app.application'])}"
    assert not modules_after(statement) & BEFORE_THE_FIRST_PAINT


def test_the_engines_client_is_light() -> None:
    assert not modules_after("import app.inference.engine_client") & (BEFORE_THE_FIRST_PAINT | {"PySide6"})


def test_the_command_line_loads_nothing_that_it_does_not_need() -> None:
    loaded = modules_after("import app.cli")
    assert not loaded & (NEVER_IN_THE_WINDOW | {"PySide6"})


@pytest.mark.parametrize("room", ["annotation", "datasets", "evaluation", "training", "inference", "common"])
def test_no_room_but_the_views_loads_qt(room: str) -> None:
    names = [n for n in modules_of(f"app/{room}") if ".networks" not in n and ".learning" not in n]
    assert "PySide6" not in modules_after(f"import {', '.join(names)}")
