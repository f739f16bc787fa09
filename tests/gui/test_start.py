"""The window paints before anything but Qt is loaded, comes to life by itself, and its event loop never stalls long."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from app.common.places import ROOT
from app.common.workspace import Workspace

_LOADED = """
import json, sys
from PySide6.QtWidgets import QApplication
from app.application import Program, _qt
from app.common.workspace import open_workspace
from app.views.window import Window
app = _qt()
program = Program(app, open_workspace(sys.argv[1]), "tester", [sys.executable, "-c", ""])
def report():
    names = {m.partition(".")[0] for m in sys.modules} - set(sys.stdlib_module_names)
    print(json.dumps(sorted(n for n in names if not n.startswith("__"))))
    app.exit()
program.window.stood.disconnect()
program.window.stood.connect(report)
program.start()
app.exec()
"""


def test_only_qt_is_loaded_before_the_first_paint(workspace: Workspace) -> None:
    out = subprocess.run(
        [sys.executable, "-c", _LOADED, str(workspace.root)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        timeout=60,
        check=True,
    )
    ours = {"app", "PySide6", "shiboken6", "platformdirs", "signature_bootstrap"}
    assert set(json.loads(out.stdout.splitlines()[-1])) <= ours


def test_what_is_typed_on_the_command_line_is_understood(tmp_path: Path) -> None:
    from app.application import _arguments

    folder, actor, paths = _arguments(["--workspace", "w", "a.jpg", "--actor=li", str(tmp_path)])
    assert (folder, actor, paths) == ("w", "li", [Path("a.jpg"), tmp_path])
