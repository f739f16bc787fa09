"""The page of the work with one photo: photos left, the photo, answers right. Diagnose and Annotate share it."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.annotation.document import Document
from app.annotation.needs import Need, needs
from app.common.words import text
from app.datasets.records import ImageRow, Step
from app.views.actions import Actions, key_table
from app.views.canvas import PhotoCanvas
from app.views.engine_bridge import EngineBridge
from app.views.exchange.errands import Errands
from app.views.keys import use_keys
from app.views.photo_list import PhotoPanel
from app.views.services import Services
from app.views.thumbnails import Thumbnails
from app.views.window import PHOTO_PLACES, Window
from app.views.workbench.annotate_panel import AnnotatePanel
from app.views.workbench.box_commands import BoxCommands
from app.views.workbench.case_card import CaseCard
from app.views.workbench.collection import Collection
from app.views.workbench.commands import Commands
from app.views.workbench.diagnosis_panel import DiagnosisPanel
from app.views.workbench.empty_state import EmptyState
from app.views.workbench.engine_status import EngineStatus
from app.views.workbench.keeping import Keeping
from app.views.workbench.looks_panel import LooksPanel
from app.views.workbench.photo_loader import warm_up
from app.views.workbench.reading import Lesion
from app.views.workbench.right_side import WIDTH, RightSide
from app.views.workbench.sitting import Sitting
from app.views.workbench.step_words import step_words
from app.views.workbench.tool_row import ToolRow
from app.views.workbench.warnings import warnings_of
from app.views.workbench.wiring import wire

LEFT = 188


class Workbench(QWidget):
    def __init__(self, services: Services, window: Window, engine: EngineBridge) -> None:
        super().__init__(window)
        self.services = services
        self.frame = window
        self.engine = engine
        use_keys(key_table(services.pack, services.settings.keys))  # the panels say them
        self.canvas = PhotoCanvas()
        self.canvas.set_pack(services.pack)
        self.canvas.set_min_score(services.settings.min_score)
        self.photos = PhotoPanel(Thumbnails(services.background, self))
        self.case_card = CaseCard(services.pack)
        self.diagnosis = DiagnosisPanel(services.pack)
        self.annotate = AnnotatePanel(services)
        self.empty = EmptyState()
        self.collection = Collection(services, self.photos, self)
        self.sitting = Sitting(services, self.canvas, engine, self)
        self.keeping = Keeping(services, self.canvas, window.messages.info, self)
        self.boxes = BoxCommands(self)
        self.commands = Commands(self)
        self.errands = Errands(self)
        table = {**self.commands.table(), **self.errands.table()}
        self.actions_ = Actions(services.pack, self, table, services.settings.keys)
        self.looks = LooksPanel(self.canvas)
        self.tools = ToolRow(self.actions_, services.settings.min_score)
        self.right = RightSide(self.case_card, self.diagnosis, self.annotate)
        self._seen: tuple[object, object, tuple[Lesion, ...], tuple[Need, ...]] | None = None
        self._middle = QStackedWidget()
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._lay_out()
        wire(self)
        self.status = EngineStatus(window.status, engine, self.sitting, self)
        self.actions_.fill(window.menuBar())
        self._set_has_photo(False)
        self.journal_changed(False, False)

    # -- building ------------------------------------------------------------------------------------------------
    def _lay_out(self) -> None:
        photo = QWidget()
        column = QVBoxLayout(photo)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tools)
        column.addWidget(self.canvas, 1)
        self.looks.setParent(photo)
        self.looks.hide()
        self._middle.addWidget(self.empty)
        self._middle.addWidget(photo)
        for part in (self.photos, self._middle, self.right):
            self._splitter.addWidget(part)
        for place, stretch in enumerate((0, 1, 0)):
            self._splitter.setStretchFactor(place, stretch)
            self._splitter.setCollapsible(place, False)
        self._splitter.setHandleWidth(1)
        self._splitter.setSizes([LEFT, 900, WIDTH])
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._splitter)

    # -- life ----------------------------------------------------------------------------------------------------
    def begin(self, paths: Sequence[Path]) -> None:
        """The database is open: show the workspace's photos, or what the command line names; then start the engine."""
        if paths:
            self.collection.open(paths)
        else:
            self.collection.show_all()
        # What is loaded by then stays: looking through it for garbage would stall the window for 0.1 s each time.
        self.services.background.work(warm_up, lambda _: gc.freeze(), owner=self, lane="ahead")
        QTimer.singleShot(0, self, self.engine.start)

    def close_down(self) -> None:
        self.case_card.enter()
        self.engine.stop()

    def go(self, place: str) -> None:
        if place not in PHOTO_PLACES:
            return
        self.right.show_panel(self.annotate if place == "annotate" else self.diagnosis)
        self.boxes.stick()
        self.refresh()
        self.canvas.setFocus()

    def take_pack(self) -> None:
        """Labels were added to the pack."""
        pack = self.services.pack
        self.canvas.set_pack(pack)
        self.actions_.set_pack(pack)
        self.annotate.set_pack(pack)
        self.diagnosis.list.set_pack(pack)
        self.refresh()

    # -- the photo -----------------------------------------------------------------------------------------------
    def open_photo(self, row: ImageRow) -> None:
        self._set_has_photo(True)
        self.frame.messages.dismiss(self.sitting.problem)
        self.annotate.verdict.close_comment()
        self.case_card.enter()
        self.case_card.setEnabled(False)  # until this photo's card stands, nothing is entered for it
        self.services.change_settings(last_image=row.id)
        self.sitting.open(row, self.photos.neighbours())

    def nothing_to_show(self) -> None:
        self.sitting.close()
        self._set_has_photo(False)

    def say_working(self, found: int | None) -> None:
        if found is None:
            self.frame.status.set_work(lambda: "")
        else:
            words = partial(text, "photos.opening", n=f"{found:,}")
            self.frame.status.set_work(words, stop=self.collection.stop)

    def _set_has_photo(self, there: bool) -> None:
        self._middle.setCurrentIndex(1 if there else 0)
        self.photos.setVisible(there and self.actions_["fold_left"].isChecked())
        self.right.setVisible(there and self.actions_["fold_right"].isChecked())

    def photo_shown(self) -> None:
        row = self.sitting.row
        self.case_card.show_case(self.sitting.case, self.sitting.photos_of_patient)
        self.case_card.setEnabled(self.sitting.shown)
        document = self.canvas.document()
        self.tools.show_size(*((document.width, document.height) if document else (0, 0)))
        if row is not None and self.canvas.isVisible() and not self.photos.filter.hasFocus():
            self.canvas.setFocus()
        self.refresh()

    def refresh(self) -> None:
        """The panels say what the canvas and the engine know."""
        document = self.canvas.document()
        if document is None:
            self.diagnosis.clear()
            self.annotate.show_boxes(None, (), "", (), self.boxes.next_label)
            return
        found, reasons = self._found(document)
        selected = self.canvas.selected()
        if self.frame.place == "annotate":
            image_id = self.sitting.row.id if self.sitting.row else 0
            next_label, apart = self.boxes.next_label, self.sitting.apart
            self.annotate.show_boxes(document, found, selected, reasons, next_label, image_id, apart=apart)
        else:
            self._show_reading(found, selected)
        self.actions_["verify"].setChecked(document.verified)

    def _found(self, document: Document) -> tuple[tuple[Lesion, ...], tuple[Need, ...]]:
        """The lesions, and why the photo needs somebody: worked out once for what is shown, not for each selection."""
        scene, answer = self.canvas.scene, self.sitting.answer
        if self._seen is None or self._seen[0] is not scene or self._seen[1] is not answer:
            reasons = needs(document, answer or None, self.sitting.row.id if self.sitting.row else 0)
            self._seen = (scene, answer, self.sitting.lesions(), reasons)
        return self._seen[2], self._seen[3]

    def _show_reading(self, found: Sequence[Lesion], selected: str) -> None:
        top, of = self.sitting.top3(selected)
        number = next((lesion.number for lesion in found if lesion.id == selected), None)
        warnings = warnings_of(self.sitting.answer, self.sitting.photo_warnings, number)
        busy, was_read, apart = self.sitting.busy, bool(self.sitting.answer), self.sitting.apart
        self.diagnosis.show_reading(found, selected, top, of, warnings, busy=busy, was_read=was_read, apart=apart)

    def look_at_first(self) -> None:
        """A photo was read: its first lesion's answer is what a doctor wants to see."""
        found = self.sitting.lesions()
        if found and self.frame.place == "diagnose" and not self.canvas.selected() and not self.canvas.drawing():
            self.canvas.select(found[0].id)

    def case_kept(self) -> None:
        assert self.sitting.case is not None
        self.case_card.adopt(self.sitting.case, self.sitting.photos_of_patient)

    def journal_changed(self, can_undo: bool, can_redo: bool) -> None:
        self.actions_["undo"].setEnabled(can_undo)
        self.actions_["redo"].setEnabled(can_redo)

    def go_where_it_was(self, step: Step, row: ImageRow) -> None:
        """Something was undone or redone on another photo, or on other boxes of this one: show it, and say so."""
        here = self.sitting.row is not None and self.sitting.row.id == row.id
        if here or not self.photos.go_to(row.id):
            self.open_photo(row)
        self.frame.messages.info("stepped", partial(step_words, step, row.name))

    def show_from(self, score: float) -> None:
        self.canvas.set_min_score(score)
        self.refresh()

    def retranslate(self) -> None:
        self.actions_.retranslate()
        self.refresh()
