"""CreateML: a list of photos, each with its boxes, x and y the centre. Both spellings of Apple's are read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

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
    a_number,
    a_text,
    decoded,
    elements,
    line_at,
    lines_at,
    member,
    parsed,
    root_of,
)
from app.annotation.formats.sheet import Context, Corners, DamageError, Page, Shape, Sheet, names_apart
from app.annotation.formats.splices import spliced
from app.common.words import text

_IMAGE, _BOXES = ("image", "imagefilename"), ("annotations", "annotation")
_SIDES = ("x", "y", "width", "height")


# -- reading ---------------------------------------------------------------------------------------------------------


def read(data: bytes, _stem: str, _context: Context) -> Sheet:
    """A page a photo; two entries of one photo are one page.

    Raises:
        DamageError: when it is no complete CreateML file.
    """
    body = decoded(data).body
    raw = parsed(body)
    if not isinstance(raw, list):
        raise DamageError(text("formats.no_createml"), 1)
    pages: dict[str, Page] = {}
    position = 0
    for place, entry in enumerate(raw):
        try:
            page = _page(entry, position)
        except ValueError as error:
            raise DamageError(str(error), line_at(body, elements(body, root_of(body))[place].start)) from error
        position += len(page.shapes)
        if old := pages.get(page.image):
            page = Page(page.image, 0, 0, old.shapes + page.shapes, old.verified and page.verified)
        pages[page.image] = page
    return Sheet(tuple(pages.values()))


def _page(entry: Any, position: int) -> Page:
    if not isinstance(entry, dict):
        raise ValueError(text("formats.no_createml"))
    image = next((entry[k] for k in _IMAGE if k in entry), None)
    boxes = next((entry[k] for k in _BOXES if k in entry), None)
    if not isinstance(boxes, list):
        raise ValueError(text("formats.no_createml"))
    shapes = tuple(_shape(raw, n) for n, raw in enumerate(boxes, position))
    return Page(a_text(image), 0, 0, shapes, entry.get("verified") is True)


def _shape(raw: Any, position: int) -> Shape:
    if not isinstance(raw, dict) or not isinstance(raw.get("coordinates"), dict):
        raise ValueError(text("formats.no_box"))
    if "label" not in raw:
        raise ValueError(text("formats.no_name"))
    x, y, w, h = (a_number(raw["coordinates"].get(side)) for side in _SIDES)
    return Shape(a_text(raw["label"]), (x - w / 2, y - h / 2, x + w / 2, y + h / 2), position=position)


def lines(data: bytes) -> list[int]:
    """The line on which each box starts."""
    body = decoded(data).body
    entries = elements(body, root_of(body))
    inner = (next(span for name in _BOXES if (span := member(body, entry, name))) for entry in entries)
    return lines_at(body, [box for span in inner for box in elements(body, span)])


# -- changing --------------------------------------------------------------------------------------------------------


def patched(data: bytes, sheet: Sheet, change: Change, _context: Context) -> bytes:
    """The file with the change in it and nothing else touched."""
    encoded = decoded(data)
    return encoded.back(spliced(encoded.body, _File(encoded.body).splices(sheet, change)))


class _File:
    def __init__(self, body: str) -> None:
        self._body = body
        self._style = style_of(body, escapes=True)
        self._root = root_of(body)
        self._entries = elements(body, self._root)
        self._lists = [self._part(entry, _BOXES) for entry in self._entries]
        self._boxes = [elements(body, inner) for inner in self._lists]
        self._is_whole = not any(
            isinstance(value, float)
            for entry in json.loads(body)
            for box in next(entry[k] for k in _BOXES if k in entry)
            for value in box["coordinates"].values()
        ) and any(self._boxes)

    def _part(self, entry: Span, names: Sequence[str]) -> Span:
        return next(span for name in names if (span := member(self._body, entry, name)))

    def splices(self, sheet: Sheet, change: Change) -> Iterator[Splice]:
        old = {s.position: s for page in sheet.pages for s in page.shapes}
        names = [json.loads(self._body[slice(*self._part(entry, _IMAGE))]) for entry in self._entries]
        last = {name: n for n, name in enumerate(names)}
        added = {last[sheet.pages[n].image]: shapes for n, shapes in change.added.items()}
        first = 0
        for n, boxes in enumerate(self._boxes):
            gone = {p - first for p, s in change.shapes.items() if s is None and 0 <= p - first < len(boxes)}
            for at, box in enumerate(boxes):
                new = change.shapes.get(first + at)
                if new is not None:
                    yield from self._changed(box, old[first + at], new)
            new_boxes = [self._made(shape, boxes, self._lists[n]) for shape in added.get(n, ())]
            if gone or new_boxes:
                yield from with_elements(self._body, self._lists[n], gone, new_boxes, self._style)
            first += len(boxes)
        for n, mark in change.verified.items():
            for entry, name in zip(self._entries, names, strict=True):
                if name == sheet.pages[n].image:
                    yield with_member(self._body, entry, "verified", mark, self._style)
        if change.pages:
            new_pages = [self._page(page) for page in change.pages]
            yield from with_elements(self._body, self._root, (), new_pages, self._style)

    def _changed(self, box: Span, old: Shape, new: Shape) -> Iterator[Splice]:
        if new.label != old.label:
            yield with_member(self._body, box, "label", new.label, self._style)
        if new.corners != old.corners:
            coordinates = self._part(box, ("coordinates",))
            was = json.loads(self._body[slice(*coordinates)])
            for side, value in _centred(new.corners, self._is_whole).items():
                if value != was[side]:
                    yield with_member(self._body, coordinates, side, in_place_of(was[side], value), self._style)

    def _made(self, shape: Shape, boxes: Sequence[Span], inside: Span) -> str:
        values = _raw(shape, self._is_whole)
        template = boxes[-1] if boxes else next((b[-1] for b in self._boxes if b), None)
        if template is not None:
            return object_like(self._body, template, values, self._style)
        return rendered(values, self._style, indent_at(self._body, inside.start) + self._style.unit, inline=False)

    def _page(self, page: Page) -> str:
        image, boxes = _IMAGE[0], _BOXES[0]
        if self._entries:
            found = json.loads(self._body[slice(*self._entries[-1])])
            image, boxes = (next(k for k in known if k in found) for known in (_IMAGE, _BOXES))
        values: dict[str, Any] = {image: page.image}
        if page.verified or any(member(self._body, entry, "verified") for entry in self._entries[-1:]):
            values["verified"] = page.verified
        values[boxes] = [_raw(shape, self._is_whole) for shape in page.shapes]
        if self._entries:
            return object_like(self._body, self._entries[-1], values, self._style)
        return rendered(values, self._style, self._style.unit, inline=False)


def _raw(shape: Shape, whole: bool) -> dict[str, Any]:
    return {"label": shape.label, "coordinates": _centred(shape.corners, whole)}


def _centred(corners: Corners, whole: bool) -> dict[str, float]:
    """``whole``: where all numbers of a file are; a half stays a half, or the box would move."""
    x0, y0, x1, y1 = (tidy(v, whole) for v in corners)
    values = ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0)
    return {k: int(v) if whole and v == int(v) else tidy(v, whole=False) for k, v in zip(_SIDES, values, strict=True)}


# -- new files -------------------------------------------------------------------------------------------------------


def fresh(pages: Sequence[Page], _context: Context) -> bytes:
    """In the manner of labelImg's: on one line, foreign letters escaped."""
    entries = [
        {"image": name, "verified": p.verified, "annotations": [_raw(s, whole=False) for s in p.shapes]}
        for p, name in zip(pages, names_apart(pages), strict=True)
    ]
    return json.dumps(entries).encode("ascii")
