"""The boxes of a whole workspace as Pascal VOC, one file per photo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.annotation.document import restored
from app.annotation.voc import voc_of, write_voc
from app.common.files import write_atomically, write_error
from app.datasets.images import image_rows
from app.datasets.journal import boxes_of
from app.datasets.layers import COMMON

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class ExportResult:
    images: int
    boxes: int


def export_voc(session: Session, out: Path) -> ExportResult:
    """Write ``<stem>.xml`` for every photo that has boxes or was verified.

    Photos of one name (linked from several folders) get their number behind the stem, all but the first.

    Raises:
        UserError: those of writing files.
    """
    _make(out)
    taken: set[str] = set()
    images = boxes = 0
    for row in image_rows(session):
        if row.width is None or row.height is None or not (row.boxes or row.verified):
            continue
        document = restored(boxes_of(session, row.id, COMMON), row.width, row.height, row.verified)
        stem = Path(row.name).stem
        if stem.casefold() in taken:
            stem = f"{stem}-{row.id}"
        taken.add(stem.casefold())
        write_atomically(out / f"{stem}.xml", write_voc(voc_of(document, row.name)))
        images += 1
        boxes += len(document.annotations)
    return ExportResult(images, boxes)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, folder) from error
