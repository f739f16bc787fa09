"""Copies of photos as they come back from messengers, slides and web sites, which a search for duplicates must know.

Like ``benchmarks.faults``: whoever plants a copy does not read how it is looked for.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from app.common.images import encode_jpeg, read_photo

U8 = NDArray[np.uint8]
Rng = np.random.Generator

_WORDS = (
    "DermAtlas.org",
    "(c) 2019 Clinic",
    "SAMPLE",
    "www.skin-images.net",
    "Copyright",
    "Dr. A. Example",
    "PREVIEW 2021",
)
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)


def crop(pixels: U8, rng: Rng) -> U8:
    """A window of 55 to 90 % of each side, at any place."""
    height, width = pixels.shape[:2]
    tall, wide = round(height * rng.uniform(0.55, 0.9)), round(width * rng.uniform(0.55, 0.9))
    top, left = int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1))
    return np.ascontiguousarray(pixels[top : top + tall, left : left + wide])


def turn(pixels: U8, rng: Rng) -> U8:
    """By a quarter, a half, three quarters; one in three by up to 25 degrees, its corners cut off."""
    if rng.random() < 2 / 3:
        return np.ascontiguousarray(np.rot90(pixels, int(rng.integers(1, 4))))
    height, width = pixels.shape[:2]
    angle = rng.uniform(5, 25) * rng.choice((-1, 1))
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    turned = cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    inside = _inside(width, height, abs(angle))
    tall, wide = int(height * inside), int(width * inside)
    top, left = (height - tall) // 2, (width - wide) // 2
    return np.ascontiguousarray(np.asarray(turned, np.uint8)[top : top + tall, left : left + wide])


def mirror(pixels: U8, rng: Rng) -> U8:
    """Left to right or upside down."""
    return np.ascontiguousarray(pixels[:, ::-1] if rng.random() < 0.5 else pixels[::-1])


def rescale(pixels: U8, rng: Rng) -> U8:
    """To 35 to 80 or 125 to 200 %, the shorter side never under 96 pixels."""
    factor = rng.uniform(0.35, 0.8) if rng.random() < 0.6 else rng.uniform(1.25, 2.0)
    return _scaled(pixels, max(factor, 96 / min(pixels.shape[:2])))


def recompress(pixels: U8, rng: Rng) -> U8:
    """Through a JPEG of quality 15 to 60."""
    return read_photo(encode_jpeg(pixels, int(rng.integers(15, 61)))).pixels


def watermarked(pixels: U8, rng: Rng) -> U8:
    """Words over 30 to 90 % of the width, 30 to 100 % opaque, white, black or coloured; one in four tiled all over."""
    height, width = pixels.shape[:2]
    words, font = str(rng.choice(_WORDS)), int(rng.choice(_FONTS))
    tiled = rng.random() < 0.25
    wanted = width * (rng.uniform(0.25, 0.4) if tiled else rng.uniform(0.3, 0.9))
    size = wanted / max(1, cv2.getTextSize(words, font, 1.0, 1)[0][0])
    thick = max(1, round(size * rng.uniform(1, 2.5)))
    (wide, tall), _ = cv2.getTextSize(words, font, size, thick)
    ink = np.zeros((height, width), np.uint8)
    if tiled:
        places = [
            (x, y) for y in range(tall, height + tall, 4 * tall) for x in range(-wide // 3, width, round(1.3 * wide))
        ]
    else:
        places = [(int(rng.integers(max(1, width - wide))), int(rng.integers(tall, max(tall + 1, height))))]
    for place in places:
        cv2.putText(ink, words, place, font, size, 255, thick, cv2.LINE_AA)
    colour = np.array([(255, 255, 255), (0, 0, 0), rng.integers(0, 256, 3)][int(rng.integers(3))], np.float32)
    share = (ink / 255.0 * rng.uniform(0.3, 1.0))[..., None]
    return np.clip(np.rint(pixels * (1 - share) + colour * share), 0, 255).astype(np.uint8)


def several(pixels: U8, rng: Rng) -> U8:
    """Two or three of the others, one after the other."""
    for kind in rng.permutation(sorted(_SINGLE))[: int(rng.integers(2, 4))]:
        pixels = _SINGLE[str(kind)](pixels, rng)
    return pixels


_SINGLE: dict[str, Callable[[U8, Rng], U8]] = {
    "crop": crop,
    "turn": turn,
    "mirror": mirror,
    "rescale": rescale,
    "recompress": recompress,
    "watermarked": watermarked,
}
COPIES: dict[str, Callable[[U8, Rng], U8]] = {**_SINGLE, "several": several}


def _scaled(pixels: U8, factor: float) -> U8:
    size = (max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=way), np.uint8)


def _inside(width: int, height: int, degrees: float) -> float:
    """Share of both sides of the largest window of that shape without a turned photo's empty corners."""
    angle = np.radians(degrees)
    ratio = max(width, height) / min(width, height)
    return float(1 / (np.cos(angle) + ratio * np.sin(angle)))
