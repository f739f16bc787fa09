"""Whether a place of letters is somebody's watermark, written facts, or neither: boosted trees on what can be measured.

They read nothing: they weigh the network's chances, where the place is, its ink and the photo's light. They were fitted
on the plantings of the benchmark's development part (``tools/fit_marks_reading.py``, ``resources/marks/CARD.md``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from app.cleaning.marks_net import CELL, F32, KINDS
from app.common.geometry import Box
from app.common.places import RESOURCES

WEIGHTS = RESOURCES / "marks" / "reading.safetensors"
READINGS = ("none", "text", "watermark")
U8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mark of one kind is seen: score 0..1, box in cells, which of the box's cells (h, w)."""

    score: float
    box: Box
    seen: NDArray[np.bool_] = field(compare=False, repr=False)

    @property
    def cells(self) -> int:
        return int(self.seen.sum())

    @property
    def part(self) -> tuple[slice, slice]:
        """Of a map."""
        x0, y0, x1, y1 = (int(v) for v in self.box.as_list())
        return slice(y0, y1), slice(x0, x1)


@dataclass(frozen=True, slots=True)
class Trees:
    """Boosted trees, three for each round (one for each of READINGS), each array (trees, nodes): which sign a node
    looks at (a leaf: -1), up to which value it goes left, its children, and what a leaf adds to its reading."""

    sign: NDArray[np.int16]
    up_to: NDArray[np.float64]
    left: NDArray[np.int16]
    right: NDArray[np.int16]
    adds: NDArray[np.float32]

    def chances(self, signs: NDArray[np.float32]) -> NDArray[np.float64]:
        """(len(READINGS),) from the signs of one place."""
        trees = np.arange(len(self.sign))
        at = np.zeros(len(trees), np.int64)
        while (looks := self.sign[trees, at]).max() >= 0:
            goes = np.where(signs[looks] <= self.up_to[trees, at], self.left[trees, at], self.right[trees, at])
            at = np.where(looks >= 0, goes, at)
        raw = self.adds[trees, at].reshape(-1, len(READINGS)).sum(0, dtype=np.float64)
        odds = np.exp(raw - raw.max())
        return np.asarray(odds / odds.sum(), np.float64)


def readings(places: list[Place], looks: F32, pixels: U8) -> NDArray[np.float64]:
    """(places, len(READINGS)): how likely each place is each."""
    seen = [np.array(signs(place, places, looks, pixels), np.float32) for place in places]
    return np.array([shipped().chances(values) for values in seen]).reshape(-1, len(READINGS))


@cache
def shipped() -> Trees:
    from safetensors.numpy import load_file

    return Trees(**load_file(WEIGHTS))


def signs(place: Place, others: list[Place], looks: F32, pixels: U8) -> list[float]:
    """What is measured of a place among all of its photo: the network's view, where it lies, its ink, the light."""
    part = np.ascontiguousarray(pixels[tuple(slice(s.start * CELL, s.stop * CELL) for s in place.part)])
    total = sum(other.cells for other in others)
    return [
        *_chances(place, looks[0]),
        *_chances(place, looks[1]),
        *_lie(place, looks.shape[2:]),
        np.log(len(others)),
        np.log(total),
        place.cells / total,
        *_ink(part),
        *(value for area in (part, pixels) for value in (area.mean() / 255, (area > 245).mean())),
    ]


def _chances(place: Place, maps: F32) -> list[float]:
    """How sure, how large; text against watermark (log odds) in the box and the cells; ruler and pen there."""
    box = maps[(slice(None), *place.part)]
    cells = box[:, place.seen]
    likeliest = np.sort(np.minimum((cells[0] + cells[1]) / 1.6, 1))[::-1]
    whole, own = box[:2].sum((1, 2)) + 0.1, cells[:2].sum(1) + 0.3
    ruler, pen = KINDS.index("ruler"), KINDS.index("pen_mark")
    return [
        likeliest[:10].sum() / 10,
        likeliest[:40].sum() / 40,
        np.log(place.cells),
        np.log(whole[1] / whole[0]),
        np.log(own[1] / own[0]),
        cells[0].max(),
        cells[1].max(),
        box[ruler].mean(),
        cells[ruler].mean(),
        cells[pen].mean(),
    ]


def _lie(place: Place, shape: tuple[int, ...]) -> list[float]:
    """Shape and size of the box, how full it is, which edges it touches, how far it lies aslant."""
    height, width = shape
    x0, y0, x1, y1 = place.box.as_list()
    rows, columns = np.nonzero(place.seen)
    scatter = np.cov(np.stack([columns, rows])) if len(rows) > 2 else np.zeros((2, 2))
    spread, axes = np.linalg.eigh(scatter + 0.05 * np.eye(2))
    slant = abs(np.sin(2 * np.arctan2(axes[1, 1], axes[0, 1]))) * (1 - spread[0] / spread[1])
    return [
        np.log((x1 - x0) / (y1 - y0)),
        np.log((y1 - y0) / min(height, width)),
        (x1 - x0) / width,
        place.cells / place.seen.size,
        float(y1 >= height - 1),
        float(y0 <= 1),
        float(x1 - x0 > 0.9 * width),
        slant,
    ]


def _ink(part: U8) -> list[float]:
    """Of the strokes: how far from pure (0 black, white or a screen's colour, to 1: what lets the photo through), how
    colourful, contrast, how even, brighter or darker than the ground; how flat that is; how many pieces, how unlike."""
    reach = min(31, max(3, min(part.shape[:2]) // 2 | 1))
    ground = cv2.medianBlur(part, reach)
    red, green, blue = cv2.split(cv2.absdiff(part, ground))
    away = cv2.max(cv2.max(red, green), blue)
    contrast = float(np.percentile(away, 97))
    strong, stroke = away >= contrast, away >= max(2.0, contrast / 2)
    ink, strongest = part[away >= np.percentile(away, 92)].astype(np.float32).mean(0), part[strong]
    impure = float(np.median(np.minimum(strongest, 255 - strongest), axis=0).mean()) / 128
    _, _, stats, _ = cv2.connectedComponentsWithStats(stroke.astype(np.uint8), connectivity=8)
    pieces = stats[1:][stats[1:, cv2.CC_STAT_AREA] > 3]
    area = pieces[:, cv2.CC_STAT_AREA] if len(pieces) else np.ones(1)
    tall = pieces[:, cv2.CC_STAT_HEIGHT].max() if len(pieces) else 1
    return [
        impure,
        float((ink.max() - ink.min()) / max(float(ink.max()), 1.0)),
        contrast / 128,
        float(part[strong].astype(np.float32).std(0).mean()) / 64,
        float(np.sign(part[strong].astype(np.int16) - ground[strong]).mean()),
        float((away <= 2).mean()),
        float(cv2.meanStdDev(ground)[1].mean()) / 64,
        float(np.log(area.max() / np.median(area))),
        float(np.log(len(area))),
        float(tall) / part.shape[0],
        float(stroke.mean()),
    ]
