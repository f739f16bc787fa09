"""Text and watermarks laid over photos for training the network of ``app.cleaning.marks``; rulers and pen are in
``mark_rulers``, what only looks like a mark in ``mark_distractions``. The benchmark plants with code and fonts of its
own (``benchmarks/planted_marks.py``).

Every ``add_*`` takes a photo (float32 RGB 0..255, H x W x 3), draws into it and into ``targets`` (float32, 4 x H x W).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from tools.mark_letters import F, caption, logo, owner, word, written

WATERMARK, TEXT, RULER, PEN = range(4)


def _turned(cover: F, degrees: float) -> tuple[F, F]:
    """The cover turned in a canvas large enough, and its filled rectangle turned alike."""
    h, w = cover.shape
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1.0)
    c, s = abs(matrix[0, 0]), abs(matrix[0, 1])
    nw, nh = math.ceil(h * s + w * c), math.ceil(h * c + w * s)
    matrix[0, 2] += nw / 2 - w / 2
    matrix[1, 2] += nh / 2 - h / 2
    full = np.ones_like(cover)
    return (
        np.asarray(cv2.warpAffine(cover, matrix, (nw, nh)), np.float32),
        np.asarray(cv2.warpAffine(full, matrix, (nw, nh)), np.float32),
    )


def _lay(photo: F, target: F, cover: F, area: F, at: tuple[int, int], colour: F, opacity: float) -> None:
    """Blend ``colour`` where ``cover`` is, with its upper left corner at (x, y), which may lie outside."""
    h, w = photo.shape[:2]
    x, y = at
    x0, y0, x1, y1 = max(0, x), max(0, y), min(w, x + cover.shape[1]), min(h, y + cover.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    part = (slice(y0, y1), slice(x0, x1))
    own = (slice(y0 - y, y1 - y), slice(x0 - x, x1 - x))
    alpha = (cover[own] * opacity)[..., None]
    photo[part] += (colour - photo[part]) * alpha
    target[part] = np.maximum(target[part], area[own])


def _place(
    shape: tuple[int, int], size: tuple[int, int], rng: np.random.Generator, edge: float = 0.7
) -> tuple[int, int]:
    (h, w), (sh, sw) = shape, size
    if rng.random() < edge:
        margin = int(rng.integers(0, max(2, min(h, w) // 12)))
        x = int(rng.choice([margin, (w - sw) // 2, w - sw - margin]))
        y = int(rng.choice([margin, h - sh - margin]))
        return x, y
    return int(rng.integers(0, max(1, w - sw))), int(rng.integers(0, max(1, h - sh)))


def _contrasting(
    photo: F,
    at: tuple[int, int],
    size: tuple[int, int],
    rng: np.random.Generator,
    grey: float,
    greys: Sequence[int] = (0, 255, 255, 235, 30, 200, 128),
) -> F:
    """A colour that can be told from what lies under it."""
    x, y = max(0, at[0]), max(0, at[1])
    under = photo[y : y + size[0], x : x + size[1]].reshape(-1, 3)
    mean = under.mean(0) if len(under) else np.full(3, 128.0)
    for _ in range(20):
        if rng.random() < grey:
            colour = np.full(3, float(rng.choice(greys)))
        else:
            colour = np.array(
                (
                    (255, 230, 0),
                    (255, 60, 30),
                    (0, 230, 60),
                    (255, 140, 0),
                    (40, 80, 255),
                    (0, 220, 230),
                    tuple(rng.uniform(0, 255, 3)),
                )[int(rng.integers(7))],
                float,
            )
        if abs(colour - mean).max() > 75:
            break
    return colour.astype(np.float32)


def _as_long(cover: F, length: float) -> F:
    factor = length / cover.shape[1]
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.clip(cv2.resize(cover, None, fx=factor, fy=factor, interpolation=how), 0, 1).astype(np.float32)


def _veil(
    photo: F, cover: F, at: tuple[int, int], colour: F, rng: np.random.Generator, size: tuple[int, int] | None = None
) -> float:
    """How opaque a mark must be to change what is under it by 9 to 110 grey levels, less of the strong ones."""
    (h, w), x, y = size or (cover.shape[0], cover.shape[1]), max(0, at[0]), max(0, at[1])
    under = photo[y : y + h, x : x + w].reshape(-1, 3)
    away = float(np.abs(under.mean(0) - colour).max()) if len(under) else 128.0
    return float(np.clip(np.exp(rng.uniform(np.log(9), np.log(110))) / max(away, 1.0), 0.06, 0.72))


def _fitting(text: str, size: int, width: int, rng: np.random.Generator) -> F:
    cover = written(text, size, rng)
    while cover.shape[1] > width and size > 7:
        size = max(7, int(size * 0.8))
        cover = written(text, size, rng)
    return cover


def add_text(photo: F, targets: F, rng: np.random.Generator) -> None:
    """Printed letters: a date, a name, a caption, upright and solid."""
    h, w = photo.shape[:2]
    short = min(h, w)
    size = int(np.exp(rng.uniform(np.log(8), np.log(max(12, 0.17 * short)))))
    lines = [
        _fitting(caption(rng), size, int(w * 0.96), rng)
        for _ in range(1 if rng.random() < 0.7 else 2 + int(rng.integers(2)))
    ]
    gap = int(size * rng.uniform(0.1, 0.5))
    block = np.zeros((sum(c.shape[0] + gap for c in lines), max(c.shape[1] for c in lines)), np.float32)
    y = 0
    for c in lines:
        block[y : y + c.shape[0], : c.shape[1]] = c
        y += c.shape[0] + gap
    area = np.zeros_like(block)
    y = 0
    for c in lines:
        area[y : y + c.shape[0], : c.shape[1]] = 1
        y += c.shape[0] + gap
    at = _place((h, w), block.shape, rng)
    style = rng.random()
    if style < 0.2:  # a strip or a label behind
        pad = int(size * rng.uniform(0.1, 0.6)) + 1
        x0, x1 = (0, w) if rng.random() < 0.25 else (max(0, at[0] - pad), min(w, at[0] + block.shape[1] + pad))
        ground = float(rng.choice([0, 255, 20, 230, float(rng.uniform(0, 255))]))
        photo[max(0, at[1] - pad) : at[1] + block.shape[0] + pad, x0:x1] = ground
    strong = (0, 10, 20, 255, 255, 255, 255, 245, 235)  # who writes on a photo wants it read
    colour = _contrasting(photo, at, block.shape, rng, 0.5, strong)
    if style > 0.7:  # an outline or a shadow
        k = max(1, size // 14)
        around = np.asarray(cv2.dilate(block, np.ones((2 * k + 1, 2 * k + 1), np.uint8)), np.float32)
        dark = np.full(3, 0 if colour.mean() > 110 else 255, np.float32)
        shift = (0, 0) if style > 0.85 else (k, k)
        _lay(
            photo,
            np.zeros_like(targets[TEXT]),
            around if style > 0.85 else block,
            area,
            (at[0] + shift[0], at[1] + shift[1]),
            dark,
            0.9,
        )
    _lay(photo, targets[TEXT], block, area, at, colour, float(rng.uniform(0.85, 1)))


def add_watermark(photo: F, targets: F, rng: np.random.Generator) -> None:
    """Whose photo it is: translucent letters, an emblem, a strip with a site's name, or a pattern over everything."""
    h, w = photo.shape[:2]
    short = min(h, w)
    size = int(np.exp(rng.uniform(np.log(9), np.log(0.26 * short))))
    target = targets[WATERMARK]
    cover = _fitting(owner(rng), size, int(w * 0.95), rng)
    size = cover.shape[0]
    kind = rng.random()
    solid = False
    if kind < 0.45 or rng.random() < 0.2:  # with an emblem beside or above
        mark = logo(max(10, int(size * rng.uniform(1.0, 2.2))), rng)
        gap = int(size * 0.3) + 1
        if rng.random() < 0.75:
            both = np.zeros((max(mark.shape[0], size), mark.shape[1] + gap + cover.shape[1]), np.float32)
            both[(both.shape[0] - mark.shape[0]) // 2 :][: mark.shape[0], : mark.shape[1]] = mark
            both[(both.shape[0] - size) // 2 :][:size, mark.shape[1] + gap :] = cover
        else:
            both = np.zeros((mark.shape[0] + gap + size, max(mark.shape[1], cover.shape[1])), np.float32)
            both[: mark.shape[0], (both.shape[1] - mark.shape[1]) // 2 :][:, : mark.shape[1]] = mark
            both[-size:, (both.shape[1] - cover.shape[1]) // 2 :][:, : cover.shape[1]] = cover
        cover, solid = both, rng.random() < 0.5
    if kind > 0.87:
        _add_strip(photo, target, rng)
        return
    if 0.7 < kind <= 0.87:
        _add_pattern(photo, target, cover, rng)
        return
    turn = 0.0 if rng.random() < 0.55 else float(rng.choice([90, 270, *rng.uniform(-60, 60, 3), 45, -30]))
    if turn and rng.random() < 0.5:  # across the photo
        cover = _as_long(cover, float(rng.uniform(0.6, 1.1)) * w)
    cover, area = _turned(cover, turn)
    if cover.shape[0] > h or cover.shape[1] > w:
        factor = 0.95 * min(h / cover.shape[0], w / cover.shape[1])
        cover = np.asarray(cv2.resize(cover, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.float32)
        area = np.asarray(cv2.resize(area, cover.shape[::-1]), np.float32)
    at = _place((h, w), cover.shape, rng, 0.55)
    colour = _contrasting(photo, at, cover.shape, rng, 0.93)
    opacity = float(rng.uniform(0.75, 1)) if solid else _veil(photo, cover, at, colour, rng)
    if rng.random() < 0.15 and cover.shape[0] > 14:  # the letters' edges alone
        cover = np.asarray(cv2.morphologyEx(cover, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), np.float32)
    if rng.random() < 0.2:  # embossed
        _lay(photo, np.zeros_like(target), cover, area, (at[0] + 1, at[1] + 1), 255 - colour, opacity)
    _lay(photo, target, cover, area, at, colour, opacity)


def _add_strip(photo: F, target: F, rng: np.random.Generator) -> None:
    h, w = photo.shape[:2]
    deep = max(12, int(h * rng.uniform(0.035, 0.16)))
    top = rng.random() < 0.2
    strip = photo[:deep] if top else photo[h - deep :]
    ground = float(rng.choice([0, 255, float(rng.uniform(170, 235))]))
    strip += (ground - strip) * (1.0 if rng.random() < 0.7 else float(rng.uniform(0.4, 0.8)))
    (target[:deep] if top else target[h - deep :])[:] = 1
    rows = 1 if deep < 26 or rng.random() < 0.5 else 2
    ink = np.full(3, 255 - ground if rng.random() < 0.5 else (255 if ground < 225 else 90), np.float32)
    x = int(rng.uniform(0.01, 0.5) * w)
    for row in range(rows):
        cover = _fitting(owner(rng), max(7, int(deep / rows * rng.uniform(0.45, 0.75))), int(w * 0.97) - x, rng)
        if row == 0 and rng.random() < 0.9:
            mark = logo(max(8, cover.shape[0]), rng)
            wide = np.zeros((max(mark.shape[0], cover.shape[0]), mark.shape[1] + 4 + cover.shape[1]), np.float32)
            wide[: mark.shape[0], : mark.shape[1]] = mark
            wide[: cover.shape[0], mark.shape[1] + 4 :] = cover
            cover = wide
        y = int((row + 0.5) * deep / rows - cover.shape[0] / 2)
        _lay(strip, np.zeros(strip.shape[:2], np.float32), cover, cover, (x, y), ink, float(rng.uniform(0.6, 1)))


def _add_pattern(photo: F, target: F, cover: F, rng: np.random.Generator) -> None:
    """The same mark over and over."""
    h, w = photo.shape[:2]
    factor = min(1.0, float(rng.uniform(0.2, 0.5)) * w / cover.shape[1])
    cover = np.asarray(cv2.resize(cover, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.float32)
    if cover.shape[0] < 7:
        cover = written(word(rng), 10, rng)
    cover, area = _turned(cover, float(rng.choice([0, 30, 45, -30, -45, rng.uniform(-60, 60)])))
    colour = _contrasting(photo, (0, 0), (h, w), rng, 0.95)
    opacity = _veil(photo, cover, (0, 0), colour, rng, (h, w))
    dx, dy = (int(side * rng.uniform(1.05, 2.2)) + 4 for side in cover.shape[::-1])
    for j, y in enumerate(range(-dy // 2, h, dy)):
        for x in range(-dx // 2 + (j % 2) * dx // 2 - dx, w, dx):
            _lay(photo, target, cover, area, (x, y), colour, opacity)
