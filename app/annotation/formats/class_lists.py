"""YOLO's class lists: ``classes.txt`` and ``data.yaml``. Their order is never changed; what is new comes at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from app.annotation.formats.folder import bytes_of
from app.annotation.formats.sheet import DamageError
from app.annotation.formats.splices import spliced
from app.common.words import text

CLASS_LIST: Final = "classes.txt"
DATA_YAML: Final = "data.yaml"
_LARGEST_LIST = 10_000_000  # bytes


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


def extended_data_yaml(data: bytes, new: Sequence[str]) -> bytes:
    """A ``data.yaml`` with more names at the end of its list, in its own layout; all else in it stays as it is.

    Raises:
        UserError: ``annotation_damaged`` when it has no list of names that can be read.
    """
    import yaml

    try:
        words = data.decode("utf-8")
        root = yaml.compose(words, yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise DamageError(text("formats.no_yaml")).for_person(DATA_YAML) from error
    members = {key.value: value for key, value in root.value} if isinstance(root, yaml.MappingNode) else {}
    names = members.get("names")
    if not isinstance(names, yaml.CollectionNode):
        raise DamageError(text("formats.no_yaml")).for_person(DATA_YAML)
    if not new:
        return data
    splices = [_more_names(words, names, new)]
    count = members.get("nc")
    if isinstance(count, yaml.ScalarNode):
        splices.append((count.start_mark.index, count.end_mark.index, str(len(names.value) + len(new))))
    return spliced(words, splices).encode("utf-8")


def _more_names(words: str, names: Any, new: Sequence[str]) -> tuple[int, int, str]:
    """Behind the last name, as the list is written: between brackets, or a line each."""
    is_mapping = isinstance(names.value[-1], tuple) if names.value else False
    items = [json.dumps(name, ensure_ascii=False) for name in new]
    if is_mapping:
        items = [f"{n}: {item}" for n, item in enumerate(items, len(names.value))]
    if not names.value:
        return names.start_mark.index, names.end_mark.index, f"[{', '.join(items)}]"
    last = names.value[-1]
    end = (last[1] if is_mapping else last).end_mark.index
    if names.flow_style:
        return end, end, "".join(f", {item}" for item in items)
    first = (last[0] if is_mapping else last).start_mark.index
    start = words.rfind("\n", 0, first) + 1
    newline = "\r\n" if "\r\n" in words else "\n"
    at = words.find(newline, end)
    end = at if at >= 0 else len(words)  # behind a comment on the line
    return end, end, "".join(newline + words[start:first] + item for item in items)


def _yaml(path: Path) -> dict[str, Any]:
    """What ``data.yaml`` holds; empty where there is none."""
    if not path.is_file():
        return {}
    import yaml

    class Plain(yaml.SafeLoader):  # type: ignore[misc]
        """Without merged mappings: nested, each multiplies the one before."""

        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
                raise yaml.constructor.ConstructorError(problem_mark=node.start_mark)

    data = bytes_of(path)
    try:
        if len(data) > _LARGEST_LIST:
            raise DamageError(text("formats.too_large"))
        raw = yaml.load(data, Plain)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        raise DamageError(text("formats.no_yaml"), line).for_person(path.name) from error
    except DamageError as error:
        raise error.for_person(path.name) from error
    return raw if isinstance(raw, dict) else {}


def _names(names: object) -> tuple[str, ...]:
    """A list, or a mapping from 0, 1, 2 ... A name is a word or a number: nested aliases would be endless as text."""
    if isinstance(names, dict) and set(names) == set(range(len(names))):
        names = [names[n] for n in range(len(names))]
    if isinstance(names, list) and not any(isinstance(name, list | dict | set | tuple) for name in names):
        return tuple(str(name) for name in names)
    raise DamageError(text("formats.no_yaml")).for_person(DATA_YAML)
