"""How large a box is, and how the photo is shown, in words."""

from __future__ import annotations

from app.common.geometry import Box
from app.common.words import text
from app.views.canvas.looks import Looks


def size_words(box: Box, photo: tuple[float, float]) -> str:
    """Width and height in pixels of the photo, and the share of its area."""
    share = 100 * box.area / (photo[0] * photo[1])
    percent = "< 0.1 %" if 0 < share < 0.05 else f"{share:.1f} %"
    return text("canvas.measure", width=round(box.width), height=round(box.height), percent=percent)


def looks_words(looks: Looks) -> str:
    """The sign on a photo that is not shown as it is."""
    plain = Looks()
    said = [
        looks.brightness and text("canvas.brightness", steps=f"{looks.brightness:+d}"),
        looks.contrast and text("canvas.contrast", steps=f"{looks.contrast:+d}"),
        looks.gamma != plain.gamma and text("canvas.gamma", value=f"{looks.gamma:.2g}"),
        looks.clahe and text("canvas.clahe", value=f"{looks.clahe:.2g}"),
        looks.white_balance and text("canvas.white_balance"),
    ]
    return text("canvas.looks_on", what=" · ".join(words for words in said if words))
