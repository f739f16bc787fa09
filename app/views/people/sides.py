"""Two sides of one photo with the result between them, and what differs, decided by key."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QImage, QKeySequence, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.annotation.document import Document, Edit
from app.common.packs import Pack
from app.common.words import text
from app.datasets import settling as rules
from app.datasets.settling import Settling, Verdict
from app.views.canvas import PhotoCanvas
from app.views.parts import Elided, label
from app.views.people.difference_list import DifferenceList
from app.views.people.together import Together

LIST_WIDTH = 248
KEYS: tuple[tuple[Verdict, str], ...] = (("left", "L"), ("both", "B"), ("none", "N"), ("right", "R"), ("edited", "E"))


class Sides(QWidget):
    """``finished`` carries the document to keep. Undo takes back verdicts and changes of this photo, one by one."""

    finished = Signal(object)  # Document
    undo_wanted = Signal()  # nothing is left to undo on this photo

    def __init__(self, pack: Pack) -> None:
        super().__init__()
        self._pack = pack
        self._states: list[Settling] = []
        self._names = ("", "")
        self._before = False  # there is a photo before this one whose settling can be undone
        self.left, self.result, self.right = (PhotoCanvas() for _ in range(3))
        self._canvases = (self.left, self.result, self.right)
        self._together = Together(self._canvases, self)
        self._heads = [Elided("section") for _ in range(3)]
        self.list = DifferenceList(pack)
        self._list_head = label("section")
        self._hint = label("caption", wrap=True)
        self.buttons = {verdict: QPushButton() for verdict, _ in KEYS}
        self.undo_button = QPushButton()
        self.finish = QPushButton()
        self.finish.setProperty("kind", "primary")
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(1)
        grid.setVerticalSpacing(0)
        b = self.buttons
        rows = (
            (b["left"],),
            (b["both"], b["none"], b["edited"], self.undo_button),
            (b["right"],),
        )
        for column, (head, canvas, buttons) in enumerate(zip(self._heads, self._canvases, rows, strict=True)):
            above, below = QHBoxLayout(), QHBoxLayout()
            above.setContentsMargins(12, 8, 8, 8)
            above.addWidget(head)
            below.setContentsMargins(8, 8, 8, 8)
            below.setSpacing(6)
            below.addStretch()
            for button in buttons:
                below.addWidget(button)
            below.addStretch()
            grid.addLayout(above, 0, column)
            grid.addWidget(canvas, 1, column)
            grid.addLayout(below, 2, column)
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(1, 1)
        side = QWidget()
        side.setObjectName("rightPanel")
        side.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        side.setFixedWidth(LIST_WIDTH)
        beside = QVBoxLayout(side)
        beside.setContentsMargins(8, 8, 8, 12)
        beside.setSpacing(8)
        beside.addWidget(self._list_head)
        beside.addWidget(self.list, 1)
        beside.addWidget(self._hint)
        beside.addWidget(self.finish)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(grid, 1)
        layout.addWidget(side)

    def _connect(self) -> None:
        for canvas in self._canvases:
            canvas.set_pack(self._pack)
        self.result.edited.connect(self._changed_by_hand)
        for canvas in (self.left, self.right):
            canvas.selection_changed.connect(partial(self._pointed_at, canvas))
        self.list.selectionModel().currentChanged.connect(self._look)
        self.finish.clicked.connect(lambda: self._finish())
        self.undo_button.clicked.connect(lambda: self.undo())
        for verdict, key in KEYS:
            self.buttons[verdict].clicked.connect(partial(self._decided, verdict))
            self._key(key, partial(self.decide, verdict))
        self._key("Ctrl+Z", self.undo)
        self._key("Ctrl+F", self._together.fit)
        self._key("Return", self._finish)
        self._key("Enter", self._finish)
        self._key("W", self.result.start_drawing)
        self._key("Del", self.result.delete_selected)
        for number, disease in enumerate(self._pack.labels[:9], 1):
            self._key(str(number), partial(self.result.relabel_selected, disease.key))

    def _key(self, key: str, do: Callable[[], object]) -> None:
        shortcut = QShortcut(QKeySequence(key), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(lambda: do())

    # -- showing -------------------------------------------------------------------------------------------------
    def show_sides(self, settling: Settling, names: tuple[str, str], *, before: bool = False) -> None:
        """``names`` of the left and the right side; the photo comes by :meth:`show_photo`.

        ``before``: undo may go back further than this photo.
        """
        self._names, self._before = names, before
        self._states = [settling]
        self.list.differences.show(settling, names)
        self.list.choose(0)
        self.retranslate()

    def show_photo(self, image: QImage, size: tuple[int, int], synthetic: bool) -> None:
        for canvas in self._canvases:
            canvas.set_photo(image, size, synthetic)
        self.left.set_document(self.settling.left)
        self.right.set_document(self.settling.right)
        self.result.set_document(self.settling.result)
        self.left.set_read_only(True)
        self.right.set_read_only(True)
        self.result.set_read_only(False)
        self._look(self.list.currentIndex())
        self.list.setFocus()

    def improve_photo(self, image: QImage) -> None:
        for canvas in self._canvases:
            canvas.improve_photo(image)

    @property
    def settling(self) -> Settling:
        return self._states[-1]

    @property
    def names(self) -> tuple[str, str]:
        return self._names

    def _look(self, index: QModelIndex) -> None:
        """All three look at the chosen difference."""
        if not index.isValid() or not self.left.has_photo():
            return
        one = self.settling.differences[index.row()]
        self._together.look_at(one.extent)
        self.left.select(one.left.id if one.left else "")
        self.right.select(one.right.id if one.right else "")
        self.result.select(next((a.id for a in one.boxes if self.settling.result.find(a.id)), ""))

    def _pointed_at(self, canvas: PhotoCanvas, id_: str) -> None:
        """A click on a box chooses its difference."""
        if id_ and canvas.hasFocus():
            rows = enumerate(self.settling.differences)
            self.list.choose(next((n for n, d in rows if id_ in {a.id for a in d.boxes}), -1))

    # -- deciding ------------------------------------------------------------------------------------------------
    def decide(self, verdict: Verdict) -> None:
        """The chosen difference; then on to the next open one. To edit stays there."""
        row = self.list.currentIndex().row()
        if row < 0:
            return
        if verdict == "edited" and self.settling.verdicts[row] not in ("", "none"):
            self._edit(row)
            return
        self._take(rules.decide(self.settling, row, verdict))
        if verdict == "edited":
            self._edit(row)
        else:
            following = self.list.next_open()
            if following >= 0:
                self.list.choose(following)

    def _decided(self, verdict: Verdict, _checked: bool = False) -> None:
        self.decide(verdict)
        if verdict != "edited":
            self.list.setFocus()

    def _edit(self, row: int) -> None:
        boxes = self.settling.differences[row].boxes
        self.result.select(next((a.id for a in boxes if self.settling.result.find(a.id)), ""))
        self.result.setFocus()

    def _changed_by_hand(self, document: Document, _edit: Edit) -> None:
        self._states.append(rules.change(self.settling, document))
        self._say()

    def undo(self) -> None:
        if len(self._states) > 1:
            self._states.pop()
            self._show_result()
        else:
            self.undo_wanted.emit()

    def _take(self, settling: Settling) -> None:
        if settling != self.settling:
            self._states.append(settling)
            self._show_result()

    def _show_result(self) -> None:
        chosen = self.result.selected()
        self.result.set_document(self.settling.result)
        self.result.select(chosen)
        self._say()

    def _say(self) -> None:
        self.list.show_settling(self.settling, self._names)
        self.retranslate()

    def _finish(self) -> None:
        if self._states and not self.settling.open:
            self.finished.emit(rules.finished(self.settling))

    def set_finish_words(self, say: Callable[[], str]) -> None:
        self._finish_words = say
        self.retranslate()

    _finish_words: Callable[[], str] = staticmethod(lambda: text("settle.finish"))

    def retranslate(self) -> None:
        left, right = self._names
        counts = (
            [len(d.annotations) for d in (self.settling.left, self.settling.result, self.settling.right)]
            if (self._states)
            else [0, 0, 0]
        )
        for head, words, n in zip(self._heads, (left, text("settle.result"), right), counts, strict=True):
            head.setText(text("settle.head", name=words, n=n))
        said = (
            text("settle.take", person=left),
            text("settle.both"),
            text("settle.none"),
            text("settle.take", person=right),
            text("settle.edit"),
        )
        there = bool(self._states) and bool(self.settling.differences)
        for (verdict, key), words in zip(KEYS, said, strict=True):
            self.buttons[verdict].setText(f"{words}  {key}")
            self.buttons[verdict].setToolTip(f"{words}  ({key})")
            self.buttons[verdict].setAccessibleName(words)
            self.buttons[verdict].setEnabled(there)
        self.undo_button.setText(text("menu.undo"))
        self.undo_button.setToolTip(f"{text('menu.undo')}  (Ctrl+Z)")
        self.undo_button.setEnabled(len(self._states) > 1 or self._before)
        open_ = self.settling.open if self._states else 0
        total = len(self.settling.differences) if self._states else 0
        self._list_head.setText(text("settle.count", n=total - open_, total=total))
        self._hint.setText(text("settle.hint"))
        self.finish.setText(text("settle.left", n=open_) if open_ else self._finish_words())
        self.finish.setToolTip(f"{self._finish_words()}  (Enter)")
        self.finish.setEnabled(bool(self._states) and not open_)
