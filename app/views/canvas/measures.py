"""How large a box is, in words."""

from __future__ import annotations

from app.common.geometry import Box
from app.common.words import text


def size_words(box: Box, photo: tuple[float, float]) -> str:
    """Width and height in pixels of the photo, and the share of its area."""
    share = 100 * box.area / (photo[0] * photo[1])
    percent = "< 0.1 %" if 0 < share < 0.05 else f"{share:.1f} %"
    return text("canvas.measure", width=round(box.width), height=round(box.height), percent=percent)
