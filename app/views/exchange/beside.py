"""The file of boxes beside the photo at work: taken when the photo is opened or another program has changed it, saved
by Ctrl+S, and never written over where it cannot be read or two sides have changed one box."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from app.common.errors import UserError
from app.common.words import text
from app.views import keys
from app.views.background import Changed
from app.views.exchange import desk, format_words
from app.views.messages import Action, Message

if TYPE_CHECKING:
    from app.annotation.formats import Format
    from app.annotation.merging import Prefer
    from app.datasets.records import ImageRow
    from app.views.exchange.desk import Taken
    from app.views.workbench.workbench import Workbench

BOXES = frozenset({"annotations", "images"})
DAMAGED, CONFLICT, OTHER_FORMAT = "annotation_damaged", "sidecar_conflict", "sidecar_other_format"


class Beside(QObject):
    took = Signal()  # boxes of a file stand on the photo now

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._services = bench.services
        self._messages = bench.frame.messages
        self._told: set[tuple[Path, int]] = set()  # files that were told to be in trouble, as they are
        self._looked_at = 0  # the photo that these messages are about
        self._ahead: set[int] = set()  # photos whose files were taken before they were opened
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.applicationStateChanged.connect(self._come_back)

    # -- taking --------------------------------------------------------------------------------------------------
    def look(self) -> None:
        """Another photo stands, or other programs were at work: is there anything new beside it?"""
        sitting = self._bench.sitting
        row = sitting.row
        if row is None or not sitting.shown:
            return
        if row.id != self._looked_at:
            self._looked_at = row.id
            self._told.clear()
            for code in (DAMAGED, CONFLICT, OTHER_FORMAT, "beside"):
                self._messages.dismiss(code)
        find = partial(desk.files_beside, row.path, self._folder(row), self._services.settings.save_format)
        self._services.background.work(find, partial(self._found, row), lambda _: None, owner=self)
        for neighbour in self._bench.photos.neighbours():
            self._look_ahead(neighbour)

    def _look_ahead(self, row: ImageRow) -> None:
        """The boxes of a photo that is likely to be opened next; what is wrong with its file is told then."""
        if row.id in self._ahead:
            return
        self._ahead.add(row.id)
        find = partial(desk.files_beside, row.path, self._folder(row), "voc")
        self._services.background.work(find, partial(self._found_ahead, row), lambda _: None, owner=self)

    def _found_ahead(self, row: ImageRow, files: tuple[tuple[Path, Format], ...]) -> None:
        for file, format in files:
            self._services.background.change(
                partial(desk.take_file, image_id=row.id, file=file, format=format),
                Changed(frozenset(), row.id),
                partial(self._taken_ahead, row.id),
                lambda _: None,
                owner=self,
            )

    def _taken_ahead(self, image_id: int, taken: Taken) -> None:
        if taken.edit is not None:
            self._services.background.changed.emit(Changed(BOXES, image_id))
            self._taken(taken)

    def _come_back(self, state: Qt.ApplicationState) -> None:
        if state == Qt.ApplicationState.ApplicationActive and self._bench.frame.pages.sheet is None:
            self.look()

    def _found(self, row: ImageRow, files: tuple[tuple[Path, Format], ...]) -> None:
        for file, format in files:
            self.take(row, file, format)

    def take(self, row: ImageRow, file: Path, format: Format, prefer: Prefer = "nobody", asked: bool = False) -> None:
        """``asked``: by a person, who wants to hear again what stands in the way."""
        self._services.background.change(
            partial(desk.take_file, image_id=row.id, file=file, format=format, prefer=prefer),
            Changed(BOXES, row.id),
            self._taken,
            partial(self._in_the_way, row, file, format, asked=asked),
            owner=self,
        )

    def _taken(self, taken: Taken) -> None:
        bench, edit = self._bench, taken.edit
        if edit is None:
            return
        bench.sitting.row_changed.emit(taken.row)
        bench.sitting.undoing.tell(taken.journal)
        if bench.sitting.row is None or bench.sitting.row.id != taken.row.id:
            return
        if bench.canvas.take(edit):
            bench.sitting.reading_changed.emit()
            if not taken.first:
                bench.canvas.flash(sorted(edit.touches), ())
            self.took.emit()
        else:
            bench.sitting.open(taken.row)
        if not taken.first:
            file, n = taken.file.name, max(1, len(edit.touches))
            undo: Action = (lambda: text("menu.undo"), bench.actions_["undo"].trigger)
            self._messages.info("beside", lambda: text("beside.merged", file=file, n=n), undo)

    def ask_for_boxes(self, row: ImageRow) -> None:
        file, _ = QFileDialog.getOpenFileName(
            self._bench, text("menu.open_boxes"), str(row.path.parent), text("import.filter")
        )
        if file:
            self.open_boxes(row, Path(file))

    def open_boxes(self, row: ImageRow, file: Path) -> None:
        """A file that a person names for this photo, wherever it lies."""
        find_out = partial(desk.format_of, file)
        self._services.background.work(find_out, partial(self._opened, row, file), owner=self)

    def _opened(self, row: ImageRow, file: Path, format: str) -> None:
        if not format:
            self._messages.error(UserError("no_box_format", file=file.name))
        else:
            self.take(row, file, desk.format_named(format), asked=True)

    # -- saving --------------------------------------------------------------------------------------------------
    def save(self, row: ImageRow, prefer: Prefer = "nobody") -> None:
        """Beside the photo or in the folder that was chosen, in the chosen format."""
        folder, format = self._folder(row), desk.format_named(self._services.settings.save_format)
        make = partial(
            desk.save_file, image_id=row.id, photo=row.path, folder=folder, save_format=format, prefer=prefer
        )
        file = desk.place_of(row.path, folder, format)
        self._services.background.change(
            make,
            Changed(BOXES, row.id),
            self._saved,
            partial(self._in_the_way, row, file, format, asked=True, saving=True),
            owner=self,
        )

    def _saved(self, taken: Taken) -> None:
        self._taken(taken)
        file = taken.file.name
        for code in (CONFLICT, OTHER_FORMAT):
            self._messages.dismiss(code)
        if taken.written:
            self._messages.info("saved", lambda: text("beside.saved", file=file))
        else:
            self._messages.info("saved", lambda: text("beside.same", file=file))

    def next_format(self) -> None:
        """labelImg's Ctrl+Y, over six formats."""
        formats = format_words.KEYS
        now = self._services.settings.save_format
        self.use_format(formats[(formats.index(now) + 1) % len(formats)])

    def use_format(self, key: str) -> None:
        self._services.change_settings(save_format=key)
        self._messages.info("save_format", partial(_saves_as, key))
        self._bench.annotate.retranslate()

    def choose_folder(self) -> bool:
        """False: the person thought better of it."""
        folder = QFileDialog.getExistingDirectory(
            self._bench, text("menu.save_folder"), self._services.settings.save_folder
        )
        if folder:
            self._services.change_settings(save_folder=folder)
            self._messages.info("save_folder", lambda: text("saved.folder", folder=folder))
        return bool(folder)

    def _folder(self, row: ImageRow) -> Path:
        chosen = self._services.settings.save_folder
        return Path(chosen) if chosen else row.path.parent

    # -- what stands in the way ----------------------------------------------------------------------------------
    def _in_the_way(
        self, row: ImageRow, file: Path, format: Format, error: UserError, *, asked: bool, saving: bool = False
    ) -> None:
        if not asked and not self._is_news(file):
            return
        here = self._bench.sitting.row
        if here is None or here.id != row.id:
            return
        actions: tuple[Action, ...] = ()
        if error.code == CONFLICT:
            actions = self._sides(row, file, format, saving)
        elif error.code == DAMAGED:
            actions = (
                (lambda: text("beside.repair"), lambda: self._repair(row, file, format)),
                (lambda: text("beside.set_aside"), lambda: self._set_aside(file)),
            )
        elif error.code == OTHER_FORMAT and saving:
            there, name = str(error.facts["there"]), error.facts["format"]
            actions = (
                (lambda: text("beside.save_as", format=name), lambda: self._save_as(row, there)),
                (lambda: text("beside.elsewhere"), lambda: self._save_elsewhere(row)),
            )
        self._messages.show_message(
            Message(error.code, lambda: error.what, lambda: error.remedy, kind="danger", actions=actions)
        )

    def _save_as(self, row: ImageRow, format: str) -> None:
        self.use_format(format)
        self.save(row)

    def _save_elsewhere(self, row: ImageRow) -> None:
        if self.choose_folder():
            self.save(row)

    def _sides(self, row: ImageRow, file: Path, format: Format, saving: bool) -> tuple[Action, ...]:
        def chosen(prefer: Prefer) -> None:
            if saving:
                self.save(row, prefer)
            else:
                self.take(row, file, format, prefer, asked=True)

        return (
            (lambda: text("beside.theirs"), lambda: chosen("theirs")),
            (lambda: text("beside.ours"), lambda: chosen("ours")),
            (lambda: text("beside.both"), lambda: chosen("both")),
        )

    def _is_news(self, file: Path) -> bool:
        """Not the same trouble with the same file once more, each time that the window is looked at."""
        try:
            state = (file, file.stat().st_mtime_ns)
        except OSError:
            return True
        if state in self._told:
            return False
        self._told.add(state)
        return True

    def _repair(self, row: ImageRow, file: Path, format: Format) -> None:
        self._services.background.work(
            partial(desk.repair, file, format), partial(self._repaired, row, file, format), owner=self
        )

    def _repaired(self, row: ImageRow, file: Path, format: Format, done: bool) -> None:
        if not done:
            set_aside: Action = (lambda: text("beside.set_aside"), lambda: self._set_aside(file))
            error = UserError("not_repairable", file=file.name)
            self._messages.show_message(
                Message(DAMAGED, lambda: error.what, lambda: error.remedy, kind="danger", actions=(set_aside,))
            )
            return
        self._messages.info("repaired", lambda: text("beside.repaired", file=file.name))
        self.take(row, file, format, asked=True)

    def _set_aside(self, file: Path) -> None:
        self._services.background.work(partial(desk.set_aside, file), self._is_aside, owner=self)

    def _is_aside(self, aside: Path) -> None:
        self._messages.info("aside", lambda: text("beside.aside", file=aside.name))


def _saves_as(format: str) -> str:
    pressed = keys.written("save") or text("menu.save")
    return text("beside.format", pressed=pressed, format=format_words.format_words(format))
