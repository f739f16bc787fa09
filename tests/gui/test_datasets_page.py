"""The Datasets page: versions, datasheet, freezing with its checklist, comparing, exporting, erasing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.common.workspace import Workspace, open_workspace
from app.datasets.demo import make_demo
from app.views.datasets.page import DatasetsPage
from tests.gui.conftest import PATIENCE

if TYPE_CHECKING:
    from app.application import Program
    from app.views.sheets import Sheet

Start = Callable[..., "Program"]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A small demo: two data sets frozen already."""
    make_demo(tmp_path / "演示", photos=10)
    return open_workspace(tmp_path / "演示")


@pytest.fixture
def program(start: Start, qtbot: QtBot) -> Program:
    program = start()
    program.window.rail.buttons["datasets"].click()
    qtbot.waitUntil(lambda: page(program).sheet.counts.rowCount() > 0, timeout=PATIENCE)
    return program


def page(program: Program) -> DatasetsPage:
    found = program.window.pages.page
    assert isinstance(found, DatasetsPage)
    return found


def sheet(program: Program) -> Sheet:
    assert program.window.pages.sheet is not None
    return program.window.pages.sheet


def names(program: Program) -> set[str]:
    return {version.partition("@")[0] for version in page(program).tree.versions()}


def test_the_newest_version_lies_open_with_its_counts(program: Program) -> None:
    counts = page(program).sheet.counts
    last = counts.rowCount() - 1
    row = page(program).tree.row(page(program).tree.version)
    assert row is not None
    photos = counts.item(last, 1)
    assert photos is not None
    assert photos.text() == str(row.images)
    disease = counts.item(0, 0)
    assert disease is not None
    assert not disease.icon().isNull()  # the key to the coloured bars below
    assert names(program) == {"phantom-a", "phantom-b"}


def test_a_disease_that_is_missing_in_parts_is_named_once(program: Program) -> None:
    program.window.use_language("en")
    (notes,) = (w.text() for w in page(program).sheet.findChildren(QLabel) if w.text().startswith("Without a photo"))
    assert notes.count("Lichen planus") == 1
    assert "Lichen planus (Train, Test)" in notes


def test_freezing_under_a_new_name(program: Program, qtbot: QtBot) -> None:
    page(program).freeze.click()
    freezing = sheet(program)
    freezing.name.setEditText("paper")  # type: ignore[attr-defined]
    qtbot.waitUntil(freezing.freeze.isEnabled, timeout=PATIENCE)  # type: ignore[attr-defined]
    freezing.freeze.click()  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: "paper" in names(program), timeout=PATIENCE)
    assert page(program).tree.version.startswith("paper@")
    assert program.window.pages.sheet is None


def test_the_checklist_follows_the_language(program: Program, qtbot: QtBot) -> None:
    program.window.use_language("en")
    page(program).freeze.click()
    freezing = sheet(program)
    qtbot.waitUntil(lambda: bool(freezing._items), timeout=PATIENCE)  # type: ignore[attr-defined]
    program.window.use_language("zh")
    qtbot.waitUntil(lambda: bool(freezing._items), timeout=PATIENCE)  # type: ignore[attr-defined]
    said = [item.text for item in freezing._items]  # type: ignore[attr-defined]
    assert all(any(letter >= "\u4e00" for letter in line) for line in said), said
    assert not any("lichen_planus" in line or "val" in line for line in said), said


def test_a_split_that_cannot_be_is_said_at_once(program: Program, qtbot: QtBot) -> None:
    page(program).freeze.click()
    freezing = sheet(program)
    for field in freezing.shares:  # type: ignore[attr-defined]
        field.setValue(0)
    qtbot.waitUntil(lambda: "0,0,0" in freezing._words.text(), timeout=PATIENCE)  # type: ignore[attr-defined]
    assert not freezing.freeze.isEnabled()  # type: ignore[attr-defined]


def test_two_versions_beside_each_other(program: Program, qtbot: QtBot) -> None:
    page(program).compare.click()
    comparing = sheet(program)
    qtbot.waitUntil(lambda: comparing.rows.lines.rowCount() > 0, timeout=PATIENCE)  # type: ignore[attr-defined]
    titles = {line.words for line in comparing.rows.lines.rows}  # type: ignore[attr-defined]
    assert titles == {"added", "removed"}


def test_exporting_into_folders(program: Program, qtbot: QtBot, tmp_path: Path) -> None:
    page(program).export.click()
    exporting = sheet(program)
    exporting.form.folder.set_folder(tmp_path)  # type: ignore[attr-defined]
    exporting.retranslate()  # type: ignore[attr-defined]
    exporting.form.write.click()  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: program.window.pages.sheet is None, timeout=PATIENCE)
    assert list(tmp_path.glob("phantom-b-*-folders/*/*/*.jpg"))


def test_a_patient_is_erased_only_when_the_code_stands_twice(program: Program, qtbot: QtBot) -> None:
    with program.services.background._opened().read() as session:  # type: ignore[attr-defined]
        from sqlalchemy import select

        from db.tables import Patient

        code = session.scalar(select(Patient.code).limit(1))
    page(program).erase.click()
    erasing = sheet(program)
    erasing.code.setText(code)  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: code in erasing._found.text(), timeout=PATIENCE)  # type: ignore[attr-defined]
    assert not erasing.erase.isEnabled()  # type: ignore[attr-defined]
    erasing.again.setText(code)  # type: ignore[attr-defined]
    erasing.erase.click()  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: program.window.pages.sheet is None, timeout=PATIENCE)
    with program.services.background._opened().read() as session:  # type: ignore[attr-defined]
        assert session.scalar(select(Patient.id).where(Patient.code == code)) is None
