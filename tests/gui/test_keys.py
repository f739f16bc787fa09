"""The table of keys: labelImg's hands find everything where it was, and no two actions fight for a key."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from app.common.packs import load_pack
from app.common.words import text
from app.views import keys
from app.views.actions import ENTRIES, Actions, Entry
from app.views.keys_list import ADD, RESET
from app.views.keys_panel import KeysPanel
from app.views.settings_panel import SettingsPanel
from tests.gui.acting import labels, settle
from tests.gui.conftest import PATIENCE, Start

if TYPE_CHECKING:
    from app.application import Program

LABELIMG = {
    "draw": "W", "next": "D", "previous": "A", "verify": "Space", "delete": "Del", "duplicate": "Ctrl+D",
    "copy_previous": "Ctrl+V", "open_files": "Ctrl+O", "open_folder": "Ctrl+U", "save_folder": "Ctrl+R",
    "save": "Ctrl+S", "open_boxes": "Ctrl+Shift+O", "name": "Ctrl+E", "edit_mode": "Ctrl+J", "hide_boxes": "Ctrl+H",
    "show_boxes": "Ctrl+A", "zoom_in": "Ctrl++", "zoom_out": "Ctrl+-", "actual_size": "Ctrl+=",
    "fit_window": "Ctrl+F", "fit_width": "Ctrl+Shift+F", "brighten": "Ctrl+Shift++", "darken": "Ctrl+Shift+-",
    "reset_brightness": "Ctrl+Shift+=", "square": "Ctrl+Shift+R", "tags": "Ctrl+Shift+P",
    "undo": "Ctrl+Z", "redo": "Ctrl+Shift+Z", "save_format": "Ctrl+Y", "line_colour": "Ctrl+L",
}  # fmt: skip


@pytest.mark.parametrize(("action", "key"), LABELIMG.items())
def test_labelimgs_keys_are_kept(action: str, key: str) -> None:
    keys = {entry.key: entry.shortcuts for entry in ENTRIES}
    assert key in keys[action]


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.shortcuts], ids=lambda e: e.key)
def test_each_key_does_its_action_and_no_other(qtbot: QtBot, entry: Entry) -> None:
    window, page, photo = QMainWindow(), QWidget(), QWidget()
    qtbot.addWidget(window)
    photo.setParent(page)
    photo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    window.setCentralWidget(page)
    done: list[str] = []
    actions = Actions(load_pack(), page, {e.key: partial(done.append, e.key) for e in ENTRIES}, {})
    actions.listen_on(photo)
    actions.fill(window.menuBar())
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    photo.setFocus()
    for keys_ in entry.shortcuts:
        QTest.keySequence(photo, QKeySequence(keys_))
    assert done == [entry.key] * len(entry.shortcuts)


def test_every_key_belongs_to_one_action() -> None:
    keys = [*"123456789", *(_portable(k) for entry in ENTRIES for k in entry.shortcuts)]
    assert sorted(keys) == sorted(set(keys))
    assert "" not in keys


def _portable(key: str) -> str:
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


@pytest.fixture
def panel(reading: Program, qtbot: QtBot) -> KeysPanel:
    qtbot.keyClick(reading.workbench.canvas, Qt.Key.Key_F1)
    settings = reading.window.findChild(SettingsPanel)
    assert settings is not None
    assert settings.keys.isVisible()
    return settings.keys


def click(qtbot: QtBot, panel: KeysPanel, action: str, what: str) -> None:
    """Press a key of the action in the list, its plus, or its way back to the default."""
    shown = panel.list
    at = shown.place_of(action, what)
    qtbot.mouseClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=at)


def press(qtbot: QtBot, panel: KeysPanel, action: str, key: Qt.Key, held: Qt.KeyboardModifier | None = None) -> None:
    """Click the action's first key and press another one instead."""
    first = keys.present().keys(action)[0]
    click(qtbot, panel, action, first)
    assert panel.list.waiting == (action, first)
    qtbot.keyClick(panel.list, key, held or Qt.KeyboardModifier.NoModifier)
    assert panel.list.waiting is None


def shown(panel: KeysPanel) -> dict[str, tuple[str, ...]]:
    return {row.action: row.keys for row in panel.list.rows.rows if row.action}


def leave(qtbot: QtBot, program: Program, panel: KeysPanel) -> None:
    panel.window().close()
    program.window.activateWindow()
    program.workbench.canvas.setFocus()
    qtbot.waitUntil(program.workbench.canvas.hasFocus, timeout=PATIENCE)


def test_a_changed_key_works_is_said_and_is_kept(
    start: Start, reading: Program, panel: KeysPanel, qtbot: QtBot
) -> None:
    press(qtbot, panel, "draw", Qt.Key.Key_B)
    assert shown(panel)["draw"] == ("B",)
    assert not panel.note.isVisible()
    leave(qtbot, reading, panel)
    bench = reading.workbench
    qtbot.keyClick(bench.canvas, Qt.Key.Key_W)
    assert not bench.canvas.drawing()
    qtbot.keyClick(bench.canvas, Qt.Key.Key_B)
    assert bench.canvas.drawing()
    assert bench.actions_["draw"].toolTip() == keys.with_key(text("menu.draw"), "draw")
    assert "(B)" in bench.actions_["draw"].toolTip()
    settle(qtbot, reading)
    again = start()
    assert again.workbench.actions_["draw"].shortcut() == QKeySequence("B")


def test_a_key_of_another_action_is_taken_over_only_on_wish(panel: KeysPanel, qtbot: QtBot) -> None:
    press(qtbot, panel, "draw", Qt.Key.Key_D)
    assert panel.note.label.text() == text("keys.taken", pressed="D", action=text("menu.next"))
    qtbot.mouseClick(panel.note.buttons[1], Qt.MouseButton.LeftButton)
    assert (keys.written("draw"), keys.written("next")) == ("W", "D")
    press(qtbot, panel, "draw", Qt.Key.Key_D)
    qtbot.mouseClick(panel.note.buttons[0], Qt.MouseButton.LeftButton)
    assert (keys.written("draw"), keys.written("next")) == ("D", "")
    assert panel.note.label.text() == text("keys.taken_over", pressed="D", action=text("menu.next"))
    qtbot.mouseClick(panel.note.buttons[0], Qt.MouseButton.LeftButton)
    assert (keys.written("draw"), keys.written("next")) == ("W", "D")


def test_keys_are_added_taken_away_and_reset(panel: KeysPanel, qtbot: QtBot) -> None:
    click(qtbot, panel, "duplicate", ADD)
    qtbot.keyClick(panel.list, Qt.Key.Key_U, Qt.KeyboardModifier.AltModifier)
    assert shown(panel)["duplicate"] == ("Ctrl+D", "Alt+U")
    press(qtbot, panel, "duplicate", Qt.Key.Key_Backspace)
    assert shown(panel)["duplicate"] == ("Alt+U",)
    click(qtbot, panel, "duplicate", RESET)
    assert shown(panel)["duplicate"] == ("Ctrl+D",)
    press(qtbot, panel, "undo", Qt.Key.Key_F2)
    qtbot.mouseClick(panel.reset_all, Qt.MouseButton.LeftButton)
    assert keys.present().chosen == {}
    qtbot.mouseClick(panel.note.buttons[0], Qt.MouseButton.LeftButton)
    assert keys.written("undo") == "F2"


def test_escape_keeps_the_key_and_some_cannot_be_given_away(panel: KeysPanel, qtbot: QtBot) -> None:
    press(qtbot, panel, "draw", Qt.Key.Key_Escape)
    assert keys.written("draw") == "W"
    press(qtbot, panel, "draw", Qt.Key.Key_Left)
    assert keys.written("draw") == "W"
    assert panel.note.label.text() == text("keys.reserved", pressed="Left")


def test_a_disease_may_have_any_key(reading: Program, panel: KeysPanel, qtbot: QtBot) -> None:
    press(qtbot, panel, "label:psoriasis", Qt.Key.Key_P)
    leave(qtbot, reading, panel)
    qtbot.keyClick(reading.workbench.canvas, Qt.Key.Key_P)
    assert labels(reading) == ["psoriasis"]


def test_actions_are_found_by_name_and_by_key(reading: Program, panel: KeysPanel) -> None:
    panel.search.setText("ctrl+d")
    assert list(shown(panel)) == ["duplicate"]
    panel.search.setText(text("menu.tags"))
    assert list(shown(panel)) == ["tags"]


def test_the_list_of_keys_needs_no_mouse(panel: KeysPanel, qtbot: QtBot) -> None:
    panel.list.setFocus()
    panel.list.setCurrentIndex(panel.list.rows.row_of("draw"))
    qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    qtbot.keyClick(panel.list, Qt.Key.Key_B)
    qtbot.keyClick(panel.list, Qt.Key.Key_Insert)
    qtbot.keyClick(panel.list, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert shown(panel)["draw"] == ("B", "Shift+Return")
    qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    assert shown(panel)["draw"] == ("Shift+Return",)


def test_every_action_with_a_key_can_be_changed(panel: KeysPanel) -> None:
    assert [e.key for e in ENTRIES if e.shortcuts and e.key not in shown(panel)] == []
