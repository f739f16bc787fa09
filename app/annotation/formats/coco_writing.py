"""COCO files changed at their place, and made anew: see :mod:`app.annotation.formats.coco`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from app.annotation.formats.boxes import mapped
from app.annotation.formats.change import Change
from app.annotation.formats.coco import LISTS
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
    members,
    parsed,
    root_of,
)
from app.annotation.formats.sheet import LARGEST, Context, Corners, Page, Shape, Sheet, names_apart
from app.annotation.formats.splices import spliced
from app.common.geometry import Box, box_from_corners


def patched(data: bytes, sheet: Sheet, change: Change, _context: Context) -> bytes:
    """The file with the change in it and nothing else touched."""
    encoded = decoded(data)
    return encoded.back(spliced(encoded.body, list(_File(encoded.body).splices(sheet, change))))


class _File:
    def __init__(self, body: str) -> None:
        self._body = body
        self._raw = parsed(body)
        self._style = style_of(body, escapes=True)
        self._parts = {m.name: m.value for m in members(body, root_of(body)) if m.name in LISTS}
        self._boxes = elements(body, self._parts["annotations"])
        numbers = [v for a in self._raw["annotations"] for v in a.get("bbox") or ()]
        self._is_whole = bool(numbers) and not any(isinstance(v, float) for v in numbers)
        self._categories: dict[str, Any] = {}
        for entry in self._raw["categories"]:
            self._categories.setdefault(entry["name"], entry["id"])
        self._new_categories: list[dict[str, Any]] = []
        self._box_ids = _Ids(a.get("id") for a in self._raw["annotations"])
        self._image_ids = _Ids(i["id"] for i in self._raw["images"])
        self._category_ids = _Ids(c["id"] for c in self._raw["categories"])

    def splices(self, sheet: Sheet, change: Change) -> Iterator[Splice]:
        old = {s.position: s for page in sheet.pages for s in page.shapes}
        for position, new in change.shapes.items():
            if new is not None:
                yield from self._changed(position, old[position], new)
        gone = {position for position, new in change.shapes.items() if new is None}
        ids = {entry["file_name"]: entry["id"] for entry in self._raw["images"]}
        new_boxes = [self._made(s, ids[sheet.pages[n].image]) for n, shapes in change.added.items() for s in shapes]
        new_images = []
        for page in change.pages:
            key = self._image_ids.next()
            values = {"id": key, "file_name": page.image, "width": page.width, "height": page.height}
            new_images.append(self._like("images", values))
            new_boxes += [self._made(shape, key) for shape in page.shapes]
        spans = elements(self._body, self._parts["images"]) if change.sizes else []
        for n, size in change.sizes.items():
            for span, entry in zip(spans, self._raw["images"], strict=True):
                if entry["file_name"] == sheet.pages[n].image:
                    for name, value in zip(("width", "height"), size, strict=True):
                        yield with_member(self._body, span, name, value, self._style)
        new_categories = [self._like("categories", values) for values in self._new_categories]
        for part, out, new_ones in (
            ("images", (), new_images),
            ("annotations", gone, new_boxes),
            ("categories", (), new_categories),
        ):
            if out or new_ones:
                yield from with_elements(self._body, self._parts[part], out, new_ones, self._style)

    def _changed(self, position: int, old: Shape, new: Shape) -> Iterator[Splice]:
        span, raw = self._boxes[position], self._raw["annotations"][position]
        put = partial(with_member, self._body, span, style=self._style)
        if new.label != old.label:
            yield put("category_id", self._category(new.label))
        if new.difficult != old.difficult:
            yield put("ignore", int(new.difficult))
        if new.corners == old.corners:
            return
        found = {m.name: m.value for m in members(self._body, span)}
        becomes = _box_numbers(new.corners, self._is_whole)
        if raw.get("bbox"):
            yield from self._numbers(found["bbox"], becomes)
        was, now = box_from_corners(*old.corners), box_from_corners(*new.corners)
        yield from self._outline_moved(raw, found, was, now)
        if isinstance(raw.get("area"), int | float) and abs(raw["area"]) <= LARGEST**2:
            yield put("area", tidy(_area(raw, was, now), isinstance(raw["area"], int) and self._is_whole))

    def _outline_moved(self, raw: Mapping[str, Any], found: Mapping[str, Span], was: Box, now: Box) -> Iterator[Splice]:
        segmentation = raw.get("segmentation")
        if isinstance(segmentation, dict) or (segmentation and was.is_empty):
            ring = [now.x0, now.y0, now.x1, now.y0, now.x1, now.y1, now.x0, now.y1]
            flat = "\n" not in self._body[slice(*found["segmentation"])]
            value = [[tidy(v, whole=False) for v in ring]]
            yield (
                *found["segmentation"],
                rendered(value, self._style, indent_at(self._body, found["segmentation"].start), flat),
            )
            if raw.get("iscrowd"):
                yield *found["iscrowd"], "0"
        elif segmentation:
            for ring_span, flat_ring in zip(elements(self._body, found["segmentation"]), segmentation, strict=True):
                yield from self._numbers(ring_span, _carried(flat_ring, was, now, 2))
        if _are_keypoints(raw.get("keypoints")) and not was.is_empty:
            yield from self._numbers(found["keypoints"], _carried(raw["keypoints"], was, now, 3))

    def _numbers(self, span: Span, values: Iterable[float]) -> Iterator[Splice]:
        """Each number of an array by itself, where it differs."""
        for place, value in zip(elements(self._body, span), values, strict=True):
            was = json.loads(self._body[slice(*place)])
            if was != value:
                yield *place, repr(in_place_of(was, value))

    def _category(self, name: str) -> Any:
        if name not in self._categories:
            self._categories[name] = self._category_ids.next()
            self._new_categories.append({"id": self._categories[name], "name": name, "supercategory": ""})
        return self._categories[name]

    def _made(self, shape: Shape, image: Any) -> str:
        values = _record(shape, self._box_ids.next(), image, self._category(shape.label), self._is_whole)
        return self._like("annotations", values)

    def _like(self, part: str, values: Mapping[str, Any]) -> str:
        """A new record in the manner of the part's last one: what every record has, and nothing of its own."""
        found = elements(self._body, self._parts[part])
        if not found:
            indent = indent_at(self._body, self._parts[part].start) + self._style.unit
            return rendered(dict(values), self._style, indent, inline=False)
        return object_like(self._body, found[-1], values, self._style)


class _Ids:
    """Numbers that no record has yet; as text where those of the file are."""

    def __init__(self, known: Iterable[Any]) -> None:
        ids = list(known)
        self._as_text = any(isinstance(i, str) for i in ids)
        numbers = [
            int(i)
            for i in ids
            if isinstance(i, int) or (isinstance(i, str) and i.isascii() and i.isdigit() and len(i) < 16)
        ]
        self._last = max(numbers, default=0)

    def next(self) -> Any:
        self._last += 1
        return str(self._last) if self._as_text else self._last


def _carried(flat: Sequence[float], was: Box, now: Box, step: int) -> list[float]:
    """x and y of each point carried along; what else belongs to it stays, a point that is not there too."""
    moved = list(flat)
    for at in range(0, len(flat) - 1, step):
        if step == 3 and not flat[at + 2]:
            continue
        moved[at] = tidy(mapped(flat[at], (was.x0, was.x1), (now.x0, now.x1)), whole=False)
        moved[at + 1] = tidy(mapped(flat[at + 1], (was.y0, was.y1), (now.y0, now.y1)), whole=False)
    return moved


def _are_keypoints(flat: Any) -> bool:
    return isinstance(flat, list) and len(flat) % 3 == 0 and all(type(v) in (int, float) for v in flat)


def _area(raw: Mapping[str, Any], was: Box, now: Box) -> float:
    """The box's own, or the mask's in the same share of the box as before."""
    share = (
        raw["area"] / was.area
        if was.area and raw.get("segmentation") and not isinstance(raw["segmentation"], dict)
        else 1.0
    )
    return share * now.area


def _box_numbers(corners: Corners, whole: bool) -> list[float]:
    x0, y0, x1, y1 = (tidy(v, whole) for v in corners)
    return [x0, y0, tidy(x1 - x0, whole), tidy(y1 - y0, whole)]


def _record(shape: Shape, key: Any, image: Any, category: Any, whole: bool) -> dict[str, Any]:
    bbox = _box_numbers(shape.corners, whole)
    return {
        "id": key,
        "image_id": image,
        "category_id": category,
        "bbox": bbox,
        "area": tidy(bbox[2] * bbox[3], whole),
        "iscrowd": 0,
        "segmentation": [[tidy(v, whole=False) for point in ring for v in point] for ring in shape.outline],
        **({"ignore": 1} if shape.difficult else {}),
        **({"score": shape.score} if shape.score is not None else {}),
    }


# -- new files -------------------------------------------------------------------------------------------------------


def fresh(pages: Sequence[Page], context: Context) -> bytes:
    """A record a line; ASCII, since other programs open it in the encoding of their system."""
    categories = {name: number for number, name in enumerate(context.classes, 1)}
    images: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for key, (page, name) in enumerate(zip(pages, names_apart(pages), strict=True), 1):
        images.append({"id": key, "file_name": name, "width": page.width, "height": page.height})
        boxes += [
            _record(s, len(boxes) + n, key, categories[s.label], whole=False) for n, s in enumerate(page.shapes, 1)
        ]
    named = [{"id": number, "name": name, "supercategory": ""} for name, number in categories.items()]
    parts = (("images", images), ("annotations", boxes), ("categories", named))
    lines = (f'"{name}": [' + ",".join("\n" + json.dumps(r) for r in records) + "\n]" for name, records in parts)
    return ('{"info": {}, "licenses": [],\n' + ",\n".join(lines) + "\n}\n").encode("ascii")
