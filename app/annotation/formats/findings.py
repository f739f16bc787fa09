"""What is wrong in an annotation file, and putting right of it what can be put right without guessing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Final

from app.annotation.formats import coco, createml, labelme, voc, yolo
from app.annotation.formats.boxes import box_of
from app.annotation.formats.change import Change
from app.annotation.formats.kinds import WHOLE_SET, Format
from app.annotation.formats.registry import patch, read
from app.annotation.formats.repair import repaired
from app.annotation.formats.sheet import Context, DamageError, Page, Problem, Shape, Sheet
from app.common.errors import UserError
from app.common.geometry import Box, box_from_corners
from app.common.words import text

_LINES: dict[Format, Callable[[bytes], list[int]]] = {
    "voc": voc.lines,
    "yolo": yolo.lines,
    "createml": createml.lines,
    "coco": coco.lines,
    "labelme": labelme.lines,
    "xanylabeling": labelme.lines,
}
_KNOWS_SIZE: Final = frozenset({"voc", "coco", "labelme", "xanylabeling"})
_SHAPES: Final = frozenset({"labelme", "xanylabeling"})
_UNIT = 1_000_000  # the size that a YOLO file's photo is given where it is unknown: its shares are checked all the same
_ANY_CLASS = tuple(map(str, range(1000)))  # more than any list has: a class beyond it is a finding, its box is checked
_ROUNDED = 2e-6  # of a side: what six decimals can carry a YOLO box over the edge


def check(format: Format, data: bytes, name: str, context: Context) -> list[Problem]:
    """The findings in a file, by line. Photos that are not there (whose size the context lacks) are none.

    Codes: ``damaged, classes_missing, unknown_class, size_missing, size_other, image_missing, name_missing,
    box_missing, box_flipped, box_outside, box_without_area, duplicate_box, duplicate_id``.
    """
    try:
        return sorted(_found(format, data, name, context), key=lambda p: (p.line, p.position))
    except UserError as error:
        return [Problem(int(str(error.facts.get("line", 0))), "damaged", str(error.facts.get("reason", error.what)))]


def _found(format: Format, data: bytes, name: str, context: Context) -> Iterator[Problem]:
    if format == "yolo":
        data, early = _readable_yolo(data, name, context)
        yield from early
    sheet = _sheet(format, data, name, context)
    points = labelme.point_like(data) if format in _SHAPES else frozenset()
    if format == "voc":
        for line, label in voc.without_place(data):
            yield Problem(line, "box_missing", text("findings.box_missing", label=label))
    if format == "coco":
        for line, key in coco.ids_twice(data):
            yield Problem(line, "duplicate_id", text("findings.duplicate_id", id=key))
    found: list[Problem] = []
    for page in sheet.pages:
        real = _real_size(format, page, name, context)
        yield from _page_problems(format, page, real)
        found += _shape_problems(format, page, real, points)
    lines = _LINES[format](data) if found else []
    for finding in found:
        yield replace(finding, line=lines[finding.position])


def _readable_yolo(data: bytes, name: str, context: Context) -> tuple[bytes, list[Problem]]:
    """The file with its unreadable lines made empty, and what is wrong with them."""
    found = []
    try:
        for line, code, words in yolo.line_problems(data, context):
            found.append(Problem(line, code, words))
    except DamageError as error:
        raise error.for_person(name) from error
    if data.strip() and not context.classes:
        found.append(Problem(0, "classes_missing", text("findings.classes_missing")))
    return yolo.emptied(data, {p.line for p in found if p.code == "damaged"}), found


def _sheet(format: Format, data: bytes, name: str, context: Context) -> Sheet:
    if format != "yolo":
        return read(format, data, name, context)
    stem = PurePath(name).stem
    sizes = context.sizes if stem in context.sizes else {stem: (_UNIT, _UNIT)}
    classes = (*context.classes, *_ANY_CLASS[len(context.classes) :])
    return read(format, data, name, replace(context, classes=classes, sizes=sizes))


def _page_problems(format: Format, page: Page, real: tuple[int, int] | None) -> Iterator[Problem]:
    if format not in _KNOWS_SIZE:
        return
    if not page.image:
        yield Problem(0, "image_missing", text("findings.image_missing"))
    if not (page.width and page.height):
        yield Problem(0, "size_missing", text("findings.size_missing", image=page.photo_name))
    elif real and real != (page.width, page.height):
        theirs, ours = f"{page.width} x {page.height}", f"{real[0]} x {real[1]}"
        yield Problem(0, "size_other", text("findings.size_other", image=page.photo_name, theirs=theirs, ours=ours))


def _real_size(format: Format, page: Page, name: str, context: Context) -> tuple[int, int] | None:
    """The photo's, found by the name in the file, else by the file's own."""
    found = context.sizes.get(PurePath(page.photo_name).stem)
    return found or (context.sizes.get(PurePath(name).stem) if format not in WHOLE_SET else None)


def _shape_problems(
    format: Format, page: Page, real: tuple[int, int] | None, points: frozenset[int]
) -> Iterator[Problem]:
    size = _size(page, real)
    slack = _ROUNDED * max(size) if format == "yolo" else 0.0
    seen: set[tuple[object, ...]] = set()
    for shape in page.shapes:
        at = shape.position
        x0, y0, x1, y1 = shape.corners
        label = shape.label.strip()
        box = box_from_corners(*shape.corners)
        if not label:
            yield Problem(0, "name_missing", text("findings.name_missing"), at)
        if x0 > x1 or y0 > y1:
            yield Problem(0, "box_flipped", text("findings.box_flipped", label=label), at)
        if _is_outside(box, size, slack):
            yield Problem(0, "box_outside", text("findings.box_outside", label=label), at)
        if at not in points and box_of(shape, *size).is_empty:
            yield Problem(0, "box_without_area", text("findings.box_without_area", label=label), at)
        same = (shape.label, box, shape.outline)
        if same in seen:
            yield Problem(0, "duplicate_box", text("findings.duplicate_box", label=label), at)
        seen.add(same)


def _size(page: Page, real: tuple[int, int] | None) -> tuple[int, int]:
    """The file's own, else the photo's, else 0: what lies outside cannot be told then."""
    if page.width and page.height:
        return page.width, page.height
    return real or (0, 0)


def _is_outside(box: Box, size: tuple[int, int], slack: float) -> bool:
    width, height = size
    if not (width and height):
        return False
    return box.x0 < -slack or box.y0 < -slack or box.x1 > width + slack or box.y1 > height + slack


# -- putting right ---------------------------------------------------------------------------------------------------


def fixed(format: Format, data: bytes, name: str, context: Context) -> bytes:
    """The file with what can be put right: flipped corners turned, parts outside cut, boxes without an area and second
    copies of a box taken out, a missing size put in where the photo is known; a broken-off or soiled file made whole
    from what is readable in it. All else stays as it is, byte for byte; so does a file that cannot be helped.
    """
    data = repaired(format, data, name, context)
    try:
        sheet = _sheet(format, data, name, context)
        points = labelme.point_like(data) if format in _SHAPES else frozenset()
    except UserError:
        return data
    change = _remedy(format, sheet, name, context, points)
    return patch(format, data, name, sheet, change, context) if change else data


def _remedy(format: Format, sheet: Sheet, name: str, context: Context, points: frozenset[int]) -> Change:
    shapes: dict[int, Shape | None] = {}
    sizes: dict[int, tuple[int, int]] = {}
    for number, page in enumerate(sheet.pages):
        codes: dict[int, set[str]] = {}
        real = _real_size(format, page, name, context)
        for finding in _shape_problems(format, page, real, points):
            codes.setdefault(finding.position, set()).add(finding.code)
        size = _size(page, real)
        for shape in page.shapes:
            found = codes.get(shape.position, set())
            if found & {"box_without_area", "duplicate_box"}:
                shapes[shape.position] = None
            elif found & {"box_flipped", "box_outside"}:
                box = box_of(shape, *size)
                shapes[shape.position] = shape._replace(corners=(box.x0, box.y0, box.x1, box.y1))
        if format in _KNOWS_SIZE and not (page.width and page.height) and real:
            sizes[number] = real
    return Change(shapes, sizes=sizes)


@dataclass(frozen=True, slots=True)
class Checked:
    """A file's findings, each with whether it was put right, and the bytes then; ``shapes``: how many it has now."""

    problems: tuple[tuple[Problem, bool], ...]
    data: bytes
    shapes: int


def checked(format: Format, data: bytes, name: str, context: Context, fix: bool) -> Checked:
    """Check a file and, with ``fix``, put right what can be. What shows only after a repair is told too."""
    before = check(format, data, name, context)
    new = fixed(format, data, name, context) if fix and before else data
    after = check(format, new, name, context) if new != data else before
    left = Counter((p.code, p.text) for p in after)
    told = [(p, not left[p.code, p.text]) for p in before]
    known = {(p.code, p.text) for p in before}
    told += [(p, False) for p in after if (p.code, p.text) not in known]
    return Checked(tuple(told), new, _count(format, new, name, context))


def _count(format: Format, data: bytes, name: str, context: Context) -> int:
    try:
        if format == "yolo":
            data, _ = _readable_yolo(data, name, context)
        return sum(len(page.shapes) for page in _sheet(format, data, name, context).pages)
    except UserError:
        return 0
