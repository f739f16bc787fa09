"""The right side while annotating: the boxes, the diseases with their digits, the photo's own mark, saving."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.common.packs import Pack
from app.common.words import text
from app.views.icons import icon
from app.views.parts import label
from app.views.workbench.label_chips import LabelChips
from app.views.workbench.lesion_list import LesionList
from app.views.workbench.reading import Lesion


class AnnotatePanel(QWidget):
    verify_wanted = Signal()
    accept_all_wanted = Signal()
    save_wanted = Signal()

    def __init__(self, pack: Pack) -> None:
        super().__init__()
        self._lesions: tuple[Lesion, ...] = ()
        self._verified = False
        self._heading = label("section")
        self._note = label("soft", wrap=True)
        self.list = LesionList(pack)
        self._chips_heading = label("section")
        self.chips = LabelChips(pack)
        self._hint = label("caption", wrap=True)
        self.accept_all = QPushButton()
        self.verify = QPushButton()
        self.verify.setProperty("kind", "primary")
        self.save = QPushButton(icon("save"), "")
        self.accept_all.clicked.connect(lambda: self.accept_all_wanted.emit())
        self.verify.clicked.connect(lambda: self.verify_wanted.emit())
        self.save.clicked.connect(lambda: self.save_wanted.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for part in (self._heading, self._note, self.list, self.accept_all):
            layout.addWidget(part)
        layout.addSpacing(8)
        layout.addWidget(self._chips_heading)
        layout.addWidget(self.chips)
        layout.addWidget(self._hint)
        layout.addStretch()
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.verify, 1)
        foot.addWidget(self.save, 1)
        layout.addLayout(foot)
        self.show_boxes((), "", verified=False)
        self.setEnabled(False)

    def show_boxes(self, lesions: Sequence[Lesion], selected: str, *, verified: bool) -> None:
        self.setEnabled(True)
        self._lesions, self._verified = tuple(lesions), verified
        self.list.show_lesions(self._lesions, selected)
        chosen = next((lesion for lesion in self._lesions if lesion.id == selected), None)
        self.chips.show_label(chosen.label if chosen else "", enabled=chosen is not None)
        self.retranslate()

    def retranslate(self) -> None:
        suggested = sum(lesion.state == "suggested" for lesion in self._lesions)
        self._heading.setText(text("annotate.boxes", n=len(self._lesions)))
        self._note.setText(text("annotate.no_boxes"))
        self._note.setVisible(not self._lesions)
        self._chips_heading.setText(text("annotate.names"))
        self._hint.setText(text("annotate.hint"))
        self.accept_all.setText(text("answer.accept_all", n=suggested))
        self.accept_all.setToolTip(text("answer.accept_all_tip"))
        self.accept_all.setVisible(suggested > 0)
        self.verify.setText(text("annotate.unverify") if self._verified else text("annotate.verify"))
        self.verify.setToolTip(text("annotate.verify_tip"))
        self.save.setText(text("annotate.save"))
        self.save.setToolTip(text("annotate.save_tip"))
