"""Renderer A's lesions, continued: lupus erythematosus and parapsoriasis."""

from __future__ import annotations

import math

import cv2
import numpy as np

from .a_lesions import Painted, flakes, outline, over, scale_colour, scatter, stamp_dots, tint
from .a_noise import fractal, ridges
from .a_skin import Surface
from .grid import Grid, blur, filled, step
from .plan import PlannedLesion
from .types import F, stream


def _vessels(grid: Grid, rng: np.random.Generator, lesion: PlannedLesion, count: int) -> F:
    """Fine winding vessels (h, w) 0..1."""
    out = np.zeros((grid.h, grid.w), np.float32)
    for start in scatter(rng, lesion, 40, count, 0.95):
        n = 14
        angle = float(rng.uniform(0, 6.3)) + np.cumsum(rng.normal(0, 0.5, n))
        part = float(rng.uniform(0.03, 0.09))
        line = start + np.stack([np.cumsum(np.cos(angle)), np.cumsum(np.sin(angle))], 1) * part
        thick = max(1, round(0.018 * grid.per_cm))
        cv2.polylines(
            out,
            [np.round(grid.points(line.astype(np.float32)) * 8).astype(np.int32)],
            False,
            float(rng.uniform(0.4, 1.0)),
            thick,
            cv2.LINE_AA,
            3,
        )
    return blur(out, 0.6)


def _malar(lesion: PlannedLesion, grid: Grid) -> F:
    """Two cheeks and the bridge between, distance in cm as in `outline`."""
    rng = stream(lesion.seed, 140)
    a, b = lesion.semi
    x, y = grid.local()
    best = np.full(x.shape, -9.0, np.float32)
    droop = float(rng.uniform(0.1, 0.3)) * b
    parts = [(-0.58, 0.44, 0.95, droop), (0.58, 0.44, 0.95, droop), (0.0, 0.34, 0.36, -0.1 * b)]
    for cx, rx, ry, cy in parts:
        j = rng.uniform(0.88, 1.1, 2)
        u, v = (x - np.float32(cx * a)) / np.float32(rx * a * j[0]), (y - np.float32(cy)) / np.float32(ry * b * j[1])
        best = np.maximum(best, (1 - np.sqrt(u * u + v * v)) * np.float32(min(rx * a, ry * b)))
    return np.asarray(
        best + fractal(lesion.seed, 141, grid, 1.3, 4) * np.float32(0.28 * (0.3 + lesion.traits.ragged)), np.float32
    )


def lupus(lesion: PlannedLesion, grid: Grid, skin: Surface, skin_type: int) -> Painted:
    """Disc: raised red-brown rim, pale sunken centre, plugs, scale, vessels; malar: confluent redness, vessels."""
    rng, t = stream(lesion.seed, 150), lesion.traits
    malar = lesion.form == "malar"
    small = min(lesion.semi)
    s = _malar(lesion, grid) if malar else outline(lesion, grid)
    soft = max((t.soft * (2.2 if malar else 1.0)) * small * 0.8, 0.8 / grid.per_cm)
    alpha = step(s, -soft, soft)
    blotch = fractal(lesion.seed, 151, grid, 0.5, 3)
    width = small * float(rng.uniform(0.22, 0.42))
    core = (
        np.zeros_like(s)
        if malar
        else step(s + blotch * np.float32(0.12 * small), width * 0.6, width * 1.5) * np.float32(t.atrophy)
    )
    rim = alpha * (1 - core)
    factor = tint(t, skin_type, rng)
    rgb = skin.rgb * (1 + (factor - 1) * (rim * (1 + blotch * np.float32(0.18)))[..., None])
    if not malar:
        outer = (
            step(s, -2.5 * soft, 0.0)
            * (1 - step(s, 0.15 * width, 0.7 * width))
            * np.float32(t.rim * rng.uniform(0.2, 0.9))
        )
        rgb = rgb * (1 - outer[..., None] * np.array([0.22, 0.34, 0.34], np.float32))  # hyperpigmented rim
        pale = skin.rgb * np.array([1.08, 1.05, 1.06], np.float32) + np.float32(0.05)
        rgb = rgb + (pale - rgb) * (core * np.float32(rng.uniform(0.45, 0.9)))[..., None]
        rgb = rgb * (1 - core[..., None] * np.array([0.0, 0.10, 0.08], np.float32) * np.float32(rng.uniform(0, 1.5)))
    threads = _vessels(grid, rng, lesion, int((18 + 30 * malar) * t.vessels)) * alpha
    rgb = rgb * (1 - threads[..., None] * np.array([0.15, 0.5, 0.48], np.float32))
    scale = flakes(lesion, grid, 152, t.scale * (0.35 if malar else 0.75), t.flake_cm) * step(s, 0.0, 0.25 * small)
    scale = scale * np.float32(rng.uniform(0.4, 0.8)) * (1 - core * np.float32(0.35))
    rgb = over(np.asarray(rgb, np.float32), scale_colour(skin_type, rng, 0.6), np.asarray(scale, np.float32))
    height = (
        skin.height * (1 - 0.85 * core)
        + rim * np.float32(1.0 + 2.2 * t.rim * (not malar))
        - core * np.float32(1.4)
        + scale * np.float32(0.7)
    )
    if t.plugs > 0:
        at = scatter(rng, lesion, (2.0 if malar else 7.0) * t.plugs, 150, 0.85)
        size = rng.uniform(0.025, 0.06, len(at)).astype(np.float32)
        keep = rng.uniform(0.5, 1.0, len(at)).astype(np.float32)
        ring = stamp_dots(grid, at, size * 1.9, keep * np.float32(0.35))
        plug = stamp_dots(grid, at, size, keep, "flat")
        rgb = over(np.asarray(rgb, np.float32), np.array([0.9, 0.84, 0.76], np.float32), ring * alpha)
        rgb = rgb * (1 - (plug * alpha)[..., None] * np.array([0.5, 0.6, 0.62], np.float32))
        height = height - plug * alpha * np.float32(1.5)
    gloss = skin.gloss * (1 - 0.5 * alpha) + core * np.float32(0.35) + alpha * np.float32(t.shine * 0.4)
    region = filled(np.asarray(alpha, np.float32), 0.3 * grid.per_cm)
    return Painted(
        Surface(np.asarray(rgb, np.float32), np.asarray(height, np.float32), np.asarray(gloss, np.float32)), region
    )


def parapsoriasis(lesion: PlannedLesion, grid: Grid, skin: Surface, skin_type: int) -> Painted:
    """A finger-like faint patch with the fine wrinkles and bran-like scale of cigarette paper."""
    rng, t = stream(lesion.seed, 160), lesion.traits
    small = min(lesion.semi)
    s = outline(lesion, grid)
    soft = max(t.soft * small * 1.4, 0.8 / grid.per_cm)
    alpha = step(s, -soft, soft) * (1 + fractal(lesion.seed, 161, grid, 0.7, 3) * np.float32(0.14))
    rgb = skin.rgb * (1 + (tint(t, skin_type, rng) - 1) * (alpha * np.float32(0.75))[..., None])
    along = float(rng.normal(math.pi / 2, 0.5))
    cell = float(rng.uniform(0.06, 0.13))
    wrinkle = ridges(lesion.seed, 162, grid, cell, 0.35, 5.0, along) * np.clip(alpha, 0, 1) * np.float32(t.wrinkle)
    cross = (
        ridges(lesion.seed, 163, grid, cell * 1.5, 0.2, 4.0, along + 1.2)
        * np.clip(alpha, 0, 1)
        * np.float32(t.wrinkle * 0.5)
    )
    rgb = rgb * (1 - (wrinkle + cross) * np.float32(0.07))[..., None]
    bran = (
        flakes(lesion, grid, 164, t.scale * 0.75, t.flake_cm * 0.6)
        * np.clip(alpha, 0, 1)
        * np.float32(rng.uniform(0.2, 0.5))
    )
    rgb = over(np.asarray(rgb, np.float32), scale_colour(skin_type, rng, 0.2), np.asarray(bran, np.float32))
    height = skin.height * (1 - 0.3 * alpha) - (wrinkle + cross) * np.float32(1.1) + bran * np.float32(0.8)
    gloss = skin.gloss * (1 - 0.4 * alpha) + alpha * np.float32(0.12 + t.shine * 0.5)
    region = filled(np.asarray(np.clip(alpha, 0, 1), np.float32), 0.3 * grid.per_cm)
    return Painted(
        Surface(np.asarray(rgb, np.float32), np.asarray(height, np.float32), np.asarray(gloss, np.float32)), region
    )
