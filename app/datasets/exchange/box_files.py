"""Files of boxes as they were read or written last: their bytes, and which box each of their places stands for.

A place of a file (its position, see :class:`app.annotation.formats.Shape`) stands for the box that was made of it,
whose id is made of the file's and the position. :class:`Memory` holds what is otherwise: a place that stands for
another box (one that was there before, one that Squama wrote), and one whose box was not quite what the file says
(rounded numbers). It is the base of three-way merges.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.annotation.document import UNLABELLED, Annotation, Document, annotation_from_json, annotation_to_json
from app.annotation.formats import LESION, Context, Page, TargetPage, annotations_of, shapes_of, word_of
from app.annotation.merging import says_the_same
from app.common.packs import Pack
from db.tables import AnnotationFile, utc_now

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_CHUNK = 500


class Labels:
    """From a file's words to labels: the aliases of an import, then what the pack knows; remembers what it found."""

    def __init__(self, pack: Pack, aliases: Mapping[str, str]) -> None:
        self._pack = pack
        self._aliases = aliases
        self._found: dict[str, str | None] = {}

    def known(self, word: str) -> str | None:
        """The label, :data:`UNLABELLED` for a box that nobody has labelled, None for a word that nobody knows."""
        if word not in self._found:
            key = self._aliases.get(word.strip().casefold()) or self._pack.resolve(word)
            unlabelled = UNLABELLED if word.strip() in ("", LESION) else None
            self._found[word] = unlabelled if key is None else key
        return self._found[word]

    def __call__(self, word: str) -> str:
        """The label; a word that nobody knows stays what it is."""
        known = self.known(word)
        return word if known is None else known


@dataclass(frozen=True, slots=True)
class PageOf:
    """A file's page for one photo, and the photo's id and size in upright pixels."""

    page: Page
    image_id: int
    width: int
    height: int

    def boxes(self, file: int, label: Callable[[str], str]) -> dict[int, Annotation]:
        """By position, what reading makes of it. Raises UserError ``annotation_other_size``."""
        boxes = annotations_of(self.page, self.width, self.height, label, file)
        return {shape.position: box for shape, box in zip(self.page.shapes, boxes, strict=True)}

    def wanted(self, document: Document, ids: Mapping[int, str], new: Iterable[str]) -> Wanted:
        """What the page is to say: the boxes that its places stand for (``ids``), and ``new`` ones behind them."""
        positions = {id_: position for position, id_ in ids.items()}
        extra = frozenset(new)
        found = [
            (box.id, positions.get(box.id), shape)
            for box, (_, shape) in zip(document.annotations, shapes_of(document, word_of), strict=True)
            if box.id in positions or box.id in extra
        ]
        shapes = tuple((position, shape) for _, position, shape in found)
        target = TargetPage(self.page.image, self.width, self.height, document.verified, shapes)
        return Wanted(target, tuple(id_ for id_, _, _ in found))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a page is to say, and which box each of its shapes is."""

    target: TargetPage
    ids: tuple[str, ...]

    def places(self, now: Page) -> dict[int, str]:
        """Once it was written and read again as ``now``: which box each position stands for.

        Places that stayed come first in their order, new ones behind them, as every format writes them.
        """
        pairs = list(zip(self.ids, (position for position, _ in self.target.shapes), strict=True))
        stayed = sorted((position, id_) for id_, position in pairs if position is not None)
        order = [*(id_ for _, id_ in stayed), *(id_ for id_, position in pairs if position is None)]
        return {shape.position: id_ for shape, id_ in zip(now.shapes, order, strict=True)}


@dataclass(slots=True)
class Memory:
    """What the places of the file with the id ``file`` stand for, where it is not simply the box made of them."""

    file: int
    ids: dict[int, str] = field(default_factory=dict)
    boxes: dict[int, Any] = field(default_factory=dict)  # JSON of the annotation

    def id_at(self, position: int) -> str:
        return self.ids.get(position) or f"00{self.file:08x}{position:08x}"

    def stands_for(self, made: Mapping[int, Annotation]) -> dict[int, Annotation]:
        """For each position the document's box as it was when the file was read or written. ``made``: by reading."""
        return {
            position: annotation_from_json(self.boxes[position])
            if position in self.boxes
            else replace(box, id=self.id_at(position))
            for position, box in made.items()
        }

    def put(self, made: Mapping[int, Annotation], kept: Mapping[int, Annotation]) -> None:
        """From now on the positions of ``made`` stand for the boxes of ``kept``."""
        for position, box in made.items():
            self.ids.pop(position, None)
            self.boxes.pop(position, None)
            mine = kept.get(position, box)
            if mine.id != self.id_at(position):
                self.ids[position] = mine.id
            if not says_the_same(mine, box):
                self.boxes[position] = annotation_to_json(mine)

    def follow(self, before: Memory, was: Page, now: Page) -> None:
        """A page that did not change, whose places may have other numbers."""
        for old, new in zip(was.shapes, now.shapes, strict=True):
            if before.id_at(old.position) != self.id_at(new.position):
                self.ids[new.position] = before.id_at(old.position)
            if old.position in before.boxes:
                self.boxes[new.position] = before.boxes[old.position]


def memory_of(row: AnnotationFile) -> Memory:
    ids = {int(p): id_ for p, id_ in row.context.get("ids", {}).items()}
    return Memory(row.id, ids, {int(p): raw for p, raw in row.context.get("boxes", {}).items()})


def remember(row: AnnotationFile, data: bytes, memory: Memory, context: Mapping[str, object] | None = None) -> None:
    """The file says ``data`` now, and its places stand for what ``memory`` holds. ``context``: None for as it was."""
    parts = {"ids": memory.ids, "boxes": memory.boxes}
    rest = {k: v for k, v in (row.context if context is None else context).items() if k not in parts}
    row.context = rest | {k: {str(p): v for p, v in sorted(part.items())} for k, part in parts.items() if part}
    row.content, row.sha256, row.read = data, sha256(data), utc_now()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def files_at(session: Session, paths: Sequence[str], format: str) -> dict[str, AnnotationFile]:
    """The files that were read or written at ``paths``, by path."""
    found: dict[str, AnnotationFile] = {}
    for start in range(0, len(paths), _CHUNK):
        wanted = AnnotationFile.path.in_(paths[start : start + _CHUNK])
        rows = session.scalars(select(AnnotationFile).where(wanted, AnnotationFile.format == format))
        found.update((row.path, row) for row in rows)
    return found


def context_of(row: AnnotationFile, label: Callable[[str], str], **beside: Any) -> Context:
    """What reading the stored bytes once more needs; ``beside``: YOLO's ``sizes`` and ``names``."""
    raw = row.context
    classes, keypoints = tuple(raw.get("classes", ())), int(raw.get("keypoints", 0))
    return Context(classes=classes, label=label, keypoints=keypoints, **beside)
