"""What the workbench asks of the database: each function runs on the database thread with an open session.

The store is imported inside, as it brings SQLAlchemy along, which must not be loaded before the first paint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.annotation.document import Document, Edit
from app.common.errors import UserError
from app.datasets.records import CaseRecord, ImageRow, JournalState, Step


@dataclass(frozen=True)
class OnDesk:
    """Everything that the database knows of one photo."""

    row: ImageRow
    document: Document
    journal: JournalState
    case: CaseRecord | None
    photos_of_patient: int
    answer: Mapping[str, Any] | None
    apart: bool = False
    """The person boxes this photo apart from others, on a layer of their own: the models must not lead them."""


@dataclass(frozen=True)
class Taken:
    """A step of undo or redo, None when there was none. ``on_view``: the person sees the boxes that it changed."""

    step: Step | None
    row: ImageRow | None
    journal: JournalState
    on_view: bool = True


def page(session: Any, after: int, most: int) -> tuple[ImageRow, ...]:
    """The workspace's photos behind that id."""
    from app.datasets import store

    return store.image_page(session, after, most)


def link(session: Any, paths: Sequence[str]) -> tuple[ImageRow, ...]:
    """Register photos where they lie; their rows in the order given, each once."""
    from app.datasets import store

    return store.link_rows(session, paths)


def lay_out(session: Any, image_id: int, size: tuple[int, int], synthetic: bool, rater: str | None) -> OnDesk:
    """The photo's boxes, case and last diagnosis (by ``rater``, None: by whom it was), which is kept back from people
    who box the photo apart.

    Needs a writing session: the photo's size is noted the first time.
    """
    from app.datasets import store

    row = store.image(session, image_id)
    if (row.width, row.height, row.synthetic) != (*size, synthetic):
        store.complete_image(session, image_id, *size, synthetic)
        session.flush()
    document = store.document(session, image_id)
    assert document is not None
    case = store.case_of(session, image_id)
    photos = len(store.photos_of_patient(session, case.patient)) if case else 0
    apart = store.layer_of(session, image_id) != store.COMMON
    prediction = None if apart else store.latest_prediction(session, image_id, rater)
    answer = prediction.payload if prediction else None
    return OnDesk(row, document, store.journal(session), case, photos, answer, apart)


def keep_edit(session: Any, image_id: int, edit: Edit) -> tuple[ImageRow, JournalState]:
    from app.datasets import store

    store.apply_edit(session, image_id, edit)
    return store.image(session, image_id), store.journal(session)


def take_step(session: Any, back: bool) -> Taken:
    """Undo (or redo) the person's last edit, wherever it was."""
    from app.datasets import store

    step = store.undo(session) if back else store.redo(session)
    if step is None:
        return Taken(None, None, store.journal(session))
    on_view = store.layer_of(session, step.image_id) == step.layer
    return Taken(step, store.image(session, step.image_id), store.journal(session), on_view)


def keep_case(session: Any, image_id: int, wanted: CaseRecord) -> tuple[CaseRecord, ImageRow, int]:
    """Store the card (the first entry makes the photo's case); the case, the photo, how many photos the patient has."""
    from dataclasses import replace

    from app.datasets import store

    if not wanted.id:
        if store.case_of(session, image_id) is not None:
            raise UserError("changed_meanwhile")
        made = store.ensure_case(session, image_id)
        wanted = replace(wanted, id=made.id, version=made.version, patient=wanted.patient or made.patient)
    kept = store.update_case(session, wanted)
    return kept, store.image(session, image_id), len(store.photos_of_patient(session, kept.patient))


def keep_answer(session: Any, image_id: int, rater: str, answer: Mapping[str, Any]) -> None:
    """Keep a diagnosis, unless the last one of these models says the same."""
    from app.datasets import store

    kept = {k: v for k, v in answer.items() if k not in ("image", "timings_ms")}
    last = store.latest_prediction(session, image_id, rater)
    if last is None or {k: v for k, v in last.payload.items() if k not in ("image", "timings_ms")} != kept:
        store.save_prediction(session, image_id, rater, {k: v for k, v in answer.items() if k != "image"})


def patient_over_time(session: Any, patient: str) -> tuple[tuple[ImageRow, ...], dict[int, date | None]]:
    """The patient's photos, earliest visit first, and each one's day."""
    from app.datasets import store

    rows = store.photos_of_patient(session, patient)
    cases = {row.id: store.case_of(session, row.id) for row in rows}
    return rows, {image_id: case.visited if case else None for image_id, case in cases.items()}


def next_needing(session: Any, order: Sequence[int], after: int | None, back: bool) -> int | None:
    """The photo of ``order`` behind ``after`` (or before it) that needs the session's person; None: no other does."""
    from app.datasets.needs import next_needing as search

    found = search(session, order, after, back)
    return None if found is None else found.image_id


def boxes_of(session: Any, image_id: int) -> tuple[Any, ...]:
    from app.datasets import store

    return store.boxes_of(session, image_id)


def rater_of(models: Mapping[str, Any]) -> str:
    """The rater's name under which a diagnosis by these models is kept."""
    names = (f"{m['name']}:{m['version']}" for m in (models.get("detector"), models.get("classifier")) if m)
    return "model:" + "+".join(names)
