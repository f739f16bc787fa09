"""The neighbours of the photo at work made ready: decoded, and what the database knows of them, so that the next key
press only has to paint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from app.datasets.records import ImageRow
from app.views.background import Background, Changed
from app.views.workbench.desk import OnDesk
from app.views.workbench.photo_loader import Loaded, PhotoLoader

LayOut = Callable[[int, tuple[int, int], bool, Callable[[OnDesk], object]], "Future[OnDesk]"]
"""Asks the database for (image id, size, synthetic), and gives the answer to the last."""


class Ahead(QObject):
    def __init__(self, background: Background, loader: PhotoLoader, lay_out: LayOut, parent: QObject) -> None:
        super().__init__(parent)
        self._loader = loader
        self._lay_out = lay_out
        self._desks: dict[int, OnDesk] = {}
        self._asked: list[Future[OnDesk]] = []
        background.changed.connect(self._forget_changed)

    def desk_of(self, image_id: int) -> OnDesk | None:
        """What was known of the photo when it was made ready."""
        return self._desks.get(image_id)

    def give_way(self) -> None:
        """A photo that is wanted now does not wait behind its neighbours."""
        while self._asked:
            self._asked.pop().cancel()

    def make_ready(self, neighbours: Sequence[ImageRow], after_the_first: Callable[[], object]) -> None:
        """The likeliest, then what ``after_the_first`` asks for of the photo at work, then the others."""
        ids = {row.path: row.id for row in neighbours}
        self._desks = {id_: ready for id_, ready in self._desks.items() if id_ in ids.values()}
        paths = [row.path for row in neighbours]
        self._loader.ahead(paths[:1], partial(self._decoded, ids))
        after_the_first()
        self._loader.ahead(paths[1:], partial(self._decoded, ids))

    def forget(self, image_id: int) -> None:
        self._desks.pop(image_id, None)

    def _decoded(self, ids: Mapping[Path, int], loaded: Loaded) -> None:
        image_id = ids[loaded.path]
        if image_id not in self._desks:
            keep = partial(self._desks.__setitem__, image_id)
            self._asked.append(self._lay_out(image_id, loaded.size, loaded.synthetic, keep))

    def _forget_changed(self, changed: Changed) -> None:
        """What was made ready of a photo is stale once something of it has changed."""
        if changed.image is None and changed.topics - {"images"}:
            self._desks.clear()
        elif changed.topics:
            self.forget(changed.image)
