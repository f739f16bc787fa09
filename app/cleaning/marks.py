"""Marks over a photo: somebody's watermark, printed text, a ruler, a pen on the skin; each with the places to mask.

A small network (``marks_net``) says of each cell of the photo what mark it belongs to; cells that touch are one mark.
Letters that say whose photo it is are a watermark, others are text. Where that is in doubt they count as text as well:
text may name the patient.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from app.cleaning.findings import Finding, Found
from app.cleaning.marks_net import CELL, F32, KINDS, chances
from app.cleaning.subject import Subject
from app.common.geometry import Box
from app.common.images import read_photo

SHORT = 512
"""Pixels of the shorter side that the network looks at, or all that there are."""
SEEN = 0.65
"""From this chance on a cell is part of a place."""
ENOUGH = 10
"""A place's score is the mean of its so many likeliest cells; a smaller one is the less sure."""
NEAR = 2
"""Cells so far from each other are one place: letters of a word, strokes of a pen."""
DOUBT = 0.3
"""Letters count as a watermark if they are less likely text than 0.5, and as text if they are more likely than this."""
LESS = 0.5
"""Letters that are below that keep this share of their score at most."""
READING = (1.37, 3.73, -2.6, 3.81)
"""Of :func:`_likely_text`: constant (shifted on the development photos), and the weight of each of :func:`signs`."""
MOST = 12
"""Boxes of a finding, at most."""
_WHY = {
    "watermark": "check.watermark.why",
    "text": "check.text.why",
    "ruler": "check.ruler.why",
    "pen_mark": "check.pen_mark.why",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mark of one kind is seen: score 0..1, box in cells, how many cells."""

    score: float
    box: Box
    cells: int


def examine(subject: Subject) -> Found:
    pixels = looked_at(subject)
    maps = chances(pixels)
    found = [
        _finding(kind, places, subject, pixels.shape[1], maps[0].size)
        for kind, places in marks_in(maps, pixels).items()
    ]
    return Found(tuple(f for f in found if f is not None))


def marks_in(maps: F32, pixels: NDArray[np.uint8]) -> dict[str, list[Place]]:
    """The places of each kind, the surest first, from chances (len(KINDS), h, w) and the pixels they were read from."""
    found: dict[str, list[Place]] = {kind: [] for kind in KINDS}
    written = letters(maps)
    for place in places(written):
        if _of_a_ruler(place, maps, written):
            continue
        text = _likely_text(signs(place, maps, pixels))
        for kind, own, enough in (("watermark", 1 - text, 0.5), ("text", text, DOUBT)):
            weaker = replace(place, score=place.score * LESS * own / enough)
            found[kind].append(place if own >= enough else weaker)
    found |= {kind: places(chance) for kind, chance in zip(KINDS[2:], maps[2:], strict=True)}
    return {kind: sorted(of_kind, key=lambda place: -place.score) for kind, of_kind in found.items()}


def _of_a_ruler(place: Place, maps: F32, written: F32) -> bool:
    """Whether these letters are a ruler's own digits and ticks."""
    x0, y0, x1, y1 = (int(v) for v in place.box.as_list())
    part = written[y0:y1, x0:x1]
    seen = part >= SEEN
    return bool(maps[KINDS.index("ruler"), y0:y1, x0:x1][seen].mean() >= part[seen].mean())


def signs(place: Place, maps: F32, pixels: NDArray[np.uint8]) -> tuple[float, float, float]:
    """What tells written facts from a mark of ownership: the network's odds (log), how far the ink is from pure, as any
    that lets the photo through is (0 black, white or a screen's colour, to 1), and how colourful it is (0..1)."""
    x0, y0, x1, y1 = (int(v) for v in place.box.as_list())
    sums = maps[:2, y0:y1, x0:x1].sum((1, 2)) + 0.1
    part = np.ascontiguousarray(pixels[y0 * CELL : y1 * CELL, x0 * CELL : x1 * CELL])
    reach = min(31, max(3, min(part.shape[:2]) // 2 | 1))
    away = np.abs(part.astype(np.int16) - cv2.medianBlur(part, reach)).max(2)
    ink = part[away >= np.percentile(away, 92)].astype(np.float32).mean(0)
    strongest = part[away >= np.percentile(away, 97)]
    impure = float(np.median(np.minimum(strongest, 255 - strongest), axis=0).mean()) / 128
    chroma = float((ink.max() - ink.min()) / max(float(ink.max()), 1.0))
    return float(np.log(sums[1] / sums[0])), impure, chroma


def _likely_text(values: tuple[float, float, float]) -> float:
    """Logistic; weights fitted as ``tools/train_marks.py --reading`` does."""
    odds = READING[0] + sum(weight * value for weight, value in zip(READING[1:], values, strict=True))
    return float(1 / (1 + np.exp(-np.clip(odds, -30, 30))))


def letters(maps: F32) -> F32:
    """How likely each cell is part of letters or an emblem of either kind."""
    return np.asarray(np.minimum((maps[0] + maps[1]) / 1.6, 1), np.float32)


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
        found.append(Place(float(values.sum()) / ENOUGH, box, len(rows)))
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
    """Upright RGB with a shorter side of SHORT pixels, or what there is."""
    wanted = min(SHORT, subject.width, subject.height)
    small = subject.small
    pixels = small if min(small.shape[:2]) >= wanted else read_photo(subject.data, wanted).pixels
    short = min(pixels.shape[:2])
    if short <= wanted:
        return pixels
    size = (round(pixels.shape[1] * wanted / short), round(pixels.shape[0] * wanted / short))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
