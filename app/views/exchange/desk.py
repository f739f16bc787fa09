"""What import, export, patches and trash ask of the database: each function runs on its thread with an open session.

The store is imported inside, as it brings SQLAlchemy along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.annotation.formats import Format
    from app.common.errors import UserError
    from app.common.workspace import Workspace
    from app.datasets.exchange_import import ImportedBoxes
    from app.datasets.patch_files import PatchResult
    from app.datasets.patches import PatchPlan
    from app.datasets.records import DeletedBox, ImageRow, TrashedPhoto

Progress = Callable[[int, int], None]
_SUFFIXES = (".xml", ".txt", ".json")
_LOOKED_AT = 20  # files of a folder, until one tells its format


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
    """What there is to export."""

    images: int
    boxes: int


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
    from app.datasets.box_sets import ImportOptions, read_set

    found = read_set(session, path, _format(format), ImportOptions(), report)
    photos = {page.photo.file: page.photo.id for page in found.pages}
    new = sum(1 for id_ in photos.values() if not id_)
    return Look(len(found.files), len(photos), new, found.boxes, found.words, tuple(found.failed))


def import_boxes(
    store: Any, actor: str, workspace: Workspace, path: Path, format: str, aliases: Mapping[str, str], report: Progress
) -> ImportedBoxes:
    """``store``: the door itself, as an import makes its own sessions."""
    from app.datasets.box_sets import ImportOptions
    from app.datasets.exchange_import import import_boxes

    options = ImportOptions(on_unknown="add", aliases=aliases)
    return import_boxes(store, workspace, path, _format(format), actor, options, report)


def holding(session: Any) -> Holding:
    from app.datasets import store

    rows = [row for row in store.image_rows(session) if row.boxes or row.verified]
    return Holding(len(rows), sum(row.boxes for row in rows))


def plan_patches(session: Any, form: PatchForm) -> PatchPlan:
    from app.datasets.patches import PatchOptions, plan_patches

    padding, encoding = "square" if form.square else "none", "jpg" if form.jpeg else "png"
    options = PatchOptions(form.per_disease, form.margin, form.seed, form.min_size, padding, encoding)  # type: ignore[arg-type]
    return plan_patches(session, options)


def write_patches(plan: PatchPlan, out: Path, report: Progress) -> PatchResult:
    """Needs no session. ``report`` is called with photos done and in all, and stops the work by raising."""
    from app.datasets.patch_files import write_patches

    return write_patches(plan, out, report)


def _format(key: str) -> Format:
    from app.annotation.formats import FORMATS

    return next(f for f in FORMATS if f == key)
