"""The page of the work with one photo: photos left, the photo, answers right. Diagnose and Annotate share it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.common.packs import OTHER
from app.common.words import text
from app.datasets.records import ImageRow, Step
from app.views.actions import Actions
from app.views.canvas import PhotoCanvas
from app.views.engine_bridge import EngineBridge
from app.views.exchange.errands import Errands
from app.views.photo_list import PhotoPanel
from app.views.services import Services
from app.views.thumbnails import Thumbnails
from app.views.window import Window
from app.views.workbench.annotate_panel import AnnotatePanel
from app.views.workbench.case_card import CaseCard
from app.views.workbench.collection import Collection
from app.views.workbench.commands import Commands
from app.views.workbench.diagnosis_panel import DiagnosisPanel
from app.views.workbench.empty_state import EmptyState
from app.views.workbench.engine_status import EngineStatus
from app.views.workbench.keeping import Keeping
from app.views.workbench.photo_loader import warm_up
from app.views.workbench.right_side import WIDTH, RightSide
from app.views.workbench.sitting import Sitting
from app.views.workbench.step_words import step_words
from app.views.workbench.tool_row import ToolRow
from app.views.workbench.warnings import warnings_of

LEFT = 188


class Workbench(QWidget):
    def __init__(self, services: Services, window: Window, engine: EngineBridge) -> None:
        super().__init__(window)
        self.services = services
        self.frame = window
        self.engine = engine
        self.canvas = PhotoCanvas()
        self.canvas.set_pack(services.pack)
        self.canvas.set_min_score(services.settings.min_score)
        self.photos = PhotoPanel(Thumbnails(services.background, self))
        self.case_card = CaseCard(services.pack)
        self.diagnosis = DiagnosisPanel(services.pack)
        self.annotate = AnnotatePanel(services.pack)
        self.empty = EmptyState()
        self.collection = Collection(services, self.photos, self)
        self.sitting = Sitting(services, self.canvas, engine, self)
        self.keeping = Keeping(services, self.canvas, window.messages.info, self)
        self.commands = Commands(self)
        self.errands = Errands(self)
        table = {**self.commands.table(), **self.errands.table()}
        self.actions_ = Actions(services.pack, self, table, services.settings.keys)
        self.tools = ToolRow(self.actions_, services.settings.min_score)
        self.right = RightSide(self.case_card, self.diagnosis, self.annotate)
        self._middle = QStackedWidget()
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._lay_out()
        self._connect()
        self.status = EngineStatus(window.status, engine, self.sitting, self)
        self.actions_.fill(window.menuBar())
        self._set_has_photo(False)
        self._journal_changed(False, False)

    # -- building ------------------------------------------------------------------------------------------------
    def _lay_out(self) -> None:
        photo = QWidget()
        column = QVBoxLayout(photo)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tools)
        column.addWidget(self.canvas, 1)
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

    def _connect(self) -> None:
        self.frame.went.connect(self.go)
        self.frame.sheet_opened.connect(lambda there: self.actions_.set_at_work(not there))
        self.frame.paths_dropped.connect(self.collection.open)
        self.frame.rail.settings_wanted.connect(self.commands.open_settings)
        self.empty.files_wanted.connect(self.collection.ask_for_files)
        self.empty.folder_wanted.connect(self.collection.ask_for_folder)
        self.collection.emptied.connect(self._nothing_to_show)
        self.collection.nothing_found.connect(
            lambda: self.frame.messages.info("none_found", lambda: text("photos.none_found"))
        )
        self.collection.working.connect(self._say_working)
        self.photos.chosen.connect(self._open)
        self.sitting.photo_shown.connect(self._photo_shown)
        self.sitting.reading_changed.connect(self._refresh)
        self.sitting.row_changed.connect(lambda row: self.photos.model.update_rows([row]))
        self.sitting.read_through.connect(self._look_at_first)
        self.sitting.sidecar_wanted.connect(self.keeping.open_sidecar)
        self.sitting.failed.connect(self.frame.messages.error)
        self.canvas.selection_changed.connect(lambda _id: self._refresh())
        self.canvas.mode_changed.connect(self.actions_["draw"].setChecked)
        self.sitting.undoing.journal_changed.connect(self._journal_changed)
        self.sitting.undoing.elsewhere.connect(self._go_where_it_was)
        self.canvas.view_changed.connect(self.tools.show_zoom)
        self.canvas.refused.connect(self.frame.messages.error)
        self.canvas.context_menu_wanted.connect(self.commands.context_menu)
        self.case_card.edited.connect(self.sitting.keep_case)
        self.sitting.case_kept.connect(self._case_kept)
        self.case_card.refused.connect(self.frame.messages.error)
        self.case_card.patient_wanted.connect(self.collection.show_patient)
        self.tools.min_score_moved.connect(self._show_from)
        self.tools.min_score_chosen.connect(lambda score: self.services.change_settings(min_score=score))
        for shown in (self.diagnosis.list, self.annotate.list):
            shown.chosen.connect(self.canvas.select)
            self.actions_.listen_on(shown)
        self.actions_.listen_on(self.canvas)
        self.actions_.listen_on(self.photos.view)
        d, a = self.diagnosis, self.annotate
        d.accept_wanted.connect(self.commands.accept)
        d.other_wanted.connect(lambda: self.canvas.relabel_selected(OTHER))
        d.accept_all_wanted.connect(self.canvas.accept_all)
        d.picture_wanted.connect(self.actions_["picture"].trigger)
        d.print_wanted.connect(self.actions_["print"].trigger)
        a.verify_wanted.connect(self.canvas.toggle_verified)
        a.accept_all_wanted.connect(self.canvas.accept_all)
        a.save_wanted.connect(self.actions_["save"].trigger)
        a.chips.picked.connect(self.canvas.relabel_selected)
        for key, action in self.actions_.labels.items():
            action.triggered.connect(lambda _=False, key=key: self.canvas.relabel_selected(key))
        self.actions_.keys_changed.connect(self.commands.keep_keys)
        for name in ("fold_left", "fold_right", "tags"):
            self.actions_[name].setChecked(True)

    # -- life ----------------------------------------------------------------------------------------------------
    def begin(self, paths: Sequence[Path]) -> None:
        """The database is open: show the workspace's photos, or what the command line names; then start the engine."""
        if paths:
            self.collection.open(paths)
        else:
            self.collection.show_all()
        self.services.background.work(warm_up, lambda _: None, owner=self, lane="ahead")
        QTimer.singleShot(0, self, self.engine.start)

    def close_down(self) -> None:
        self.case_card.enter()
        self.engine.stop()

    def go(self, place: str) -> None:
        self.right.show_panel(self.annotate if place == "annotate" else self.diagnosis)
        self._refresh()
        self.canvas.setFocus()

    # -- the photo -----------------------------------------------------------------------------------------------
    def _open(self, row: ImageRow) -> None:
        self._set_has_photo(True)
        self.frame.messages.dismiss(self.sitting.problem)
        self.case_card.enter()
        self.case_card.setEnabled(False)  # until this photo's card stands, nothing is entered for it
        self.services.change_settings(last_image=row.id)
        self.sitting.open(row, self.photos.neighbours())

    def _nothing_to_show(self) -> None:
        self.sitting.close()
        self._set_has_photo(False)

    def _say_working(self, found: int | None) -> None:
        if found is None:
            self.frame.status.set_work(lambda: "")
        else:
            words = partial(text, "photos.opening", n=f"{found:,}")
            self.frame.status.set_work(words, stop=self.collection.stop)

    def _set_has_photo(self, there: bool) -> None:
        self._middle.setCurrentIndex(1 if there else 0)
        self.photos.setVisible(there and self.actions_["fold_left"].isChecked())
        self.right.setVisible(there and self.actions_["fold_right"].isChecked())

    def _photo_shown(self) -> None:
        row = self.sitting.row
        self.case_card.show_case(self.sitting.case, self.sitting.photos_of_patient)
        self.case_card.setEnabled(self.sitting.shown)
        document = self.canvas.document()
        self.tools.show_size(*((document.width, document.height) if document else (0, 0)))
        if row is not None and not self.photos.filter.hasFocus():
            self.canvas.setFocus()
        self._refresh()

    def _refresh(self) -> None:
        """The panels say what the canvas and the engine know."""
        document = self.canvas.document()
        if document is None:
            self.diagnosis.clear()
            self.annotate.setEnabled(False)
            return
        found = self.sitting.lesions()
        selected = self.canvas.selected()
        top, of = self.sitting.top3(selected)
        number = next((lesion.number for lesion in found if lesion.id == selected), None)
        warnings = warnings_of(self.sitting.answer, self.sitting.photo_warnings, number)
        self.diagnosis.show_reading(
            found, selected, top, of, warnings, busy=self.sitting.busy, was_read=bool(self.sitting.answer)
        )
        self.annotate.show_boxes(found, selected, verified=document.verified)
        self.actions_["verify"].setChecked(document.verified)

    def _look_at_first(self) -> None:
        """A photo was read: its first lesion's answer is what a doctor wants to see."""
        found = self.sitting.lesions()
        if found and self.frame.place == "diagnose" and not self.canvas.selected() and not self.canvas.drawing():
            self.canvas.select(found[0].id)

    def _case_kept(self) -> None:
        assert self.sitting.case is not None
        self.case_card.adopt(self.sitting.case, self.sitting.photos_of_patient)

    def _journal_changed(self, can_undo: bool, can_redo: bool) -> None:
        self.actions_["undo"].setEnabled(can_undo)
        self.actions_["redo"].setEnabled(can_redo)

    def _go_where_it_was(self, step: Step, row: ImageRow) -> None:
        """Something was undone or redone on another photo: show it there, and say so."""
        if not self.photos.go_to(row.id):
            self._open(row)
        self.frame.messages.info("stepped", partial(step_words, step, row.name))

    def _show_from(self, score: float) -> None:
        self.canvas.set_min_score(score)
        self._refresh()

    def retranslate(self) -> None:
        self.actions_.retranslate()
        self._refresh()
