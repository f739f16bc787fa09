"""What the models say of the selected lesion: top 3, what cannot be told apart, red flags, warnings; the answers."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.annotation.answers import Top3
from app.common.packs import OTHER, Pack
from app.common.words import text
from app.views import keys
from app.views.actions import label_key
from app.views.icons import icon
from app.views.keys import with_key
from app.views.parts import empty_layout, label
from app.views.workbench.bars import Bars
from app.views.workbench.lesion_list import LesionList
from app.views.workbench.reading import Lesion, cautions


class DiagnosisPanel(QWidget):
    accept_wanted = Signal()
    accept_all_wanted = Signal()
    other_wanted = Signal()
    picture_wanted = Signal()
    print_wanted = Signal()

    def __init__(self, pack: Pack) -> None:
        super().__init__()
        self._pack = pack
        self._lesions: tuple[Lesion, ...] = ()
        self._selected = ""
        self._top: Top3 = ()
        self._there = False  # a photo; without one "no lesion" would be a lie
        self._busy = False
        self._apart = False
        self._of = ""
        self._warnings: tuple[str, ...] = ()
        self._lesions_heading = label("section")
        self._note = label("soft", wrap=True)
        self.list = LesionList(pack)
        self._top_heading = label("section")
        self.bars = Bars(pack)
        self._excludes = _small()
        self._flags = _small()
        self._warning_room = QVBoxLayout()
        self._warning_room.setSpacing(6)
        self.accept = QPushButton()
        self.accept.setProperty("kind", "primary")
        self.other = QPushButton()
        self.accept_all = QPushButton()
        self.picture = QPushButton(icon("picture"), "")
        self.print = QPushButton(icon("print"), "")
        for button, signal in ((self.accept, self.accept_wanted), (self.accept_all, self.accept_all_wanted),
                               (self.other, self.other_wanted), (self.picture, self.picture_wanted),
                               (self.print, self.print_wanted)):  # fmt: skip
            button.clicked.connect(lambda _=False, signal=signal: signal.emit())
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._lay_out()
        self.clear()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(self._warning_room)
        layout.addWidget(self._lesions_heading)
        layout.addWidget(self._note)
        layout.addWidget(self.list, 1)
        answers = QGridLayout()
        answers.setSpacing(8)
        answers.addWidget(self.accept, 0, 0)
        answers.addWidget(self.other, 0, 1)
        answers.addWidget(self.accept_all, 1, 0, 1, 2)
        layout.addLayout(answers)
        layout.addSpacing(4)
        layout.addWidget(self._top_heading)
        layout.addWidget(self.bars)
        layout.addWidget(self._excludes)
        layout.addWidget(self._flags)
        layout.addStretch()
        keep = QHBoxLayout()
        keep.setSpacing(8)
        keep.addWidget(self.picture)
        keep.addWidget(self.print)
        layout.addLayout(keep)

    def clear(self) -> None:
        self.show_reading((), "", (), "", (), busy=False, was_read=False)
        self.setEnabled(False)
        self._there = False
        self.retranslate()

    def show_reading(
        self,
        lesions: Sequence[Lesion],
        selected: str,
        top: Top3,
        of: str,
        warnings: Sequence[str],
        *,
        busy: bool,
        was_read: bool,
        apart: bool = False,
    ) -> None:
        """``of``: "photo" where there is no lesion and the whole photo was classified; ``busy``: the engine reads;
        ``apart``: what the models say is kept back."""
        self.setEnabled(True)
        self._there, self._was_read, self._apart = True, was_read, apart
        self._lesions, self._selected, self._top = tuple(lesions), selected, top
        self._of, self._warnings, self._busy = of, tuple(warnings), busy
        self.list.show_lesions(self._lesions, selected)
        self.bars.show_top(top)
        self._show_warnings()
        self.retranslate()

    def warnings_shown(self) -> list[str]:
        return list(self._warnings)

    def _show_warnings(self) -> None:
        empty_layout(self._warning_room)
        for words in self._warnings:
            note = QFrame()
            note.setProperty("kind", "note")
            row = QHBoxLayout(note)
            row.setContentsMargins(10, 6, 8, 6)
            mark = QLabel()
            mark.setPixmap(icon("warn").pixmap(16, 16))
            said = label(wrap=True)
            said.setText(words)
            row.addWidget(mark)
            row.addWidget(said, 1)
            self._warning_room.addWidget(note)

    def retranslate(self) -> None:
        chosen = next((lesion for lesion in self._lesions if lesion.id == self._selected), None)
        suggested = sum(lesion.state == "suggested" for lesion in self._lesions)
        self._lesions_heading.setText(text("lesions.heading_n", n=len(self._lesions)))
        key = keys.written("draw") or text("menu.draw")
        if self._apart:
            self._note.setText(text("lesions.apart"))
        elif self._busy:
            self._note.setText(text("lesions.busy"))
        else:
            self._note.setText(
                text("lesions.none", pressed=key) if self._was_read else text("lesions.unread", pressed=key)
            )
        self._lesions_heading.setVisible(self._there)
        self._note.setVisible(self._there and (self._busy or not self._was_read or not self._lesions))
        heading = text("top3.of_lesion", n=chosen.number) if chosen else text("top3.of_photo")
        self._top_heading.setText(heading)
        excludes, flags = cautions(self._pack, self._top)
        self._excludes.setText(text("top3.excludes", list=text("top3.excludes_join").join(excludes)))
        self._flags.setText(text("top3.flags", list="\n".join(flags)))
        for part, wanted in ((self._top_heading, self._top), (self.bars, self._top), (self._excludes, excludes),
                             (self._flags, flags)):  # fmt: skip
            part.setVisible(bool(wanted))
        self.accept.setText(text("answer.accept"))
        self.accept.setToolTip(with_key(text("answer.accept_tip"), "accept"))
        self.accept.setEnabled(chosen is not None and chosen.state != "accepted" and bool(chosen.label))
        self.other.setText(str(self._pack.other.name))
        self.other.setToolTip(with_key(text("answer.other_tip"), label_key(OTHER)))
        self.other.setEnabled(chosen is not None and not (chosen.label == OTHER and chosen.state == "accepted"))
        self.accept_all.setText(text("answer.accept_all", n=suggested))
        self.accept_all.setToolTip(with_key(text("answer.accept_all_tip"), "accept_all"))
        self.accept_all.setVisible(suggested > 1)
        self.accept.setVisible(bool(self._lesions))
        self.other.setVisible(bool(self._lesions))
        self.picture.setText(text("answer.picture"))
        self.picture.setToolTip(with_key(text("answer.picture_tip"), "picture"))
        self.print.setText(text("answer.print"))
        self.print.setToolTip(with_key(text("answer.print_tip"), "print"))


def _small() -> QLabel:
    return label("small", wrap=True)
