"""Annotation files in the dialects that programs and people write, made of a few shapes: for property tests.

Each shape has a label of its own, and every unknown node holds a word of its own ("keep-3"), so that a test can find
again what a change must not touch.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from app.annotation.formats import Context, Format, Shape, label_of

WIDTH, HEIGHT = 400, 300
IMAGES = ("照片 1.jpg", "b & c.png")
words = st.sampled_from(["psoriasis", "银屑病", "a & b", 'q"uo\\te', "<tag>", " blank ", "ü", "湿疹 2"])


@dataclass(frozen=True)
class Foreign:
    """A file in some dialect. ``kept``: the unknown words of each shape; ``kept_always``: those of the rest."""

    format: Format
    name: str
    data: bytes
    context: Context
    images: tuple[str, ...]
    kept: tuple[tuple[str, ...], ...]
    kept_always: tuple[str, ...]
    whole: bool


@st.composite
def shapes(draw: st.DrawFn, whole: bool, most: int = 4) -> list[Shape]:
    """Shapes with different labels, inside the photo, in whole pixels or tenths."""
    number = st.integers(0, 99) if whole else st.integers(0, 990).map(lambda n: n / 10)
    found = []
    for n in range(draw(st.integers(0, most))):
        x, y = draw(number), draw(number)
        w, h = draw(number) + 1, draw(number) + 1
        label = f"{draw(words)}#{n}"
        found.append(Shape(label, (x + 1, y + 1, x + w + 1, y + h + 1), draw(st.booleans())))
    return found


class _Keeper:
    """Gives out unknown words."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._count = itertools.count()
        self.given: list[str] = []

    def maybe(self) -> str | None:
        if not self._draw(st.booleans()):
            return None
        word = f"keep-{next(self._count)}."
        self.given.append(word)
        return word

    def take(self) -> tuple[str, ...]:
        given, self.given = tuple(self.given), []
        return given


# -- Pascal VOC ------------------------------------------------------------------------------------------------------


@st.composite
def voc_files(draw: st.DrawFn) -> Foreign:
    whole = draw(st.booleans())
    found = draw(shapes(whole))
    whole = whole or not found  # a file without a box gets labelImg's whole numbers, 1 at least
    keep = _Keeper(draw)
    unit = draw(st.sampled_from(["\t", "  ", ""]))
    newline = draw(st.sampled_from(["\n", "\r\n"])) if unit else ""
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16-le-mark", "gb18030"]))
    order = draw(st.permutations(["name", "pose", "truncated", "difficult", "bndbox"]))
    has_difficult = draw(st.booleans())

    def line(depth: int, words: str) -> str:
        return newline + unit * depth + words

    kept = []
    body = ""
    for shape in found:
        leaves = {
            "name": f"<name>{escape(shape.label)}</name>",
            "pose": draw(st.sampled_from(["<pose>Left</pose>", "<pose/>"])),
            "truncated": draw(st.sampled_from(["<truncated>0</truncated>", ""])),
            "difficult": f"<difficult>{int(shape.difficult)}</difficult>" if has_difficult or shape.difficult else "",
            "bndbox": "<bndbox>"
            + "".join(
                line(3, f"<{edge}>{value}</{edge}>")
                for edge, value in zip(("xmin", "ymin", "xmax", "ymax"), shape.corners, strict=True)
            )
            + line(2, "</bndbox>"),
        }
        inner = "".join(line(2, leaves[name]) for name in order if leaves[name])
        if word := keep.maybe():
            inner += line(2, f"<attributes><a b='>{word}'/></attributes>")
        if word := keep.maybe():
            inner += line(2, f"<!-- {word} <name>no</name> -->")
        kept.append(keep.take())
        body += line(1, f"<object>{inner}{line(1, '</object>')}")
    noted = keep.maybe()
    note = f"<note><![CDATA[{noted} <object>]]></note>" if noted else ""
    head = "".join(
        line(1, words)
        for words in (
            f"<filename>{escape(IMAGES[0])}</filename>",
            f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>3</depth></size>",
            note,
        )
        if words
    )
    declared = {"gb18030": "gb18030", "utf-16-le-mark": "utf-16"}.get(encoding, "utf-8")
    start = draw(st.sampled_from(["", f'<?xml version="1.0" encoding="{declared}"?>{newline}']))
    if encoding == "gb18030":
        start = f'<?xml version="1.0" encoding="gb18030"?>{newline}'
    mark = draw(st.sampled_from(["", ' verified="yes"', " verified='no'", ' other="x"']))
    text = f"{start}<annotation{mark}>{head}{body}{line(0, '</annotation>')}" + draw(st.sampled_from(["", "\n"]))
    data = b"\xff\xfe" + text.encode("utf-16-le") if encoding == "utf-16-le-mark" else text.encode(encoding)
    return Foreign("voc", "x.xml", data, Context(label=label_of(None)), IMAGES[:1], tuple(kept), keep.take(), whole)


# -- YOLO ------------------------------------------------------------------------------------------------------------


@st.composite
def yolo_files(draw: st.DrawFn) -> Foreign:
    found = draw(shapes(whole=False))
    decimals = draw(st.sampled_from([6, 8, 16]))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    gap = draw(st.sampled_from([" ", "  ", "\t"]))
    lines = []
    for n, shape in enumerate(found):
        x0, y0, x1, y1 = shape.corners
        kind = draw(st.sampled_from(["box", "box", "score", "polygon"]))
        if kind == "polygon":
            values = [x0 / WIDTH, y0 / HEIGHT, x1 / WIDTH, y0 / HEIGHT, (x0 + x1) / 2 / WIDTH, y1 / HEIGHT]
        else:
            values = [(x0 + x1) / 2 / WIDTH, (y0 + y1) / 2 / HEIGHT, (x1 - x0) / WIDTH, (y1 - y0) / HEIGHT]
        if kind == "score":
            values.append(0.25)
        lines.append(gap.join([str(n), *(f"{v:.{decimals}f}" for v in values)]))
        if draw(st.booleans()):
            lines.append(draw(st.sampled_from(["", "  "])))
    text = draw(st.sampled_from(["", "\ufeff"])) + newline.join(lines) + draw(st.sampled_from(["", newline]))
    classes = (*(s.label for s in found), "new", "psoriasis")
    context = Context(classes, {"x": (WIDTH, HEIGHT)}, {"x": IMAGES[0]}, label_of(None))
    return Foreign("yolo", "x.txt", text.encode("utf-8"), context, IMAGES[:1], ((),) * len(found), (), whole=False)


# -- JSON ------------------------------------------------------------------------------------------------------------


@st.composite
def json_files(draw: st.DrawFn, format: Format) -> Foreign:
    whole = draw(st.booleans())
    keep = _Keeper(draw)
    images = IMAGES if format in ("createml", "coco") else IMAGES[:1]
    pages = [draw(shapes(whole, most=3)) for _ in images]
    pages = [[s._replace(label=f"{s.label}@{n}") for s in page] for n, page in enumerate(pages)]
    if format == "createml":  # centres in whole numbers would be halves
        whole = False
    make = {"createml": _createml, "coco": _coco}.get(format)
    raw, kept = make(draw, pages, keep) if make else _labelme(draw, pages[0], keep, format)
    indent = draw(st.sampled_from([None, 1, 2, "\t"]))
    separators = draw(st.sampled_from([None, (",", ":")])) if indent is None else None
    text = json.dumps(raw, indent=indent, separators=separators, ensure_ascii=draw(st.booleans()))
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    text += draw(st.sampled_from(["", "\n"]))
    data = text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig"])))
    context = Context(label=label_of(None))
    return Foreign(format, "x.json", data, context, images, kept, keep.take(), whole)


def _shuffled(draw: st.DrawFn, values: dict[str, Any], keep: _Keeper) -> dict[str, Any]:
    if word := keep.maybe():
        values = {**values, "unknown": {"deep": [word, {"label": 1}]}}
    names = draw(st.permutations(list(values)))
    return {name: values[name] for name in names}


def _createml(draw: st.DrawFn, pages: list[list[Shape]], keep: _Keeper) -> tuple[Any, Any]:
    kept = []
    raw = []
    names = draw(st.sampled_from([("image", "annotations"), ("imagefilename", "annotation")]))
    always: list[str] = []
    for image, found in zip(IMAGES, pages, strict=True):
        boxes = []
        for s in found:
            x0, y0, x1, y1 = s.corners
            coordinates = {"x": (x0 + x1) / 2, "y": (y0 + y1) / 2, "width": x1 - x0, "height": y1 - y0}
            boxes.append(_shuffled(draw, {"label": s.label, "coordinates": coordinates}, keep))
            kept.append(keep.take())
        entry = {names[0]: image, names[1]: boxes}
        if draw(st.booleans()):
            entry["verified"] = draw(st.booleans())
        raw.append(_shuffled(draw, entry, keep))
        always += keep.take()
    keep.given = always
    return raw, tuple(kept)


def _coco(draw: st.DrawFn, pages: list[list[Shape]], keep: _Keeper) -> tuple[Any, Any]:
    kept, records = [], []
    labels = {s.label: n for n, s in enumerate((s for page in pages for s in page), 5)}
    always = []
    for image, found in enumerate(pages, 10):
        for s in found:
            x0, y0, x1, y1 = s.corners
            ring = [x0, y0, x1, y0, x1, y1]
            values = {
                "id": 50 + len(records),
                "image_id": image,
                "category_id": labels[s.label],
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "area": (x1 - x0) * (y1 - y0),
                "iscrowd": 0,
                "segmentation": [ring] if draw(st.booleans()) else [],
                **({"ignore": 1} if s.difficult else {}),
            }
            records.append(_shuffled(draw, values, keep))
            kept.append(keep.take())
    images = [
        _shuffled(draw, {"id": n, "file_name": name, "width": WIDTH, "height": HEIGHT}, keep)
        for n, name in enumerate(IMAGES, 10)
    ]
    always += keep.take()
    categories = [{"id": n, "name": label} for label, n in labels.items()]
    raw = _shuffled(draw, {"images": images, "annotations": records, "categories": categories}, keep)
    keep.given = always + keep.given
    return raw, tuple(kept)


def _labelme(draw: st.DrawFn, found: list[Shape], keep: _Keeper, format: str) -> tuple[Any, Any]:
    kept, raw = [], []
    for s in found:
        x0, y0, x1, y1 = s.corners
        kind, points = draw(
            st.sampled_from(
                [
                    ("rectangle", [[x0, y0], [x1, y1]]),
                    ("rectangle", [[x1, y0], [x0, y1]]),
                    ("rectangle", [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]),
                    ("polygon", [[x0, y0], [x1, y0], [x1, y1]]),
                    (None, [[x0, y0], [x1, y0], [x0, y1]]),
                    ("linestrip", [[x0, y0], [x1, y1], [x1, y0]]),
                ]
            )
        )
        values = {"label": s.label, "points": points, "shape_type": kind, "group_id": None, "flags": {}}
        if format == "xanylabeling":
            values["difficult"] = s.difficult
        raw.append(_shuffled(draw, values, keep))
        kept.append(keep.take())
    page = {"version": "5.0.1", "shapes": raw, "imagePath": IMAGES[0], "imageWidth": WIDTH, "imageHeight": HEIGHT}
    page["imageData"] = draw(st.sampled_from([None, "aGVsbG8="]))
    if format == "xanylabeling":
        page["checked"] = draw(st.booleans())
    return _shuffled(draw, page, keep), tuple(kept)


def files(format: Format) -> st.SearchStrategy[Foreign]:
    if format == "voc":
        return voc_files()
    return yolo_files() if format == "yolo" else json_files(format)
