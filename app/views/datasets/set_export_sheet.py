"""One version as files for another program: a format for boxes, or folders by disease."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.common.words import text
from app.views.exchange import format_words
from app.views.exchange.export_form import ExportForm
from app.views.forms import FormSheet
from app.views.parts import label

if TYPE_CHECKING:
    from app.views.services import Services
    from app.views.window import Window

FOLDERS = "folders"


class SetExportSheet(FormSheet):
    def __init__(self, services: Services, window: Window, version: str) -> None:
        form = ExportForm(_formats, FOLDERS, services.settings.last_folder)
        super().__init__(services, window, form)
        self.form = form
        self.version = version
        self._heading = label("section")
        self._layout_words = label("soft", wrap=True)
        self.beside.addWidget(self._heading)
        self.beside.addWidget(self._layout_words)
        self.beside.addStretch()
        self.form.changed.connect(self.retranslate)
        self.form.write.clicked.connect(lambda: self._write())
        self.retranslate()

    def title(self) -> str:
        return text("set_export.title")

    def purpose(self) -> str:
        return text("set_export.purpose")

    def may_close(self) -> bool:
        self.kill_errand()
        return True

    def _where(self) -> Path | None:
        return self.form.place(f"{self.version.replace('@', '-')[:60]}-{self.form.format.key}")

    def _write(self) -> None:
        out = self._where()
        if out is None:
            return
        words = ["dataset", "export", self.version, str(out), "--format", self.form.format.key]
        words += ["--anonymous"] if self.form.anonymous.isChecked() else []
        self.run_errand(words, lambda: text("set_export.working"), lambda document: self._written(out, document))

    def _written(self, out: Path, document: Any) -> None:
        folder, images = out.name, int(document["images"])
        self._window.messages.info("set_exported", lambda: text("set_export.done", images=images, folder=folder))

    def retranslate(self) -> None:
        out = self._where()
        self.form.say(out, text("set_export.anonymous_words"))
        self.form.format.setToolTip(text("exchange.format"))
        self.form.write.setText(text("set_export.write"))
        self.form.write.setToolTip(text("set_export.purpose"))
        self.form.write.setEnabled(out is not None and not self.running)
        self._heading.setText(self.version)
        folders = self.form.format.key == FOLDERS
        self._layout_words.setText(text("set_export.as_folders") if folders else text("set_export.as_boxes"))


def _formats() -> list[tuple[str, str]]:
    return [(FOLDERS, text("set_export.folders")), *format_words.options()]
