"""One line of the queue large: the photo, or two of a group beside each other, the reason in words, and the keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.cleaning.checks import check_name
from app.cleaning.records import GROUPED, Kind, PhotoDetail, QueueRow
from app.common.geometry import Box
from app.common.words import catalogue, text
from app.views.cleaning import desk
from app.views.cleaning.evidence_view import Drawn, EvidenceView
from app.views.cleaning.pick_bar import PickBar
from app.views.cleaning.words import act_words, decision_words, history_words, kind_words
from app.views.icons import icon
from app.views.parts import Elided, label
from app.views.workbench.photo_loader import Loaded, PhotoLoader

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from app.common.errors import UserError
    from app.views.services import Services

ACTS: tuple[tuple[Kind, str], ...] = (
    ("keep", "K"), ("exclude", "X"), ("mask", "M"), ("relabel", "R"), ("merge", "G"), ("second_opinion", "O"),
)  # fmt: skip
BOXES_MATTER = ("label_conflict", "label_suspect", "box_suspect", "framing", "blur", "motion_blur")
"""Checks for which people's boxes are drawn too."""
LINES, MOST_LINES = 2, 12
"""Of a photo's history, in sight, and on wish."""


class Pane(QWidget):
    """``acted`` carries the kind of a decision that a button wants; ``undo_wanted`` that the last is taken back."""

    acted = Signal(str)
    undo_wanted = Signal()
    masked = Signal(object)  # Box
    mask_left = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.setObjectName("ground")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._services = services
        self._loader = PhotoLoader(services.background, self)
        self.row: QueueRow | None = None
        self.details: tuple[PhotoDetail, ...] = ()
        self.best = 0  # of a group the photo that stays
        self._other = 0  # place among the others
        self._differing = 0  # 0: not shown, 1: differing pixels marked, 2: the other one laid on the best
        self._laid: desk.Laid | None = None
        self._lines = LINES
        self._nothing: Callable[[], str] = lambda: ""
        self.first, self.second = EvidenceView(), EvidenceView()
        self.reason, self.also, self.history = label("section", wrap=True), Elided("small"), label("caption")
        self.keys = Elided("caption")
        self.note = QLineEdit()
        self.pick = PickBar()
        self.buttons = {kind: QPushButton() for kind, _ in ACTS}
        self.undo_button = QPushButton()
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        views = QHBoxLayout()
        views.setContentsMargins(0, 0, 0, 0)
        views.setSpacing(1)
        views.addWidget(self.first, 1)
        views.addWidget(self.second, 1)
        self.second.hide()
        acts = QHBoxLayout()
        acts.setSpacing(6)
        for kind, _ in ACTS:
            self.buttons[kind].setIcon(icon(kind))
            acts.addWidget(self.buttons[kind])
        acts.addStretch()
        self.undo_button.setIcon(icon("undo"))
        acts.addWidget(self.undo_button)
        foot = self.foot = QWidget()
        foot.setObjectName("sidePanel")
        foot.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        below = QVBoxLayout(foot)
        below.setContentsMargins(16, 8, 16, 12)
        below.setSpacing(6)
        below.addWidget(self.reason)
        below.addWidget(self.also)
        below.addWidget(self.history)
        below.addWidget(self.pick)
        below.addWidget(self.note)
        below.addLayout(acts)
        below.addWidget(self.keys)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(views, 1)
        layout.addWidget(foot)

    def _connect(self) -> None:
        for kind, _ in ACTS:
            self.buttons[kind].clicked.connect(lambda _checked=False, k=kind: self.acted.emit(k))
        self.undo_button.clicked.connect(lambda: self.undo_wanted.emit())
        for view, twin in ((self.first, self.second), (self.second, self.first)):
            view.zoomed.connect(twin.follow)
            view.whole_wanted.connect(partial(self._want_whole, view))
            view.masked.connect(self.masked)
            view.mask_left.connect(self.mask_left)

    # -- what is shown -------------------------------------------------------------------------------------------
    def clear(self, say: Callable[[], str]) -> None:
        """Nothing to decide; ``say``: why."""
        self.row, self.details, self._nothing = None, (), say
        self._undiffer()
        self.second.hide()
        self.first.set_head(None)
        self.first.draw(Drawn())
        self.first.clear(say)
        self._say()

    def leave(self) -> None:
        """What is in sight was decided about: no key means it any more. It stays until the next one comes."""
        self.row = None

    def show_row(self, row: QueueRow, details: Sequence[PhotoDetail], ahead: Sequence[str]) -> None:
        """The photos of a line; ``ahead``: files that are likely to be wanted next."""
        same = self.row is not None and self.row.key == row.key
        self.row, self.details = row, tuple(details)
        if not same:
            self._other = 0
            self.best = self._best_of(details)
        if not self.details:
            self.first.clear(lambda: text("clean.gone"))
            self._say()
            return
        self._other = min(self._other, max(len(self.others) - 1, 0))
        self._show_photos(ahead, anew=not same)

    @property
    def grouped(self) -> bool:
        return self.row is not None and self.row.check in GROUPED and len(self.details) > 1

    @property
    def at_work(self) -> PhotoDetail | None:
        """The photo that the reason is about: of a group the right one."""
        if not self.details:
            return None
        return self.others[self._other] if self.grouped else self.details[0]

    @property
    def others(self) -> tuple[PhotoDetail, ...]:
        """Of a group those that would go."""
        return tuple(d for d in self.details if d.id != self.best)

    def _best_of(self, details: Sequence[PhotoDetail]) -> int:
        named = (d.finding.facts.get("best") for d in details if d.finding is not None)
        here = {d.id for d in details if d.excluded is None} or {d.id for d in details}
        return next((int(b) for b in named if b in here), next((d.id for d in details if d.id in here), 0))

    def next_other(self, by: int) -> None:
        """Another photo of the group on the right."""
        if self.grouped and len(self.others) > 1:
            self._other = (self._other + by) % len(self.others)
            self._show_photos((), anew=True)

    def make_best(self) -> None:
        """The right one is the one that stays."""
        if self.grouped:
            before = self.best
            self.best = self.others[self._other].id
            self._other = next((n for n, d in enumerate(self.others) if d.id == before), 0)
            self._show_photos((), anew=True)

    def _show_photos(self, ahead: Sequence[str], *, anew: bool) -> None:
        if anew:
            self._undiffer()
        pair = self.pair()
        self.second.setVisible(len(pair) > 1)
        for view, one in zip((self.first, self.second), pair, strict=False):
            view.set_head(partial(self._head_of, one, len(pair) > 1))
            view.draw(self._drawn(one))
        if anew or not self.first.has_photo:
            first = Path(pair[0].file)
            self._loader.set_room(self.first.width(), self.first.height())
            for view in (self.first, self.second):
                view.clear()
            self._loader.load(first, partial(self._loaded, pair[0].id), partial(self._not_loaded, pair[0].id))
            files = [Path(p.file) for p in pair[1:]] + [Path(f) for f in ahead]
            self._loader.ahead(files, self._came_ahead)
        self._say()

    def pair(self) -> tuple[PhotoDetail, ...]:
        """What is seen: one photo, or the best of a group and another."""
        if not self.grouped:
            return self.details[:1]
        best = next((d for d in self.details if d.id == self.best), self.details[0])
        return best, self.others[self._other]

    def _drawn(self, one: PhotoDetail) -> Drawn:
        check = self.row.check if self.row is not None else ""
        boxes: tuple[tuple[Box, str, str], ...] = ()
        if check in BOXES_MATTER:
            boxes = tuple((b.box, *self._label(b.label)) for b in one.boxes)
        return Drawn(one.finding.boxes if one.finding else (), one.masks, boxes)

    def _label(self, key: str) -> tuple[str, str]:
        disease = next((d for d in self._services.pack.labels if d.key == key), None)
        return ("#BDBDBD", key or "?") if disease is None else (disease.colour or "#BDBDBD", str(disease.name))

    def _loaded(self, image_id: int, loaded: Loaded) -> None:
        pair = self.pair()
        if pair and pair[0].id == image_id:
            self.first.show_photo(loaded.image, loaded.size)

    def _not_loaded(self, image_id: int, error: UserError) -> None:
        pair = self.pair()
        if pair and pair[0].id == image_id:
            self.first.clear(lambda: error.what)

    def _came_ahead(self, loaded: Loaded) -> None:
        pair = self.pair()
        if len(pair) > 1 and Path(pair[1].file) == loaded.path:
            self.second.show_photo(loaded.image, loaded.size)

    def _want_whole(self, view: EvidenceView) -> None:
        pair = self.pair()
        n = 0 if view is self.first else 1
        if n < len(pair):
            path = Path(pair[n].file)
            self._loader.load_whole(path, lambda levels: self._whole_came(view, path, levels[-1]))

    def _whole_came(self, view: EvidenceView, path: Path, image: QImage) -> None:
        pair = self.pair()
        n = 0 if view is self.first else 1
        if n < len(pair) and Path(pair[n].file) == path:
            view.improve_photo(image)

    def toggle_history(self) -> None:
        """All that was decided about the photo, or the last of it."""
        self._lines = LINES if self._lines != LINES else MOST_LINES
        self._say()

    # -- what differs --------------------------------------------------------------------------------------------
    def toggle_differing(self) -> None:
        """The differing pixels of two photos, then the one laid on the other, then as they are."""
        if not self.grouped:
            return
        if self._laid is None:
            first, second = (Path(p.file) for p in self.pair())
            pair = self.pair()
            self._services.background.work(
                partial(desk.lay, first, second), partial(self._lay, pair), self._services.report, owner=self
            )
            return
        self._differing = (self._differing + 1) % 3
        self._show_differing()

    def _lay(self, pair: tuple[PhotoDetail, ...], laid: desk.Laid | None) -> None:
        if [p.id for p in pair] != [p.id for p in self.pair()]:
            return
        if laid is None:
            self.reason.setText(text("clean.do_not_fit"))
            return
        self._laid, self._differing = laid, 1
        self._show_differing()

    def _show_differing(self) -> None:
        laid = self._laid
        if laid is None:
            return
        over = {0: (None, None), 1: (laid.first, laid.marked), 2: (laid.first, laid.second)}[self._differing]
        self.first.lay_over(over[0])
        self.second.lay_over(over[1])
        self._say()

    def _undiffer(self) -> None:
        self._laid, self._differing = None, 0
        self.first.lay_over(None)
        self.second.lay_over(None)

    @property
    def differing(self) -> bool:
        return self._differing != 0

    # -- words ---------------------------------------------------------------------------------------------------
    def _head_of(self, one: PhotoDetail, pair: bool) -> tuple[str, str, bool]:
        size = f"{one.width} × {one.height}" if one.width else ""
        best = pair and one.id == self.best
        notes = [size]
        if self.row is not None and self.row.check == "patient_duplicate" and one.patient:
            notes.insert(0, text("clean.patient", code=one.patient))
        if one.excluded is None and pair and self.row is not None and self.row.check in GROUPED[:2]:
            notes.append(text("clean.stays") if best else text("clean.would_go"))
        if one.excluded:
            notes.append(text("clean.is_out", check=check_name(one.excluded)))
        if pair and not best and len(self.others) > 1:
            notes.insert(0, text("clean.other_of", n=self._other + 1, total=len(self.others)))
        return one.name, " · ".join(filter(None, notes)), best

    def _say(self) -> None:
        one = self.at_work
        there = one is not None and self.row is not None
        for kind, _ in ACTS:
            self.buttons[kind].setEnabled(there and (kind != "merge" or self.grouped))
        self._name("merge", dict(ACTS)["merge"])  # of lesions and patients it is something else
        hints = [text("clean.keys_group")] if self.grouped else []
        self.keys.setText("   ".join([*hints, text("clean.keys_photo")]))
        self.keys.setToolTip(self.keys.text())
        self.note.setEnabled(there)
        if one is None or self.row is None:
            for shown in (self.reason, self.also, self.history):
                shown.setText("")
            return
        self.reason.setText(self._reason(one))
        others = (f"{check_name(f.check)} {f.score:.2f}" for f in one.others)
        also = text("clean.also", what=text("clean.list_comma").join(others)) if one.others else ""
        name = self._label(one.label)[1] if one.label else ""
        source = text("clean.from_pathology") if one.pathology else ""
        says = [text("clean.diagnosis", what=f"{name}{source}") if name else "", also]
        self.also.setText("   ".join(filter(None, says)))
        self.also.setToolTip(self.also.text())
        self.history.setText("\n".join(decision_words(d) for d in one.decisions[: self._lines]))
        self.history.setVisible(bool(one.decisions))
        self.history.setToolTip(history_words(one.decisions))

    def _reason(self, one: PhotoDetail) -> str:
        if self.row is None:
            return ""
        if self._differing and self._laid is not None:
            share = f"{100 * self._laid.changed:.1f}"
            return text("clean.differing", share=share) if self._differing == 1 else text("clean.laid_on")
        if one.finding is None:
            return check_name(self.row.check)
        if one.finding.why not in catalogue():  # found by another version of the program
            return check_name(self.row.check)
        return text("clean.reason", check=check_name(self.row.check), why=one.finding.reason)

    def decided_as(self) -> str:
        """What counts for the photo and the check at work, in a word; "" if nobody has decided."""
        one = self.at_work
        if one is None or self.row is None:
            return ""
        counts = (d for d in one.decisions if d.check == self.row.check and d.undone is None)
        found = next(counts, None)
        return kind_words(found.kind) if found is not None else ""

    def retranslate(self) -> None:
        for kind, key in ACTS:
            self._name(kind, key)
        self.undo_button.setText(f"{text('clean.undo')}  U")
        self.undo_button.setToolTip(text("clean.key_tip", what=text("clean.undo_tip"), keys="U, Ctrl+Z"))
        self.undo_button.setAccessibleName(text("clean.undo"))
        self.note.setPlaceholderText(text("clean.note"))
        self.note.setAccessibleName(text("clean.note"))
        self.note.setToolTip(text("clean.key_tip", what=text("clean.note_tip"), keys="N"))
        for view in (self.first, self.second):
            view.setAccessibleName(text("clean.photo"))
            view.update()
        self._say()

    def _name(self, kind: Kind, key: str) -> None:
        check = self.row.check if self.row is not None else ""
        words = act_words(kind, check)
        self.buttons[kind].setText(f"{words}  {key}")
        self.buttons[kind].setToolTip(text("clean.key_tip", what=_tip(kind, check), keys=key))
        self.buttons[kind].setAccessibleName(words)


def _tip(kind: Kind, check: str) -> str:
    if kind == "merge":
        return {
            "same_lesion": text("clean.tip.merge_lesion"),
            "patient_duplicate": text("clean.tip.merge_patient"),
        }.get(check, text("clean.tip.merge"))
    return {
        "keep": text("clean.tip.keep"),
        "exclude": text("clean.tip.exclude"),
        "mask": text("clean.tip.mask"),
        "relabel": text("clean.tip.relabel"),
        "second_opinion": text("clean.tip.second_opinion"),
    }[kind]
