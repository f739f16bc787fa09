"""From the demo workspace to a Pascal VOC file that a reader of somebody else's accepts, with the shipped models."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.common.geometry import Box
from app.common.packs import load_pack
from app.common.workspace import open_workspace

if TYPE_CHECKING:
    from app.application import Program

PATIENCE = 60_000  # ms; the engine loads torch and both models


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from app.datasets.demo import make_demo

    return make_demo(tmp_path_factory.mktemp("journey") / "示例 demo", photos=4, seed=0, processes=1).workspace


@pytest.fixture
def program(qtbot: QtBot, qapp: object, demo: Path) -> Iterator[Program]:
    from app.application import Program, engine_command

    hook, thread_hook = sys.excepthook, threading.excepthook
    started = Program(qapp, open_workspace(demo), "tester", engine_command())  # type: ignore[arg-type]
    started.start([])
    qtbot.waitUntil(lambda: started.has_begun, timeout=PATIENCE)
    sys.excepthook, threading.excepthook = hook, thread_hook
    started.window.showNormal()
    started.window.resize(1366, 768)
    yield started
    started.window.close()
    started.stop()


@pytest.mark.timeout(300)
def test_from_the_demo_to_a_voc_file(program: Program, qtbot: QtBot, tmp_path: Path) -> None:
    bench = program.workbench
    qtbot.waitUntil(lambda: bool(bench.sitting.answer), timeout=PATIENCE)
    answer = bench.sitting.answer
    assert answer is not None
    assert len(answer["top3"]) == 3
    assert {entry["disease"] for entry in answer["top3"]} <= set(load_pack().keys)

    # A box of one's own is answered, named by the answer, and everything is saved as VOC in a chosen folder.
    bench.canvas.fit_window()
    before = len(bench.canvas.document().annotations)  # type: ignore[union-attr]
    qtbot.keyClick(bench.canvas, Qt.Key.Key_W)
    box = Box(answer["width"] * 0.3, answer["height"] * 0.3, answer["width"] * 0.6, answer["height"] * 0.7)
    for press, x, y in ((qtbot.mousePress, box.x0, box.y0), (qtbot.mouseRelease, box.x1, box.y1)):
        at = bench.canvas.to_widget(x, y).toPoint()
        qtbot.mouseMove(bench.canvas, at)
        press(bench.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert len(bench.canvas.document().annotations) == before + 1  # type: ignore[union-attr]
    drawn = bench.canvas.selected()
    qtbot.waitUntil(lambda: len(bench.sitting.top3(drawn)[0]) == 3, timeout=PATIENCE)
    assert len(bench.diagnosis.bars.top) == 3
    likeliest = bench.diagnosis.bars.top[0][0]
    qtbot.mouseClick(bench.diagnosis.accept, Qt.MouseButton.LeftButton)

    program.services.change_settings(save_folder=str(tmp_path))
    qtbot.keyClick(bench.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: program.services.background.idle, timeout=PATIENCE)
    (saved,) = tmp_path.glob("*.xml")

    from torchvision.datasets import VOCDetection

    read = VOCDetection.parse_voc_xml(ElementTree.parse(saved).getroot())["annotation"]
    assert (int(read["size"]["width"]), int(read["size"]["height"])) == (answer["width"], answer["height"])
    named = {o["name"]: [int(o["bndbox"][k]) for k in ("xmin", "ymin", "xmax", "ymax")] for o in read["object"]}
    assert named[likeliest] == pytest.approx(box.as_list(), abs=3)
    assert program.window.messages.codes == ["saved"]
