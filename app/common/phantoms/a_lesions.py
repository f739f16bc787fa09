"""Renderer A's lesions: outlines from a wavy radius, colour as multiplied tints, texture from thresholded noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from .a_noise import fractal, ridges, value_noise
from .a_skin import Surface
from .grid import VISIBLE, Grid, blur, filled, main_parts, step
from .plan import PlannedLesion
from .textbook import Traits
from .types import U8, F, stream


@dataclass(frozen=True)
class Painted:
    """The window with the lesion painted in, and where the lesion is visible (0 or 1)."""

    surface: Surface
    region: U8


def tint(t: Traits, skin_type: int, rng: np.random.Generator) -> F:
    """Factor (3,) on the skin's colour at full strength; on dark skin all turns violet-brown."""
    k = (
        t.redness * np.array([0.10, 0.72, 0.66])
        + t.violet * np.array([0.42, 0.66, 0.28])
        + t.brown * np.array([0.42, 0.60, 0.66])
    )
    k = k + t.yellow * np.array([0.02, 0.14, 0.42]) + rng.normal(0, 0.04, 3)
    if skin_type >= 5:
        k = k * 0.6 + np.array([0.22, 0.24, 0.16])
    return np.asarray(np.exp(-0.85 * t.strength * np.clip(k, -0.05, 2)), np.float32)


def outline(lesion: PlannedLesion, grid: Grid) -> F:
    """About the distance in cm from the outline, positive inside (h, w): one to four wavy ellipses run together."""
    rng = stream(lesion.seed, 100)
    a, b = lesion.semi
    x, y = grid.local()
    ragged = lesion.traits.ragged
    parts = 1 if lesion.form in ("disc", "digitate") or rng.random() < 0.4 else int(rng.integers(2, 5))
    best: F | None = None
    for k in range(parts):
        shrink = 1.0 if k == 0 and parts == 1 else float(rng.uniform(0.45, 0.8))
        reach = 1.0 - shrink
        cx, cy = float(rng.uniform(-reach, reach)) * a, float(rng.uniform(-reach, reach)) * b
        u, v = (x - np.float32(cx)) / np.float32(a * shrink), (y - np.float32(cy)) / np.float32(b * shrink)
        theta = np.arctan2(v, u)
        radius = np.ones_like(u)
        for n in range(2, 6):
            radius += np.float32(rng.normal(0, 0.22 * ragged / n)) * np.cos(
                np.float32(n) * theta + np.float32(rng.uniform(0, 6.3))
            )
        s = (radius - np.sqrt(u * u + v * v)) * np.float32(min(a, b) * shrink)
        best = s if best is None else np.maximum(best, s)
    assert best is not None
    rough = fractal(lesion.seed, 101, grid, max(0.3, min(a, b) * 0.6), 3)
    return np.asarray(best + rough * np.float32(0.16 * ragged * min(a, b)), np.float32)


def stamp_dots(grid: Grid, centres: F, radii: F, values: F, profile: str = "dome") -> F:
    """Round dots at local points (n, 2) cm with radii cm: the greatest value wins (h, w)."""
    out = np.zeros((grid.h, grid.w), np.float32)
    pts = grid.points(centres)
    for (px, py), r, v in zip(pts, radii * grid.per_cm, values, strict=True):
        if -r < px < grid.w + r and -r < py < grid.h + r and r >= 0.5:
            cv2.circle(out, (int(px * 8), int(py * 8)), int(r * 8), float(v), -1, cv2.LINE_AA, 3)
    mean = float(np.mean(radii)) * grid.per_cm if len(radii) else 1.0
    return blur(out, max(0.4, mean * (0.45 if profile == "dome" else 0.15)))


def scatter(rng: np.random.Generator, lesion: PlannedLesion, per_cm2: float, limit: int, spread: float = 1.0) -> F:
    """Random points (n, 2) in the lesion's ellipse times `spread`."""
    a, b = lesion.semi
    n = int(min(limit, rng.poisson(per_cm2 * math.pi * a * b * spread**2)))
    r, phi = np.sqrt(rng.random(n)) * spread, rng.uniform(0, 2 * math.pi, n)
    return np.stack([a * r * np.cos(phi), b * r * np.sin(phi)], 1).astype(np.float32)


def streaks(
    grid: Grid, rng: np.random.Generator, lesion: PlannedLesion, count: int, width_cm: float, length: float
) -> F:
    """Roughly parallel scratches (h, w) 0..1."""
    out = np.zeros((grid.h, grid.w), np.float32)
    heading = float(rng.uniform(0, math.pi))
    for start in scatter(rng, lesion, 50, count):
        n = 8
        angle = heading + float(rng.normal(0, 0.15)) + np.linspace(0, float(rng.normal(0, 0.25)), n)
        part = length * float(rng.uniform(0.5, 1.3)) / n
        line = start + np.stack([np.cumsum(np.cos(angle)), np.cumsum(np.sin(angle))], 1) * part
        thick = max(1, round(width_cm * grid.per_cm * float(rng.uniform(0.6, 1.4))))
        pts = np.round(grid.points(line.astype(np.float32)) * 8).astype(np.int32)
        first = int(rng.integers(0, 3))
        cv2.polylines(out, [pts[first:]], False, float(rng.uniform(0.5, 1.0)), thick, cv2.LINE_AA, 3)
    return blur(out, max(0.5, 0.3 * width_cm * grid.per_cm))


def over(rgb: F, colour: F, alpha: F) -> F:
    return np.asarray(rgb + (colour - rgb) * alpha[..., None], np.float32)


def scale_colour(skin_type: int, rng: np.random.Generator, warm: float = 0.0) -> F:
    """Silvery white to cream (3,); grey on dark skin."""
    base = np.array([0.90, 0.87, 0.84]) if skin_type < 5 else np.array([0.68, 0.65, 0.64])
    return np.asarray(
        base + rng.normal(0, 0.03) - np.array([0.0, 0.04, 0.12]) * (warm + rng.uniform(0, 0.6)), np.float32
    )


def flakes(lesion: PlannedLesion, grid: Grid, tag: int, cover: float, cell: float) -> F:
    """Flakes with sharp edges (h, w) 0..1 covering about the share `cover`; too small to see, a grey veil."""
    n = fractal(lesion.seed, tag, grid, cell * 3, 5, 0.8)
    n = n + fractal(lesion.seed, tag + 40, grid, 0.045, 2) * np.float32(0.45)
    spread = max(0.4, float(n.std()))
    low = spread * (1.25 - 2.5 * cover)
    # Two layers: a thin film and, where it is thickest, the flake itself.
    return np.asarray(0.45 * step(n, low - 0.35, low + 0.1) + 0.55 * step(n, low + 0.1, low + 0.55), np.float32)


def psoriasis(lesion: PlannedLesion, grid: Grid, skin: Surface, skin_type: int) -> Painted:
    """Sharply bordered plaque, silvery scale in flakes or plates inside a red margin, fine cracks."""
    rng, t = stream(lesion.seed, 110), lesion.traits
    s = outline(lesion, grid)
    soft = max(t.soft * min(lesion.semi), 0.9 / grid.per_cm)
    alpha = step(s, -soft, soft)
    blotch = fractal(lesion.seed, 111, grid, 0.8, 3)
    red = alpha * (1 + blotch * np.float32(0.16))
    rgb = skin.rgb * (1 + (tint(t, skin_type, rng) - 1) * red[..., None])
    margin = step(s, float(rng.uniform(-0.12, 0.06)), float(rng.uniform(0.08, 0.35)))
    plates = flakes(lesion, grid, 112, t.scale * 0.85, t.flake_cm)
    turn = float(rng.uniform(0, 3))
    cracks = ridges(lesion.seed, 113, grid, t.flake_cm * 1.4, 0.07, float(rng.uniform(1.5, 4)), turn)
    cracks = cracks * step(value_noise(lesion.seed, 117, grid, 0.45), -0.1, 0.6)  # short pieces, no closed loops
    kind = rng.random()
    if kind < 0.3:  # dry lines of scale on red, as when scale has been rubbed
        fine = ridges(lesion.seed, 114, grid, max(0.05, t.flake_cm * 0.5), 0.3, float(rng.uniform(2.5, 5)), turn)
        cross = ridges(lesion.seed, 118, grid, max(0.06, t.flake_cm * 0.7), 0.2, 4.0, turn + 1.2)
        lines = np.maximum(fine, cross) * step(fractal(lesion.seed, 119, grid, 0.5, 3), -0.5, 0.5)
        scale = np.maximum(plates * np.float32(0.55), lines) * margin
    elif kind < 0.5:  # one thick coherent crust of scale
        crust = flakes(lesion, grid, 112, 0.6 + 0.35 * t.scale, t.flake_cm * 1.5)
        scale = crust * margin * (1 - cracks * np.float32(0.8))
    else:
        scale = plates * margin * (1 - cracks * np.float32(rng.uniform(0.3, 0.9)))
    powder = step(value_noise(lesion.seed, 115, grid, 0.035), 0.2, 1.2) * alpha * np.float32(0.35 * t.scale)
    scale = np.clip(scale * np.float32(rng.uniform(0.65, 1.0)) + powder, 0, 1)
    grain = 1 + value_noise(lesion.seed, 116, grid, 0.06) * alpha * np.float32(0.06)
    rgb = (
        over(
            np.asarray(rgb, np.float32),
            scale_colour(skin_type, rng, 0.3),
            np.asarray(scale * np.float32(0.92), np.float32),
        )
        * grain[..., None]
    )
    thick = float(rng.uniform(0.8, 3.0))
    height = (
        skin.height * (1 - 0.6 * alpha)
        + alpha * np.float32(thick)
        + scale * np.float32(1.4 + thick * 0.4)
        - cracks * alpha * np.float32(0.4)
    )
    gloss = skin.gloss * (1 - alpha) + alpha * np.float32(t.shine * 0.6)
    return Painted(
        Surface(np.asarray(rgb, np.float32), np.asarray(height, np.float32), np.asarray(gloss, np.float32)),
        (alpha >= VISIBLE).astype(np.uint8),
    )


def eczema(lesion: PlannedLesion, grid: Grid, skin: Surface, skin_type: int) -> Painted:
    """Ill-defined redness breaking up into papules, with vesicles, oozing, crusts, scratches, thickened lines."""
    rng, t = stream(lesion.seed, 120), lesion.traits
    small = min(lesion.semi)
    s = outline(lesion, grid)
    cloud = fractal(lesion.seed, 121, grid, small * 0.8, 4, 0.65)
    alpha = step(s + cloud * np.float32(0.22 * small * (0.4 + t.ragged)), -t.soft * small, t.soft * small * 1.2)
    alpha = alpha * np.clip(0.95 + 0.25 * fractal(lesion.seed, 122, grid, 0.3, 2), 0.2, 1.1)
    centres = scatter(rng, lesion, 3.2 * t.papules, 260, 1.25)
    radii = (t.papule_cm / 2 * rng.uniform(0.5, 1.4, len(centres))).astype(np.float32)
    dots = stamp_dots(grid, centres, radii, rng.uniform(0.5, 1.0, len(centres)).astype(np.float32))
    factor = tint(t, skin_type, rng)
    amount = np.clip(alpha + dots * np.float32(0.5), 0, 1.35)
    rgb = skin.rgb * (1 + (factor - 1) * amount[..., None])
    height = (
        skin.height * (1 + alpha * 0.5)
        + dots * np.float32(1.8)
        + fractal(lesion.seed, 123, grid, 0.12, 2) * alpha * np.float32(0.35)
    )
    gloss = skin.gloss + dots * np.float32(0.2) * np.float32(t.shine)
    if t.lichenified > 0:
        turn, cell = float(rng.uniform(0, math.pi)), float(rng.uniform(0.09, 0.2))
        lines = ridges(lesion.seed, 124, grid, cell, 0.28, 3.5, turn)
        lines = np.maximum(
            lines, ridges(lesion.seed, 125, grid, cell * 1.2, 0.25, 3.0, turn + float(rng.uniform(0.8, 1.6)))
        )
        lines = lines * step(s, -0.1 * small, 0.5 * small) * np.float32(t.lichenified)
        rgb = rgb * (1 - lines * np.float32(0.28))[..., None]
        height = height - lines * np.float32(1.8)
    if t.vesicles > 0:
        at = scatter(rng, lesion, 3.0 * t.vesicles, 160, 0.95)
        size = (rng.uniform(0.05, 0.12, len(at))).astype(np.float32)
        drops = stamp_dots(grid, at, size, np.ones(len(at), np.float32), "flat")
        rgb = over(
            np.asarray(rgb, np.float32),
            np.array([0.86, 0.68, 0.58], np.float32) * skin.rgb.mean() / 0.62,
            drops * np.float32(0.3),
        )
        height, gloss = height + drops * np.float32(1.7), gloss + drops * np.float32(1.0)
    if t.scale > 0:
        veil = flakes(lesion, grid, 126, t.scale, t.flake_cm) * alpha * np.float32(0.45)
        rgb = over(np.asarray(rgb, np.float32), scale_colour(skin_type, rng, 0.5), np.asarray(veil, np.float32))
    if t.scratches > 0:
        cuts = streaks(
            grid,
            rng,
            lesion,
            3 + int(14 * t.scratches),
            float(rng.uniform(0.02, 0.05)),
            small * float(rng.uniform(0.3, 0.8)),
        )
        cuts = cuts * np.clip(0.65 + 0.6 * fractal(lesion.seed, 129, grid, 0.25, 2), 0, 1)
        rgb = rgb * (1 - cuts[..., None] * np.array([0.25, 0.62, 0.62], np.float32))
        height = height - cuts
    if t.ooze > 0:
        wet = step(fractal(lesion.seed, 127, grid, 0.6, 3), 0.1, 0.7) * alpha * np.float32(t.ooze)
        gloss, rgb = (
            gloss + wet * np.float32(0.9),
            rgb * (1 - wet[..., None] * np.array([0.02, 0.12, 0.14], np.float32)),
        )
    if t.crust > 0:
        n = fractal(lesion.seed, 128, grid, float(rng.uniform(0.25, 0.7)), 4, 0.6)
        crust = step(n, 0.95 - 0.8 * t.crust, 1.15 - 0.8 * t.crust) * step(alpha, 0.4, 0.8)
        honey = np.array([0.80, 0.58, 0.32]) * float(rng.uniform(0.6, 1.15))
        if rng.random() < 0.35:  # old crust with blood
            honey = np.array([0.40, 0.20, 0.14]) * float(rng.uniform(0.7, 1.2))
        rgb = over(np.asarray(rgb, np.float32), honey.astype(np.float32), crust * np.float32(0.85))
        height = height + crust * (np.float32(1.6) + n * np.float32(0.8))
    seen = blur(np.asarray(amount, np.float32), 0.1 * grid.per_cm)  # lone dots in healthy skin do not widen the box
    region = main_parts(filled(np.asarray(seen * 0.8, np.float32), 0.3 * grid.per_cm))
    return Painted(
        Surface(np.asarray(rgb, np.float32), np.asarray(height, np.float32), np.clip(gloss, 0, 1.5).astype(np.float32)),
        region,
    )
