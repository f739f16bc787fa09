"""The file of boxes beside a photo, as the window takes and saves it.

Squama remembers what it read or wrote there last. When another program has changed the file since, the two are merged
box by box; where both sides changed one box differently nothing is done until a person has decided. A file that cannot
be read is never written over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.annotation.document import Document, Edit
from app.annotation.formats import (
    FORMATS,
    NAMES,
    SET_FILE,
    SUFFIXES,
    WHOLE_SET,
    Context,
    Format,
    Page,
    Sheet,
    bytes_of,
    classes_beside,
    detect,
    fresh,
    keypoints_beside,
    read,
    rewritten,
)
from app.annotation.merging import Prefer
from app.common.errors import UserError
from app.common.files import write_atomically, write_error
from app.common.images import photo_size
from app.common.own_packs import resolver
from app.datasets.box_rows import add_many, read_boxes
from app.datasets.exchange.box_files import Labels, Memory, PageOf, Wanted, files_at, memory_of, remember, sha256
from app.datasets.exchange.box_merging import Reading, merge_file, page_called
from app.datasets.exchange.box_sets import CLASS_LIST, DATA_YAML, ImportOptions, read_set
from app.datasets.exchange.class_lists import ClassList
from app.datasets.exchange.importing import Importing, untouched_photos
from app.datasets.images import resolved
from app.datasets.journal import document
from app.datasets.layers import COMMON, layer_of, photo
from app.datasets.people import actor_of, audit, require
from app.datasets.vocabulary import pack_in
from db.tables import AnnotationFile, Image

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SHAPES = frozenset({"labelme", "xanylabeling"})


@dataclass(frozen=True, slots=True)
class Saved:
    """``written``: whether the file had to change. ``edit``: what another program's changes brought before that."""

    file: Path
    written: bool
    edit: Edit | None = None


def place_of(photo_file: Path, folder: Path, format: Format) -> Path:
    """Where the boxes of a photo are saved: its own file, or the folder's one file for formats of whole sets."""
    return folder / (SET_FILE if format in WHOLE_SET else f"{photo_file.stem}{SUFFIXES[format]}")


def find(photo_file: Path, folder: Path) -> tuple[Path, Format] | None:
    """The photo's own file of boxes in ``folder``, of several the one changed last; None where there is none."""
    names = dict.fromkeys(f"{photo_file.stem}{suffix}" for suffix in SUFFIXES.values())
    there: list[tuple[float, Path, Format]] = []
    for name in names:
        file = folder / name
        try:
            changed = file.stat().st_mtime
        except OSError:
            continue
        format = detect(file)
        if format is not None and file != photo_file:
            there.append((changed, file, format))
    if not there:
        return None
    _, file, format = max(there, key=lambda found: found[0])
    return file, format


def take(session: Session, image_id: int, file: Path, format: Format, prefer: Prefer = "nobody") -> Edit | None:
    """Bring the file's boxes to the photo's; None where it holds nothing that was not read before.

    The first boxes of a photo come as they are, outside the journal; later ones as an edit that can be undone. Either
    is given back, to be shown. Words that the pack does not know stay as labels. Whoever boxes the photo apart from
    others reads no file. ``prefer``: whose boxes are meant where both sides changed them.

    Raises:
        UserError: ``annotation_damaged``, ``annotation_unreadable``, ``annotation_other_size``, ``classes_missing``,
            ``sidecar_other_format``, ``sidecar_conflict``; nothing was changed then.
    """
    if layer_of(session, image_id) != COMMON:
        return None
    require(session, "annotate")
    file = file.absolute()
    data = bytes_of(file)
    row = files_at(session, [str(file)], format).get(str(file))
    context, inside = _context(session, image_id, file, format, row)
    if row is not None and _is_known(row, data, context):
        return None
    _check_format(file, data, format, row)
    sheet = read(format, data, file.name, inside)
    if format in WHOLE_SET and len(sheet.pages) > 1:
        return _take_set(session, image_id, file, format, prefer)
    page = page_called(sheet, photo(session, image_id).name)
    if page is None:
        return None
    row = row or _new_row(session, file, format, image_id, context)
    one = _page_of(session, image_id, page)
    labels = _labels(session, image_id, row)
    if not row.sha256 and untouched_photos(session, {image_id}):
        return _first(session, row, data, one, labels)
    return merge_file(session, row, Reading(data, sheet, {0: (one, labels)}, context), prefer)[image_id]


def save(session: Session, image_id: int, target: Path, format: Format) -> Saved:
    """Write the photo's boxes to ``target``; where it says the same already it stays as it is.

    What another program has changed there since is merged first (see :func:`take`).

    Raises:
        UserError: as :func:`take`; ``sidecar_apart`` while the photo is boxed by several people apart; those of
            writing files.
    """
    if layer_of(session, image_id) != COMMON:
        raise UserError("sidecar_apart")
    target = target.absolute()
    there = target.is_file()
    edit = take(session, image_id, target, format) if there else None
    row = files_at(session, [str(target)], format).get(str(target))
    ours = document(session, image_id, COMMON)
    assert ours is not None
    if row is None:
        context, _ = _context(session, image_id, target, format, None)
        row = _new_row(session, target, format, image_id, context)
    return Saved(target, _Saving(session, image_id, row, ours).run(there), edit)


def set_aside(file: Path) -> Path:
    """Rename a damaged file, so that a good one can take its place; gives what it is called now."""
    aside = file.with_name(f"{file.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    try:
        file.rename(aside)
    except OSError as error:
        raise write_error(error, file) from error
    return aside


# -- reading ---------------------------------------------------------------------------------------------------------


def _first(session: Session, row: AnnotationFile, data: bytes, one: PageOf, labels: Labels) -> Edit:
    """The boxes of a photo that nobody has touched: there is nothing that undoing them could bring back."""
    boxes = tuple(one.boxes(row.id, labels).values())
    add_many(session, COMMON, [(one.image_id, boxes)], actor_of(session).name)
    photo(session, one.image_id).verified = one.page.verified
    row.content, row.sha256 = data, sha256(data)
    audit(session, "boxes.import", "image", one.image_id, {"format": row.format, "boxes": len(boxes)})
    return Edit("add", after=boxes, verified=(False, True) if one.page.verified else None)


def _take_set(session: Session, image_id: int, file: Path, format: Format, prefer: Prefer) -> Edit | None:
    """A file of many photos: all of them at once, else what it says of the others would be forgotten."""
    row = files_at(session, [str(file)], format).get(str(file))
    options = ImportOptions(aliases=row.context.get("aliases", {}) if row else {})
    importing = Importing(session, read_set(session, file, format, options), options, prefer)
    result = importing.run()
    for _, error in result.failed:
        if error.code == "sidecar_conflict":
            raise error
    if image_id in importing.edits:
        return importing.edits[image_id]
    boxes = read_boxes(session, image_id, COMMON)  # in bulk: the photo had none
    return Edit("add", after=boxes) if boxes and row is None else None


def _context(
    session: Session, image_id: int, file: Path, format: Format, row: AnnotationFile | None
) -> tuple[dict[str, object], Context]:
    """What reading the file needs: as it is remembered, and for the reader."""
    kept: dict[str, object] = {k: v for k, v in row.context.items() if k in ("aliases", "photos")} if row else {}
    if format != "yolo":
        return kept, Context()
    classes, keypoints = classes_beside(file, file.parent), keypoints_beside(file, file.parent)
    image = photo(session, image_id)
    inside = Context(classes, {file.stem: _size(session, image)}, {file.stem: image.name}, keypoints=keypoints)
    return {**kept, "classes": list(classes), "keypoints": keypoints}, inside


def _check_format(file: Path, data: bytes, format: Format, row: AnnotationFile | None) -> None:
    """Raises UserError ``sidecar_other_format`` for a healthy file of another format, which must not be written over.

    labelme's and X-AnyLabeling's cannot always be told apart: there what the file was known as counts.
    """
    there = detect(file)
    if there is None or there == format or (row is not None and row.sha256 and {there, format} == SHAPES):
        return
    try:
        read(there, data, file.name, Context())
    except UserError:
        return
    raise UserError("sidecar_other_format", file=file.name, format=NAMES[there], wanted=NAMES[format], there=there)


def _is_known(row: AnnotationFile, data: bytes, context: Mapping[str, object]) -> bool:
    return row.sha256 == sha256(data) and row.context.get("classes") == context.get("classes")


def _new_row(session: Session, file: Path, format: Format, image_id: int, context: dict[str, object]) -> AnnotationFile:
    row = AnnotationFile(
        format=format,
        name=file.name,
        path=str(file),
        image_id=None if format in WHOLE_SET else image_id,
        sha256="",
        content=b"",
        context=context | ({"photos": [image_id]} if format in WHOLE_SET else {}),
        author=actor_of(session).name,
    )
    session.add(row)
    session.flush()
    return row


def _labels(session: Session, image_id: int, row: AnnotationFile) -> Labels:
    pack = pack_in(session, photo(session, image_id).pack)
    return Labels(pack, resolver(pack, row.context.get("aliases", {})))


def _page_of(session: Session, image_id: int, page: Page) -> PageOf:
    return PageOf(page, image_id, *_size(session, photo(session, image_id)))


def _size(session: Session, image: Image) -> tuple[int, int]:
    """Upright pixels; a photo that was never opened is measured now."""
    if not (image.width and image.height):
        image.width, image.height = photo_size(resolved(session, image.path, image.linked))
    return image.width, image.height


# -- saving ----------------------------------------------------------------------------------------------------------


class _Saving:
    """Of one photo's boxes into its file."""

    def __init__(self, session: Session, image_id: int, row: AnnotationFile, ours: Document) -> None:
        self._image = photo(session, image_id)
        self._row = row
        self._ours = ours
        self._target = Path(row.path)
        self._format: Format = next(f for f in FORMATS if f == row.format)
        self._labels = _labels(session, image_id, row)
        self._size = (ours.width, ours.height)
        classes = pack_in(session, self._image.pack).keys
        self._list = _list_beside(self._target, classes) if self._format == "yolo" else ClassList(classes)

    def run(self, there: bool) -> bool:
        """``there``: the file is on the disk as the row has it. Gives whether it was written."""
        row, name = self._row, self._target.name
        before = read(self._format, row.content, name, self._inside()) if row.sha256 else Sheet(())
        memory = memory_of(row)
        page = page_called(before, self._image.name) or Page(self._image.name, *self._size)
        ids = {shape.position: memory.id_at(shape.position) for shape in page.shapes}
        one = PageOf(page, self._image.id, *self._size)
        wanted = one.wanted(self._ours, ids, self._ours.by_id.keys() - set(ids.values()))
        self._list.extend((shape.label for _, shape in wanted.target.shapes), self._inside())
        if before.pages:
            data = rewritten(self._format, row.content, name, [wanted.target], self._inside())
        else:
            shapes = tuple(shape for _, shape in wanted.target.shapes)
            new = Page(self._image.name, *self._size, shapes, self._ours.verified)
            data = next(iter(fresh(self._format, [new], self._inside()).values()))
        if there and data == row.content:
            return False
        self._write(data)
        self._remember(data, before, memory, wanted)
        return True

    def _inside(self) -> Context:
        stem = self._target.stem
        keypoints = int(self._row.context.get("keypoints", 0))
        classes = self._list.extended or self._list.classes
        return Context(classes, {stem: self._size}, {stem: self._image.name}, self._labels, keypoints)

    def _write(self, data: bytes) -> None:
        """YOLO's list before the numbers that lead into it."""
        if self._format == "yolo":
            for name, content in self._list.written().items():
                file = self._target.parent / name
                if not file.is_file() or file.read_bytes() != content:
                    write_atomically(file, content)
        write_atomically(self._target, data)

    def _remember(self, data: bytes, before: Sheet, memory: Memory, wanted: Wanted) -> None:
        now = read(self._format, data, self._target.name, self._inside())
        after = Memory(self._row.id)
        context = {k: v for k, v in self._row.context.items() if k not in ("ids", "boxes")}
        if self._format == "yolo":
            context["classes"] = list(self._inside().classes)
        ids = list(context.get("photos", []))
        for number, page in enumerate(now.pages):
            was = before.pages[number] if number < len(before.pages) else None
            if page is page_called(now, self._image.name):
                made = PageOf(page, self._image.id, *self._size).boxes(self._row.id, self._labels)
                after.put(made, {p: self._ours.by_id[id_] for p, id_ in wanted.places(page).items()})
                ids[number:] = [self._image.id, *ids[number + 1 :]]
            elif was is not None:
                after.follow(memory, was, page)
        if self._format in WHOLE_SET:
            context["photos"] = ids
        remember(self._row, data, after, context)


def _list_beside(target: Path, classes: tuple[str, ...]) -> ClassList:
    """The class list that holds for the folder, else a new one that begins with the pack's diseases."""
    for folder in (target.parent, target.parent.parent):
        files = {file.name: file.read_bytes() for file in (folder / CLASS_LIST, folder / DATA_YAML) if file.is_file()}
        found = classes_beside(target, target.parent) if files else ()
        if found:
            prefix = "" if folder == target.parent else "../"
            return ClassList(found, {f"{prefix}{name}": data for name, data in files.items()})
    return ClassList(classes)
