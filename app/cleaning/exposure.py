"""Light, colour and size of a photo, from a few thousand of its quarter-scale pixels.

Every score is a smooth, monotone map of one measured number, with 0.5 about where a photo is of no use any more: a
slider moves over all of it. The numbers in the maps were set on development photos, see ``benchmarks/pixel_checks.py``.
"""

from __future__ import annotations

from functools import cache
from math import hypot, log

import cv2
import numpy as np
from numpy.typing import NDArray

from app.cleaning.findings import Finding, Found
from app.cleaning.subject import Subject
from app.common.words import catalogue

SAMPLED = 6_000
"""The colours of about so many pixels are looked at, on a grid."""
BRIGHT_END = 0.97
"""The share of pixels that may be brighter than what counts as the photo's brightest part: a caption is no light."""
BURNT = 250
"""From here on in two of three channels a pixel tells nothing any more."""
ODD = 0.35
"""Shorter by longer side at which a score is 0.5 (cleanvision's default too)."""

_QUANTILES = np.array([0.02, 0.5, BRIGHT_END, 0.98])
_DARK, _BURNT_SHARE, _SPREAD, _SHORT_SIDE = 85.0, 0.42, 36.0, 160.0
_CAST = 3.3
"""Where the scores are 0.5: grey level, share, grey levels, pixels, distance from the colours of healthy photos."""

# Median, and root of the inverse covariance, of (log red : green, log blue : green) in linear light over 163 healthy
# development photos (dermoscopy, clinical, phantoms of all skin types).
_COLOUR_MEAN = (0.367, -0.179)
_BROWN = 0.55  # dark skin and lesions lie towards red and away from blue: what lies there counts so much only
_COLOUR_ROOT = ((3.78, 1.14), (0.0, 4.47))
_TOGETHER = np.ones((1, 3), np.float32)


def examine(subject: Subject) -> Found:
    counts = subject.levels
    low, middle, bright_end, high = (int(n) for n in np.searchsorted(counts, counts[-1] * _QUANTILES))
    pixels = sample(subject.small)
    channels = cv2.transform(cv2.threshold(pixels, BURNT - 1, 1, cv2.THRESH_BINARY)[1], _TOGETHER)
    burnt = np.count_nonzero(channels >= 2) / channels.size
    away, hue = colour(pixels)
    shorter, longer = sorted((subject.width, subject.height))
    ratio = longer / shorter
    findings = (
        Finding("dark", _falling(bright_end, _DARK), "check.dark.why", {"light": round(100 * bright_end / 255)}),
        Finding("bright", _rising(burnt, _BURNT_SHARE), "check.bright.why", {"share": round(100 * burnt)}),
        Finding("low_contrast", _falling(high - low, _SPREAD), "check.low_contrast.why",
                {"spread": round(100 * (high - low) / 255)}),
        Finding("colour_cast", _rising(away, _CAST), "check.colour_cast.why", {"hue": catalogue()[HUES[hue]]}),
        Finding("low_resolution", _falling(shorter, _SHORT_SIDE), "check.low_resolution.why",
                {"width": subject.width, "height": subject.height}),
        Finding("odd_aspect", min(1.0, ODD * ratio / 2), "check.odd_aspect.why", {"ratio": round(ratio, 1)}),
    )  # fmt: skip
    return Found(findings, {"light": round(float(middle), 1)})


def sample(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """About :data:`SAMPLED` pixels of ``pixels`` (H x W x 3), on a grid."""
    height, width = pixels.shape[:2]
    step = max(1, round((height * width / SAMPLED) ** 0.5))
    size = (-(-width // step), -(-height // step))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST), np.uint8)


HUES = {
    "red": "hue.red",
    "yellow": "hue.yellow",
    "green": "hue.green",
    "cyan": "hue.cyan",
    "blue": "hue.blue",
    "magenta": "hue.magenta",
}


_ALONE, _MISSING = ("red", "green", "blue"), ("cyan", "magenta", "yellow")


def colour(pixels: NDArray[np.uint8]) -> tuple[float, str]:
    """How far the mean light of ``pixels`` is from that of healthy photos' (Mahalanobis), and towards which of HUES."""
    red, green, blue = (light + 1e-4 for light in cv2.mean(cv2.LUT(pixels, _linear()))[:3])
    reddish, bluish = log(red / green) - _COLOUR_MEAN[0], log(blue / green) - _COLOUR_MEAN[1]
    mean = (reddish + bluish) / 3
    strengths = (reddish - mean, -mean, bluish - mean)  # red, green, blue against their mean
    strongest, weakest = max(strengths), min(strengths)
    single = strongest > -weakest  # one channel stands out, else one is missing
    name = _ALONE[strengths.index(strongest)] if single else _MISSING[strengths.index(weakest)]
    brown = max(0.0, (reddish - bluish) / 2) * (1 - _BROWN)
    reddish, bluish = reddish - brown, bluish + brown
    return hypot(*(r * reddish + b * bluish for r, b in _COLOUR_ROOT)), name


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
