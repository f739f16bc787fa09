"""The boxes of a whole workspace as files of another program.

Files of that format that were read come back under their names: byte for byte where nobody changed anything, else
changed only there. Photos that no such file is about get files as that program would write them, with bare file names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.annotation.document import Annotation, Document
from app.annotation.formats import (
    WHOLE_SET,
    Context,
    Format,
    Page,
    TargetPage,
    fresh,
    read,
    rewritten,
    shapes_of,
    word_of,
)
from app.common.files import write_error
from app.common.own_packs import resolver
from app.datasets.box_rows import read_layer
from app.datasets.exchange.box_files import Labels, PageOf, context_of, memory_of
from app.datasets.exchange.class_lists import ClassList, ClassLists
from app.datasets.layers import COMMON
from app.datasets.vocabulary import pack_in
from db.tables import AnnotationFile, Image

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class ExportResult:
    images: int
    boxes: int


@dataclass(frozen=True, slots=True)
class Boxed:
    """A photo with its boxes, if it has any."""

    id: int
    name: str
    pack: str
    document: Document

    @property
    def needs_a_file(self) -> bool:
        return bool(self.document.annotations) or self.document.verified

    def page(self, name: str) -> Page:
        shapes = tuple(shape for _, shape in shapes_of(self.document, word_of))
        return Page(name, self.document.width, self.document.height, shapes, self.document.verified)


@dataclass(slots=True)
class _Stored:
    """A file that was read. ``name``: in the export; ``pages``: those whose photo is there; ``targets``: what they are
    to say.
    """

    name: str
    row: AnnotationFile
    context: Context
    pages: list[PageOf] = field(default_factory=list)
    targets: list[TargetPage] = field(default_factory=list)

    @property
    def labels(self) -> list[str]:
        return [shape.label for target in self.targets for _, shape in target.shapes]


def export_boxes(session: Session, out: Path, format: Format) -> ExportResult:
    """Write the common boxes of all photos into the folder ``out``, made if missing.

    Raises:
        UserError: those of writing files, and of a pack that is not there.
    """
    photos = boxed_photos(session)
    stored, lists = _stored_files(session, format, photos)
    _ask(stored, photos)
    needed = [photo for photo in photos.values() if photo.needs_a_file]
    new = Context(classes_of(session, needed), label=_label_of(session, needed))
    files = _Files(format, stored, ClassLists(lists), new).made(photos)
    put(out, files.content)
    told = [photos[id_] for id_ in files.images]
    return ExportResult(len(told), sum(len(photo.document.annotations) for photo in told))


def boxed_photos(session: Session) -> dict[int, Boxed]:
    """All photos whose size is known, those in the trash left out."""
    boxes: dict[int, list[Annotation]] = {}
    for image_id, box in read_layer(session, COMMON):
        boxes.setdefault(image_id, []).append(box)
    columns = (Image.id, Image.name, Image.pack, Image.width, Image.height, Image.verified)
    rows = session.execute(select(*columns).where(Image.trashed.is_(None)).order_by(Image.id))
    return {
        id_: Boxed(id_, name, pack, Document(width, height, tuple(boxes.get(id_, ())), verified))
        for id_, name, pack, width, height, verified in rows
        if width and height
    }


def classes_of(session: Session, photos: Iterable[Boxed]) -> tuple[str, ...]:
    """The diseases of the photos' packs, in their order: what a new file's class list begins with."""
    packs = dict.fromkeys(photo.pack for photo in photos)
    return tuple(dict.fromkeys(key for pack in packs for key in pack_in(session, pack).keys))


def _label_of(session: Session, photos: Sequence[Boxed]) -> Labels:
    """What the words of a class list mean for new files."""
    return Labels(pack_in(session, photos[0].pack) if photos else pack_in(session), {})


def put(out: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder, not each of them through to the disk: they can be made again.

    Raises:
        UserError: as writing does.
    """
    try:
        for folder in {(out / name).parent for name in files} | {out}:
            folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (out / name).write_bytes(data)
    except OSError as error:
        raise write_error(error, Path(error.filename or out)) from error


# -- files that were read --------------------------------------------------------------------------------------------


def _stored_files(
    session: Session, format: Format, photos: Mapping[int, Boxed]
) -> tuple[list[_Stored], dict[str, bytes]]:
    """Those whose photos are not all in the trash, and YOLO's class lists by name."""
    rows = session.scalars(
        select(AnnotationFile).where(AnnotationFile.format == format).order_by(AnnotationFile.id)
    ).all()
    labels: dict[tuple[str, str], Labels] = {}
    found: list[_Stored] = []
    lists: dict[str, bytes] = {}
    for row, name in zip(rows, _names(rows), strict=True):
        if row.context.get("list"):
            lists[name] = row.content
            continue
        known = [photos.get(id_) if id_ else None for id_ in row.context.get("photos", [row.image_id])]
        first = next((photo for photo in known if photo), None)
        if first is None and format not in WHOLE_SET:
            continue
        found.append(_opened(session, format, row, name, known, labels))
    return found, lists


def _opened(
    session: Session,
    format: Format,
    row: AnnotationFile,
    name: str,
    photos: Sequence[Boxed | None],
    labels: dict[tuple[str, str], Labels],
) -> _Stored:
    first = next((photo for photo in photos if photo), None)
    aliases = row.context.get("aliases", {})
    key = (first.pack if first else "", str(aliases))
    if key not in labels:
        pack = pack_in(session, first.pack) if first else pack_in(session)
        labels[key] = Labels(pack, resolver(pack, aliases))
    stem = PurePosixPath(row.name).stem
    size = (first.document.width, first.document.height) if first else (0, 0)
    context = context_of(row, labels[key], sizes={stem: size}, names={stem: first.name if first else stem})
    stored = _Stored(name, row, context)
    for page, photo in zip(read(format, row.content, row.name, context).pages, photos, strict=False):
        if photo is not None:
            stored.pages.append(PageOf(page, photo.id, photo.document.width, photo.document.height))
    return stored


def _names(rows: Sequence[AnnotationFile]) -> list[str]:
    """Each file's name below the folder that it was read from; a second folder of the same names gets its own."""
    inside: dict[str, list[str]] = {}
    for row in rows:
        inside.setdefault(_root(row), []).append(row.name)
    taken: set[str] = set()
    before: dict[str, str] = {}
    for number, (root, names) in enumerate(inside.items(), start=1):
        folded = {name.casefold() for name in names}
        before[root] = f"set-{number}/" if folded & taken else ""
        taken |= {f"{before[root]}{name}" for name in folded}
    return [before[_root(row)] + row.name for row in rows]


def _root(row: AnnotationFile) -> str:
    return row.path[: len(row.path) - len(row.name)]


def _ask(files: Iterable[_Stored], photos: Mapping[int, Boxed]) -> None:
    """What each page is to say. A box that no file has a place for goes into the newest file of its photo."""
    ids: dict[tuple[int, int], dict[int, str]] = {}
    placed: dict[int, set[str]] = {}
    newest: dict[int, int] = {}
    for stored in files:
        memory = memory_of(stored.row)
        for one in stored.pages:
            here = {shape.position: memory.id_at(shape.position) for shape in one.page.shapes}
            ids[stored.row.id, one.image_id] = here
            placed.setdefault(one.image_id, set()).update(here.values())
            newest[one.image_id] = stored.row.id
    for stored in files:
        for one in stored.pages:
            document = photos[one.image_id].document
            is_newest = newest[one.image_id] == stored.row.id
            new = document.by_id.keys() - placed[one.image_id] if is_newest else ()
            wanted = one.wanted(document, ids[stored.row.id, one.image_id], new)
            stored.targets.append(wanted.target)


# -- what is written -------------------------------------------------------------------------------------------------


class _Files:
    """The files of an export: ``content`` by name, ``images``: the photos that they tell of. ``new``: for new files."""

    def __init__(self, format: Format, stored: Sequence[_Stored], lists: ClassLists, new: Context) -> None:
        self._format = format
        self._new = new
        self._stored = stored
        self._lists = lists
        self.content: dict[str, bytes] = {}
        self.images: list[int] = []

    def made(self, photos: Mapping[int, Boxed]) -> _Files:
        inside = self._stored
        if self._format == "yolo":
            inside = [s for s in self._stored if self._list_of(s) is not None]
        covered = {one.image_id for stored in inside for one in stored.pages}
        rest = [photo for id_, photo in photos.items() if id_ not in covered and photo.needs_a_file]
        self.images = [*covered, *(photo.id for photo in rest)]
        if self._format in WHOLE_SET and len(inside) == 1:
            inside[0].targets += [_target(photo.page(photo.name)) for photo in rest]
            rest = []
        if self._format == "yolo":
            self._yolo(inside, rest)
            return self
        for stored in inside:
            self._rewrite(stored, stored.context)
        if rest or not inside:
            self._add(fresh(self._format, [photo.page(photo.name) for photo in rest], self._new))
        return self

    def _yolo(self, inside: Sequence[_Stored], rest: Sequence[Boxed]) -> None:
        """Lists first: a label that one file needs at their end is there for all."""
        for stored in inside:
            self._list(stored).extend(stored.labels, stored.context)
        pages = [photo.page(photo.name) for photo in rest]
        root = self._lists.root(self._new.classes) if pages or not inside else None
        if root is not None:
            root.extend((shape.label for page in pages for shape in page.shapes), self._new)
        for stored in inside:
            self._rewrite(stored, replace(stored.context, classes=self._list(stored).extended))
        self.content |= self._lists.written()
        if root is not None:
            made = fresh("yolo", pages, replace(self._new, classes=root.extended))
            self._add({name: data for name, data in made.items() if name not in self.content})

    def _list_of(self, stored: _Stored) -> ClassList | None:
        return self._lists.of(stored.name, stored.context.classes)

    def _list(self, stored: _Stored) -> ClassList:
        found = self._list_of(stored)
        assert found is not None
        return found

    def _rewrite(self, stored: _Stored, context: Context) -> None:
        row = stored.row
        self.content[stored.name] = rewritten(self._format, row.content, row.name, stored.targets, context)

    def _add(self, files: Mapping[str, bytes]) -> None:
        """New files, beside those that were read: a name that is taken gets a number."""
        for name, data in files.items():
            free, number = PurePosixPath(name), 2
            while str(free) in self.content:
                free, number = PurePosixPath(name).with_stem(f"{PurePosixPath(name).stem}-{number}"), number + 1
            self.content[str(free)] = data


def _target(page: Page) -> TargetPage:
    shapes = tuple((None, shape) for shape in page.shapes)
    return TargetPage(page.image, page.width, page.height, page.verified, shapes)
