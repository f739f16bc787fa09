"""A file or folder of boxes in a foreign format, read: which photo each page means, and which words nobody knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from app.annotation.formats import (
    WHOLE_SET,
    Context,
    Format,
    Page,
    Sheet,
    bytes_of,
    classes_beside,
    files_of,
    keypoints_beside,
    read,
)
from app.common.errors import UserError
from app.common.own_packs import resolver
from app.common.packs import DEFAULT_PACK
from app.datasets.exchange.box_files import Labels
from app.datasets.exchange.photo_index import FoundPhoto, PhotoIndex
from app.datasets.vocabulary import pack_in

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Progress = Callable[[int, int], None]
CLASS_LIST, DATA_YAML = "classes.txt", "data.yaml"


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """``pack``: the labels' and the photos' pack (None: the one that each photo has); ``new_pack``: the key of one that
    is made of the file's classes. ``on_unknown``: what becomes of a word that the pack does not know. ``aliases``: the
    file's words and what the pack calls them.
    """

    pack: str | None = None
    new_pack: str | None = None
    on_unknown: Literal["refuse", "add"] = "refuse"
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """``name``: below the folder that was given. ``context``: what reading it once more needs, as JSON holds it."""

    path: Path
    name: str
    data: bytes
    sheet: Sheet
    context: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ReadPage:
    """``number``: the page's place in its file. ``pack``: whose labels the file's words are."""

    file: ReadFile
    number: int
    photo: FoundPhoto
    pack: str

    @property
    def page(self) -> Page:
        return self.file.sheet.pages[self.number]

    @property
    def item(self) -> str:
        """What a list of failures calls it."""
        return item_of(self.file, self.page)


@dataclass(slots=True)
class BoxSet:
    """``lists``: YOLO's class lists by name. ``labels``: what words mean, by pack; ``unknown``: how often words stand
    there that it does not know.
    """

    format: Format
    files: list[ReadFile] = field(default_factory=list)
    pages: list[ReadPage] = field(default_factory=list)
    failed: list[tuple[str, UserError]] = field(default_factory=list)
    lists: dict[str, Path] = field(default_factory=dict)
    labels: dict[str, Labels] = field(default_factory=dict)
    unknown: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def words(self) -> Counter[str]:
        """The words that nobody knows, whatever the pack."""
        return sum(self.unknown.values(), Counter())

    @property
    def boxes(self) -> int:
        return sum(len(page.page.shapes) for page in self.pages)


def read_set(
    session: Session, path: Path, format: Format, options: ImportOptions, progress: Progress | None = None
) -> BoxSet:
    """Read everything, change nothing. What cannot be read, and boxes whose photo is not there, are told in ``failed``.

    Raises:
        UserError: ``annotations_missing`` when there is no such file or folder, or none of that format in it;
            ``no_such_pack``, ``unknown_disease`` for an alias that leads to nothing.
    """
    path = path.absolute()
    files = files_of(path, format)
    reading = _Reading(session, path if path.is_dir() else path.parent, format, options)
    for number, file in enumerate(files, start=1):
        reading.take(file)
        if progress:
            progress(number, len(files))
    return reading.found


class _Reading:
    def __init__(self, session: Session, root: Path, format: Format, options: ImportOptions) -> None:
        self._session = session
        self._root = root
        self._options = options
        self._index = PhotoIndex(session, options.pack or DEFAULT_PACK)
        self._classes: dict[Path, tuple[tuple[str, ...], int]] = {}
        self.found = BoxSet(format)

    def take(self, path: Path) -> None:
        name = path.relative_to(self._root).as_posix()
        try:
            file = self._read(path, name)
        except UserError as error:
            self.found.failed.append((name, error))
            return
        self.found.files.append(file)
        for number, page in enumerate(file.sheet.pages):
            try:
                photo = self._photo(page, path)
            except UserError as error:
                self.found.failed.append((item_of(file, page), error))
                continue
            pack = self._options.new_pack or self._options.pack or photo.pack
            self.found.pages.append(ReadPage(file, number, photo, pack))
            self._count(page, pack)

    def _read(self, path: Path, name: str) -> ReadFile:
        data = bytes_of(path)
        context: dict[str, object] = {"aliases": dict(self._options.aliases)} if self._options.aliases else {}
        if self.found.format != "yolo":
            return ReadFile(path, name, data, read(self.found.format, data, path.name, Context()), context)
        photo = self._index.find("", path, path.stem).measured()
        classes, keypoints = self._lists(path)
        inside = Context(classes, {path.stem: photo.size}, {path.stem: photo.name}, keypoints=keypoints)
        context |= {"classes": list(classes), "keypoints": keypoints}
        return ReadFile(path, name, data, read("yolo", data, path.name, inside), context)

    def _lists(self, path: Path) -> tuple[tuple[str, ...], int]:
        """YOLO's class list and key points, looked up once a folder; the lists' own files are kept too."""
        if path.parent not in self._classes:
            self._classes[path.parent] = classes_beside(path, self._root), keypoints_beside(path, self._root)
            for folder in (*(p for p in path.parents if p.is_relative_to(self._root)), self._root.parent):
                for file in (folder / CLASS_LIST, folder / DATA_YAML):
                    if file.is_file():
                        name = file.relative_to(self._root).as_posix() if folder != self._root.parent else file.name
                        self.found.lists.setdefault(name, file)
        return self._classes[path.parent]

    def _photo(self, page: Page, path: Path) -> FoundPhoto:
        stem = Path(page.photo_name).stem if self.found.format in WHOLE_SET else path.stem
        return self._index.find(page.image, path, stem).measured()

    def _count(self, page: Page, pack: str) -> None:
        """Into ``unknown``; of a pack that is yet to be made nothing is."""
        if self._options.new_pack is not None:
            return
        if pack not in self.found.labels:
            known = pack_in(self._session, pack)
            self.found.labels[pack] = Labels(known, resolver(known, self._options.aliases))
        labels = self.found.labels[pack]
        for word in {shape.label for shape in page.shapes}:
            if labels.known(word) is None:
                number = sum(shape.label == word for shape in page.shapes)
                self.found.unknown.setdefault(pack, Counter())[word] += number


def item_of(file: ReadFile, page: Page) -> str:
    """A file of many photos is told by its page too."""
    return f"{file.name}: {page.photo_name}" if len(file.sheet.pages) > 1 else file.name
