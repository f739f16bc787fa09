"""Cases from a table in the window: columns are guessed, rows that cannot be placed are listed, then the import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.common.words import set_language, text
from app.views.datasets.cases_sheet import CasesSheet
from app.views.datasets.page import DatasetsPage
from tests.gui.conftest import PATIENCE

if TYPE_CHECKING:
    from app.application import Program

Start = Callable[..., "Program"]
TABLE = "患者编号,性别,年龄,诊断,备注\nA,女,34,银屑病,x\nB,谁,40,湿疹,y\nC,男,50,牛皮癣,z\n"


@pytest.fixture
def sheet(start: Start, qtbot: QtBot) -> CasesSheet:
    program = start()
    program.window.rail.buttons["datasets"].click()
    page = program.window.pages.page
    assert isinstance(page, DatasetsPage)
    qtbot.mouseClick(page.cases, Qt.MouseButton.LeftButton)
    found = program.window.pages.sheet
    assert isinstance(found, CasesSheet)
    return found


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "病例.csv"
    file.write_bytes(TABLE.encode("gbk"))
    return file


def looked(qtbot: QtBot, sheet: CasesSheet, words: str) -> None:
    qtbot.waitUntil(lambda: sheet.take.text() == words and sheet.take.isEnabled(), timeout=PATIENCE)


def test_from_a_table_to_cases(sheet: CasesSheet, table: Path, qtbot: QtBot) -> None:
    assert not sheet.take.isEnabled()
    sheet.open_table(table)
    looked(qtbot, sheet, text("cases.take", n=2))
    assert {n: c.key for n, c in sheet.columns.items() if c.key} == {
        "patient": "患者编号", "sex": "性别", "age": "年龄", "diagnosis": "诊断",
    }  # fmt: skip
    assert (sheet.preview.columnCount(), sheet.preview.rowCount()) == (5, 3)
    row, why = sheet.rejected.item(0, 0), sheet.rejected.item(0, 1)
    assert row is not None
    assert why is not None
    assert (row.text(), sheet.rejected.rowCount()) == ("3", 1)
    assert "谁" in why.text()

    sheet.columns["sex"].set_key("")
    sheet.columns["sex"].picked.emit("")
    looked(qtbot, sheet, text("cases.take", n=3))
    assert sheet.rejected.isHidden()
    closed: list[bool] = []
    sheet.back_wanted.connect(lambda: closed.append(True))
    qtbot.mouseClick(sheet.take, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(closed), timeout=PATIENCE)


def test_a_pattern_that_is_none_and_a_table_that_is_none(
    sheet: CasesSheet, table: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    sheet.open_table(table)
    looked(qtbot, sheet, text("cases.take", n=2))
    sheet.by.set_key("pattern")
    sheet.by.picked.emit("pattern")
    assert not sheet.take.isEnabled()
    assert not sheet.pattern.isHidden()
    sheet.pattern.setText("{patient}_*")
    sheet.pattern.editingFinished.emit()
    qtbot.waitUntil(lambda: sheet.rejected.rowCount() == 3, timeout=PATIENCE)
    assert not sheet.take.isEnabled()
    none = tmp_path / "x.xlsx"
    none.write_bytes(b"PK\x03\x04")
    sheet.open_table(none)
    messages = sheet._window.messages
    qtbot.waitUntil(lambda: "table_damaged" in messages.codes, timeout=PATIENCE)
    assert not sheet.take.isEnabled()


def test_in_chinese_too(sheet: CasesSheet, table: Path, qtbot: QtBot) -> None:
    set_language("zh")
    sheet.retranslate()
    sheet.open_table(table)
    looked(qtbot, sheet, text("cases.take", n=2))
    assert sheet.take.text() == "导入 2 行"
