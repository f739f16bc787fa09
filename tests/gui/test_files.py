"""Photos and files of boxes that come in and go out of the window, and what can be wrong with them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.common.errors import UserError
from app.common.geometry import Box
from app.common.words import text
from app.common.workspace import Workspace
from tests.gui.acting import labels, settle
from tests.gui.conftest import PATIENCE, Start

if TYPE_CHECKING:
    from app.application import Program


def test_boxes_are_saved_beside_the_photo_for_labelimg(reading: Program, qtbot: QtBot, photo_folder: Path) -> None:
    bench = reading.workbench
    qtbot.keyClick(bench.canvas, Qt.Key.Key_Y, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(bench.canvas, Qt.Key.Key_Space)
    qtbot.keyClick(bench.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, reading)
    root = ElementTree.parse(photo_folder / "photo 1.xml").getroot()
    assert root.get("verified") == "yes"
    assert [o.findtext("name") for o in root.iter("object")] == ["psoriasis", "eczema"]
    assert [o.findtext("bndbox/xmin") for o in root.iter("object")] == ["32", "88"]
    assert reading.window.messages.texts() == [text("beside.saved", file="photo 1.xml")]


def test_boxes_are_saved_in_a_chosen_folder(
    reading: Program, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = tmp_path / "boxes"
    chosen.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(chosen))
    bench = reading.workbench
    qtbot.keyClick(bench.canvas, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(bench.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, reading)
    assert (chosen / "photo 1.xml").exists()


def test_a_folder_that_is_gone_is_told_and_nothing_is_lost(reading: Program, qtbot: QtBot, tmp_path: Path) -> None:
    reading.services.change_settings(save_folder=str(tmp_path / "gone"))
    qtbot.keyClick(reading.workbench.canvas, Qt.Key.Key_Y)
    qtbot.keyClick(reading.workbench.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, reading)
    assert reading.window.messages.codes == ["folder_missing"]
    assert labels(reading) == ["psoriasis"]


def test_a_file_of_labelimgs_beside_the_photo_is_read(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    (photo_folder / "photo 1.xml").write_text(
        "<annotation><filename>photo 1.jpg</filename>"
        "<size><width>160</width><height>120</height><depth>3</depth></size><object><name>eczema</name>"
        "<bndbox><xmin>10</xmin><ymin>20</ymin><xmax>60</xmax><ymax>80</ymax></bndbox></object></annotation>",
        encoding="utf-8",
    )
    program = start(photo_folder)
    qtbot.waitUntil(lambda: program.workbench.sitting.shown and labels(program) == ["eczema"], timeout=PATIENCE)
    document = program.workbench.canvas.document()
    assert document is not None
    assert document.annotations[0].box == Box(10, 20, 60, 80)


def test_a_damaged_file_of_boxes_is_told_and_never_written_over(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    damaged = photo_folder / "photo 1.xml"
    damaged.write_text("<annotation><object>", encoding="utf-8")
    program = start(photo_folder)
    qtbot.waitUntil(lambda: "annotation_damaged" in program.window.messages.codes, timeout=PATIENCE)
    qtbot.keyClick(program.workbench.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, program)
    assert damaged.read_text(encoding="utf-8") == "<annotation><object>"


def test_a_bad_photo_is_one_message_and_the_next_one_stands(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    (photo_folder / "photo 1.jpg").write_bytes(b"")
    program = start(photo_folder)
    qtbot.waitUntil(lambda: program.window.messages.codes == ["file_empty"], timeout=PATIENCE)
    assert not program.workbench.canvas.has_photo()
    qtbot.keyClick(program.workbench.canvas, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: bool(program.workbench.sitting.answer), timeout=PATIENCE)
    assert program.window.messages.codes == []


def test_photos_can_be_dropped(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    program = start()
    settle(qtbot, program)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(photo_folder / "photo 2.jpg"))])
    drop = QDropEvent(
        QPointF(300, 300), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    program.window.dropEvent(drop)
    qtbot.waitUntil(lambda: bool(program.workbench.sitting.answer), timeout=PATIENCE)
    assert program.workbench.sitting.row is not None
    assert program.workbench.sitting.row.name == "photo 2.jpg"


def test_the_picture_with_its_boxes_is_saved(reading: Program, qtbot: QtBot, tmp_path: Path) -> None:
    from app.common.images import photo_size

    bench = reading.workbench
    assert bench.sitting.row is not None
    target = tmp_path / "out.png"
    bench.keeping.write_picture(bench.sitting.row, "models", target)
    settle(qtbot, reading)
    width, height = photo_size(target)
    assert width == 160
    assert height > 120  # the banner stands under the photo
    bench.keeping.write_picture(bench.sitting.row, "models", tmp_path / "arm v1.2")
    settle(qtbot, reading)
    assert photo_size(tmp_path / "arm v1.2.png") == (width, height)


def test_a_damaged_database_is_told_and_the_window_stays(start: Start, qtbot: QtBot, workspace: Workspace) -> None:
    workspace.database.write_bytes(b"this is no database at all, whatever its name says" * 100)
    program = start(wait=False)
    qtbot.waitUntil(lambda: program.window.messages.codes == ["database_damaged"], timeout=PATIENCE)
    assert program.window.isVisible()


def test_a_full_disk_is_told_and_nothing_is_lost(
    reading: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, photo_folder: Path
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise UserError("disk_full", file=path.name)

    monkeypatch.setattr("app.datasets.exchange.sidecars.write_atomically", full)
    qtbot.keyClick(reading.workbench.canvas, Qt.Key.Key_Y)
    qtbot.keyClick(reading.workbench.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, reading)
    assert reading.window.messages.codes == ["disk_full"]
    assert labels(reading) == ["psoriasis"]
    assert not (photo_folder / "photo 1.xml").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is text")
def test_one_name_that_is_no_text_does_not_keep_the_folder_shut(start: Start, qtbot: QtBot, photo_folder: Path) -> None:
    odd = os.fsencode(photo_folder) + b"/\xd5\xd5\xc6\xac.jpg"
    with open(odd, "wb") as file:  # noqa: PTH123  a path of bytes
        file.write((photo_folder / "photo 1.jpg").read_bytes())
    program = start(photo_folder)
    qtbot.waitUntil(lambda: bool(program.workbench.sitting.answer), timeout=PATIENCE)
    assert program.workbench.photos.model.rowCount() == 3
    assert program.window.messages.codes == ["name_not_text"]
