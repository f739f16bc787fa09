"""Pascal VOC files as labelImg writes them, byte for byte.

UTF-8 without a declaration, tabs, LF, one newline at the end. Coordinates are pixel edges cut to whole numbers, the
minima at least 1; ``truncated`` is 1 where a box touches the photo's edge. One habit of labelImg's is left out: it
turns two spaces inside a name into a tab. A file that cannot be read completely is an error, never an empty list of
boxes, and :func:`save_voc` does not write over it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from app.annotation.document import UNLABELLED, Annotation, Document, new_id
from app.common.errors import UserError
from app.common.geometry import Box, box_from_corners
from app.common.packs import Pack

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LESION = "lesion"  # the name in a file of a box that nobody has labelled
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LARGEST = 1e7  # pixels; beyond it a coordinate is a damaged file, not a photo


@dataclass(frozen=True, slots=True)
class VocObject:
    name: str
    box: Box
    difficult: bool = False


@dataclass(frozen=True, slots=True)
class VocFile:
    """What a file says. ``width`` and ``height`` are 0 where it does not know them."""

    filename: str
    width: int
    height: int
    objects: tuple[VocObject, ...] = ()
    verified: bool = False
    folder: str = ""
    path: str = field(default="", compare=False)  # where the photo lay for whoever wrote the file
    depth: int = 3


def voc_of(document: Document, filename: str, folder: str = "", path: str | None = None, depth: int = 3) -> VocFile:
    """The document as a file for the photo ``filename`` in the folder named ``folder``.

    ``path`` is the bare file name unless one is given: a folder's name can hold a patient's.
    """
    objects = tuple(VocObject(a.label or LESION, a.box, a.difficult) for a in document.annotations)
    return VocFile(
        filename, document.width, document.height, objects, document.verified, folder, path or filename, depth
    )


def document_of(voc: VocFile, width: int, height: int, pack: Pack | None = None) -> Document:
    """The document that a file describes, for a photo of this size; words that the pack does not know stay as they are.

    Raises:
        UserError: ``annotation_other_size`` when the file was made for a photo of another size,
            ``annotation_damaged`` when a box has no area inside the photo.
    """
    if (voc.width or width, voc.height or height) != (width, height):
        raise UserError("annotation_other_size", file=voc.filename, theirs=f"{voc.width} x {voc.height}",
                        ours=f"{width} x {height}")  # fmt: skip
    boxes = [o.box.clipped(width, height) for o in voc.objects]
    for number, box in enumerate(boxes, 1):
        if box.is_empty:
            raise UserError("annotation_damaged", file=voc.filename, reason=f"object {number}: no area")
    annotations = tuple(
        Annotation(new_id(), box, _label(o.name, pack), o.difficult, verified=True)
        for o, box in zip(voc.objects, boxes, strict=True)
    )
    return Document(width, height, annotations, voc.verified)


def _label(name: str, pack: Pack | None) -> str:
    if name == LESION:
        return UNLABELLED
    return (pack.resolve(name) if pack else None) or name


# -- writing ---------------------------------------------------------------------------------------------------------


def write_voc(voc: VocFile) -> bytes:
    """The file's bytes."""
    return ("\n".join(_lines(voc)) + "\n").encode("utf-8")


def _lines(voc: VocFile) -> Iterator[str]:
    yield '<annotation verified="yes">' if voc.verified else "<annotation>"
    yield "\t" + _tag("folder", voc.folder)
    yield "\t" + _tag("filename", voc.filename)
    yield "\t" + _tag("path", voc.path)
    yield from ("\t<source>", "\t\t<database>Unknown</database>", "\t</source>")
    yield from ("\t<size>", f"\t\t<width>{voc.width}</width>", f"\t\t<height>{voc.height}</height>")
    yield from (f"\t\t<depth>{voc.depth}</depth>", "\t</size>", "\t<segmented>0</segmented>")
    for one in voc.objects:
        yield from _object_lines(one, voc.width, voc.height)
    yield "</annotation>"


def _object_lines(one: VocObject, width: int, height: int) -> Iterator[str]:
    x0, y0, x1, y1 = edges(one.box)
    truncated = y1 == height or y0 == 1 or x1 == width or x0 == 1
    yield "\t<object>"
    yield "\t\t" + _tag("name", one.name)
    yield "\t\t<pose>Unspecified</pose>"
    yield f"\t\t<truncated>{int(truncated)}</truncated>"
    yield f"\t\t<difficult>{int(one.difficult)}</difficult>"
    yield "\t\t<bndbox>"
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), (x0, y0, x1, y1), strict=True):
        yield f"\t\t\t<{name}>{value}</{name}>"
    yield from ("\t\t</bndbox>", "\t</object>")


def edges(box: Box) -> tuple[int, int, int, int]:
    """The whole numbers that labelImg writes for a box."""
    return int(max(box.x0, 1)), int(max(box.y0, 1)), int(box.x1), int(box.y1)


def _tag(name: str, value: str) -> str:
    safe = _NOT_XML.sub("�", value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    safe = safe.replace("\r", "&#13;")
    return f"<{name}>{safe}</{name}>" if safe else f"<{name}/>"


# -- reading ---------------------------------------------------------------------------------------------------------


def read_voc(data: bytes, name: str) -> VocFile:
    """What the bytes of a VOC file say; tags that are not labelImg's are passed over. ``name`` is for the message.

    Raises:
        UserError: ``annotation_damaged`` when it is no complete VOC file: nothing is guessed.
    """
    root = _parse(data, name)
    try:
        if root.tag != "annotation":
            raise _DamageError(f"<{root.tag[:40]}>")
        objects = tuple(_object(o, n) for n, o in enumerate(root.iter("object"), 1))
        return VocFile(
            filename=_text(root, "filename"),
            width=_size(root, "width"),
            height=_size(root, "height"),
            objects=objects,
            verified=root.get("verified") == "yes",
            folder=_text(root, "folder"),
            path=_text(root, "path"),
            depth=_size(root, "depth") or 3,
        )
    except _DamageError as error:
        raise UserError("annotation_damaged", file=name, reason=str(error)) from error


class _DamageError(Exception):
    """What is wrong, in few words."""


def _parse(data: bytes, name: str) -> Element:
    # Imported here because the window's first paint waits for this module's importers.
    from xml.etree.ElementTree import ParseError

    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(data)
    except (ParseError, ValueError, LookupError) as error:
        raise UserError("annotation_damaged", file=name, reason=str(error) or type(error).__name__) from error
    return root


def _text(element: Element, path: str) -> str:
    return element.findtext(path) or ""


def _size(root: Element, name: str) -> int:
    return int(_number(_text(root, f"size/{name}") or "0", name))


def _object(element: Element, number: int) -> VocObject:
    corners = [element.findtext(f"bndbox/{k}") for k in ("xmin", "ymin", "xmax", "ymax")]
    if None in corners:
        raise _DamageError(f"object {number}: bndbox")
    name = element.findtext("name")
    if name is None:
        raise _DamageError(f"object {number}: name")
    x0, y0, x1, y1 = (_number(c or "", f"object {number}") for c in corners)
    return VocObject(name, box_from_corners(x0, y0, x1, y1), _text(element, "difficult").strip() == "1")


def _number(word: str, where: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not abs(value) <= _LARGEST:
        raise _DamageError(f"{where}: {word[:40]!r}")
    return value


# -- files -----------------------------------------------------------------------------------------------------------


def load_voc(source: Path) -> VocFile | None:
    """The file's content; None where there is no such file.

    Raises:
        UserError: ``annotation_damaged``, or ``annotation_unreadable`` when the file cannot be opened.
    """
    try:
        data = source.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError("annotation_unreadable", file=source.name, reason=error.strerror or "") from error
    return read_voc(data, source.name)


def save_voc(target: Path, voc: VocFile) -> bool:
    """Write ``voc`` to ``target``, whole or not at all; False where the file says the same already and stays as it is.

    Raises:
        UserError: ``annotation_damaged`` when a file is there that cannot be read (it is left alone);
            what :func:`app.common.files.write_atomically` raises for a full disk or a read-only folder.
    """
    from app.common.files import write_atomically

    data = write_voc(voc)
    if load_voc(target) == read_voc(data, target.name):
        return False
    write_atomically(target, data)
    return True
