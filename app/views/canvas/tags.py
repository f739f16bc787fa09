"""Where the tags go: outside their box where there is room, never over a small lesion. Pure, in widget pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Rect = tuple[int, int, int, int]
"""x0, y0, x1, y1"""
_CELL = 8
_TAG, _SMALL, _LARGE = 40, 12, 2  # the price of each cell of another tag, a small and a large box
_SMALL_SIDE = 72
GAP = 3  # clear of the box's line


class Layout:
    """Places tags one after another in a widget of ``width`` x ``height`` that shows ``boxes``.

    A hundred tags are placed anew with each frame of a pan: hence whole numbers, and no function calls inside.
    """

    def __init__(self, width: int, height: int, boxes: Iterable[Rect]) -> None:
        self._width, self._height = width, height
        self._columns = width // _CELL + 1
        self._rows = height // _CELL + 1
        self._prices = [bytearray(self._columns) for _ in range(self._rows)]
        for x0, y0, x1, y1 in sorted(boxes, key=lambda b: (b[0] - b[2]) * (b[3] - b[1])):
            if min(x1 - x0, y1 - y0) < _SMALL_SIDE:
                self._mark(x0, y0, x1, y1, _SMALL)
            else:  # a large box's rim is left free, so that a tag beside it costs nothing
                self._mark(x0 + _CELL, y0 + _CELL, x1 - _CELL, y1 - _CELL, _LARGE)

    def place(self, box: Rect, width: int, height: int) -> tuple[int, int]:
        """The top left corner for a tag of this size beside ``box``."""
        x, y = self._cheapest(box, width, height)
        x, y = _within(x, self._width - width), _within(y, self._height - height)
        self._mark(x, y, x + width, y + height, _TAG)
        return x, y

    def _cheapest(self, box: Rect, width: int, height: int) -> tuple[int, int]:
        rightmost, lowest = self._width - width, self._height - height
        best, least = None, 1 << 30
        for x, y, price in _candidates(box, width, height, rightmost, lowest):
            if price >= least:  # the candidates cost more and more by themselves
                break
            if x < 0 or y < 0 or x > rightmost or y > lowest:
                continue
            c0, c1 = x // _CELL, -(-(x + width) // _CELL)
            for row in self._prices[y // _CELL : -(-(y + height) // _CELL)]:
                if any(cells := row[c0:c1]):
                    price += sum(cells)
            if price < least:
                best, least = (x, y), price
        return best or (box[0] - GAP, box[1] - height - GAP)

    def _mark(self, x0: int, y0: int, x1: int, y1: int, price: int) -> None:
        c0, c1 = max(x0 // _CELL, 0), min(-(-x1 // _CELL), self._columns)
        if c1 > c0:
            filling = bytes([price]) * (c1 - c0)
            for row in self._prices[max(y0 // _CELL, 0) : max(-(-y1 // _CELL), 0)]:
                row[c0:c1] = filling


def _candidates(box: Rect, width: int, height: int, rightmost: int, lowest: int) -> Iterator[tuple[int, int, int]]:
    """Corners to try and what each costs by itself: above first, inside last and only where the box is large."""
    x0, y0, x1, y1 = box
    above, below = y0 - height - GAP, y1 + GAP
    left = _within(x0 - GAP, rightmost)
    yield left, above, 0
    yield left, below, 4
    right = _within(x1 + GAP - width, rightmost)
    after, top = x1 + GAP, _within(y0 - GAP, lowest)
    yield right, above, 6
    yield after, top, 6
    before, bottom = x0 - width - GAP, _within(y1 + GAP - height, lowest)
    yield right, below, 8
    yield before, top, 8
    yield after, bottom, 10
    yield before, bottom, 12
    if width < 0.6 * (x1 - x0) and height < 0.2 * (y1 - y0):
        yield _within(x0 + GAP, rightmost), _within(y0 + GAP, lowest), 60


def _within(value: int, most: int) -> int:
    return min(max(value, 0), max(most, 0))
