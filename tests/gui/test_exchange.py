"""Boxes in and out of the window, the file beside the photo, trash, patches, backup."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QFileDialog,
    QLabel,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.common.geometry import Box
from app.common.words import text
from app.views import keys
from app.views.actions import label_key
from app.views.exchange import desk
from app.views.exchange.export_sheet import ExportSheet
from app.views.exchange.import_sheet import ImportSheet
from app.views.exchange.patches_sheet import PatchesSheet
from app.views.exchange.trash_sheet import TrashSheet
from tests.gui.acting import labels, settle
from tests.gui.conftest import PATIENCE, Start

if TYPE_CHECKING:
    from app.application import Program

CONTROL = Qt.KeyboardModifier.ControlModifier
VOC = (
    "<annotation>\n\t<filename>{photo}</filename>\n\t<note>kept</note>\n"
    "\t<size><width>160</width><height>120</height><depth>3</depth></size>\n{objects}</annotation>\n"
)
OBJECT = (
    "\t<object><name>{name}</name><bndbox><xmin>{0}</xmin><ymin>{1}</ymin><xmax>{2}</xmax><ymax>{3}</ymax></bndbox>"
    "</object>\n"
)


def voc(photo: str, *boxes: tuple[str, int, int, int, int]) -> str:
    objects = "".join(OBJECT.format(*corners, name=name) for name, *corners in boxes)
    return VOC.format(photo=photo, objects=objects)


@pytest.fixture
def folder(photo_folder: Path) -> Path:
    """Photos on which the model sees nothing; the first one has a file of labelImg's."""
    for n, photo in enumerate(sorted(photo_folder.iterdir())):
        photo.rename(photo_folder / f"plain {n}.jpg")
    (photo_folder / "plain 0.xml").write_text(
        voc("plain 0.jpg", ("eczema", 10, 10, 60, 60), ("psoriasis", 80, 10, 140, 60)), encoding="utf-8"
    )
    return photo_folder


@pytest.fixture
def opened(start: Start, qtbot: QtBot, folder: Path) -> Program:
    program = start(folder)
    qtbot.waitUntil(lambda: bool(program.workbench.sitting.answer), timeout=PATIENCE)
    qtbot.waitUntil(lambda: len(labels(program)) == 2, timeout=PATIENCE)
    settle(qtbot, program)
    return program


def press(qtbot: QtBot, program: Program, code: str, number: int) -> None:
    """The button of a message."""
    (strip,) = [s for s in program.window.messages.strips() if s.message.code == code]  # type: ignore[attr-defined]
    qtbot.mouseClick(strip.buttons[number], Qt.MouseButton.LeftButton)  # type: ignore[attr-defined]
    settle(qtbot, program)
    settle(qtbot, program)


def come_back(qtbot: QtBot, program: Program) -> None:
    """As if the person had been at another program."""
    app = QGuiApplication.instance()
    assert isinstance(app, QGuiApplication)
    app.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
    settle(qtbot, program)
    settle(qtbot, program)


def choose(program: Program, label: str) -> None:
    document = program.workbench.canvas.document()
    assert document is not None
    program.workbench.canvas.select(next(a.id for a in document.annotations if a.label == label))


def boxes(program: Program) -> dict[str, tuple[float, ...]]:
    document = program.workbench.canvas.document()
    assert document is not None
    return {a.label: tuple(a.box.as_list()) for a in document.annotations}


# -- the file beside the photo -------------------------------------------------------------------------------------


def test_nothing_changed_writes_nothing(opened: Program, qtbot: QtBot, folder: Path) -> None:
    file = folder / "plain 0.xml"
    before = file.stat().st_mtime_ns
    qtbot.keyClick(opened.workbench.canvas, Qt.Key.Key_S, CONTROL)
    settle(qtbot, opened)
    assert opened.window.messages.texts() == [text("beside.same", file="plain 0.xml")]
    assert file.stat().st_mtime_ns == before


def test_a_changed_file_differs_only_where_it_changed(opened: Program, qtbot: QtBot, folder: Path) -> None:
    file = folder / "plain 0.xml"
    before = file.read_text(encoding="utf-8")
    canvas = opened.workbench.canvas
    choose(opened, "eczema")
    qtbot.keyClick(canvas, Qt.Key.Key_1)
    qtbot.keyClick(canvas, Qt.Key.Key_S, CONTROL)
    settle(qtbot, opened)
    assert file.read_text(encoding="utf-8") == before.replace("<name>eczema", "<name>lichen_planus")


@pytest.mark.parametrize(
    ("presses", "file"), [(1, "plain 0.txt"), (2, "annotations.json"), (3, "annotations.json"), (4, "plain 0.json")]
)
def test_ctrl_y_goes_round_the_formats(opened: Program, qtbot: QtBot, folder: Path, presses: int, file: str) -> None:
    bench = opened.workbench
    for _ in range(presses):
        qtbot.keyClick(bench.canvas, Qt.Key.Key_Y, CONTROL)
    assert opened.services.settings.save_format == ("voc", "yolo", "createml", "coco", "labelme")[presses]
    qtbot.keyClick(bench.canvas, Qt.Key.Key_S, CONTROL)
    settle(qtbot, opened)
    assert (folder / file).is_file()
    assert text("beside.saved", file=file) in opened.window.messages.texts()
    if file == "plain 0.txt":
        assert len((folder / file).read_text().splitlines()) == 2
        assert (folder / "classes.txt").read_text().splitlines()[:1] == ["lichen_planus"]


@pytest.mark.parametrize("button", [0, 1])
def test_a_healthy_file_of_another_format_is_not_called_damaged(
    opened: Program, qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, button: int
) -> None:
    """CreateML and COCO have one name: what to do about it is one press away."""
    bench, file = opened.workbench, folder / "annotations.json"
    for _ in range(2):
        qtbot.keyClick(bench.canvas, Qt.Key.Key_Y, CONTROL)
    qtbot.keyClick(bench.canvas, Qt.Key.Key_S, CONTROL)
    settle(qtbot, opened)
    before = file.read_bytes()
    qtbot.keyClick(bench.canvas, Qt.Key.Key_Y, CONTROL)
    come_back(qtbot, opened)
    assert "sidecar_other_format" not in opened.window.messages.codes  # nobody asked for it yet
    choose(opened, "eczema")
    qtbot.keyClick(bench.canvas, Qt.Key.Key_1)
    qtbot.keyClick(bench.canvas, Qt.Key.Key_S, CONTROL)
    settle(qtbot, opened)
    assert "annotation_damaged" not in opened.window.messages.codes
    assert "sidecar_other_format" in opened.window.messages.codes
    assert file.read_bytes() == before
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(elsewhere))
    press(qtbot, opened, "sidecar_other_format", button)
    settle(qtbot, opened)
    if button == 0:
        assert opened.services.settings.save_format == "createml"
        assert b"lichen_planus" in file.read_bytes()
    else:
        assert file.read_bytes() == before
        assert b"lichen_planus" in (elsewhere / "annotations.json").read_bytes()


def test_labelmes_file_is_taken_when_the_photo_opens(start: Start, qtbot: QtBot, folder: Path) -> None:
    shape = {"label": "湿疹", "points": [[20, 20], [60, 20], [60, 70]], "shape_type": "polygon", "flags": {}}
    raw = {"version": "5.0", "flags": {}, "shapes": [shape], "imagePath": "plain 1.jpg", "imageData": None,
           "imageHeight": 120, "imageWidth": 160}  # fmt: skip
    (folder / "plain 1.json").write_text(json.dumps(raw, ensure_ascii=False), encoding="utf-8")
    program = start(folder)
    qtbot.waitUntil(lambda: len(labels(program)) == 2, timeout=PATIENCE)
    qtbot.keyClick(program.workbench.canvas, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: program.workbench.sitting.shown and labels(program) == ["eczema"], timeout=PATIENCE)
    assert boxes(program) == {"eczema": (20, 20, 60, 70)}


def test_what_another_program_changed_is_taken_over_and_can_be_undone(
    opened: Program, qtbot: QtBot, folder: Path
) -> None:
    opened.workbench.canvas.add_box(Box(10, 80, 50, 110))  # mine, not saved yet
    settle(qtbot, opened)
    (folder / "plain 0.xml").write_text(
        voc("plain 0.jpg", ("eczema", 20, 10, 70, 60), ("psoriasis", 80, 10, 140, 60)), encoding="utf-8"
    )
    come_back(qtbot, opened)
    assert boxes(opened)["eczema"] == (20, 10, 70, 60)
    assert len(labels(opened)) == 3
    assert text("beside.merged", file="plain 0.xml", n=1) in opened.window.messages.texts()
    press(qtbot, opened, "beside", 0)
    assert boxes(opened)["eczema"] == (10, 10, 60, 60)


@pytest.fixture
def conflict(opened: Program, qtbot: QtBot, folder: Path) -> Program:
    """The first box was moved here, and elsewhere in the file."""
    choose(opened, "eczema")
    opened.workbench.canvas.nudge(0, 20)
    settle(qtbot, opened)
    (folder / "plain 0.xml").write_text(
        voc("plain 0.jpg", ("eczema", 20, 10, 70, 60), ("psoriasis", 80, 10, 140, 60)), encoding="utf-8"
    )
    come_back(qtbot, opened)
    assert opened.window.messages.codes == ["sidecar_conflict"]
    return opened


@pytest.mark.parametrize(
    ("button", "expected"),
    [
        (0, [(20, 10, 70, 60), (80, 10, 140, 60)]),
        (1, [(10, 30, 60, 80), (80, 10, 140, 60)]),
        (2, [(10, 30, 60, 80), (20, 10, 70, 60), (80, 10, 140, 60)]),
    ],
    ids=["theirs", "mine", "both"],
)
def test_a_person_decides_whose_boxes_stay(
    conflict: Program, qtbot: QtBot, button: int, expected: list[tuple[int, ...]]
) -> None:
    press(qtbot, conflict, "sidecar_conflict", button)
    document = conflict.workbench.canvas.document()
    assert document is not None
    assert sorted(tuple(a.box.as_list()) for a in document.annotations) == expected


def test_a_conflict_keeps_the_file_until_it_is_decided(conflict: Program, qtbot: QtBot, folder: Path) -> None:
    file = folder / "plain 0.xml"
    theirs = file.read_bytes()
    come_back(qtbot, conflict)
    assert conflict.window.messages.codes == ["sidecar_conflict"]  # told once
    qtbot.keyClick(conflict.workbench.canvas, Qt.Key.Key_S, CONTROL)
    settle(qtbot, conflict)
    assert file.read_bytes() == theirs
    press(qtbot, conflict, "sidecar_conflict", 1)  # keep mine: it is saved, as that was wanted
    assert b"<ymin>30</ymin>" in file.read_bytes()


@pytest.fixture
def damaged(start: Start, qtbot: QtBot, folder: Path) -> Program:
    file = folder / "plain 0.xml"
    file.write_bytes(file.read_bytes()[:-30])  # broken off
    program = start(folder)
    qtbot.waitUntil(lambda: "annotation_damaged" in program.window.messages.codes, timeout=PATIENCE)
    settle(qtbot, program)
    return program


def test_a_damaged_file_is_repaired_and_kept(damaged: Program, qtbot: QtBot, folder: Path) -> None:
    assert labels(damaged) == []
    press(qtbot, damaged, "annotation_damaged", 0)
    qtbot.waitUntil(lambda: labels(damaged) == ["eczema"], timeout=PATIENCE)  # of the other half is missing
    assert len(list(folder.glob("plain 0.xml.damaged-*"))) == 1
    assert b"</annotation>" in (folder / "plain 0.xml").read_bytes()


def test_a_damaged_file_is_set_aside_and_a_new_one_saved(damaged: Program, qtbot: QtBot, folder: Path) -> None:
    qtbot.keyClick(damaged.workbench.canvas, Qt.Key.Key_S, CONTROL)
    settle(qtbot, damaged)
    assert b"</annotation>" not in (folder / "plain 0.xml").read_bytes()
    press(qtbot, damaged, "annotation_damaged", 1)
    assert not (folder / "plain 0.xml").exists()
    qtbot.keyClick(damaged.workbench.canvas, Qt.Key.Key_S, CONTROL)
    settle(qtbot, damaged)
    assert b"</annotation>" in (folder / "plain 0.xml").read_bytes()


# -- whole sets ----------------------------------------------------------------------------------------------------


def test_boxes_come_in_after_a_look_and_unknown_words_are_asked_about(
    opened: Program, qtbot: QtBot, folder: Path
) -> None:
    coco = {
        "images": [{"id": n, "file_name": f"plain {n}.jpg", "width": 160, "height": 120} for n in (1, 2)],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 40, 40], "area": 1600, "iscrowd": 0},
            {"id": 2, "image_id": 2, "category_id": 2, "bbox": [20, 20, 40, 40], "area": 1600, "iscrowd": 0},
            {"id": 3, "image_id": 2, "category_id": 3, "bbox": [80, 20, 40, 40], "area": 1600, "iscrowd": 0},
        ],
        "categories": [{"id": 1, "name": "eczema"}, {"id": 2, "name": "斑块"}, {"id": 3, "name": "urticaria"}],
    }
    file = folder / "set.json"
    file.write_text(json.dumps(coco, ensure_ascii=False), encoding="utf-8")
    opened.workbench.actions_["import_boxes"].trigger()
    sheet = opened.window.pages.sheet
    assert isinstance(sheet, ImportSheet)
    sheet.choose(file)
    settle(qtbot, opened)
    settle(qtbot, opened)
    assert sheet.format.key == "coco"
    assert set(sheet.unknown.choices) == {"斑块", "urticaria"}
    assert not sheet.take.isEnabled()
    choice = sheet.unknown.choices["斑块"]
    choice.set_key("psoriasis")
    choice.picked.emit("psoriasis")
    assert not sheet.take.isEnabled()
    qtbot.mouseClick(sheet.unknown.keep_all, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(sheet.take, Qt.MouseButton.LeftButton)
    settle(qtbot, opened)
    assert opened.window.pages.sheet is None
    assert text("import.done", images=2, boxes=3) in opened.window.messages.texts()
    assert opened.services.pack.resolve("urticaria") is not None
    assert "urticaria" not in opened.services.pack.keys  # no model has learnt it
    settle(qtbot, opened)
    rows = {opened.workbench.photos.model.index(n).data(): n for n in range(3)}
    assert set(rows) == {"plain 0.jpg", "plain 1.jpg", "plain 2.jpg"}
    for _ in range(2):
        qtbot.keyClick(opened.workbench.canvas, Qt.Key.Key_D)
        settle(qtbot, opened)
    assert sorted(labels(opened)) == ["psoriasis", "urticaria"]


def test_an_unchanged_file_is_exported_byte_for_byte(
    opened: Program, qtbot: QtBot, folder: Path, tmp_path: Path
) -> None:
    opened.workbench.actions_["export_boxes"].trigger()
    settle(qtbot, opened)
    sheet = opened.window.pages.sheet
    assert isinstance(sheet, ExportSheet)
    sheet.form.folder.set_folder(tmp_path)
    sheet.retranslate()
    qtbot.mouseClick(sheet.form.write, Qt.MouseButton.LeftButton)
    settle(qtbot, opened)
    out = tmp_path / "annotations-voc"
    assert (out / "plain 0.xml").read_bytes() == (folder / "plain 0.xml").read_bytes()
    opened.workbench.actions_["export_boxes"].trigger()
    settle(qtbot, opened)
    sheet = opened.window.pages.sheet
    assert isinstance(sheet, ExportSheet)
    sheet.form.folder.set_folder(tmp_path)
    sheet.form.anonymous.setChecked(True)
    qtbot.mouseClick(sheet.form.write, Qt.MouseButton.LeftButton)
    settle(qtbot, opened)
    (file,) = (tmp_path / "annotations-voc-2").glob("*.xml")
    assert b"plain" not in file.read_bytes()
    assert len(list(opened.services.workspace.keys.glob("*.csv"))) == 1


# -- trash, patches, backup ----------------------------------------------------------------------------------------


def test_a_photo_and_a_box_come_back_from_the_trash(opened: Program, qtbot: QtBot) -> None:
    bench = opened.workbench
    bench.canvas.select_next()
    qtbot.keyClick(bench.canvas, Qt.Key.Key_Delete)
    settle(qtbot, opened)
    bench.actions_["trash"].trigger()
    settle(qtbot, opened)
    sheet = opened.window.pages.sheet
    assert isinstance(sheet, TrashSheet)
    assert [line.title for line in sheet.list.lines.rows] == ["plain 0.jpg"]
    assert "tester" in sheet.list.lines.rows[0].words
    qtbot.mouseClick(sheet.back, Qt.MouseButton.LeftButton)
    settle(qtbot, opened)
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    settle(qtbot, opened)
    assert len(labels(opened)) == 2
    bench.actions_["trash_photo"].trigger()
    settle(qtbot, opened)
    assert bench.photos.model.rowCount() == 2
    assert bench.sitting.row is not None
    assert bench.sitting.row.name == "plain 1.jpg"
    press(qtbot, opened, "trashed", 0)
    qtbot.waitUntil(lambda: bench.photos.model.rowCount() == 3, timeout=PATIENCE)


def test_patches_are_looked_at_and_written(opened: Program, qtbot: QtBot, tmp_path: Path) -> None:
    opened.workbench.actions_["patches"].trigger()
    settle(qtbot, opened)
    sheet = opened.window.pages.sheet
    assert isinstance(sheet, PatchesSheet)
    assert sheet.findChild(QPushButton) is not None
    assert not sheet.balance.isHidden()
    qtbot.mouseClick(sheet.balance, Qt.MouseButton.LeftButton)
    assert sheet.per_disease.value() == 1
    qtbot.waitUntil(lambda: sheet._plan is not None and sheet._plan.options.per_disease == 1, timeout=PATIENCE)
    sheet.folder.set_folder(tmp_path)
    sheet.retranslate()
    qtbot.mouseClick(sheet.write, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: (tmp_path / "patches" / "patches.csv").is_file(), timeout=PATIENCE)
    settle(qtbot, opened)
    with (tmp_path / "patches" / "patches.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["disease"] for row in rows) == ["eczema", "psoriasis"]
    assert text("patches.written", n=2, patients=1) in opened.window.messages.texts()


def test_a_backup_is_made_while_the_work_goes_on(opened: Program, qtbot: QtBot, tmp_path: Path) -> None:
    opened.workbench.errands.backing_up.make(tmp_path / "backup")
    opened.workbench.canvas.add_box(Box(10, 80, 50, 110))
    settle(qtbot, opened)
    with zipfile.ZipFile(tmp_path / "backup.zip") as zip_:
        assert "manifest.json" in zip_.namelist()
    assert len(labels(opened)) == 3


@pytest.mark.parametrize("name", ["import_boxes", "export_boxes", "patches", "trash", "agreement"])
def test_every_control_of_a_sheet_says_what_it_does(opened: Program, qtbot: QtBot, name: str) -> None:
    opened.workbench.actions_[name].trigger()
    settle(qtbot, opened)
    opened.workbench.actions_[name].trigger()  # once more opens nothing
    sheet = opened.window.pages.sheet
    assert sheet is not None
    silent = [
        w
        for kind in (QAbstractButton, QComboBox, QAbstractSpinBox, QAbstractItemView)
        for w in sheet.findChildren(kind)
        if not w.isHidden() and not _inside(w) and not (w.toolTip() and (w.accessibleName() or _words(w)))
    ]
    assert [(type(w).__name__, _words(w)) for w in silent] == []
    assert opened.window.header.title.text() == sheet.title()
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert opened.window.pages.sheet is None


def _words(widget: QWidget) -> str:
    if isinstance(widget, QAbstractButton):
        return widget.text()
    panel = widget.parentWidget()
    labels = panel.findChildren(QLabel) if panel else []
    return next((found.text() for found in labels if found.buddy() is widget), "")


def _inside(widget: QWidget) -> bool:
    """A part of another control: a combo box's list, a table's corner."""
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QComboBox | QAbstractItemView):
            return True
        parent = parent.parentWidget()
    return False


def test_the_next_photos_file_is_taken_before_it_is_opened(start: Start, qtbot: QtBot, folder: Path) -> None:
    (folder / "plain 1.xml").write_text(voc("plain 1.jpg", ("eczema", 10, 10, 60, 60)), encoding="utf-8")
    program = start(folder)
    rows = program.workbench.photos.model
    qtbot.waitUntil(lambda: rows.rowCount() == 3, timeout=PATIENCE)
    qtbot.waitUntil(lambda: getattr(rows.row_of(rows.index(1)), "boxes", 0) == 1, timeout=PATIENCE)
    assert program.workbench.sitting.row is not None
    assert program.workbench.sitting.row.name == "plain 0.jpg"
    assert program.window.messages.codes == []


# -- labels that the list does not know ----------------------------------------------------------------------------

ROSEA = "玫瑰糠疹"


@pytest.fixture
def foreign(start: Start, qtbot: QtBot, folder: Path) -> Program:
    """Two photos whose files hold a word that the list does not know."""
    for n in (0, 1):
        words = voc(f"plain {n}.jpg", (ROSEA, 10, 10, 60, 60), (ROSEA, 80, 10, 140, 60), ("eczema", 20, 70, 60, 110))
        (folder / f"plain {n}.xml").write_text(words, encoding="utf-8")
    program = start(folder)
    qtbot.waitUntil(lambda: bool(program.workbench.sitting.answer), timeout=PATIENCE)
    qtbot.waitUntil(lambda: "unknown_words" in program.window.messages.codes, timeout=PATIENCE)
    settle(qtbot, program)
    return program


def test_a_files_unknown_label_is_asked_about_and_added(foreign: Program, qtbot: QtBot, tmp_path: Path) -> None:
    bench, canvas = foreign.workbench, foreign.workbench.canvas
    assert sorted(labels(foreign)) == ["eczema", ROSEA, ROSEA]  # nothing is dropped
    times = text("unknown_words.times", word=ROSEA, n=2)
    assert text("unknown_words.ask", words=times) in foreign.window.messages.texts()
    foreign.window.go("annotate")
    choose(foreign, ROSEA)
    assert bench.annotate.picker.model.foreign == ROSEA
    colour = canvas.scene.by_id[canvas.selected()].colour
    press(qtbot, foreign, "unknown_words", 0)
    assert "unknown_words" not in foreign.window.messages.codes
    (added,) = foreign.services.pack.more
    assert added.key == ROSEA
    assert canvas.scene.by_id[canvas.selected()].colour == added.colour != colour
    picker = bench.annotate.picker
    assert not picker.model.foreign
    assert [d.key for d in picker.model.labels] == [d.key for d in foreign.services.pack.labels]
    choose(foreign, "eczema")
    qtbot.keyClicks(canvas, keys.written(label_key(ROSEA)))  # it has a digit like the others
    settle(qtbot, foreign)
    assert labels(foreign) == [ROSEA] * 3
    picker.search.setText("糠疹")
    assert [d.key for d in picker.model.labels] == [ROSEA]
    out = tmp_path / "outside"
    with foreign.services.background._opened().write("tester") as session:
        assert desk.export_boxes(session, out, "voc", anonymous=True).boxes == 6
    qtbot.keyClick(canvas, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: bench.sitting.shown and len(labels(foreign)) == 3, timeout=PATIENCE)
    settle(qtbot, foreign)
    assert "unknown_words" not in foreign.window.messages.codes


def test_labels_that_are_kept_are_not_asked_about_again_and_can_be_added_from_the_list(
    foreign: Program, qtbot: QtBot, start: Start, folder: Path
) -> None:
    press(qtbot, foreign, "unknown_words", 1)
    assert sorted(labels(foreign)) == ["eczema", ROSEA, ROSEA]
    again = start(folder)
    qtbot.waitUntil(lambda: len(labels(again)) == 3, timeout=PATIENCE)
    settle(qtbot, again)
    assert "unknown_words" not in again.window.messages.codes
    again.window.go("annotate")
    picker = again.workbench.annotate.picker
    choose(again, "eczema")
    assert ROSEA not in [d.key for d in picker.model.labels]
    choose(again, ROSEA)
    assert picker.model.labels[0].key == ROSEA
    first = picker.model.index(0)
    assert text("labels.add") in picker.model.data(first, Qt.ItemDataRole.AccessibleTextRole)
    picker.search.setText("糠疹")
    qtbot.keyClick(picker.search, Qt.Key.Key_Return)
    settle(qtbot, again)
    settle(qtbot, again)
    assert [d.key for d in again.services.pack.more] == [ROSEA]
    assert not picker.model.foreign
    assert sorted(labels(again)) == ["eczema", ROSEA, ROSEA]


def test_a_box_that_is_named_anew_ends_the_question(foreign: Program, qtbot: QtBot) -> None:
    for _ in range(2):
        choose(foreign, ROSEA)
        qtbot.keyClick(foreign.workbench.canvas, Qt.Key.Key_1)
    settle(qtbot, foreign)
    assert "unknown_words" not in foreign.window.messages.codes


def test_after_a_sheet_the_keys_of_the_photo_count_again(reading: Program) -> None:
    canvas = reading.workbench.canvas
    reading.workbench.actions_["trash"].trigger()
    assert not canvas.hasFocus()
    reading.window.pages.back()
    assert reading.window.focusWidget() is canvas
