"""All boxes of the workspace as files for another program."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.common.errors import UserError
from app.common.words import text
from app.views.background import Changed
from app.views.exchange import desk, format_words
from app.views.exchange.export_form import ExportForm
from app.views.forms import FormSheet
from app.views.parts import label

if TYPE_CHECKING:
    from app.datasets.exchange.exporting import ExportResult
    from app.views.exchange.desk import Holding
    from app.views.services import Services
    from app.views.window import Window


class ExportSheet(FormSheet):
    def __init__(self, services: Services, window: Window) -> None:
        settings = services.settings
        form = ExportForm(format_words.options, settings.save_format, settings.last_folder)
        super().__init__(services, window, form)
        self.form = form
        self._holding: Holding | None = None
        self._busy = False
        self._summary = label("section")
        self._promise = label("soft", wrap=True)
        self._layout_words = label("soft", wrap=True)
        self._files = label("soft")
        for words in (self._summary, self._promise, self._layout_words, self._files):
            self.beside.addWidget(words)
        self.beside.addStretch()
        self.form.changed.connect(self.retranslate)
        self.form.write.clicked.connect(lambda: self._write())
        self.retranslate()

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
        return self.form.place(f"annotations-{self.form.format.key}")

    def _write(self) -> None:
        out = self._where()
        if out is None:
            return
        self._busy = True
        self._window.status.set_work(lambda: text("export.writing"))
        make = partial(
            desk.export_boxes,
            out=out,
            format=self.form.format.key,
            anonymous=self.form.anonymous.isChecked(),
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
        out = self._where()
        self.form.say(out, text("export.anonymous_tip"))
        self.form.format.setToolTip(text("export.format_tip"))
        self.form.write.setToolTip(text("export.promise"))
        images = holding.images if holding else 0
        self.form.write.setText(text("export.write", n=images))
        self.form.write.setEnabled(images > 0 and out is not None and not self._busy)
        self._summary.setText(text("export.summary", images=images, boxes=holding.boxes if holding else 0))
        anonymous = self.form.anonymous.isChecked()
        self._promise.setText(text("export.anonymous_promise") if anonymous else text("export.promise"))
        whole = self.form.format.key in ("coco", "createml")
        self._layout_words.setText(text("export.one_file") if whole else text("export.file_each"))
        self._files.setText(self._file_names(whole, anonymous))

    def _file_names(self, whole: bool, anonymous: bool) -> str:
        """What will lie in the folder, as far as there is room."""
        holding = self._holding
        if holding is None or not holding.images:
            return ""
        lines = list(desk.files_for(() if anonymous else holding.names, self.form.format.key))
        left = 0 if whole else holding.images - (0 if anonymous else len(holding.names))
        if left:
            lines.append(text("export.new_names", n=left) if anonymous else text("import.more", n=left))
        return "\n".join([f"{self._folder_name()}/", *(f"      {line}" for line in lines)])

    def _folder_name(self) -> str:
        out = self._where()
        return out.name if out else f"annotations-{self.form.format.key}"
