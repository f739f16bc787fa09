"""Renderer A's healthy skin: a table of sRGB colours, mottling and furrows from zero crossings, distractors."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .a_noise import fractal, ridges, value_noise
from .grid import Grid, blur
from .types import F, stream

# sRGB of the six Fitzpatrick types in daylight, read off published skin tone scales and rounded; 0..1.
TONES = np.array(
    [
        [0.93, 0.78, 0.71],
        [0.89, 0.71, 0.61],
        [0.83, 0.64, 0.51],
        [0.72, 0.53, 0.40],
        [0.54, 0.37, 0.27],
        [0.34, 0.23, 0.18],
    ],
    np.float32,
)


@dataclass(frozen=True)
class Surface:
    """rgb (h, w, 3) gamma-encoded 0..1; height (h, w) in units of relief; gloss (h, w) 0..1."""

    rgb: F
    height: F
    gloss: F


def tone(skin_type: int, rng: np.random.Generator) -> F:
    """Skin colour (3,) of a person: between the neighbouring types, a little redder or yellower."""
    pos = np.clip(skin_type - 1 + rng.uniform(-0.5, 0.5), 0, 5)
    low = min(int(pos), 4)
    base = TONES[low] * (low + 1 - pos) + TONES[low + 1] * (pos - low)
    shift = np.array([1.0, -0.6, -0.5]) * rng.normal(0, 0.025) + np.array([0.2, 0.1, -1.0]) * rng.normal(0, 0.025)
    return np.asarray(np.clip(base + shift, 0.05, 0.97), np.float32)


def _spots(rgb: F, grid: Grid, rng: np.random.Generator) -> F:
    """Moles, freckles and follicles: small brown or red dots."""
    h, w = rgb.shape[:2]
    ink = np.zeros((h, w), np.float32)
    area = grid.w * grid.h / grid.per_cm**2
    freckles = rng.random() < 0.25
    for kind, per_area, size in (("mole", 0.015, 0.16), ("freckle", 0.35 if freckles else 0.02, 0.09)):
        for _ in range(min(150, int(rng.poisson(per_area * area)))):
            r = size * float(rng.uniform(0.5, 1.3)) * grid.per_cm
            if r < 0.7:
                continue
            depth = float(rng.uniform(0.5, 1.0) if kind == "mole" else rng.uniform(0.15, 0.45))
            centre = (int(rng.uniform(0, w) * 8), int(rng.uniform(0, h) * 8))
            cv2.circle(ink, centre, int(r * 8), depth, -1, cv2.LINE_AA, 3)
    ink = blur(ink, max(0.6, 0.025 * grid.per_cm))[..., None]
    return np.asarray(rgb * (1 - ink * np.array([0.35, 0.5, 0.55], np.float32)), np.float32)


def skin(grid: Grid, skin_type: int, seed: int) -> Surface:
    """Healthy skin over the whole photo."""
    rng = stream(seed, 1)
    base = tone(skin_type, rng)
    amount = rng.uniform(0.4, 1.3)
    red = fractal(seed, 2, grid, float(rng.uniform(1.5, 4.0)), 3) + fractal(seed, 3, grid, 0.25, 2) * np.float32(
        rng.uniform(0.1, 0.9)
    )
    dark = fractal(seed, 4, grid, float(rng.uniform(2.5, 6.0)), 3)
    tint = np.array([0.003, -0.010, -0.008], np.float32) * np.float32(amount * rng.uniform(0.3, 1.6))
    shade = np.array([0.020, 0.024, 0.024], np.float32) * np.float32(amount)
    rgb = base[None, None] * (1 + red[..., None] * tint / np.maximum(base, 0.2) * 1.4 + dark[..., None] * shade)
    cell = float(rng.uniform(0.03, 0.075))
    turn = float(rng.uniform(0, np.pi))
    furrow = np.zeros((grid.h, grid.w), np.float32)
    for k, angle in enumerate((turn, turn + 1.1 + rng.uniform(-0.2, 0.2))):
        furrow = np.maximum(furrow, ridges(seed, 5 + k, grid, cell, 0.3, float(rng.uniform(1.6, 3.5)), float(angle)))
    coarse = ridges(seed, 8, grid, cell * 9, 0.05, 5.0, float(rng.normal(np.pi / 2, 0.3))) * np.float32(
        max(0.0, rng.uniform(-1.2, 1.0))
    )
    grain = value_noise(seed, 9, grid, 0.035)
    height = (
        -furrow * np.float32(rng.uniform(0.15, 0.9))
        - coarse * np.float32(1.2)
        + grain * np.float32(rng.uniform(0.05, 0.3))
    )
    rgb = rgb * (1 - furrow * np.float32(rng.uniform(0.0, 0.07)) - coarse * np.float32(0.08))[..., None]
    gloss = np.full((grid.h, grid.w), np.float32(rng.uniform(0.05, 0.4)))
    return Surface(_spots(np.asarray(rgb, np.float32), grid, rng), np.asarray(height, np.float32), gloss)
