"""Opening files and folders: the photos behind them come in batches, the first as soon as its names are known.

A batch is walked on a worker, registered on the database thread, handed over here; then the next. So the list grows
behind the first photo, other questions to the database wait for one batch at most, and giving up takes effect at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from time import monotonic

from PySide6.QtCore import QObject, Signal

from app.common.errors import UserError
from app.common.photo_files import readable, walk_files
from app.datasets.records import ImageRow
from app.views.background import Changed
from app.views.services import Services
from app.views.workbench import desk

FIRST, BATCH = 64, 1024
"""A screenful first, that it can be painted; then twice as many each time, up to what the database registers in some
20 ms: nothing that a person asks for waits longer than that for its turn."""
TELL_SECONDS = 0.2
"""Between two growths of the list, each of which paints it anew."""


class _Coming(QObject):
    """Rows that come in batches. Neither signal is sent once it was given up."""

    came = Signal(object)  # ImageRows
    ended = Signal(object)  # UserErrors on the way

    def __init__(self, services: Services, parent: QObject) -> None:
        super().__init__(parent)
        self._background = services.background
        self._errors: list[UserError] = []
        self._given_up = False
        self._held: list[ImageRow] = []
        self._told = 0.0

    def give_up(self) -> None:
        """What has come stays; no more comes."""
        self._given_up = True
        self.deleteLater()

    def _hand_on(self, rows: Sequence[ImageRow]) -> None:
        self._held.extend(rows)
        if monotonic() - self._told >= TELL_SECONDS:
            self._tell()

    def _tell(self) -> None:
        if self._held:
            rows, self._held = tuple(self._held), []
            self.came.emit(rows)
            self._told = monotonic()

    def _failed(self, error: UserError) -> None:
        if not self._given_up:
            self._errors.append(error)
            self._end()

    def _end(self) -> None:
        self._tell()
        self.ended.emit(tuple(self._errors))
        self.deleteLater()


class Everything(_Coming):
    """The workspace's photos in the order they were added."""

    def start(self) -> None:
        self._ask(0)

    def _ask(self, after: int) -> None:
        self._background.read(partial(desk.page, after=after, most=BATCH), self._read, self._failed, owner=self)

    def _read(self, rows: tuple[ImageRow, ...]) -> None:
        if self._given_up:
            return
        if rows:
            self._hand_on(rows)
            self._ask(rows[-1].id)
        else:
            self._end()


class Opening(_Coming):
    """The photos behind ``paths``, registered where they lie, in the order walked."""

    def __init__(self, services: Services, paths: Sequence[Path], parent: QObject) -> None:
        super().__init__(services, parent)
        self._most = FIRST
        self._found = _found(tuple(os.path.abspath(p) for p in paths), self._errors)  # noqa: PTH100 (keeps links)

    def start(self) -> None:
        self._walk()

    def _walk(self) -> None:
        found, most = self._found, self._most
        self._most = min(2 * most, BATCH)
        self._background.work(lambda: tuple(islice(found, most)), self._walked, self._failed, owner=self)

    def _walked(self, paths: tuple[str, ...]) -> None:
        if self._given_up:
            return
        if not paths:
            self._end()
            return
        self._background.change(
            partial(desk.link, paths=paths), Changed(frozenset({"images"})), self._linked, self._failed, owner=self
        )

    def _linked(self, rows: tuple[ImageRow, ...]) -> None:
        if not self._given_up:
            self._hand_on(rows)
            self._walk()


def _found(paths: Sequence[str], errors: list[UserError]) -> Iterator[str]:
    """Photos; and into ``errors`` folders that cannot be looked into, names that are no text, what is missing."""
    for given in paths:
        if not os.path.exists(given):  # noqa: PTH110 (False, not an error, for a name that is too long)
            errors.append(UserError("file_missing", file=readable(os.path.basename(given))))  # noqa: PTH119
            continue
        for path in walk_files((given,), errors.append):
            if readable(path) != path:
                errors.append(UserError("name_not_text", name=readable(os.path.basename(path))))  # noqa: PTH119
            else:
                yield path
