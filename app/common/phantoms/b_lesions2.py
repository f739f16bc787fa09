"""Renderer B's lesions, continued: lupus erythematosus by layers of distance, parapsoriasis by warped gratings."""

from __future__ import annotations

import numpy as np

from .b_lesions import Laid, domes, lamellae, spread_points, strokes
from .b_noise import cloud
from .b_shapes import distance_field
from .b_skin import Tissue, colour
from .grid import Grid, filled, step
from .plan import PlannedLesion
from .types import F, stream


def lupus(lesion: PlannedLesion, grid: Grid, skin: Tissue, skin_type: int) -> Laid:
    """From the edge inward: dark line, raised red band, pale smooth centre; plugs, clinging scale, winding vessels."""
    rng, t = stream(lesion.seed, 640), lesion.traits
    malar = lesion.form == "malar"
    small = min(lesion.semi)
    d = distance_field(lesion, grid)
    soft = max(t.soft * small * (1.8 if malar else 0.8), 0.9 / grid.per_cm)
    on = step(d, -soft, soft)
    band = small * float(rng.uniform(0.2, 0.4))
    wavy = d + cloud(grid, 0.5 * small, lesion.seed + 1) * np.float32(0.08 * small)
    core = on * 0 if malar else step(wavy, band * 0.7, band * 1.4) * np.float32(t.atrophy)
    red = on * (1 - 0.85 * core) * (1 + 0.15 * cloud(grid, 0.6, lesion.seed + 2))
    pigment = np.asarray(skin.pigment + red[..., None] * colour(t, skin_type), np.float32)
    pigment = np.asarray(pigment * (1 - core[..., None] * np.array([0.6, 0.35, 0.3, 0.4], np.float32)), np.float32)
    if not malar:
        ring = np.exp(-(((d - 0.15 * band) / np.float32(0.45 * band + soft * 0.5)) ** 2)) * np.float32(
            t.rim * rng.uniform(0.2, 0.8)
        )
        pigment[..., 0] += ring * np.float32(0.8)
        pigment[..., 2] += ring * np.float32(0.25)
    lines: list[F] = []
    for start in spread_points(lesion, rng, int((16 + 26 * malar) * t.vessels), 0.8):
        angle = float(rng.uniform(0, 6.3)) + np.cumsum(rng.normal(0, 0.55, 13))
        part = float(rng.uniform(0.03, 0.09))
        lines.append((start + np.stack([np.cos(angle), np.sin(angle)], 1).cumsum(0) * part).astype(np.float32))
    pigment[..., 1] += strokes(grid, lines, 0.016) * on * np.float32(1.3)
    cling, thick = lamellae(lesion, grid, 5, t.scale * (0.4 if malar else 0.95), t.flake_cm)
    white = cling * step(d, 0.0, 0.2 * small) * np.float32(rng.uniform(0.45, 0.8)) * (1 - 0.3 * core)
    height = (
        skin.height * (1 - 0.9 * core)
        + on * (1 - core) * np.float32(0.012 + 0.03 * t.rim * (not malar))
        - core * np.float32(0.012)
    )
    height = height + thick * white * np.float32(0.012)
    points = spread_points(lesion, rng, int((25 if malar else 60) * t.plugs), 0.75)
    radii = rng.uniform(0.016, 0.04, len(points)).astype(np.float32)
    _, collar = domes(grid, points, radii * np.float32(1.8), np.zeros(len(points), np.float32))
    pit, plug = domes(grid, points, radii, rng.uniform(0.008, 0.02, len(points)).astype(np.float32))
    white = np.maximum(white, collar * np.float32(0.3)) * (1 - plug)
    pigment = np.asarray(pigment + (plug * on)[..., None] * np.array([1.3, 0.4, 0.2, 0.4], np.float32), np.float32)
    height = height - pit * on
    wet = skin.wet * (1 - 0.5 * on) + core * np.float32(0.4) + on * np.float32(0.2 * t.shine)
    tissue = Tissue(
        pigment,
        np.asarray(np.maximum(skin.white, white * on), np.float32),
        np.asarray(height, np.float32),
        np.asarray(wet, np.float32),
    )
    return Laid(tissue, filled(np.asarray(on, np.float32), 0.3 * grid.per_cm))


def _grating(grid: Grid, pitch: float, turn: float, seed: int) -> F:
    """Wavy parallel creases, 1 in the crease (h, w); fades where the pitch nears the resolution."""
    fade = np.float32(np.clip((pitch * grid.per_cm - 2.5) / 4, 0, 1))
    if fade == 0:
        return np.zeros((grid.h, grid.w), np.float32)
    x, y = grid.local()
    phase = (x * np.float32(np.cos(turn)) + y * np.float32(np.sin(turn))) * np.float32(2 * np.pi / pitch)
    phase = phase + cloud(grid, pitch * 6, seed, 1.7) * np.float32(2.2)
    broken = step(cloud(grid, pitch * 4, seed + 1, 1.2), -0.8, 0.6)
    return np.asarray(np.maximum(0, np.sin(phase)) ** 2 * broken * fade, np.float32)


def parapsoriasis(lesion: PlannedLesion, grid: Grid, skin: Tissue, skin_type: int) -> Laid:
    """A faint finger of pink to yellow-brown; crinkled like cigarette paper, with bran."""
    rng, t = stream(lesion.seed, 650), lesion.traits
    small = min(lesion.semi)
    d = distance_field(lesion, grid)
    soft = max(t.soft * small * 1.2, 1.0 / grid.per_cm)
    on = step(d, -soft, soft)
    pigment = skin.pigment + (on * (1 + 0.12 * cloud(grid, 0.8, lesion.seed + 3)))[..., None] * colour(
        t, skin_type
    ) * np.float32(0.8)
    pitch = float(rng.uniform(0.09, 0.18))
    turn = float(rng.normal(0.0, 0.5))
    creases = (
        np.maximum(
            _grating(grid, pitch, turn, lesion.seed + 4), 0.6 * _grating(grid, pitch * 1.4, turn + 1.1, lesion.seed + 6)
        )
        * on
        * np.float32(t.wrinkle)
    )
    bran, thick = lamellae(lesion, grid, 6, t.scale * 0.8, t.flake_cm * 1.3)
    white = bran * on * np.float32(rng.uniform(0.2, 0.5))
    height = skin.height * (1 - 0.4 * on) - creases * np.float32(0.009) + thick * on * np.float32(0.005)
    wet = skin.wet * (1 - 0.4 * on) + on * np.float32(0.15 + 0.4 * t.shine)
    tissue = Tissue(
        np.asarray(pigment, np.float32),
        np.asarray(np.maximum(skin.white, white), np.float32),
        np.asarray(height, np.float32),
        np.asarray(wet, np.float32),
    )
    return Laid(tissue, filled(np.asarray(on, np.float32), 0.3 * grid.per_cm))
