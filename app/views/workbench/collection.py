"""Which photos the list shows: the workspace's, a folder's, a patient's. Opens what a person names or drops."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.common.errors import UserError
from app.common.photo_files import PHOTO_SUFFIXES
from app.common.words import text
from app.datasets.records import ImageRow
from app.views.photo_list import PhotoPanel
from app.views.services import Services
from app.views.workbench import desk
from app.views.workbench.opening import Everything, Opening


class Collection(QObject):
    emptied = Signal()
    nothing_found = Signal()
    working = Signal(object)  # how many photos a folder has shown so far; None: no more come

    def __init__(self, services: Services, panel: PhotoPanel, parent: QWidget) -> None:
        super().__init__(parent)
        self._services = services
        self._panel = panel
        self._window = parent
        self._coming: Opening | Everything | None = None
        self._title: str | None = None
        self._first: ImageRow | None = None
        self._whole = False  # the list shows every photo of the workspace
        panel.all_wanted.connect(self.show_all)

    @property
    def idle(self) -> bool:
        """No more photos are on their way into the list."""
        return self._coming is None

    # -- the workspace -------------------------------------------------------------------------------------------
    def show_all(self, choose: int | None = None) -> None:
        """``choose``: the id to open (None: the one that is open, or was last)."""
        current = self._panel.current()
        self._show_all(choose or (current.id if current else self._services.settings.last_image))

    def _show_all(self, choose: int) -> None:
        self.stop()
        self._whole = False
        coming = Everything(self._services, self)
        coming.came.connect(partial(self._page_came, choose))
        coming.ended.connect(self._all_came)
        self._coming, self._first = coming, None
        coming.start()

    def _page_came(self, choose: int, rows: Sequence[ImageRow]) -> None:
        if self._first is None:
            self._first = rows[0]
            self._panel.show_rows(rows, choose=choose, more=True)
        else:
            self._panel.append_rows(rows)

    def _all_came(self, errors: Sequence[UserError]) -> None:
        self._coming, self._whole = None, True
        if self._first is None:
            self._panel.show_rows(())
            self.emptied.emit()
        self._panel.all_came()
        for error in errors:
            self._services.report(error)

    # -- files and folders ---------------------------------------------------------------------------------------
    def ask_for_files(self) -> None:
        suffixes = " ".join(f"*{s} *{s.upper()}" for s in sorted(PHOTO_SUFFIXES))
        files, _ = QFileDialog.getOpenFileNames(
            self._window, text("menu.open_files"), self._last_folder(), f"{text('saved.photo_filter')} ({suffixes})"
        )
        if files:
            self.open([Path(f) for f in files])

    def ask_for_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._window, text("menu.open_folder"), self._last_folder())
        if folder:
            self.open([Path(folder)])

    def _last_folder(self) -> str:
        return self._services.settings.last_folder

    def open(self, paths: Sequence[Path]) -> None:
        """Link the photos behind ``paths`` and show them: a folder (with all under it) by itself, files among all."""
        self.stop()
        first = paths[0] if paths[0].is_dir() else paths[0].parent
        self._services.change_settings(last_folder=str(first.absolute()))
        self._title = (paths[0].absolute().name or str(paths[0])) if len(paths) == 1 and paths[0].is_dir() else None
        coming = Opening(self._services, paths, self)
        coming.came.connect(self._came)
        coming.ended.connect(self._opened)
        self._coming, self._first = coming, None
        self.working.emit(0)
        coming.start()

    def stop(self) -> None:
        """No more photos come; those that have come stay."""
        if self._coming is not None:
            self._coming.give_up()
            self._coming = None
            self._panel.all_came()
            self.working.emit(None)

    def _came(self, rows: Sequence[ImageRow]) -> None:
        if not rows:
            return
        is_first, self._first = self._first is None, self._first or rows[0]
        if self._title is not None and is_first:
            self._whole = False
            self._panel.show_rows(rows, self._title, more=True)
        elif self._title is not None or self._whole:
            self._panel.append_rows(rows)
        if self._whole and is_first:
            self._panel.go_to(rows[0].id)
        self.working.emit(self._panel.model.total if self._title is not None else 0)

    def _opened(self, errors: Sequence[UserError]) -> None:
        self._coming = None
        self._panel.all_came()
        self.working.emit(None)
        for error in errors[:3]:
            self._services.report(error)
        if self._first is None and not errors:
            self.nothing_found.emit()
        elif self._first is not None and self._title is None and not self._whole:
            self._show_all(self._first.id)

    def show_patient(self, patient: str) -> None:
        current = self._panel.current()
        self._services.background.read(
            partial(desk.patient_over_time, patient=patient),
            partial(self._show_patient, patient, current.id if current else -1),
            owner=self,
        )

    def _show_patient(
        self, patient: str, choose: int, found: tuple[tuple[ImageRow, ...], dict[int, date | None]]
    ) -> None:
        self.stop()
        self._whole = False
        rows, days = found
        notes = {i: day.isoformat() if day else text("photos.unknown_day") for i, day in days.items()}
        self._panel.show_rows(rows, text("photos.patient", code=patient), notes, choose)
