"""Renderer B's shapes: blobs drawn on a small canvas and turned into distances; papules from Voronoi cells."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from .b_noise import cloud, spectral
from .grid import Grid, blur
from .plan import PlannedLesion
from .types import F, stream

CANVAS = 200


def _canvas_to_window(canvas: F, grid: Grid) -> F:
    """A canvas over [-reach, reach]^2 of the lesion's frame, seen in the window."""
    a = grid.matrix(CANVAS / (2 * grid.reach))
    a[:, 2] += CANVAS / 2 - 0.5
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(canvas, a, (grid.w, grid.h), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def _signed(shape: F, cm_per_px: float) -> F:
    inside = (shape > 0.5).astype(np.uint8)
    d = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    return np.asarray(d * cm_per_px, np.float32)


def distance_field(lesion: PlannedLesion, grid: Grid) -> F:
    """Distance in cm from the outline, positive inside (h, w)."""
    rng = stream(lesion.seed, 600)
    k = CANVAS / (2 * grid.reach)
    a, b = lesion.semi[0] * k, lesion.semi[1] * k
    canvas = np.zeros((CANVAS, CANVAS), np.float32)
    mid = CANVAS / 2

    def blob(x: float, y: float, rx: float, ry: float, angle: float = 0.0) -> None:
        cv2.ellipse(canvas, ((mid + x, mid + y), (2 * rx, 2 * ry), angle), 1.0, -1)

    if lesion.form == "malar":
        for side in (-1, 1):
            blob(side * 0.56 * a, 0.15 * b, 0.42 * a, 0.85 * b, side * float(rng.uniform(5, 25)))
            blob(side * 0.35 * a, 0.0, 0.3 * a, 0.5 * b)
        blob(0, -0.15 * b, 0.35 * a, 0.3 * b)
    elif lesion.form == "digitate":
        bend = float(rng.normal(0, 0.12))
        for t in np.linspace(-0.72, 0.72, 9):
            blob(t * a, bend * a * (t * t - 0.3), 0.28 * a, b * float(rng.uniform(0.82, 1.0)))
    elif lesion.form == "disc":
        blob(0, 0, 0.93 * a, 0.93 * b)
        for phi in rng.uniform(0, 6.3, int(rng.integers(1, 5))):
            blob(0.55 * a * math.cos(phi), 0.55 * b * math.sin(phi), 0.42 * a, 0.42 * b)
    else:
        count = int(rng.integers(2, 8))
        blob(0, 0, 0.62 * a, 0.62 * b)
        for phi in rng.uniform(0, 6.3, count):
            r = float(rng.uniform(0.4, 0.75))
            size = float(rng.uniform(0.25, 0.5))
            blob(r * a * math.cos(phi), r * b * math.sin(phi), size * a, size * b, float(rng.uniform(0, 90)))
    canvas = blur(canvas, min(a, b) * 0.1)
    # Bend the outline by moving the canvas' pixels with smooth noise.
    amp = np.float32(0.22 * lesion.traits.ragged * min(a, b))
    yy, xx = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32)
    roll = int(rng.integers(0, 256))
    noise = np.roll(spectral(2.0, 0), roll, 0)[:CANVAS, :CANVAS], np.roll(spectral(2.0, 1), roll, 1)[:CANVAS, :CANVAS]
    canvas = np.asarray(cv2.remap(canvas, xx + noise[0] * amp, yy + noise[1] * amp, cv2.INTER_LINEAR), np.float32)
    field = blur(_signed(canvas, 1 / k), 1.2)
    fine = cloud(grid, max(0.25, min(lesion.semi) * 0.35), lesion.seed + 1, 1.3)
    return _canvas_to_window(field, grid) + fine * np.float32(0.07 * lesion.traits.ragged * min(lesion.semi))


@dataclass(frozen=True)
class Papules:
    """Flat polygons: distance to the papule's edge in cm, positive inside; a random value per papule (h, w)."""

    inside: F
    value: F


def polygons(lesion: PlannedLesion, grid: Grid, rng: np.random.Generator) -> Papules:
    """Polygonal papules: Voronoi cells of jittered points, some left out, shrunk by the gaps between."""
    t = lesion.traits
    a, b = lesion.semi
    pitch = t.papule_cm * 1.12
    nx, ny = math.ceil(a / pitch) + 1, math.ceil(b / pitch * 1.16) + 1
    gx, gy = np.meshgrid(np.arange(-nx, nx + 1), np.arange(-ny, ny + 1))
    pts = (
        np.stack([(gx + 0.5 * (gy % 2)) * pitch, gy * pitch * 0.86], -1).reshape(-1, 2)
        + rng.uniform(-0.2, 0.2, (gx.size, 2)) * pitch
    )
    radius = np.hypot(pts[:, 0] / a, pts[:, 1] / b)
    present = (radius < 0.97) & (
        rng.random(len(pts)) < np.where(radius < t.confluence * 0.7, 0.96, 0.3 + 0.45 * t.papules)
    )
    if present.sum() < 5:
        present |= radius < 0.55
    gap = (
        np.where(radius < t.confluence * 0.7, rng.uniform(0.0, 0.035, len(pts)), rng.uniform(0.05, 0.28, len(pts)))
        * pitch
    )
    value = rng.uniform(0.75, 1.2, len(pts))
    pad = int(1.5 * pitch * grid.per_cm) + 2
    at = np.floor(grid.points(pts.astype(np.float32))).astype(int) + pad
    h, w = grid.h + 2 * pad, grid.w + 2 * pad
    ok = (at[:, 0] >= 0) & (at[:, 0] < w) & (at[:, 1] >= 0) & (at[:, 1] < h)
    zero = np.zeros((grid.h, grid.w), np.float32)
    if not (ok & present).any():
        return Papules(zero - 1, zero)
    seeds = np.full((h, w), 255, np.uint8)
    owner = np.zeros((h, w), np.int32)
    seeds[at[ok, 1], at[ok, 0]] = 0
    owner[at[ok, 1], at[ok, 0]] = np.flatnonzero(ok)
    from_centre, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    table = np.zeros(int(labels.max()) + 1, np.int32)
    table[labels[seeds == 0]] = owner[seeds == 0]
    cell = table[labels]
    inner = np.ones((h, w), np.uint8)
    inner[1:, 1:] = (labels[1:, 1:] == labels[:-1, 1:]) & (labels[1:, 1:] == labels[1:, :-1])
    edge = cv2.distanceTransform(inner, cv2.DIST_L2, 5) / grid.per_cm
    # A lone cell may be large; a papule ends at its own radius.
    inside = np.minimum(edge - gap[cell], pitch * 0.62 - from_centre / grid.per_cm)
    inside = np.where(present[cell], inside, -0.1)
    inside = blur(np.asarray(inside, np.float32), 0.09 * t.papule_cm * grid.per_cm)  # corners are blunt
    crop = slice(pad, pad + grid.h), slice(pad, pad + grid.w)
    return Papules(np.asarray(inside[crop], np.float32), np.asarray(value[cell[crop]], np.float32))
