"""Making a damaged file whole from what is readable in it: broken off, soiled at its end, a bare ampersand.

Whole records stay, byte for byte; a half one at the break goes, since nobody can know the rest of it. What cannot be
made readable stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.annotation.formats import voc, yolo
from app.annotation.formats.json_text import decoded as decoded_json
from app.annotation.formats.kinds import Format
from app.annotation.formats.registry import read
from app.annotation.formats.sheet import Context, DamageError
from app.annotation.formats.splices import spliced
from app.annotation.formats.xml_text import decoded as decoded_xml
from app.annotation.formats.xml_text import read_nodes
from app.common.errors import UserError

_AMPERSAND = re.compile(rb"&(?!(?:#[0-9]+|#x[0-9A-Fa-f]+|amp|lt|gt|quot|apos);)")
_NO_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]+")
_CHILD_END = re.compile(rb"</(?:folder|filename|path|source|size|segmented|object)>")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{},:]|[^\s\[\]{},:"]+')
_TRIES = 3  # records from the break backwards that are tried; each costs reading the whole file


def repaired(format: Format, data: bytes, name: str, context: Context) -> bytes:
    """A readable file where one can be made of ``data``, else ``data``; readable ones as they are."""
    if format == "yolo":
        return _yolo(data, context)
    if _is_readable(format, data, name, context):
        return data
    for attempt in _xml(data) if format == "voc" else _json(data):
        if _is_readable(format, attempt, name, context):
            return attempt
    return data


def _is_readable(format: Format, data: bytes, name: str, context: Context) -> bool:
    try:
        read(format, data, name, context)
    except UserError:
        return False
    return True


def _yolo(data: bytes, context: Context) -> bytes:
    """Without the lines that say nothing; classes that the list lacks stay."""
    clean = data.rstrip(b"\0")
    try:
        bad = {line for line, code, _ in yolo.line_problems(clean, context) if code == "damaged"}
        return yolo.without_lines(clean, bad) if bad or clean != data else data
    except DamageError:
        return data


# -- XML -------------------------------------------------------------------------------------------------------------


def _xml(data: bytes) -> Iterator[bytes]:
    try:
        encoded = decoded_xml(data)
    except DamageError:
        return
    body = _AMPERSAND.sub(b"&amp;", _NO_XML.sub(b"", encoded.body))
    end = body.rfind(b"</annotation>")
    tail = b"\n" if body.endswith(b"\n") or end < 0 else b""
    if end >= 0:
        body = body[:end] + b"</annotation>" + tail
    else:
        last = max((m.end() for m in _CHILD_END.finditer(body)), default=0)
        if not last:
            return
        body = body[:last] + (b"\r\n" if b"\r\n" in body else b"\n") + b"</annotation>" + tail
    try:
        yield encoded.back(body)
        yield encoded.back(_without_unreadable(body))
    except DamageError:
        return


def _without_unreadable(body: bytes) -> bytes:
    """Without the objects that hold no box."""
    splices = []
    for node in read_nodes(body).all("object"):
        alone = b"<annotation>" + body[node.start : node.end] + b"</annotation>"
        try:
            voc.read(alone, "", Context())
        except DamageError:
            splices.append((node.start, node.end, b""))
    return spliced(body, splices)


# -- JSON ------------------------------------------------------------------------------------------------------------


def _json(data: bytes) -> Iterator[bytes]:
    try:
        encoded = decoded_json(data.rstrip(b"\0"))
    except DamageError:
        return
    body = encoded.body
    ends, whole, commas = _record_ends(body)
    if whole:
        yield encoded.back(body[:whole])
        yield encoded.back(spliced(body[:whole], commas))
        return
    for at, closing in reversed(ends[-_TRIES:]):
        yield encoded.back(body[:at] + closing)


def _record_ends(body: str) -> tuple[list[tuple[int, str]], int, list[tuple[int, int, str]]]:
    """Where the records of the outer arrays end, each with what would close the file there; the end of the whole value
    (0: broken off); commas that nothing follows.
    """
    ends: list[tuple[int, str]] = []
    commas: list[tuple[int, int, str]] = []
    stack: list[str] = []
    comma = None
    for match in _TOKEN.finditer(body):
        token = match.group()
        if token in "]}":
            if not stack or stack.pop() != token:
                return ends, 0, []
            if comma:
                commas.append((*comma, ""))
            if not stack:
                return ends, match.end(), commas
            if token == "}" and stack[-1] == "]" and len(stack) <= 3:
                ends.append((match.end(), "".join(reversed(stack))))
        elif token in "[{":
            stack.append("]" if token == "[" else "}")
        comma = match.span() if token == "," else None
    return ends, 0, []
