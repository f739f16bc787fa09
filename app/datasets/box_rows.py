"""Boxes as rows of the database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.annotation.document import Annotation, Origin, Ring, Source
from app.common.geometry import Box
from db.tables import Annotation as Row
from db.tables import utc_now

_CHUNK = 500
_COLUMNS = (
    Row.id, Row.x0, Row.y0, Row.x1, Row.y1, Row.label, Row.difficult, Row.verified, Row.source, Row.score,
    Row.outline, Row.origin_file, Row.origin_position,
)  # fmt: skip


def read_boxes(session: Session, image_id: int, layer: str) -> tuple[Annotation, ...]:
    """A layer's boxes of a photo, in the order of their ids."""
    query = select(*_COLUMNS).where(Row.image_id == image_id, Row.layer == layer).order_by(Row.id)
    return tuple(map(_annotation, session.execute(query)))


def read_layer(session: Session, layer: str) -> Iterator[tuple[int, Annotation]]:
    """All boxes of a layer with their photos' ids."""
    for row in session.execute(select(Row.image_id, *_COLUMNS).where(Row.layer == layer).order_by(Row.id)):
        yield row[0], _annotation(row[1:])


def read_many(session: Session, image_ids: Sequence[int], layer: str) -> dict[int, list[Annotation]]:
    """A layer's boxes of some photos (a few hundred at most); a photo without boxes is not in it."""
    found: dict[int, list[Annotation]] = {}
    query = select(Row.image_id, *_COLUMNS).where(Row.image_id.in_(image_ids), Row.layer == layer).order_by(Row.id)
    for row in session.execute(query):
        found.setdefault(row[0], []).append(_annotation(row[1:]))
    return found


def write_boxes(
    session: Session, image_id: int, layer: str, gone: Iterable[Annotation], come: Iterable[Annotation], author: str
) -> None:
    """Take boxes away and put boxes there; a box that is in both keeps its row, and who drew it last is ``author``."""
    new = {a.id: a for a in come}
    lost = []
    for old in gone:
        if old.id not in new:
            lost.append(old.id)
            continue
        row = session.get_one(Row, (old.id, layer))
        for name, value in _values(new.pop(old.id), author).items():
            setattr(row, name, value)
    for start in range(0, len(lost), _CHUNK):
        session.execute(delete(Row).where(Row.id.in_(lost[start : start + _CHUNK]), Row.layer == layer))
    add_boxes(session, image_id, layer, new.values(), author)


def add_boxes(session: Session, image_id: int, layer: str, boxes: Iterable[Annotation], author: str) -> None:
    """New boxes of a photo."""
    add_many(session, layer, [(image_id, boxes)], author)


def add_many(session: Session, layer: str, photos: Iterable[tuple[int, Iterable[Annotation]]], author: str) -> None:
    """New boxes of many photos (by id), in bulk."""
    now = utc_now()
    rows = [
        {"id": a.id, "layer": layer, "image_id": image_id, "version": 1, "changed": now, **_values(a, author)}
        for image_id, boxes in photos
        for a in boxes
    ]
    session.flush()
    if rows:
        session.execute(insert(Row), rows)


def _annotation(row: Sequence[Any]) -> Annotation:
    id_, x0, y0, x1, y1, label, difficult, verified, source, score, outline, file, position = row
    found_by: Source = "model" if source == "model" else "person"
    origin = None if file is None or position is None else Origin(file, position)
    box = Box(x0, y0, x1, y1)
    return Annotation(id_, box, label, difficult, verified, found_by, score, _rings(outline), origin)


def _values(a: Annotation, author: str) -> dict[str, Any]:
    return {
        "x0": float(a.box.x0),
        "y0": float(a.box.y0),
        "x1": float(a.box.x1),
        "y1": float(a.box.y1),
        "label": a.label,
        "difficult": a.difficult,
        "verified": a.verified,
        "source": a.source,
        "score": a.score,
        "outline": json.dumps(a.outline) if a.outline else None,
        "origin_file": a.origin.file if a.origin else None,
        "origin_position": a.origin.position if a.origin else None,
        "author": author,
    }


def _rings(outline: str | None) -> tuple[Ring, ...]:
    if outline is None:
        return ()
    return tuple(tuple((float(u), float(v)) for u, v in ring) for ring in json.loads(outline))
