"""Boxes straight from a file's shapes into the table: 100,000 of them in about the time that parsing takes.

The rows are those that :func:`app.annotation.formats.annotations_of` and :mod:`app.datasets.box_rows` would make (a
test compares them), without an object for each box on the way, and without the toolkit's work on each value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from app.annotation.formats import Shape, annotations_of
from app.annotation.formats.boxes import box_of
from app.datasets.layers import COMMON
from db.tables import Annotation as Row
from db.tables import Base, utc_now

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.datasets.exchange.box_files import PageOf

_COLUMNS = (
    "id", "layer", "image_id", "x0", "y0", "x1", "y1", "label", "difficult", "verified", "source", "score", "outline",
    "origin_file", "origin_position", "author", "changed", "version",
)  # fmt: skip
_Values = tuple[Any, ...]


def check_size(one: PageOf) -> None:
    """Raises UserError ``annotation_other_size`` as reading the page's boxes would."""
    page = one.page
    if (page.width or one.width, page.height or one.height) != (one.width, one.height):
        annotations_of(page, one.width, one.height, str, None)


def insert_pages(session: Session, pages: Iterable[tuple[int, PageOf, Callable[[str], str]]], author: str) -> None:
    """The boxes of pages as rows of the common layer. A page comes with its file's id, checked for its size, and with
    what its words mean.
    """
    session.flush()
    connection = session.connection()
    table = Base.metadata.tables[Row.__tablename__]
    statement = insert(table).compile(dialect=connection.dialect, column_keys=_COLUMNS)
    to_driver = table.c.changed.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    now = utc_now()
    by_position = statement.positiontup is not None
    last = (author, to_driver(now) if to_driver and by_position else now, 1)
    rows = [values for file, one, label in pages for values in _rows(one, file, label, last)]
    rows.sort(key=itemgetter(0))  # by id: the table's first index grows at its end
    if rows and by_position:
        assert tuple(statement.positiontup or ()) == _COLUMNS
        connection.exec_driver_sql(str(statement), rows)
    elif rows:
        session.execute(insert(table), [dict(zip(_COLUMNS, row, strict=True)) for row in rows])


def _rows(one: PageOf, file: int, label: Callable[[str], str], last: _Values) -> Iterator[_Values]:
    start, width, height, image_id = f"00{file:08x}", one.width, one.height, one.image_id
    for shape in one.page.shapes:
        word, (x0, y0, x1, y1), difficult, outline, score, position = shape
        if not (0 <= x0 <= x1 <= width and 0 <= y0 <= y1 <= height):
            x0, y0, x1, y1 = box_of(shape, width, height).as_list()
        rings = _framed(shape, x0, y0, x1, y1) if outline else None
        by = "person" if score is None else "model"
        yield (
            f"{start}{position:08x}", COMMON, image_id, float(x0), float(y0), float(x1), float(y1), label(word),
            difficult, score is None, by, score, rings, file, position, *last,
        )  # fmt: skip


def _framed(shape: Shape, x0: float, y0: float, x1: float, y1: float) -> str:
    width, height = (x1 - x0) or 1.0, (y1 - y0) or 1.0
    return json.dumps([[((x - x0) / width, (y - y0) / height) for x, y in ring] for ring in shape.outline])
