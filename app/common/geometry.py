"""The box: axis-aligned, float pixels of the upright image, origin top left."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """``x0 <= x1``, ``y0 <= y1``; edges, not pixel centres: a whole image is ``Box(0, 0, width, height)``."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    @property
    def is_empty(self) -> bool:
        return not (self.width > 0 and self.height > 0)

    def contains(self, x: float, y: float) -> bool:
        return self.x0 <= x <= self.x1 and self.y0 <= y <= self.y1

    def moved(self, dx: float, dy: float) -> Box:
        return Box(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)

    def scaled(self, factor: float) -> Box:
        return Box(self.x0 * factor, self.y0 * factor, self.x1 * factor, self.y1 * factor)

    def with_margin(self, share: float) -> Box:
        """Grown on each side by ``share`` of its width and height."""
        dx, dy = self.width * share, self.height * share
        return Box(self.x0 - dx, self.y0 - dy, self.x1 + dx, self.y1 + dy)

    def clipped(self, width: float, height: float) -> Box:
        """The part inside ``0..width`` x ``0..height``; may be empty."""
        x0, x1 = (min(max(x, 0.0), width) for x in (self.x0, self.x1))
        y0, y1 = (min(max(y, 0.0), height) for y in (self.y0, self.y1))
        return Box(x0, y0, x1, y1)

    def as_list(self) -> list[float]:
        return [float(v) for v in (self.x0, self.y0, self.x1, self.y1)]


def box_from_corners(xa: float, ya: float, xb: float, yb: float) -> Box:
    """The box between two opposite corners, in any order.

    Raises:
        ValueError: if a coordinate is not finite.
    """
    if not all(math.isfinite(v) for v in (xa, ya, xb, yb)):
        raise ValueError("a box needs finite coordinates")
    return Box(min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb))


def iou(a: Box, b: Box) -> float:
    """Intersection over union, 0 where either is empty."""
    w = min(a.x1, b.x1) - max(a.x0, b.x0)
    h = min(a.y1, b.y1) - max(a.y0, b.y0)
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / (a.area + b.area - w * h)
