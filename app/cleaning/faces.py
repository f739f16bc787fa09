"""Faces and parts of faces, from reduced pixels.

A close-up of skin shows a face as no portrait does: turned, cut off by the edge, eyes barred. So the network looks
three times: upright; on one side (it sees a face upside down too); and coarser, with an empty margin all round, where
parts of a face that the edge cuts off are found as the middle of one. MTCNN finds fewer parts and more small
faces (``benchmarks/faces.py`` measures both in the same run).
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

UPRIGHT = 384  # longer side of what the network sees, pixels; the finer, the smaller the faces that it finds
TURNED = 320  # likewise, on its side
WITH_ROOM = 160  # likewise, where it has an empty margin all round
ROOM = 0.25  # that margin, share of the longer side
SAME = 0.3  # IoU from which two looks saw one face
GROWN = 0.1  # share of its size by which a box is grown, so that masking it hides the whole face
MOST = 10  # boxes of one photo
NARROWEST = 48  # shorter side of what the network sees; on thinner strips it answers differently each time


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
    upright, k = _resized(pixels, UPRIGHT)
    if min(upright.shape[:2]) < NARROWEST:
        return []
    seen = [(box.scaled(1 / k), sure) for box, sure in _look(upright)]
    turned, k_turned = _resized(upright, TURNED)
    seen += [(_turned_back(box, turned).scaled(1 / (k * k_turned)), sure) for box, sure in _look(_turned(turned))]
    small, k_small = _resized(turned, WITH_ROOM)
    roomy, edge = _with_room(small)
    back = 1 / (k * k_turned * k_small)
    seen += [(box.moved(-edge, -edge).scaled(back), sure) for box, sure in _look(roomy)]
    inside = [(box.clipped(width, height), sure) for box, sure in seen]
    return _distinct([(box, sure) for box, sure in inside if not box.is_empty])


def _enough(subject: Subject) -> tuple[Pixels, float]:
    """The reduced pixels where these are enough, else all (then there are few); and their scale."""
    if max(subject.small.shape[:2]) >= UPRIGHT or subject.scale == 1:
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


def _turned(pixels: Pixels) -> Pixels:
    """By a quarter, anticlockwise."""
    import numpy as np

    return np.rot90(pixels)


def _turned_back(box: Box, pixels: Pixels) -> Box:
    """A box in ``_turned(pixels)`` as one in ``pixels``: the right edge had come to the top."""
    width = pixels.shape[1]
    return Box(width - box.y1, box.x0, width - box.y0, box.x1)


def _distinct(seen: list[tuple[Box, float]]) -> list[tuple[Box, float]]:
    kept: list[tuple[Box, float]] = []
    for box, sure in sorted(seen, key=lambda b: -b[1]):
        if len(kept) < MOST and all(iou(box, other) < SAME for other, _ in kept):
            kept.append((box, sure))
    return kept
