"""Pascal VOC files of any dialect changed at their place: see :mod:`app.annotation.formats.voc`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from app.annotation.formats.boxes import mapped
from app.annotation.formats.change import Change
from app.annotation.formats.labelimg import edges, truncated
from app.annotation.formats.sheet import Context, Page, Shape, Sheet
from app.annotation.formats.splices import number, spliced
from app.annotation.formats.voc import EDGES
from app.annotation.formats.xml_text import Node, decoded, escaped, read_nodes, space_before
from app.common.geometry import box_from_corners

_OWN = ("name", "pose", "truncated", "occluded", "difficult", "bndbox")
_VERIFIED = re.compile(rb"""\s+verified\s*=\s*("[^"]*"|'[^']*')""")
_WHOLE = re.compile(r"\s*[+-]?[0-9]+\s*")
_Splice = tuple[int, int, bytes]


def patched(data: bytes, sheet: Sheet, change: Change, _context: Context) -> bytes:
    """The file with the change in it and nothing else touched."""
    encoded = decoded(data)
    root = read_nodes(encoded.body)
    page = sheet.pages[0]
    dialect = _Dialect(encoded.body, root, page)
    splices: list[_Splice] = []
    old = {shape.position: shape for shape in page.shapes}
    for position, new in change.shapes.items():
        node = dialect.objects[position]
        if new is None:
            splices.append((node.start - len(space_before(encoded.body, node.start)), node.end, b""))
        else:
            splices += dialect.changed(node, old[position], new)
    if 0 in change.added:
        splices.append(dialect.inserted(change.added[0]))
    splices += [dialect.marked(mark) for mark in change.verified.values()]
    for size in change.sizes.values():
        splices += dialect.sized(size)
    return encoded.back(spliced(encoded.body, splices))


class _Dialect:
    """How one file writes things."""

    def __init__(self, body: bytes, root: Node, page: Page) -> None:
        self.objects = list(root.all("object"))
        self._body = body
        self._root = root
        self._size = (page.width, page.height)
        source = root.child("source")
        database = source.child("database") if source else None
        words = [n.text for o in self.objects for b in o.all("bndbox") for n in b.children if n.name in EDGES]
        self._is_whole = all(_WHOLE.fullmatch(word) for word in words)
        self._has_occluded = any(o.child("occluded") for o in self.objects) or (
            database is not None and "X-AnyLabeling" in database.text
        )
        low = min((min(s.corners) for s in page.shapes), default=1.0)
        self._lowest = 0 if self._has_occluded or low < 1 else 1

    # -- one object ------------------------------------------------------------------------------------------------
    def changed(self, node: Node, old: Shape, new: Shape) -> Iterator[_Splice]:
        name, box = node.child("name"), node.child("bndbox")
        assert name is not None  # both were read
        assert box is not None
        if new.label != old.label:
            yield self._said(name, escaped(new.label))
        if new.difficult != old.difficult:
            mark = node.child("difficult")
            if mark is not None:
                yield self._said(mark, str(int(new.difficult)))
            else:
                added = f"<difficult>{int(new.difficult)}</difficult>".encode()
                yield box.start, box.start, added + space_before(self._body, box.start)
        if new.corners != old.corners:
            yield from self._moved(node, box, old, new)

    def _moved(self, node: Node, box: Node, old: Shape, new: Shape) -> Iterator[_Splice]:
        edges = self._edges(new)
        for edge, value in zip(EDGES, edges, strict=True):
            child = box.child(edge)
            assert child is not None
            if float(child.text) != float(value):
                yield self._said(child, value)
        was, becomes = box_from_corners(*old.corners), box_from_corners(*new.corners)
        polygon = node.child("polygon")
        if polygon is not None and old.outline and not was.is_empty:
            for child in polygon.children:
                axis = ((was.x0, was.x1), (becomes.x0, becomes.x1))
                if child.name.startswith("y"):
                    axis = ((was.y0, was.y1), (becomes.y0, becomes.y1))
                words = number(mapped(float(child.text), *axis), bool(_WHOLE.fullmatch(child.text)))
                yield self._said(child, words)
        mark = node.child("truncated")
        if mark is not None and mark.text == self._truncated(old) and mark.text != self._truncated(new):
            yield self._said(mark, self._truncated(new))

    def _edges(self, shape: Shape) -> tuple[str, str, str, str]:
        """labelImg's whole numbers where the file has such: cut, the minima at least 1."""
        if not self._is_whole:
            x0, y0, x1, y1 = (number(v, whole=False) for v in shape.corners)
        else:
            x0, y0, x1, y1 = map(str, edges(shape.corners, self._lowest))
        return x0, y0, x1, y1

    def _truncated(self, shape: Shape) -> str:
        if self._has_occluded:  # X-AnyLabeling's is always 0
            return "0"
        return str(truncated(edges(shape.corners), *self._size))

    def _said(self, node: Node, words: str) -> _Splice:
        """The node with other words in it."""
        if node.close < node.end:
            return node.inner, node.close, words.encode()
        opened = self._body[node.start : node.inner - 2].rstrip()
        return node.start, node.end, opened + f">{words}</{node.name}>".encode()

    # -- new objects -----------------------------------------------------------------------------------------------
    def inserted(self, shapes: Sequence[Shape]) -> _Splice:
        """Behind the last object, made after it; in a file without objects as labelImg makes them."""
        if self.objects:
            last = self.objects[-1]
            like = next((o for o in reversed(self.objects) if o.child("bndbox")), None)
            space = space_before(self._body, last.start)
            new = (self._like(like, s) if like else self._made(s, space) for s in shapes)
            return last.end, last.end, b"".join(space + one for one in new)
        root = self._root
        children = root.children
        space = space_before(self._body, children[0].start) if children else self._newline() + b"\t"
        words = b"".join(space + self._made(s, space) for s in shapes)
        if children:
            return children[-1].end, children[-1].end, words
        opened = self._body[root.start : root.inner].rstrip(b"/>").rstrip() + b">"
        return root.start, root.end, opened + words + self._newline() + b"</annotation>"

    def _newline(self) -> bytes:
        return b"\r\n" if b"\r\n" in self._body else b"\n"

    def _like(self, template: Node, shape: Shape) -> bytes:
        """What every object has, in the template's order and spacing; what another program added to it stays its."""
        parts = [b"<object>"]
        known = {c.name: c for c in reversed(template.children)}
        for child in template.children:
            if known.get(child.name) is not child or child.name not in _OWN:
                continue
            space = space_before(self._body, child.start)
            if child.name == "bndbox":
                if shape.difficult and "difficult" not in known:
                    parts.append(space + b"<difficult>1</difficult>")
                parts.append(space + self._box_like(child, shape))
            else:
                parts.append(space + self._leaf(child.name, shape))
        return b"".join(parts) + space_before(self._body, template.close) + b"</object>"

    def _box_like(self, template: Node, shape: Shape) -> bytes:
        values = dict(zip(EDGES, self._edges(shape), strict=True))
        inner = [
            space_before(self._body, c.start) + f"<{c.name}>{values.pop(c.name)}</{c.name}>".encode()
            for c in template.children
            if c.name in values
        ]
        return b"<bndbox>" + b"".join(inner) + space_before(self._body, template.close) + b"</bndbox>"

    def _made(self, shape: Shape, space: bytes) -> bytes:
        unit = space.rpartition(b"\n")[2]
        deeper = space + unit
        names = [name for name in _OWN[:-1] if name != "occluded" or self._has_occluded]
        leaves = b"".join(deeper + self._leaf(name, shape) for name in names)
        edges = b"".join(
            deeper + unit + f"<{edge}>{value}</{edge}>".encode()
            for edge, value in zip(EDGES, self._edges(shape), strict=True)
        )
        return b"<object>" + leaves + deeper + b"<bndbox>" + edges + deeper + b"</bndbox>" + space + b"</object>"

    def _leaf(self, name: str, shape: Shape) -> bytes:
        words = {
            "name": escaped(shape.label),
            "pose": "Unspecified",
            "truncated": self._truncated(shape),
            "occluded": "0",
            "difficult": str(int(shape.difficult)),
        }[name]
        return f"<{name}>{words}</{name}>".encode()

    # -- the photo's mark ------------------------------------------------------------------------------------------
    def marked(self, verified: bool) -> _Splice:
        """labelImg writes the mark only where it is set."""
        root = self._root
        found = _VERIFIED.search(self._body, root.start, root.inner)
        if found:
            return found.start(), found.end(), b' verified="yes"' if verified else b""
        at = root.start + len("<annotation")
        return at, at, b' verified="yes"' if verified else b""

    # -- the photo's size ------------------------------------------------------------------------------------------
    def sized(self, size: tuple[int, int]) -> Iterator[_Splice]:
        """Width and height where they are not, or not yet, in the file."""
        node = self._root.child("size")
        if node is None:
            before = next((self._root.child(n) for n in ("segmented", "object") if self._root.child(n)), None)
            at = before.start if before else self._root.close
            inside = f"<width>{size[0]}</width><height>{size[1]}</height>"
            space = space_before(self._body, at)
            new = f"<size>{inside}</size>".encode()
            yield at, at, new + space if before else new
            return
        for name, value in zip(("width", "height"), size, strict=True):
            child = node.child(name)
            if child is not None:
                yield self._said(child, str(value))
            else:
                last = node.children[-1].end if node.children else node.inner
                space = space_before(self._body, node.children[-1].start) if node.children else b""
                yield last, last, space + f"<{name}>{value}</{name}>".encode()
