"""What disturbs clinical photos: hair, ruler, pen, clothing (before the lens), watermark and blur (after it)."""

from __future__ import annotations

import math

import cv2
import numpy as np

from .grid import blur
from .plan import Camera
from .types import U8, F, Nuisances


def _strands(shape: tuple[int, int], camera: Camera, rng: np.random.Generator) -> F:
    """Hair, body hair in one direction mostly (h, w) 0..1."""
    h, w = shape
    out = np.zeros(shape, np.float32)
    heading = float(rng.uniform(0, 2 * math.pi))
    length = max(18.0, float(rng.uniform(0.7, 2.2)) * camera.per_cm)
    for _ in range(int(rng.integers(40, 170))):
        start = np.array([rng.uniform(-0.1, 1.1) * w, rng.uniform(-0.1, 1.1) * h])
        angle = heading + rng.normal(0, 0.4) + np.linspace(0, rng.normal(0, 0.7), 10)
        line = start + np.cumsum(np.stack([np.cos(angle), np.sin(angle)], 1), 0) * length * rng.uniform(0.5, 1.2) / 10
        thick = max(1, round(0.008 * camera.per_cm * float(rng.uniform(0.7, 1.4))))
        cv2.polylines(
            out, [np.round(line * 8).astype(np.int32)], False, float(rng.uniform(0.4, 1.0)), thick, cv2.LINE_AA, 3
        )
    return blur(out, 0.5)


def _ruler(rgb: F, camera: Camera, rng: np.random.Generator) -> tuple[F, U8]:
    """A paper ruler along one edge with ticks each millimetre or centimetre."""
    h, w = rgb.shape[:2]
    strip = max(14, int(min(h, w) * float(rng.uniform(0.07, 0.12))))
    colour = np.array([0.93, 0.93, 0.9] if rng.random() < 0.7 else [0.9, 0.82, 0.3], np.float32)
    patch = np.broadcast_to(colour, (strip, w, 3)).copy() * np.float32(rng.uniform(0.8, 1.0))
    fine = camera.per_cm / 10
    gap, longest = (fine, 10) if fine >= 4 else (camera.per_cm, 1)
    for k in range(int(w / gap) + 1):
        x = int(k * gap)
        tall = strip * (0.55 if k % longest == 0 else 0.28)
        cv2.line(patch, (x, 0), (x, int(tall)), (0.1, 0.1, 0.1), max(1, int(strip / 40)), cv2.LINE_AA)
        if k % longest == 0:
            cv2.putText(
                patch,
                str(k // longest),
                (x + 2, int(strip * 0.9)),
                cv2.FONT_HERSHEY_SIMPLEX,
                strip / 70,
                (0.1, 0.1, 0.1),
                1,
                cv2.LINE_AA,
            )
    hidden = np.zeros((h, w), np.uint8)
    out = rgb.copy()
    rows = slice(h - strip, h) if rng.random() < 0.5 else slice(0, strip)
    out[rows] = patch if rows.start else patch[::-1]
    hidden[rows] = 1
    return out, hidden


def _pen(rgb: F, camera: Camera, rng: np.random.Generator) -> F:
    """A surgeon's pen: a ring, an arrow or a cross on the skin."""
    h, w = rgb.shape[:2]
    ink = np.zeros((h, w), np.float32)
    thick = max(2, round(0.06 * camera.per_cm))
    centre = (int(w * rng.uniform(0.2, 0.8)), int(h * rng.uniform(0.2, 0.8)))
    radius = int(min(h, w) * float(rng.uniform(0.12, 0.3)))
    if rng.random() < 0.5:
        cv2.ellipse(
            ink,
            centre,
            (radius, int(radius * 0.8)),
            float(rng.uniform(0, 180)),
            10,
            int(rng.integers(250, 365)),
            1.0,
            thick,
            cv2.LINE_AA,
        )
    else:
        angle = float(rng.uniform(0, 6.3))
        tip = (int(centre[0] + radius * math.cos(angle)), int(centre[1] + radius * math.sin(angle)))
        cv2.arrowedLine(ink, centre, tip, 1.0, thick, cv2.LINE_AA, tipLength=0.25)
    ink = blur(ink, 0.8)[..., None] * np.float32(rng.uniform(0.55, 0.9))
    colour = np.array([[0.16, 0.12, 0.42], [0.08, 0.08, 0.1], [0.12, 0.25, 0.5]], np.float32)[int(rng.integers(3))]
    return np.asarray(rgb + (colour - rgb) * ink, np.float32)


def _clothing(rgb: F, rng: np.random.Generator) -> tuple[F, U8]:
    """A cloth edge over one side of the photo, with weave and a soft shadow."""
    h, w = rgb.shape[:2]
    side = int(rng.integers(4))
    reach = float(rng.uniform(0.06, 0.17))
    t = np.linspace(0, 1, 24)
    edge = reach + 0.03 * np.sin(t * rng.uniform(2, 7) + rng.uniform(0, 6)) + np.cumsum(rng.normal(0, 0.003, 24))
    pts = np.stack([t, edge], 1) if side < 2 else np.stack([edge, t], 1)
    tail = np.array([[1.01, -0.01], [-0.01, -0.01]]) if side < 2 else np.array([[-0.01, 1.01], [-0.01, -0.01]])
    pts = np.concatenate([pts, tail])
    if side % 2:
        pts = 1 - pts
    cover = np.zeros((h, w), np.float32)
    cv2.fillPoly(cover, [np.round(pts * (w, h) * 8).astype(np.int32)], 1.0, cv2.LINE_AA, 3)
    colour = rng.uniform(0.08, 0.9, 3).astype(np.float32) * np.float32(0.6) + np.float32(rng.uniform(0, 0.35))
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    weave = (
        1
        + 0.05 * np.sin(xx * rng.uniform(0.6, 1.5)) * np.sin(yy * rng.uniform(0.6, 1.5))
        + 0.12 * np.sin((xx + yy) * rng.uniform(0.01, 0.05))
    )
    shadow = 1 - 0.35 * blur(cover, min(h, w) / 40) * (1 - cover)
    out = rgb * shadow[..., None]
    out = out + (colour * weave[..., None] - out) * cover[..., None]
    return np.asarray(out, np.float32), (cover > 0.5).astype(np.uint8)


def before_lens(rgb: F, camera: Camera, wanted: Nuisances, rng: np.random.Generator) -> tuple[F, U8]:
    """Photo (h, w, 3) 0..1 with hair, pen, clothing and ruler, and where lesions are hidden (h, w) 0 or 1."""
    h, w = rgb.shape[:2]
    hidden = np.zeros((h, w), np.uint8)
    if wanted.hair:
        strands = _strands((h, w), camera, rng)[..., None] * np.float32(rng.uniform(0.55, 0.95))
        colour = np.array([0.10, 0.07, 0.06], np.float32) * np.float32(rng.uniform(0.6, 2.2))
        rgb = np.asarray(rgb + (colour - rgb) * strands, np.float32)
    if wanted.pen_mark:
        rgb = _pen(rgb, camera, rng)
    if wanted.clothing:
        rgb, more = _clothing(rgb, rng)
        hidden |= more
    if wanted.ruler:
        rgb, more = _ruler(rgb, camera, rng)
        hidden |= more
    return rgb, hidden


def lens_blur(rgb: F, wanted: Nuisances, rng: np.random.Generator) -> F:
    """Defocus or motion blur strong enough that a cleaner should notice, where it is wanted."""
    if not wanted.blur:
        return rgb
    size = min(rgb.shape[:2])
    if rng.random() < 0.6:
        return blur(rgb, size * float(rng.uniform(0.009, 0.016)))
    length = max(5, int(size * float(rng.uniform(0.03, 0.05)))) | 1
    kernel = np.zeros((length, length), np.float32)
    angle = float(rng.uniform(0, math.pi))
    c = length // 2
    d = (int(c * math.cos(angle)), int(c * math.sin(angle)))
    cv2.line(kernel, (c - d[0], c - d[1]), (c + d[0], c + d[1]), 1.0, 1)
    return np.asarray(cv2.filter2D(rgb, -1, kernel / kernel.sum()), np.float32)


def watermark(pixels: U8, wanted: Nuisances, rng: np.random.Generator) -> tuple[U8, U8]:
    """A grey caption band below, or faint letters in a corner; and where lesions are hidden (h, w)."""
    h, w = pixels.shape[:2]
    hidden = np.zeros((h, w), np.uint8)
    if not wanted.watermark:
        return pixels, hidden
    out = pixels.copy()
    text = ("SKIN ATLAS phantom", "dermatology archive", "Phantom clinic")[int(rng.integers(3))]
    unit = max(1.0, w / 800)
    if rng.random() < 0.5:
        band = int(h * float(rng.uniform(0.04, 0.1)))
        out[h - band :] = int(rng.integers(190, 225))
        hidden[h - band :] = 1
        cv2.putText(
            out,
            text,
            (int(12 * unit), h - band // 3),
            cv2.FONT_HERSHEY_DUPLEX,
            band / 40,
            (110, 110, 110),
            max(1, int(unit)),
            cv2.LINE_AA,
        )
        return out, hidden
    layer = out.copy()
    at = (int(w * float(rng.uniform(0.03, 0.5))), int(h * float(rng.choice([0.07, 0.96]))))
    cv2.putText(
        layer,
        text,
        at,
        cv2.FONT_HERSHEY_SIMPLEX,
        unit * float(rng.uniform(0.6, 1.2)),
        (235, 235, 235),
        max(1, round(2 * unit)),
        cv2.LINE_AA,
    )
    return np.asarray(cv2.addWeighted(layer, 0.6, out, 0.4, 0), np.uint8), hidden
