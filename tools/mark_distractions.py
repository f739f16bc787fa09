"""What only looks like a mark over a photo, drawn into training photos: hair, flakes, bubbles, cloth, rims."""

from __future__ import annotations

import cv2
import numpy as np

from tools.mark_letters import F

Rng = np.random.Generator
Shape = tuple[int, int]
Cover = tuple[F, F]
"""How much of the photo is covered (H, W), 0..1, and the colour (3,) that covers it."""


def add_distraction(photo: F, rng: Rng) -> None:
    """One of them, of any kind, into ``photo`` (H x W x 3, RGB 0..255)."""
    kind = int(rng.integers(10))
    if kind >= 7:
        (_frame, _crusts, _glare)[kind - 7](photo, rng)
        return
    dark = np.array((35, 28, 25), np.float32) * float(rng.uniform(0.4, 3))
    shape = (photo.shape[0], photo.shape[1])
    if kind <= 1:
        layer, colour = _hair(shape, dark, rng)
    else:
        layer, colour = (_sticker, _scales, _bubbles, _cloth, _dark_rim)[kind - 2](shape, rng)
    photo += (colour - photo) * (layer * float(rng.uniform(0.6, 1)))[..., None]


def _hair(shape: Shape, dark: F, rng: Rng) -> Cover:
    h, w = shape
    layer = np.zeros(shape, np.float32)
    heading = float(rng.uniform(0, 6.3))
    for _ in range(int(rng.integers(3, 50))):
        angle = heading + rng.normal(0, 0.6) + np.linspace(0, rng.normal(0, 1.2), 10)
        steps = np.stack([np.cos(angle), np.sin(angle)], 1) * min(h, w) * float(rng.uniform(0.01, 0.09))
        line = np.array([rng.uniform(0, w), rng.uniform(0, h)]) + np.cumsum(steps, 0)
        points = [np.round(line * 8).astype(np.int32)]
        strength, thick = float(rng.uniform(0.4, 1)), 1 + int(rng.random() < 0.3)
        cv2.polylines(layer, points, False, strength, thick, cv2.LINE_AA, 3)
    return layer, np.array((225, 220, 210), np.float32) if rng.random() < 0.15 else dark


def _sticker(shape: Shape, rng: Rng) -> Cover:
    """A coloured disc at one side, as some clinics put beside a lesion."""
    h, w = shape
    layer = np.zeros(shape, np.float32)
    centre = (int(rng.choice([0, w])) + int(rng.normal(0, w / 12)), int(rng.uniform(0, h)))
    cv2.circle(layer, centre, int(min(h, w) * rng.uniform(0.1, 0.35)), 1.0, -1, cv2.LINE_AA)
    return layer, rng.uniform(0, 255, 3).astype(np.float32)


def _scales(shape: Shape, rng: Rng) -> Cover:
    """Scales of one plaque, cracks between them."""
    h, w = shape
    short = min(h, w)
    layer = np.zeros(shape, np.float32)
    middle, spread = np.array([rng.uniform(0, w), rng.uniform(0, h)]), short * float(rng.uniform(0.05, 0.3))
    for _ in range(int(rng.integers(5, 160))):
        size = max(1, int(short * rng.uniform(0.003, 0.03)))
        points = np.round(rng.normal(0, size, (6, 2)) + rng.normal(middle, spread)).astype(np.int32)
        if rng.random() < 0.7:
            cv2.fillPoly(layer, [points], float(rng.uniform(0.2, 0.9)), cv2.LINE_AA)
        else:
            cv2.polylines(layer, [points], False, float(rng.uniform(0.3, 0.9)), 1 + size // 8, cv2.LINE_AA)
    return layer, np.array((245, 240, 232), np.float32)


def _bubbles(shape: Shape, rng: Rng) -> Cover:
    h, w = shape
    short = min(h, w)
    layer = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(1, 6))):
        axes = (int(short * rng.uniform(0.01, 0.06)) + 1, int(short * rng.uniform(0.01, 0.06)) + 1)
        centre = (int(rng.uniform(0, w)), int(rng.uniform(0, h)))
        turn, end = float(rng.uniform(0, 180)), float(rng.uniform(120, 360))
        cv2.ellipse(layer, centre, axes, turn, 0, end, 0.6, 1, cv2.LINE_AA)
    return layer, np.array((250, 250, 250), np.float32)


def _cloth(shape: Shape, rng: Rng) -> Cover:
    """Cloth or a coloured background along one side, woven or plain."""
    h, w = shape
    layer = np.zeros(shape, np.float32)
    x = int(rng.uniform(0, 0.3) * w)
    points = np.array([(0, 0), (x, 0), (int(x * rng.uniform(0, 2)), h), (0, h)], np.int32)
    if rng.random() < 0.5:
        points[:, 0] = w - points[:, 0]
    cv2.fillPoly(layer, [points], 1.0, cv2.LINE_AA)
    if rng.random() < 0.6:
        layer *= 0.85 + 0.15 * np.sin(np.arange(w, dtype=np.float32) * float(rng.uniform(0.5, 2.5)))
    return layer, rng.uniform(0, 255, 3).astype(np.float32)


def _dark_rim(shape: Shape, rng: Rng) -> Cover:
    """What a dermatoscope or a bad lens leaves dark in the corners."""
    h, w = shape
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    away = np.hypot((xx - w / 2) / w, (yy - h / 2) / h)
    layer = np.clip((away - float(rng.uniform(0.42, 0.6))) * float(rng.uniform(4, 80)), 0, 1)
    return layer.astype(np.float32), np.zeros(3, np.float32)


def _frame(photo: F, rng: np.random.Generator) -> None:
    """Bars along the edges, one grey with a little noise: a scanner's, a screen's, a slide's."""
    h, w = photo.shape[:2]
    grey = float(rng.choice([0, 0, 8, 20, 128, 235, 255]))
    sides = rng.random(4) < float(rng.choice([0.3, 0.6, 1.0]))
    deep = np.round(rng.uniform(0.01, 0.24, 4) * min(h, w)).astype(int) + 1
    deep = deep if rng.random() < 0.4 else np.full(4, deep[0])
    for side, part in enumerate((photo[: deep[0]], photo[h - deep[1] :], photo[:, : deep[2]], photo[:, w - deep[3] :])):
        if sides[side]:
            part[:] = grey + rng.normal(0, float(rng.uniform(0, 3)), part.shape)


def _crusts(photo: F, rng: np.random.Generator) -> None:
    """Yellow and brown scabs with ragged rims, shining here and there."""
    h, w = photo.shape[:2]
    coarse = rng.normal(0, 1, (int(rng.integers(5, 26)), int(rng.integers(5, 26)))).astype(np.float32)
    field = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC) + rng.normal(0, 0.1, (h, w)).astype(np.float32)
    sharp = float(rng.uniform(1.5, 9))
    cover = np.clip((field - float(rng.uniform(0.6, 1.8))) * sharp, 0, float(rng.uniform(0.3, 0.9)))
    colour = np.array((220, 170, 70), np.float32) * float(rng.uniform(0.5, 1.15)) + rng.normal(0, 15, 3)
    photo += (colour.astype(np.float32) - photo) * cv2.GaussianBlur(cover, (0, 0), 0.7)[..., None]


def _glare(photo: F, rng: np.random.Generator) -> None:
    """Light thrown back by wet or oily skin: small white streaks with soft and hard rims."""
    h, w = photo.shape[:2]
    layer = np.zeros((h, w), np.float32)
    middle, spread = np.array([rng.uniform(0, w), rng.uniform(0, h)]), min(h, w) * float(rng.uniform(0.04, 0.3))
    for x, y in rng.normal(middle, spread, (int(rng.integers(4, 90)), 2)):
        axes = (int(rng.uniform(1, 2 + spread / 6)), int(rng.uniform(1, 2 + spread / 16)))
        turn = float(rng.uniform(0, 180))
        cv2.ellipse(layer, (int(x), int(y)), axes, turn, 0, 360, float(rng.uniform(0.3, 1)), -1, cv2.LINE_AA)
    layer = cv2.GaussianBlur(layer, (0, 0), float(rng.uniform(0.4, 2)))
    photo += (255 - photo) * layer[..., None]
