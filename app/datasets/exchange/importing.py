"""Boxes of other programs into the workspace: what is not there yet comes, nothing that is there is lost.

A photo that nobody has boxed or edited takes its boxes in bulk. On any other they are merged with what is there, as an
edit that can be undone. A file that was read before and did not change brings nothing; one that did is merged with what
it said then as the base.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from app.annotation.document import Edit
from app.annotation.formats import WHOLE_SET, Format, bytes_of
from app.annotation.formats.json_text import uncollected
from app.annotation.merging import Prefer
from app.common.errors import UserError
from app.common.images import is_synthetic
from app.common.own_packs import add_labels, check_new_pack, new_pack, resolver
from app.common.packs import DEFAULT_PACK
from app.common.workspace import Workspace
from app.datasets.exchange.box_files import Labels, PageOf, files_at, sha256
from app.datasets.exchange.box_merging import Reading, merge_file
from app.datasets.exchange.box_sets import BoxSet, ImportOptions, Progress, ReadPage, read_set
from app.datasets.exchange.bulk_boxes import check_size, insert_pages
from app.datasets.exchange.photo_index import NEW
from app.datasets.images import complete_image, link_images
from app.datasets.people import actor_of, audit, require
from db.tables import Annotation as Row
from db.tables import AnnotationFile, Assignment, Image, JournalEntry

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.datasets.store import Store

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class ImportedBoxes:
    """``images``: photos whose boxes were brought in or brought up to date; ``boxes``: that are new; ``linked``: photos
    that were not in the workspace but lay beside their boxes; ``failed``: (file or page, why).
    """

    images: int
    boxes: int
    linked: int
    failed: tuple[tuple[str, UserError], ...]


def import_boxes(
    store: Store,
    workspace: Workspace,
    path: Path,
    format: Format,
    actor: str,
    options: ImportOptions | None = None,
    progress: Progress | None = None,
) -> ImportedBoxes:
    """Import a file or folder of boxes, in one transaction.

    Raises:
        UserError: ``unknown_labels`` with the words and how often they stand there, unless they are to be added; what
            :func:`app.datasets.exchange.box_sets.read_set` raises; ``pack_exists``, ``bad_pack_key``; ``not_allowed``.
            Nothing was written then.
    """
    options = options or ImportOptions()
    if options.new_pack is not None:
        check_new_pack(options.new_pack, workspace.packs)
    with uncollected():
        return _import(store, workspace, path, format, actor, options, progress)


def _import(
    store: Store,
    workspace: Workspace,
    path: Path,
    format: Format,
    actor: str,
    options: ImportOptions,
    progress: Progress | None,
) -> ImportedBoxes:
    with store.read() as session:
        found = read_set(session, path, format, options, progress)
    if found.words and options.on_unknown == "refuse":
        raise UserError("unknown_labels", labels=listed(found))
    if not found.pages:
        return ImportedBoxes(0, 0, 0, tuple(found.failed))
    with _packs_ready(workspace, found, options), store.write(actor) as session:
        require(session, "import")
        require(session, "annotate")
        return Importing(session, found, options).run()


def listed(found: BoxSet) -> str:
    """``RBC (4155), WBC (372)``: the most frequent first."""
    return ", ".join(f"{word} ({n})" for word, n in found.words.most_common())


@contextmanager
def _packs_ready(workspace: Workspace, found: BoxSet, options: ImportOptions) -> Iterator[None]:
    """The pack that the import needs, made or added to; as it was before when the import does not come about."""
    keys = [options.new_pack] if options.new_pack is not None else list(found.unknown)
    before = {key: _content(workspace.packs / f"{key}.toml") for key in keys}
    try:
        if options.new_pack is not None:
            pack = new_pack(options.new_pack, workspace.packs, _classes(found, options))
            found.labels[pack.key] = Labels(pack, resolver(pack, options.aliases))
        for key, words in found.unknown.items():
            pack = add_labels(key, workspace.packs, words)
            found.labels[key] = Labels(pack, resolver(pack, options.aliases))
        yield
    except BaseException:
        for key, content in before.items():
            _put_back(workspace.packs / f"{key}.toml", content)
        raise


def _classes(found: BoxSet, options: ImportOptions) -> list[str]:
    """The files' own lists in their order, then words in the order in which they first stand there."""
    aliases = {word.strip().casefold(): label for word, label in options.aliases.items()}
    words = [word for file in found.files for word in file.sheet.classes]
    words += [shape.label for file in found.files for page in file.sheet.pages for shape in page.shapes]
    return list(dict.fromkeys(aliases.get(word.strip().casefold(), word) for word in words))


def _content(file: Path) -> bytes | None:
    with suppress(OSError):
        return file.read_bytes()
    return None


def _put_back(file: Path, content: bytes | None) -> None:
    with suppress(OSError):
        if content is None:
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(content)


class Importing:
    """One import, inside its transaction. ``edits``: by photo what was merged with boxes that were there."""

    def __init__(self, session: Session, found: BoxSet, options: ImportOptions, prefer: Prefer = "nobody") -> None:
        self._session = session
        self._found = found
        self._options = options
        self._prefer = prefer
        self.edits: dict[int, Edit | None] = {}
        self._author = actor_of(session).name
        self._failed = list(found.failed)
        self._fitting = list(self._pages_that_fit())
        self._images: set[int] = set()
        self._boxes = 0
        self._ids: dict[str, int] = {}

    def run(self) -> ImportedBoxes:
        linked = self._find_photos()
        pages: dict[Path, list[ReadPage]] = {}
        for page in self._fitting:
            pages.setdefault(page.file.path, []).append(page)
        rows = self._rows(pages)
        self._keep_lists()
        self._bring(pages, rows)
        self._take_pack()
        facts = {"format": self._found.format, "images": len(self._images), "boxes": self._boxes}
        audit(self._session, "boxes.import", "annotation_file", len(rows), facts)
        return ImportedBoxes(len(self._images), self._boxes, linked, tuple(self._failed))

    def _pages_that_fit(self) -> Iterator[ReadPage]:
        """Those of photos of another size are told. No file is kept for them, or an export would write it emptied."""
        for page in self._found.pages:
            try:
                check_size(PageOf(page.page, page.photo.id, *page.photo.size))
            except UserError as error:
                self._failed.append((page.item, error))
                continue
            yield page

    def _bring(self, pages: Mapping[Path, list[ReadPage]], rows: Mapping[Path, AnnotationFile]) -> None:
        untouched = untouched_photos(self._session, set(self._ids.values()))
        bulk: list[tuple[int, PageOf, Labels]] = []
        later: list[Path] = []
        for path, inside in pages.items():
            ids = [self._ids[page.photo.file] for page in inside]
            is_new = not rows[path].sha256
            if is_new and untouched.issuperset(ids) and len(set(ids)) == len(ids):
                bulk += self._in_bulk(rows[path], inside)
                untouched.difference_update(ids)
            else:
                later.append(path)
        insert_pages(self._session, bulk, self._author)
        for some in batches([one.image_id for _, one, _ in bulk if one.page.verified]):
            self._session.execute(update(Image).where(Image.id.in_(some)).values(verified=True))
        self._images.update(one.image_id for _, one, _ in bulk)
        self._boxes += sum(len(one.page.shapes) for _, one, _ in bulk)
        for path in later:
            self._merge(rows[path], pages[path])

    def _in_bulk(self, row: AnnotationFile, inside: Sequence[ReadPage]) -> Iterator[tuple[int, PageOf, Labels]]:
        for page in inside:
            one = PageOf(page.page, self._ids[page.photo.file], *page.photo.size)
            yield row.id, one, self._found.labels[page.pack]
        file = inside[0].file
        row.content, row.sha256 = file.data, sha256(file.data)

    def _merge(self, row: AnnotationFile, inside: Sequence[ReadPage]) -> None:
        file = inside[0].file
        known = {}
        for page in inside:
            one = PageOf(page.page, self._ids[page.photo.file], *page.photo.size)
            known[page.number] = one, self._found.labels[page.pack]
        reading = Reading(file.data, file.sheet, known, self._context(inside))
        try:
            with self._session.begin_nested():
                edits = merge_file(self._session, row, reading, self._prefer)
        except UserError as error:
            self._failed.append((file.name, error))
            return
        for image_id, edit in edits.items():
            self._images.add(image_id)
            self._boxes += max(0, len(edit.after) - len(edit.before)) if edit else 0
        self.edits |= edits

    def _find_photos(self) -> int:
        """Link what only lies beside, note sizes that nobody knew. Gives how many were linked."""
        photos = {page.photo.file: page.photo for page in self._fitting}
        new = [photo for photo in photos.values() if photo.id == NEW]
        pack = self._options.new_pack or self._options.pack or DEFAULT_PACK
        ids = link_images(self._session, [Path(photo.file) for photo in new], pack)
        self._ids = {photo.file: photo.id for photo in photos.values()}
        self._ids |= {photo.file: image_id for photo, image_id in zip(new, ids, strict=True)}
        for photo in photos.values():
            if not photo.opened:
                synthetic = is_synthetic(Path(photo.file))
                complete_image(self._session, self._ids[photo.file], *photo.size, synthetic)
        return len(new)

    def _rows(self, pages: Mapping[Path, Sequence[ReadPage]]) -> dict[Path, AnnotationFile]:
        """The files' rows, new ones without content."""
        known = files_at(self._session, [str(path) for path in pages], self._found.format)
        rows = {path: known.get(str(path)) or self._new_row(inside) for path, inside in pages.items()}
        self._session.add_all(rows.values())
        self._session.flush()
        return rows

    def _new_row(self, inside: Sequence[ReadPage]) -> AnnotationFile:
        file = inside[0].file
        only = None if self._found.format in WHOLE_SET else self._ids[inside[0].photo.file]
        return self._row(file.name, file.path, only, self._context(inside))

    def _row(self, name: str, path: Path, image_id: int | None, context: dict[str, object]) -> AnnotationFile:
        return AnnotationFile(
            format=self._found.format,
            name=name,
            path=str(path),
            image_id=image_id,
            sha256="",
            content=b"",
            context=context,
            author=self._author,
        )

    def _context(self, inside: Sequence[ReadPage]) -> dict[str, object]:
        """With the photos of a file of many, by their place in it."""
        file = inside[0].file
        if self._found.format not in WHOLE_SET:
            return dict(file.context)
        ids = {page.number: self._ids[page.photo.file] for page in inside}
        return {**file.context, "photos": [ids.get(n) for n in range(len(file.sheet.pages))]}

    def _keep_lists(self) -> None:
        """YOLO's class lists go back with the files."""
        known = files_at(self._session, [str(path) for path in self._found.lists.values()], self._found.format)
        for name, path in self._found.lists.items():
            row = known.get(str(path)) or self._row(name, path, None, {"list": True})
            row.content = bytes_of(path)
            row.sha256 = sha256(row.content)
            self._session.add(row)

    def _take_pack(self) -> None:
        pack = self._options.new_pack or self._options.pack
        if pack is not None:
            for ids in batches(list(self._ids.values())):
                self._session.execute(update(Image).where(Image.id.in_(ids)).values(pack=pack))


def untouched_photos(session: Session, ids: set[int]) -> set[int]:
    """Of these photos those that nobody has boxed, edited, or been given to box apart from others."""
    touched: set[int] = set()
    for some in batches(sorted(ids)):
        touched.update(session.scalars(select(Row.image_id).where(Row.image_id.in_(some)).distinct()))
        touched.update(session.scalars(select(JournalEntry.image_id).where(JournalEntry.image_id.in_(some)).distinct()))
        touched.update(session.scalars(select(Assignment.image_id).where(Assignment.image_id.in_(some)).distinct()))
    return ids - touched


def batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
