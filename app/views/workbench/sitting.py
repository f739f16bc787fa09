"""One photo on the desk: loads it, shows it, stores every edit at once, asks the engine and keeps its answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from app.annotation.answers import Top3, lesion_tops, suggestions_of, top3_of
from app.annotation.document import Document, Edit
from app.common.errors import UserError
from app.datasets.records import CaseRecord, ImageRow, JournalState
from app.views.background import Changed
from app.views.canvas import PhotoCanvas, Reading
from app.views.engine_bridge import EngineBridge
from app.views.services import Services
from app.views.workbench import desk
from app.views.workbench.ahead import Ahead
from app.views.workbench.case_keeping import CaseKeeping
from app.views.workbench.desk import OnDesk
from app.views.workbench.photo_loader import Loaded, PhotoLoader
from app.views.workbench.reading import Lesion, lesions
from app.views.workbench.tool_row import LOWEST
from app.views.workbench.undoing import Undoing

BOXES = frozenset({"annotations", "images"})
ANSWERS = frozenset({"predictions"})
HEAD_START_MS = 10


class Sitting(QObject):
    photo_shown = Signal()  # pixels, boxes and case of another photo stand
    reading_changed = Signal()  # lesions, top 3 or warnings are others
    read_through = Signal()  # the answer for the whole photo has come
    row_changed = Signal(object)  # ImageRow with new facts
    case_kept = Signal()  # ``case`` is as it is stored now
    failed = Signal(object)  # UserError of the photo

    def __init__(self, services: Services, canvas: PhotoCanvas, engine: EngineBridge, parent: QObject) -> None:
        super().__init__(parent)
        self._services = services
        self._canvas = canvas
        self._engine = engine
        self._loader = PhotoLoader(services.background, self)
        self.row: ImageRow | None = None
        self.case: CaseRecord | None = None
        self.photos_of_patient = 0
        self.apart = False  # the person boxes this photo apart from others: no model is asked, it would lead them
        self.answer: Mapping[str, Any] = {}
        self.photo_warnings: tuple[str, ...] = ()
        self.shown = False
        self.problem = ""  # code of what kept the photo from being shown
        self._tops: dict[str, Top3] = {}
        self._asked: dict[int, str] = {}  # request -> "" for the whole photo, else the box's id
        self._given_up: set[str] = set()  # what the engine refused of this photo, named as in _asked
        self._case_keeping = CaseKeeping(services.background, self._case_kept, self._not_kept, self)
        self._neighbours: tuple[ImageRow, ...] = ()
        self._up: OnDesk | None = None  # whose boxes the canvas shows already
        self._loaded: Loaded | None = None
        self._on_desk: OnDesk | None = None
        self._asked_for_boxes = False
        self._ahead = Ahead(services.background, self._loader, self._lay_out, self)
        self.undoing = Undoing(services, canvas, self)
        canvas.edited.connect(self._edited)
        canvas.drawn_box_settled.connect(self.classify)
        engine.answered.connect(self._answered)
        engine.refused.connect(self._refused)
        engine.ready.connect(self._engine_ready)
        engine.restarted.connect(self._asked.clear)

    # -- opening -------------------------------------------------------------------------------------------------
    def open(self, row: ImageRow, neighbours: tuple[ImageRow, ...] = ()) -> None:
        """Show another photo. Until its boxes are known to be the newest, nothing can be drawn into it.

        What was made ready ahead is shown at once; ``neighbours`` are made ready once this one stands.
        """
        self._forget_questions()
        self.row, self.shown, self.problem = row, False, ""
        self._neighbours, self._up, self._loaded, self._on_desk = neighbours, None, None, None
        self._asked_for_boxes = False
        self._given_up.clear()
        self._ahead.give_way()
        self._canvas.set_read_only(True)
        ratio = self._canvas.devicePixelRatioF()
        self._loader.set_room(round(self._canvas.width() * ratio), round(self._canvas.height() * ratio))
        self._loader.load(row.path, partial(self._decoded, row.id), partial(self._not_loaded, row.id))
        # The database is asked while the photo is decoded, but not before that has got under way: it waits for Python's
        # lock as well.
        QTimer.singleShot(HEAD_START_MS, self, partial(self._ask_for_boxes, row))

    def close(self) -> None:
        self._forget_questions()
        self.row, self.case, self.answer, self.shown = None, None, {}, False
        self._tops = {}
        self._canvas.clear_photo()
        self.photo_shown.emit()

    def _decoded(self, image_id: int, loaded: Loaded) -> None:
        row = self.row
        if row is None or row.id != image_id:
            return
        self._loaded = loaded
        self._canvas.set_photo(loaded.image, loaded.size, loaded.synthetic)
        if ready := self._ahead.desk_of(image_id):
            self._show_boxes(ready)
        if (row.width, row.height, row.synthetic) == (*loaded.size, loaded.synthetic):
            self._ask_for_boxes(row)
        else:
            self._asked_for_boxes = True
            self._lay_out(image_id, loaded.size, loaded.synthetic, self._laid_out)
        self._stand()

    def _ask_for_boxes(self, row: ImageRow) -> None:
        """Once; not before the photo was decoded if its size was never noted."""
        if self.row is row and not self._asked_for_boxes and row.width is not None and row.height is not None:
            self._asked_for_boxes = True
            self._lay_out(row.id, (row.width, row.height), row.synthetic, self._laid_out)

    def _lay_out(
        self, image_id: int, size: tuple[int, int], synthetic: bool, done: Callable[[OnDesk], object]
    ) -> Future[OnDesk]:
        models = self._engine.models
        rater = desk.rater_of(models) if models else None
        lay_out = partial(desk.lay_out, image_id=image_id, size=size, synthetic=synthetic, rater=rater)
        failed = partial(self._not_loaded, image_id)
        return self._services.background.change(lay_out, Changed(frozenset(), image_id), done, failed, owner=self)

    def _laid_out(self, on_desk: OnDesk) -> None:
        if self.row is not None and self.row.id == on_desk.row.id:
            self._on_desk = on_desk
            self._stand()

    def _not_loaded(self, image_id: int, error: UserError) -> None:
        if self.row is not None and self.row.id == image_id:
            self.answer, self._tops, self.case, self.problem = {}, {}, None, error.code
            self._canvas.clear_photo()
            self.failed.emit(error)
            self.photo_shown.emit()

    def _show_boxes(self, on_desk: OnDesk) -> None:
        """Boxes and suggestions, unless the canvas shows the same already."""
        if self._up is not None and (self._up.document, self._up.answer) == (on_desk.document, on_desk.answer):
            return
        self._up = on_desk
        self.answer = on_desk.answer or {}
        self._tops = lesion_tops(self.answer, on_desk.row.id)
        self._canvas.set_document(on_desk.document)
        self._canvas.set_suggestions(suggestions_of(self.answer, on_desk.row.id))
        self._canvas.set_readings({id_: Reading(*top[0]) for id_, top in self._tops.items() if top})

    def _stand(self) -> None:
        """Once photo and boxes are both there, and of one size, they are painted; then work can begin."""
        loaded, on_desk = self._loaded, self._on_desk
        if self.shown or loaded is None or on_desk is None:
            return
        if (on_desk.document.width, on_desk.document.height) != loaded.size:
            return
        self._show_boxes(on_desk)
        self._canvas.repaint()
        self.row, self.case, self.photos_of_patient = on_desk.row, on_desk.case, on_desk.photos_of_patient
        self.photo_warnings, self.apart = loaded.warnings, on_desk.apart
        self._canvas.set_read_only(False)
        self.shown = True
        self.row_changed.emit(on_desk.row)
        self.undoing.tell(on_desk.journal)
        self.photo_shown.emit()
        if "photo_truncated" in loaded.warnings:
            self.problem = "image_truncated"
            self.failed.emit(UserError("image_truncated", file=on_desk.row.name))
        self.undoing.photo_stands(on_desk.row.id)
        if on_desk.answer is not None:
            self.reading_changed.emit()
            self.read_through.emit()
            self._ask_for_drawn_boxes()
        else:
            self.read()
        self._ahead.make_ready(self._neighbours, partial(self._ask_for_the_whole, loaded))

    def _ask_for_the_whole(self, loaded: Loaded) -> None:
        if self.row is not None and not loaded.is_whole:
            self._loader.load_whole(loaded.path, partial(self._improve, self.row.id))

    def _improve(self, image_id: int, levels: tuple[QImage, ...]) -> None:
        if self.shown and self.row is not None and self.row.id == image_id:
            for image in levels:
                self._canvas.improve_photo(image)

    # -- boxes ---------------------------------------------------------------------------------------------------
    def stepped(self, row: ImageRow) -> None:
        """Undo or redo has changed the boxes of a photo, this one or another."""
        self._ahead.forget(row.id)
        self.row_changed.emit(row)

    def _edited(self, document: Document, edit: Edit) -> None:
        if self.row is None:
            return
        self._services.background.change(
            partial(desk.keep_edit, image_id=self.row.id, edit=edit),
            Changed(BOXES, self.row.id),
            self._kept,
            partial(self._not_kept, self.row.id),
            owner=self,
        )
        self.undoing.tell(JournalState(undoable=True, redoable=False))
        self.reading_changed.emit()

    def _kept(self, kept: tuple[ImageRow, JournalState]) -> None:
        row, journal = kept
        self.row_changed.emit(row)
        self.undoing.tell(journal)

    def _not_kept(self, image_id: int, error: UserError) -> None:
        """What the screen shows is not what is stored: say so, and show what is stored."""
        self._services.report(error)
        if self.row is not None and self.row.id == image_id:
            self.open(self.row)

    # -- case ----------------------------------------------------------------------------------------------------
    def keep_case(self, wanted: CaseRecord) -> None:
        if self.row is not None and self.shown:
            self._case_keeping.keep(self.row.id, wanted)

    def _case_kept(self, case: CaseRecord, row: ImageRow, photos: int) -> None:
        self.row_changed.emit(row)
        if self.row is not None and self.row.id == row.id:
            self.case, self.row, self.photos_of_patient = case, row, photos
            self.case_kept.emit()

    # -- the engine ----------------------------------------------------------------------------------------------
    @property
    def busy(self) -> bool:
        """The photo is being read, or will be as soon as the models are there."""
        if "" in self._asked.values():
            return True
        coming = self.shown and not self.apart and not self.answer and "" not in self._given_up
        return coming and self._engine.is_starting

    def read(self) -> None:
        """Have the whole photo read (again)."""
        self._given_up.clear()
        if "photo_truncated" in self.photo_warnings:
            self._given_up.add("")
        if self.row is None or not self.shown or self.apart or not self._engine.is_ready or self._given_up:
            self.reading_changed.emit()
            return
        self._asked[self._engine.read(self.row.path, LOWEST)] = ""
        self.reading_changed.emit()
        self._ask_for_drawn_boxes()

    def classify(self, box_id: str) -> None:
        """Ask what a box is that a person drew or moved."""
        document = self._canvas.document()
        found = document.find(box_id) if document else None
        if self.row is None or found is None or self.apart or not self._engine.is_ready:
            return
        for request in [r for r, id_ in self._asked.items() if id_ == box_id]:
            self._engine.drop(request)
            del self._asked[request]
        self._asked[self._engine.classify(self.row.path, found.box)] = box_id

    def _ask_for_drawn_boxes(self) -> None:
        """Boxes that the detector did not see there: drawn by hand, or accepted and moved."""
        document = self._canvas.document()
        if document is None or self.row is None:
            return
        seen = {s.id: s.box for s in suggestions_of(self.answer, self.row.id)}
        for annotation in document.annotations:
            if annotation.id not in self._given_up and seen.get(annotation.id) != annotation.box:
                self.classify(annotation.id)

    def _engine_ready(self) -> None:
        """Questions that were open when the engine before died are put again by themselves."""
        stale = desk.rater_of(self.answer.get("models", {})) != desk.rater_of(self._engine.models or {})
        if self.shown and not self._asked:
            if stale and "" not in self._given_up:
                self.read()
            else:
                self._ask_for_drawn_boxes()
        self.reading_changed.emit()

    def _answered(self, request: int, answer: Mapping[str, Any]) -> None:
        box_id = self._asked.pop(request, None)
        if box_id is None or self.row is None:
            return
        if box_id:
            boxes = answer.get("boxes") or [answer]
            self._tops[box_id] = top3_of(boxes[0])
            self._show_readings()
            return
        self._take(answer)
        keep = partial(desk.keep_answer, image_id=self.row.id, rater=desk.rater_of(answer["models"]), answer=answer)
        self._services.background.change(keep, Changed(ANSWERS, self.row.id), owner=self)

    def _refused(self, request: int, error: UserError) -> None:
        asked = self._asked.pop(request, None)
        if asked is not None:
            self._given_up.add(asked)
        if asked is not None or not request:
            self._services.report(error)
            self.reading_changed.emit()

    def _take(self, answer: Mapping[str, Any]) -> None:
        assert self.row is not None
        self.answer = answer
        self._tops.update(lesion_tops(answer, self.row.id))
        self._canvas.set_suggestions(suggestions_of(answer, self.row.id))
        self._show_readings()
        self.read_through.emit()

    def _show_readings(self) -> None:
        self._canvas.set_readings({id_: Reading(*top[0]) for id_, top in self._tops.items() if top})
        self.reading_changed.emit()

    def _forget_questions(self) -> None:
        for request in self._asked:
            self._engine.drop(request)
        self._asked.clear()

    # -- asking --------------------------------------------------------------------------------------------------
    def lesions(self) -> tuple[Lesion, ...]:
        document = self._canvas.document()
        if document is None:
            return ()
        return lesions(document, self._canvas.shown_suggestions(), self._canvas.numbers(), self._tops)

    def top3(self, selected: str) -> tuple[Top3, str]:
        """The three likeliest diseases of the selected lesion, else of the whole photo; and which of the two."""
        if selected in self._tops:
            return self._tops[selected], "lesion"
        if selected or self.answer.get("top3_of") != "photo":
            return (), "lesion"
        return top3_of(self.answer), "photo"
