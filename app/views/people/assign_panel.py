"""The left side of double annotation: assign photos to people, and see how far each of them is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QGridLayout,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
)

from app.common.words import text
from app.views.forms import FormPanel
from app.views.parts import Elided, empty_layout, label, line
from app.views.people.people_dialog import role_words

if TYPE_CHECKING:
    from app.views.people.desk import Overview

SHARE = 20  # per cent, as reader studies take


class AssignPanel(FormPanel):
    assign_wanted = Signal(object, float, int)  # names, share 0..1, seed

    def __init__(self) -> None:
        super().__init__()
        self._overview: Overview | None = None
        self.people: dict[str, QCheckBox] = {}
        self._heads = {name: label("section") for name in ("assign", "progress")}
        self._words = label("soft", wrap=True)
        self._people_caption = label("caption")
        self._people_room = QVBoxLayout()
        self._people_room.setSpacing(4)
        self.share = QSpinBox()
        self.share.setRange(1, 100)
        self.share.setValue(SHARE)
        self.share.setSuffix(" %")
        self.share.valueChanged.connect(lambda _: self.retranslate())
        self.seed = QSpinBox()
        self.seed.setRange(0, 999_999)
        self._captions = (label(), label())
        self._amount = label("caption", wrap=True)
        self.do = QPushButton()
        self.do.setProperty("kind", "primary")
        self.do.clicked.connect(lambda: self._assign())
        self.progress = QGridLayout()
        self.progress.setHorizontalSpacing(12)
        self.progress.setVerticalSpacing(10)
        self.progress.setColumnStretch(0, 1)
        self._none = label("soft", wrap=True)
        self._lay_out()
        self.retranslate()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        for caption, field in zip(self._captions, (self.share, self.seed), strict=True):
            form.addRow(caption, field)
            caption.setBuddy(field)
        column = self.column
        column.addWidget(self._heads["assign"])
        column.addWidget(self._words)
        column.addSpacing(4)
        column.addWidget(self._people_caption)
        column.addLayout(self._people_room)
        column.addSpacing(4)
        column.addLayout(form)
        column.addWidget(self._amount)
        column.addWidget(self.do)
        column.addSpacing(8)
        column.addWidget(line())
        column.addSpacing(8)
        column.addWidget(self._heads["progress"])
        column.addWidget(self._none)
        column.addLayout(self.progress)
        column.addStretch()

    def show_overview(self, overview: Overview, actor: str) -> None:
        self._overview = overview
        chosen = {name for name, box in self.people.items() if box.isChecked()}
        empty_layout(self._people_room)
        self.people = {}
        for person in overview.people:
            box = QCheckBox(f"{person.name}  ·  {role_words(person.role)}")
            box.setChecked(person.name in chosen or (not chosen and person.name == actor))
            box.toggled.connect(lambda _: self.retranslate())
            self.people[person.name] = box
            self._people_room.addWidget(box)
        self._show_progress(overview)
        self.retranslate()

    def _show_progress(self, overview: Overview) -> None:
        empty_layout(self.progress)
        for row, (name, done, total) in enumerate(overview.progress):
            shown = Elided()
            shown.setText(name)
            bar = QProgressBar()
            bar.setTextVisible(False)
            bar.setMaximum(max(1, total))
            bar.setValue(done)
            bar.setFixedSize(96, 4)
            figure = label("soft")
            figure.setText(text("agreement.progress_of", done=done, total=total))
            self.progress.addWidget(shown, row, 0)
            self.progress.addWidget(bar, row, 1)
            self.progress.addWidget(figure, row, 2, Qt.AlignmentFlag.AlignRight)

    def _chosen(self) -> tuple[str, ...]:
        return tuple(name for name, box in self.people.items() if box.isChecked())

    def _photos(self) -> int:
        total = self._overview.photos if self._overview else 0
        return min(total, max(1, round(total * self.share.value() / 100))) if total else 0

    def _assign(self) -> None:
        self.assign_wanted.emit(self._chosen(), self.share.value() / 100, self.seed.value())

    def retranslate(self) -> None:
        overview = self._overview
        self._heads["assign"].setText(text("agreement.assign"))
        self._heads["progress"].setText(text("agreement.progress"))
        self._words.setText(text("agreement.assign_words"))
        self._people_caption.setText(text("agreement.people"))
        for caption, words in zip(self._captions, (text("agreement.share"), text("agreement.seed")), strict=True):
            caption.setText(words)
        self.share.setToolTip(text("agreement.share_tip"))
        self.seed.setToolTip(text("agreement.seed_tip"))
        self.do.setToolTip(text("agreement.assign_words"))
        for box in self.people.values():
            box.setToolTip(text("agreement.assign_words"))
        few = overview is not None and len(overview.people) < 2
        photos, people = self._photos(), len(self._chosen())
        amount = text("agreement.amount", n=photos, total=overview.photos if overview else 0)
        self._amount.setText(text("agreement.too_few") if few else amount)
        do = text("agreement.do_assign", n=photos, people=people)
        self.do.setText(do if people > 1 else text("agreement.choose_two"))
        self.do.setEnabled(photos > 0 and people > 1)
        self._none.setText(text("agreement.no_assignment"))
        self._none.setVisible(overview is not None and not overview.progress)
