"""The photos of a pair that are still to settle: how each of them differs, and the way to settling them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.common.words import text
from app.views.parts import label
from app.views.photo_rows import PhotoLine, PhotoRows
from app.views.thumbnails import Thumbnails

if TYPE_CHECKING:
    from app.views.people.desk import PairFigures


class DifferingList(QWidget):
    settle_wanted = Signal(object, int)  # PairFigures, place among the open photos

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._figures: PairFigures | None = None
        self._heading = label("section")
        self._none = label("soft", wrap=True)
        self.view = PhotoRows(thumbnails)
        self.view.opened.connect(self._settle)
        self.settle = QPushButton()
        self.settle.setProperty("kind", "primary")
        self.settle.clicked.connect(lambda: self._settle(self.view.currentIndex().row()))
        head = QHBoxLayout()
        head.addWidget(self._heading, 1)
        head.addWidget(self.settle)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self._none)
        layout.addWidget(self.view, 1)
        layout.addStretch()
        self.retranslate()

    def show_pair(self, figures: PairFigures | None) -> None:
        """None: there is no pair yet."""
        self._figures = figures
        self.retranslate()

    def _settle(self, row: int) -> None:
        if self._figures is not None and self._figures.open:
            self.settle_wanted.emit(self._figures, max(0, row))

    def retranslate(self) -> None:
        figures = self._figures
        there = figures is not None and bool(figures.open)
        a, b = figures.pair.names if figures else ("", "")
        still = _still(figures) if figures else ""
        self.view.show_lines([_line(figures, n) for n in figures.open] if figures else [])
        self._heading.setText(text("agreement.open_photos", a=a, b=b) if figures else "")
        self._none.setText(still or (text("agreement.no_open") if figures else text("agreement.no_pairs")))
        self._none.setVisible(bool(still) or not there)
        self.view.setVisible(there)
        self.view.setAccessibleName(text("agreement.differ"))
        self.view.setToolTip(text("agreement.settle"))
        self.settle.setText(text("agreement.settle"))
        self.settle.setToolTip(f"{text('agreement.settle')}  (Enter)")
        self.settle.setVisible(there)


def _still(figures: PairFigures) -> str:
    """Who of the pair has how many photos still to box; "" when both are through."""
    people = zip(figures.pair.names, figures.pair.still, strict=True)
    said = [text("agreement.still_of", person=name, n=n) for name, n in people if n]
    return text("agreement.still", list=text("agreement.still_join").join(said)) if said else ""


def _line(figures: PairFigures, number: int) -> PhotoLine:
    row = figures.pair.photos[number].row
    a, b = figures.pair.names
    left, right, other, place = figures.counts[number]
    parts = (
        (left, text("agreement.only", person=a, n=left)),
        (right, text("agreement.only", person=b, n=right)),
        (other, text("agreement.other_label", n=other)),
        (place, text("agreement.other_place", n=place)),
    )
    words = "  ·  ".join(said for n, said in parts if n)
    return PhotoLine(row.path, row.name, words or text("agreement.photo_same"))
