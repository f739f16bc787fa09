"""labelme's and X-AnyLabeling's files changed at their place, and made anew: see :mod:`.labelme`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from app.annotation.formats.boxes import NEAR, extent, mapped
from app.annotation.formats.change import Change
from app.annotation.formats.json_style import (
    in_place_of,
    indent_at,
    object_like,
    rendered,
    style_of,
    tidy,
    with_elements,
    with_member,
)
from app.annotation.formats.json_text import (
    Span,
    Splice,
    decoded,
    elements,
    member,
    root_of,
)
from app.annotation.formats.labelme import ellipse
from app.annotation.formats.sheet import Context, Corners, Page, Ring, Shape, Sheet
from app.annotation.formats.splices import spliced
from app.common.geometry import Box, box_from_corners

Flavour = Literal["labelme", "xanylabeling"]
VERSIONS: Mapping[Flavour, str] = {"labelme": "6.3.1", "xanylabeling": "4.2.1"}
"""What is written into new files: the versions whose files these are like."""
_TURNED = ("oriented_rectangle", "rotation")
_FAR = 1.5  # pixels; a polygon whose extent is farther from its box than this is not written for it


def patched(flavour: Flavour, data: bytes, sheet: Sheet, change: Change, _context: Context) -> bytes:
    """The file with the change in it and nothing else touched."""
    encoded = decoded(data)
    return encoded.back(spliced(encoded.body, list(_File(encoded.body, flavour).splices(sheet.pages[0], change))))


class _File:
    def __init__(self, body: str, flavour: Flavour) -> None:
        self._body = body
        self._flavour = flavour
        self._style = style_of(body, escapes=False)
        self._root = root_of(body)
        self._shapes = member(body, self._root, "shapes") or self._root
        self._spans = elements(body, self._shapes)
        self._raw = json.loads(body)["shapes"]
        numbers = [v for raw in self._raw for point in raw["points"] for v in point]
        self._is_whole = bool(numbers) and not any(isinstance(v, float) for v in numbers)

    def splices(self, page: Page, change: Change) -> Iterator[Splice]:
        for position, new in change.shapes.items():
            if new is not None:
                yield from self._changed(position, page.shapes[position], new)
        gone = {position for position, new in change.shapes.items() if new is None}
        added = [self._made(shape) for shape in change.added.get(0, ())]
        if gone or added:
            yield from with_elements(self._body, self._shapes, gone, added, self._style)
        for size in change.sizes.values():
            for name, value in zip(("imageWidth", "imageHeight"), size, strict=True):
                yield self._put(self._root, name, value)
        if self._flavour == "xanylabeling":
            for mark in change.verified.values():
                yield with_member(self._body, self._root, "checked", mark, self._style)

    def _put(self, span: Span, name: str, value: Any) -> Splice:
        return with_member(self._body, span, name, value, self._style)

    def _changed(self, position: int, old: Shape, new: Shape) -> Iterator[Splice]:
        span, raw = self._spans[position], self._raw[position]
        if new.label != old.label:
            yield self._put(span, "label", new.label)
        if new.difficult != old.difficult and self._flavour == "xanylabeling":
            yield self._put(span, "difficult", new.difficult)
        if new.corners != old.corners:
            was, now = box_from_corners(*old.corners), box_from_corners(*new.corners)
            yield from self._moved(span, raw, was, now)

    def _moved(self, span: Span, raw: Mapping[str, Any], was: Box, now: Box) -> Iterator[Splice]:
        kind = raw.get("shape_type") or "polygon"
        is_moved_only = abs(was.width - now.width) <= NEAR and abs(was.height - now.height) <= NEAR
        is_mask = kind == "mask" or isinstance(raw.get("mask"), str)
        if is_mask or (not is_moved_only and (was.is_empty or len(raw["points"]) < 2)):
            yield self._put(span, "shape_type", "rectangle")
            yield self._put(span, "points", self._rectangle(now))
            if raw.get("mask") is not None:
                yield self._put(span, "mask", None)
            return
        if kind == "circle":
            yield from self._circle_moved(span, raw, now)
            return
        if kind in _TURNED and not is_moved_only:
            yield self._put(span, "shape_type", "polygon")
        for place, point in zip(elements(self._body, member(self._body, span, "points")), raw["points"], strict=True):
            yield from self._numbers(place, point, was, now)

    def _numbers(self, place: Span, point: Sequence[float], was: Box, now: Box) -> Iterator[Splice]:
        x, y = elements(self._body, place)[:2]
        for at, value, old, new in (
            (x, point[0], (was.x0, was.x1), (now.x0, now.x1)),
            (y, point[1], (was.y0, was.y1), (now.y0, now.y1)),
        ):
            moved = tidy(mapped(value, old, new) if old[0] != old[1] else value + new[0] - old[0], self._is_whole)
            if moved != value:
                yield *at, repr(in_place_of(value, moved))

    def _circle_moved(self, span: Span, raw: Mapping[str, Any], now: Box) -> Iterator[Splice]:
        if abs(now.width - now.height) > NEAR:
            yield self._put(span, "shape_type", "polygon")
            ring = [[tidy(v, self._is_whole) for v in p] for p in ellipse((now.x0, now.y0, now.x1, now.y1))]
            yield self._put(span, "points", ring)
            return
        (x, y), edge = (p[:2] for p in raw["points"])
        turn = math.atan2(edge[1] - y, edge[0] - x)
        middle, radius = now.centre, now.width / 2
        points = (middle, (middle[0] + radius * math.cos(turn), middle[1] + radius * math.sin(turn)))
        yield self._put(span, "points", [[tidy(v, whole=False) for v in p] for p in points])

    def _rectangle(self, box: Box) -> list[list[float]]:
        return _rectangle(self._flavour, (box.x0, box.y0, box.x1, box.y1), self._is_whole)

    def _made(self, shape: Shape) -> str:
        values = _raw(self._flavour, shape, self._is_whole)
        if self._spans:
            return object_like(self._body, self._spans[-1], values, self._style)
        return rendered(values, self._style, indent_at(self._body, self._shapes.start) + self._style.unit, inline=False)


def _raw(flavour: Flavour, shape: Shape, whole: bool) -> dict[str, Any]:
    """A new shape, its members in the order of the program's own."""
    ring = joined(shape.outline)
    if ring and any(abs(a - b) > _FAR for a, b in zip(extent(ring), shape.corners, strict=True)):
        ring = ()  # the box is what counts, and a polygon has none of its own
    points = [[tidy(v, whole) for v in point] for point in ring] or _rectangle(flavour, shape.corners, whole)
    kind = "polygon" if ring else "rectangle"
    if flavour == "labelme":
        return {
            "label": shape.label,
            "points": points,
            "group_id": None,
            "description": "",
            "shape_type": kind,
            "flags": {},
            "mask": None,
        }
    return {
        "label": shape.label,
        "score": shape.score,
        "points": points,
        "group_id": None,
        "description": "",
        "difficult": shape.difficult,
        "shape_type": kind,
        "flags": {},
        "attributes": {},
        "kie_linking": [],
    }


def _rectangle(flavour: Flavour, corners: Corners, whole: bool) -> list[list[float]]:
    x0, y0, x1, y1 = (tidy(v, whole) for v in corners)
    return [[x0, y0], [x1, y1]] if flavour == "labelme" else [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]


def joined(rings: Sequence[Ring]) -> Ring:
    """One line round several rings: there and back between them, so that one box stays one shape."""
    rings = [ring for ring in rings if ring]
    if len(rings) < 2:
        return rings[0] if rings else ()
    start = rings[0][0]
    there = tuple(point for ring in rings for point in (*ring, ring[0]))
    back = tuple(ring[0] for ring in reversed(rings[1:-1]))
    return (*there, *back, start)


# -- new files -------------------------------------------------------------------------------------------------------


def fresh(flavour: Flavour, page: Page, _context: Context) -> bytes:
    """As the program itself writes it, but with the bare name of the photo."""
    start: dict[str, Any] = {"version": VERSIONS[flavour], "flags": {}}
    if flavour == "xanylabeling":
        start["checked"] = page.verified
    values = {
        **start,
        "shapes": [_raw(flavour, shape, whole=False) for shape in page.shapes],
        "imagePath": page.photo_name,
        "imageData": None,
        "imageHeight": page.height or None,
        "imageWidth": page.width or None,
    }
    if flavour == "xanylabeling":
        values["description"] = ""
    return json.dumps(values, ensure_ascii=False, indent=2).encode("utf-8")
