"""Which keys do what: the defaults, and what a person chose instead. One table for the program, like its language.

Keys are written as Qt's portable text (``Ctrl+Shift+Z``) wherever they are kept, and in the platform's writing where
they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

Keys = tuple[str, ...]

# What the photo, the fields and the window keep for themselves: moving a box, leaving, going round, changing the page.
RESERVED = frozenset(
    [
        *("Esc", "Return", "Enter", "Tab", "Shift+Tab"),
        *(held + arrow for held in ("", "Shift+", "Ctrl+") for arrow in ("Left", "Right", "Up", "Down")),
        *(f"Ctrl+{number}" for number in range(1, 10)),
    ]
)


@dataclass(frozen=True)
class KeyTable:
    """``defaults``: every action and its keys; ``chosen``: those that a person changed. A key has one action."""

    defaults: Mapping[str, Keys]
    chosen: Mapping[str, Keys] = field(default_factory=dict)

    def keys(self, action: str) -> Keys:
        return tuple(self.chosen.get(action, self.defaults[action]))

    def holder(self, key: str) -> str | None:
        """The action that the key belongs to now."""
        return next((action for action in self.defaults if key in self.keys(action)), None)

    def rivals(self, action: str, keys: Iterable[str]) -> dict[str, str]:
        """Of ``keys`` those that other actions have, and which."""
        holders = {key: self.holder(key) for key in keys}
        return {key: other for key, other in holders.items() if other is not None and other != action}

    def is_changed(self, action: str) -> bool:
        return set(self.keys(action)) != set(self.defaults[action])

    def given(self, action: str, keys: Iterable[str]) -> KeyTable:
        """``action`` has these keys and no others; whoever had one of them has it no more."""
        wanted = tuple(k for k in dict.fromkeys(keys) if k not in RESERVED)
        chosen = dict(self.chosen)
        for other in set(self.rivals(action, wanted).values()):
            chosen[other] = tuple(k for k in self.keys(other) if k not in wanted)
        chosen[action] = wanted
        return replace(self, chosen={a: k for a, k in chosen.items() if set(k) != set(self.defaults[a])})

    def reset(self, action: str) -> KeyTable:
        return self.given(action, self.defaults[action])

    def reset_all(self) -> KeyTable:
        return replace(self, chosen={})


def table_of(defaults: Mapping[str, Keys], chosen: Mapping[str, Iterable[str]]) -> KeyTable:
    """A table from what was kept: unknown actions are left out; of two that want one key, the later one has it."""
    table = KeyTable(defaults)
    for action, keys in chosen.items():
        if action in defaults:
            table = table.given(action, keys)
    return table


_present = KeyTable({})


def use_keys(table: KeyTable) -> None:
    """Every key that is said or listened to from now on."""
    global _present
    _present = table


def present() -> KeyTable:
    return _present


def written(action: str) -> str:
    """The action's first key as the platform writes it, "" if it has none."""
    keys = _present.keys(action) if action in _present.defaults else ()
    return native(keys[0]) if keys else ""


def with_key(words: str, action: str) -> str:
    key = written(action)
    return f"{words}  ({key})" if key else words


def native(key: str) -> str:
    from PySide6.QtGui import QKeySequence

    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
