"""The Datasets page: versions as a tree, the datasheet of one beside it; freeze, compare, export, erase."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.common.errors import UserError
from app.common.words import text
from app.views.background import Changed
from app.views.child_process import errand
from app.views.datasets.cases_sheet import CasesSheet
from app.views.datasets.datasheet_view import DatasheetView
from app.views.datasets.diff_sheet import DiffSheet
from app.views.datasets.erase_sheet import EraseSheet
from app.views.datasets.freeze_sheet import FreezeSheet
from app.views.datasets.set_export_sheet import SetExportSheet
from app.views.datasets.version_tree import VersionTree
from app.views.forms import WIDTH, new_place
from app.views.parts import Elided, label
from app.views.services import Services
from app.views.sheets import Page
from app.views.window import Window

if TYPE_CHECKING:
    from app.common.packs import Pack
    from app.datasets.freezing.datasheet import Datasheet
    from app.datasets.freezing.versions import DatasetRow

ERASED = Changed(frozenset({"images", "cases", "annotations", "predictions", "photos"}))


class DatasetsPage(Page):
    def __init__(self, services: Services, window: Window) -> None:
        super().__init__()
        self.setObjectName("sheet")
        self._services = services
        self._window = window
        self._wanted = ""
        self._asked = ""
        self.tree = VersionTree()
        self._tree_caption = label("section")
        self.freeze, self.cases, self.erase = QPushButton(), QPushButton(), QPushButton()
        self.freeze.setProperty("kind", "primary")
        self.name = Elided("section")
        self.compare, self.save, self.export = QPushButton(), QPushButton(), QPushButton()
        self.sheet = DatasheetView()
        self._empty = label("soft", wrap=True)
        self._right = QStackedWidget()
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        left = QWidget()
        left.setObjectName("leftPanel")
        left.setFixedWidth(WIDTH)
        column = QVBoxLayout(left)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addWidget(self.freeze)
        column.addWidget(self.cases)
        column.addSpacing(8)
        column.addWidget(self._tree_caption)
        column.addWidget(self.tree, 1)
        column.addWidget(self.erase)
        head = QHBoxLayout()
        head.setContentsMargins(24, 16, 24, 0)
        head.setSpacing(8)
        head.addWidget(self.name, 1)
        for button in (self.compare, self.save, self.export):
            head.addWidget(button)
        version = QWidget()
        beside = QVBoxLayout(version)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addLayout(head)
        beside.addWidget(self.sheet, 1)
        nothing = QWidget()
        middle = QVBoxLayout(nothing)
        middle.setContentsMargins(24, 24, 24, 24)
        middle.addWidget(self._empty)
        middle.addStretch()
        self._right.addWidget(nothing)
        self._right.addWidget(version)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(left)
        layout.addWidget(self._right, 1)

    def _connect(self) -> None:
        self.tree.chosen.connect(self._choose)
        self.freeze.clicked.connect(lambda: self._open_freeze())
        self.cases.clicked.connect(lambda: self._window.open_sheet(CasesSheet(self._services, self._window)))
        self.erase.clicked.connect(lambda: self._open_erase())
        self.compare.clicked.connect(lambda: self._open_diff())
        self.export.clicked.connect(lambda: self._open_export())
        self.save.clicked.connect(lambda: self._save_datasheet())
        self._services.pack_changed.connect(self.begin)

    def begin(self) -> None:
        self._services.background.read(_versions, self._show, owner=self)

    def _show(self, rows: tuple[DatasetRow, ...]) -> None:
        self.tree.show_rows(rows, self._wanted)
        self._wanted = ""
        if not rows:
            self._choose("")

    def _choose(self, version: str) -> None:
        row = self.tree.row(version)
        readable = row is not None and not row.reduced
        for button in (self.compare, self.save, self.export):
            button.setEnabled(readable)
        self._asked = version
        self.name.setText(version)
        if readable:
            self._services.background.read(partial(_frozen, version=version), self._count, owner=self)
        else:
            self._right.setCurrentIndex(0)
            self.retranslate()

    def _count(self, found: Any) -> None:
        """The numbers, in a thread that needs no database."""
        frozen, pack = found
        self._services.background.work(partial(_datasheet, frozen), partial(self._show_sheet, pack), owner=self)

    def _show_sheet(self, pack: Pack, sheet: Datasheet) -> None:
        if sheet.dataset == self._asked:
            self.sheet.show_sheet(sheet, pack)
            self._right.setCurrentIndex(1)

    # -- what can be done ------------------------------------------------------------------------------------------
    def _open_freeze(self) -> None:
        names = list(dict.fromkeys(v.partition("@")[0] for v in self.tree.versions()))
        chosen = self.tree.version.partition("@")[0]
        names.sort(key=lambda name: name != chosen)
        self._window.open_sheet(FreezeSheet(self._services, self._window, names, self._take_new))

    def _take_new(self, version: str) -> None:
        self._wanted = version

    def _open_diff(self) -> None:
        version = self.tree.version
        rows = [r for v in self.tree.versions() if (r := self.tree.row(v)) is not None and not r.reduced]
        row = self.tree.row(version)
        parent = f"{row.name}@{row.parent}" if row is not None and row.parent else ""
        others = [r.full_name for r in rows if r.full_name != version]
        if not others:
            self._window.messages.info("no_other_version", lambda: text("diff.none"))
            return
        first = parent if parent in others else others[0]
        self._window.open_sheet(DiffSheet(self._services, self._window, version, others, first))

    def _open_export(self) -> None:
        self._window.open_sheet(SetExportSheet(self._services, self._window, self.tree.version))

    def _open_erase(self) -> None:
        erased = lambda: self._services.background.changed.emit(ERASED)
        self._window.open_sheet(EraseSheet(self._services, self._window, erased))

    def _save_datasheet(self) -> None:
        version = self.tree.version
        start = self._services.settings.last_folder
        folder = QFileDialog.getExistingDirectory(self, text("sets.save_datasheet"), start)
        if folder:
            self.write_datasheet(version, Path(folder))

    def write_datasheet(self, version: str, folder: Path) -> None:
        """Table and figure into a new folder inside ``folder``, by a process that may load matplotlib."""
        out = new_place(folder, f"datasheet-{version.replace('@', '-')}")
        words = ["dataset", "datasheet", version, str(out)]
        self.save.setEnabled(False)
        child = errand(self._services, words, lambda _: self._saved(out), self._not_saved, self)
        self._window.status.set_work(lambda: text("sets.saving_datasheet"), stop=child.kill)

    def _saved(self, out: Path) -> None:
        self._finish_saving()
        self._window.messages.info("datasheet_saved", lambda: text("sets.datasheet_saved", folder=out.name))

    def _not_saved(self, error: UserError) -> None:
        self._finish_saving()
        self._window.show_error(error)

    def _finish_saving(self) -> None:
        self._window.status.set_work(lambda: "")
        self.save.setEnabled(True)

    # -- words -----------------------------------------------------------------------------------------------------
    def retranslate(self) -> None:
        self._tree_caption.setText(text("sets.versions"))
        for button, words, tip in (
            (self.freeze, text("freeze.open_sheet"), text("freeze.purpose")),
            (self.cases, text("cases.open_sheet"), text("cases.purpose")),
            (self.erase, text("erase.open_sheet"), text("erase.purpose")),
            (self.compare, text("diff.open_sheet"), text("diff.purpose")),
            (self.save, text("sets.save_datasheet"), text("sets.save_datasheet_tip")),
            (self.export, text("set_export.open_sheet"), text("set_export.purpose")),
        ):
            button.setText(words)
            button.setToolTip(tip)
        row = self.tree.row(self.tree.version)
        if row is not None and row.reduced:
            self._empty.setText(text("sets.reduced_words", version=f"{row.name}@{row.reduced_to}"))
        else:
            self._empty.setText(text("sets.none"))


def _versions(session: Any) -> tuple[DatasetRow, ...]:
    from app.datasets.freezing.versions import list_datasets

    return list_datasets(session)


def _frozen(session: Any, version: str) -> Any:
    from app.datasets.freezing.versions import find_dataset
    from app.datasets.vocabulary import pack_in

    frozen = find_dataset(session, version)
    return frozen, pack_in(session, frozen.pack)


def _datasheet(frozen: Any) -> Datasheet:
    from app.datasets.freezing.datasheet import datasheet_of

    return datasheet_of(frozen)
