"""Which of a model's suggestions lie where a box lies, so that one lesion is shown and counted once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from app.annotation.document import Annotation, Suggestion
from app.common.geometry import Box, iou

SAME_PLACE = 0.7  # IoU from which a suggestion is the same lesion as a box that is there


class SamePlaces:
    """Remembers what it found for a box: one edit among thousands of boxes asks for one of them anew.

    A box that overlaps another so much holds the other's centre: only those are looked at.
    """

    def __init__(self, suggestions: Sequence[Suggestion]) -> None:
        self._suggestions = suggestions
        centres = [s.box.centre for s in suggestions]
        self._order = sorted(range(len(suggestions)), key=lambda n: centres[n][0])
        self._xs = [centres[n][0] for n in self._order]
        self._ys = [c[1] for c in centres]
        self._found: dict[str, tuple[Box, tuple[Suggestion, ...]]] = {}

    def of(self, annotation: Annotation) -> tuple[Suggestion, ...]:
        """The suggestions at this box's place, in their order."""
        found = self._found.get(annotation.id)
        if found is None or found[0] is not annotation.box:
            found = self._found[annotation.id] = (annotation.box, self._find(annotation.box))
        return found[1]

    def _find(self, box: Box) -> tuple[Suggestion, ...]:
        across = self._order[bisect_left(self._xs, box.x0) : bisect_right(self._xs, box.x1)]
        near = sorted(n for n in across if box.y0 <= self._ys[n] <= box.y1)
        return tuple(s for s in map(self._suggestions.__getitem__, near) if iou(box, s.box) >= SAME_PLACE)
