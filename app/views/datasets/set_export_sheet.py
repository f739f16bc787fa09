"""One version as files for another program: a format for boxes, or folders by disease."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout

from app.common.errors import UserError
from app.common.words import text
from app.views.child_process import Child, errand
from app.views.choice import Choice
from app.views.exchange import format_words
from app.views.forms import FolderField, FormPanel, new_place
from app.views.parts import label
from app.views.sheets import Sheet

if TYPE_CHECKING:
    from app.views.services import Services
    from app.views.window import Window

FOLDERS = "folders"


class SetExportSheet(Sheet):
    def __init__(self, services: Services, window: Window, version: str) -> None:
        super().__init__()
        self._services = services
        self._window = window
        self.version = version
        self._child: Child | None = None
        self._format_caption = label()
        self.format = Choice(lambda: ((FOLDERS, text("set_export.folders")), *format_words.options()))
        self.format.set_key(FOLDERS)
        self.anonymous = QCheckBox()
        self._anonymous_words = label("caption", wrap=True)
        self._folder_caption = label()
        self.folder = FolderField(lambda: text("export.folder"))
        self._target = label("caption", wrap=True)
        self.write = QPushButton()
        self.write.setProperty("kind", "primary")
        self._heading = label("section")
        self._layout_words = label("soft", wrap=True)
        self._lay_out()
        self.format.picked.connect(lambda _: self.retranslate())
        self.folder.chosen.connect(lambda _: self.retranslate())
        self.write.clicked.connect(lambda: self._write())
        if services.settings.last_folder:
            self.folder.set_folder(Path(services.settings.last_folder).parent)
        self.retranslate()

    def _lay_out(self) -> None:
        panel = FormPanel()
        panel.column.addWidget(self._format_caption)
        panel.column.addWidget(self.format)
        panel.column.addSpacing(8)
        panel.column.addWidget(self.anonymous)
        panel.column.addWidget(self._anonymous_words)
        panel.column.addSpacing(8)
        for part in (self._folder_caption, self.folder, self._target):
            panel.column.addWidget(part)
        panel.column.addStretch()
        panel.foot.addWidget(self.write)
        column = QVBoxLayout()
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        column.addWidget(self._heading)
        column.addWidget(self._layout_words)
        column.addStretch()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(panel)
        layout.addLayout(column, 1)

    def title(self) -> str:
        return text("set_export.title")

    def purpose(self) -> str:
        return text("set_export.purpose")

    def may_close(self) -> bool:
        if self._child is not None and self._child.running:
            self._child.kill()
        return True

    def _where(self) -> Path | None:
        name = f"{self.version.replace('@', '-')[:60]}-{self.format.key}"
        return new_place(self.folder.folder, name) if self.folder.folder else None

    def _write(self) -> None:
        out = self._where()
        if out is None:
            return
        words = ["dataset", "export", self.version, str(out), "--format", self.format.key]
        words += ["--anonymous"] if self.anonymous.isChecked() else []
        self._child = errand(self._services, words, lambda document: self._written(out, document), self._failed, self)
        self._window.status.set_work(lambda: text("set_export.working"), stop=self._child.kill)
        self.retranslate()

    def _written(self, out: Path, document: Any) -> None:
        self._window.status.set_work(lambda: "")
        folder, images = out.name, int(document["images"])
        self._window.messages.info("set_exported", lambda: text("set_export.done", images=images, folder=folder))
        self.back_wanted.emit()

    def _failed(self, error: UserError) -> None:
        self._window.status.set_work(lambda: "")
        self._window.show_error(error)
        self.retranslate()

    def retranslate(self) -> None:
        self._format_caption.setText(text("exchange.format"))
        self.format.setAccessibleName(text("exchange.format"))
        self.format.setToolTip(text("exchange.format"))
        self.anonymous.setText(text("export.anonymous"))
        self.anonymous.setToolTip(text("set_export.anonymous_words"))
        self._anonymous_words.setText(text("set_export.anonymous_words"))
        self._folder_caption.setText(text("export.folder"))
        out = self._where()
        self._target.setText(text("export.target", folder=out.name) if out else "")
        self.write.setText(text("set_export.write"))
        self.write.setToolTip(text("set_export.purpose"))
        self.write.setEnabled(out is not None and (self._child is None or not self._child.running))
        self._heading.setText(self.version)
        folders = self.format.key == FOLDERS
        self._layout_words.setText(text("set_export.as_folders") if folders else text("set_export.as_boxes"))
