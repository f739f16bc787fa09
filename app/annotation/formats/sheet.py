"""What an annotation file says, whatever its format: pages of shapes. Coordinates are pixels as the file has them.

A sheet is read from bytes and never guessed: what cannot be read completely is ``annotation_damaged``, which says file,
line and reason. Flipped corners, parts outside the photo and boxes without an area stay as the file has them here;
:func:`app.annotation.formats.annotations_of` puts them right for the program, and the file stays as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from app.annotation.document import UNLABELLED
from app.common.errors import UserError
from app.common.packs import Pack
from app.common.words import text

Ring = tuple[tuple[float, float], ...]
"""A closed line, in pixels of the photo."""
Corners = tuple[float, float, float, float]

LESION: Final = "lesion"  # the word in a file of a box that nobody has labelled
LARGEST_PAGE: Final = 50_000_000  # bytes of a photo's file without a photo in it
_NO_FOLDER: Final = re.compile(r'[\x00-\x1f<>:"|?*]')
LARGEST: Final = 1e7  # pixels; beyond it a coordinate is a damaged file, not a photo


class Shape(NamedTuple):
    """One box of a file; a tuple, because a file may hold 100,000 of them.

    ``label`` is the file's own word. ``corners``: x0, y0, x1, y1 as the file says, perhaps flipped or outside.
    ``outline``: what a polygon, mask, circle or rotated box covers, whose extent the corners are. ``position``: its
    place among the shapes of its file, counted over all pages (-1: in no file yet).
    """

    label: str
    corners: Corners
    difficult: bool = False
    outline: tuple[Ring, ...] = ()
    score: float | None = None
    position: int = -1


@dataclass(frozen=True, slots=True)
class Page:
    """One photo of a file: ``image`` is what the file calls it; ``width``, ``height``: 0 where it does not say."""

    image: str
    width: int = 0
    height: int = 0
    shapes: tuple[Shape, ...] = ()
    verified: bool = False

    @property
    def photo_name(self) -> str:
        """The bare name: a file may hold a path of whichever system it was made on."""
        return self.image.replace("\\", "/").rsplit("/", 1)[-1]


def names_apart(pages: Sequence[Page]) -> list[str]:
    """The photos' bare names; photos that share one are told apart by their folders, where the pages say them."""
    known = Counter(page.photo_name.casefold() for page in pages)
    return [_with_folder(page) if known[page.photo_name.casefold()] > 1 else page.photo_name for page in pages]


def _with_folder(page: Page) -> str:
    """Below the set's own folder; a path that leads out of it is no more than its last part."""
    path = PurePosixPath(page.image.replace("\\", "/"))
    is_inside = not path.is_absolute() and ".." not in path.parts and not _NO_FOLDER.search(str(path))
    return str(path) if is_inside else page.photo_name


@dataclass(frozen=True, slots=True)
class Sheet:
    """``classes``: the file's own list in its own order, where the format has one (YOLO: the one it was read with)."""

    pages: tuple[Page, ...]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetPage:
    """What a photo's page is to say.

    ``shapes``: each with its position in the file, None for a new one. Shapes of the page that are not listed are
    removed; one that says what the file says (flipped corners put right, parts outside cut) is not touched.
    ``width`` and ``height`` are the photo's own.
    """

    image: str
    width: int
    height: int
    verified: bool
    shapes: tuple[tuple[int | None, Shape], ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in a file; ``line`` counts from 1, 0 where it concerns the whole file. ``position``: the shape's."""

    line: int
    code: str
    text: str
    position: int = -1


def _same(word: str) -> str:
    return word


@dataclass(frozen=True, slots=True)
class Context:
    """What reading and writing need beside the file's bytes.

    ``classes``: YOLO's list. ``sizes`` and ``names``: width and height, and file name, of the photo behind a stem.
    ``label``: the key behind a file's word, the one that the boxes were read with; two words of one key are the same
    label, so that a file which says "Psoriasis" is not rewritten because the program says ``psoriasis``.
    ``keypoints``: how many numbers each key point of a YOLO pose file has, 0 where the lines hold none.
    """

    classes: tuple[str, ...] = ()
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    label: Callable[[str], str] = _same
    keypoints: int = 0


class DamageError(Exception):
    """What is wrong in a file, in few words, and on which line (0: unknown)."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line

    def for_person(self, name: str) -> UserError:
        where = text("formats.at_line", line=self.line, reason=self.reason) if self.line else self.reason
        return UserError("annotation_damaged", file=name, line=self.line, reason=where)


def label_of(pack: Pack | None) -> Callable[[str], str]:
    """From a file's word to the pack's key; words that the pack does not know stay as they are."""

    def label(word: str) -> str:
        if word in ("", LESION):
            return UNLABELLED
        return (pack.resolve(word) if pack else None) or word

    return label


def word_of(label: str) -> str:
    """From a label to the word in a file."""
    return label or LESION
