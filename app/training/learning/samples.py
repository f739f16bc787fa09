"""A frozen data set's photos in memory, as the loops need them: pieces around lesions, and whole small photos."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from app.common.errors import UserError
from app.common.geometry import Box
from app.common.images import read_photo, walk_photos
from app.common.masking import masked
from app.datasets.freezing.frozen import FrozenImage
from app.inference.crops import crop_region, cut_square
from app.training.plan import LesionSource

U8 = NDArray[np.uint8]
Loaded = TypeVar("Loaded")
DETAIL = 1.2
"""Pieces are kept at this multiple of the network's input, so that a zoomed picture is still sharp."""
ROOM = 1.7
"""Pieces show this multiple of the crop's side, so that a shifted, turned picture still shows the photo."""
UNKNOWN = -1
MASK_ENDS = ("_Segmentation", "_segmentation", "_mask", "")


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """A part of a photo around one lesion (or a whole photo: ``box`` None).

    ``region`` is the square that diagnosing would show for the box, in pixels of ``pixels`` (uint8, H x W x 3, RGB).
    """

    pixels: U8
    region: Box
    label: int
    image: FrozenImage
    box: Box | None


@dataclass(frozen=True, eq=False, slots=True)
class Scene:
    """A small photo: ``boxes`` (B, 4) in pixels of ``pixels``, ``labels`` (B,): class index, -1 for "not known".

    ``scale`` is pixels held per pixel of the full photo; ``image`` is None for photos of a lesion source.
    """

    pixels: U8
    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]
    scale: float
    image: FrozenImage | None
    name: str


def load_pieces(
    images: Iterable[FrozenImage], classes: Sequence[str], size: int, margin: float, whole: bool
) -> list[Piece]:
    """All lesions of known classes; with ``whole`` also the photos themselves whose lesions are of one class."""
    return [p for part in _side_by_side(lambda i: _pieces(i, classes, size, margin, whole), images) for p in part]


def _pieces(image: FrozenImage, classes: Sequence[str], size: int, margin: float, whole: bool) -> list[Piece]:
    wanted = [(box, classes.index(label)) for box, label in image.boxes if label in classes and not box.is_empty]
    regions: list[tuple[Box | None, int, Box]] = [
        (box, label, crop_region(box, margin, image.width, image.height)) for box, label in wanted
    ]
    names = {label for _, label in wanted} or ({classes.index(image.label)} if image.label in classes else set())
    if (whole or not wanted) and len(names) == 1:
        photo_box = Box(0, 0, image.width, image.height)
        regions.append((None, next(iter(names)), crop_region(photo_box, margin, image.width, image.height)))
    if not regions:
        return []
    finest = min(region.width for _, _, region in regions)
    short = int(min(image.width, image.height) * min(1.0, DETAIL * size / finest)) + 1
    pixels = _pixels(image, short)
    return [_piece(pixels, image, box, label, region, size) for box, label, region in regions]


def _side_by_side(load: Callable[[FrozenImage], Loaded], images: Iterable[FrozenImage]) -> Iterator[Loaded]:
    """``load`` of each image, in order, as many at once as there are cores: decoding leaves the others at work."""
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="photos") as pool:
        yield from pool.map(load, images)


def _pixels(image: FrozenImage, short_side: int) -> U8:
    """The photo that was frozen, its masks painted. Raises UserError ``photo_changed`` where another lies now."""
    photo = read_photo(image.path, short_side)
    if hashlib.sha256(image.path.read_bytes()).hexdigest() != image.sha256:
        raise UserError("photo_changed", file=image.path.name)
    return masked(photo.pixels, image.masks, photo.scale)


def _piece(pixels: U8, image: FrozenImage, box: Box | None, label: int, region: Box, size: int) -> Piece:
    held = pixels.shape[1] / image.width
    region = region.scaled(held)
    around = region.with_margin((ROOM - 1) / 2)
    x0, y0 = max(int(around.x0), 0), max(int(around.y0), 0)
    x1, y1 = min(int(around.x1) + 1, pixels.shape[1]), min(int(around.y1) + 1, pixels.shape[0])
    part = pixels[y0:y1, x0:x1]
    factor = min(1.0, DETAIL * size / region.width)
    wide, high = max(round(part.shape[1] * factor), 1), max(round(part.shape[0] * factor), 1)
    small = np.ascontiguousarray(cv2.resize(part, (wide, high), interpolation=cv2.INTER_AREA), np.uint8)
    return Piece(small, region.moved(-x0, -y0).scaled(wide / part.shape[1]), label, image, box)


def squares(pieces: Sequence[Piece], size: int) -> U8:
    """(N, size, size, 3) uint8: the pieces as diagnosing shows them."""
    return np.stack([cut_square(p.pixels, p.region, size) for p in pieces])


def load_scenes(images: Iterable[FrozenImage], classes: Sequence[str], short_side: int) -> list[Scene]:
    """Photos reduced to ``short_side``. Labels beside ``classes`` ("other") become lesions of unknown disease."""

    def scene(image: FrozenImage) -> Scene:
        pixels = shrunk(_pixels(image, short_side), short_side)
        scale = pixels.shape[1] / image.width
        kept = [(box, label) for box, label in image.boxes if not box.is_empty]
        boxes = np.array([box.scaled(scale).as_list() for box, _ in kept], float).reshape(-1, 4)
        labels = np.array([classes.index(name) if name in classes else UNKNOWN for _, name in kept], np.int64)
        return Scene(pixels, boxes, labels, scale, image, str(image.id))

    return list(_side_by_side(scene, images))


def load_lesion_source(source: LesionSource, short_side: int) -> list[Scene]:
    """Photos with masks, one box each, disease unknown; photos with an empty mask are left out.

    Raises:
        UserError: ``lesion_source_missing`` when a folder or a mask is not there.
    """
    scenes = []
    for file in walk_photos([Path(source.images)]) if Path(source.images).is_dir() else ():
        if half_of(file.name) != source.half:
            continue
        masks = [Path(source.masks) / f"{file.stem}{end}.png" for end in MASK_ENDS]
        mask_file = next((m for m in masks if m.exists()), None)
        if mask_file is None:
            raise UserError("lesion_source_missing", source=masks[0].name)
        mask = read_photo(mask_file).pixels[..., 0] > 127
        if not mask.any():
            continue
        pixels = shrunk(read_photo(file).pixels, short_side)
        ys, xs = np.nonzero(mask)
        extent = np.array([[xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]]) / np.tile(mask.shape[::-1], 2)
        boxes = extent * np.tile(pixels.shape[1::-1], 2)
        scenes.append(Scene(pixels, boxes, np.array([UNKNOWN], np.int64), 1.0, None, file.name))
    if not scenes:
        raise UserError("lesion_source_missing", source=Path(source.images).name)
    return scenes


def half_of(name: str) -> str:
    """ "train" where the SHA-256 of the file's name is even, else "test"."""
    return "train" if hashlib.sha256(name.encode()).digest()[-1] % 2 == 0 else "test"


def shrunk(pixels: U8, short_side: int) -> U8:
    """Reduced by area averaging to ``short_side``; a smaller photo is enlarged bilinearly."""
    h, w = pixels.shape[:2]
    factor = short_side / min(h, w)
    if factor == 1:
        return pixels
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.ascontiguousarray(cv2.resize(pixels, (round(w * factor), round(h * factor)), interpolation=how), np.uint8)
