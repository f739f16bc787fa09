"""The right side while annotating: why the photo needs somebody, its boxes, the diseases, a word on the whole photo."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.annotation.document import Document
from app.annotation.needs import Need
from app.common.packs import Pack
from app.common.words import text
from app.views import keys
from app.views.exchange.format_words import short_words
from app.views.icons import icon
from app.views.keys import with_key
from app.views.parts import Elided, Mark, label, name_button, tool_button
from app.views.services import Services
from app.views.workbench.history_list import HistoryList
from app.views.workbench.label_picker import LabelPicker
from app.views.workbench.lesion_list import LesionList
from app.views.workbench.reading import Lesion, name_of
from app.views.workbench.sending_back import SentBack, Verdict


class AnnotatePanel(QWidget):
    accept_all_wanted = Signal()
    refuse_all_wanted = Signal()
    needing_wanted = Signal()
    no_label_wanted = Signal()
    save_wanted = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._lesions: tuple[Lesion, ...] = ()
        self._selected = ""
        self._next = ""
        self._needs: tuple[Need, ...] = ()
        self.sent_back = SentBack()
        self.needs = label("soft", wrap=True)
        self._flag = Mark("needs")
        self.next_needing = QPushButton()
        self.next_needing.setProperty("kind", "flat")
        self.next_needing.clicked.connect(lambda: self.needing_wanted.emit())
        self._heading = label("section")
        self._apart = label("soft", wrap=True)
        self._note = label("soft", wrap=True)
        self.list = LesionList(services.pack)
        self.accept_all = QPushButton()
        self.accept_all.clicked.connect(lambda: self.accept_all_wanted.emit())
        self.refuse_all = QPushButton()
        self.refuse_all.clicked.connect(lambda: self.refuse_all_wanted.emit())
        self._labels_heading = label("section")
        self.picker = LabelPicker(services.pack)
        self.next_label = Elided("soft")
        self.next_label.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.no_label = tool_button("close", lambda: self.no_label_wanted.emit())
        self.verdict = Verdict()
        self.save = QPushButton(icon("save"), "")
        self.save.setProperty("kind", "flat")
        self.save.clicked.connect(lambda: self.save_wanted.emit())
        self.history = HistoryList(services)
        self._lay_out()
        self.show_boxes(None, (), "", (), "")

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.sent_back)
        self._why = QFrame()
        why = QHBoxLayout(self._why)
        why.setContentsMargins(0, 0, 0, 0)
        why.setSpacing(8)
        why.addWidget(self._flag)
        why.addWidget(self.needs, 1)
        why.addWidget(self.next_needing)
        layout.addWidget(self._why)
        layout.addWidget(self._heading)
        layout.addWidget(self._apart)
        layout.addWidget(self._note)
        layout.addWidget(self.list, 1)
        both = QHBoxLayout()
        both.setSpacing(8)
        both.addWidget(self.accept_all, 1)
        both.addWidget(self.refuse_all, 1)
        layout.addLayout(both)
        layout.addSpacing(4)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._labels_heading)
        head.addWidget(self.next_label, 1)
        head.addWidget(self.no_label)
        layout.addLayout(head)
        layout.addWidget(self.picker)
        layout.addSpacing(4)
        layout.addWidget(self.verdict)
        self.history.beside.addWidget(self.save)
        layout.addWidget(self.history)
        layout.addStretch()

    def set_pack(self, pack: Pack) -> None:
        self.list.set_pack(pack)
        self.picker.set_pack(pack)

    def show_boxes(
        self,
        document: Document | None,
        lesions: Sequence[Lesion],
        selected: str,
        needs: Sequence[Need],
        next_label: str,
        image_id: int | None = None,
        *,
        apart: bool = False,
    ) -> None:
        """``next_label``: what a box that is drawn gets at once, "" for none; ``apart``: what the models say is kept
        back."""
        self.setEnabled(document is not None)
        self._lesions, self._selected, self._needs = tuple(lesions), selected, tuple(needs)
        self._next = next_label
        self._apart.setVisible(apart)
        self.list.show_lesions(self._lesions, selected)
        chosen = self._chosen()
        self.picker.show_label(chosen.label if chosen else next_label)
        self.sent_back.show_comment(document.rejected if document else "")
        self.verdict.show_verified(document is not None and document.verified)
        self.history.show_of(image_id if document else None, selected)
        self._say()

    def _chosen(self) -> Lesion | None:
        return next((lesion for lesion in self._lesions if lesion.id == self._selected), None)

    def _say(self) -> None:
        suggested = sum(lesion.state == "suggested" for lesion in self._lesions)
        chosen = self._chosen()
        reasons = [_need_words(need) for need in _said(self._needs)]
        self.needs.setText(text("annotate.needs_join").join(reasons) or text("annotate.needs_nothing"))
        self._flag.setVisible(bool(reasons))
        self.next_needing.setText(text("annotate.next_needing"))
        self.next_needing.setToolTip(with_key(text("menu.next_needing"), "next_needing"))
        self._heading.setText(text("annotate.boxes", n=len(self._lesions)))
        self._note.setText(text("annotate.no_boxes", pressed=keys.written("draw") or text("menu.draw")))
        self._note.setVisible(not self._lesions)
        self._apart.setText(text("lesions.apart"))
        self.accept_all.setText(text("annotate.accept_all", n=suggested))
        self.accept_all.setToolTip(with_key(text("answer.accept_all_tip"), "accept_all"))
        self.refuse_all.setText(text("annotate.refuse_all", n=suggested))
        self.refuse_all.setToolTip(with_key(text("menu.refuse_all"), "refuse_all"))
        for button in (self.accept_all, self.refuse_all):
            button.setVisible(suggested > 0)
        name = name_of(self._services.pack, self._next) if self._next else text("annotate.named_later")
        next_box = text("annotate.next_box", name=name)
        self._labels_heading.setText(text("annotate.name_of", n=chosen.number) if chosen else next_box)
        self.next_label.setText(next_box if chosen and self._next else "")
        self.no_label.setVisible(bool(self._next))
        name_button(self.no_label, text("menu.no_label"), keys.written("no_label"))
        self.save.setText(text("annotate.save", format=short_words(self._services.settings.save_format)))
        self.save.setToolTip(with_key(text("annotate.save_tip"), "save"))

    def retranslate(self) -> None:
        self._say()


def _said(needs: Sequence[Need]) -> Sequence[Need]:
    """What is worth saying: that it is not verified is understood where there are other reasons."""
    telling = [need for need in needs if need != "unverified"]
    return telling or needs


def _need_words(need: Need) -> str:
    words = {
        "unboxed": text("needs.unboxed"),
        "unlabelled": text("needs.unlabelled"),
        "disagrees": text("needs.disagrees"),
        "unsure": text("needs.unsure"),
        "unverified": text("needs.unverified"),
        "sent_back": text("needs.sent_back"),
    }
    return words[need]
