"""Renderer B's healthy skin: light through chromophores (Beer-Lambert), relief from Voronoi fields of the epidermis."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .b_noise import cells, cloud, sample
from .grid import Grid, blur
from .textbook import Traits
from .types import F, stream

# Absorbance in linear R, G, B per unit of each chromophore, ordered as published spectra are; units arbitrary.
MELANIN = np.array([0.52, 0.90, 1.32], np.float32)
OXY = np.array([0.05, 0.74, 0.58], np.float32)
DEOXY = np.array([0.40, 0.72, 0.22], np.float32)
YELLOW = np.array([0.02, 0.14, 0.60], np.float32)
SCATTER = np.array([0.86, 0.76, 0.69], np.float32)
MELANIN_OF_TYPE = (0.16, 0.28, 0.48, 0.80, 1.35, 2.25)


@dataclass(frozen=True)
class Tissue:
    """Chromophores melanin, oxy, deoxy, yellow (h, w, 4); white layer on top (h, w); height in cm; wetness 0..1."""

    pigment: F
    white: F
    height: F
    wet: F

    def albedo(self, white_colour: F) -> F:
        """Linear reflectance (h, w, 3)."""
        spectrum = np.stack([MELANIN, OXY, DEOXY, YELLOW])
        skin = cv2.exp(cv2.transform(self.pigment, -spectrum.T)) * SCATTER
        rows = np.flatnonzero(self.white.any(1))  # the white layer lies on lesions only
        if len(rows):
            part = slice(int(rows[0]), int(rows[-1]) + 1)
            skin[part] += (white_colour - skin[part]) * self.white[part, :, None]
        return np.asarray(skin, np.float32)


def colour(t: Traits, skin_type: int) -> F:
    """Chromophores (4,) that a lesion adds at full strength."""
    dark = 1.0 if skin_type < 5 else 0.75
    return np.asarray(
        [1.1 * t.brown + (0.5 if skin_type >= 5 else 0.0), 1.9 * t.redness * dark, 1.5 * t.violet, 0.8 * t.yellow],
        np.float32,
    ) * np.float32(t.strength)


def tissue(grid: Grid, skin_type: int, seed: int) -> Tissue:
    """Healthy skin over the whole photo."""
    rng = stream(seed, 301)
    h, w = grid.h, grid.w
    pigment = np.empty((h, w, 4), np.float32)
    base = MELANIN_OF_TYPE[skin_type - 1] * float(rng.uniform(0.8, 1.2))
    pigment[..., 0] = base * (1 + 0.06 * cloud(grid, 5.0, seed + 1))
    vessels = cloud(grid, 2.5, seed + 2, 1.2)
    pigment[..., 1] = np.maximum(0.02, float(rng.uniform(0.15, 0.4)) + float(rng.uniform(0.01, 0.06)) * vessels)
    pigment[..., 2] = float(rng.uniform(0.0, 0.08))
    pigment[..., 3] = float(rng.uniform(0.0, 0.25))
    _marks(pigment, grid, rng)
    edge, _ = cells(400, 0)
    size = float(rng.uniform(0.9, 1.7))  # 20 fields along one tile: fields of 0.5 to 0.9 mm
    fields = sample(edge, grid, size, seed + 3, float(rng.uniform(0, 3)), float(rng.uniform(1.0, 1.8)))
    big = sample(edge, grid, size * 5.5, seed + 4, float(rng.uniform(0, 3)), float(rng.uniform(1.5, 4.0)))
    depth = float(rng.uniform(0.002, 0.007))
    height = np.minimum(fields, 0.25) * np.float32(depth * 4) + np.minimum(big, 0.06) * np.float32(
        depth * rng.uniform(0, 40)
    )
    return Tissue(
        pigment,
        np.zeros((h, w), np.float32),
        np.asarray(height, np.float32),
        np.full((h, w), np.float32(rng.uniform(0.1, 0.5))),
    )


def _marks(pigment: F, grid: Grid, rng: np.random.Generator) -> None:
    """Naevi, lentigines and blue veins, written into the chromophores."""
    layer = np.zeros(pigment.shape[:2], np.float32)
    area = grid.w * grid.h / grid.per_cm**2
    for _ in range(min(80, int(rng.poisson(0.03 * area)))):
        r = float(rng.lognormal(-2.3, 0.4)) * grid.per_cm
        if r >= 0.8:
            at = (int(rng.uniform(0, grid.w)), int(rng.uniform(0, grid.h)))
            axes = (max(1, round(r)), max(1, round(r * rng.uniform(0.7, 1.0))))
            cv2.ellipse(
                layer, at, axes, float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(0.3, 1.3)), -1, cv2.LINE_AA
            )
    pigment[..., 0] += blur(layer, max(0.6, 0.03 * grid.per_cm))
    if rng.random() < 0.3:
        vein = np.zeros_like(layer)
        start = np.array([rng.uniform(0, grid.w), rng.uniform(0, grid.h)])
        angle = float(rng.uniform(0, 6.3)) + np.cumsum(rng.normal(0, 0.25, 20))
        line = start + np.cumsum(np.stack([np.cos(angle), np.sin(angle)], 1), 0) * 0.6 * grid.per_cm
        cv2.polylines(vein, [line.astype(np.int32)], False, 1.0, max(1, int(0.25 * grid.per_cm)), cv2.LINE_AA)
        pigment[..., 2] += blur(vein, max(1.0, 0.12 * grid.per_cm)) * np.float32(0.18)
