"""The case card on its way into the database: one at a time, each with the version that the one before was given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject

from app.common.errors import UserError
from app.datasets.records import CaseRecord, ImageRow
from app.views.background import Background, Changed
from app.views.workbench import desk

CASES = frozenset({"cases", "images"})
Kept = Callable[[CaseRecord, ImageRow, int], object]
NotKept = Callable[[int, UserError], object]


class CaseKeeping(QObject):
    """``kept(case, row, photos of the patient)`` and ``not_kept(image id, error)`` hear of each."""

    def __init__(self, background: Background, kept: Kept, not_kept: NotKept, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self._kept, self._not_kept = kept, not_kept
        self._under_way = 0  # the photo's id
        self._next: tuple[int, CaseRecord] | None = None

    def keep(self, image_id: int, wanted: CaseRecord) -> None:
        """Store the card; while one is being stored the newest waits."""
        if self._under_way:
            self._next = image_id, wanted
            return
        self._under_way = image_id
        self._background.change(
            partial(desk.keep_case, image_id=image_id, wanted=wanted),
            Changed(CASES, image_id),
            self._stored,
            self._refused,
            owner=self,
        )

    def _stored(self, stored: tuple[CaseRecord, ImageRow, int]) -> None:
        case, row, photos = stored
        self._under_way = 0
        self._kept(case, row, photos)
        if self._next is not None:
            (image_id, wanted), self._next = self._next, None
            if image_id == row.id:
                wanted = replace(wanted, id=case.id, version=case.version, patient=wanted.patient or case.patient)
            self.keep(image_id, wanted)

    def _refused(self, error: UserError) -> None:
        image_id, self._under_way, self._next = self._under_way, 0, None
        self._not_kept(image_id, error)
