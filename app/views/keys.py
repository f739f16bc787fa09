"""A person's own keys over the program's: which key each action has, and which keys two actions fight for.

The table of the actions with labelImg's keys is :data:`app.views.actions.ENTRIES`; here keys are only words in Qt's
portable writing (``Ctrl+Shift+Z``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtGui import QKeySequence


def assigned(defaults: Mapping[str, Iterable[str]], own: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Every action's keys; ``own`` (from the settings) wins, its unknown actions and keys are passed over."""
    return {action: tuple(filter(None, map(portable, own.get(action, keys)))) for action, keys in defaults.items()}


def conflicts(keys: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Keys that more than one action has, with the actions."""
    owners: dict[str, list[str]] = {}
    for action, sequences in keys.items():
        for sequence in {portable(s) for s in sequences}:
            owners.setdefault(sequence, []).append(action)
    return {key: tuple(actions) for key, actions in owners.items() if key and len(actions) > 1}


def portable(key: str) -> str:
    """One way of writing a key; "" when it is none."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)
