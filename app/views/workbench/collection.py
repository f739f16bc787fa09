"""Which photos the list shows: the workspace's, a folder's, a patient's. Opens what a person names or drops."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.common.errors import UserError
from app.common.photo_files import PHOTO_SUFFIXES, readable, walk_photos
from app.common.words import text
from app.datasets.records import ImageRow
from app.views.background import Changed
from app.views.photo_list import PhotoPanel
from app.views.services import Services
from app.views.workbench import desk


class Collection(QObject):
    emptied = Signal()
    nothing_found = Signal()
    working = Signal(bool)  # True while a folder is walked and its photos are registered

    def __init__(self, services: Services, panel: PhotoPanel, parent: QWidget) -> None:
        super().__init__(parent)
        self._services = services
        self._panel = panel
        self._window = parent
        panel.all_wanted.connect(self.show_all)

    def show_all(self) -> None:
        current = self._panel.current()
        choose = current.id if current else self._services.settings.last_image
        self._services.background.read(desk.every_photo, partial(self._show, choose=choose), owner=self)

    def _show(self, rows: Sequence[ImageRow], title: str | None = None, choose: int = -1) -> None:
        self._panel.show_rows(rows, title, choose=choose)
        if not rows:
            self.emptied.emit()

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
        """Link the photos behind ``paths`` (folders with all under them) and show them."""
        first = paths[0] if paths[0].is_dir() else paths[0].parent
        self._services.change_settings(last_folder=str(first.absolute()))
        title = paths[0].name if len(paths) == 1 and paths[0].is_dir() else None
        self.working.emit(True)
        self._services.background.work(
            partial(_walk, tuple(paths)), partial(self._walked, title), self._given_up, owner=self
        )

    def _walked(self, title: str | None, found: tuple[tuple[Path, ...], tuple[UserError, ...]]) -> None:
        photos, errors = found
        for error in errors[:3]:
            self._services.report(error)
        if not photos:
            self.working.emit(False)
            if not errors:
                self.nothing_found.emit()
            return
        self._services.background.change(
            partial(desk.link, paths=photos),
            Changed(frozenset({"images"})),
            partial(self._linked, title),
            self._given_up,
            owner=self,
        )

    def _given_up(self, error: UserError) -> None:
        self.working.emit(False)
        self._services.report(error)

    def _linked(self, title: str | None, rows: tuple[ImageRow, ...]) -> None:
        self.working.emit(False)
        if title is not None:
            self._show(rows, title)
        else:
            choose = rows[0].id if rows else -1
            self._services.background.read(desk.every_photo, partial(self._show, choose=choose), owner=self)

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
        rows, days = found
        notes = {i: day.isoformat() if day else text("photos.unknown_day") for i, day in days.items()}
        self._panel.show_rows(rows, text("photos.patient", code=patient), notes, choose)


def _walk(paths: tuple[Path, ...]) -> tuple[tuple[Path, ...], tuple[UserError, ...]]:
    """Photos; and the folders that could not be looked into, the names that are no text, what is missing."""
    errors: list[UserError] = []
    found = tuple(walk_photos(paths, errors.append))
    present = []
    for path in found:
        if readable(str(path)) != str(path):
            errors.append(UserError("name_not_text", name=readable(path.name)))
        elif path.exists():
            present.append(path)
        else:
            errors.append(UserError("file_missing", file=path.name))
    return tuple(present), tuple(errors)
