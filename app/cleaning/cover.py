"""What lies over the skin: hair (check ``hair``) and cloth at the edge (check ``clothing``); from reduced pixels.

Hair: thin dark lines, as DullRazor finds them (Lee et al. 1997: a closing takes them away, and what it took is looked
at along lines in twelve directions), as long as a hair and nowhere thick. The measure is their length together.

Cloth: a patch at the edge in a colour that skin has not (green, blue, violet). So a white, grey or skin-coloured cloth
is missed, and a coloured ground behind a limb, or a sticker, counts as one.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from app.cleaning.findings import FLOOR, Finding, Found
from app.cleaning.subject import Subject
from app.common.geometry import Box

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Mask = NDArray[np.uint8]

HALF_HAIR = 3.0  # length of all hairs together, in longer sides of the photo, at which the score is 0.5
HALF_CLOTH = 0.05  # share of the photo at which it is
_SIDE = 384  # longer side for hair, pixels
_WIDEST = 9  # of a line, pixels
_DEEPEST = 6  # a hair is darker than its ground by so much at least, grey levels
_ALONG = 2.5  # likewise on the mean along a line, less what all directions have in common
_COMMON = 1.6
_LINE, _DIRECTIONS = 21, 12
_SHORTEST = 0.09  # share of the longer side
_THICKEST = 1.9  # mean distance to a hair's edge, pixels
_BLACK = 30  # grey level: a dark ground, whose edge is a line too
_CLOTH_SIDE = 192
_STRANGE = (100.0, 330.0)  # hue in CIELAB, degrees, that skin has not
_CHROMA, _LIGHT = 12.0, 15.0  # CIELAB; in less no hue can be told
_AT_EDGE = 0.03  # share of the photo's edge


def examine(subject: Subject) -> Found:
    long = hair_length(subject.small)
    found = [Finding("hair", _score(long, HALF_HAIR), "check.hair.why", {"length": round(long, 1)})]
    cloth, box = cloth_share(subject.small)
    if box is not None:
        whole = box.scaled(max(subject.width, subject.height)).clipped(subject.width, subject.height)
        facts = {"share": max(1, round(100 * cloth))}
        found.append(Finding("clothing", _score(cloth, HALF_CLOTH), "check.clothing.why", facts, (whole,)))
    return Found(tuple(f for f in found if f.score >= FLOOR), {"hair": round(long, 2), "cloth": round(cloth, 3)})


def hair_length(pixels: Pixels) -> float:
    """Of all hairs together, in longer sides of the photo. ``pixels``: H x W x 3, uint8, RGB."""
    import cv2
    import numpy as np

    grey = cv2.cvtColor(_resized(pixels, _SIDE), cv2.COLOR_RGB2GRAY)
    lines = _dark_lines(np.asarray(grey, np.uint8))
    count, labels, sizes, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    if count == 1:
        return 0.0
    depth = cv2.distanceTransform(lines, cv2.DIST_L2, 3)
    area = np.maximum(sizes[1:, cv2.CC_STAT_AREA], 1)
    thick = np.bincount(labels.ravel(), depth.ravel(), count)[1:] / area
    long = np.hypot(sizes[1:, cv2.CC_STAT_WIDTH], sizes[1:, cv2.CC_STAT_HEIGHT])
    hairs = (long >= _SHORTEST * _SIDE) & (thick < _THICKEST)
    return float((area[hairs] / (2 * thick[hairs])).sum() / _SIDE)


def cloth_share(pixels: Pixels) -> tuple[float, Box | None]:
    """Share of the photo under the largest patch of cloth at the edge, and its box in longer sides of the photo."""
    import cv2
    import numpy as np

    small = _resized(pixels, _CLOTH_SIDE)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light, a, b = cv2.split(cv2.bilateralFilter(lab, 7, 12, 4))
    hue = np.degrees(np.arctan2(b, a)) % 360
    strange = (hue > _STRANGE[0]) & (hue < _STRANGE[1]) & (np.hypot(a, b) > _CHROMA) & (light > _LIGHT)
    patches = cv2.morphologyEx(strange.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, labels, sizes, _ = cv2.connectedComponentsWithStats(patches, connectivity=4)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    at_edge = np.bincount(edge, minlength=count)[1:] / len(edge) >= _AT_EDGE
    area = np.where(at_edge, sizes[1:, cv2.CC_STAT_AREA], 0)
    if not area.any():
        return 0.0, None
    x, y, w, h, _ = (float(v) / max(small.shape[:2]) for v in sizes[1 + int(area.argmax())])
    return float(area.max() / labels.size), Box(x, y, x + w, y + h)


def _dark_lines(grey: NDArray[np.uint8]) -> Mask:
    """1 where a thin dark line runs."""
    import cv2
    import numpy as np

    round_kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_WIDEST, _WIDEST))
    closed = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, round_kernel)
    taken = (closed - grey).astype(np.float32)
    if float((taken > _DEEPEST).mean()) < _SHORTEST / _SIDE:  # less than one hair
        return np.zeros(grey.shape, np.uint8)
    most, whole = np.zeros_like(taken), np.zeros_like(taken)
    for kernel in _lines():
        along = cv2.filter2D(taken, -1, kernel, borderType=cv2.BORDER_REFLECT)
        np.maximum(most, along, out=most)
        whole += along
    found = (most - _COMMON * whole / _DIRECTIONS > _ALONG) & (taken > _DEEPEST)
    dark_ground = cv2.dilate((closed < _BLACK).astype(np.uint8), np.ones((_LINE, _LINE), np.uint8))
    lines = cv2.morphologyEx((found & (dark_ground == 0)).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return np.asarray(lines, np.uint8)


@cache
def _lines() -> tuple[NDArray[np.float32], ...]:
    import cv2
    import numpy as np

    found, centre = [], _LINE // 2
    for k in range(_DIRECTIONS):
        angle = math.pi * k / _DIRECTIONS
        dx, dy = round(centre * math.cos(angle)), round(centre * math.sin(angle))
        kernel = np.zeros((_LINE, _LINE), np.float32)
        cv2.line(kernel, (centre - dx, centre - dy), (centre + dx, centre + dy), 1.0, 1)
        found.append(kernel / kernel.sum())
    return tuple(found)


def _resized(pixels: Pixels, side: int) -> Pixels:
    import cv2
    import numpy as np

    height, width = pixels.shape[:2]
    k = side / max(height, width)
    size = max(round(width * k), 1), max(round(height * k), 1)
    how = cv2.INTER_AREA if k < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)


def _score(measured: float, half: float) -> float:
    return measured / (measured + half)
