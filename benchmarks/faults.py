"""Faults planted into photos for benchmarks, tests and the demo: what goes wrong between a camera and a folder.

``plant(kind, pixels, rng)`` gives a changed copy; sizes are shares of the photo's shorter side, so that a small photo
and a large one are spoilt alike. Light is changed in linear light, as a shutter would; noise comes after the lens, as
in a sensor. A planter is one line in ``PLANTERS``; whoever plants a fault does not read how its check looks for it.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from app.common.images import encode_jpeg
from benchmarks import planted_marks
from benchmarks.copies import COPIES

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Rng = np.random.Generator
Planter = Callable[[U8, Rng], U8]


def plant(kind: str, pixels: U8, rng: Rng) -> U8:
    """A copy of ``pixels`` (uint8 RGB, H x W x 3) with one fault of ``kind`` (a key of ``PLANTERS``)."""
    return PLANTERS[kind](pixels, rng)


def as_file(pixels: U8, rng: Rng) -> bytes:
    """A JPEG as a camera or a messenger writes it: quality 80 to 95."""
    return encode_jpeg(pixels, int(rng.integers(80, 96)))


def blur(pixels: U8, rng: Rng) -> U8:
    """Out of focus: a disc of 1.2 to 3 % of the shorter side for a radius."""
    return noisy(defocused(pixels, rng.uniform(0.012, 0.03) * _side(pixels)), rng)


def motion_blur(pixels: U8, rng: Rng) -> U8:
    """Moved while the shutter was open: a line of 3 to 7 % of the shorter side, in any direction."""
    return noisy(moved(pixels, rng.uniform(0.03, 0.07) * _side(pixels), rng.uniform(0, 180)), rng)


def dark(pixels: U8, rng: Rng) -> U8:
    """Three and a half to five stops too dark."""
    return noisy(_exposed(pixels, 2 ** -rng.uniform(3.5, 5)), rng)


def bright(pixels: U8, rng: Rng) -> U8:
    """Two to three and a half stops too bright: the skin burns out."""
    return _exposed(pixels, 2 ** rng.uniform(2, 3.5))


def low_contrast(pixels: U8, rng: Rng) -> U8:
    """A veil over the lens: 10 to 25 % of the contrast are left, around a grey of any lightness."""
    keep = rng.uniform(0.10, 0.25)
    grey = np.float32(rng.uniform(90, 190))
    return noisy(_u8(keep * pixels.astype(np.float32) + (1 - keep) * grey), rng)


def colour_cast(pixels: U8, rng: Rng) -> U8:
    """Light of a wrong colour: blue, cyan, green, yellow, or magenta, the others dimmed to 15 to 45 %."""
    kept = np.array([(0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 1, 0), (1, 0, 1)][int(rng.integers(5))], bool)
    gain = np.where(kept, 1.0, rng.uniform(0.15, 0.45)).astype(np.float32)
    return _srgb(_linear(pixels) * gain)


def black_border(pixels: U8, rng: Rng) -> U8:
    """Black bars of 4 to 18 % on one side, two facing sides or all four, as a scanner or a screenshot leaves them."""
    height, width = pixels.shape[:2]
    sides = [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (1, 1, 0, 0), (0, 0, 1, 1), (1, 1, 1, 1)]
    top, bottom, left, right = sides[int(rng.integers(len(sides)))]
    share = rng.uniform(0.04, 0.18)
    bar = _u8(np.full(pixels.shape, rng.uniform(0, 14)) + rng.normal(0, rng.uniform(0, 2), pixels.shape))
    tall, wide = max(3, round(share * height)), max(3, round(share * width))
    inside = (slice(top * tall, height - bottom * tall), slice(left * wide, width - right * wide))
    bar[inside] = pixels[inside]
    return bar


PLANTERS: dict[str, Planter] = {
    "blur": blur,
    "motion_blur": motion_blur,
    "dark": dark,
    "bright": bright,
    "low_contrast": low_contrast,
    "colour_cast": colour_cast,
    "black_border": black_border,
    "watermark": planted_marks.watermark,
    "text": planted_marks.text,
    **COPIES,
}


def defocused(pixels: U8, radius: float) -> U8:
    """Seen through a lens that draws a point as a disc of this radius (pixels, edges anti-aliased)."""
    reach = int(np.ceil(radius)) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return _through(pixels, disc)


def moved(pixels: U8, length: float, angle: float) -> U8:
    """Smeared along a line of ``length`` pixels, ``angle`` degrees from the x axis towards y."""
    reach = int(np.ceil(length / 2)) + 1
    across = np.radians(angle)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for t in np.linspace(-length / 2, length / 2, 8 * reach + 1):
        x, y = reach + t * np.cos(across), reach + t * np.sin(across)
        left, top = int(x), int(y)
        right, low = x - left, y - top
        kernel[top : top + 2, left : left + 2] += np.outer((1 - low, low), (1 - right, right))
    return _through(pixels, kernel)


def noisy(pixels: U8, rng: Rng) -> U8:
    """With the noise of a sensor: none to 2.5 grey levels."""
    noise = rng.standard_normal(pixels.shape, np.float32) * np.float32(rng.uniform(0, 2.5))
    return _u8(pixels + noise)


def _through(pixels: U8, kernel: NDArray[np.floating]) -> U8:
    kernel = (kernel / kernel.sum()).astype(np.float32)
    return _srgb(np.asarray(cv2.filter2D(_linear(pixels), -1, kernel, borderType=cv2.BORDER_REFLECT), np.float32))


def _exposed(pixels: U8, factor: float) -> U8:
    return _srgb(_linear(pixels) * np.float32(factor))


def _linear(pixels: U8) -> F32:
    """Light from sRGB values (IEC 61966-2-1)."""
    table = np.arange(256) / 255
    table = np.where(table <= 0.04045, table / 12.92, ((table + 0.055) / 1.055) ** 2.4)
    light: F32 = table.astype(np.float32)[pixels]
    return light


def _srgb(light: NDArray[np.floating]) -> U8:
    light = np.clip(light, 0, 1)
    return _u8(255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))


def _u8(values: NDArray[np.floating]) -> U8:
    whole: U8 = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return whole


def _side(pixels: U8) -> int:
    return int(min(pixels.shape[:2]))
