"""A folder in, boxes drawn, the program closed and started again, undone, exported, and read back by pycocotools."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.common.geometry import Box
from app.common.packs import load_pack
from app.common.workspace import Workspace
from tests.contract import CommandLine
from tests.gui.acting import drag, labels, settle
from tests.gui.conftest import PATIENCE, Start, photo_folder, start

__all__ = ["photo_folder", "start"]  # fixtures

FIRST, SECOND, THIRD = Box(20, 20, 70, 80), Box(80, 30, 140, 100), Box(30, 10, 90, 60)


@pytest.mark.timeout(300)
def test_boxes_survive_a_restart_and_are_read_by_pycocotools(
    start: Start,
    photo_folder: Path,
    workspace: Workspace,
    qtbot: QtBot,
    tmp_path: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    keys = load_pack().keys
    program = start(photo_folder)
    bench = program.workbench
    qtbot.waitUntil(lambda: bench.canvas.document() is not None, timeout=PATIENCE)

    def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        qtbot.keyClick(bench.canvas, key, modifier)
        settle(qtbot, program)

    def draw(box: Box, digit: Qt.Key) -> None:
        bench.canvas.fit_window()
        before = labels(program)
        press(Qt.Key.Key_W)
        drag(qtbot, bench, box)
        qtbot.waitUntil(lambda: len(labels(program)) == len(before) + 1, timeout=PATIENCE)
        press(digit)

    draw(FIRST, Qt.Key.Key_5)
    draw(SECOND, Qt.Key.Key_4)
    assert sorted(labels(program)) == sorted([keys[4], keys[3]])
    opened = bench.sitting.row
    press(Qt.Key.Key_D)
    qtbot.waitUntil(lambda: bench.sitting.row != opened and bench.canvas.document() is not None, timeout=PATIENCE)
    draw(THIRD, Qt.Key.Key_1)
    assert labels(program) == [keys[0]]

    program = start(photo_folder)
    bench = program.workbench
    qtbot.waitUntil(lambda: bench.canvas.document() is not None, timeout=PATIENCE)
    settle(qtbot, program)
    assert sorted(labels(program)) == sorted([keys[4], keys[3]])
    # Its name, then the box itself: undo goes to the photo where they were.
    press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(labels(program)) == 1 and labels(program) != [keys[0]], timeout=PATIENCE)
    press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: labels(program) == [], timeout=PATIENCE)
    settle(qtbot, program)
    program.window.close()

    squama = CommandLine(capsysbinary)
    out = tmp_path / "out"
    words = ("annotations", "export", out, "--format", "coco", "--workspace", workspace.root)
    told = squama("annotations_export", *words)
    read = coco.COCO(str(out / "annotations.json"))
    found = {(read.loadCats(one["category_id"])[0]["name"], *one["bbox"]) for one in read.loadAnns(read.getAnnIds())}
    assert told == {"images": len({one["image_id"] for one in read.loadAnns(read.getAnnIds())}), "boxes": len(found)}
    expected = {keys[4]: FIRST, keys[3]: SECOND}
    assert {name for name, *_ in found} == expected.keys()
    for name, x, y, w, h in found:
        box = expected[name]
        assert [x, y, x + w, y + h] == pytest.approx(box.as_list(), abs=1.5)
    assert [c["name"] for c in read.loadCats(read.getCatIds())] == list(keys)
