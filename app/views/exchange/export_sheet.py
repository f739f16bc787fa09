"""All boxes of the workspace as files for another program."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout

from app.common.errors import UserError
from app.common.words import text
from app.views.background import Changed
from app.views.choice import Choice
from app.views.exchange import desk, format_words
from app.views.forms import FolderField, FormPanel, new_place
from app.views.parts import label
from app.views.sheets import Sheet

if TYPE_CHECKING:
    from app.datasets.exchange.exporting import ExportResult
    from app.views.exchange.desk import Holding
    from app.views.services import Services
    from app.views.window import Window


class ExportSheet(Sheet):
    def __init__(self, services: Services, window: Window) -> None:
        super().__init__()
        self._services = services
        self._window = window
        self._holding: Holding | None = None
        self._busy = False
        self._format_caption = label()
        self.format = Choice(format_words.options)
        self.format.set_key(services.settings.save_format)
        self.anonymous = QCheckBox()
        self._anonymous_words = label("caption", wrap=True)
        self._folder_caption = label()
        self.folder = FolderField(lambda: text("export.folder"))
        self._target = label("caption", wrap=True)
        self.write = QPushButton()
        self.write.setProperty("kind", "primary")
        self._summary = label("section")
        self._promise = label("soft", wrap=True)
        self._layout_words = label("soft", wrap=True)
        self._files = label("soft")
        self._lay_out()
        self.format.picked.connect(lambda _: self.retranslate())
        self.anonymous.toggled.connect(lambda _: self.retranslate())
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
        for words in (self._summary, self._promise, self._layout_words, self._files):
            column.addWidget(words)
        column.addStretch()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(panel)
        layout.addLayout(column, 1)

    def title(self) -> str:
        return text("menu.export_boxes")

    def purpose(self) -> str:
        return text("export.purpose")

    def begin(self) -> None:
        self._services.background.read(desk.holding, self._show, owner=self)

    def may_close(self) -> bool:
        if self._busy:
            self._window.messages.info("export_busy", lambda: text("export.busy"))
        return not self._busy

    def _show(self, holding: Holding) -> None:
        self._holding = holding
        self.retranslate()

    def _where(self) -> Path | None:
        name = f"annotations-{self.format.key}"
        return new_place(self.folder.folder, name) if self.folder.folder else None

    def _write(self) -> None:
        out = self._where()
        if out is None:
            return
        self._busy = True
        self._window.status.set_work(lambda: text("export.writing"))
        make = partial(
            desk.export_boxes,
            out=out,
            format=self.format.key,
            anonymous=self.anonymous.isChecked(),
        )
        # A writing session: an anonymous export notes its key, and who made it.
        self._services.background.change(
            make, Changed(frozenset()), partial(self._written, out), self._not_written, owner=self
        )
        self.retranslate()

    def _written(self, out: Path, result: ExportResult) -> None:
        self._finish()
        images, boxes, folder = result.images, result.boxes, out.name
        self._window.messages.info("exported", lambda: text("export.done", images=images, boxes=boxes, folder=folder))
        self.back_wanted.emit()

    def _not_written(self, error: UserError) -> None:
        self._finish()
        self._window.show_error(error)

    def _finish(self) -> None:
        self._busy = False
        self._window.status.set_work(lambda: "")
        self.retranslate()

    def retranslate(self) -> None:
        holding = self._holding
        self._format_caption.setText(text("exchange.format"))
        self.format.setAccessibleName(text("exchange.format"))
        self.write.setToolTip(text("export.promise"))
        self.format.setToolTip(text("export.format_tip"))
        self.anonymous.setText(text("export.anonymous"))
        self.anonymous.setToolTip(text("export.anonymous_tip"))
        self._anonymous_words.setText(text("export.anonymous_tip"))
        self._folder_caption.setText(text("export.folder"))
        out = self._where()
        self._target.setText(text("export.target", folder=out.name) if out else "")
        images = holding.images if holding else 0
        self.write.setText(text("export.write", n=images))
        self.write.setEnabled(images > 0 and out is not None and not self._busy)
        self._summary.setText(text("export.summary", images=images, boxes=holding.boxes if holding else 0))
        anonymous = self.anonymous.isChecked()
        self._promise.setText(text("export.anonymous_promise") if anonymous else text("export.promise"))
        whole = self.format.key in ("coco", "createml")
        self._layout_words.setText(text("export.one_file") if whole else text("export.file_each"))
        self._files.setText(self._file_names(whole, anonymous))

    def _file_names(self, whole: bool, anonymous: bool) -> str:
        """What will lie in the folder, as far as there is room."""
        holding = self._holding
        if holding is None or not holding.images:
            return ""
        lines = list(desk.files_for(() if anonymous else holding.names, self.format.key))
        left = 0 if whole else holding.images - (0 if anonymous else len(holding.names))
        if left:
            lines.append(text("export.new_names", n=left) if anonymous else text("import.more", n=left))
        return "\n".join([f"{self._folder_name()}/", *(f"      {line}" for line in lines)])

    def _folder_name(self) -> str:
        out = self._where()
        return out.name if out else f"annotations-{self.format.key}"
