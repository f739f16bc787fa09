"""Random pictures of one crop or photo: another light, camera, distance and angle. All uint8 RGB (H, W, 3) in and out.

Everything is drawn from the generator that is given, so a picture depends on seed, epoch and place alone.
OpenCV on single pictures: 1-2 ms each at 160 px, an eighth of what the network needs for its step.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from app.common.geometry import Box
from app.training.learning.rand_augment import rand_augment
from app.training.plan import Augment

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]


def random_crop(pixels: U8, region: Box, size: int, how: Augment, rng: np.random.Generator) -> U8:
    """A turned, shifted, zoomed and perhaps mirrored ``region`` of ``pixels``, (size, size, 3)."""
    cx, cy = region.centre
    jitter = how.margin_jitter * region.width / 2
    cx, cy = cx + rng.uniform(-jitter, jitter), cy + rng.uniform(-jitter, jitter)
    zoom = size / region.width * _zoom(how.scale, rng) * (1 + rng.uniform(-0.5, 0.5) * how.margin_jitter)
    angle = math.radians(rng.uniform(-how.rotate, how.rotate))
    stretch = math.exp(rng.normal(0, 0.08)) if how.scale > 0 else 1.0
    mirror = -1.0 if how.flip and rng.random() < 0.5 else 1.0
    c, s = math.cos(angle) * zoom, math.sin(angle) * zoom
    linear = np.array([[c * mirror * stretch, -s], [s * mirror * stretch, c]])
    shift = np.array([size / 2, size / 2]) - 0.5 - linear @ np.array([cx - 0.5, cy - 0.5])
    matrix = np.hstack([linear, shift[:, None]])
    cut = cv2.warpAffine(pixels, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(cut, np.uint8)


def random_look(pixels: U8, how: Augment, rng: np.random.Generator) -> U8:
    """The same picture in another light, by another camera: colours, fall-off, blur, noise, JPEG, RandAugment's looks.

    Nothing moves, so boxes stay where they are.
    """
    out = _colours(pixels, how, rng)
    if rng.random() < how.illumination:
        out = _fall_off(out, how.illumination, rng)
    if rng.random() < how.blur:
        out = _blurred(out, rng)
    if rng.random() < how.noise:
        out = _noisy(out, rng)
    if rng.random() < how.jpeg:
        out = _compressed(out, rng)
    return rand_augment(out, how.randaugment, how.randaugment_strength, rng) if how.randaugment else out


def cut_out(pixels: U8, how: Augment, rng: np.random.Generator) -> U8:
    """One rectangle of up to 45 % of each side filled with one colour (a watermark, a ruler, a finger in the way)."""
    if rng.random() >= how.cutout:
        return pixels
    h, w = pixels.shape[:2]
    bh, bw = (int(side * rng.uniform(0.1, 0.45)) for side in (h, w))
    y, x = int(rng.integers(0, h - bh + 1)), int(rng.integers(0, w - bw + 1))
    pixels = pixels.copy()
    pixels[y : y + bh, x : x + bw] = rng.integers(0, 256, 3)
    return pixels


def random_scene(
    pixels: U8, boxes: NDArray[np.float64], canvas: tuple[int, int], how: Augment, rng: np.random.Generator
) -> tuple[U8, NDArray[np.float64], NDArray[np.bool_]]:
    """A photo turned by quarters, mirrored, zoomed and shifted onto a canvas, its boxes moved along.

    Args:
        pixels: the photo.
        boxes: (B, 4) x0 y0 x1 y1 in its pixels.
        canvas: height, width of the result.
        how: strengths.
        rng: source of chance.

    Returns:
        The picture; the boxes (B, 4) in its pixels, clipped; which (B,) keep 35 % of their area and 4 px a side.
        A box that is lost leaves its part of the picture behind: too small a piece to be called a lesion or not.
    """
    if (pixels.shape[0] > pixels.shape[1]) != (canvas[0] > canvas[1]) and how.flip:
        boxes = boxes[:, [1, 0, 3, 2]]
        pixels = np.ascontiguousarray(pixels.transpose(1, 0, 2))
    h, w = pixels.shape[:2]
    zoom = min(canvas[0] / h, canvas[1] / w) * _zoom(how.scale, rng)
    flips = [-1.0 if how.flip and rng.random() < 0.5 else 1.0 for _ in range(2)]
    free = np.array([canvas[1] - zoom * w, canvas[0] - zoom * h])
    corner = free * rng.random(2)
    linear = np.diag([zoom * flips[0], zoom * flips[1]])
    edge = np.array([corner[0] + (zoom * w if flips[0] < 0 else 0), corner[1] + (zoom * h if flips[1] < 0 else 0)])
    shift = edge + linear @ np.array([0.5, 0.5]) - 0.5
    fill = tuple(float(v) for v in rng.integers(0, 256, 3))
    matrix = np.hstack([linear, shift[:, None]])
    out = cv2.warpAffine(pixels, matrix, (canvas[1], canvas[0]), flags=cv2.INTER_LINEAR, borderValue=fill)
    moved = np.empty_like(boxes)
    for axis in (0, 1):
        ends = np.sort(boxes[:, [axis, axis + 2]] * zoom * flips[axis] + edge[axis], axis=1)
        moved[:, [axis, axis + 2]] = ends
    clipped = moved.clip(0, np.array([canvas[1], canvas[0], canvas[1], canvas[0]], float))
    sides, before = clipped[:, 2:] - clipped[:, :2], moved[:, 2:] - moved[:, :2]
    share = sides.prod(1) / np.maximum(before.prod(1), 1e-9)
    return np.asarray(out, np.uint8), clipped, (share >= 0.35) & (sides.min(1, initial=np.inf) >= 4)


def _zoom(scale: float, rng: np.random.Generator) -> float:
    reach = -math.log1p(-scale) if scale else 0.0
    return math.exp(rng.uniform(-reach, reach))


def _colours(pixels: U8, how: Augment, rng: np.random.Generator) -> U8:
    k = how.colour
    if k > 0:
        light = np.exp(rng.normal(0, 0.25 * k, 3) + rng.normal(0, 0.35 * k))
        gamma = math.exp(rng.normal(0, 0.6 * k))
        contrast, bright = math.exp(rng.normal(0, 0.4 * k)), rng.normal(0, 0.2 * k)
        ramp = np.linspace(0, 1, 256)[:, None] ** gamma
        table = ((ramp * light - 0.5) * contrast + 0.5 + bright) * 255
        pixels = np.asarray(cv2.LUT(pixels, table.clip(0, 255).round().astype(np.uint8)[None]), np.uint8)
        mix = _saturation_and_hue(math.exp(rng.normal(0, 0.8 * k)), rng.normal(0, 0.35 * k))
        pixels = np.asarray(cv2.transform(pixels, mix), np.uint8)
    if rng.random() < how.grey:
        pixels = np.asarray(cv2.transform(pixels, _saturation_and_hue(0.0, 0.0)), np.uint8)
    return pixels


def _saturation_and_hue(saturation: float, turn: float) -> NDArray[np.float64]:
    """3 x 3 matrix: chroma times ``saturation`` and turned by ``turn`` radians about the grey axis (YIQ, NTSC 1953)."""
    to_yiq = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    c, s = saturation * math.cos(turn), saturation * math.sin(turn)
    return np.asarray(np.linalg.inv(to_yiq) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ to_yiq)


def _fall_off(pixels: U8, strength: float, rng: np.random.Generator) -> U8:
    coarse = np.exp(rng.normal(0, 0.45 * strength, (3, 3))).astype(np.float32)
    gain = cv2.resize(coarse, (pixels.shape[1], pixels.shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray((pixels * gain[..., None]).clip(0, 255), np.uint8)


def _blurred(pixels: U8, rng: np.random.Generator) -> U8:
    h, w = pixels.shape[:2]
    if rng.random() < 0.5:
        sigma = rng.uniform(0.4, 1.0 + min(h, w) / 160)
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8)
    k = rng.uniform(0.35, 0.8)
    small = cv2.resize(pixels, (max(int(w * k), 8), max(int(h * k), 8)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR), np.uint8)


def _noisy(pixels: U8, rng: np.random.Generator) -> U8:
    h, w = pixels.shape[:2]
    grain = rng.standard_normal((h, w, 1 if rng.random() < 0.5 else 3), np.float32) * rng.uniform(3, 14)
    return np.asarray((pixels + grain).clip(0, 255), np.uint8)


def _compressed(pixels: U8, rng: np.random.Generator) -> U8:
    ok, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 90))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8) if ok else pixels
