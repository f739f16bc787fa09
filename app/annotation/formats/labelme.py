"""labelme's and X-AnyLabeling's JSON: a file a photo, shapes of several kinds. The second has more in it: the mark of
the photo (``checked``), of a shape (``difficult``), a score.

The extent of a shape is its box. When the box changes, the points go along. What cannot go along gives way: a mask, and
a shape without an extent that gets one, to a rectangle; a circle or a turned rectangle, where it is none any more, to a
polygon.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from app.annotation.formats.boxes import extent
from app.annotation.formats.json_text import (
    a_number,
    a_size,
    a_text,
    decoded,
    elements,
    line_at,
    lines_at,
    member,
    parsed,
    root_of,
)
from app.annotation.formats.sheet import Context, Corners, DamageError, Page, Ring, Shape, Sheet
from app.common.words import text

_CLOSED = ("polygon", "oriented_rectangle", "rotation", "quadrilateral")
_OPEN = ("line", "linestrip")
POINT_LIKE = ("point", "points", *_OPEN)
"""Kinds that may lack an area."""
_ROUND = 32  # corners of a circle's outline

# -- reading ---------------------------------------------------------------------------------------------------------


def read(data: bytes, _stem: str, _context: Context) -> Sheet:
    """One page.

    Raises:
        DamageError: when it is no complete file of the two programs'.
    """
    body = decoded(data).body
    raw = parsed(body)
    if not isinstance(raw, dict) or not isinstance(raw.get("shapes"), list):
        raise DamageError(text("formats.no_labelme"), 1)
    shapes = []
    for place, entry in enumerate(raw["shapes"]):
        try:
            shapes.append(_shape(entry, place))
        except ValueError as error:
            raise DamageError(str(error), _line(body, place)) from error
    try:
        image = a_text(raw.get("imagePath") or "")
        width, height = a_size(raw.get("imageWidth")), a_size(raw.get("imageHeight"))
    except ValueError as error:
        raise DamageError(str(error)) from error
    return Sheet((Page(image, width, height, tuple(shapes), raw.get("checked") is True),))


def _line(body: str, place: int) -> int:
    return line_at(body, elements(body, member(body, root_of(body), "shapes"))[place].start)


def _shape(raw: Any, position: int) -> Shape:
    if not isinstance(raw, dict) or not isinstance(raw.get("points"), list):
        raise ValueError(text("formats.no_box"))
    if "label" not in raw:
        raise ValueError(text("formats.no_name"))
    points = tuple(_point(p) for p in raw["points"])
    if not points:
        raise ValueError(text("formats.no_box"))
    corners, outline = _geometry(raw, points)
    score = raw.get("score")
    if score is not None:
        a_number(score)
    return Shape(a_text(raw["label"]), corners, raw.get("difficult") is True, outline, score, position)


def _point(raw: Any) -> tuple[float, float]:
    if not isinstance(raw, list) or len(raw) < 2:
        raise ValueError(text("formats.bad_number", word=repr(raw)[:40]))
    return a_number(raw[0]), a_number(raw[1])


def _geometry(raw: Mapping[str, Any], points: Ring) -> tuple[Corners, tuple[Ring, ...]]:
    kind = raw.get("shape_type") or "polygon"
    box = extent(points)
    if kind == "circle" and len(points) == 2:
        (x, y), edge = points
        radius = math.dist((x, y), edge)
        box = (x - radius, y - radius, x + radius, y + radius)
        return box, (ellipse(box),)
    if kind == "mask" and isinstance(raw.get("mask"), str):
        return _mask(raw["mask"], box)
    if kind in _CLOSED and len(points) > 2:
        return box, (points,)
    if kind in _OPEN and len(points) > 2:
        return box, (points + points[-2:0:-1],)
    return box, ()


def _mask(packed: str, box: Corners) -> tuple[Corners, tuple[Ring, ...]]:
    """labelme's points are the first and the last pixel of the mask; a mask of another size is shown by its box."""
    from app.annotation.formats.masks import png_rings, png_size

    x0, y0, x1, y1 = box
    if png_size(packed) != (x1 - x0 + 1, y1 - y0 + 1):
        return box, ()
    return (x0, y0, x1 + 1, y1 + 1), png_rings(packed, x0, y0)


def ellipse(box: Corners) -> Ring:
    x0, y0, x1, y1 = box
    turns = (2 * math.pi * n / _ROUND for n in range(_ROUND))
    return tuple(
        ((x0 + x1) / 2 + (x1 - x0) / 2 * math.cos(turn), (y0 + y1) / 2 + (y1 - y0) / 2 * math.sin(turn))
        for turn in turns
    )


def lines(data: bytes) -> list[int]:
    """The line on which each shape starts."""
    body = decoded(data).body
    return lines_at(body, elements(body, member(body, root_of(body), "shapes")))


def point_like(data: bytes) -> frozenset[int]:
    """The places of points and lines: they need no area."""
    shapes = json.loads(decoded(data).body)["shapes"]
    return frozenset(n for n, raw in enumerate(shapes) if raw.get("shape_type") in POINT_LIKE)
