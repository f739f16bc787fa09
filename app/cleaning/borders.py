"""Black bars along a photo's sides, as scanners, screenshots and letterboxes leave them.

A bar is black from end to end and stops at a straight edge; a dark background does not stop so, and the round black
rim of a dermatoscope leaves no line that is black from end to end: its score stays low, but it has one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.cleaning.findings import Finding, Found
from app.cleaning.subject import Subject
from app.common.geometry import Box

BLACK = 30
"""Up to this grey level a pixel is black; JPEG's ringing stays below it."""
LIT = 45
"""From this level on a pixel beside a bar is no part of it."""
WHOLE = 0.97
"""So many of a line's pixels are black in a bar: a caption or a corner of light may lie in it."""
_THIN = 0.012
"""A bar of this share of the photo halves the score that its edge alone would give."""
_RIM = 0.45
"""The score of a round rim or a dark background stays below this."""
_FEW = 0.0015
"""A smaller share of black pixels gives no rim a score that is worth a row."""


@dataclass(frozen=True, slots=True)
class Bar:
    """``side``: left, top, right or bottom; ``thick``: pixels; ``edge``: share of its length that ends in light."""

    side: str
    thick: int
    edge: float


def examine(subject: Subject) -> Found:
    grey = subject.grey
    height, width = grey.shape
    if subject.levels[BLACK] < min(_FEW * height * width, WHOLE * min(height, width)):  # no side, no corner is black
        return Found()
    black = grey <= BLACK
    bars = [bar for side in SIDES if (bar := find_bar(grey, black, side)) is not None]
    scores = {bar.side: _score(bar, width if bar.side in ("left", "right") else height) for bar in bars}
    rim = _RIM * min(1.0, 3 * _corner_share(black))
    score = max(scores.values(), default=0.0)
    if score < rim:
        return Found((Finding("black_border", rim, "check.black_border.why_rim", {}),))
    found = sorted((b for b in bars if scores[b.side] > _RIM), key=lambda b: -scores[b.side]) or bars
    share = sum(b.thick / (width if b.side in ("left", "right") else height) for b in found)
    boxes = tuple(_box(b, subject) for b in found)
    return Found((Finding("black_border", score, "check.black_border.why", {"share": round(100 * share)}, boxes),))


SIDES = ("left", "top", "right", "bottom")


def find_bar(grey: NDArray[np.uint8], black: NDArray[np.bool_], side: str) -> Bar | None:
    """The black bar along ``side`` of ``grey`` (H x W), however its edge is; None where the outermost line is lit."""
    dark, lines = (black.T, grey.T) if side in ("left", "right") else (black, grey)
    if side in ("right", "bottom"):
        dark, lines = dark[::-1], lines[::-1]
    if np.count_nonzero(dark[0]) < WHOLE * dark.shape[1]:
        return None
    half = max(1, len(lines) // 2)
    whole = dark[:half].mean(axis=1) >= WHOLE
    thick = int(np.argmin(whole)) if not whole.all() else half
    beyond = lines[thick : min(thick + 3, half)]  # a reduced JPEG spreads an edge over two lines
    return Bar(side, thick, float((beyond > LIT).any(axis=0).mean()) if len(beyond) else 0.0)


def _score(bar: Bar, across: int) -> float:
    share = bar.thick / across
    return float(bar.edge**0.5 * share / (share + _THIN))


def _corner_share(black: NDArray[np.bool_]) -> float:
    """Share of black pixels in the photo's four corners (a sixth of each side)."""
    tall, wide = max(1, black.shape[0] // 6), max(1, black.shape[1] // 6)
    corners = [black[y, x] for y in (slice(tall), slice(-tall, None)) for x in (slice(wide), slice(-wide, None))]
    return float(sum(np.count_nonzero(corner) for corner in corners) / (4 * tall * wide))


def _box(bar: Bar, subject: Subject) -> Box:
    """The bar in pixels of the upright photo."""
    thick = bar.thick / subject.scale
    width, height = float(subject.width), float(subject.height)
    return {
        "left": Box(0, 0, min(thick, width), height),
        "top": Box(0, 0, width, min(thick, height)),
        "right": Box(max(0, width - thick), 0, width, height),
        "bottom": Box(0, max(0, height - thick), width, height),
    }[bar.side]
