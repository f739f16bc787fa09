"""Two photos on top of each other, for an eye to see what differs. Pure: numpy in, numpy out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from app.cleaning.alignment import Alignment, square
from app.cleaning.laying import softened
from app.cleaning.looks import Pixels, look
from app.cleaning.matching import align


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """Two photos on top of each other, for an eye to see what differs.

    ``first``: H x W x 3, the first photo; ``second``: the other one laid on it, same shape, in its own colours and grey
    where it shows nothing; ``seen``: bool, H x W, where both show something; ``differs``: bool, where they differ.
    """

    first: Pixels
    second: Pixels
    seen: NDArray[np.bool_]
    differs: NDArray[np.bool_]
    alignment: Alignment


def evidence(first: Pixels, second: Pixels, verdict: Any | None = None, side: int = 1024) -> Evidence | None:
    """Lay ``second`` on ``first`` (RGB, upright, both at full scale or both reduced by their decoder alike).

    ``verdict``: what :meth:`Alignment.as_json` remembered for these very pixels' photos at full scale; None: they are
    aligned anew (some 50 ms). ``side``: longer side of the pictures given back. None where they do not fit together.
    """
    alignment = align(look(first), look(second)) if verdict is None else Alignment.from_json(verdict)
    if alignment is None:
        return None
    shrink = min(1.0, side / max(first.shape[:2]))
    size = (max(1, round(first.shape[1] * shrink)), max(1, round(first.shape[0] * shrink)))
    base = np.asarray(cv2.resize(first, size, interpolation=cv2.INTER_AREA), np.uint8)
    back = np.diag([size[0] / first.shape[1], size[1] / first.shape[0], 1.0]) @ np.linalg.inv(
        square(np.array(alignment.matrix).reshape(2, 3))
    )
    blurred = softened(second, float(np.sqrt(abs(np.linalg.det(back[:2, :2])))))
    laid = np.asarray(cv2.warpAffine(blurred, back[:2], size, flags=cv2.INTER_LINEAR, borderValue=(128,) * 3), np.uint8)
    seen = cv2.warpAffine(np.full(second.shape[:2], 255, np.uint8), back[:2], size, flags=cv2.INTER_NEAREST) > 0
    return Evidence(base, laid, seen, _differing(base, laid, seen), alignment)


def _differing(first: Pixels, second: NDArray[Any], seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where two aligned pictures differ by more than recompression and a shift in brightness explain."""
    if not seen.any():
        return np.zeros_like(seen)
    apart = second.astype(np.float32) - first
    apart -= np.median(apart[seen], axis=0)
    apart[~seen] = 0.0
    size = np.abs(cv2.GaussianBlur(apart, (0, 0), 1.5)).max(axis=2)
    inside = cv2.erode(seen.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) > 0
    marked = ((size > max(18.0, 3.0 * float(np.median(size[seen])))) & inside).astype(np.uint8)
    return cv2.morphologyEx(marked, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
