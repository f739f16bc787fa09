"""One drag of the mouse (or hold of an arrow key), from press to release, as a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from app.annotation import tools
from app.annotation.hit_testing import Handle
from app.common.geometry import Box

Kind = Literal["pan", "draw", "move", "resize", "copy", "nudge", "stretch"]
HELD = ("nudge", "stretch")  # an arrow key's gestures, which the mouse neither carries on nor ends
SLACK = 3.0  # widget pixels that a press may wander and still be a click


@dataclass(frozen=True, slots=True)
class Gesture:
    """``start`` and ``now`` are photo coordinates, ``pressed`` is the widget's; ``box`` is the box at the start."""

    kind: Kind
    start: tools.Point
    now: tools.Point
    pressed: tools.Point
    id: str = ""
    box: Box | None = None
    handle: Handle | None = None
    dragged: bool = False

    def to(self, now: tools.Point, at: tools.Point) -> Gesture:
        """Carried on to ``now``; ``at`` is the same point in the widget."""
        far = max(abs(at[0] - self.pressed[0]), abs(at[1] - self.pressed[1])) >= SLACK
        return replace(self, now=now, dragged=self.dragged or far)

    def result(self, size: tuple[float, float], square: bool) -> Box | None:
        """The box as it would be if the gesture ended now; None when it makes none."""
        if self.kind == "pan" or not self.dragged:
            return None
        if self.kind == "draw":
            return tools.drawn(self.start, self.now, size, square)
        if self.box is None:
            return None
        if self.kind == "resize" and self.handle:
            return tools.resized(self.box, self.handle, self.start, self.now, size, square)
        if self.kind == "stretch":
            return tools.stretched(self.box, self.start, self.now, size)
        return tools.moved(self.box, self.start, self.now, size)
