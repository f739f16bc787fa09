"""The datasheet of one version: who and when, counts, what was left out and why, whom it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from app.common.words import text
from app.views.datasets.count_table import CountTable
from app.views.datasets.coverage_bars import CoverageBars
from app.views.datasets.words import disease_words, part_words
from app.views.parts import label

if TYPE_CHECKING:
    from app.common.packs import Pack
    from app.datasets.freezing.datasheet import Datasheet

FIELDS = 5


class DatasheetView(QScrollArea):
    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._sheet: Datasheet | None = None
        self._pack: Pack | None = None
        self._facts = label("soft", wrap=True)
        self._counts_heading = label("section")
        self.counts = CountTable()
        self._left_heading = label("section")
        self._left = label(wrap=True)
        self._notes = label("soft", wrap=True)
        self._coverage_heading = label("section")
        self._limits = label("caption", wrap=True)
        self.bars = tuple(CoverageBars() for _ in range(FIELDS))
        self._lay_out()

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(24, 8, 24, 24)
        column.setSpacing(8)
        column.addWidget(self._facts)
        column.addSpacing(4)
        column.addWidget(self._counts_heading)
        column.addWidget(self.counts)
        column.addSpacing(8)
        column.addWidget(self._left_heading)
        column.addWidget(self._left)
        column.addWidget(self._notes)
        column.addSpacing(8)
        column.addWidget(self._coverage_heading)
        grid = QGridLayout()
        grid.setHorizontalSpacing(32)
        grid.setVerticalSpacing(12)
        for number, bars in enumerate(self.bars):
            grid.addWidget(bars, number // 2, number % 2, Qt.AlignmentFlag.AlignTop)
        column.addLayout(grid)
        column.addWidget(self._limits)
        column.addStretch()
        self.setWidget(inside)

    def show_sheet(self, sheet: Datasheet, pack: Pack) -> None:
        self._sheet, self._pack = sheet, pack
        self.counts.show_sheet(sheet, pack)
        for bars, coverage in zip(self.bars, sheet.coverage, strict=True):
            bars.show_coverage(coverage, pack)
        self.retranslate()
        self.verticalScrollBar().setValue(0)

    def retranslate(self) -> None:
        from app.common.tones import tone_limits

        sheet, pack = self._sheet, self._pack
        if sheet is None or pack is None:
            return
        self.setAccessibleName(text("sets.datasheet"))
        self._facts.setText(self._facts_words(sheet))
        self._counts_heading.setText(text("sets.counts"))
        self._left_heading.setText(text("sets.left_out"))
        self._left.setText(self._left_words(sheet))
        self._notes.setText("\n".join(self._note_words(sheet, pack)))
        self._notes.setVisible(bool(self._notes.text()))
        self._coverage_heading.setText(text("sets.coverage"))
        self._limits.setText(tone_limits())

    def _facts_words(self, sheet: Datasheet) -> str:
        when = f"{sheet.created.astimezone():%Y-%m-%d %H:%M}" if sheet.created else "–"
        lines = [text("sets.frozen_by", when=when, who=sheet.author or "–", seed=sheet.seed)]
        lines.append(text("sets.by_centre") if sheet.by_centre else text("sets.by_patient"))
        if sheet.folds:
            lines.append(text("sets.folds_words", folds=sheet.folds, repeats=sheet.repeats))
        if sheet.parent:
            lines.append(text("sets.after", parent=sheet.parent[:8]))
        lines.append(text("sets.no_leaks") if not sheet.leaks else text("sets.leaks", n=sheet.leaks))
        return "   ·   ".join(lines)

    def _left_words(self, sheet: Datasheet) -> str:
        from app.cleaning.checks import NAMES, check_name

        reasons = sorted(sheet.cleaning.exclusions.items(), key=lambda item: -item[1])
        words = [text("sets.reason", check=check_name(c) if c in NAMES else c, n=n) for c, n in reasons]
        if sheet.cleaning.unlabelled:
            words.append(text("sets.unlabelled", n=sheet.cleaning.unlabelled))
        if words:
            return "   ·   ".join(words)
        return text("sets.nothing_left_out") if sheet.cleaning.checks else text("sets.not_checked")

    def _note_words(self, sheet: Datasheet, pack: Pack) -> list[str]:
        lines = []
        if sheet.missing:
            lines.append(text("sets.missing", places=_places(sheet, pack)))
        if sheet.masked:
            lines.append(text("sets.masked", n=sheet.masked))
        if sheet.without_patient:
            lines.append(text("sets.without_patient", n=sheet.without_patient))
        if sheet.synthetic:
            lines.append(text("sets.synthetic", n=sheet.synthetic))
        return lines


def _places(sheet: Datasheet, pack: Pack) -> str:
    """Each disease once, with the parts that have no photo of it."""
    parts: dict[str, list[str]] = {}
    for disease, part in sheet.missing:
        parts.setdefault(disease, []).append(part_words(part))
    comma = text("checklist.comma")
    found = (text("checklist.place", disease=disease_words(pack, d), parts=comma.join(p)) for d, p in parts.items())
    return text("checklist.semicolon").join(found)
