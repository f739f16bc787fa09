"""XML read with the place of every node, so that a file can be changed there and nowhere else. Expat underneath.

Entities are never expanded: a file that declares or uses its own is refused. Nothing outside the file is opened.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from app.annotation.formats.sheet import DamageError
from app.common.words import text

DEEPEST = 100  # nodes within nodes; annotation files have five
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_CHINESE = ("gb2312", "gbk", "cp936", "gb_2312-80")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPACE = b" \t\r\n"


@dataclass(slots=True)
class Node:
    """An element of UTF-8 bytes: ``start`` of its first tag, ``inner`` the end of that tag, ``close`` the start of the
    last one (equal to ``end`` for ``<a/>``), ``end``. ``text``: the characters directly in it.
    """

    name: str
    attributes: dict[str, str]
    start: int
    line: int
    inner: int = 0
    close: int = 0
    end: int = 0
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def child(self, name: str) -> Node | None:
        return next((c for c in self.children if c.name == name), None)

    def all(self, name: str) -> Iterator[Node]:
        return (c for c in self.children if c.name == name)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A file's bytes as UTF-8, and how they were: the declared encoding, its byte order mark."""

    body: bytes
    encoding: str
    mark: bytes

    def back(self, body: bytes) -> bytes:
        if self.encoding == "utf-8":
            return self.mark + body
        try:
            return self.mark + body.decode("utf-8").encode(self.encoding)
        except UnicodeEncodeError as error:
            raise DamageError(text("formats.not_in_encoding", encoding=self.encoding)) from error


def decoded(data: bytes) -> Encoded:
    """The bytes in UTF-8, by the file's byte order mark or declaration; UTF-8 where it has none.

    Raises:
        DamageError: for bytes that are not in that encoding, or an encoding that nobody knows.
    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return Encoded(_utf8(data[len(mark) :], encoding), encoding, mark)
    found = _DECLARED.match(data[:200])
    encoding = found.group(1).decode("ascii").lower() if found else "utf-8"
    if encoding in ("utf-8", "utf8", "ascii", "us-ascii"):
        return Encoded(_utf8(data, "utf-8"), "utf-8", b"")
    if encoding in _CHINESE:  # what is declared as the smaller set often holds letters of the larger one
        encoding = "gb18030"
    body = _utf8(data, encoding)
    if body.decode("utf-8").encode(encoding) != data:
        raise DamageError(text("formats.not_in_encoding", encoding=encoding))
    return Encoded(body, encoding, b"")


def _utf8(data: bytes, encoding: str) -> bytes:
    try:
        words = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DamageError(text("formats.not_in_encoding", encoding=encoding), line) from error
    except (LookupError, UnicodeError) as error:
        raise DamageError(text("formats.not_in_encoding", encoding=encoding)) from error
    return data if encoding == "utf-8" else words.encode("utf-8", "strict")


def read_nodes(body: bytes) -> Node:
    """The root of UTF-8 bytes.

    Raises:
        DamageError: for anything that is no well-formed XML, with its line, and for entities.
    """
    return _Builder(body).root()


class _Builder:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._stack: list[Node] = []
        self._root: Node | None = None
        parser = expat.ParserCreate(encoding="utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        guard(parser)
        self._parser = parser

    def root(self) -> Node:
        try:
            self._parser.Parse(self._body, True)
        except expat.ExpatError as error:
            reason = text("formats.not_wellformed", reason=expat.errors.messages[error.code])
            raise DamageError(reason, error.lineno) from error
        assert self._root is not None  # expat refuses a file without a root
        return self._root

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        at = self._parser.CurrentByteIndex
        node = Node(name, attributes, at, self._parser.CurrentLineNumber, _tag_end(self._body, at))
        if self._stack:
            self._stack[-1].children.append(node)
        else:
            self._root = node
        self._stack.append(node)
        if len(self._stack) > DEEPEST:
            raise DamageError(text("formats.too_deep"), node.line)

    def _end(self, _name: str) -> None:
        node = self._stack.pop()
        if self._body[node.inner - 2 : node.inner] == b"/>":
            node.close = node.end = node.inner
        else:
            node.close = self._parser.CurrentByteIndex
            node.end = self._body.index(b">", node.close) + 1

    def _text(self, words: str) -> None:
        self._stack[-1].text += words


def guard(parser: expat.XMLParserType) -> None:
    """Refuse entities, and whatever would be read from elsewhere."""

    def refuse(*_: object) -> int:
        raise DamageError(text("formats.entities"), parser.CurrentLineNumber)

    parser.EntityDeclHandler = refuse
    parser.UnparsedEntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.SkippedEntityHandler = refuse


def _tag_end(body: bytes, start: int) -> int:
    """Behind the ``>`` of the tag at ``start``; a ``>`` within quotes does not count."""
    quote = 0
    for at in range(start, len(body)):
        byte = body[at]
        if quote:
            if byte == quote:
                quote = 0
        elif byte in b"\"'":
            quote = byte
        elif byte == 0x3E:
            return at + 1
    raise DamageError(text("formats.broken_off"))


def space_before(body: bytes, at: int) -> bytes:
    """The white space that ends at ``at``."""
    start = at
    while start and body[start - 1] in _SPACE:
        start -= 1
    return body[start:at]


def escaped(value: str) -> str:
    """Text for a node; what XML cannot hold becomes a replacement character."""
    safe = _NOT_XML.sub("\ufffd", value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe.replace("\r", "&#13;")
