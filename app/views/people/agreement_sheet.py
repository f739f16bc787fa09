"""Double annotation: who boxes which photos beside whom, how far each is, how far they agree, and what is to settle."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from app.common.words import text
from app.views.background import Changed
from app.views.parts import label
from app.views.people import desk
from app.views.people.assign_panel import AssignPanel
from app.views.people.differing_list import DifferingList
from app.views.people.pair_table import PairTable
from app.views.sheets import Sheet
from app.views.thumbnails import Thumbnails

if TYPE_CHECKING:
    from app.views.people.desk import Overview, PairFigures
    from app.views.services import Services
    from app.views.window import Window


class AgreementSheet(Sheet):
    def __init__(self, services: Services, window: Window) -> None:
        super().__init__()
        self._services = services
        self._window = window
        self.assign = AssignPanel()
        self.assign.assign_wanted.connect(self._assign)
        self._heading = label("section")
        self.table = PairTable()
        self.table.chosen.connect(self._show_pair)
        self.photos = DifferingList(Thumbnails(services.background, self))
        self.photos.settle_wanted.connect(self._settle)
        right = QVBoxLayout()
        right.setContentsMargins(24, 16, 24, 16)
        right.setSpacing(8)
        right.addWidget(self._heading)
        right.addWidget(self.table)
        right.addSpacing(8)
        right.addWidget(self.photos, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.assign)
        layout.addLayout(right, 1)
        self.retranslate()

    def title(self) -> str:
        return text("agreement.open")

    def purpose(self) -> str:
        return text("agreement.purpose")

    def begin(self) -> None:
        self._services.background.read(desk.overview, self._show, owner=self)

    def _show(self, overview: Overview) -> None:
        self.assign.show_overview(overview, self._services.actor)
        self.table.show_pairs(overview.pairs)
        if not overview.pairs:
            self.photos.show_pair(None)
        for pair in overview.pairs:
            self._services.background.read(partial(desk.pair, names=pair), self._compute, owner=self)

    def _compute(self, found: desk.Pair) -> None:
        """The figures, in a thread that needs no database."""
        self._services.background.work(partial(desk.figures, found), self._computed, owner=self)

    def _computed(self, figures: PairFigures) -> None:
        self.table.show_figures(figures)

    def _show_pair(self, figures: PairFigures) -> None:
        self.photos.show_pair(figures)

    def _assign(self, people: tuple[str, ...], share: float, seed: int) -> None:
        self._services.background.change(
            partial(desk.assign, people=people, share=share, seed=seed),
            Changed(frozenset({"assignments", "images"})),
            self._assigned,
            self._window.show_error,
            owner=self,
        )

    def _assigned(self, photos: int) -> None:
        self._window.messages.info("assigned", lambda: text("agreement.assigned", n=photos))
        self.begin()

    def _settle(self, figures: PairFigures, first: int) -> None:
        from app.views.people.settle_sheet import SettleSheet

        open_ = [figures.pair.photos[n] for n in figures.open]
        queue = open_[first:] + open_[:first]
        self._window.open_sheet(SettleSheet(self._services, self._window, figures.pair.names, queue))

    def retranslate(self) -> None:
        self._heading.setText(text("agreement.pairs"))
