"""Boxes for somebody outside: new names, and nothing of the files that were read, which may hold a patient's.

Which photo has which name is in a key file that stays in the workspace.
"""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.annotation.document import UNLABELLED
from app.annotation.formats import Context, Format, fresh
from app.common.cells import safe_cell
from app.common.errors import UserError
from app.common.files import write_atomically, write_error
from app.datasets.exchange.exporting import Boxed, ExportResult, boxed_photos, classes_of, put
from app.datasets.images import resolved
from app.datasets.keeping.problems import counted
from app.datasets.people import audit
from app.datasets.vocabulary import pack_in, workspace_of
from db.tables import Image

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_COLUMNS = ("name", "image", "original", "path", "sha256")


def export_anonymous(
    session: Session, out: Path, format: Format, new_name: Callable[[], str] = lambda: secrets.token_hex(8)
) -> ExportResult:
    """Write the common boxes into the folder ``out`` under random names, in their order, so that it tells nothing.

    ``session`` writes: that data went out is audited. The key file is written first: no name without its key.

    Raises:
        UserError: ``anonymous_labels`` for labels that no disease list has, which may be anything that somebody typed;
            those of writing files.
    """
    photos = [photo for photo in boxed_photos(session).values() if photo.needs_a_file]
    _check_labels(session, photos)
    named = sorted(((f"{new_name()}{PurePosixPath(p.name).suffix.lower()}", p) for p in photos), key=lambda n: n[0])
    key = _key_file(session, named)
    folder = workspace_of(session).keys
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, folder) from error
    file = folder / f"{format}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.csv"
    write_atomically(file, key)
    put(out, fresh(format, [photo.page(name) for name, photo in named], Context(classes_of(session, photos))))
    boxes = sum(len(photo.document.annotations) for photo in photos)
    audit(session, "boxes.export_anonymous", "key_file", file.name, {"images": len(photos), "boxes": boxes})
    return ExportResult(len(photos), boxes)


def _check_labels(session: Session, photos: Sequence[Boxed]) -> None:
    known = {key: {d.key for d in pack_in(session, key).labels} for key in {photo.pack for photo in photos}}
    odd = {
        box.label
        for photo in photos
        for box in photo.document.annotations
        if box.label != UNLABELLED and box.label not in known[photo.pack]
    }
    if odd:
        raise UserError("anonymous_labels", labels=counted(sorted(odd)))


def _key_file(session: Session, named: Sequence[tuple[str, Boxed]]) -> bytes:
    rows = session.execute(select(Image.id, Image.path, Image.linked, Image.sha256))
    facts = {id_: (str(resolved(session, path, linked)), sha256 or "") for id_, path, linked, sha256 in rows}
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(_COLUMNS)
    told = ((name, photo.id, photo.name, *facts[photo.id]) for name, photo in named)
    table.writerows([safe_cell(cell) for cell in row] for row in told)
    return out.getvalue().encode("utf-8-sig")  # Excel takes it for UTF-8 only so
