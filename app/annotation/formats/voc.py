"""Pascal VOC: labelImg's dialect is what is written anew; every other one is read, and changed only where it must be.

An object's ``<polygon>`` (X-AnyLabeling, Roboflow: ``<x1> <y1> <x2> ...``) is its outline and goes along with the box.
``truncated`` follows the box where it said what labelImg would say. An object without any place (X-AnyLabeling's
converter makes such ones of circles) stays in the file and is no box.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.annotation.formats.sheet import LARGEST, LARGEST_PAGE, Context, DamageError, Page, Ring, Shape, Sheet
from app.annotation.formats.xml_text import decoded, read_nodes
from app.common.words import text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

EDGES = ("xmin", "ymin", "xmax", "ymax")


# -- reading ---------------------------------------------------------------------------------------------------------


def read(data: bytes, _stem: str, _context: Context) -> Sheet:
    """One page. The reader of the standard library's C parser: :func:`read_nodes` is five times slower.

    Raises:
        DamageError: when it is no complete VOC file.
    """
    if len(data) > LARGEST_PAGE:
        raise DamageError(text("formats.too_large"))
    body = decoded(data).body
    root = _parsed(body)
    if root.tag != "annotation":
        raise DamageError(text("formats.no_voc", tag=root.tag[:40]), 1)
    try:
        width, height = (_size(root.findtext(f"size/{side}")) for side in ("width", "height"))
    except ValueError as error:
        raise DamageError(text("formats.bad_size")) from error
    shapes = []
    for place, element in enumerate(root.findall("object")):
        try:
            if shape := _shape(element, place):
                shapes.append(shape)
        except ValueError as error:
            raise DamageError(str(error), line_of(body, place)) from error
    image = root.findtext("filename") or (root.findtext("path") or "").replace("\\", "/").rsplit("/", 1)[-1]
    return Sheet((Page(image, width, height, tuple(shapes), root.get("verified") == "yes"),))


def _parsed(body: bytes) -> Element:
    # Imported here because the window's first paint waits for this module's importers.
    from xml.etree.ElementTree import ParseError, XMLParser

    if b"<!DOCTYPE" in body:  # without one there are no entities
        read_nodes(body)
    parser = XMLParser(encoding="utf-8")
    try:
        parser.feed(body)
        root: Element = parser.close()
    except ParseError as error:
        reason = text("formats.not_wellformed", reason=str(error).split(":")[0])
        raise DamageError(reason, error.position[0]) from error
    return root


def line_of(body: bytes, place: int) -> int:
    """The line on which the object at ``place`` starts."""
    return _lines(body)[place]


def _lines(body: bytes) -> list[int]:
    return [node.line for node in read_nodes(body).all("object")]


def lines(data: bytes) -> list[int]:
    """The line on which each object starts."""
    return _lines(decoded(data).body)


def without_place(data: bytes) -> list[tuple[int, str]]:
    """Line and name of the objects that are no boxes."""
    objects = read_nodes(decoded(data).body).all("object")
    return [(o.line, name.text if (name := o.child("name")) else "") for o in objects if not o.child("bndbox")]


def _shape(element: Element, place: int) -> Shape | None:
    name = element.findtext("name")
    if name is None:
        raise ValueError(text("formats.no_name"))
    box = element.find("bndbox")
    if box is None:
        return None
    x0, y0, x1, y1 = [_number(box.findtext(edge)) for edge in EDGES]
    difficult = (element.findtext("difficult") or "").strip().lower() in ("1", "true", "yes")
    polygon = element.find("polygon")
    outline = () if polygon is None else _outline({c.tag: c.text or "" for c in polygon})
    return Shape(name, (x0, y0, x1, y1), difficult, outline, None, place)


def _outline(values: Mapping[str, str]) -> tuple[Ring, ...]:
    """``x1, y1, x2, y2 ...``; anything else in a polygon is another program's and not shown."""
    count = len(values) // 2
    names = [(f"x{n}", f"y{n}") for n in range(1, count + 1)]
    if count < 3 or any(x not in values or y not in values for x, y in names):
        return ()
    return (tuple((_number(values[x]), _number(values[y])) for x, y in names),)


def _number(word: str | None) -> float:
    try:
        value = float(word or "")
    except ValueError:
        value = math.nan
    if not abs(value) <= LARGEST:
        raise ValueError(text("formats.bad_number", word=repr((word or "")[:40])))
    return value


def _size(word: str | None) -> int:
    value = int(_number((word or "").strip() or "0"))
    if value < 0:
        raise ValueError
    return value
