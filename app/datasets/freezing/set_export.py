"""A frozen version as a folder for another program: photos and boxes by part, or class folders.

``voc``: JPEGImages, Annotations, ImageSets/Main. ``yolo``: images/PART, labels/PART, data.yaml. ``coco, createml,
labelme, xanylabeling``: PART with photos and annotations in it. ``folders``: PART/DISEASE/photo, photos of one disease
only. Beside them ``photos.csv`` (part, folds and group of each photo) and ``dataset.json``.

Photos are copied byte for byte; those with masks, those that lie turned in their file, and all of an anonymous export
are written anew from their pixels, without EXIF. No name tells the patient unless the photos' own names are asked for.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from app.annotation.document import UNLABELLED
from app.annotation.formats import FORMATS, Context, Format, Page, Shape, fresh, needed_classes, word_of
from app.common.cells import safe_cell
from app.common.errors import UserError
from app.common.files import write_error
from app.common.images import encode_jpeg, is_upright, read_file, read_photo
from app.common.masking import masked
from app.common.packs import OTHER
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage
from app.datasets.freezing.splits import PARTS, Part
from app.datasets.keeping.problems import counted
from app.datasets.patches import folder_names

SetFormat = Format | Literal["folders"]
SET_FORMATS: tuple[SetFormat, ...] = (*FORMATS, "folders")
TABLE, MARK = "photos.csv", "dataset.json"
QUALITY = 95

_KEY_COLUMNS = ("name", "image", "original", "path", "sha256")
_LOSSLESS = frozenset({".png", ".bmp", ".tif", ".tiff"})
_UPRIGHT = _LOSSLESS | {".jpg", ".jpeg"}
"""Written anew where EXIF would have them turned: boxes are of the upright photo, and not every reader obeys EXIF."""
_NO_NAME = re.compile(r'[\x00-\x1f<>:"/\\|?*]')
_THREADS = 2


@dataclass(frozen=True, slots=True)
class SetExport:
    """``left_out``: photos without one disease, for which class folders have no place. ``failed``: by name."""

    dataset: str
    images: int
    boxes: int
    parts: Mapping[Part, int]
    left_out: int
    failed: tuple[tuple[str, UserError], ...]


@dataclass(frozen=True, slots=True)
class _Photo:
    """``file``: where it goes, below the folder."""

    image: FrozenImage
    file: PurePosixPath

    @property
    def page(self) -> Page:
        shapes = tuple(Shape(word_of(label), (b.x0, b.y0, b.x1, b.y1)) for b, label in self.image.boxes)
        return Page(self.file.name, self.image.width, self.image.height, shapes)


def export_set(
    frozen: FrozenDataset,
    out: Path,
    format: SetFormat,
    *,
    anonymous: bool = False,
    original_names: bool = False,
    keep_key: Callable[[bytes], object] = lambda _: None,
    progress: Callable[[int, int], object] = lambda *_: None,
) -> SetExport:
    """Write the folder ``out``; it appears when it is complete, and replaces what an earlier export left there.

    Args:
        anonymous: random names in random order, nothing but pixels; wins over ``original_names``.
        keep_key: is given the table of who is who of an anonymous export before anything is written.
        progress: called with photos done and photos in all, in the caller's thread.

    Raises:
        UserError: ``output_exists`` for a folder that no export made, ``anonymous_labels`` for labels that are no
            disease, which may be anything that somebody typed, and those of writing files.
    """
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise UserError("output_exists", path=str(out))
    images = [i for i in frozen.images if format != "folders" or i.label]
    photos = _placed(images, format, _names(images, anonymous, original_names), anonymous)
    if anonymous:
        _check_labels(frozen)
        keep_key(_key(photos))
    unfinished = out.with_name(f".{out.name[:80]}.unfinished-{os.getpid()}")
    try:
        result = _fill(unfinished, frozen, photos, format, anonymous, progress)
        if out.is_dir():
            shutil.rmtree(out)
        unfinished.rename(out)
    except OSError as error:
        raise write_error(error, Path(error.filename or out)) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return result


def _check_labels(frozen: FrozenDataset) -> None:
    odd = {label for i in frozen.images for _, label in i.boxes} - {*frozen.classes, OTHER, UNLABELLED}
    if odd:
        raise UserError("anonymous_labels", labels=counted(sorted(odd)))


def _fill(
    root: Path,
    frozen: FrozenDataset,
    photos: Sequence[_Photo],
    format: SetFormat,
    anonymous: bool,
    progress: Callable[[int, int], object],
) -> SetExport:
    for folder in {root / p.file.parent for p in photos} | {root}:
        folder.mkdir(parents=True, exist_ok=True)
    written: list[tuple[_Photo, str]] = []
    failed: list[tuple[str, UserError]] = []
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="export")
    try:
        copied = pool.map(lambda p: _copy(p, root, anonymous), photos)
        for n, (photo, hash_) in enumerate(zip(photos, copied, strict=True), 1):
            if isinstance(hash_, UserError):
                failed.append((photo.image.name or photo.image.path.name, hash_))
            else:
                written.append((photo, hash_))
            progress(n, len(photos))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    there = [photo for photo, _ in written]
    parts = {part: sum(p.image.split == part for p in there) for part in PARTS}
    about = {"dataset": frozen.full_name, "format": format, "classes": frozen.classes, "seed": frozen.seed}
    files = {} if format == "folders" else _annotations(there, format, frozen.classes)
    files |= {TABLE: _table(written), MARK: json.dumps({**about, "parts": parts}, indent=1).encode()}
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    boxes = 0 if format == "folders" else sum(len(p.image.boxes) for p in there)
    return SetExport(frozen.full_name, len(there), boxes, parts, len(frozen.images) - len(photos), tuple(failed))


# -- names and places ------------------------------------------------------------------------------------------------


def _names(images: Sequence[FrozenImage], anonymous: bool, original: bool) -> list[str]:
    """A stem for each, no two the same on a system that takes upper and lower case for one."""
    if anonymous:
        return [secrets.token_hex(8) for _ in images]
    taken: set[str] = set()
    names = []
    for image in images:
        stem = _NO_NAME.sub("_", Path(image.name).stem).strip(" .") if original else image.sha256[:16]
        name, number = stem or "photo", 2
        while name.casefold() in taken:
            name, number = f"{stem or 'photo'}-{number}", number + 1
        taken.add(name.casefold())
        names.append(name)
    return names


def _placed(images: Sequence[FrozenImage], format: SetFormat, names: Sequence[str], anonymous: bool) -> list[_Photo]:
    """By name, whose order tells nothing in an anonymous export."""
    classes = folder_names(sorted({i.label for i in images if i.label}))
    photos = []
    for image, name in sorted(zip(images, names, strict=True), key=lambda pair: pair[1]):
        folder = {
            "voc": "JPEGImages",
            "yolo": f"images/{image.split}",
            "folders": f"{image.split}/{classes.get(image.label or '', '')}",
        }.get(format, image.split)
        photos.append(_Photo(image, PurePosixPath(folder, name + _suffix(image, anonymous))))
    return photos


def _suffix(image: FrozenImage, anonymous: bool) -> str:
    own = image.path.suffix.lower()
    return own if own in _LOSSLESS or not (anonymous or image.masks) else ".jpg"


# -- photos ----------------------------------------------------------------------------------------------------------


def _copy(photo: _Photo, root: Path, anonymous: bool) -> str | UserError:
    """SHA-256 of what was written. An error of writing is raised."""
    image = photo.image
    try:
        data = read_file(image.path)
        if hashlib.sha256(data).hexdigest() != image.sha256:
            raise UserError("photo_changed", file=image.path.name)
        if anonymous or image.masks or (photo.file.suffix in _UPRIGHT and not is_upright(data)):
            data = _anew(data, image, photo.file.suffix)
    except UserError as error:
        return error
    (root / photo.file).write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def _anew(data: bytes, image: FrozenImage, suffix: str) -> bytes:
    import cv2

    pixels = masked(read_photo(data).pixels, image.masks)
    return bytes(cv2.imencode(suffix, pixels[..., ::-1])[1]) if suffix in _LOSSLESS else encode_jpeg(pixels, QUALITY)


# -- what goes beside them -------------------------------------------------------------------------------------------


def _annotations(photos: Sequence[_Photo], format: Format, classes: Sequence[str]) -> dict[str, bytes]:
    pages = {photo.file: photo.page for photo in photos}
    context = Context(
        needed_classes((s.label for page in pages.values() for s in page.shapes), Context(tuple(classes)))
    )
    of_part = {part: [p for p in photos if p.image.split == part] for part in PARTS}
    used = {part: members for part, members in of_part.items() if members}
    if format == "voc":
        made = fresh(format, list(pages.values()), context)
        lists: dict[str, list[str]] = {part: [p.file.stem for p in members] for part, members in used.items()}
        lists["trainval"] = sorted(lists.get("train", []) + lists.get("val", []))
        sets = {f"ImageSets/Main/{name}.txt": "".join(f"{s}\n" for s in stems) for name, stems in lists.items()}
        return _below("Annotations", made) | {name: text.encode() for name, text in sets.items()}
    files: dict[str, bytes] = {}
    for part, members in used.items():
        made = fresh(format, [pages[p.file] for p in members], context)
        if format == "yolo":
            at = "".join(f"{p}: images/{p}\n" for p in used)
            files["data.yaml"] = at.encode() + made.pop("data.yaml")
        files |= _below(f"labels/{part}" if format == "yolo" else part, made)
    return files


def _below(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": data for name, data in files.items()}


def _table(written: Sequence[tuple[_Photo, str]]) -> bytes:
    """Groups are numbered: who resamples or divides by patients needs no code."""
    groups: dict[str, int] = {}
    repeats = max((len(p.image.folds) for p, _ in written), default=0)
    folds = [f"fold_{n + 1}" for n in range(repeats)]
    rows = []
    for photo, hash_ in written:
        i = photo.image
        group = groups.setdefault(i.group, len(groups) + 1)
        which = ["" if fold is None else fold for fold in i.folds]
        facts = (i.width, i.height, len(i.boxes), int(bool(i.masks)), int(i.synthetic), hash_)
        rows.append((str(photo.file), i.split, i.label or "", group, *facts, *which))
    heading = ("photo", "split", "disease", "group", "width", "height", "boxes", "masked", "synthetic", "sha256")
    return _csv([(*heading, *folds), *rows])


def _key(photos: Iterable[_Photo]) -> bytes:
    facts = ((p.file.name, p.image.id, p.image.name, str(p.image.path), p.image.sha256) for p in photos)
    return _csv([_KEY_COLUMNS, *facts])


def _csv(rows: Iterable[Sequence[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig", "backslashreplace")  # Excel takes it for UTF-8 only so
