"""How two photos lie on each other: the matrix, what it means in words, and how well they agree. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Alignment:
    """How two photos lie on each other.

    ``matrix``: 2 x 3, row by row: pixels of the first photo at full scale to those of the second. ``likeness``: typical
    correlation of small blocks, -1..1. ``first``, ``second``: share of each photo's area that the other shows too.
    ``agreeing``: keypoints that lie where the matrix puts them; 0 where none were needed.
    ``colour``: typical distance of their colours, grey levels of the channel that differs most; ``changed``: share of
    the blocks with structure that do not correlate, as under a watermark. ``busier``: 1 or 2, the photo with clearly
    more edges in those blocks: it is the one that was stamped; 0: neither.
    """

    matrix: tuple[float, ...]
    likeness: float
    first: float
    second: float
    agreeing: int
    colour: float
    changed: float
    busier: int = 0

    @property
    def mirrored(self) -> bool:
        a, b, _, c, d, _ = self.matrix
        return a * d - b * c < 0

    @property
    def turned(self) -> float:
        """Degrees, clockwise as seen, -180..180: by how much the second photo is turned (after mirroring sideways)."""
        a, _, _, c, _, _ = self.matrix
        return float(np.degrees(np.arctan2(c, -a if self.mirrored else a)))

    @property
    def scale(self) -> float:
        """Pixels of the second photo per pixel of the first."""
        a, b, _, c, d, _ = self.matrix
        return float(np.sqrt(abs(a * d - b * c)))

    @property
    def same_frame(self) -> bool:
        """The frames lie on each other, turned by quarters at most: no hand holds a camera so still."""
        quarter = abs((self.turned + 45) % 90 - 45)
        return min(self.first, self.second) > 0.97 and quarter < 0.3

    def as_json(self) -> dict[str, Any]:
        return {
            "matrix": [round(v, 6) for v in self.matrix],
            "likeness": round(self.likeness, 4),
            "first": round(self.first, 4),
            "second": round(self.second, 4),
            "agreeing": self.agreeing,
            "colour": round(self.colour, 2),
            "changed": round(self.changed, 4),
            "busier": self.busier,
        }

    @classmethod
    def from_json(cls, raw: Any) -> Alignment:
        return cls(**{**raw, "matrix": tuple(raw["matrix"])})


def scaling(scale: float) -> Matrix:
    """From pixel centres at full scale to those of the reduced photo."""
    return np.array([[scale, 0, 0.5 * scale - 0.5], [0, scale, 0.5 * scale - 0.5], [0, 0, 1]])


def square(matrix: Matrix) -> Matrix:
    return np.vstack([matrix, [0.0, 0.0, 1.0]])
