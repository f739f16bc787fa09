"""New Pascal VOC files as labelImg writes them, byte for byte.

UTF-8 without a declaration, tabs, LF, one newline at the end. Coordinates are pixel edges cut to whole numbers, the
minima at least 1; ``truncated`` is 1 where a box touches the photo's edge. One habit of labelImg's is left out: it
turns two spaces inside a name into a tab.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.annotation.formats.sheet import Context, Corners, Page, Shape
from app.annotation.formats.xml_text import escaped
from app.common.geometry import box_from_corners


def written(page: Page, _context: Context) -> bytes:
    """The bytes; ``<path>`` is the bare name and ``<folder>`` empty, since a folder's name can hold a patient's."""
    return ("\n".join(_lines(page)) + "\n").encode("utf-8")


def _lines(page: Page) -> Iterator[str]:
    yield '<annotation verified="yes">' if page.verified else "<annotation>"
    yield "\t" + _tag("folder", "")
    yield "\t" + _tag("filename", page.photo_name)
    yield "\t" + _tag("path", page.photo_name)
    yield from ("\t<source>", "\t\t<database>Unknown</database>", "\t</source>")
    yield from ("\t<size>", f"\t\t<width>{page.width}</width>", f"\t\t<height>{page.height}</height>")
    yield from ("\t\t<depth>3</depth>", "\t</size>", "\t<segmented>0</segmented>")
    for shape in page.shapes:
        yield from _object_lines(shape, page.width, page.height)
    yield "</annotation>"


def _object_lines(shape: Shape, width: int, height: int) -> Iterator[str]:
    box = box_from_corners(*shape.corners)
    corners = edges((box.x0, box.y0, box.x1, box.y1))
    yield "\t<object>"
    yield "\t\t" + _tag("name", shape.label)
    yield "\t\t<pose>Unspecified</pose>"
    yield f"\t\t<truncated>{truncated(corners, width, height)}</truncated>"
    yield f"\t\t<difficult>{int(shape.difficult)}</difficult>"
    yield "\t\t<bndbox>"
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True):
        yield f"\t\t\t<{name}>{value}</{name}>"
    yield from ("\t\t</bndbox>", "\t</object>")


def edges(corners: Corners, lowest: int = 1) -> tuple[int, int, int, int]:
    """The whole numbers that labelImg writes for a box: cut, the minima at least 1."""
    x0, y0, x1, y1 = corners
    return int(max(x0, lowest)), int(max(y0, lowest)), int(x1), int(y1)


def truncated(edges: tuple[int, int, int, int], width: int, height: int) -> int:
    """1 where the box touches the photo's edge."""
    x0, y0, x1, y1 = edges
    return int(y1 == height or y0 == 1 or x1 == width or x0 == 1)


def _tag(name: str, value: str) -> str:
    safe = escaped(value)
    return f"<{name}>{safe}</{name}>" if safe else f"<{name}/>"
