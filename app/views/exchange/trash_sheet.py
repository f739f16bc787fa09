"""What was deleted, photos and boxes, and the way back for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout

from app.common.words import text
from app.views.background import Changed
from app.views.exchange import desk
from app.views.parts import label
from app.views.photo_rows import PhotoLine, PhotoRows
from app.views.sheets import Sheet
from app.views.thumbnails import Thumbnails

if TYPE_CHECKING:
    from datetime import datetime

    from app.views.exchange.desk import Trash
    from app.views.services import Services
    from app.views.window import Window

TOUCHED = Changed(frozenset({"images", "annotations", "photos"}))


class TrashSheet(Sheet):
    def __init__(self, services: Services, window: Window) -> None:
        super().__init__()
        self._services = services
        self._window = window
        self._trash: Trash | None = None
        self.kinds = (QPushButton(), QPushButton())
        group = QButtonGroup(self)
        for button in self.kinds:
            button.setProperty("kind", "chip")
            button.setCheckable(True)
            button.clicked.connect(lambda: self.retranslate())
            group.addButton(button)
        self.kinds[0].setChecked(True)
        self._words = label("soft", wrap=True)
        self.list = PhotoRows(Thumbnails(services.background, self), several=True)
        self.list.opened.connect(lambda _row: self.put_back())
        self.back = QPushButton()
        self.back.setProperty("kind", "primary")
        self.back.clicked.connect(lambda: self.put_back())
        head = QHBoxLayout()
        head.setSpacing(8)
        for button in self.kinds:
            head.addWidget(button)
        head.addStretch()
        head.addWidget(self.back)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addWidget(self._words)
        layout.addWidget(self.list, 1)
        layout.addStretch()
        self.retranslate()

    def title(self) -> str:
        return text("menu.trash")

    def purpose(self) -> str:
        return text("trash.purpose")

    def begin(self) -> None:
        self._services.background.read(desk.trash, self._show, owner=self)

    @property
    def _photos(self) -> bool:
        return self.kinds[0].isChecked()

    def _show(self, trash: Trash) -> None:
        if not trash.photos and trash.boxes and self._trash is None:
            self.kinds[1].setChecked(True)
        self._trash = trash
        self.retranslate()

    def put_back(self) -> None:
        rows = self.list.chosen()
        if self._trash is None or not rows:
            return
        if self._photos:
            ids = tuple(self._trash.photos[n].row.id for n in rows)
            make = partial(desk.restore_photos, ids=ids)
            say = partial(text, "trash.photos_back", n=len(ids))
        else:
            chosen = tuple((self._trash.boxes[n].image_id, self._trash.boxes[n].box.id) for n in rows)
            make = partial(desk.put_back, chosen=chosen)
            say = partial(text, "trash.boxes_back", n=len(chosen))
        self._services.background.change(make, TOUCHED, lambda _: self._done(say), self._window.show_error, owner=self)

    def _done(self, say: partial[str]) -> None:
        self._window.messages.info("put_back", say)
        self.begin()

    def retranslate(self) -> None:
        trash = self._trash
        photos, boxes = (trash.photos, trash.boxes) if trash else ((), ())
        self.kinds[0].setText(text("trash.photos", n=len(photos)))
        self.kinds[1].setText(text("trash.boxes", n=len(boxes)))
        self.kinds[0].setToolTip(text("trash.photo_words"))
        self.kinds[1].setToolTip(text("trash.box_words"))
        self.back.setText(text("trash.put_back"))
        self.back.setToolTip(f"{text('trash.put_back')}  (Enter)")
        if self._photos:
            lines = [
                PhotoLine(p.row.path, p.row.name, text("trash.since", when=_local(p.at), n=p.row.boxes)) for p in photos
            ]
        else:
            lines = [self._box_line(n) for n in range(len(boxes))]
        self.list.show_lines(lines)
        self.list.setVisible(bool(lines))
        self.list.setAccessibleName(text("menu.trash"))
        self.list.setToolTip(text("trash.purpose"))
        self.back.setEnabled(bool(lines))
        words = text("trash.photo_words") if self._photos else text("trash.box_words")
        self._words.setText(words if lines else text("trash.empty"))

    def _box_line(self, number: int) -> PhotoLine:
        assert self._trash is not None
        one = self._trash.boxes[number]
        pack = self._services.pack
        key = pack.resolve(one.box.label) if one.box.label else None
        disease = pack.disease(key) if key else None
        name = str(disease.name) if disease else one.box.label or text("lesions.unlabelled")
        width, height = round(one.box.box.width), round(one.box.box.height)
        words = text("trash.box", name=name, width=width, height=height, who=one.who, when=_local(one.at))
        return PhotoLine(self._trash.paths[one.image_id], one.photo, words, disease.colour if disease else "")


def _local(when: datetime) -> str:
    return f"{when.astimezone():%Y-%m-%d %H:%M}"
