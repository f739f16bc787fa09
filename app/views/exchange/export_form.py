"""The form of an export: which format, with or without names, into which folder; nothing is ever written over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QPushButton

from app.common.words import text
from app.views.choice import Choice
from app.views.forms import FolderField, FormPanel, new_place
from app.views.parts import label


class ExportForm(FormPanel):
    """``changed``: something else is wanted. ``near``: where a person has been at work; the folder is offered above."""

    changed = Signal()

    def __init__(self, formats: Callable[[], Sequence[tuple[str, str]]], first: str, near: str) -> None:
        super().__init__()
        self._format_caption = label()
        self.format = Choice(formats)
        self.format.set_key(first)
        self.anonymous = QCheckBox()
        self.anonymous_words = label("caption", wrap=True)
        self._folder_caption = label()
        self.folder = FolderField(lambda: text("export.folder"))
        self._target = label("caption", wrap=True)
        self.write = QPushButton()
        self.write.setProperty("kind", "primary")
        if near:
            self.folder.set_folder(Path(near).parent)
        self.column.addWidget(self._format_caption)
        self.column.addWidget(self.format)
        self.column.addSpacing(8)
        self.column.addWidget(self.anonymous)
        self.column.addWidget(self.anonymous_words)
        self.column.addSpacing(8)
        for part in (self._folder_caption, self.folder, self._target):
            self.column.addWidget(part)
        self.column.addStretch()
        self.foot.addWidget(self.write)
        self.format.picked.connect(lambda _: self.changed.emit())
        self.anonymous.toggled.connect(lambda _: self.changed.emit())
        self.folder.chosen.connect(lambda _: self.changed.emit())

    def place(self, name: str) -> Path | None:
        """Where ``name`` would be written; None while no folder is chosen."""
        return new_place(self.folder.folder, name) if self.folder.folder else None

    def say(self, out: Path | None, anonymous: str) -> None:
        """Say everything anew; ``out``: what would be written, ``anonymous``: what that means here."""
        self._format_caption.setText(text("exchange.format"))
        self.format.setAccessibleName(text("exchange.format"))
        self.anonymous.setText(text("export.anonymous"))
        self.anonymous.setToolTip(anonymous)
        self.anonymous_words.setText(anonymous)
        self._folder_caption.setText(text("export.folder"))
        self._target.setText(text("export.target", folder=out.name) if out else "")
