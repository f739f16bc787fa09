"""Annotation files on disk: which ones there are, and of which format."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from app.annotation.formats.kinds import SET_FILE, SUFFIXES, WHOLE_SET, Format
from app.common.errors import UserError
from app.common.photo_files import natural_key
from app.common.words import text

LARGEST_FILE: Final = 2_000_000_000  # bytes; COCO's own largest file has a quarter of it
_HEAD = 4096
_OTHER_XML = re.compile(rb"<[A-Za-z]")
_NOT_BOXES = frozenset(
    {"classes.txt", "labels.txt", "obj.names", "train.txt", "val.txt", "test.txt", "predefined_classes.txt"}
)


def bytes_of(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        UserError: ``annotation_unreadable``, also for a file that is too large to be one.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UserError("annotation_unreadable", file=path.name, reason=text("formats.too_large"))
        return path.read_bytes()
    except OSError as error:
        raise UserError("annotation_unreadable", file=path.name, reason=error.strerror or "") from error


# -- which files -----------------------------------------------------------------------------------------------------


def files_of(path: Path, format: Format) -> list[Path]:
    """The files of a format behind a path: the file itself, or those of a folder and of the folders in it, in order.

    A folder's ``annotations.json`` stands for the whole set; without one every JSON file counts that is not plainly of
    another format. Class lists and hidden files do not count.

    Raises:
        UserError: ``annotations_missing`` when there is none.
    """
    if path.is_file():
        return [path]
    whole = path / SET_FILE
    if format in WHOLE_SET and whole.is_file():
        return [whole]
    found = [f for f in _walk(path, SUFFIXES[format]) if _may_be(f, format)]
    if not found:
        raise UserError("annotations_missing", path=str(path), format=format)
    return found


def _walk(folder: Path, suffix: str) -> Iterator[Path]:
    try:
        with os.scandir(folder) as scan:
            entries = sorted((natural_key(e.name), e.name, e.is_dir(follow_symlinks=False)) for e in scan)
    except OSError:
        return
    for _, name, is_folder in entries:
        if name.startswith("."):
            continue
        if is_folder:
            yield from _walk(folder / name, suffix)
        elif name.lower().endswith(suffix):
            yield folder / name


def _may_be(file: Path, format: Format) -> bool:
    if format == "yolo":
        return file.name.lower() not in _NOT_BOXES and not file.name.lower().startswith("readme")
    if SUFFIXES[format] != ".json":
        return True
    family = _family(file)
    return family is None or family == _FAMILIES[format]


_FAMILIES: dict[Format, str] = {"createml": "list", "coco": "coco", "labelme": "shapes", "xanylabeling": "shapes"}


def _family(file: Path) -> str | None:
    """What kind of JSON this plainly is; None where nobody can tell, as of a damaged one."""
    try:
        data = file.read_bytes()
    except OSError:
        return None
    head = data[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"["):
        return "list"
    if b'"shapes"' in data:
        return "shapes"
    return "coco" if b'"categories"' in data and b'"images"' in data else None


def detect(path: Path) -> Format | None:
    """The format of one file, by its suffix and content; None where it is none of them or cannot be told."""
    suffix = path.suffix.lower()
    if suffix == ".xml":
        return "voc" if _is_voc(path) else None
    if suffix == ".txt":
        return "yolo" if _may_be(path, "yolo") and _is_yolo(path) else None
    if suffix != ".json":
        return None
    family = _family(path)
    if family == "shapes":
        return _shapes_format(path)
    formats: dict[str | None, Format] = {"list": "createml", "coco": "coco"}
    return formats.get(family)


def _is_voc(path: Path) -> bool:
    """Also what is no XML at all: a file of that name that a power cut has emptied is a damaged one."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD).replace(b"\0", b"")  # UTF-16 of ASCII letters
    except OSError:
        return False
    return b"<annotation" in head or not _OTHER_XML.search(head)


def _is_yolo(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            lines = file.read(_HEAD).split(b"\n")[:3]
    except OSError:
        return False
    words = [line.removeprefix(b"\xef\xbb\xbf").split() for line in lines if line.strip()]
    return all(w[0].isdigit() and len(w) > 4 for w in words[: max(len(words) - 1, 1)])


def _shapes_format(path: Path) -> Format:
    """X-AnyLabeling's files are labelme's with more in them."""
    try:
        raw = json.loads(path.read_bytes())
        shapes = raw["shapes"]
        is_xany = "checked" in raw or any(not {"difficult", "kie_linking", "attributes"}.isdisjoint(s) for s in shapes)
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return "labelme"
    return "xanylabeling" if is_xany else "labelme"
