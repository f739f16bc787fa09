"""Boxes that another program made: first a look at what would come in, then all of it in one go."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton

from app.common.errors import UserError
from app.common.words import text
from app.views.background import Changed
from app.views.choice import Choice
from app.views.exchange import desk, format_words
from app.views.exchange.failures import Failures
from app.views.exchange.unknown_words import UnknownWords
from app.views.forms import FormSheet
from app.views.parts import Elided, label

if TYPE_CHECKING:
    from app.datasets.exchange.importing import ImportedBoxes
    from app.views.exchange.desk import Look
    from app.views.services import Services
    from app.views.window import Window

BOXES = Changed(frozenset({"annotations", "images", "photos"}))


class ImportSheet(FormSheet):
    _progressed = Signal(int, int)

    def __init__(self, services: Services, window: Window) -> None:
        super().__init__(services, window, scrolls=True)
        self._path: Path | None = None
        self._look: Look | None = None
        self._asked = 0
        self._busy = False
        self._stop = False
        self._words = label("soft", wrap=True)
        self.folder, self.file = QPushButton(), QPushButton()
        self._shown = Elided()
        self._format_caption = label()
        self.format = Choice(format_words.options)
        self.format.set_key(services.settings.save_format)
        self.take = QPushButton()
        self.take.setProperty("kind", "primary")
        self._summary = label("section")
        self._detail = label("soft", wrap=True)
        self.unknown = UnknownWords(services.pack)
        self.failures = Failures()
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        panel = self.panel
        panel.column.addWidget(self._words)
        panel.column.addSpacing(4)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.folder, 1)
        buttons.addWidget(self.file, 1)
        panel.column.addLayout(buttons)
        panel.column.addWidget(self._shown)
        panel.column.addSpacing(8)
        panel.column.addWidget(self._format_caption)
        panel.column.addWidget(self.format)
        panel.column.addStretch()
        panel.foot.addWidget(self.take)
        for part in (self._summary, self._detail, self.unknown, self.failures):
            self.beside.addWidget(part)
        self.beside.addStretch()

    def _connect(self) -> None:
        self.folder.clicked.connect(lambda: self._ask_for_folder())
        self.file.clicked.connect(lambda: self._ask_for_file())
        self.format.picked.connect(lambda _: self.look())
        self.unknown.answered.connect(self.retranslate)
        self.take.clicked.connect(lambda: self._import())
        self._progressed.connect(self._show_progress)

    def title(self) -> str:
        return text("menu.import_boxes")

    def purpose(self) -> str:
        return text("import.purpose")

    def may_close(self) -> bool:
        """A look is given up, an import is not."""
        if self._busy:
            self._window.messages.info("import_busy", lambda: text("import.busy"))
            return False
        self._stop = True
        self._window.status.set_work(lambda: "")
        return True

    def _report(self, done: int, total: int) -> None:
        """On the database's thread."""
        if self._stop:
            raise UserError("import_cancelled")
        self._progressed.emit(done, total)

    # -- a look --------------------------------------------------------------------------------------------------
    def _ask_for_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, text("import.folder"), self._services.settings.last_folder)
        if folder:
            self.choose(Path(folder))

    def _ask_for_file(self) -> None:
        file, _ = QFileDialog.getOpenFileName(
            self, text("import.file"), self._services.settings.last_folder, text("import.filter")
        )
        if file:
            self.choose(Path(file))

    def choose(self, path: Path) -> None:
        """Look at a folder or a file; its format is found out where it can be."""
        self._path = path
        self._services.background.work(partial(desk.format_of, path), self._found_out, owner=self)

    def _found_out(self, format: str) -> None:
        if format:
            self.format.set_key(format)
        self.look()

    def look(self) -> None:
        """What would come in; nothing is changed."""
        if self._path is None:
            return
        self._asked += 1
        self._look = None
        make = partial(desk.look, path=self._path, format=self.format.key, report=self._report)
        self._services.background.read(
            make, partial(self._looked, self._asked), partial(self._not_looked, self._asked), owner=self
        )
        self.retranslate()

    def _looked(self, asked: int, look: Look) -> None:
        if asked == self._asked:
            self._window.status.set_work(lambda: "")
            self._look = look
            self.unknown.show_words(look.unknown)
            self.failures.show_failures(look.failed)
            self.retranslate()

    def _not_looked(self, asked: int, error: UserError) -> None:
        if asked == self._asked:
            self._window.status.set_work(lambda: "")
            self.unknown.show_words({})
            self.failures.show_failures(())
            self._window.show_error(error)
            self.retranslate()

    def _show_progress(self, done: int, total: int) -> None:
        share = done / total if total else 1.0
        self._window.status.set_work(lambda: text("import.reading", done=done, total=total), share)

    # -- all of it -----------------------------------------------------------------------------------------------
    def _import(self) -> None:
        if self._path is None or self._look is None:
            return
        self._busy = True
        make = partial(
            desk.import_boxes,
            workspace=self._services.workspace,
            path=self._path,
            format=self.format.key,
            aliases=self.unknown.aliases(),
            report=self._report,
        )
        self._services.background.through(make, BOXES, self._imported, self._not_imported, owner=self)
        self.retranslate()

    def _imported(self, result: ImportedBoxes) -> None:
        self._finish()
        images, boxes = result.images, result.boxes
        self._window.messages.info("imported", lambda: text("import.done", images=images, boxes=boxes))
        self._services.reload_pack()
        self.failures.show_failures(result.failed)
        if not result.failed:
            self.back_wanted.emit()

    def _not_imported(self, error: UserError) -> None:
        self._finish()
        self._window.show_error(error)

    def _finish(self) -> None:
        self._busy = False
        self._window.status.set_work(lambda: "")
        self.retranslate()

    def retranslate(self) -> None:
        look = self._look
        self._words.setText(text("import.words"))
        self.folder.setText(text("import.folder"))
        self.folder.setToolTip(text("import.folder_tip"))
        self.file.setText(text("import.file"))
        self.file.setToolTip(text("import.file_tip"))
        self._shown.setText(self._path.name if self._path else text("import.nothing_chosen"))
        self._shown.setToolTip(str(self._path or ""))
        self._format_caption.setText(text("exchange.format"))
        self.format.setAccessibleName(text("exchange.format"))
        self.take.setToolTip(text("import.take_tip"))
        self.format.setToolTip(text("import.format_tip"))
        boxes = look.boxes if look else 0
        open_ = self.unknown.open if look else 0
        take = text("import.take", n=f"{boxes:,}") if look else text("import.do")
        self.take.setText(text("import.answer", n=open_) if open_ else take)
        self.take.setEnabled(look is not None and boxes > 0 and not open_ and not self._busy)
        if look is not None:
            self._summary.setText(text("import.summary", images=f"{look.images:,}", boxes=f"{boxes:,}"))
            new = text("import.new_photos", n=look.new_images) if look.new_images else ""
            self._detail.setText("  ".join(p for p in (text("import.files", n=look.files), new) if p))
        else:
            busy = self._path is not None and self._asked > 0
            self._summary.setText(text("import.looking") if busy else text("import.head"))
            self._detail.setText("" if busy else text("import.head_words"))
