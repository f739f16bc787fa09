"""How the lesions that a person boxed lie in the photo. A photo without boxes has no framing to judge."""

from __future__ import annotations

from math import hypot

from app.cleaning.findings import Finding, Found
from app.cleaning.subject import LabelledBox, Subject
from app.common.geometry import Box

EDGE = 0.004
"""A box that comes so near to a side (share of the photo's shorter side, at least 1.5 pixels) is cut off by it."""
_SMALL = 0.045
"""Longer side of the largest box by shorter side of the photo at which the score is 0.5."""
_FAR = 0.72
"""Distance of the boxes' middle from the photo's, 1 in a corner, at which the score is 0.5."""


def examine(subject: Subject) -> Found:
    if not subject.boxes:
        return Found()
    photo = (subject.width, subject.height)
    findings = [cut_off(subject.boxes, photo), too_small(subject.boxes, photo), far_off(subject.boxes, photo)]
    return Found((max(findings, key=lambda f: f.score),))


def cut_off(boxes: tuple[LabelledBox, ...], photo: tuple[int, int]) -> Finding:
    """The share of the boxed area whose box is cut off by the photo's edge; on more sides than one it weighs more."""
    near = max(1.5, EDGE * min(photo))
    sides = {b: _sides_cut(b.box, photo, near) for b in boxes}
    cut = sorted((b for b in boxes if sides[b]), key=lambda b: -_area(b.box))
    whole = sum(_area(b.box) for b in boxes) or 1.0
    score = sum(_area(b.box) * (0.55 + 0.15 * (sides[b] - 1)) for b in cut) / whole
    facts = {"n": len(cut), "of": len(boxes)}
    return Finding("framing", score, "check.framing.why_cut", facts, tuple(b.box for b in cut))


def too_small(boxes: tuple[LabelledBox, ...], photo: tuple[int, int]) -> Finding:
    """The largest lesion fills so little of the photo that a closer one is wanted."""
    largest = max(boxes, key=lambda b: _area(b.box)).box
    share = max(largest.x1 - largest.x0, largest.y1 - largest.y0) / min(photo)
    score = 1 / (1 + (share / _SMALL) ** 2)
    return Finding("framing", score, "check.framing.why_small", {"share": round(100 * share, 1)}, (largest,))


def far_off(boxes: tuple[LabelledBox, ...], photo: tuple[int, int]) -> Finding:
    """All lesions lie in one corner or along one edge."""
    x0, x1 = min(b.box.x0 for b in boxes), max(b.box.x1 for b in boxes)
    y0, y1 = min(b.box.y0 for b in boxes), max(b.box.y1 for b in boxes)
    across = abs((x0 + x1) / photo[0] - 1)
    down = abs((y0 + y1) / photo[1] - 1)
    away = hypot(across, down) / 2**0.5
    score = 1 - 1 / (1 + (away / _FAR) ** 4)
    return Finding("framing", score, "check.framing.why_off", {"away": round(100 * away)}, (Box(x0, y0, x1, y1),))


def _sides_cut(box: Box, photo: tuple[int, int], near: float) -> int:
    return sum((box.x0 <= near, box.y0 <= near, box.x1 >= photo[0] - near, box.y1 >= photo[1] - near))


def _area(box: Box) -> float:
    return (box.x1 - box.x0) * (box.y1 - box.y0)
