"""What lies under the pointer. Photo coordinates; ``reach`` is how far a handle can be felt, in the same pixels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from app.common.geometry import Box

Handle = Literal["nw", "n", "ne", "e", "se", "s", "sw", "w"]
HANDLES: tuple[Handle, ...] = get_args(Handle)


@dataclass(frozen=True, slots=True)
class Hit:
    """A box by its id; ``handle`` is None for its inside or its line."""

    id: str
    handle: Handle | None = None


def handle_points(box: Box) -> dict[Handle, tuple[float, float]]:
    cx, cy = box.centre
    xs = {"w": box.x0, "e": box.x1}
    ys = {"n": box.y0, "s": box.y1}
    return {h: (xs.get(h[-1], cx), ys.get(h[0], cy)) for h in HANDLES}


def hit(boxes: Iterable[tuple[str, Box]], x: float, y: float, reach: float, selected: str = "") -> Hit | None:
    """The selected box's handle, else the smallest box around the point, else the box whose line is within reach.

    A box without an area is felt within reach, so that it is found inside another.
    """
    near = [
        (id_, box)
        for id_, box in boxes
        if box.x0 - reach <= x <= box.x1 + reach and box.y0 - reach <= y <= box.y1 + reach
    ]
    for id_, box in near:
        if id_ == selected and (handle := handle_at(box, x, y, reach)):
            return Hit(id_, handle)
    inside = [(box.area, id_) for id_, box in near if box.is_empty or box.contains(x, y)]
    found = inside or [(box.area, id_) for id_, box in near]
    return Hit(min(found)[1]) if found else None


def handle_at(box: Box, x: float, y: float, reach: float) -> Handle | None:
    """The nearest handle within reach. Inside a small box handles are felt less far, so that it can still be moved."""
    if not _grown(box, reach).contains(x, y):
        return None
    if box.contains(x, y):
        reach = min(reach, max(min(box.width, box.height) / 4, 1e-9))
    distances = [(max(abs(px - x), abs(py - y)), h) for h, (px, py) in handle_points(box).items()]
    best, handle = min(distances, key=lambda pair: pair[0])
    return handle if best <= reach else None


def _grown(box: Box, by: float) -> Box:
    return Box(box.x0 - by, box.y0 - by, box.x1 + by, box.y1 + by)
