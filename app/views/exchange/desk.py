"""What import, export, patches and trash ask of the database: each function runs on its thread with an open session.

The store is imported inside, as it brings SQLAlchemy along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.annotation.document import Edit
    from app.annotation.formats import Format
    from app.annotation.merging import Prefer
    from app.common.errors import UserError
    from app.common.workspace import Workspace
    from app.datasets.exchange.exporting import ExportResult
    from app.datasets.exchange.importing import ImportedBoxes
    from app.datasets.patch_files import PatchResult
    from app.datasets.patches import PatchPlan
    from app.datasets.records import DeletedBox, ImageRow, JournalState, TrashedPhoto

Progress = Callable[[int, int], None]
_SUFFIXES = (".xml", ".txt", ".json")
_SHOWN = 10  # names of files that will be written
_LOOKED_AT = 20  # files of a folder, until one tells its format


@dataclass(frozen=True)
class Taken:
    """What the file beside a photo brought; ``first``: to a photo that had no box yet. ``written``: the file was saved
    anew (None: that was not asked for)."""

    file: Path
    edit: Edit | None
    first: bool
    row: ImageRow
    journal: JournalState
    written: bool | None = None


@dataclass(frozen=True)
class Look:
    """What an import would bring. ``new_images``: photos that only lie beside the files; ``unknown``: words that the
    pack does not know, and how often each stands there."""

    files: int
    images: int
    new_images: int
    boxes: int
    unknown: Mapping[str, int]
    failed: tuple[tuple[str, UserError], ...]


@dataclass(frozen=True)
class Holding:
    """What there is to export. ``names``: of the first photos."""

    images: int
    boxes: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class PatchForm:
    """What :class:`app.datasets.patches.PatchOptions` is made of, without importing it."""

    per_disease: int
    margin: float
    seed: int
    min_size: float
    square: bool
    jpeg: bool


@dataclass(frozen=True)
class Trash:
    """``paths``: of the photos that the boxes were on, by id."""

    photos: tuple[TrashedPhoto, ...]
    boxes: tuple[DeletedBox, ...]
    paths: Mapping[int, Path]


def trash(session: Any) -> Trash:
    from app.datasets import store

    boxes = store.deleted_boxes(session)
    ids = sorted({one.image_id for one in boxes})
    paths = {row.id: row.path for row in store.image_rows(session, ids)} if ids else {}
    return Trash(store.trashed(session), boxes, paths)


def rows(session: Any, ids: Sequence[int]) -> tuple[ImageRow, ...]:
    from app.datasets import store

    return store.image_rows(session, ids)


def trash_photo(session: Any, image_id: int) -> None:
    from app.datasets import store

    store.trash_images(session, [image_id])


def restore_photos(session: Any, ids: tuple[int, ...]) -> None:
    from app.datasets import store

    store.restore_images(session, ids)


def put_back(session: Any, chosen: tuple[tuple[int, str], ...]) -> None:
    """``chosen``: photo and box of each."""
    from app.datasets import store

    by_photo: dict[int, list[str]] = {}
    for image_id, box_id in chosen:
        by_photo.setdefault(image_id, []).append(box_id)
    for image_id, box_ids in by_photo.items():
        store.put_back(session, image_id, box_ids)


def files_beside(photo: Path, folder: Path, save_format: str) -> tuple[tuple[Path, Format], ...]:
    """The photo's own file in ``folder``, and the folder's one file where those are saved. No session."""
    from app.annotation.formats import SET_FILE, WHOLE_SET, detect
    from app.datasets.exchange import sidecars

    found = sidecars.find(photo, folder)
    wanted, whole = format_named(save_format), folder / SET_FILE
    if wanted in WHOLE_SET and whole.is_file():
        format = detect(whole) or wanted
        if format in WHOLE_SET:
            return (*([found] if found else []), (whole, format))
    return (found,) if found else ()


def take_file(session: Any, image_id: int, file: Path, format: Format, prefer: Prefer = "nobody") -> Taken:
    from app.datasets import store
    from app.datasets.exchange import sidecars

    before = store.document(session, image_id)
    edit = sidecars.take(session, image_id, file, format, prefer)
    first = before is None or not before.annotations
    return Taken(file, edit, first, store.image(session, image_id), store.journal(session))


def save_file(
    session: Any, image_id: int, photo: Path, folder: Path, save_format: str, prefer: Prefer = "nobody"
) -> Taken:
    """Merge what is there with what another program has changed, and write it."""
    from app.datasets import store
    from app.datasets.exchange import sidecars

    format = format_named(save_format)
    target = sidecars.place_of(photo, folder, format)
    first = sidecars.take(session, image_id, target, format, prefer) if prefer != "nobody" else None
    saved = sidecars.save(session, image_id, target, format)
    row, journal = store.image(session, image_id), store.journal(session)
    return Taken(target, saved.edit or first, False, row, journal, saved.written)


def set_aside(file: Path) -> Path:
    """No session."""
    from app.datasets.exchange import sidecars

    return sidecars.set_aside(file)


def repair(file: Path, format: Format) -> bool:
    """Put a damaged file right as far as it can be read; what it was stays beside it. False: nothing can be made of it.

    No session.
    """
    from app.annotation.formats import Context, bytes_of, check, classes_beside, fixed
    from app.common.files import write_atomically
    from app.datasets.exchange import sidecars

    context = Context(classes_beside(file, file.parent)) if format == "yolo" else Context()
    data = bytes_of(file)
    whole = fixed(format, data, file.name, context)
    if any(problem.code == "damaged" for problem in check(format, whole, file.name, context)):
        return False
    sidecars.set_aside(file)
    write_atomically(file, whole)
    return True


def format_of(path: Path) -> str:
    """The format of a file, or of the first file of a folder that has one; "" where nothing tells it. No session."""
    from app.annotation.formats import detect

    files = [path] if path.is_file() else sorted(p for p in path.iterdir() if p.suffix.lower() in _SUFFIXES)
    for file in files[:_LOOKED_AT]:
        found = detect(file)
        if found is not None:
            return str(found)
    return ""


def look(session: Any, path: Path, format: str, report: Progress) -> Look:
    from app.datasets.exchange.box_sets import ImportOptions, read_set

    found = read_set(session, path, format_named(format), ImportOptions(), report)
    photos = {page.photo.file: page.photo.id for page in found.pages}
    new = sum(1 for id_ in photos.values() if not id_)
    return Look(len(found.files), len(photos), new, found.boxes, found.words, tuple(found.failed))


def import_boxes(
    store: Any, actor: str, workspace: Workspace, path: Path, format: str, aliases: Mapping[str, str], report: Progress
) -> ImportedBoxes:
    """``store``: the door itself, as an import makes its own sessions."""
    from app.datasets.exchange.box_sets import ImportOptions
    from app.datasets.exchange.importing import import_boxes

    options = ImportOptions(on_unknown="add", aliases=aliases)
    return import_boxes(store, workspace, path, format_named(format), actor, options, report)


def add_labels(session: Any, pack: str, words: Sequence[str]) -> None:
    """Into the workspace's own copy of the pack, as labels that people give."""
    from app.common.own_packs import add_labels
    from app.datasets.people import audit, require
    from app.datasets.vocabulary import workspace_of

    require(session, "annotate")
    audit(session, "pack.labels", "pack", pack, {"labels": list(words)})
    add_labels(pack, workspace_of(session).packs, words)


def export_boxes(session: Any, out: Path, format: str, anonymous: bool) -> ExportResult:
    """Needs a writing session: that data went out anonymously is audited."""
    from app.datasets.exchange.anonymous import export_anonymous
    from app.datasets.exchange.exporting import export_boxes

    return (export_anonymous if anonymous else export_boxes)(session, out, format_named(format))


def files_for(names: Sequence[str], format: str) -> tuple[str, ...]:
    """What the files of an export are called that Squama makes for these photos."""
    from app.annotation.formats import CLASS_LIST, SET_FILE, SUFFIXES, WHOLE_SET

    key = format_named(format)
    if key in WHOLE_SET:
        return (SET_FILE,)
    own = tuple(f"{Path(name).stem}{SUFFIXES[key]}" for name in names)
    return (CLASS_LIST, "data.yaml", *own) if key == "yolo" else own


def holding(session: Any) -> Holding:
    from app.datasets import store

    rows = [row for row in store.image_rows(session, common=True) if row.boxes or row.verified]
    return Holding(len(rows), sum(row.boxes for row in rows), tuple(row.name for row in rows[:_SHOWN]))


def plan_patches(session: Any, form: PatchForm) -> PatchPlan:
    from app.datasets.patches import PatchOptions, plan_patches

    padding, encoding = "square" if form.square else "none", "jpg" if form.jpeg else "png"
    options = PatchOptions(form.per_disease, form.margin, form.seed, form.min_size, padding, encoding)  # type: ignore[arg-type]
    return plan_patches(session, options)


def write_patches(plan: PatchPlan, out: Path, report: Progress) -> PatchResult:
    """Needs no session. ``report`` is called with photos done and in all, and stops the work by raising."""
    from app.datasets.patch_files import write_patches

    return write_patches(plan, out, report)


def place_of(photo: Path, folder: Path, format: Format) -> Path:
    from app.datasets.exchange import sidecars

    return sidecars.place_of(photo, folder, format)


def format_named(key: str) -> Format:
    from app.annotation.formats import FORMATS

    return next(f for f in FORMATS if f == key)
