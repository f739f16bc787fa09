"""Mouse tools without a mouse: what a box becomes while it is drawn, moved or pulled by a handle.

Photo coordinates. Each function is pure: the box at the start, where the pointer went down, where it is now.
"""

from __future__ import annotations

from app.annotation.edits import SMALLEST, pushed
from app.annotation.hit_testing import Handle
from app.common.geometry import Box, box_from_corners

Point = tuple[float, float]


def drawn(start: Point, now: Point, size: tuple[float, float], square: bool = False) -> Box:
    """The box between two corners, inside the photo of this ``size``; a square as large as the longer side allows."""
    x0, y0 = _inside(start, size)
    x1, y1 = _inside(now, size)
    if square:
        x1, y1 = _squared((x0, y0), now, size)
    return box_from_corners(x0, y0, x1, y1)


def moved(box: Box, start: Point, now: Point, size: tuple[float, float]) -> Box:
    return pushed(box, now[0] - start[0], now[1] - start[1], *size)


def resized(box: Box, handle: Handle, start: Point, now: Point, size: tuple[float, float], square: bool = False) -> Box:
    """The box pulled by a handle; pulled over its other side it turns over. ``square`` counts at the corners only."""
    x, y = _handle_point(box, handle)
    target = (x + (now[0] - start[0]), y + (now[1] - start[1]))
    if len(handle) == 2:
        return drawn(_opposite(box, handle), target, size, square)
    tx, ty = _inside(target, size)
    if handle in "we":
        return box_from_corners(box.x1 if handle == "w" else box.x0, box.y0, tx, box.y1)
    return box_from_corners(box.x0, box.y1 if handle == "n" else box.y0, box.x1, ty)


def stretched(box: Box, start: Point, now: Point, size: tuple[float, float]) -> Box:
    """The box with its lower right corner pushed, as far as the photo reaches and no smaller than a box may be."""
    x = min(max(box.x1 + (now[0] - start[0]), min(box.x0 + SMALLEST, box.x1)), size[0])
    y = min(max(box.y1 + (now[1] - start[1]), min(box.y0 + SMALLEST, box.y1)), size[1])
    return Box(box.x0, box.y0, x, y)


def _handle_point(box: Box, handle: Handle) -> Point:
    return box.x0 if "w" in handle else box.x1, box.y0 if "n" in handle else box.y1


def _opposite(box: Box, handle: Handle) -> Point:
    return box.x1 if "w" in handle else box.x0, box.y1 if "n" in handle else box.y0


def _inside(point: Point, size: tuple[float, float]) -> Point:
    return min(max(point[0], 0.0), size[0]), min(max(point[1], 0.0), size[1])


def _squared(fixed: Point, now: Point, size: tuple[float, float]) -> Point:
    dx, dy = now[0] - fixed[0], now[1] - fixed[1]
    room_x = size[0] - fixed[0] if dx >= 0 else fixed[0]
    room_y = size[1] - fixed[1] if dy >= 0 else fixed[1]
    side = min(max(abs(dx), abs(dy)), room_x, room_y)
    return fixed[0] + (side if dx >= 0 else -side), fixed[1] + (side if dy >= 0 else -side)
