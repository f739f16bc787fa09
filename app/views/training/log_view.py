"""What a run said of itself, line by line, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

from app.common.words import text
from app.views.training.words import event_words

Names = Sequence[tuple[str, str, str]]
MOST = 2000
"""The last so many events are shown; events.jsonl in the run's folder holds them all."""


class LogView(QPlainTextEdit):
    def __init__(self) -> None:
        super().__init__()
        self._events: tuple[Mapping[str, Any], ...] = ()
        self._epochs = 0
        self._names: Names = ()
        self.setReadOnly(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.setTabChangesFocus(True)
        self.retranslate()

    def show_events(self, events: Sequence[Mapping[str, Any]], epochs: int, names: Names = ()) -> None:
        """What is new is put behind what is there, so that a reader's place stays."""
        before, self._events, self._epochs = self._events, tuple(events)[-MOST:], epochs
        renamed, self._names = self._names != tuple(names), tuple(names)
        if before and not renamed and self._events[: len(before)] == before:
            self._append(self._events[len(before) :])
        else:
            self.retranslate()

    def _append(self, events: Sequence[Mapping[str, Any]]) -> None:
        if events:
            bar = self.verticalScrollBar()
            at_end = bar.value() >= bar.maximum() - 2
            self.appendPlainText("\n".join(_line(event, self._epochs, self._names) for event in events))
            if at_end:
                self.moveCursor(QTextCursor.MoveOperation.End)

    def retranslate(self) -> None:
        self.setAccessibleName(text("train.tab_log"))
        self.setPlaceholderText(text("train.no_log_yet"))
        self.setPlainText("\n".join(_line(event, self._epochs, self._names) for event in self._events))
        self.moveCursor(QTextCursor.MoveOperation.End)


def _line(event: Mapping[str, Any], epochs: int, names: Names) -> str:
    try:
        when = f"{datetime.fromisoformat(str(event.get('time'))).astimezone():%m-%d %H:%M:%S}"
    except ValueError:
        when = ""
    return f"{when}   {event_words(event, epochs, names)}"
