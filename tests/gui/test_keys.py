"""The table of keys: labelImg's hands find everything where it was, and no two actions fight for a key."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QKeySequence

from app.views.actions import ENTRIES

LABELIMG = {
    "draw": "W", "next": "D", "previous": "A", "verify": "Space", "delete": "Del", "duplicate": "Ctrl+D",
    "copy_previous": "Ctrl+V", "open_files": "Ctrl+O", "open_folder": "Ctrl+U", "save_folder": "Ctrl+R",
    "save": "Ctrl+S", "open_boxes": "Ctrl+Shift+O", "name": "Ctrl+E", "edit_mode": "Ctrl+J", "hide_boxes": "Ctrl+H",
    "show_boxes": "Ctrl+A", "zoom_in": "Ctrl++", "zoom_out": "Ctrl+-", "actual_size": "Ctrl+=",
    "fit_window": "Ctrl+F", "fit_width": "Ctrl+Shift+F", "brighten": "Ctrl+Shift++", "darken": "Ctrl+Shift+-",
    "reset_brightness": "Ctrl+Shift+=", "square": "Ctrl+Shift+R", "tags": "Ctrl+Shift+P",
    "undo": "Ctrl+Z", "redo": "Ctrl+Shift+Z",
}  # fmt: skip


@pytest.mark.parametrize(("action", "key"), LABELIMG.items())
def test_labelimgs_keys_are_kept(action: str, key: str) -> None:
    keys = {entry.key: entry.shortcuts for entry in ENTRIES}
    assert key in keys[action]


def test_every_key_belongs_to_one_action() -> None:
    keys = [*"0123456789", *(_portable(k) for entry in ENTRIES for k in entry.shortcuts)]
    assert sorted(keys) == sorted(set(keys))
    assert "" not in keys


def _portable(key: str) -> str:
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)
