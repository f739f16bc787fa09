"""Light, colour and size of a photo, from a few thousand of its quarter-scale pixels.

Every score is a smooth, monotone map of one measured number, with 0.5 about where a photo is of no use any more: a
slider moves over all of it. The numbers in the maps were set on development photos, see ``benchmarks/pixel_checks.py``.
"""

from __future__ import annotations

from functools import cache
from math import log

import cv2
import numpy as np
from numpy.typing import NDArray

from app.cleaning.findings import Finding, Found
from app.cleaning.subject import Subject

SAMPLED = 6_000
"""The colours of about so many pixels are looked at, on a grid."""
BRIGHT_END = 0.97
"""The share of pixels that may be brighter than what counts as the photo's brightest part: a caption is no light."""
BURNT = 250
"""From here on in two of three channels a pixel tells nothing any more."""
WHITE = 245
"""From here on a grey pixel is burnt."""
ODD = 0.35
"""Shorter by longer side at which a score is 0.5 (cleanvision's default too)."""

_QUANTILES = np.array([0.02, 0.5, BRIGHT_END, 0.98])
_DARK, _BURNT_SHARE, _SPREAD, _SHORT_SIDE = 85.0, 0.42, 36.0, 160.0
"""Where the scores are 0.5: grey level, share, grey levels, pixels."""

_TOGETHER = np.ones((1, 3), np.float32)


def examine(subject: Subject) -> Found:
    low, middle, bright_end, high = _tones(subject.levels)
    pixels = sample(subject.small)
    channels = cv2.transform(cv2.threshold(pixels, BURNT - 1, 1, cv2.THRESH_BINARY)[1], _TOGETHER)
    burnt = np.count_nonzero(channels >= 2) / channels.size
    shorter, longer = sorted((subject.width, subject.height))
    ratio = longer / shorter
    findings = (
        Finding("dark", _falling(bright_end, _DARK), "check.dark.why", {"light": round(100 * bright_end / 255)}),
        Finding("bright", _rising(burnt, _BURNT_SHARE), "check.bright.why", {"share": round(100 * burnt)}),
        Finding("low_contrast", _falling(high - low, _SPREAD), "check.low_contrast.why",
                {"spread": round(100 * (high - low) / 255)}),
        Finding("low_resolution", _falling(shorter, _SHORT_SIDE), "check.low_resolution.why",
                {"width": subject.width, "height": subject.height}),
        Finding("odd_aspect", min(1.0, ODD * ratio / 2), "check.odd_aspect.why", {"ratio": round(ratio, 1)}),
    )  # fmt: skip
    return Found(findings, {"light": round(float(middle), 1), "colour": colour(pixels)})


def spoilt(levels: NDArray[np.float32]) -> float:
    """The worst score of ``dark``, ``bright`` and ``low_contrast`` as the grey levels alone tell it (bright: about)."""
    low, _, bright_end, high = _tones(levels)
    white = 1 - float(levels[WHITE - 1] / levels[-1])
    return max(_falling(bright_end, _DARK), _falling(high - low, _SPREAD), _rising(white, _BURNT_SHARE))


def _tones(levels: NDArray[np.float32]) -> list[int]:
    """Grey levels of the darkest, the middle, and two of the brightest pixels; ``levels``: as :class:`Subject`'s."""
    return [int(n) for n in np.searchsorted(levels, levels[-1] * _QUANTILES)]


def sample(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """About :data:`SAMPLED` pixels of ``pixels`` (H x W x 3), on a grid."""
    height, width = pixels.shape[:2]
    step = max(1, round((height * width / SAMPLED) ** 0.5))
    size = (-(-width // step), -(-height // step))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def colour(pixels: NDArray[np.uint8]) -> list[float]:
    """Log red : green and log blue : green of the mean light of ``pixels`` (H x W x 3)."""
    red, green, blue = (light + 1e-4 for light in cv2.mean(cv2.LUT(pixels, _linear()))[:3])
    return [round(log(red / green), 4), round(log(blue / green), 4)]


@cache
def _linear() -> NDArray[np.float32]:
    """Light of each sRGB value (IEC 61966-2-1)."""
    v = np.arange(256) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _falling(value: float, half: float) -> float:
    """1 at 0, 0.5 at ``half``, towards 0 beyond."""
    return float(1 / (1 + (value / half) ** 2))


def _rising(value: float, half: float) -> float:
    return 1 - _falling(value, half)
