"""Annotation files on disk: which ones there are, of which format, and what lies beside them (YOLO's class list)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from app.annotation.formats.kinds import SET_FILE, SUFFIXES, WHOLE_SET, Format
from app.annotation.formats.sheet import DamageError
from app.common.errors import UserError
from app.common.photo_files import natural_key
from app.common.words import text

CLASS_LIST: Final = "classes.txt"
DATA_YAML: Final = "data.yaml"
LARGEST_FILE: Final = 2_000_000_000  # bytes; COCO's own largest file has a quarter of it
_LARGEST_LIST = 10_000_000
_HEAD = 4096
_NOT_BOXES = frozenset(
    {CLASS_LIST, "labels.txt", "obj.names", "train.txt", "val.txt", "test.txt", "predefined_classes.txt"}
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
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return (
        b"<annotation" in head or "<annotation".encode("utf-16-le") in head or "<annotation".encode("utf-16-be") in head
    )


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


# -- the class list --------------------------------------------------------------------------------------------------


def classes_beside(file: Path, root: Path) -> tuple[str, ...]:
    """The class list for a YOLO file: ``classes.txt``, else the names in ``data.yaml``, in its folder or one above, up
    to the one that holds ``root``; empty where there is none.

    Raises:
        UserError: ``annotation_damaged``.
    """
    for folder in _upward(file, root):
        if (folder / CLASS_LIST).is_file():
            return read_classes(bytes_of(folder / CLASS_LIST), CLASS_LIST)
        names = _yaml(folder / DATA_YAML).get("names")
        if names is not None:
            return _names(names)
    return ()


def keypoints_beside(file: Path, root: Path) -> int:
    """How many numbers a key point has in the YOLO files of this set (``kpt_shape`` of ``data.yaml``); 0: none."""
    for folder in _upward(file, root):
        shape = _yaml(folder / DATA_YAML).get("kpt_shape")
        if isinstance(shape, list) and len(shape) == 2 and shape[1] in (2, 3):
            return int(shape[1])
    return 0


def _upward(file: Path, root: Path) -> Iterator[Path]:
    top = root.parent.absolute()
    for folder in file.absolute().parents:
        yield folder
        if folder == top:
            return


def read_classes(data: bytes, name: str) -> tuple[str, ...]:
    """A class list, a name a line, in the file's order; blank lines at its end do not count.

    UTF-8, or GB 2312, in which labelImg writes it on a Chinese Windows: a text in any other encoding is hardly ever
    valid in either.

    Raises:
        UserError: ``annotation_damaged``.
    """
    try:
        if len(data) > _LARGEST_LIST:
            raise DamageError(text("formats.too_large"))
        words = _decoded(data)
        if "\0" in words:
            raise DamageError(text("formats.not_in_encoding", encoding="utf-8"))
    except DamageError as error:
        raise error.for_person(name) from error
    lines = words.rstrip().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return tuple(line.strip() for line in lines) if lines != [""] else ()


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb2312"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DamageError(text("formats.not_in_encoding", encoding="utf-8"))


def extended_class_list(data: bytes, new: Sequence[str]) -> bytes:
    """A ``classes.txt`` with more names at its end, in its own encoding and way of ending lines."""
    if not new:
        return data
    newline = "\r\n" if b"\r\n" in data else "\n"
    start = "" if not data or data.endswith((b"\n", b"\r")) else newline
    added = start + "".join(name + newline for name in new)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return data + added.encode("gb2312")
        except UnicodeEncodeError:  # a rarer letter: all of it in UTF-8
            return (_decoded(data) + added).encode("utf-8")
    return data + added.encode("utf-8")


def _yaml(path: Path) -> dict[str, Any]:
    """What ``data.yaml`` holds; empty where there is none."""
    if not path.is_file():
        return {}
    import yaml

    data = bytes_of(path)
    try:
        if len(data) > _LARGEST_LIST:
            raise DamageError(text("formats.too_large"))
        raw = yaml.safe_load(data)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        raise DamageError(text("formats.no_yaml"), line).for_person(path.name) from error
    except DamageError as error:
        raise error.for_person(path.name) from error
    return raw if isinstance(raw, dict) else {}


def _names(names: object) -> tuple[str, ...]:
    """A list, or a mapping from 0, 1, 2 ..."""
    if isinstance(names, dict) and set(names) == set(range(len(names))):
        return tuple(str(names[n]) for n in range(len(names)))
    if isinstance(names, list):
        return tuple(str(name) for name in names)
    raise DamageError(text("formats.no_yaml")).for_person(DATA_YAML)
