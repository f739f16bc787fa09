"""YOLO's class lists of an export: their order is that of the files read, and what they lack comes at their end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from app.annotation.formats import (
    Context,
    extended_class_list,
    extended_data_yaml,
    fresh,
    needed_classes,
    read_classes,
)
from app.datasets.exchange.box_sets import CLASS_LIST, DATA_YAML


@dataclass(slots=True)
class ClassList:
    """``files``: the list as it was read, by name; empty for one that no file held."""

    classes: tuple[str, ...]
    files: dict[str, bytes] = field(default_factory=dict)
    folder: str = "."
    extended: tuple[str, ...] = ()

    def extend(self, labels: Iterable[str], context: Context) -> None:
        inside = Context(self.extended or self.classes, label=context.label)
        self.extended = needed_classes(labels, inside)

    def written(self) -> dict[str, bytes]:
        """The files of the list, changed only by what came to its end."""
        new = self.extended[len(self.classes) :]
        made = {name: _more(name, data, new) for name, data in self.files.items()}
        if made:
            return made
        lists = fresh("yolo", (), Context(self.extended or self.classes))
        return {str(PurePosixPath(self.folder) / name): lists[name] for name in (CLASS_LIST, DATA_YAML)}


class ClassLists:
    """``files``: the lists that were read, by the name that they have in the export."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._lists: dict[str, ClassList] = {}
        for name, data in sorted(files.items(), key=lambda item: PurePosixPath(item[0]).name != CLASS_LIST):
            folder = str(PurePosixPath(name).parent)
            if PurePosixPath(name).name == CLASS_LIST:
                self._lists[folder] = ClassList(read_classes(data, CLASS_LIST), {name: data}, folder)
            elif folder in self._lists:
                self._lists[folder].files[name] = data
            else:
                self._lists[folder] = ClassList(_yaml_names(data), {name: data}, folder)

    def of(self, name: str, classes: tuple[str, ...]) -> ClassList | None:
        """The list for the file ``name``, which was read with ``classes``; None where the list there is another one."""
        for folder in PurePosixPath(name).parents:
            found = self._lists.get(str(folder))
            if found is not None:
                return found if found.classes == classes else None
        self._lists["."] = ClassList(classes)
        return self._lists["."]

    def root(self, classes: tuple[str, ...]) -> ClassList:
        """The list for new files: that of the folder, else one that begins as the first list, or ``classes``."""
        if "." not in self._lists:
            first = next(iter(self._lists.values()), None)
            self._lists["."] = ClassList(first.classes if first else classes)
        return self._lists["."]

    def written(self) -> dict[str, bytes]:
        return {name: data for one in self._lists.values() for name, data in one.written().items()}


def _more(name: str, data: bytes, new: tuple[str, ...]) -> bytes:
    if not new:
        return data
    if PurePosixPath(name).name == CLASS_LIST:
        return extended_class_list(data, new)
    return extended_data_yaml(data, new)


def _yaml_names(data: bytes) -> tuple[str, ...]:
    """It was read before, so it holds a list or a mapping from 0 on."""
    import yaml

    names = (yaml.safe_load(data) or {}).get("names", ())
    return tuple(str(names[n]) for n in range(len(names)))
