"""The keys, to be changed: press one, then the new key. A key that another action has is taken over only on wish."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.common.words import text
from app.views import keys
from app.views.actions import PORTABLE, Actions, Say
from app.views.keys import KeyTable, native
from app.views.parts import empty_layout, label, name_button, tool_button

_MNEMONIC = re.compile(r"\(&\w\)$")  # a Chinese menu's letter
_MODIFIERS = {Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr}


class KeysPanel(QWidget):
    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self._actions = actions
        self._before: KeyTable | None = None
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.reset_all = QPushButton()
        self.reset_all.clicked.connect(lambda: self._change(keys.present().reset_all(), lambda: text("keys.all_reset")))
        self.note = _Note()
        self.rows: dict[str, _Row] = {}
        self._headings: list[tuple[QLabel, Say, tuple[str, ...]]] = []
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setWidget(self._list())
        head = QHBoxLayout()
        head.addWidget(self.search, 1)
        head.addWidget(self.reset_all)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self.note)
        layout.addWidget(self._scroll, 1)
        self.retranslate()

    def _list(self) -> QWidget:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(2)
        for say, names in self._actions.groups():
            heading = label("section")
            heading.setContentsMargins(0, 10, 0, 2)
            self._headings.append((heading, say, names))
            column.addWidget(heading)
            for name in names:
                row = _Row(name)
                row.pressed.connect(self._pressed)
                row.removed.connect(self._removed)
                row.reset_wanted.connect(self._reset)
                self.rows[name] = row
                column.addWidget(row)
        column.addStretch()
        return inside

    def name_of(self, action: str) -> str:
        return self._actions.by_key_name()[action].text()

    # -- changing ------------------------------------------------------------------------------------------------
    def _pressed(self, action: str, old: str, new: str) -> None:
        """``new`` instead of ``old`` ("": one more key)."""
        table = keys.present()
        wanted = tuple(new if key == old else key for key in table.keys(action))
        if not old:
            wanted = (*wanted, new)
        if new in keys.RESERVED:
            self.note.say(lambda: text("keys.reserved", pressed=native(new)))
        elif new not in table.keys(action):
            self._take(action, wanted)

    def _removed(self, action: str, key: str) -> None:
        left = tuple(k for k in keys.present().keys(action) if k != key)
        self._change(keys.present().given(action, left))

    def _reset(self, action: str) -> None:
        self._take(action, keys.present().defaults[action])

    def _take(self, action: str, wanted: tuple[str, ...]) -> None:
        """Give the action these keys; ask first when another one would lose its own."""
        table = keys.present()
        rivals = table.rivals(action, wanted)
        after = table.given(action, wanted)
        if not rivals:
            self._change(after)
            return
        key, other = next(iter(rivals.items()))
        self.note.say(
            lambda: text("keys.taken", pressed=native(key), action=self.name_of(other)),
            (lambda: text("keys.take_over"), lambda: self._change(after, lambda: self._lost(key, other))),
            (lambda: text("keys.leave"), self.note.clear),
        )

    def _lost(self, key: str, other: str) -> str:
        return text("keys.taken_over", pressed=native(key), action=self.name_of(other))

    def _change(self, table: KeyTable, said: Say | None = None) -> None:
        before = keys.present()
        self._actions.change_keys(table)
        if said is None:
            self.note.clear()
        else:
            self.note.say(said, (lambda: text("keys.take_back"), lambda: self._change(before)))
        self.show_keys()

    # -- showing -------------------------------------------------------------------------------------------------
    def show_keys(self) -> None:
        table = keys.present()
        for name, row in self.rows.items():
            row.show_keys(self.name_of(name), table.keys(name), changed=table.is_changed(name))
        self.reset_all.setEnabled(bool(table.chosen))

    def _filter(self, words: str) -> None:
        wanted = words.strip().casefold()
        for heading, _, names in self._headings:
            shown = [name for name in names if wanted in self.rows[name].words.casefold()]
            for name in names:
                self.rows[name].setVisible(name in shown)
            heading.setVisible(bool(shown))

    def retranslate(self) -> None:
        self.search.setPlaceholderText(text("keys.find"))
        self.search.setAccessibleName(text("keys.find"))
        self.reset_all.setText(text("keys.reset_all"))
        self.reset_all.setToolTip(text("keys.reset_all_tip"))
        self._scroll.setAccessibleName(text("settings.keys"))
        for heading, say, _ in self._headings:
            heading.setText(_MNEMONIC.sub("", say()).replace("&", ""))
        self.note.retranslate()
        self.show_keys()
        self._filter(self.search.text())


class _Row(QWidget):
    """An action's name and its keys; ``pressed`` carries (action, old key or "", new key)."""

    pressed = Signal(str, str, str)
    removed = Signal(str, str)
    reset_wanted = Signal(str)

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action = action
        self.words = ""
        self._shown: object = None
        self._name = label()
        self.buttons: list[KeyButton] = []
        self._keys = QHBoxLayout()
        self._keys.setSpacing(4)
        self.reset = tool_button("undo", lambda: self.reset_wanted.emit(self.action))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._name, 1)
        row.addLayout(self._keys)
        row.addWidget(self.reset)

    def show_keys(self, name: str, shortcuts: tuple[str, ...], *, changed: bool) -> None:
        self._name.setText(name)
        name_button(self.reset, text("keys.reset"))
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)
        self.reset.setVisible(changed)
        self.words = " ".join([name, *map(native, shortcuts)])
        if (name, shortcuts) == self._shown:
            return
        self._shown = (name, shortcuts)
        empty_layout(self._keys)
        self.buttons = [KeyButton(name, key) for key in (*shortcuts, "")]
        for button in self.buttons:
            button.pressed_key.connect(lambda new, old=button.key: self.pressed.emit(self.action, old, new))
            button.removed.connect(lambda old=button.key: self.removed.emit(self.action, old))
            self._keys.addWidget(button)


class KeyButton(QPushButton):
    """One key of an action; "" adds one. Clicked, it waits for a key; Esc leaves it, Backspace takes the key away."""

    pressed_key = Signal(str)
    removed = Signal()

    def __init__(self, action: str, key: str) -> None:
        super().__init__()
        self.key = key
        self.waiting = False
        self._action = action
        self.setProperty("kind", "key" if key else "flat")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.clicked.connect(lambda: self._wait(True))
        self._wait(False)

    def _wait(self, waiting: bool) -> None:
        self.waiting = waiting
        self.setText(text("keys.press") if waiting else native(self.key) if self.key else "+")
        words = text("keys.change_tip") if self.key else text("keys.add_tip")
        self.setToolTip(words)
        self.setAccessibleName(f"{self._action}: {native(self.key)}" if self.key else f"{self._action}: {words}")

    def event(self, event: QEvent) -> bool:
        """While it waits every key is its own, also those that Qt gives to buttons and dialogs."""
        if self.waiting and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if self.waiting and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            self._take(event)
            return True
        return super().event(event)

    def _take(self, event: QKeyEvent) -> None:
        pressed = Qt.Key(event.key())
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if pressed in _MODIFIERS or pressed == Qt.Key.Key_unknown:
            return
        self._wait(False)
        if pressed == Qt.Key.Key_Escape and not held:
            return
        if pressed == Qt.Key.Key_Backtab:
            pressed = Qt.Key.Key_Tab
        new = QKeySequence(held.value | pressed.value).toString(PORTABLE)
        if pressed == Qt.Key.Key_Backspace and not held and self.key:
            self.removed.emit()
        elif new:
            self.pressed_key.emit(new)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self.waiting:
            self._wait(False)
        super().focusOutEvent(event)


Act = tuple[Say, Callable[[], object]]


class _Note(QFrame):
    """One line that says what stands in the way or what was done, and what can be done about it."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "note")
        self.label = label(wrap=True)
        self.buttons: list[QPushButton] = []
        self._acts: tuple[Act, ...] = ()
        self._say: Say | None = None
        self._room = QHBoxLayout()
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 8, 6)
        row.addWidget(self.label, 1)
        row.addLayout(self._room)
        self.hide()

    def say(self, words: Say, *acts: Act) -> None:
        self._say, self._acts = words, acts
        empty_layout(self._room)
        self.buttons = []
        for _, do in acts:
            button = QPushButton()
            button.clicked.connect(lambda _=False, do=do: do())
            self.buttons.append(button)
            self._room.addWidget(button)
        self.retranslate()
        self.show()

    def clear(self) -> None:
        self.hide()

    def retranslate(self) -> None:
        if self._say is not None:
            self.label.setText(self._say())
        for button, (words, _) in zip(self.buttons, self._acts, strict=True):
            button.setText(words())
