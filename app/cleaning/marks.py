"""Marks over a photo: somebody's watermark, printed text, a ruler, a pen on the skin; each with the places to mask.

A small network (``marks_net``) says of each cell of the photo what mark it belongs to; cells that touch are one mark.
Letters that say whose photo it is are a watermark, others are text; ``marks_reading`` judges which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from app.cleaning.findings import Finding, Found
from app.cleaning.marks_net import CELL, F32, KINDS, chances
from app.cleaning.marks_reading import READINGS, Place, readings
from app.cleaning.subject import Subject
from app.common.geometry import Box
from app.common.images import read_photo

SHORT = 512
"""Pixels of the shorter side that the network looks at, if there are so many."""
LARGER = 2.0
"""A smaller photo is enlarged by so much at most: its letters are as small as itself."""
SEEN = 0.5
"""From this chance on a cell is part of a place."""
ENOUGH = 40
"""A place's score is the mean of its so many likeliest cells; a smaller one is the less sure."""
NEAR = 3
"""Cells so far from each other are one place: letters of a word, strokes of a pen."""
READ = 8
"""Places of letters that are judged, the largest, at most."""
COVERED = 0.6
"""Share of a ruler's box that letters cover which are taken for its strokes."""
MOST = 12
"""Boxes of a finding, at most."""
_WHY = {
    "watermark": "check.watermark.why",
    "text": "check.text.why",
    "ruler": "check.ruler.why",
    "pen_mark": "check.pen_mark.why",
}


def examine(subject: Subject) -> Found:
    pixels = looked_at(subject)
    looks = seen_twice(pixels)
    found = [
        _finding(kind, places, subject, pixels.shape[1], looks[0, 0].size)
        for kind, places in marks_in(looks, pixels).items()
    ]
    return Found(tuple(f for f in found if f is not None))


def seen_twice(pixels: NDArray[np.uint8]) -> F32:
    """Two looks, (2, len(KINDS), h, w): the chances of each cell in the photo as it is, and in the photo at half its
    size, where large faint letters are seen whole."""
    height, width = pixels.shape[:2]
    size = (max(1, round(width / 2)), max(1, round(height / 2)))
    near, far = chances(pixels), chances(np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8))
    shape = near.shape[:0:-1]
    return np.stack([near, np.stack([cv2.resize(chance, shape) for chance in far])])


def marks_in(looks: F32, pixels: NDArray[np.uint8]) -> dict[str, list[Place]]:
    """The places of each kind, the surest first, from two looks (2, len(KINDS), h, w) and the pixels they were at.

    A place of letters is among the watermarks and among the texts, with the chance of being one as its score: in doubt
    it may count as both, for text may name the patient."""
    written = written_in(looks)
    judged = readings(written, looks, pixels)
    found = {
        kind: [
            replace(place, score=float(own))
            for place, own in zip(written, judged[:, READINGS.index(kind)], strict=True)
        ]
        for kind in KINDS[:2]
    }
    rulers = places(looks[:, KINDS.index("ruler")].max(0))
    found["ruler"] = [replace(r, score=r.score * (1 - _letters_on(r, found["text"]))) for r in rulers]
    found["pen_mark"] = places(looks[0, KINDS.index("pen_mark")])
    return {kind: sorted(of_kind, key=lambda place: -place.score) for kind, of_kind in found.items()}


def _letters_on(ruler: Place, texts: Sequence[Place]) -> float:
    """The chance that a ruler is a row of letters: of the surest text that covers most of it. A ruler's own numbers
    stand beside its strokes."""
    return max((text.score for text in texts if _covered(ruler.box, text.box) > COVERED), default=0.0)


def _covered(box: Box, by: Box) -> float:
    """Share of ``box`` that lies in ``by``."""
    width = min(box.x1, by.x1) - max(box.x0, by.x0)
    height = min(box.y1, by.y1) - max(box.y0, by.y0)
    return max(width, 0.0) * max(height, 0.0) / box.area


def written_in(looks: F32) -> list[Place]:
    """The largest places of letters or an emblem of either kind."""
    either = np.minimum((looks[:, 0] + looks[:, 1]).max(0) / 1.6, 1)
    return sorted(places(either), key=lambda place: -place.cells)[:READ]


def places(chance: F32) -> list[Place]:
    """Cells that touch, nearly at least, as places; the surest first."""
    seen = (chance >= SEEN).astype(np.uint8)
    joined = cv2.dilate(seen, np.ones((2 * NEAR + 1, 2 * NEAR + 1), np.uint8))
    count, labels = cv2.connectedComponents(joined, connectivity=8)
    labels = np.asarray(labels) * seen
    found = []
    for number in range(1, count):
        rows, columns = np.nonzero(labels == number)
        values = np.sort(chance[rows, columns])[::-1][:ENOUGH]
        box = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
        inside = labels[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] == number
        found.append(Place(float(values.sum()) / ENOUGH, box, inside))
    return sorted(found, key=lambda place: -place.score)


def _finding(kind: str, found: list[Place], subject: Subject, width: int, cells: int) -> Finding | None:
    if not found:
        return None
    score = found[0].score
    shown = [place for place in found if place.score >= min(0.5, score / 2)][:MOST]
    whole = Box(0, 0, subject.width, subject.height)
    boxes = tuple(_in_photo(place.box, subject.width / width, whole) for place in shown)
    share = 100 * sum(place.cells for place in shown) / cells
    facts = {"share": round(share, 1) if share < 10 else round(share), "places": len(shown)}
    return Finding(kind, score, _WHY[kind], facts, boxes)


def _in_photo(box: Box, factor: float, whole: Box) -> Box:
    grown = Box(box.x0 - 0.5, box.y0 - 0.5, box.x1 + 0.5, box.y1 + 0.5).scaled(CELL * factor)
    return grown.clipped(whole.width, whole.height)


def looked_at(subject: Subject) -> NDArray[np.uint8]:
    """Upright RGB with a shorter side of SHORT pixels, or of LARGER times what there are."""
    wanted = min(SHORT, subject.width, subject.height)
    small = subject.small
    pixels = small if min(small.shape[:2]) >= wanted else read_photo(subject.data, wanted).pixels
    return seen_at(pixels)


def seen_at(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Reduced to a shorter side of SHORT pixels, or enlarged towards it."""
    factor = min(LARGER, SHORT / min(pixels.shape[:2]))
    size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)
