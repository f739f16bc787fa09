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
        x, y = _within(best[0], self._width - width), _within(best[1], self._height - height)
        self._mark(Box(x, y, x + width, y + height), _TAG)
        return x, y

    def _cheapest(self, box: Box, width: float, height: float) -> tuple[float, float]:
        best, lowest = (box.x0, box.y0), float("inf")
        for x, y, cost in _candidates(box, width, height, (self._width, self._height)):
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


def _candidates(
    box: Box, width: float, height: float, room: tuple[float, float]
) -> Iterator[tuple[float, float, float]]:
    """Corners to try and what each costs by itself: above first, inside last and only where the box is large."""
    above, below = box.y0 - height - GAP, box.y1 + GAP
    before, after = box.x0 - width - GAP, box.x1 + GAP
    left, right = (_within(x, room[0] - width) for x in (box.x0 - GAP, box.x1 + GAP - width))
    top, bottom = (_within(y, room[1] - height) for y in (box.y0 - GAP, box.y1 + GAP - height))
    yield left, above, 0
    yield left, below, 4
    yield right, above, 6
    yield after, top, 6
    yield right, below, 8
    yield before, top, 8
    yield after, bottom, 10
    yield before, bottom, 12
    if width < 0.6 * box.width and height < 0.2 * box.height:
        yield _within(box.x0 + GAP, room[0] - width), _within(box.y0 + GAP, room[1] - height), 60


def _within(value: float, most: float) -> float:
    return min(max(value, 0.0), max(most, 0.0))
