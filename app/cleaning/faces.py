"""Faces and parts of faces, from reduced pixels.

A close-up of skin shows a face as no portrait does: turned, cut off by the edge, eyes barred. So the network looks
several times: upright and on either side, with an empty margin all round (parts of a face that the edge cuts off are
then found as the middle of one), and once finer for small faces. MTCNN and OpenCV's cascades find fewer
(``benchmarks/faces.py`` measures them in the same run).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.cleaning.face_net import faces_in
from app.cleaning.findings import FLOOR, Finding, Found
from app.cleaning.subject import Subject
from app.common.geometry import Box, iou

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

SIDE = 320  # longer side of what the network sees, pixels
FINE = 480  # likewise, for small faces
WITH_ROOM = 160  # likewise, where it has an empty margin all round
ROOM = 0.25  # that margin, share of the longer side
FINE_COSTS = 0.08  # taken off the certainty of a face that only the finer look shows: there is more to mistake for one
SAME = 0.3  # IoU from which two looks saw one face
GROWN = 0.1  # share of its size by which a box is grown, so that masking it hides the whole face
MOST = 10  # boxes of one photo


def examine(subject: Subject) -> Found:
    """The check ``face``: the score is the certainty of the surest face."""
    pixels, scale = _enough(subject)
    found = faces(pixels)
    if not found or found[0][1] < FLOOR:
        return Found()
    boxes = [box.with_margin(GROWN).scaled(1 / scale).clipped(subject.width, subject.height) for box, _ in found]
    sure = found[0][1]
    facts = {"sure": round(100 * sure), "share": max(1, round(100 * boxes[0].area / (subject.width * subject.height)))}
    return Found((Finding("face", sure, "check.face.why", facts, tuple(boxes)),))


def faces(pixels: Pixels) -> list[tuple[Box, float]]:
    """Boxes in the pixels given, with certainty 0..1, the surest first; inside the photo.

    Args:
        pixels: H x W x 3, uint8, RGB.
    """
    height, width = pixels.shape[:2]
    seen: list[tuple[Box, float]] = []
    near, k = _resized(pixels, SIDE)
    for turns in (0, 1, 3):
        seen += [(_turned_back(box, turns, near).scaled(1 / k), sure) for box, sure in _look(_turned(near, turns))]
    small, k_small = _resized(pixels, WITH_ROOM)
    roomy, edge = _with_room(small)
    seen += [(box.moved(-edge, -edge).scaled(1 / k_small), sure) for box, sure in _look(roomy)]
    if max(height, width) > SIDE:
        fine, k_fine = _resized(pixels, min(FINE, max(height, width)))
        seen += [(box.scaled(1 / k_fine), sure - FINE_COSTS) for box, sure in _look(fine)]
    inside = [(box.clipped(width, height), sure) for box, sure in seen]
    return _distinct([(box, sure) for box, sure in inside if not box.is_empty])


def _enough(subject: Subject) -> tuple[Pixels, float]:
    """The reduced pixels where these are enough for the finer look, else all (then there are few); and their scale."""
    if max(subject.small.shape[:2]) >= FINE or subject.scale == 1:
        return subject.small, subject.scale
    return subject.full, 1.0


def _look(pixels: Pixels) -> list[tuple[Box, float]]:
    return [(Box(*(float(v) for v in row[:4])), float(row[4])) for row in faces_in(pixels)]


def _resized(pixels: Pixels, side: int) -> tuple[Pixels, float]:
    """With its longer side at ``side``; and pixels held per pixel given."""
    import cv2
    import numpy as np

    height, width = pixels.shape[:2]
    k = side / max(height, width)
    size = max(round(width * k), 1), max(round(height * k), 1)
    how = cv2.INTER_AREA if k < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8), k


def _with_room(pixels: Pixels) -> tuple[Pixels, int]:
    """Inside an empty margin in the photo's mean colour; and how wide that is."""
    import numpy as np

    height, width = pixels.shape[:2]
    edge = round(ROOM * max(height, width))
    out = np.empty((height + 2 * edge, width + 2 * edge, 3), np.uint8)
    out[:] = pixels.reshape(-1, 3).mean(0)
    out[edge : edge + height, edge : edge + width] = pixels
    return out, edge


def _turned(pixels: Pixels, quarters: int) -> Pixels:
    """Anticlockwise."""
    import numpy as np

    return np.rot90(pixels, quarters)


def _turned_back(box: Box, quarters: int, pixels: Pixels) -> Box:
    """A box in ``_turned(pixels, quarters)`` as one in ``pixels``."""
    height, width = pixels.shape[:2]
    if quarters == 1:  # the right edge came to the top
        return Box(width - box.y1, box.x0, width - box.y0, box.x1)
    if quarters == 3:  # the left edge came to the top
        return Box(box.y0, height - box.x1, box.y1, height - box.x0)
    return box


def _distinct(seen: list[tuple[Box, float]]) -> list[tuple[Box, float]]:
    kept: list[tuple[Box, float]] = []
    for box, sure in sorted(seen, key=lambda b: -b[1]):
        if len(kept) < MOST and all(iou(box, other) < SAME for other, _ in kept):
            kept.append((box, sure))
    return kept
