"""Photos in the database: rows of the list, registering, finding."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, false, func, insert, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from app.common.errors import UserError
from app.common.packs import DEFAULT_PACK
from app.common.photo_files import readable
from app.datasets.layers import COMMON
from app.datasets.people import audit
from app.datasets.records import ImageRow, NewImage
from db.tables import Annotation, Assignment, Case, Image, Patient, utc_now

MEDIA = "media"
"""The session's ``info`` holds the media folder under this key."""

_CHUNK = 500


def resolved(session: Session, path: str, linked: bool) -> Path:
    return Path(path) if linked else Path(session.info[MEDIA]) / path


def image_rows(session: Session, ids: Sequence[int] | None = None, *, common: bool = False) -> tuple[ImageRow, ...]:
    """All photos in the order they were added, or those of ``ids`` in their order.

    What lies in the trash is left out, and ids that nobody knows. Of a photo that the session's person boxes apart from
    others, boxes and marks are those of the person's own layer, until it is settled; ``common``: those of all even so,
    as an export takes them.
    """
    here = _query(session, common).where(Image.trashed.is_(None))
    if ids is None:
        return _rows(session, here)
    found: dict[int, ImageRow] = {}
    for start in range(0, len(ids), _CHUNK):
        rows = _rows(session, here.where(Image.id.in_(ids[start : start + _CHUNK])))
        found.update((row.id, row) for row in rows)
    return tuple(found[i] for i in ids if i in found)


def image_page(session: Session, after: int, most: int) -> tuple[ImageRow, ...]:
    """The next ``most`` photos behind the id ``after``, in the order they were added; none: that was the last."""
    return _rows(session, _query(session).where(Image.trashed.is_(None), Image.id > after).limit(most))


def image(session: Session, image_id: int) -> ImageRow:
    """One photo, also one in the trash.

    Raises:
        UserError: ``no_such_image``.
    """
    rows = _rows(session, _query(session).where(Image.id == image_id))
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
    known, fresh = _register(session, wanted, pack)
    return tuple(known.get(p) or fresh[p] for p in wanted)


def link_rows(session: Session, paths: Iterable[str], pack: str = DEFAULT_PACK) -> tuple[ImageRow, ...]:
    """As :func:`link_images`, for many: rows of the photos at these absolute, normal paths, each once.

    Photos that lie in the trash are left out.
    """
    media = _media(session)
    wanted = list(dict.fromkeys(_stored(p, media) for p in paths))
    known, fresh = _register(session, wanted, pack)
    rows = {row.id: row for row in image_rows(session, tuple(known.values()))} if known else {}
    for path, image_id in fresh.items():  # all that there is to know of them is known here
        linked = os.path.isabs(path)  # noqa: PTH117 (100,000 paths)
        place = path if linked else os.path.join(media, path)  # noqa: PTH118
        rows[image_id] = ImageRow(image_id, os.path.basename(path), place, linked, *_UNSEEN)  # noqa: PTH119
    ids = (known.get(p) or fresh[p] for p in wanted)
    return tuple(rows[i] for i in ids if i in rows)


_UNSEEN = (False, None, None, None, None, 0, False)  # not synthetic, no size, no case, no boxes, not verified


def _register(session: Session, paths: Sequence[str], pack: str) -> tuple[dict[str, int], dict[str, int]]:
    """Ids by stored path: of those that are known already, and of those that were registered now."""
    known = _known(session, paths)
    new = [p for p in dict.fromkeys(paths) if p not in known]
    if not new:
        return known, {}
    # Constants stand in the statement: bound for each row, 100,000 of them would take 1.7 s instead of 0.7.
    statement = insert(Image).values(
        name=bindparam("name"),
        path=bindparam("path"),
        pack=bindparam("pack"),
        added=bindparam("added"),
        linked=bindparam("linked"),
        synthetic=false(),
        verified=false(),
        rejected=literal_column("''"),
        refused=literal_column("'[]'"),
        meta=literal_column("'{}'"),
    )
    now = utc_now()
    rows = [
        {"name": os.path.basename(p), "path": p, "linked": os.path.isabs(p), "pack": pack, "added": now}  # noqa: PTH117, PTH119
        for p in new
    ]
    session.connection().execute(statement, rows)
    fresh = _known(session, new)
    audit(session, "link", "images", len(new), [fresh[p] for p in new])
    return known, fresh


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
    """The first photo with these bytes, rather one that is not in the trash."""
    same = select(Image.id).where(Image.sha256 == sha256)
    return session.scalar(same.order_by(Image.trashed.is_not(None), Image.id).limit(1))


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


def _query(session: Session, common: bool = False) -> Select[Any]:
    actor = session.info.get("actor") or ""
    layer = COMMON if common else actor
    own = aliased(Assignment)  # of a photo that the person boxes apart: nobody has one without a name
    boxes = (
        select(func.count())
        .select_from(Annotation)
        .where(Annotation.image_id == Image.id, Annotation.layer == func.coalesce(own.person, COMMON))
        .correlate(Image, own)
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
            func.coalesce(own.verified, Image.verified),
            func.coalesce(own.rejected, Image.rejected),
            _is_mine(actor),
            func.coalesce(Image.excluded, ""),
        )
        .outerjoin(own, and_(own.image_id == Image.id, own.person == layer, own.settled.is_(None)))
        .outerjoin(Case, Image.case_id == Case.id)
        .outerjoin(Patient, Case.patient_id == Patient.id)
        .order_by(Image.id)
    )


def _is_mine(actor: str) -> ColumnElement[bool]:
    if not actor:
        return false()
    drawn = select(Annotation.id).where(Annotation.image_id == Image.id, Annotation.author == actor)
    assigned = select(Assignment.id).where(Assignment.image_id == Image.id, Assignment.person == actor)
    return or_(drawn.correlate(Image).exists(), assigned.correlate(Image).exists())


def _rows(session: Session, query: Select[Any]) -> tuple[ImageRow, ...]:
    media = str(session.info[MEDIA])
    return tuple(
        ImageRow(row[0], row[1], row[2] if row[3] else os.path.join(media, row[2]), *row[3:])  # noqa: PTH118
        for row in session.execute(query)
    )
