"""JSON read with the place of every value, so that a file can be changed there and nowhere else.

Values are found by the standard library's own scanner in C; only objects and arrays that are asked for are walked.
"""

from __future__ import annotations

import codecs
import contextlib
import gc
import json
import re
from collections.abc import Iterator, Sequence
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
    return Span(after_space(body, 0), len(body.rstrip(" \t\r\n")))


def members(body: str, span: Span) -> list[Member]:
    """An object's members in their order; none where the value is no object."""
    found: list[Member] = []
    if body[span.start] != "{":
        return found
    at = after_space(body, span.start + 1)
    while body[at] == '"':
        name, end = _DECODER.raw_decode(body, at)
        start = after_space(body, after_space(body, end) + 1)
        value = Span(start, _DECODER.raw_decode(body, start)[1])
        found.append(Member(name, Span(at, end), value))
        at = after_space(body, value.end)
        if body[at] == ",":
            at = after_space(body, at + 1)
    return found


def member(body: str, span: Span, name: str) -> Span | None:
    """A member's value: the last of that name, as every JSON reader has it."""
    return next((m.value for m in reversed(members(body, span)) if m.name == name), None)


def elements(body: str, span: Span | None) -> list[Span]:
    """An array's elements; none where the value is no array."""
    found: list[Span] = []
    if span is None or body[span.start] != "[":
        return found
    at = after_space(body, span.start + 1)
    while body[at] != "]":
        end = _DECODER.raw_decode(body, at)[1]
        found.append(Span(at, end))
        at = after_space(body, end)
        if body[at] == ",":
            at = after_space(body, at + 1)
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


def after_space(body: str, at: int) -> int:
    found = _SPACE.match(body, at)
    return found.end() if found else at


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
