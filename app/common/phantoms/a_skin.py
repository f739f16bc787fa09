"""Renderer A's healthy skin: a table of sRGB colours, mottling and furrows from zero crossings, distractors."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .a_noise import fractal, ridges, value_noise
from .grid import Grid, blur, resized, step
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


def _spots(shape: tuple[int, int], per_cm: float, rng: np.random.Generator) -> F:
    """Moles and freckles as ink (h, w) 0..1 at half the photo's size."""
    h, w = -(-shape[0] // 2), -(-shape[1] // 2)
    ink = np.zeros((h, w), np.float32)
    area = shape[1] * shape[0] / per_cm**2
    freckles = rng.random() < 0.25
    for kind, per_area, size in (("mole", 0.015, 0.16), ("freckle", 0.35 if freckles else 0.02, 0.09)):
        for _ in range(min(150, int(rng.poisson(per_area * area)))):
            r = size * float(rng.uniform(0.5, 1.3)) * per_cm / 2
            if r < 0.4:
                continue
            depth = float(rng.uniform(0.5, 1.0) if kind == "mole" else rng.uniform(0.15, 0.45))
            cv2.circle(
                ink, (int(rng.uniform(0, w) * 8), int(rng.uniform(0, h) * 8)), int(r * 8), depth, -1, cv2.LINE_AA, 3
            )
    return blur(ink, max(0.5, 0.013 * per_cm))


def _everyday(height: F, grid: Grid, seed: int, rng: np.random.Generator) -> tuple[F, F | None]:
    """Follicles or dry flakes, so that texture alone is no diagnosis: (height, white veil)."""
    kind = rng.random()
    if kind < 0.3:
        bumps = step(value_noise(seed, 10, grid, float(rng.uniform(0.06, 0.14))), 0.9, 1.8)
        return np.asarray(height + bumps * np.float32(rng.uniform(-0.9, 1.3)), np.float32), None
    if kind < 0.5:
        dry = step(fractal(seed, 11, grid, float(rng.uniform(0.15, 0.5)), 4, 0.8), 1.5, 2.4)
        dry = dry * np.float32(rng.uniform(0.08, 0.28))
        return np.asarray(height + dry * np.float32(0.8), np.float32), dry
    return height, None


def skin(grid: Grid, skin_type: int, seed: int) -> Surface:
    """Healthy skin over the whole photo: colour worked out at a quarter of the size, relief at full size."""
    rng = stream(seed, 1)
    base = tone(skin_type, rng)
    small = grid.coarse(4)
    amount = float(rng.uniform(0.4, 1.3))
    red = fractal(seed, 2, small, float(rng.uniform(1.5, 4.0)), 3)
    red = red + fractal(seed, 3, small, 0.3, 2) * np.float32(rng.uniform(0.1, 1.2))
    dark = fractal(seed, 4, small, float(rng.uniform(2.5, 6.0)), 3)
    tint = np.array([0.003, -0.013, -0.010], np.float32) * np.float32(amount * rng.uniform(0.1, 1.6))
    shade = np.array([0.018, 0.022, 0.022], np.float32) * np.float32(amount)
    if rng.random() < 0.3:  # a harmless flush somewhere
        red = red + step(fractal(seed, 12, small, float(rng.uniform(3, 7)), 2), 0.4, 1.6) * np.float32(
            rng.uniform(2, 7)
        )
    colour = base * (1 + red[..., None] * (tint / np.maximum(base, 0.3)) + dark[..., None] * shade)
    rgb = resized(np.asarray(colour, np.float32), small.w * 4, small.h * 4)[: grid.h, : grid.w]
    cell = float(rng.uniform(0.03, 0.075))
    turn = float(rng.uniform(0, np.pi))
    furrow = np.zeros((grid.h, grid.w), np.float32)
    for k, angle in enumerate((turn, turn + 1.1 + float(rng.uniform(-0.2, 0.2)))):
        line = ridges(seed, 5 + k, grid, cell, 0.3, float(rng.uniform(1.6, 3.5)), float(angle))
        furrow = np.maximum(furrow, line)
    deep = np.float32(max(0.0, rng.uniform(-1.2, 1.0)))
    coarse = ridges(seed, 8, grid, cell * 9, 0.05, 5.0, float(rng.normal(np.pi / 2, 0.3))) * deep
    grain = value_noise(seed, 9, grid, 0.035)
    height = (
        -furrow * np.float32(rng.uniform(0.06, 0.45))
        - coarse * np.float32(0.9)
        + grain * np.float32(rng.uniform(0.03, 0.22))
    )
    height, veil = _everyday(height, grid, seed, rng)
    ink = resized(_spots((grid.h, grid.w), grid.per_cm, rng), grid.w, grid.h)
    shadow = 1 - furrow * np.float32(rng.uniform(0.0, 0.07)) - coarse * np.float32(0.08)
    spots = cv2.merge([ink * np.float32(-k) for k in (0.35, 0.5, 0.55)])
    rgb = (rgb + rgb * spots) * shadow[..., None]
    if veil is not None:
        rgb = rgb + (np.float32(0.85) - rgb) * veil[..., None]
    gloss = np.full((grid.h, grid.w), np.float32(rng.uniform(0.05, 0.4)))
    return Surface(np.asarray(rgb, np.float32), np.asarray(height, np.float32), gloss)
