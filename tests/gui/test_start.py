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
program.window.stood.disconnect()  # what it would furnish comes after the first paint
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
    ours = {"app", "PySide6", "shiboken6", "platformdirs", "signature_bootstrap", "shibokensupport", "_distutils_hack"}
    assert set(json.loads(out.stdout.splitlines()[-1])) <= ours


def test_the_bare_window_has_the_themes_colours() -> None:
    from app.views import theme
    from app.views.window import BARE

    assert {"dark": (theme.DARK.panel, theme.GROUND), "light": (theme.LIGHT.panel, theme.GROUND)} == BARE


def test_text_can_be_read_in_both_themes() -> None:
    """WCAG AA: 4.5 for text."""
    from app.views.theme import DARK, LIGHT, contrast

    for t in (DARK, LIGHT):
        for ground in (t.panel, t.raised, t.sunken, t.hover, t.selected):
            assert contrast(t.text, ground) >= 4.5
            assert contrast(t.text_soft, ground) >= 4.5, (t.dark, ground)
        assert contrast(t.accent_text, t.panel) >= 4.5
        for colour in (t.accent, t.danger, t.warning, t.good):
            assert contrast(t.on_colour, colour) >= 4.5


def test_what_is_typed_on_the_command_line_is_understood(tmp_path: Path) -> None:
    from app.application import _arguments

    folder, actor, paths = _arguments(["--workspace", "w", "a.jpg", "--actor=li", str(tmp_path)])
    assert (folder, actor, paths) == ("w", "li", [Path("a.jpg"), tmp_path])
