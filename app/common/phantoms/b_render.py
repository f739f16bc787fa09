"""Renderer B: linear light, flash and room light on true normals, Blinn-Phong gloss, dark hollows, film curve."""

from __future__ import annotations

import cv2
import numpy as np

from .b_lesions import Laid, eczema, lichen_planus, psoriasis
from .b_lesions2 import lupus, parapsoriasis
from .b_noise import spectral
from .b_skin import Tissue, tissue
from .grid import blur, lesion_grid, photo_grid, resized
from .nuisances import before_lens, lens_blur
from .plan import Body, Camera, PlannedLesion, body_depth
from .types import U8, F, Nuisances, stream

LAYERS = {
    "psoriasis": psoriasis,
    "eczema": eczema,
    "lichen_planus": lichen_planus,
    "lupus_erythematosus": lupus,
    "parapsoriasis": parapsoriasis,
}


def _backdrop(w: int, h: int, seed: int) -> F:
    """Dark velvet, a drape with folds, or a blurred room of discs; linear (h, w, 3)."""
    rng = stream(seed, 330)
    kind = rng.random()
    sw, sh = max(2, w // 4), max(2, h // 4)
    yy, xx = np.mgrid[0:sh, 0:sw].astype(np.float32)
    if kind < 0.6:
        base = rng.uniform(0.002, 0.02) * np.ones(3) + rng.uniform(0, 0.01, 3)
        pattern = 1 + 0.3 * cv2.resize(spectral(1.8, 3), (sw, sh))
    elif kind < 0.85:
        base = np.array([[0.05, 0.22, 0.28], [0.02, 0.10, 0.35], [0.5, 0.5, 0.5], [0.03, 0.2, 0.1]])[
            int(rng.integers(4))
        ]
        angle = float(rng.uniform(0, 3.2))
        wave = (xx * np.cos(angle) + yy * np.sin(angle)) * rng.uniform(0.02, 0.08) + cv2.resize(
            spectral(2.0, 1), (sw, sh)
        ) * 1.2
        pattern = 1 + 0.35 * np.sin(wave)
    else:
        base, pattern = rng.uniform(0.05, 0.5, 3), np.ones((sh, sw))
    small = np.asarray(base * pattern[..., None], np.float32)
    if kind >= 0.85:
        for _ in range(20):
            at = (int(rng.uniform(0, sw)), int(rng.uniform(0, sh)))
            cv2.circle(small, at, int(rng.uniform(4, sw / 5)), tuple(float(v) for v in rng.uniform(0.01, 0.7, 3)), -1)
        small = blur(small, 3.0)
    return resized(np.maximum(small, 0), w, h)


def _lit(t: Tissue, depth: F, body: Body, camera: Camera, seed: int, skin_type: int) -> F:
    """Radiance (h, w, 3), linear."""
    rng = stream(seed, 331)
    h, w = t.white.shape
    height = blur(t.height, 0.5)
    k = np.float32(camera.per_cm * 0.5)
    gx = np.zeros_like(height)
    gy = np.zeros_like(height)
    gx[:, 1:-1] = (height[:, 2:] - height[:, :-2]) * k
    gy[1:-1] = (height[2:] - height[:-2]) * k
    # The body's own roundness, from the depth under the silhouette, as a slope.
    small = np.asarray(cv2.resize(depth, (-(-w // 8), -(-h // 8)), interpolation=cv2.INTER_AREA), np.float32)
    swell = np.sqrt(np.clip(1 - (1 - np.clip(small / body.half, 0, 1)) ** 2, 0.0, 1)) * np.float32(body.half * 0.7)
    sy, sx = np.gradient(blur(swell, 1.5))
    slope = np.float32(camera.per_cm / 8)
    sx, sy = np.asarray(sx, np.float32) * slope, np.asarray(sy, np.float32) * slope
    gx, gy = gx + resized(np.clip(sx, -2, 2), w, h), gy + resized(np.clip(sy, -2, 2), w, h)
    inv = 1 / np.sqrt(1 + gx * gx + gy * gy)
    a = float(rng.uniform(0, 6.3))
    tilt = float(rng.uniform(0.15, 0.7))
    lamp = np.array([np.cos(a) * tilt, np.sin(a) * tilt, 1.0])
    lamp /= np.linalg.norm(lamp)
    facing = np.maximum(0, (-gx * np.float32(lamp[0]) - gy * np.float32(lamp[1]) + np.float32(lamp[2])) * inv)
    ring = inv  # a flash around the lens sees what faces the lens
    share = float(rng.uniform(0.2, 0.8))
    yy, xx = np.mgrid[0:h:8, 0:w:8].astype(np.float32)
    ox, oy = rng.normal(0, 0.2, 2)
    r2 = ((xx / w - 0.5 - np.float32(ox)) ** 2 + ((yy / h - 0.5 - np.float32(oy)) * h / w) ** 2) * np.float32(
        rng.uniform(0.4, 2.0)
    )
    flash = resized(np.asarray(1 / (1 + r2) ** 1.5, np.float32), w, h)
    hollow = np.clip(
        1 + (height - blur(height, max(2.0, 0.12 * camera.per_cm))) * np.float32(rng.uniform(4, 14)), 0.55, 1.25
    )
    room = float(rng.uniform(0.1, 0.35))
    light = (flash * (np.float32(1 - share) * ring + np.float32(share) * facing) + np.float32(room)) * hollow
    warm = np.array([0.72, 0.68, 0.62]) if skin_type < 5 else np.array([0.42, 0.39, 0.37])
    rgb = t.albedo((warm * rng.uniform(0.85, 1.1)).astype(np.float32)) * light[..., None]
    half = lamp + np.array([0, 0, 1.0])
    half /= np.linalg.norm(half)
    nh = np.maximum(0, (-gx * np.float32(half[0]) - gy * np.float32(half[1]) + np.float32(half[2])) * inv)
    power = int(rng.choice([16, 32, 64]))
    gloss = nh
    for _ in range(power.bit_length() - 1):
        gloss = gloss * gloss
    return np.asarray(rgb + (gloss * flash * t.wet * np.float32(rng.uniform(0.05, 0.28)))[..., None], np.float32)


def _film(rgb: F, seed: int) -> F:
    """Linear to display: illuminant, exposure, film-like shoulder, display curve, grain (h, w, 3)."""
    rng = stream(seed, 332)
    kelvin = float(rng.normal(0, 0.08))
    meter = float(np.clip(0.30 / max(0.02, float(rgb[::8, ::8].max(2).mean())), 0.6, 4.0)) ** float(
        rng.uniform(0.3, 0.9)
    )
    gain = (
        np.array([1 + kelvin, 1.0 + float(rng.normal(0, 0.02)), 1 - kelvin]) * meter * 2 ** float(rng.normal(0.1, 0.25))
    )
    x = blur(rgb, float(rng.uniform(0.2, 0.8))) * gain.astype(np.float32)
    x = np.asarray(x * np.float32(1.18) / (1 + x * np.float32(0.36)), np.float32)
    coded = cv2.pow(np.maximum(x, 0), float(rng.uniform(0.42, 0.52)))
    h, w = coded.shape[:2]
    grain = rng.standard_normal(h * w // 2 + w, dtype=np.float32) * np.float32(rng.uniform(0.003, 0.014))
    return np.asarray(coded + np.resize(grain, (h, w))[..., None] * (np.float32(0.4) + coded), np.float32)


def render_b(
    lesions: tuple[PlannedLesion, ...],
    disease: str,
    skin_type: int,
    site: str,
    body: Body,
    camera: Camera,
    wanted: Nuisances,
    seed: int,
) -> tuple[U8, U8]:
    """Pixels (h, w, 3) uint8 and label map (h, w) of the given lesions in their order."""
    w, h = camera.size
    grid = photo_grid(camera)
    t = tissue(grid, skin_type, seed)
    mask = np.zeros((h, w), np.uint8)
    for k, lesion in enumerate(lesions, 1):
        part = lesion_grid(lesion, camera)
        if part is None:
            continue
        at = part.window
        laid: Laid = LAYERS[disease](
            lesion, part, Tissue(t.pigment[at], t.white[at], t.height[at], t.wet[at]), skin_type
        )
        t.pigment[at], t.white[at], t.height[at], t.wet[at] = (
            laid.tissue.pigment,
            laid.tissue.white,
            laid.tissue.height,
            laid.tissue.wet,
        )
        mask[at] = np.where(laid.region > 0, k, mask[at])
    x, y = camera.body_grid(4)
    depth = resized(body_depth(body, x, y), -(-w // 4) * 4, -(-h // 4) * 4)[:h, :w]
    rgb = _lit(t, depth, body, camera, seed, skin_type)
    if site == "scalp_edge":
        rgb = _hairline(rgb, camera, seed)
    if float(depth.min()) < 0.1:
        on = np.clip(depth * np.float32(camera.per_cm) + 0.5, 0, 1)[..., None]
        rgb = rgb * on + _backdrop(w, h, seed) * (1 - on)
        mask = np.where(depth > 0, mask, 0).astype(np.uint8)
    rng = stream(seed, 333)
    shown, hidden = before_lens(np.clip(_film(rgb, seed), 0, 1), camera, wanted, rng)
    shown = lens_blur(shown, wanted, rng)
    return np.clip(shown * 255 + 0.5, 0, 255).astype(np.uint8), np.asarray(mask * (1 - hidden), np.uint8)


def _hairline(rgb: F, camera: Camera, seed: int) -> F:
    """Tufts of hair beyond y = -4.5 cm of the body frame; linear in and out."""
    rng = stream(seed, 334)
    cover = np.zeros(rgb.shape[:2], np.float32)
    for _ in range(260):
        x, y = float(rng.uniform(-12, 12)), -4.4 - 2.5 * float(rng.random()) ** 0.7
        bend = float(rng.normal(0, 0.6))
        s = np.linspace(0, 1, 6)
        pts = [camera.to_pixels(x + bend * float(q) ** 2, y - 2.4 * float(q)) for q in s]
        cv2.polylines(
            cover,
            [np.round(np.array(pts) * 8).astype(np.int32)],
            False,
            1.0,
            max(1, round(0.015 * camera.per_cm)),
            cv2.LINE_AA,
            3,
        )
    return np.asarray(rgb * (1 - 0.93 * cover[..., None]), np.float32)
