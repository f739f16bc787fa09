"""From a key to a stored decision: which photos are meant, what is asked first, what the gallery shows meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.cleaning.records import COVERABLE, GROUPED, Item, Kind, QueueRow, Walked
from app.common.geometry import Box
from app.common.words import text
from app.views.background import Changed
from app.views.cleaning import desk
from app.views.cleaning.gallery import Gallery
from app.views.cleaning.pane import Pane
from app.views.cleaning.pick_bar import Answer

if TYPE_CHECKING:
    from app.common.errors import UserError
    from app.views.services import Services
    from app.views.window import Window

MOST_AHEAD = 3
"""So many keys are kept for photos that are still on their way."""
TOUCHED = frozenset({"images", "annotations", "cases"})


class Deciding(QObject):
    """``made`` carries how many findings are closed now; ``stored``: that is in the database; ``failed``: it is not.

    ``walked`` carries a step of undo or redo.
    While decisions are under way the gallery has already gone on; :attr:`busy` counts them.
    """

    made = Signal(int)
    stored = Signal()
    failed = Signal()
    walked = Signal(object)  # Walked

    def __init__(self, services: Services, window: Window, gallery: Gallery, pane: Pane) -> None:
        super().__init__(pane)
        self._services, self._window = services, window
        self._gallery, self._pane = gallery, pane
        self._asked: Callable[[str], object] = lambda _key: None
        self.persons: tuple[str, ...] = ()
        self.busy = 0
        self._pressed: list[Kind] = []
        pane.pick.picked.connect(lambda key: self._asked(key))
        pane.masked.connect(self._mask_drawn)

    # -- keys ----------------------------------------------------------------------------------------------------
    def act(self, kind: Kind) -> None:
        """What the key of this kind means now; a key that comes before its photo waits until it is seen."""
        rows = self._gallery.selected()
        if not rows:
            return
        if not self._seen():
            self._pressed = [*self._pressed, kind][:MOST_AHEAD]
            return
        if kind == "relabel":
            self._ask_label()
        elif kind == "second_opinion":
            self._ask_person()
        elif kind == "merge":
            self._merge(rows)
        elif kind == "mask" and len(rows) == 1 and not self._has_boxes():
            self.draw_mask()
        elif kind == "exclude" and len(rows) == 1 and self._pane.grouped:
            self._exclude_other(rows[0])
        else:
            self._decide([desk.Act(self._open_items(rows), kind, {})])

    def photo_shown(self) -> None:
        """The line at work is in sight: what was pressed for it counts now."""
        if self._pressed and self._seen():
            kind, *self._pressed = self._pressed
            self.act(kind)

    def forget_keys(self) -> None:
        """Another card, another place: what was pressed was meant for where one was."""
        self._pressed = []

    def _seen(self) -> bool:
        row, shown = self._gallery.current(), self._pane.row
        return row is not None and shown is not None and shown.key == row.key

    def draw_mask(self) -> None:
        """A rectangle by hand, or by arrows."""
        if self._pane.row is not None:
            self._view().begin_mask()

    def undo(self, *, back: bool) -> None:
        """Take back what this person decided last, or decide it again."""
        self._services.background.change(
            partial(desk.walk, back=back), Changed(TOUCHED), self._walked, self._not_stored, owner=self
        )

    # -- asking first --------------------------------------------------------------------------------------------
    def _ask_label(self) -> None:
        one = self._pane.at_work
        now = one.label if one is not None else None
        labels = self._services.pack.labels
        answers = [Answer(d.key, partial(str, d.name), marked=d.key == now) for d in labels]
        self._asked = lambda key: self._with_kind("relabel", {"label": key})
        self._pane.pick.ask(lambda: text("clean.ask_label"), answers)

    def _ask_person(self) -> None:
        if not self.persons:
            self._window.messages.info("nobody_to_ask", lambda: text("clean.nobody_to_ask"))
            return
        self._asked = lambda key: self._with_kind("second_opinion", {"to": key})
        answers = [Answer(name, partial(str, name)) for name in self.persons]
        self._pane.pick.ask(lambda: text("clean.ask_person"), answers)

    def _with_kind(self, kind: Kind, how: Mapping[str, Any]) -> None:
        rows = self._gallery.selected()
        one = self._pane.at_work
        if kind == "relabel" and len(rows) == 1 and self._pane.grouped and one is not None:
            self._decide([desk.Act(((one.id, rows[0].check),), kind, how)])
        elif rows:
            self._decide([desk.Act(self._open_items(rows), kind, how)])

    # -- what is meant -------------------------------------------------------------------------------------------
    def _open_items(self, rows: Sequence[QueueRow]) -> tuple[Item, ...]:
        """The photos of these lines; of a group that was decided about in part only the rest."""
        found: list[Item] = []
        for row in rows:
            open_ = [(p.id, row.check) for p in row.photos if p.state in ("open", "waiting")]
            found += open_ or list(row.items)
        return tuple(found)

    def _merge(self, rows: Sequence[QueueRow]) -> None:
        acts = []
        for row in rows:
            if row.check in GROUPED and len(row.photos) > 1:
                acts.append(desk.Act(row.items, "merge", {"best": self._best(row)}))
        if acts:
            self._decide(acts)

    def _best(self, row: QueueRow) -> int:
        shown = self._pane.row
        if shown is not None and shown.key == row.key:
            return self._pane.best
        return row.photos[0].id

    def _exclude_other(self, row: QueueRow) -> None:
        """The right one goes. Was it the last that differs from the best, then that one stays for good."""
        one = self._pane.at_work
        if one is None:
            return
        left = [p for p in row.photos if p.id not in (one.id, self._pane.best) and p.state == "open"]
        best = next((p for p in row.photos if p.id == self._pane.best), None)
        mergeable = row.check in ("exact_duplicate", "near_duplicate")
        if mergeable and not left and best is not None:
            items = ((best.id, row.check), (one.id, row.check))
            self._decide([desk.Act(items, "merge", {"best": best.id})])
        else:
            self._decide([desk.Act(((one.id, row.check),), "exclude", {})])

    def _has_boxes(self) -> bool:
        """The finding says what to cover."""
        one, row = self._pane.at_work, self._pane.row
        if one is None or one.finding is None or row is None or row.check not in COVERABLE:
            return False
        return bool(one.finding.boxes)

    def _view(self) -> Any:
        return self._pane.second if self._pane.grouped else self._pane.first

    def _mask_drawn(self, box: Box) -> None:
        one, row = self._pane.at_work, self._pane.row
        if one is not None and row is not None:
            self._decide([desk.Act(((one.id, row.check),), "mask", {"boxes": [box.as_list()]})])

    # -- storing -------------------------------------------------------------------------------------------------
    def _decide(self, acts: Sequence[desk.Act]) -> None:
        """The gallery goes on at once; where storing fails it comes back."""
        note = self._pane.note.text()
        self._pane.note.clear()
        self.busy += 1
        self._services.background.change(
            partial(desk.decide, acts=tuple(acts), note=note),
            Changed(TOUCHED),
            lambda _: self._over(),
            self._not_stored_one,
            owner=self,
        )

        def mark() -> None:
            for act in acts:
                self._gallery.model_.mark(act.items, act.kind)

        shown = {item: p for row in self._gallery.model_.rows for item, p in zip(row.items, row.photos, strict=True)}
        open_ = sum(item in shown and shown[item].state == "open" for act in acts for item in act.items)
        self._pane.leave()
        self._gallery.keeping(mark)
        self._gallery.setFocus()
        self.made.emit(open_)

    def _over(self) -> None:
        self.busy -= 1
        self.stored.emit()

    def _not_stored_one(self, error: UserError) -> None:
        self.busy -= 1
        self._not_stored(error)

    def _not_stored(self, error: UserError) -> None:
        self._window.show_error(error)
        self.failed.emit()

    def _walked(self, walked: Walked | None) -> None:
        if walked is None:
            self._window.messages.info("nothing_to_undo", lambda: text("clean.nothing_to_undo"))
            return
        if walked.refused is not None:
            self._window.show_error(walked.refused)
        self.walked.emit(walked)
