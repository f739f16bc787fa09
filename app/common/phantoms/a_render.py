"""Renderer A: gamma-space skin, relief lit from one side, highlights where slopes meet the lamp, a simple camera."""

from __future__ import annotations

import math

import cv2
import numpy as np

from .a_lesions import Painted, eczema, psoriasis
from .a_lesions2 import lupus, parapsoriasis
from .a_lichen import lichen_planus
from .a_skin import Surface, skin
from .grid import blur, lesion_grid, photo_grid, resized, step
from .nuisances import before_lens, lens_blur
from .plan import Body, Camera, PlannedLesion, body_depth
from .types import U8, F, Nuisances, stream

PAINTERS = {
    "psoriasis": psoriasis,
    "eczema": eczema,
    "lichen_planus": lichen_planus,
    "lupus_erythematosus": lupus,
    "parapsoriasis": parapsoriasis,
}


def _background(w: int, h: int, seed: int) -> F:
    """Plain dark cloth mostly, sometimes another plain colour or a busy room (h, w, 3)."""
    rng = stream(seed, 30)
    plain = rng.random()
    if plain < 0.55:
        colour = np.array([0.05, 0.05, 0.07]) + rng.uniform(0, 0.07, 3)
    elif plain < 0.85:
        colour = np.array([[0.30, 0.55, 0.62], [0.12, 0.28, 0.55], [0.75, 0.77, 0.78], [0.15, 0.42, 0.32]])[
            int(rng.integers(4))
        ] * rng.uniform(0.6, 1.1)
    else:
        colour = rng.uniform(0.2, 0.8, 3)
    small = np.full((max(2, h // 4), max(2, w // 4), 3), colour, np.float32)
    if plain >= 0.85:
        for _ in range(14):
            x, y = rng.integers(0, small.shape[1]), rng.integers(0, small.shape[0])
            dx, dy = rng.integers(5, small.shape[1] // 2), rng.integers(5, small.shape[0] // 2)
            cv2.rectangle(
                small,
                (int(x), int(y)),
                (int(x + dx), int(y + dy)),
                tuple(float(v) for v in rng.uniform(0.1, 0.9, 3)),
                -1,
            )
        small = blur(small, 2.0)
    fold = cv2.resize(
        rng.standard_normal((5, 6)).astype(np.float32), (small.shape[1], small.shape[0]), interpolation=cv2.INTER_CUBIC
    )
    return resized(np.asarray(small * (1 + 0.18 * fold[..., None]), np.float32), w, h)


def _light(surface: Surface, depth: F, body: Body, camera: Camera, seed: int) -> F:
    """Lit photo (h, w, 3): fall-off, roundness of the body part, relief, highlights."""
    rng = stream(seed, 31)
    h, w = surface.height.shape
    angle = float(rng.uniform(0, 2 * math.pi))
    strength = float(rng.uniform(0.15, 0.9))
    # One unit of height is about 0.1 mm; slopes are per pixel, hence free of the camera's scale.
    relief = blur(surface.height, 0.4) * np.float32(0.011 * camera.per_cm)
    gx = cv2.Sobel(relief, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    gy = cv2.Sobel(relief, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    gx, gy = np.clip(gx, -1.2, 1.2), np.clip(gy, -1.2, 1.2)
    lx, ly = np.float32(math.cos(angle)), np.float32(math.sin(angle))
    lit = 1 + (gx * lx + gy * ly) * np.float32(0.9 * strength)
    round_ = np.sqrt(np.clip(depth / np.float32(body.half * 0.8), 0.0, 1.0))
    roundness = 0.55 + 0.45 * np.clip(round_, 0, 1)
    yy, xx = np.mgrid[0 : -(-h // 8), 0 : -(-w // 8)].astype(np.float32)
    xx, yy = xx * 8 / w - 0.5, yy * 8 / h - 0.5
    cx, cy = rng.normal(0, 0.25, 2)
    fall = np.exp(-((xx - np.float32(cx)) ** 2 + (yy - np.float32(cy)) ** 2) * np.float32(rng.uniform(0.05, 1.0)))
    fall = fall * (1 + (xx * lx + yy * ly) * np.float32(rng.uniform(-0.45, 0.45)))
    shade = np.clip(lit, 0.35, 1.7) * roundness * resized(fall.astype(np.float32), w, h)
    rgb = surface.rgb * shade[..., None]
    off = float(rng.uniform(0.05, 0.35))
    width = float(rng.uniform(0.12, 0.3))
    spot = np.exp(-((gx - np.float32(off) * lx) ** 2 + (gy - np.float32(off) * ly) ** 2) / np.float32(width**2))
    flash = resized(np.exp(-((xx - np.float32(cx)) ** 2 + (yy - np.float32(cy)) ** 2) * 6).astype(np.float32), w, h)
    shine = surface.gloss * spot * (0.25 + 0.75 * flash) * np.float32(rng.uniform(0.15, 0.75))
    return np.asarray(rgb + shine[..., None] * np.float32(0.55), np.float32)


def _camera(rgb: F, seed: int) -> F:
    """White balance, exposure, contrast, slight lens blur, sensor noise (h, w, 3) in and out, gamma-encoded."""
    rng = stream(seed, 32)
    balance = np.exp(rng.normal(0, 0.05, 3) + np.array([1.0, 0.0, -1.0]) * rng.normal(0, 0.07))
    # The camera's meter lifts dark scenes most of the way; what is left is the photographer's error.
    meter = float(np.clip(0.60 / max(0.05, float(rgb[::8, ::8].max(2).mean())), 0.75, 2.2)) ** float(
        rng.uniform(0.3, 0.9)
    )
    gain = balance * meter * math.exp(float(rng.normal(0.05, 0.12)))
    saturation = float(rng.uniform(0.55, 1.45))
    mix = (np.eye(3) * saturation + (1 - saturation) / 3) * gain
    x = np.clip(cv2.transform(blur(rgb, float(rng.uniform(0.0, 1.0)) ** 2 * 2.0), mix.astype(np.float32)), 0, 1.2)
    bend = np.float32(float(rng.uniform(-0.25, 0.45)) * 2)
    x = np.asarray(x + (x - 0.5) * (1 - x) * x * bend, np.float32)
    h, w = x.shape[:2]
    noise = rng.standard_normal(h * w // 2 + w, dtype=np.float32) * np.float32(0.003 + 0.03 * rng.random() ** 2)
    x = np.asarray(x + np.resize(noise, (h, w))[..., None], np.float32)
    if rng.random() < 0.25:  # enlarged from a small picture, as many archive photos are
        k = float(rng.uniform(0.4, 0.75))
        small = cv2.resize(x, (round(w * k), round(h * k)), interpolation=cv2.INTER_AREA)
        x = resized(np.asarray(small, np.float32), w, h)
    return np.asarray(x, np.float32)


def render_a(
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
    surface = skin(grid, skin_type, seed)
    mask = np.zeros((h, w), np.uint8)
    for k, lesion in enumerate(lesions, 1):
        window = lesion_grid(lesion, camera)
        if window is None:
            continue
        part = Surface(surface.rgb[window.window], surface.height[window.window], surface.gloss[window.window])
        painted: Painted = PAINTERS[disease](lesion, window, part, skin_type)
        surface.rgb[window.window] = painted.surface.rgb
        surface.height[window.window] = painted.surface.height
        surface.gloss[window.window] = painted.surface.gloss
        mask[window.window] = np.where(painted.region > 0, k, mask[window.window])
    x, y = camera.body_grid(4)
    depth = resized(body_depth(body, x, y), -(-w // 4) * 4, -(-h // 4) * 4)[:h, :w]
    rgb = _light(surface, depth, body, camera, seed)
    if float(depth.min()) < 0.1:
        on = step(depth, -0.6 / camera.per_cm, 0.6 / camera.per_cm)
        back = _background(w, h, seed)
        rgb = back + (rgb - back) * on[..., None]
        mask = np.where(depth > 0, mask, 0).astype(np.uint8)
    if site == "scalp_edge":
        rgb = _scalp(rgb, camera, seed)
    rng = stream(seed, 33)
    rgb, hidden = before_lens(np.asarray(rgb, np.float32), camera, wanted, rng)
    rgb = _camera(lens_blur(rgb, wanted, rng), seed)
    return np.clip(rgb * 255 + 0.5, 0, 255).astype(np.uint8), np.asarray(mask * (1 - hidden), np.uint8)


def _scalp(rgb: F, camera: Camera, seed: int) -> F:
    """Scalp hair beyond the hair line, y < -4 cm in the body frame."""
    rng = stream(seed, 34)
    ink = np.zeros(rgb.shape[:2], np.float32)
    for _ in range(420):
        x, y = float(rng.uniform(-12, 12)), -4.6 - float(rng.exponential(1.6))
        angle = -1.57 + float(rng.normal(0, 0.3)) + np.linspace(0, float(rng.normal(0, 0.6)), 8)
        px = [
            camera.to_pixels(x + float(np.cos(angle[:k]).sum()) * 0.35, y + float(np.sin(angle[:k]).sum()) * 0.35)
            for k in range(8)
        ]
        cv2.polylines(
            ink,
            [np.round(np.array(px) * 8).astype(np.int32)],
            False,
            0.9,
            max(1, round(0.012 * camera.per_cm)),
            cv2.LINE_AA,
            3,
        )
    dark = np.array([0.08, 0.065, 0.06], np.float32)
    return np.asarray(rgb + (dark - rgb) * blur(ink, 0.5)[..., None], np.float32)
