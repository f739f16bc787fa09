"""The keys, to be changed: press one, then the new key. A key that another action has is taken over only on wish."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.common.words import text
from app.views import keys
from app.views.actions import Actions, Say
from app.views.icons import icon
from app.views.keys import KeyTable, native
from app.views.keys_list import KeysList, Row
from app.views.parts import EmptyWords, empty_layout, label

_MNEMONIC = re.compile(r"\(&\w\)$")  # a Chinese menu's letter


class KeysPanel(QWidget):
    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self._actions = actions
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        for clear in self.search.findChildren(QAction):  # Qt's own icon is made for light windows
            clear.setIcon(icon("close"))
        self.search.textChanged.connect(lambda _: self.show_keys())
        self.reset_all = QPushButton()
        self.reset_all.clicked.connect(lambda: self._change(keys.present().reset_all(), lambda: text("keys.all_reset")))
        self.note = _Note()
        self.list = KeysList()
        EmptyWords(self.list, lambda: text("keys.none_found"))
        self.list.pressed_key.connect(self._pressed)
        self.list.removed.connect(self._removed)
        self.list.reset_wanted.connect(self._reset)
        head = QHBoxLayout()
        head.addWidget(self.search, 1)
        head.addWidget(self.reset_all)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self.note)
        layout.addWidget(self.list, 1)
        self.retranslate()

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
        """The actions that the search finds, under the names of their menus."""
        wanted, table = self.search.text().strip().casefold(), keys.present()
        shown: list[Row] = []
        for say, names in self._actions.groups():
            rows = [Row(self.name_of(name), name, table.keys(name), table.is_changed(name)) for name in names]
            found = [row for row in rows if wanted in row.said.casefold()]
            if found:
                shown += [Row(_MNEMONIC.sub("", say()).replace("&", "")), *found]
        self.list.rows.show(tuple(shown))
        self.reset_all.setEnabled(bool(table.chosen))

    def retranslate(self) -> None:
        self.search.setPlaceholderText(text("keys.find"))
        self.search.setAccessibleName(text("keys.find"))
        self.reset_all.setText(text("keys.reset_all"))
        self.reset_all.setToolTip(text("keys.reset_all_tip"))
        self.list.setAccessibleName(text("settings.keys"))
        self.note.retranslate()
        self.show_keys()


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
