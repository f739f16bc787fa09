"""What the tests of the window do with it, as a person would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from app.common.geometry import Box
from tests.gui.conftest import PATIENCE

if TYPE_CHECKING:
    from app.application import Program
    from app.views.workbench.workbench import Workbench


def settle(qtbot: QtBot, program: Program) -> None:
    """Everything asked for has been stored and shown."""
    qtbot.waitUntil(lambda: program.services.background.idle, timeout=PATIENCE)


def at(bench: Workbench, x: float, y: float) -> QPoint:
    """The canvas' pixel over the photo's point."""
    return bench.canvas.to_widget(x, y).toPoint()


def drag(qtbot: QtBot, bench: Workbench, box: Box) -> None:
    canvas = bench.canvas
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=at(bench, box.x0, box.y0))
    qtbot.mouseMove(canvas, at(bench, *box.centre))
    qtbot.mouseMove(canvas, at(bench, box.x1, box.y1))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=at(bench, box.x1, box.y1))


def labels(program: Program) -> list[str]:
    document = program.workbench.canvas.document()
    assert document is not None
    return [a.label for a in document.annotations]


def label_at(bench: Workbench, disease: str) -> QPoint:
    """Where the disease stands in the list of diseases."""
    picker = bench.annotate.picker
    row = next(n for n, label in enumerate(picker.model.labels) if label.key == disease)
    return picker.list.visualRect(picker.model.index(row)).center()
