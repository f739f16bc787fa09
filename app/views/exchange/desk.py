"""What import, export, patches and trash ask of the database: each function runs on its thread with an open session.

The store is imported inside, as it brings SQLAlchemy along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.datasets.patch_files import PatchResult
    from app.datasets.patches import PatchPlan
    from app.datasets.records import DeletedBox, TrashedPhoto


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


def plan_patches(session: Any, form: PatchForm) -> PatchPlan:
    from app.datasets.patches import PatchOptions, plan_patches

    padding, encoding = "square" if form.square else "none", "jpg" if form.jpeg else "png"
    options = PatchOptions(form.per_disease, form.margin, form.seed, form.min_size, padding, encoding)  # type: ignore[arg-type]
    return plan_patches(session, options)


def write_patches(plan: PatchPlan, out: Path, report: Callable[[int, int], object]) -> PatchResult:
    """Needs no session. ``report`` is called with photos done and in all, and stops the work by raising."""
    from app.datasets.patch_files import write_patches

    return write_patches(plan, out, report)
