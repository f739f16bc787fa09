"""Renderer B's lesions: chromophores and a white layer, by distance fields, Voronoi plates, domes, strokes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from .b_noise import cells, cloud, sample, spectral
from .b_shapes import distance_field, polygons
from .b_skin import Tissue, colour
from .grid import VISIBLE, Grid, blur, filled, main_parts, step
from .plan import PlannedLesion
from .types import U8, F, stream


@dataclass(frozen=True)
class Laid:
    """The window's tissue with the lesion, where it is visible (0 or 1)."""

    tissue: Tissue
    region: U8


def domes(grid: Grid, points: F, radii_cm: F, rise: F) -> tuple[F, F]:
    """Hemispheres stamped at local points (n, 2): (height in cm, cover 0..1) (h, w); the higher wins."""
    height = np.zeros((grid.h, grid.w), np.float32)
    cover = np.zeros_like(height)
    for (px, py), r, up in zip(grid.points(points), radii_cm * grid.per_cm, rise, strict=True):
        n = math.ceil(r) + 1
        x0, y0, x1, y1 = (
            max(0, int(px) - n),
            max(0, int(py) - n),
            min(grid.w, int(px) + n + 1),
            min(grid.h, int(py) + n + 1),
        )
        if r < 0.7 or x0 >= x1 or y0 >= y1:
            continue
        yy, xx = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        q = ((xx - px) ** 2 + (yy - py) ** 2) / np.float32(r * r)
        part = slice(y0, y1), slice(x0, x1)
        height[part] = np.maximum(height[part], np.sqrt(np.maximum(0, 1 - q)) * np.float32(up))
        cover[part] = np.maximum(cover[part], np.clip((1 - q) * np.float32(r * 0.5), 0, 1))
    return height, cover


def spread_points(lesion: PlannedLesion, rng: np.random.Generator, count: int, wide: float) -> F:
    """Gaussian swarm (n, 2) cm: dense in the middle, thinning outward."""
    return np.asarray(rng.normal(0, 0.5, (count, 2)) * np.array(lesion.semi) * wide, np.float32)


def strokes(grid: Grid, lines: list[F], width_cm: float) -> F:
    """Local polylines (n, 2) cm drawn with soft ends (h, w) 0..1."""
    out = np.zeros((grid.h, grid.w), np.float32)
    px = width_cm * grid.per_cm
    for line in lines:
        pts = np.round(grid.points(line) * 16).astype(np.int32)
        third = max(1, len(pts) // 4)
        cv2.polylines(out, [pts], False, 0.55, 1, cv2.LINE_AA, 4)
        cv2.polylines(out, [pts[third:-third]], False, 1.0, max(1, round(px)), cv2.LINE_AA, 4)
    return np.asarray(out * np.float32(min(1.0, px + 0.25)), np.float32)


def lamellae(lesion: PlannedLesion, grid: Grid, tag: int, share: float, size_cm: float) -> tuple[F, F]:
    """Scale as loose Voronoi plates: (cover 0..1, height 0..1) (h, w); each plate is there with probability `share`."""
    at = lesion.seed + tag
    if size_cm * grid.per_cm < 2.5:  # plates below the resolution: an even veil, patchy on the large scale
        veil = step(cloud(grid, size_cm * 8, at), -1.4 * share, 2.2 - 1.6 * share)
        return np.asarray(veil * np.float32(0.8), np.float32), np.asarray(veil * 0.3, np.float32)
    edge, value = cells(225, tag % 3)
    rng = stream(lesion.seed, 615, tag)
    angle, stretch = float(rng.uniform(0, math.pi)), float(rng.uniform(1.0, 2.2))
    bend = np.float32(size_cm * rng.uniform(0.15, 0.5))
    x, y = grid.local()
    x = x + cloud(grid, size_cm * 1.5, at + 1, 1.4) * bend
    y = y + cloud(grid, size_cm * 1.5, at + 2, 1.4) * bend
    k = np.float32(edge.shape[0] / (size_cm * 15))
    c, s = np.float32(math.cos(angle)), np.float32(math.sin(angle))
    u = (x * c + y * s) * (k / np.float32(stretch)) + np.float32(rng.uniform(0, 256))
    v = (y * c - x * s) * k + np.float32(rng.uniform(0, 256))
    border = cv2.remap(edge, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    which = cv2.remap(value, u, v, cv2.INTER_NEAREST, borderMode=cv2.BORDER_WRAP)
    patchy = which * 0.75 + 0.12 + 0.26 * cloud(grid, size_cm * 7, at + 7) * np.float32(0.6)
    plate = (patchy < share).astype(np.float32) * step(border + 0.03 * cloud(grid, 0.12, at + 3, 1.0), 0.0, 0.16)
    plate = blur(plate, 0.03 * size_cm * grid.per_cm + 0.4) * (0.55 + 0.45 * which)
    return np.asarray(plate, np.float32), np.asarray(plate * (0.4 + 0.6 * which), np.float32)


def psoriasis(lesion: PlannedLesion, grid: Grid, skin: Tissue, skin_type: int) -> Laid:
    """Thickened red plaque with an abrupt edge; overlapping silvery plates, a bare red margin."""
    rng, t = stream(lesion.seed, 610), lesion.traits
    d = distance_field(lesion, grid)
    soft = max(t.soft * min(lesion.semi), 1.0 / grid.per_cm)
    on = step(d, -soft, soft)
    pigment = skin.pigment + (on * (1 + 0.15 * cloud(grid, 0.9, lesion.seed + 2)))[..., None] * colour(t, skin_type)
    bare = step(d, float(rng.uniform(-0.1, 0.06)), float(rng.uniform(0.08, 0.3)))
    white, thick = lamellae(lesion, grid, 1, 0.18 + 0.8 * t.scale, t.flake_cm * 1.3)
    small, thin = lamellae(lesion, grid, 2, 0.15 + 0.6 * t.scale, t.flake_cm * 0.5)
    dust = step(sample(spectral(0.6, 2), grid, 2.0, lesion.seed + 3), 0.1, 1.8) * np.float32(0.3 + 0.4 * t.scale)
    scale = (
        np.maximum(
            np.maximum(white * np.float32(rng.uniform(0.6, 0.95)), small * np.float32(rng.uniform(0.2, 0.8))), dust * on
        )
        * bare
    )
    height = (
        skin.height * (1 - 0.5 * on)
        + on * np.float32(rng.uniform(0.015, 0.05))
        + (thick * np.float32(0.02) + thin * np.float32(0.01)) * bare
    )
    wet = skin.wet * (1 - on * 0.6)
    return Laid(
        Tissue(
            np.asarray(pigment, np.float32),
            np.asarray(np.maximum(skin.white, scale * 0.95), np.float32),
            np.asarray(height, np.float32),
            np.asarray(wet, np.float32),
        ),
        (on >= VISIBLE).astype(np.uint8),
    )


def eczema(lesion: PlannedLesion, grid: Grid, skin: Tissue, skin_type: int) -> Laid:
    """A swarm: redness thinning outward, domes of papules and vesicles, yellow crusts, scratches, coarse skin lines."""
    rng, t = stream(lesion.seed, 620), lesion.traits
    small = min(lesion.semi)
    d = distance_field(lesion, grid)
    wide = t.soft * small
    patch = cloud(grid, small * 0.7, lesion.seed + 4, 1.5)
    on = step(d + patch * np.float32(0.22 * small * (0.4 + t.ragged)), -wide * 1.1, wide * 1.1)
    points = spread_points(
        lesion, rng, int(min(240, 12 + 3.0 * t.papules * math.pi * lesion.semi[0] * lesion.semi[1])), 1.15
    )
    rise, dots = domes(
        grid,
        points,
        (t.papule_cm / 2 * rng.uniform(0.5, 1.4, len(points))).astype(np.float32),
        rng.uniform(0.01, 0.03, len(points)).astype(np.float32),
    )
    amount = np.clip(on * (0.8 + 0.2 * cloud(grid, 0.4, lesion.seed + 5)) + 0.45 * dots, 0, 1.4)
    pigment = np.asarray(skin.pigment + amount[..., None] * colour(t, skin_type) * np.float32(0.9), np.float32)
    height = np.asarray(skin.height * (1 + on) + rise, np.float32)
    wet, white = skin.wet + dots * np.float32(0.15), skin.white
    if t.lichenified > 0:  # the skin's own fields, three times as large and deep
        edge, _ = cells(400, 1)
        fields = sample(
            edge,
            grid,
            float(rng.uniform(3.5, 6.0)),
            lesion.seed + 6,
            float(rng.uniform(0, 3)),
            float(rng.uniform(1.0, 1.6)),
        )
        groove = (1 - step(fields, 0.0, 0.16)) * step(d, -0.2 * small, 0.4 * small) * np.float32(t.lichenified)
        height = np.asarray(height - groove * np.float32(0.03), np.float32)
        pigment[..., 0] += groove * np.float32(0.35)
        pigment[..., 1] += groove * np.float32(0.2)
    if t.vesicles > 0:
        at = spread_points(lesion, rng, int(10 + 60 * t.vesicles), 0.8)
        up, drops = domes(
            grid,
            at,
            rng.uniform(0.05, 0.11, len(at)).astype(np.float32),
            rng.uniform(0.025, 0.05, len(at)).astype(np.float32),
        )
        height, wet = np.asarray(np.maximum(height, up), np.float32), wet + drops
        pigment = np.asarray(pigment * (1 - 0.3 * drops[..., None]), np.float32)
        pigment[..., 3] += drops * np.float32(0.25)
    if t.scale > 0:
        veil, _ = lamellae(lesion, grid, 3, t.scale, t.flake_cm)
        white = np.maximum(white, veil * on * np.float32(0.4))
    if t.scratches > 0:
        heading = float(rng.uniform(0, math.pi))
        lines: list[F] = []
        for start in spread_points(lesion, rng, 3 + int(13 * t.scratches), 0.9):
            s = np.linspace(-0.5, 0.5, 7)[:, None] * small * float(rng.uniform(0.4, 1.0))
            angle = heading + float(rng.normal(0, 0.15))
            wobble = rng.normal(0, 0.01, (7, 2)).cumsum(0)
            lines.append((start + s * np.array([[math.cos(angle), math.sin(angle)]]) + wobble).astype(np.float32))
        cuts = strokes(grid, lines, 0.055)
        pigment = np.asarray(pigment + cuts[..., None] * np.array([0.35, 1.6, 0.5, 0.0], np.float32), np.float32)
        height = np.asarray(height - cuts * np.float32(0.01), np.float32)
    if t.ooze > 0:
        wet = wet + step(cloud(grid, 0.7, lesion.seed + 8), 0.2, 1.0) * on * np.float32(1.2 * t.ooze)
    if t.crust > 0:
        n = cloud(grid, float(rng.uniform(0.3, 0.7)), lesion.seed + 9, 1.4)
        crust = step(n, 1.6 - 1.6 * t.crust, 1.9 - 1.6 * t.crust) * step(on, 0.4, 0.8)
        stuff = (
            np.array([0.35, 0.25, 0.1, 1.3], np.float32)
            if rng.random() < 0.65
            else np.array([0.9, 1.3, 0.7, 0.6], np.float32)
        )
        pigment = np.asarray(pigment + (stuff - pigment) * (crust * np.float32(0.8))[..., None], np.float32)
        height = np.asarray(height + crust * (0.02 + 0.012 * n), np.float32)
        wet = wet * (1 - 0.5 * crust)
    seen = blur(np.asarray(amount * 0.85, np.float32), 0.1 * grid.per_cm)
    region = main_parts(filled(seen, 0.3 * grid.per_cm))
    return Laid(
        Tissue(pigment, np.asarray(white, np.float32), height, np.asarray(np.clip(wet, 0, 1.6), np.float32)), region
    )


def lichen_planus(lesion: PlannedLesion, grid: Grid, skin: Tissue, skin_type: int) -> Laid:
    """Violet plateaus on Voronoi cells, glossy, with a white net; brown stains where papules were."""
    rng, t = stream(lesion.seed, 630), lesion.traits
    p = polygons(lesion, grid, rng)
    soft = max(0.02, 0.8 / grid.per_cm)
    top = step(p.inside, -soft * 0.6, soft)
    tone = top * p.value
    pigment = skin.pigment + tone[..., None] * colour(t, skin_type)
    around = blur(top, max(1.0, 0.18 * grid.per_cm))
    pigment = np.asarray(
        pigment
        + (around * np.float32(rng.uniform(0.1, 0.45)))[..., None] * np.array([0.15, 0.8, 0.1, 0.0], np.float32),
        np.float32,
    )
    stains = spread_points(lesion, rng, int(rng.integers(0, 16) * (t.brown > 0.2)), 1.2)
    _, old = domes(
        grid,
        stains,
        (t.papule_cm * rng.uniform(0.35, 0.7, len(stains))).astype(np.float32),
        np.zeros(len(stains), np.float32),
    )
    pigment[..., 0] += blur(old, 0.05 * grid.per_cm) * (1 - top) * np.float32(0.5)
    lines: list[F] = []
    for start in spread_points(lesion, rng, int(60 + 160 * t.wickham), 0.95):
        angle = float(rng.uniform(0, 6.3)) + np.cumsum(rng.normal(0, 0.45, 6))
        lines.append(
            (start + np.stack([np.cos(angle), np.sin(angle)], 1).cumsum(0) * t.papule_cm * 0.16).astype(np.float32)
        )
    fine = np.clip((0.12 * grid.per_cm - 2.0) / 3, 0, 1)  # thinner than the resolution: not seen
    net = (
        strokes(grid, lines, 0.018) * step(p.inside, 0.0, 0.05) * np.float32(t.wickham * rng.uniform(0.4, 0.85) * fine)
    )
    if t.scale > 0:
        veil, _ = lamellae(lesion, grid, 4, t.scale, t.flake_cm)
        net = np.maximum(net, veil * top * np.float32(0.4))
    height = skin.height * (1 - 0.8 * top) + step(p.inside, -soft, 0.05 + soft) * np.float32(rng.uniform(0.02, 0.05))
    wet = skin.wet * (1 - top) + top * np.float32(0.5 + 0.9 * t.shine)
    region = filled(np.asarray(top, np.float32), t.papule_cm * 2.4 * grid.per_cm)
    return Laid(
        Tissue(
            pigment,
            np.asarray(np.maximum(skin.white, net), np.float32),
            np.asarray(height, np.float32),
            np.asarray(wet, np.float32),
        ),
        region,
    )
