"""COCO: one file for a set: photos, categories, and boxes with polygons, masks or key points.

A box that a person changes takes its polygons and key points along; its ``area`` follows. A mask (run lengths) cannot
be carried along: it gives way to the box's own outline. Records without a place on the photo (captions) are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
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
    uncollected,
)
from app.annotation.formats.sheet import LARGEST, Context, DamageError, Page, Ring, Shape, Sheet
from app.common.words import text

LISTS = ("images", "annotations", "categories")
_PLACED = ("bbox", "segmentation", "keypoints")
_Put = Callable[[Shape], None]
_new = partial(tuple.__new__, Shape)  # Shape(...) without its keyword handling: half the time


# -- reading ---------------------------------------------------------------------------------------------------------


def read(data: bytes, _stem: str, _context: Context) -> Sheet:
    """A page a photo; entries of one file name are one page.

    Raises:
        DamageError: when it is no complete COCO file, or a box names a photo or a category that the file does not have.
    """
    with uncollected():  # until the raw values are gone again: else the collector walks them all, to free none
        return _sheet(decoded(data).body)


def _sheet(body: str) -> Sheet:
    raw = parsed(body)
    if not isinstance(raw, dict) or not all(isinstance(raw.get(name), list) for name in LISTS):
        raise DamageError(text("formats.no_coco"), 1)
    names: dict[Any, str] = {}
    for place, (key, name) in enumerate(_each(body, raw, "categories", _category)):
        if names.setdefault(key, name) != name:
            raise DamageError(text("formats.id_twice", id=key), _line(body, "categories", place))
    pages: dict[str, tuple[int, int, list[Shape]]] = {}
    places: dict[Any, list[Shape]] = {}
    for place, (key, name, width, height) in enumerate(_each(body, raw, "images", _photo)):
        shapes = pages.setdefault(name, (width, height, []))[2]
        if places.setdefault(key, shapes) is not shapes:
            raise DamageError(text("formats.id_twice", id=key), _line(body, "images", place))
    _place(body, raw["annotations"], names, {key: shapes.append for key, shapes in places.items()})
    made = tuple(Page(name, w, h, tuple(found)) for name, (w, h, found) in pages.items())
    return Sheet(made, tuple(names.values()))


def _each(body: str, raw: Mapping[str, Any], part: str, take: Any) -> Iterator[Any]:
    for place, entry in enumerate(raw[part]):
        try:
            yield take(entry)
        except (KeyError, TypeError) as error:
            raise DamageError(text("formats.no_coco"), _line(body, part, place)) from error
        except ValueError as error:
            raise DamageError(str(error), _line(body, part, place)) from error


def _category(entry: dict[str, Any]) -> tuple[Any, str]:
    return _id(entry["id"]), a_text(entry["name"])


def _id(value: Any) -> int | str:
    if type(value) not in (int, str):
        raise ValueError(text("formats.bad_number", word=repr(value)[:40]))
    return value  # type: ignore[no-any-return]


def _photo(entry: dict[str, Any]) -> tuple[Any, str, int, int]:
    return _id(entry["id"]), a_text(entry["file_name"]), a_size(entry.get("width")), a_size(entry.get("height"))


def _line(body: str, part: str, place: int) -> int:
    return line_at(body, elements(body, member(body, root_of(body), part))[place].start)


def _place(body: str, raw: Sequence[Any], names: Mapping[Any, str], put: Mapping[Any, _Put]) -> None:
    """Put every box on its photo's list. Written for plain boxes, of which there may be 100,000."""
    largest, new = LARGEST, _new
    for position, entry in enumerate(raw):
        try:
            x, y, w, h = entry["bbox"]
            if not (abs(x) <= largest and abs(y) <= largest and abs(w) <= largest and abs(h) <= largest):
                raise ValueError(text("formats.bad_number", word=str(entry["bbox"])[:40]))
            label, corners = names[entry["category_id"]], (x, y, x + w, y + h)
            if entry.get("segmentation") or "score" in entry or "ignore" in entry:
                more = bool(entry.get("ignore")), _outline(entry), _score(entry), position
                put[entry["image_id"]](new((label, corners, *more)))
            else:
                put[entry["image_id"]](new((label, corners, False, (), None, position)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            _place_other(body, entry, position, names, put, error)


def _score(entry: Mapping[str, Any]) -> float | None:
    score = entry.get("score")
    return None if score is None else a_number(score)


def _place_other(
    body: str,
    entry: Any,
    position: int,
    names: Mapping[Any, str],
    put: Mapping[Any, _Put],
    problem: Exception,
) -> None:
    """A record without a box, or a damaged one."""
    reason = str(problem) if isinstance(problem, ValueError) else ""
    try:
        if isinstance(entry, dict) and not any(entry.get(k) for k in _PLACED):
            return
        if entry["category_id"] not in names:
            reason = text("formats.no_category", id=repr(entry["category_id"])[:40])
        elif entry["image_id"] not in put:
            reason = text("formats.no_image", id=repr(entry["image_id"])[:40])
        elif not entry.get("bbox"):
            outline = _outline(entry)
            points = [p for ring in outline for p in ring] or _keypoints(entry)
            if not points:
                return
            shape = Shape(names[entry["category_id"]], extent(tuple(points)), bool(entry.get("ignore")), outline)
            put[entry["image_id"]](shape._replace(position=position))
            return
    except (KeyError, TypeError, AttributeError):
        pass
    except ValueError as error:
        reason = str(error)
    raise DamageError(reason or text("formats.no_coco"), _line(body, "annotations", position)) from problem


def _outline(entry: Mapping[str, Any]) -> tuple[Ring, ...]:
    raw = entry.get("segmentation")
    if not raw:
        return ()
    if isinstance(raw, dict):
        from app.annotation.formats.masks import rle_rings

        return rle_rings(raw)
    return tuple([_ring(flat) for flat in raw if flat])


def _ring(flat: Sequence[float]) -> Ring:
    if len(flat) % 2 or not (min(flat) >= -LARGEST and max(flat) <= LARGEST):
        raise ValueError(text("formats.bad_number", word=str(flat)[:40]))
    numbers = iter(flat)
    return tuple(zip(numbers, numbers, strict=True))


def _keypoints(entry: Mapping[str, Any]) -> list[tuple[float, float]]:
    flat = entry.get("keypoints") or []
    triples = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    return [(a_number(x), a_number(y)) for x, y, seen in triples if seen]


def lines(data: bytes) -> list[int]:
    """The line on which each record of ``annotations`` starts."""
    body = decoded(data).body
    return lines_at(body, elements(body, member(body, root_of(body), "annotations")))


def ids_twice(data: bytes) -> list[tuple[int, Any]]:
    """Line and number of the records of ``annotations`` whose number another one has; most readers lose one of them."""
    body = decoded(data).body
    counts = Counter(repr(entry.get("id")) for entry in parsed(body)["annotations"])
    twice = {key for key, count in counts.items() if count > 1}
    if not twice:
        return []
    spans = elements(body, member(body, root_of(body), "annotations"))
    ids = [repr(entry.get("id")) for entry in parsed(body)["annotations"]]
    return [(line, key) for line, key in zip(lines_at(body, spans), ids, strict=True) if key in twice]
