"""Renderer A's noise: random lattices, interpolated. The same lesion has the same lattice at every distance."""

from __future__ import annotations

import math

import cv2
import numpy as np

from .grid import Grid, step
from .types import F, stream


def value_noise(seed: int, tag: int, grid: Grid, cell: float, stretch: float = 1.0, turn: float = 0.0) -> F:
    """Noise with cells of `cell` cm, `stretch` longer along `turn`; mean 0, spread about 0.6; 0 if too fine."""
    cell_px = cell * grid.per_cm
    if cell_px < 1.1:
        return np.zeros((grid.h, grid.w), np.float32)
    n = min(1400, math.ceil(2 * grid.reach / cell) + 6)
    m = min(1400, math.ceil(2 * grid.reach / (cell * stretch)) + 6)
    lattice = stream(seed, tag).standard_normal((n, m), dtype=np.float32)
    k = max(1, int(cell_px / 3.5))  # smooth noise needs no full resolution
    a = grid.matrix(1.0, float(k))
    c, s = math.cos(turn), math.sin(turn)
    rot = np.array([[c / (cell * stretch), s / (cell * stretch)], [-s / cell, c / cell]], np.float32)
    a = (rot @ a).astype(np.float32)
    a[:, 2] += (m / 2, n / 2)
    w, h = -(-grid.w // k), -(-grid.h // k)
    out = cv2.warpAffine(
        lattice, a, (w, h), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT
    )
    if k > 1:
        out = cv2.resize(out, (w * k, h * k), interpolation=cv2.INTER_LINEAR)[: grid.h, : grid.w]
    return np.asarray(out, np.float32)


def fractal(seed: int, tag: int, grid: Grid, cell: float, octaves: int = 3, gain: float = 0.55) -> F:
    """Sum of octaves of value noise, coarsest cell in cm."""
    total = np.zeros((grid.h, grid.w), np.float32)
    weight = 1.0
    for k in range(octaves):
        if cell * grid.per_cm / 2**k < 1.1:
            break
        total += np.float32(weight) * value_noise(seed, tag * 16 + k, grid, cell / 2**k)
        weight *= gain
    return total


def ridges(
    seed: int, tag: int, grid: Grid, cell: float, width: float = 0.25, stretch: float = 1.0, turn: float = 0.0
) -> F:
    """Lines where noise crosses zero: 1 on the line, 0 away; fades out as the cells come near the pixel size."""
    fade = float(np.clip((cell * grid.per_cm - 2.0) / 3.0, 0, 1))
    if fade <= 0:
        return np.zeros((grid.h, grid.w), np.float32)
    n = value_noise(seed, tag, grid, cell, stretch, turn)
    return step(np.asarray(1 - np.abs(n) / np.float32(width), np.float32), 0.0, 1.0) * np.float32(fade)
