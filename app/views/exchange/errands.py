"""What is not done on one photo: sheets over the work, and whoever sits down at it.

Each sheet is imported when it is first wanted, so that the window stands without them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.common.words import text
from app.views.background import Changed
from app.views.exchange import desk
from app.views.exchange.backing_up import BackingUp
from app.views.exchange.beside import Beside
from app.views.exchange.foreign_words import ForeignWords
from app.views.people.persons import Persons

if TYPE_CHECKING:
    from app.datasets.records import ImageRow
    from app.views.services import Services
    from app.views.sheets import Sheet
    from app.views.window import Window
    from app.views.workbench.workbench import Workbench

IMAGES = Changed(frozenset({"images", "photos"}))


class Errands(QObject):
    """``table`` names actions of :data:`app.views.actions.ENTRIES` and what they do."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.persons = Persons(bench.services, bench.frame, self.agreement, bench.case_card.enter)
        self.foreign = ForeignWords(bench)
        self.beside = Beside(bench)
        self.beside.took.connect(self.foreign.ask)
        self.backing_up = BackingUp(bench.services, bench.frame)
        self._covered = False  # a sheet or another page is seen
        self._stale = ""  # what was changed there: "boxes" of photos in the list, or "photos" themselves
        bench.sitting.photo_shown.connect(self.beside.look)
        bench.sitting.photo_shown.connect(self._say_apart)
        bench.services.actor_changed.connect(self._sat_down)
        bench.services.background.changed.connect(self._changed)
        bench.frame.photo_covered.connect(self._refresh)

    def table(self) -> Mapping[str, Callable[[], object]]:
        beside, with_photo = self.beside, self._bench.commands.with_photo
        return {
            "open_boxes": partial(with_photo, beside.ask_for_boxes),
            "save": partial(with_photo, beside.save),
            "save_folder": beside.choose_folder,
            "save_format": beside.next_format,
            "import_boxes": self.import_boxes,
            "export_boxes": self.export_boxes,
            "patches": self.patches,
            "backup": self.backing_up.ask,
            "trash_photo": self.trash_photo,
            "trash": self.trash,
            "people": self.persons.manage,
            "agreement": self.agreement,
        }

    def _sat_down(self, person: str) -> None:
        """The photo is shown as this person has it."""
        bench = self._bench
        bench.frame.messages.info("person", lambda: text("people.now", person=person))
        bench.services.background.changed.emit(Changed(frozenset({"people"})))  # nothing made ready is theirs
        self._read_rows()
        if bench.sitting.row is not None:
            bench.sitting.open(bench.sitting.row)

    def _read_rows(self) -> None:
        """The list says of each photo how it stands for the person at work."""
        model = self._bench.photos.model
        self._bench.services.background.read(partial(desk.rows, ids=model.ids()), model.update_rows, owner=self)

    def _say_apart(self) -> None:
        sitting = self._bench.sitting
        self._bench.frame.note((lambda: text("people.apart")) if sitting.shown and sitting.apart else None)

    def _changed(self, changed: Changed) -> None:
        if not self._covered:
            return
        if "photos" in changed.topics:
            self._stale = "photos"
        elif changed.topics & {"annotations", "assignments"}:
            self._stale = self._stale or "boxes"

    def _refresh(self, covered: bool) -> None:
        """What was changed elsewhere is seen when the work is seen again."""
        self._covered = covered
        stale, bench = self._stale, self._bench
        if covered:
            return
        bench.canvas.setFocus()  # the keys of the work count again
        if not stale:
            return
        self._stale = ""
        if stale == "photos":
            bench.collection.show_all()
        self._read_rows()
        if bench.sitting.row is not None:
            bench.sitting.open(bench.sitting.row)

    # -- sheets --------------------------------------------------------------------------------------------------
    def agreement(self) -> None:
        from app.views.people.agreement_sheet import AgreementSheet

        self._open(AgreementSheet)

    def import_boxes(self) -> None:
        from app.views.exchange.import_sheet import ImportSheet

        self._open(ImportSheet)

    def export_boxes(self) -> None:
        from app.views.exchange.export_sheet import ExportSheet

        self._open(ExportSheet)

    def patches(self) -> None:
        from app.views.exchange.patches_sheet import PatchesSheet

        self._open(PatchesSheet)

    def trash(self) -> None:
        from app.views.exchange.trash_sheet import TrashSheet

        self._open(TrashSheet)

    def _open(self, make: Callable[[Services, Window], Sheet]) -> None:
        """Once: what is seen already is not laid over itself."""
        frame = self._bench.frame
        if not (isinstance(make, type) and isinstance(frame.pages.sheet, make)):
            frame.open_sheet(make(self._bench.services, frame))

    # -- at once -------------------------------------------------------------------------------------------------
    def trash_photo(self) -> None:
        """The photo at work goes into the trash, and the next one comes."""
        bench = self._bench
        row = bench.sitting.row
        if row is not None:
            bench.services.background.change(
                partial(desk.trash_photo, image_id=row.id), IMAGES, lambda _: self._trashed(row), owner=self
            )

    def _trashed(self, row: ImageRow) -> None:
        bench = self._bench
        put_back = (lambda: text("trash.put_back"), lambda: self._put_back(row))
        bench.frame.messages.info("trashed", lambda: text("trash.moved", photo=row.name), put_back)
        if not bench.photos.remove(row.id):
            bench.collection.emptied.emit()

    def _put_back(self, row: ImageRow) -> None:
        bench = self._bench
        restore = partial(desk.restore_photos, ids=(row.id,))
        bench.services.background.change(
            restore, IMAGES, lambda _: bench.collection.show_all(choose=row.id), owner=self
        )
