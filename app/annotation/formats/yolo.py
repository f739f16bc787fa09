"""YOLO: a text file a photo, a line a box: ``class x y width height``, shares of the photo, x and y the centre.

A sixth number is a score. An odd number of them from seven on is a polygon (``class x1 y1 x2 y2 ...``), unless the
set's ``data.yaml`` says that the lines hold key points. The class is a place in a list that lies beside the files; its
order is never changed, and a label that it lacks is refused: the caller adds it at the end (:func:`needed_classes`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.annotation.formats.boxes import extent, mapped
from app.annotation.formats.change import Change
from app.annotation.formats.sheet import LARGEST, LARGEST_PAGE, Context, Corners, DamageError, Page, Ring, Shape, Sheet
from app.annotation.formats.splices import spliced
from app.common.errors import UserError
from app.common.geometry import box_from_corners
from app.common.words import text

_WORD = re.compile(r"\S+")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)")
_CLASS = re.compile(r"[0-9]{1,9}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
DECIMALS = 6  # labelImg's
_LONGEST = 50  # letters of a number; the most exact ones have 25
_SNAP = 0.1  # pixels; a file of fewer decimals than that takes is read as it stands
_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class _Line:
    """``start`` and ``end`` in the text, the line's end included; ``words``: their places; ``decimals`` at most."""

    number: int
    start: int
    end: int
    words: tuple[tuple[int, int], ...]
    index: int
    values: tuple[float, ...]
    decimals: int


# -- reading ---------------------------------------------------------------------------------------------------------


def read(data: bytes, stem: str, context: Context) -> Sheet:
    """One page; the photo's size must be in the context.

    Raises:
        DamageError: for a line that cannot be read, or a class that the list does not have.
        UserError: ``classes_missing`` without a class list, ``photo_size_unknown`` without the photo's size.
    """
    lines = _lines(_decoded(data))
    if lines and not context.classes:
        raise UserError("classes_missing", file=f"{stem}.txt")
    if lines and stem not in context.sizes:
        raise UserError("photo_size_unknown", file=f"{stem}.txt")
    width, height = context.sizes.get(stem, (0, 0))
    shapes = tuple(_shape(line, place, width, height, context) for place, line in enumerate(lines))
    return Sheet((Page(context.names.get(stem, stem), width, height, shapes),), context.classes)


def _decoded(data: bytes) -> str:
    if len(data) > LARGEST_PAGE:
        raise DamageError(text("formats.too_large"))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DamageError(text("formats.not_in_encoding", encoding="utf-8"), line) from error


def _lines(words: str) -> list[_Line]:
    found = enumerate(_LINE.finditer(words), 1)
    lines = (_line(number, match.start(), match.group()) for number, match in found)
    return [line for line in lines if line]


def _line(number: int, start: int, line: str) -> _Line | None:
    mark = number == 1 and line.startswith(_MARK)
    spans = [(start + m.start(), start + m.end()) for m in _WORD.finditer(line, int(mark))]
    if not spans:
        return None
    first, *rest = (line[a - start : b - start] for a, b in spans)
    if not _CLASS.fullmatch(first):
        raise DamageError(text("formats.bad_class", word=repr(first[:40])), number)
    for word in rest:
        if len(word) > _LONGEST or not _NUMBER.fullmatch(word) or not abs(float(word)) <= LARGEST:
            raise DamageError(text("formats.bad_number", word=repr(word[:40])), number)
    if len(rest) < 4:
        raise DamageError(text("formats.too_few", n=len(rest)), number)
    return _Line(
        number, start, start + len(line), tuple(spans), int(first), tuple(map(float, rest)), max(map(_decimals, rest))
    )


def _shape(line: _Line, place: int, width: int, height: int, context: Context) -> Shape:
    if line.index >= len(context.classes):
        known = len(context.classes)
        raise DamageError(text("formats.class_beyond", index=line.index, known=known), line.number)
    corners, outline, score = _geometry(line, context.keypoints)
    scaled = tuple(tuple((x * width, y * height) for x, y in ring) for ring in outline)
    x0, x1 = (_snapped(v * width, width, line) for v in corners[::2])
    y0, y1 = (_snapped(v * height, height, line) for v in corners[1::2])
    box = (x0, y0, x1, y1) if not outline else extent(scaled[0])
    return Shape(context.classes[line.index], box, False, scaled, score, place)


def _snapped(value: float, side: int, line: _Line) -> float:
    """A whole pixel where the line's decimals cannot tell it from one: 259.9997 was 260 when it was written."""
    slack = max(0.8 * side * 10.0**-line.decimals, 1e-9)
    whole = round(value)
    return float(whole) if slack < _SNAP and abs(value - whole) <= slack else value


def _geometry(line: _Line, keypoints: int) -> tuple[Corners, tuple[Ring, ...], float | None]:
    """In shares of the photo."""
    values = line.values
    count = len(values)
    if _is_polygon(count, keypoints):
        ring = tuple(zip(values[::2], values[1::2], strict=True))
        return extent(ring), (ring,), None
    if count > 5 and not (keypoints and (count - 4) % keypoints == 0):
        raise DamageError(text("formats.too_many", n=count), line.number)
    x, y, w, h = values[:4]
    return (x - w / 2, y - h / 2, x + w / 2, y + h / 2), (), values[4] if count == 5 else None


def _is_polygon(count: int, keypoints: int) -> bool:
    return count >= 6 and count % 2 == 0 and not keypoints


def lines(data: bytes) -> list[int]:
    """The line of each box."""
    return [line.number for line in _lines(_decoded(data))]


def line_problems(data: bytes, context: Context) -> Iterator[tuple[int, str, str]]:
    """Line, code and words of every line that cannot be read or whose class the list lacks."""
    for number, match in enumerate(_LINE.finditer(_decoded(data)), 1):
        try:
            line = _line(number, match.start(), match.group())
            if line:
                _geometry(line, context.keypoints)
        except DamageError as error:
            yield number, "damaged", error.reason
            continue
        if line and context.classes and line.index >= len(context.classes):
            known = len(context.classes)
            yield number, "unknown_class", text("formats.class_beyond", index=line.index, known=known)


def without_lines(data: bytes, numbers: Collection[int]) -> bytes:
    """The file without the lines of these numbers, counted from 1."""
    found = enumerate(_LINE.findall(_decoded(data)), 1)
    return "".join(line for number, line in found if number not in numbers).encode("utf-8")


def emptied(data: bytes, numbers: Collection[int]) -> bytes:
    """The file with these lines empty, so that the others keep their numbers."""
    found = enumerate(_LINE.findall(_decoded(data)), 1)
    lines = (line if number not in numbers else line[len(line.rstrip("\r\n")) :] for number, line in found)
    return "".join(lines).encode("utf-8")


# -- changing --------------------------------------------------------------------------------------------------------


def patched(data: bytes, sheet: Sheet, change: Change, context: Context) -> bytes:
    """The file with the change in it and nothing else touched.

    Raises:
        UserError: ``class_not_in_list`` for a label that the class list lacks.
    """
    words = _decoded(data)
    lines = _lines(words)
    page = sheet.pages[0]
    decimals = max([DECIMALS, *(line.decimals for line in lines)])
    splices: list[tuple[int, int, str]] = []
    for position, new in change.shapes.items():
        line = lines[position]
        if new is None:
            splices.append((line.start + (words[line.start : line.start + 1] == _MARK), line.end, ""))
            continue
        old = page.shapes[position]
        if new.label != old.label:
            splices.append((*line.words[0], str(class_index(new.label, context))))
        if new.corners != old.corners:
            splices += _moved(line, old, new, page, context.keypoints, decimals)
    if 0 in change.added:
        splices.append(_inserted(words, [_text(s, page, context, decimals) for s in change.added[0]]))
    return spliced(words, splices).encode("utf-8")


def _moved(
    line: _Line, old: Shape, new: Shape, page: Page, keypoints: int, decimals: int
) -> Iterable[tuple[int, int, str]]:
    was, becomes = box_from_corners(*old.corners), box_from_corners(*new.corners)
    spans = line.words[1:]
    count = len(line.values)
    first = 4
    if _is_polygon(count, keypoints):
        first = 0
    else:
        values = _centred(new.corners, page.width, page.height)
        yield from ((*span, f"{v:.{decimals}f}") for span, v in zip(spans[:4], values, strict=True))
    step = 2 if first == 0 else keypoints
    if not step or (first and count == 5):
        return
    for at in range(first, count, step):
        x, y = line.values[at : at + 2]
        if first and x == y == 0:  # a key point that is not there
            continue
        moved = (
            _carried(x * page.width, (was.x0, was.x1), (becomes.x0, becomes.x1)) / page.width,
            _carried(y * page.height, (was.y0, was.y1), (becomes.y0, becomes.y1)) / page.height,
        )
        yield from ((*span, f"{v:.{decimals}f}") for span, v in zip(spans[at : at + 2], moved, strict=True))


def _carried(value: float, was: tuple[float, float], becomes: tuple[float, float]) -> float:
    return mapped(value, was, becomes) if was[0] != was[1] else value + becomes[0] - was[0]


def _inserted(words: str, lines: Sequence[str]) -> tuple[int, int, str]:
    """At the end, in the file's own way of ending lines."""
    found = re.search(r"\r\n|\n|\r", words)
    newline = found.group() if found else "\n"
    end = len(words)
    if words.strip(_MARK) and not words.endswith(("\n", "\r")):
        return end, end, newline + newline.join(lines)
    return end, end, "".join(line + newline for line in lines)


def _text(shape: Shape, page: Page, context: Context, decimals: int = DECIMALS) -> str:
    values = _centred(shape.corners, page.width, page.height)
    return " ".join([str(class_index(shape.label, context)), *(f"{v:.{decimals}f}" for v in values)])


def _centred(corners: Corners, width: int, height: int) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = corners
    return (x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height


def _decimals(word: str) -> int:
    return min(len(word.partition(".")[2]), 17) if "e" not in word.lower() else 0


def class_index(label: str, context: Context) -> int:
    if label in context.classes:
        return context.classes.index(label)
    raise UserError("class_not_in_list", label=label)


# -- new files -------------------------------------------------------------------------------------------------------


def fresh(page: Page, context: Context) -> bytes:
    return "".join(_text(shape, page, context) + "\n" for shape in page.shapes).encode("utf-8")


def needed_classes(labels: Iterable[str], context: Context) -> tuple[str, ...]:
    """The list with the labels that it lacks at its end; those of one key (see the context) count as one."""
    known = {context.label(word) for word in context.classes}
    classes = list(context.classes)
    for label in labels:
        if label not in classes and context.label(label) not in known:
            classes.append(label)
            known.add(context.label(label))
    return tuple(classes)


def class_list(classes: Sequence[str]) -> bytes:
    """``classes.txt``, as labelImg reads it, in UTF-8."""
    return "".join(f"{name}\n" for name in classes).encode("utf-8")


def data_yaml(classes: Sequence[str]) -> bytes:
    """``data.yaml``, as training programs read it; JSON's strings are YAML's too."""
    names = "".join(f"  {n}: {json.dumps(name, ensure_ascii=False)}\n" for n, name in enumerate(classes))
    return f"nc: {len(classes)}\nnames:{chr(10) + names if names else ' []' + chr(10)}".encode()
