"""Pixels as shares of the 11 basic colour names (Berlin and Kay 1969; van de Weijer et al., IEEE TIP 2009).

The table is built from the C3 counts of the XKCD colour survey: ``resources/colour_names/CARD.md``.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from app.common.places import RESOURCES

NAMES = ("black", "blue", "brown", "grey", "green", "orange", "pink", "purple", "red", "white", "yellow")
SIDE = 32
"""Steps of each of R, G and B in the table."""

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]


@cache
def table() -> F32:
    """(32, 32, 32, 11): for R, G, B in steps of 8 the share of each name, 1 in sum."""
    with np.load(RESOURCES / "colour_names" / "table.npz") as held:
        shares = held["table"].astype(np.float32)
    return np.asarray(shares / shares.sum(-1, keepdims=True), np.float32)


def named(pixels: U8) -> F32:
    """(H, W, 11) shares of the names of each pixel of an RGB picture (H, W, 3)."""
    step = 256 // SIDE
    r, g, b = (pixels[..., k] // step for k in range(3))
    return np.asarray(table()[r, g, b], np.float32)


def in_strips(pixels: U8, strips: int) -> F32:
    """(strips * 11,) mean shares in horizontal strips of equal height, from the top.

    A picture lower than ``strips`` pixels repeats its rows.
    """
    shares = named(pixels)
    edges = np.arange(strips + 1) * len(shares) / strips
    low = np.minimum(edges[:-1].astype(int), len(shares) - 1)
    high = np.maximum(edges[1:].astype(int), low + 1)
    return np.concatenate([shares[a:b].mean((0, 1)) for a, b in zip(low, high, strict=True)])
