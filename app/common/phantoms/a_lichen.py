"""Renderer A's lesions, continued: lichen planus."""

from __future__ import annotations

import math

import cv2
import numpy as np

from .a_lesions import Painted, flakes, over, scale_colour, scatter, stamp_dots, tint
from .a_noise import fractal, ridges
from .a_skin import Surface
from .grid import Grid, blur, filled, step
from .plan import PlannedLesion
from .types import F, stream


def _polygons(lesion: PlannedLesion, grid: Grid, rng: np.random.Generator) -> tuple[F, F]:
    """Flat-topped polygonal papules: (cover 0..1, shade of each papule) (h, w)."""
    t = lesion.traits
    cover = np.zeros((grid.h, grid.w), np.float32)
    value = np.zeros((grid.h, grid.w), np.float32)
    core = t.confluence * float(rng.uniform(0.5, 0.9))
    area = math.pi * lesion.semi[0] * lesion.semi[1]
    want = int(np.clip((0.35 + 0.55 * t.papules) * area / (t.papule_cm**2), 7, 170))
    spots: list[tuple[float, float, float]] = []
    for _ in range(want * 3):
        r, phi = float(np.sqrt(rng.random())), float(rng.uniform(0, 2 * math.pi))
        x, y = lesion.semi[0] * r * math.cos(phi), lesion.semi[1] * r * math.sin(phi)
        size = t.papule_cm / 2 * float(rng.uniform(0.55, 1.35)) * (1.25 if r < core else 1.0)
        gap = 0.75 if r < core else 1.06  # in the core the papules run together
        if all((x - p) ** 2 + (y - q) ** 2 > (gap * (size + o)) ** 2 for p, q, o in spots):
            spots.append((x, y, size))
        if len(spots) >= want:
            break
    for x, y, size in spots:
        corners = int(rng.integers(5, 8))
        turns = np.arange(corners) + rng.uniform(-0.3, 0.3, corners)
        around = turns * (2 * math.pi / corners) + float(rng.uniform(0, 6))
        rad = size * rng.uniform(0.8, 1.15, corners)
        pts = grid.points(
            np.stack([x + rad * np.cos(around), y + rad * np.sin(around) * rng.uniform(0.75, 1.0)], 1).astype(
                np.float32
            )
        )
        if pts[:, 0].max() < 0 or pts[:, 1].max() < 0 or pts[:, 0].min() > grid.w or pts[:, 1].min() > grid.h:
            continue
        ipts = np.round(pts * 8).astype(np.int32)
        cv2.fillConvexPoly(cover, ipts, 1.0, cv2.LINE_AA, 3)
        cv2.fillConvexPoly(value, ipts, float(rng.uniform(0.75, 1.2)), cv2.LINE_AA, 3)
    return cover, value


def lichen_planus(lesion: PlannedLesion, grid: Grid, skin: Surface, skin_type: int) -> Painted:
    """Violet shiny polygonal papules in a group, fine white lines on them, brown marks between."""
    rng, t = stream(lesion.seed, 130), lesion.traits
    cover, value = _polygons(lesion, grid, rng)
    if t.confluence > 0.5:  # the middle has run together into a plaque
        x, y = grid.local()
        r = np.sqrt((x / np.float32(lesion.semi[0])) ** 2 + (y / np.float32(lesion.semi[1])) ** 2)
        r = r + fractal(lesion.seed, 135, grid, 0.5, 3) * np.float32(0.12)
        plaque = 1 - step(r, 0.75 * t.confluence - 0.06, 0.75 * t.confluence)
        value = np.maximum(value, plaque * np.float32(0.95))
        cover = np.maximum(cover, plaque)
    edge = max(0.5, 0.035 * grid.per_cm)
    top = blur(cover, edge)
    tone = blur(value, edge)
    halo = blur(cover, max(1.0, 0.16 * grid.per_cm))
    mottle = fractal(lesion.seed, 131, grid, 0.12, 2)
    rgb = skin.rgb * (1 + (tint(t, skin_type, rng) - 1) * (top * (tone + mottle * np.float32(0.15)))[..., None])
    rgb = rgb * (1 - halo[..., None] * np.array([0.03, 0.10, 0.09], np.float32) * np.float32(rng.uniform(0.2, 1.6)))
    if rng.random() < 0.6:
        marks = scatter(rng, lesion, 1.2 * t.brown, 40, 1.15)
        stains = stamp_dots(
            grid,
            marks,
            (t.papule_cm * rng.uniform(0.4, 0.8, len(marks))).astype(np.float32),
            rng.uniform(0.3, 0.9, len(marks)).astype(np.float32),
        )
        rgb = rgb * (1 - stains[..., None] * np.array([0.18, 0.30, 0.32], np.float32) * (1 - top[..., None]))
    net = np.maximum(ridges(lesion.seed, 132, grid, 0.11, 0.16), ridges(lesion.seed, 133, grid, 0.2, 0.1, 1.5, 0.7))
    net = net * step(top, 0.55, 0.95) * np.float32(t.wickham * rng.uniform(0.3, 0.75))
    rgb = over(
        np.asarray(rgb, np.float32),
        np.array([0.93, 0.88, 0.90], np.float32) * (1.0 if skin_type < 5 else 0.8),
        np.asarray(net, np.float32),
    )
    if t.scale > 0:
        veil = flakes(lesion, grid, 134, t.scale, t.flake_cm) * top * np.float32(0.5)
        rgb = over(np.asarray(rgb, np.float32), scale_colour(skin_type, rng), np.asarray(veil, np.float32))
    height = (
        skin.height * (1 - 0.7 * top)
        + step(top, 0.2, 0.8) * np.float32(rng.uniform(1.0, 3.2))
        + mottle * top * np.float32(0.2)
    )
    gloss = skin.gloss * (1 - top) + top * np.float32(0.4 + t.shine)
    region = filled(np.asarray(np.clip(top, 0, 1)), t.papule_cm * 2.4 * grid.per_cm)
    return Painted(
        Surface(np.asarray(rgb, np.float32), np.asarray(height, np.float32), np.asarray(gloss, np.float32)), region
    )
