"""JSON read with the place of every value, so that a file can be changed there and nowhere else.

Values are found by the standard library's own scanner in C; only objects and arrays that are asked for are walked.
"""

from __future__ import annotations

import codecs
import contextlib
import gc
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from app.annotation.formats.sheet import LARGEST, DamageError
from app.common.words import text as words

Splice = tuple[int, int, str]
_SPACE = re.compile(r"[ \t\n\r]*")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Span(NamedTuple):
    start: int
    end: int


class Member(NamedTuple):
    """``key``: the place of the name with its quotes; ``value``: that of the value."""

    name: str
    key: Span
    value: Span


@dataclass(frozen=True, slots=True)
class Encoded:
    """A file's text, and how it was encoded."""

    body: str
    encoding: str
    mark: bytes

    def back(self, body: str) -> bytes:
        return self.mark + body.encode(self.encoding)


def decoded(data: bytes) -> Encoded:
    """UTF-8, or what the byte order mark says.

    Raises:
        DamageError: for bytes that are not in that encoding.
    """
    mark, encoding = next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", "utf-8"))
    try:
        return Encoded(data[len(mark) :].decode(encoding), encoding, mark)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DamageError(words("formats.not_in_encoding", encoding=encoding), line) from error


def parsed(body: str) -> Any:
    """The whole text as Python values.

    Raises:
        DamageError: for what is no JSON, with its line; ``NaN`` and its like are none.
    """
    try:
        with uncollected():
            return _DECODER.decode(body)
    except json.JSONDecodeError as error:
        raise DamageError(words("formats.no_json", reason=error.msg), error.lineno) from error
    except RecursionError as error:
        raise DamageError(words("formats.too_deep")) from error
    except ValueError as error:  # a number of thousands of digits
        raise DamageError(words("formats.no_json", reason=str(error)[:80])) from error


def _no_constant(word: str) -> NoReturn:
    raise DamageError(words("formats.bad_number", word=word))


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Without the garbage collector, which would walk a million new values again and again: a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


# -- places ----------------------------------------------------------------------------------------------------------


def root_of(body: str) -> Span:
    """The whole value of a text that :func:`parsed` has read."""
    return Span(_after_space(body, 0), len(body.rstrip(" \t\r\n")))


def members(body: str, span: Span) -> list[Member]:
    """An object's members in their order; none where the value is no object."""
    found: list[Member] = []
    if body[span.start] != "{":
        return found
    at = _after_space(body, span.start + 1)
    while body[at] == '"':
        name, end = _DECODER.raw_decode(body, at)
        start = _after_space(body, _after_space(body, end) + 1)
        value = Span(start, _DECODER.raw_decode(body, start)[1])
        found.append(Member(name, Span(at, end), value))
        at = _after_space(body, value.end)
        if body[at] == ",":
            at = _after_space(body, at + 1)
    return found


def member(body: str, span: Span, name: str) -> Span | None:
    """A member's value: the last of that name, as every JSON reader has it."""
    return next((m.value for m in reversed(members(body, span)) if m.name == name), None)


def elements(body: str, span: Span | None) -> list[Span]:
    """An array's elements; none where the value is no array."""
    found: list[Span] = []
    if span is None or body[span.start] != "[":
        return found
    at = _after_space(body, span.start + 1)
    while body[at] != "]":
        end = _DECODER.raw_decode(body, at)[1]
        found.append(Span(at, end))
        at = _after_space(body, end)
        if body[at] == ",":
            at = _after_space(body, at + 1)
    return found


def line_at(body: str, at: int) -> int:
    return body.count("\n", 0, at) + 1


def lines_at(body: str, spans: Sequence[Span]) -> list[int]:
    """The lines on which the values start, which must be in order."""
    found: list[int] = []
    line, at = 1, 0
    for span in spans:
        line += body.count("\n", at, span.start)
        at = span.start
        found.append(line)
    return found


def _after_space(body: str, at: int) -> int:
    found = _SPACE.match(body, at)
    return found.end() if found else at


# -- how a file writes -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Style:
    """``unit``: one step of indentation, "" for a file on one line."""

    unit: str
    newline: str
    comma: str
    colon: str
    escapes: bool


def style_of(body: str, escapes: bool) -> Style:
    """``escapes``: what to assume of a file without a single foreign letter."""
    newline = "\r\n" if "\r\n" in body else "\n"
    first = re.match(r"\s*[\[{](?:\r?\n([ \t]*))?", body)
    unit = (first.group(1) or "") if first else ""
    if not unit and (inner := re.search(r"\n([ \t]+)\S", body)):
        unit = inner.group(1)
    colon = re.search(r'"[ ]?:[ ]?', body)
    comma = re.search(r'[0-9"\]}](,[ ]?)[^\s]', body)
    if not body.isascii():
        escapes = False
    elif "\\u" in body:
        escapes = True
    return Style(unit, newline, comma.group(1) if comma else ", ", colon.group()[1:] if colon else ": ", escapes)


def indent_at(body: str, at: int) -> str:
    """The white space with which the line of ``at`` begins."""
    start = body.rfind("\n", 0, at) + 1
    return body[start : _after_space(body, start)] if "\n" not in body[start : _after_space(body, start)] else ""


def rendered(value: Any, style: Style, indent: str, inline: bool) -> str:
    """A new value; ``indent`` is that of the line on which it starts."""
    if inline or not style.unit:
        return json.dumps(value, ensure_ascii=style.escapes, separators=(style.comma, style.colon))
    laid_out = json.dumps(value, ensure_ascii=style.escapes, indent=style.unit, separators=(",", style.colon))
    return laid_out.replace("\n", style.newline + indent)


# -- changes ---------------------------------------------------------------------------------------------------------


def with_member(body: str, span: Span, name: str, value: Any, style: Style) -> Splice:
    """A member set, or put behind the last one."""
    found = members(body, span)
    for one in reversed(found):
        if one.name == name:
            inline = "\n" not in body[slice(*one.value)]
            return *one.value, rendered(value, style, indent_at(body, one.key.start), inline)
    new = rendered(value, style, "", inline=True)
    if not found:
        return *span, f'{{"{name}"{style.colon}{new}}}'
    last = found[-1]
    gap = _gap(body, [m.key.start for m in found], [m.value.end for m in found], span, style)
    return last.value.end, last.value.end, f'{gap}"{name}"{style.colon}{new}'


def _gap(body: str, starts: Sequence[int], ends: Sequence[int], span: Span, style: Style) -> str:
    """What stands between one part and the next, the comma included."""
    if len(starts) > 1:
        return body[ends[-2] : starts[-1]]
    lead = body[span.start + 1 : starts[0]]
    return "," + lead if "\n" in lead else style.comma


def with_elements(body: str, span: Span, gone: Collection[int], new: Sequence[str], style: Style) -> list[Splice]:
    """An array without the elements at the places ``gone``, and with new ones at its end."""
    found = elements(body, span)
    if not found:
        return [(*span, _array(body, span, new, style))] if new else []
    kept = [n for n in range(len(found)) if n not in gone]
    gap = _gap(body, [e.start for e in found], [e.end for e in found], span, style)
    if not kept:
        inside = gap.join(new)
        if not inside:
            return [(span.start + 1, span.end - 1, "")]
        return [(found[0].start, found[-1].end, inside)]
    splices: list[Splice] = []
    for n in sorted(gone):
        if n < kept[0]:
            splices.append((found[n].start, found[n + 1].start, ""))
        else:
            splices.append((found[n - 1].end, found[n].end, ""))
    end = found[-1].end
    if new:
        splices.append((end, end, "".join(gap + one for one in new)))
    return splices


def _array(body: str, span: Span, new: Sequence[str], style: Style) -> str:
    if not style.unit:
        return f"[{style.comma.join(new)}]"
    indent = indent_at(body, span.start)
    line = style.newline + indent + style.unit
    return f"[{line}{f',{line}'.join(new)}{style.newline}{indent}]"


def object_like(body: str, span: Span, values: Mapping[str, Any], style: Style) -> str:
    """A new object in the order and layout of the one at ``span``: its members that ``values`` has, then the rest."""
    found = {m.name: m for m in members(body, span) if m.name in values}
    ordered = list(found.values())
    if not ordered:
        return rendered(dict(values), style, indent_at(body, span.start), "\n" not in body[slice(*span)])
    every = members(body, span)
    lead = body[span.start + 1 : every[0].key.start]
    gap = _gap(body, [m.key.start for m in every], [m.value.end for m in every], span, style)
    colon = body[every[0].key.end : every[0].value.start]
    indent = indent_at(body, every[0].key.start) if "\n" in lead else indent_at(body, span.start)
    parts = []
    for name in (*found, *(v for v in values if v not in found)):
        inline = "\n" not in body[slice(*found[name].value)] if name in found else "\n" not in lead
        if name in found and values[name] and body[slice(*found[name].value)] in ("[]", "{}"):
            inline = "\n" not in lead
        parts.append(f'"{name}"{colon}{rendered(values[name], style, indent, inline)}')
    return "{" + lead + gap.join(parts) + body[every[-1].value.end : span.end]


# -- values ----------------------------------------------------------------------------------------------------------


def a_text(value: Any) -> str:
    """The value if it is text that can be written.

    Raises:
        ValueError: otherwise, with the reason.
    """
    if not isinstance(value, str):
        raise ValueError(words("formats.no_text", word=repr(value)[:40]))
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(words("formats.no_text", word=repr(value)[:40])) from error
    return value


def a_number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        raise ValueError(words("formats.bad_number", word=repr(value)[:40]))
    return value


def a_size(value: Any) -> int:
    """A photo's width or height; 0 where it is not there."""
    size = int(a_number(0 if value is None else value))
    return max(size, 0)


def tidy(value: float, whole: bool) -> float:
    """A coordinate as a file has it: see :func:`app.annotation.formats.splices.number`."""
    return round(value) if whole else round(float(value), 6)


def in_place_of(old: float, new: float) -> float:
    """``new`` written as ``old`` was: a whole number without a point stays one where it can."""
    return int(new) if isinstance(old, int) and new == int(new) else float(new)
