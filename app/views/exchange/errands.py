"""What is not done on one photo: sheets over the work, and whoever sits down at it.

Each sheet is imported when it is first wanted, so that the window stands without them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.common.words import text
from app.views.people.persons import Persons

if TYPE_CHECKING:
    from app.views.services import Services
    from app.views.sheets import Sheet
    from app.views.window import Window
    from app.views.workbench.workbench import Workbench


class Errands(QObject):
    """``table`` names actions of :data:`app.views.actions.ENTRIES` and what they do."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.persons = Persons(bench.services, bench.frame, self.agreement)
        bench.services.actor_changed.connect(self._sat_down)

    def table(self) -> Mapping[str, Callable[[], object]]:
        return {
            "save_format": self.next_format,
            "import_boxes": self.import_boxes,
            "export_boxes": self.export_boxes,
            "patches": self.patches,
            "backup": self.backup,
            "trash_photo": self.trash_photo,
            "trash": self.trash,
            "people": self.persons.manage,
            "agreement": self.agreement,
        }

    def _sat_down(self, person: str) -> None:
        """The photo is shown as this person has it."""
        bench = self._bench
        bench.frame.messages.info("person", lambda: text("people.now", person=person))
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

    def _open(self, sheet: Callable[[Services, Window], Sheet]) -> None:
        self._bench.frame.open_sheet(sheet(self._bench.services, self._bench.frame))

    # -- at once -------------------------------------------------------------------------------------------------
    def next_format(self) -> None:
        """Ctrl+S saves in the next format from now on, as in labelImg."""

    def backup(self) -> None:
        pass

    def trash_photo(self) -> None:
        pass
