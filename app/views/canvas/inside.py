"""What is drawn inside boxes, straight into a picture's memory: outlines, and crosses on boxes that have no area."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor

from app.views.canvas.scene import Item

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Pixels = NDArray[np.uint8]

EDGE = QColor("#181818")
CROSS = 5  # half a cross's side, screen pixels
_MARGIN = 8
_PARTS = 4  # binary digits below a pixel that outlines are drawn to


class InsideMarks:
    """Marks of the items that have any."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items

    @cached_property
    def marked(self) -> NDArray[np.bool_]:
        """Which of the items have something inside."""
        import numpy as np

        return np.array([bool(i.outline) or i.box.is_empty for i in self._items], bool)

    @cached_property
    def empty(self) -> NDArray[np.bool_]:
        """Which of the items have no area."""
        import numpy as np

        return np.array([i.box.is_empty for i in self._items], bool)

    def draw(self, window: Pixels, marked: Ints, corners: Ints, unit: int) -> None:
        """``marked``: places of marked items; ``corners``: theirs, in pixels of ``window``."""
        import cv2

        if not len(marked):
            return
        # OpenCV smooths the ends of a line that it cuts at the edge of the picture: they shall lie outside.
        wider: Pixels = cv2.copyMakeBorder(  # type: ignore[assignment]
            window, _MARGIN, _MARGIN, _MARGIN, _MARGIN, cv2.BORDER_REPLICATE
        )
        self._draw(wider, marked, corners + _MARGIN, unit)
        window[...] = wider[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]

    def _draw(self, window: Pixels, marked: Ints, corners: Ints, unit: int) -> None:
        import cv2
        import numpy as np

        for n, (x0, y0, x1, y1) in zip(marked.tolist(), corners.tolist(), strict=True):
            item = self._items[n]
            colour = bgra(QColor(item.colour))
            rings = [
                np.rint((ring * (x1 - x0, y1 - y0) + (x0, y0)) * (1 << _PARTS)).astype(np.int32)
                for ring in self._rings(n)
            ]
            for shade, width in ((bgra(EDGE), 2 * unit), (colour, unit)):
                cv2.polylines(window, rings, True, shade, width, cv2.LINE_AA, _PARTS)
            if item.box.is_empty:
                x, y, reach = (x0 + x1) // 2, (y0 + y1) // 2, CROSS * unit
                for shade, width in ((bgra(EDGE), 4 * unit), (colour, 2 * unit)):
                    cv2.line(window, (x - reach, y - reach), (x + reach, y + reach), shade, width, cv2.LINE_AA)
                    cv2.line(window, (x - reach, y + reach), (x + reach, y - reach), shade, width, cv2.LINE_AA)

    def _rings(self, n: int) -> list[NDArray[np.float64]]:
        """An item's rings in its box's own frame; made once."""
        import numpy as np

        if n not in self._made:
            self._made[n] = [np.array(ring, np.float64).reshape(-1, 2) for ring in self._items[n].outline]
        return self._made[n]

    @cached_property
    def _made(self) -> dict[int, list[NDArray[np.float64]]]:
        return {}


def bgra(colour: QColor) -> tuple[int, int, int, int]:
    return colour.blue(), colour.green(), colour.red(), 255
