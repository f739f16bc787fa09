"""The formats by name: reading, and changing what was read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import PurePath

from app.annotation.formats import (
    coco,
    coco_writing,
    createml,
    labelme,
    labelme_writing,
    voc,
    voc_changing,
    yolo,
)
from app.annotation.formats.change import Change
from app.annotation.formats.kinds import Format
from app.annotation.formats.sheet import Context, DamageError, Sheet

_READERS: dict[Format, Callable[[bytes, str, Context], Sheet]] = {
    "voc": voc.read,
    "yolo": yolo.read,
    "createml": createml.read,
    "coco": coco.read,
    "labelme": labelme.read,
    "xanylabeling": labelme.read,
}
_PATCHERS: dict[Format, Callable[[bytes, Sheet, Change, Context], bytes]] = {
    "voc": voc_changing.patched,
    "yolo": yolo.patched,
    "createml": createml.patched,
    "coco": coco_writing.patched,
    "labelme": partial(labelme_writing.patched, "labelme"),
    "xanylabeling": partial(labelme_writing.patched, "xanylabeling"),
}


def read(format: Format, data: bytes, name: str, context: Context) -> Sheet:
    """What the bytes of a file say; ``name`` is the file's.

    Raises:
        UserError: ``annotation_damaged`` with file, line and reason when it cannot be read completely;
            YOLO: ``classes_missing``, ``photo_size_unknown``.
    """
    try:
        return _READERS[format](data, PurePath(name).stem, context)
    except DamageError as error:
        raise error.for_person(name) from error


def patch(format: Format, data: bytes, name: str, sheet: Sheet, change: Change, context: Context) -> bytes:
    """The file that ``sheet`` was read from, with the change in it and nothing else touched.

    Raises:
        UserError: ``class_not_in_list`` for a label that YOLO's list lacks; ``annotation_damaged`` for a word that the
            file's encoding cannot hold.
    """
    try:
        return _PATCHERS[format](data, sheet, change, context)
    except DamageError as error:
        raise error.for_person(name) from error
