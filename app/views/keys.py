"""Every key of the program, as a table that a person can change: labelImg's keys, and a digit for each disease.

An action's id is its name in the settings; ``words`` gives its text in the present language. Keys are written as Qt's
portable text (``Ctrl+Shift+Z``). Arrows, Esc and Enter on the photo are the canvas's own and are not listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from app.common.words import text

Words = Callable[[], str]


@dataclass(frozen=True, slots=True)
class KeyAction:
    id: str
    keys: tuple[str, ...]
    words: Words
    checked: bool | None = None  # the state at the start of an action that is on or off
    on_photo: bool = False  # works only while the photo has the focus: elsewhere the key has a meaning of its own


FILES = (
    KeyAction("open", ("Ctrl+O",), lambda: text("keys.open")),
    KeyAction("open_folder", ("Ctrl+U",), lambda: text("keys.open_folder")),
    KeyAction("save", ("Ctrl+S",), lambda: text("keys.save")),
    KeyAction("save_folder", ("Ctrl+R",), lambda: text("keys.save_folder")),
    KeyAction("open_annotation", ("Ctrl+Shift+O",), lambda: text("keys.open_annotation")),
    KeyAction("next_photo", ("D",), lambda: text("keys.next_photo")),
    KeyAction("previous_photo", ("A",), lambda: text("keys.previous_photo")),
)
BOXES = (
    KeyAction("draw", ("W",), lambda: text("keys.draw")),
    KeyAction("edit_mode", ("Ctrl+J",), lambda: text("keys.edit_mode")),
    KeyAction("square", ("Ctrl+Shift+R",), lambda: text("keys.square"), checked=False),
    KeyAction("undo", ("Ctrl+Z",), lambda: text("keys.undo")),
    KeyAction("redo", ("Ctrl+Shift+Z",), lambda: text("keys.redo")),
    KeyAction("delete", ("Del", "Backspace"), lambda: text("keys.delete")),
    KeyAction("duplicate", ("Ctrl+D",), lambda: text("keys.duplicate")),
    KeyAction("copy_previous", ("Ctrl+V",), lambda: text("keys.copy_previous")),
    KeyAction("edit_label", ("Ctrl+E",), lambda: text("keys.edit_label")),
    KeyAction("accept", ("Y",), lambda: text("keys.accept")),
    KeyAction("accept_all", ("Shift+Y",), lambda: text("keys.accept_all")),
    KeyAction("next_box", ("N",), lambda: text("keys.next_box")),
    KeyAction("previous_box", ("Shift+N",), lambda: text("keys.previous_box")),
    KeyAction("difficult", ("X",), lambda: text("keys.difficult")),
    KeyAction("verify", ("Space",), lambda: text("keys.verify"), on_photo=True),
)
LOOKS = (
    KeyAction("zoom_in", ("Ctrl++",), lambda: text("keys.zoom_in")),
    KeyAction("zoom_out", ("Ctrl+-",), lambda: text("keys.zoom_out")),
    KeyAction("actual_size", ("Ctrl+=",), lambda: text("keys.actual_size")),
    KeyAction("fit_window", ("Ctrl+F",), lambda: text("keys.fit_window")),
    KeyAction("fit_width", ("Ctrl+Shift+F",), lambda: text("keys.fit_width")),
    KeyAction("brighter", ("Ctrl+Shift++",), lambda: text("keys.brighter")),
    KeyAction("darker", ("Ctrl+Shift+-",), lambda: text("keys.darker")),
    KeyAction("brightness_reset", ("Ctrl+Shift+=",), lambda: text("keys.brightness_reset")),
    KeyAction("hide_boxes", ("Ctrl+H",), lambda: text("keys.hide_boxes")),
    KeyAction("show_boxes", ("Ctrl+A",), lambda: text("keys.show_boxes")),
    KeyAction("show_tags", ("Ctrl+Shift+P",), lambda: text("keys.show_tags"), checked=True),
)
DIGITS = 9


def _label_words(digit: int) -> Words:
    return lambda: text("keys.label", number=digit)


LABELS = tuple(KeyAction(f"label_{n}", (str(n),), _label_words(n)) for n in range(1, DIGITS + 1))
ACTIONS: tuple[KeyAction, ...] = (*FILES, *BOXES, *LOOKS, *LABELS)


def assigned(changes: Mapping[str, Sequence[str]] | None = None) -> dict[str, tuple[str, ...]]:
    """Every action's keys: the table's, or a person's own from the settings; unknown ids and keys are passed over."""
    own = changes or {}
    return {
        a.id: tuple(k for k in own[a.id] if not QKeySequence(k).isEmpty()) if a.id in own else a.keys for a in ACTIONS
    }


def conflicts(keys: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Keys that more than one action has, with the actions' ids."""
    owners: dict[str, list[str]] = {}
    for id_, sequences in keys.items():
        for sequence in sequences:
            portable = QKeySequence(sequence).toString(QKeySequence.SequenceFormat.PortableText)
            owners.setdefault(portable, []).append(id_)
    return {key: tuple(ids) for key, ids in owners.items() if len(ids) > 1}


def make_actions(
    parent: QWidget,
    commands: Mapping[str, Callable[[], object]],
    changes: Mapping[str, Sequence[str]] | None = None,
    photo: QWidget | None = None,
) -> dict[str, QAction]:
    """One action with its keys for each command; they work while the focus is in ``parent`` (or on the ``photo``)."""
    keys = assigned(changes)
    actions = {}
    for entry in ACTIONS:
        if entry.id in commands:
            action = QAction(parent)
            action.setObjectName(entry.id)
            action.setCheckable(entry.checked is not None)
            action.setChecked(bool(entry.checked))
            action.setShortcuts([QKeySequence(k) for k in keys[entry.id]])
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(_without_checked(commands[entry.id]))
            (photo if photo and entry.on_photo else parent).addAction(action)
            actions[entry.id] = action
    retranslate(actions)
    return actions


def retranslate(actions: Mapping[str, QAction]) -> None:
    """Texts and tool tips (with the keys) in the present language."""
    for entry in ACTIONS:
        if entry.id in actions:
            action = actions[entry.id]
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            action.setText(entry.words())
            action.setToolTip(text("keys.tip", action=entry.words(), keys=keys) if keys else entry.words())


def _without_checked(command: Callable[[], object]) -> Callable[[], None]:
    """Qt hands ``checked`` to a slot that has room for it; a command takes nothing."""

    def run() -> None:
        command()

    return run
