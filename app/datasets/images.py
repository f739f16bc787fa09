"""Photos in the database: rows of the list, registering, finding."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session

from app.common.errors import UserError
from app.common.packs import DEFAULT_PACK
from app.common.photo_files import readable
from app.datasets.layers import COMMON
from app.datasets.people import audit
from app.datasets.records import ImageRow, NewImage
from db.tables import Annotation, Case, Image, Patient

MEDIA = "media"
"""The session's ``info`` holds the media folder under this key."""

_CHUNK = 500


def resolved(session: Session, path: str, linked: bool) -> Path:
    return Path(path) if linked else Path(session.info[MEDIA]) / path


def image_rows(session: Session, ids: Sequence[int] | None = None) -> tuple[ImageRow, ...]:
    """All photos in the order they were added, or those of ``ids`` in their order.

    What lies in the trash is left out, and ids that nobody knows.
    """
    here = _query().where(Image.trashed.is_(None))
    if ids is None:
        return _rows(session, here)
    found: dict[int, ImageRow] = {}
    for start in range(0, len(ids), _CHUNK):
        rows = _rows(session, here.where(Image.id.in_(ids[start : start + _CHUNK])))
        found.update((row.id, row) for row in rows)
    return tuple(found[i] for i in ids if i in found)


def image(session: Session, image_id: int) -> ImageRow:
    """One photo, also one in the trash.

    Raises:
        UserError: ``no_such_image``.
    """
    rows = _rows(session, _query().where(Image.id == image_id))
    if not rows:
        raise UserError("no_such_image", image=image_id)
    return rows[0]


def add_image(session: Session, new: NewImage, pack: str = DEFAULT_PACK) -> int:
    """Register one photo and say so in the audit."""
    image_id = _add(session, new, pack)
    audit(session, "add", "image", image_id, new.sha256)
    return image_id


def link_images(session: Session, paths: Iterable[Path], pack: str = DEFAULT_PACK) -> tuple[int, ...]:
    """Ids of the photos at ``paths``, in their order; new ones are registered where they lie, without opening them."""
    media = _media(session)
    wanted = [_stored(os.path.abspath(p), media) for p in paths]  # noqa: PTH100
    known = _known(session, wanted)
    new = [p for p in dict.fromkeys(wanted) if p not in known]
    if new:
        rows = [{"name": os.path.basename(p), "path": p, "linked": True, "pack": pack, "meta": {}} for p in new]  # noqa: PTH119
        session.execute(insert(Image), rows)
        known.update(_known(session, new))
        audit(session, "link", "images", len(new), [known[p] for p in new])
    return tuple(known[p] for p in wanted)


def complete_image(
    session: Session, image_id: int, width: int, height: int, synthetic: bool, sha256: str | None = None
) -> None:
    """Note what is known once a photo was opened; ``width`` x ``height`` upright."""
    row = session.get(Image, image_id)
    if row is None:
        raise UserError("no_such_image", image=image_id)
    row.width, row.height, row.synthetic = width, height, synthetic
    row.sha256 = sha256 or row.sha256


def known_images(session: Session, paths: Sequence[Path]) -> tuple[int | None, ...]:
    """The ids of the photos at ``paths``, None for one that is not in the workspace; nothing is registered."""
    media = _media(session)
    wanted = [_stored(os.path.abspath(p), media) for p in paths]  # noqa: PTH100 (as link_images)
    known = _known(session, [p for p in wanted if readable(p) == p])
    return tuple(known.get(p) for p in wanted)


def find_by_sha256(session: Session, sha256: str) -> int | None:
    return session.scalar(select(Image.id).where(Image.sha256 == sha256).order_by(Image.id).limit(1))


def _add(session: Session, new: NewImage, pack: str) -> int:
    row = Image(
        name=new.name,
        path=new.path,
        linked=new.linked,
        sha256=new.sha256,
        width=new.width,
        height=new.height,
        synthetic=new.synthetic,
        case_id=new.case_id,
        lesion=new.lesion,
        meta=dict(new.meta),
        pack=pack,
    )
    session.add(row)
    session.flush()
    return row.id


def _media(session: Session) -> str:
    return os.path.join(os.path.abspath(session.info[MEDIA]), "")  # noqa: PTH100, PTH118 (100,000 paths)


def _stored(path: str, media: str) -> str:
    """The path as the database has it: a photo inside the media folder is the one that is already there."""
    return path[len(media) :].replace(os.sep, "/") if path.startswith(media) else path


def _known(session: Session, paths: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(paths), _CHUNK):
        query = select(Image.path, Image.id).where(Image.path.in_(paths[start : start + _CHUNK]))
        found.update((path, image_id) for path, image_id in session.execute(query))
    return found


def _query() -> Select[Any]:
    boxes = (
        select(func.count())
        .select_from(Annotation)
        .where(Annotation.image_id == Image.id, Annotation.layer == COMMON)
        .correlate(Image)
        .scalar_subquery()
    )
    return (
        select(
            Image.id,
            Image.name,
            Image.path,
            Image.linked,
            Image.synthetic,
            Image.width,
            Image.height,
            Image.case_id,
            Patient.code,
            boxes,
            Image.verified,
        )
        .outerjoin(Case, Image.case_id == Case.id)
        .outerjoin(Patient, Case.patient_id == Patient.id)
        .order_by(Image.id)
    )


def _rows(session: Session, query: Select[Any]) -> tuple[ImageRow, ...]:
    media = str(session.info[MEDIA])
    return tuple(
        ImageRow(row[0], row[1], row[2] if row[3] else os.path.join(media, row[2]), *row[3:])  # noqa: PTH118
        for row in session.execute(query)
    )
