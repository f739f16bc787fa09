"""A file that two sides have changed, brought together box by box.

What the file said when Squama last read or wrote it is the base; what it says now is theirs, the document is ours. A
box that only one side has changed becomes as that side has it; one that both have changed differently is a conflict.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from app.annotation.document import Annotation, Document, Edit, new_id
from app.common.geometry import Box, iou

Prefer = Literal["nobody", "theirs", "ours", "both"]
"""What becomes of a conflict: nothing is merged; theirs, ours, or ours with theirs beside it."""

SAME_BOX = 0.5  # IoU from which a changed box of the file is the one that was there before
ROUNDED = 1.0  # pixels; some formats hold whole numbers only


@dataclass(frozen=True, slots=True)
class FileState:
    """One photo's page of a file at one moment: whether it is marked verified, and its boxes by their position."""

    boxes: Mapping[int, Annotation]
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """``edit`` leads from ours to what both sides make together (None: to nothing new).

    ``kept``: for each position of theirs the box of the document that it stands for, as the file knows it, to be the
    base of the next merge. ``conflicts``: how many boxes (and the mark) both sides have changed differently.
    """

    edit: Edit | None
    kept: Mapping[int, Annotation]
    conflicts: int = 0


def merged(
    ours: Document, kept: Mapping[int, Annotation], was: FileState, now: FileState, prefer: Prefer = "nobody"
) -> Merge:
    """Bring together ``ours`` and the file, which said ``was`` and says ``now``.

    ``kept``: for each position of ``was`` the box that the document had for it then. A position that it lacks stands
    for a box of its own, as for a file that is read for the first time (``was`` empty).
    """
    work = _Work(ours, prefer)
    partners = _partners(was.boxes, now.boxes)
    for position, base in kept.items():
        there = partners.get(position)
        if there is None:
            work.removed(base)
        else:
            work.stayed(there, base, was.boxes[position], now.boxes[there])
    known = {there for position, there in partners.items() if position in kept}
    for position, box in now.boxes.items():
        if position not in known:
            work.came(position, box)
    return work.result(was.verified, now.verified)


class _Work:
    """The merge under way."""

    def __init__(self, ours: Document, prefer: Prefer) -> None:
        self._ours = ours
        self._prefer = prefer
        self._boxes = dict(ours.by_id)
        self._kept: dict[int, Annotation] = {}
        self._conflicts = 0

    def removed(self, base: Annotation) -> None:
        mine = self._ours.find(base.id)
        if mine is None:
            return
        if says_the_same(mine, base):
            del self._boxes[base.id]
            return
        self._conflicts += 1
        if self._prefer == "theirs":
            del self._boxes[base.id]

    def stayed(self, position: int, base: Annotation, was: Annotation, now: Annotation) -> None:
        mine = self._ours.find(base.id)
        if says_the_same(was, now):
            self._kept[position] = base
        elif mine is not None and says_the_same(mine, base):
            self._take(position, mine, now)
        elif mine is not None and _says_nearly(mine, now):
            self._kept[position] = mine
        else:
            self._conflict(position, base, mine, now)

    def came(self, position: int, box: Annotation) -> None:
        near = (one for place in range(_place(box) - 1, _place(box) + 2) for one in self._unclaimed.get(place, ()))
        same = next((one for one in near if _says_nearly(one, box)), None)
        if same is None:
            same = replace(box, id=new_id())
            self._boxes[same.id] = same
        else:
            self._unclaimed[_place(same)].remove(same)
        self._kept[position] = same

    @cached_property
    def _unclaimed(self) -> dict[int, list[Annotation]]:
        """By place, the boxes that stand for none of the file's; asked for once those that do are known."""
        taken = {b.id for b in self._kept.values()}
        found: dict[int, list[Annotation]] = {}
        for one in self._boxes.values():
            if one.id not in taken:
                found.setdefault(_place(one), []).append(one)
        return found

    def result(self, was: bool, now: bool) -> Merge:
        mark = self._ours.verified
        if was != now and mark != now:
            mark = now
        before = tuple(a for a in self._ours.annotations if self._boxes.get(a.id) != a)
        after = tuple(a for a in self._boxes.values() if self._ours.find(a.id) != a)
        step = (self._ours.verified, mark) if mark != self._ours.verified else None
        edit = Edit("merge", before, after, step) if before or after or step else None
        return Merge(edit, self._kept, self._conflicts)

    def _take(self, position: int, mine: Annotation, now: Annotation) -> None:
        taken = replace(mine, box=now.box, label=now.label, difficult=now.difficult, outline=now.outline)
        self._boxes[mine.id] = self._kept[position] = taken

    def _conflict(self, position: int, base: Annotation, mine: Annotation | None, now: Annotation) -> None:
        self._conflicts += 1
        self._kept[position] = replace(now, id=base.id)
        if self._prefer == "theirs":
            self._take(position, mine or base, now)
        elif self._prefer == "both":
            beside = replace(now, id=new_id())
            self._boxes[beside.id] = self._kept[position] = beside


def says_the_same(a: Annotation, b: Annotation) -> bool:
    """Whether a file has nothing to tell between the two."""
    return (a.box, a.label, a.difficult, a.outline) == (b.box, b.label, b.difficult, b.outline)


def _place(one: Annotation) -> int:
    """Boxes within a pixel have the same one or neighbours."""
    return int(one.box.x0 // ROUNDED)


def _says_nearly(a: Annotation, b: Annotation) -> bool:
    near = all(abs(p - q) <= ROUNDED for p, q in zip(a.box.as_list(), b.box.as_list(), strict=True))
    return near and (a.label, a.difficult) == (b.label, b.difficult)


def _partners(was: Mapping[int, Annotation], now: Mapping[int, Annotation]) -> dict[int, int]:
    """Which box of ``now`` is which of ``was``: those that say the same, in order, then by how much they overlap."""
    found: dict[int, int] = {}
    same: dict[tuple[object, ...], list[int]] = {}
    for position, box in sorted(now.items(), reverse=True):
        same.setdefault((box.box, box.label, box.difficult, box.outline), []).append(position)
    for position, box in sorted(was.items()):
        places = same.get((box.box, box.label, box.difficult, box.outline))
        if places:
            found[position] = places.pop()
    taken = set(found.values())
    old = {p: b.box for p, b in was.items() if p not in found}
    new = {p: b.box for p, b in now.items() if p not in taken}
    for position, there in _overlaps(old, new):
        if position in old and there in new:
            found[position] = there
            del old[position], new[there]
    return found


def _overlaps(old: Mapping[int, Box], new: Mapping[int, Box]) -> Iterator[tuple[int, int]]:
    """Pairs that overlap enough, those that overlap most first. Only boxes that begin before the other ends can."""
    order = sorted(new, key=lambda p: new[p].x0)
    starts = [new[p].x0 for p in order]
    found = []
    for position, one in old.items():
        for there in order[: bisect_left(starts, one.x1)]:
            if new[there].x1 > one.x0 and (share := iou(one, new[there])) >= SAME_BOX:
                found.append((-share, position, there))
    return ((position, there) for _, position, there in sorted(found))
