"""Where the tags go: outside their box where there is room, never over a small lesion. Pure, in widget pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.common.geometry import Box

_CELL = 8
_FAR = 1_000_000  # the price of leaving the widget
_TAG, _SMALL, _LARGE = 40, 12, 2  # the price of each cell of another tag, a small and a large box
_SMALL_SIDE = 72
GAP = 3  # clear of the box's line


class Layout:
    """Places tags one after another in a widget of ``width`` x ``height`` that shows ``boxes``."""

    def __init__(self, width: float, height: float, boxes: Sequence[Box]) -> None:
        self._width, self._height = width, height
        self._columns = int(width // _CELL) + 1
        self._rows = int(height // _CELL) + 1
        self._prices = [bytearray(self._columns) for _ in range(self._rows)]
        for box in sorted(boxes, key=lambda b: -b.area):
            small = min(box.width, box.height) < _SMALL_SIDE
            # A large box's rim is left free, so that a tag beside it costs nothing.
            inside = box if small else Box(box.x0 + _CELL, box.y0 + _CELL, box.x1 - _CELL, box.y1 - _CELL)
            self._mark(inside, _SMALL if small else _LARGE)

    def place(self, box: Box, width: float, height: float) -> tuple[float, float]:
        """The top left corner for a tag of this size beside ``box``."""
        best = self._cheapest(box, width, height)
        x = min(max(best[0], 0.0), max(self._width - width, 0.0))
        y = min(max(best[1], 0.0), max(self._height - height, 0.0))
        self._mark(Box(x, y, x + width, y + height), _TAG)
        return x, y

    def _cheapest(self, box: Box, width: float, height: float) -> tuple[float, float]:
        best, lowest = (box.x0, box.y0), float("inf")
        for x, y, cost in _candidates(box, width, height):
            if cost >= lowest:  # the candidates cost more and more by themselves
                break
            price = cost + self._price(x, y, width, height)
            if price < lowest:
                best, lowest = (x, y), price
        return best

    def _mark(self, box: Box, price: int) -> None:
        c0, r0, c1, r1 = self._cells(box.x0, box.y0, box.x1, box.y1)
        if c1 > c0:
            filling = bytes([price]) * (c1 - c0)
            for row in self._prices[r0:r1]:
                row[c0:c1] = filling

    def _price(self, x: float, y: float, width: float, height: float) -> float:
        if x < 0 or y < 0 or x + width > self._width or y + height > self._height:
            return _FAR
        c0, r0, c1, r1 = self._cells(x, y, x + width, y + height)
        return sum([sum(row[c0:c1]) for row in self._prices[r0:r1]])

    def _cells(self, x0: float, y0: float, x1: float, y1: float) -> tuple[int, int, int, int]:
        return (
            min(max(int(x0 // _CELL), 0), self._columns),
            min(max(int(y0 // _CELL), 0), self._rows),
            min(max(int(-(-x1 // _CELL)), 0), self._columns),
            min(max(int(-(-y1 // _CELL)), 0), self._rows),
        )


def _candidates(box: Box, width: float, height: float) -> Iterator[tuple[float, float, float]]:
    """Corners to try and what each costs by itself: above first, inside last and only where the box is large."""
    above, below = box.y0 - height - GAP, box.y1 + GAP
    yield box.x0 - GAP, above, 0
    yield box.x0 - GAP, below, 4
    yield box.x1 + GAP - width, above, 6
    yield box.x1 + GAP, box.y0 - GAP, 6
    yield box.x1 + GAP - width, below, 8
    yield box.x0 - width - GAP, box.y0 - GAP, 8
    yield box.x1 + GAP, box.y1 + GAP - height, 10
    yield box.x0 - width - GAP, box.y1 + GAP - height, 12
    if width < 0.6 * box.width and height < 0.2 * box.height:
        x, y = max(box.x0, 0.0) + GAP, max(box.y0, 0.0) + GAP
        yield x, y, 60
