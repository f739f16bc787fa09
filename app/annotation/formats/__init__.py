"""Annotation files, in and out: Pascal VOC, YOLO, CreateML, COCO, labelme, X-AnyLabeling.

A file that nobody changed comes back byte for byte; a changed one differs only where it changed, in its own dialect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePath

from app.annotation.formats import coco_writing, createml, labelimg, labelme_writing, yolo
from app.annotation.formats.boxes import annotations_of, shapes_of
from app.annotation.formats.change import change_of
from app.annotation.formats.class_lists import (
    CLASS_LIST,
    DATA_YAML,
    classes_beside,
    extended_class_list,
    extended_data_yaml,
    keypoints_beside,
    read_classes,
)
from app.annotation.formats.findings import Checked, check, checked, fixed
from app.annotation.formats.folder import bytes_of, detect, files_of
from app.annotation.formats.kinds import FORMATS, MARKED, NAMES, SET_FILE, SUFFIXES, WHOLE_SET, Format
from app.annotation.formats.registry import patch, read
from app.annotation.formats.sheet import (
    LESION,
    Context,
    Page,
    Problem,
    Shape,
    Sheet,
    TargetPage,
    label_of,
    word_of,
)
from app.annotation.formats.yolo import needed_classes

_NO_NAME = re.compile(r'[\x00-\x1f<>:"|?*]')
_WRITERS: dict[Format, Callable[[Page, Context], bytes]] = {
    "voc": labelimg.written,
    "yolo": yolo.fresh,
    "labelme": partial(labelme_writing.fresh, "labelme"),
    "xanylabeling": partial(labelme_writing.fresh, "xanylabeling"),
}
_SET_WRITERS: dict[Format, Callable[[Sequence[Page], Context], bytes]] = {
    "createml": createml.fresh,
    "coco": coco_writing.fresh,
}

__all__ = [
    "CLASS_LIST",
    "DATA_YAML",
    "FORMATS",
    "LESION",
    "NAMES",
    "SET_FILE",
    "SUFFIXES",
    "WHOLE_SET",
    "Checked",
    "Context",
    "Format",
    "Page",
    "Problem",
    "Shape",
    "Sheet",
    "TargetPage",
    "annotations_of",
    "bytes_of",
    "check",
    "checked",
    "classes_beside",
    "detect",
    "extended_class_list",
    "extended_data_yaml",
    "files_of",
    "fixed",
    "fresh",
    "keypoints_beside",
    "label_of",
    "needed_classes",
    "read",
    "read_classes",
    "rewritten",
    "shapes_of",
    "word_of",
]


def rewritten(format: Format, data: bytes, name: str, pages: Sequence[TargetPage], context: Context) -> bytes:
    """The file, changed where a page is to say something else; pages that are not given stay as they are.

    Indentation, order, number style, unknown nodes, newlines and byte order mark stay; where nothing changed the very
    bytes come back. What a format has no place for (YOLO: verified, difficult) makes no difference.

    Raises:
        UserError: as :func:`read`, and ``class_not_in_list`` for a label that YOLO's list lacks.
        ValueError: for a position that a page does not have.
    """
    sheet = read(format, data, name, context)
    change = change_of(sheet, pages, context, one_page=format not in WHOLE_SET, marks=format in MARKED)
    if not change:
        return data
    return patch(format, data, name, sheet, change, context)


def fresh(format: Format, pages: Sequence[Page], context: Context) -> dict[str, bytes]:
    """The files that Squama makes of these pages, by name.

    ``voc``: labelImg's bytes. ``yolo``: in the order of the context's classes, with ``classes.txt`` and ``data.yaml``;
    labels that the list lacks come at its end. Formats of whole sets: ``annotations.json``. A second photo
    of one stem gets a number behind it.
    """
    classes = needed_classes((s.label for p in pages for s in p.shapes), context)
    inside = Context(classes, context.sizes, context.names, context.label)
    pages = [_in_words_of(classes, page, context) for page in pages]
    if format in WHOLE_SET:
        return {SET_FILE: _SET_WRITERS[format](pages, inside)}
    files: dict[str, bytes] = {}
    taken: set[str] = set()
    for page in pages:
        name = _free(page, SUFFIXES[format], taken)
        taken.add(name.casefold())
        files[name] = _WRITERS[format](page, inside)
    if format == "yolo":
        files |= {CLASS_LIST: yolo.class_list(classes), DATA_YAML: yolo.data_yaml(classes)}
    return files


def _in_words_of(classes: Sequence[str], page: Page, context: Context) -> Page:
    """Labels of one key as the class list has it are said in the list's word."""
    if all(shape.label in classes for shape in page.shapes):
        return page
    words = {context.label(word): word for word in reversed(classes)}
    said = (s if s.label in classes else s._replace(label=words[context.label(s.label)]) for s in page.shapes)
    return replace(page, shapes=tuple(said))


def _free(page: Page, suffix: str, taken: Collection[str]) -> str:
    """A name that no file of the set has yet, on whichever system: a file's words about its photo are not trusted."""
    stem = _NO_NAME.sub("_", PurePath(page.photo_name).stem).strip() or "_"
    name, number = f"{stem}{suffix}", 2
    while name.casefold() in taken:
        name, number = f"{stem}-{number}{suffix}", number + 1
    return name
