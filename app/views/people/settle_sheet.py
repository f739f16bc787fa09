"""Photos that two people boxed apart from each other, one after the other, until nothing differs any more."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout

from app.common.words import text
from app.datasets.settling import Settling
from app.views.background import Changed
from app.views.people import desk
from app.views.people.sides import Sides
from app.views.sheets import Sheet
from app.views.workbench.photo_loader import Loaded, load_photo

if TYPE_CHECKING:
    from app.annotation.document import Document
    from app.common.errors import UserError
    from app.views.people.desk import BoxedTwice
    from app.views.services import Services
    from app.views.window import Window

FIRST_SHORT_SIDE = 900
BOXES = frozenset({"annotations", "images"})


class SettleSheet(Sheet):
    """``photos``: of the pair ``names``, in the order in which they are gone through."""

    def __init__(
        self, services: Services, window: Window, names: tuple[str, str], photos: Sequence[BoxedTwice]
    ) -> None:
        super().__init__()
        self._services = services
        self._window = window
        self._names = names
        self._photos = tuple(photos)
        self._at = 0
        self._begun = False
        self.sides = Sides(services.pack)
        self.sides.finished.connect(self._keep)
        self.sides.undo_wanted.connect(self._undo)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.sides)

    def title(self) -> str:
        return text("settle.title")

    def purpose(self) -> str:
        if self._at >= len(self._photos):
            return ""
        name = self._photos[self._at].row.name
        return text("settle.purpose", photo=name, n=self._at + 1, total=len(self._photos))

    def begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._lay_out()

    # -- one photo -----------------------------------------------------------------------------------------------
    def _lay_out(self) -> None:
        photo = self._photos[self._at]
        self._window.pages.changed.emit()  # the header names the photo
        self._services.background.work(partial(_begin, photo), partial(self._begun_photo, self._at), owner=self)

    def _begun_photo(self, at: int, settling: Settling) -> None:
        if at != self._at:
            return
        self.sides.show_sides(settling, self._names, before=at > 0)
        path = self._photos[at].row.path
        load = self._services.background.work
        load(
            partial(load_photo, path, FIRST_SHORT_SIDE), partial(self._loaded, at), self._window.show_error, owner=self
        )

    def _loaded(self, at: int, loaded: Loaded) -> None:
        if at != self._at:
            return
        self.sides.show_photo(loaded.image, loaded.size, loaded.synthetic)
        if not loaded.is_whole:
            whole = partial(load_photo, loaded.path, None)
            self._services.background.work(whole, partial(self._improved, at), lambda _: None, owner=self)

    def _improved(self, at: int, loaded: Loaded) -> None:
        if at == self._at:
            self.sides.improve_photo(loaded.image)

    # -- settled -------------------------------------------------------------------------------------------------
    def _keep(self, document: Document) -> None:
        self.sides.setEnabled(False)
        image_id = self._photos[self._at].row.id
        self._services.background.change(
            partial(desk.settle, image_id=image_id, document=document),
            Changed(BOXES, image_id),
            lambda _: self._settled(),
            self._not_kept,
            owner=self,
        )

    def _undo(self) -> None:
        """The settling of the photo before is taken back, and that photo is open again."""
        if self._at == 0 or not self.sides.isEnabled():
            return
        self.sides.setEnabled(False)
        image_id = self._photos[self._at - 1].row.id
        self._services.background.change(
            desk.undo, Changed(BOXES, image_id), lambda _: self._undone(), self._not_kept, owner=self
        )

    def _undone(self) -> None:
        self.sides.setEnabled(True)
        self._at -= 1
        self._lay_out()

    def _not_kept(self, error: UserError) -> None:
        self.sides.setEnabled(True)
        self._window.show_error(error)

    def _settled(self) -> None:
        self.sides.setEnabled(True)
        self._at += 1
        if self._at < len(self._photos):
            self._lay_out()
            return
        n, (a, b) = len(self._photos), self._names
        self._window.messages.info("settled", lambda: text("settle.done", n=n, a=a, b=b))
        self.back_wanted.emit()


def _begin(photo: BoxedTwice) -> Settling:
    from app.datasets.settling import begin

    return begin(photo.left, photo.right)
