"""Rulers, a dermatoscope's ticks and a surgeon's pen, drawn into photos as ``tools/mark_plants.py`` says."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.mark_letters import F, written
from tools.mark_plants import PEN, RULER, TEXT, WATERMARK

F64 = NDArray[np.float64]
Rng = np.random.Generator
INKS = (
    (45, 35, 120), (30, 60, 140), (20, 20, 25), (80, 30, 120), (25, 80, 110), (120, 20, 40), (20, 100, 60),
)  # fmt: skip


def add_ruler(photo: F, targets: F, rng: Rng) -> None:
    """A paper or plastic ruler, or a dermatoscope's ticks."""
    if rng.random() < 0.55:
        _add_ticks(photo, targets[RULER], rng)
        return
    h, w = photo.shape[:2]
    strip, cover = _strip(int(math.hypot(h, w)) + 8, int(min(h, w) * rng.uniform(0.06, 0.2)), rng)
    deep, long = cover.shape
    angle = float(rng.choice([0, 90, 180, 270])) + (
        float(rng.normal(0, 3)) if rng.random() < 0.6 else float(rng.uniform(-45, 45))
    )
    length = int(long * (1 if rng.random() < 0.6 else rng.uniform(0.25, 0.7)))
    edge = rng.random() < 0.75
    away = min(h, w) * (0.5 if edge else float(rng.uniform(-0.4, 0.4))) - deep * float(rng.uniform(0, 0.8)) * edge
    a = math.radians(angle)
    side = (h if abs(math.cos(a)) > 0.7 else w) / 2 - min(h, w) / 2
    away += side if edge else 0
    cx, cy = w / 2 + math.sin(a) * away, h / 2 + math.cos(a) * away
    matrix = cv2.getRotationMatrix2D((length / 2, deep / 2), angle, 1.0)
    matrix[0, 2] += cx - length / 2
    matrix[1, 2] += cy - deep / 2
    drawn = cv2.warpAffine(strip[:, :length], matrix, (w, h), flags=cv2.INTER_LINEAR)
    seen = cv2.warpAffine(cover[:, :length], matrix, (w, h))[..., None]
    area = cv2.warpAffine(np.ones((deep, length), np.float32), matrix, (w, h))
    photo += (drawn - photo) * seen
    targets[RULER] = np.maximum(targets[RULER], area)
    targets[[WATERMARK, TEXT, PEN]] *= 1 - area


def _strip(long: int, deep: int, rng: Rng) -> tuple[F, F]:
    """A ruler's pixels (deep, long, 3) and how much of the photo under them they cover."""
    grounds = ((238, 238, 232), (230, 205, 80), (250, 250, 250), (190, 190, 195), (140, 200, 150), (60, 60, 60))
    ground = np.array(grounds[int(rng.integers(6))], np.float32)
    strip = np.broadcast_to(ground * np.float32(rng.uniform(0.75, 1.03)), (deep, long, 3)).copy()
    cover = np.full((deep, long), 1.0 if rng.random() < 0.75 else float(rng.uniform(0.15, 0.5)), np.float32)
    ink = (15, 15, 15) if ground.mean() > 100 else (240, 240, 240)
    if rng.random() < 0.12:
        ink = (190, 30, 30)
    if rng.random() < 0.12:  # squares, black and white
        step = max(4, deep // 2)
        for k in range(0, long, 2 * step):
            strip[: deep // 3, k : k + step] = ink
            cover[: deep // 3, k : k + step] = 1
    else:
        _scale(strip, cover, ink, rng)
    if rng.random() < 0.5:
        strip, cover = strip[::-1].copy(), cover[::-1].copy()
    return strip, cover


def _scale(strip: F, cover: F, ink: tuple[int, int, int], rng: Rng) -> None:
    """Ticks along the upper edge, longer ones with digits now and then."""
    deep, long = cover.shape
    gap = float(rng.uniform(3.2, max(4.5, deep / 3)))
    ten, thick = int(rng.choice([5, 10])), max(1, round(gap * float(rng.uniform(0.12, 0.3))))
    for k in range(int(long / gap) + 1):
        tall = deep * (0.5 if k % ten == 0 else 0.4 if ten == 10 and k % 5 == 0 else 0.27)
        x = int(k * gap)
        cv2.line(strip, (x, 0), (x, int(tall)), ink, thick, cv2.LINE_AA)
        cv2.line(cover, (x, 0), (x, int(tall)), 1.0, thick)
        if k % ten == 0 and deep > 16 and gap * ten > 10:
            digits = written(str(k // ten), max(7, int(deep * 0.35)), rng)
            a = slice(int(deep * 0.55), int(deep * 0.55) + digits.shape[0]), slice(x + 1, x + 1 + digits.shape[1])
            piece = strip[a]
            alpha = digits[: piece.shape[0], : piece.shape[1], None]
            piece += (np.array(ink, np.float32) - piece) * alpha
            cover[a] = np.maximum(cover[a], alpha[..., 0])


def _add_ticks(photo: F, target: F, rng: Rng) -> None:
    h, w = photo.shape[:2]
    short = min(h, w)
    gap = short * float(rng.uniform(0.03, 0.1))
    tick = max(3.0, short * float(rng.uniform(0.02, 0.05)))
    count, five = int(rng.integers(4, 22)), int(rng.choice([5, 10, 99]))
    thick = max(1, round(short * float(rng.uniform(0.002, 0.008))))
    colour = (20.0, 20.0, 25.0) if rng.random() < 0.85 else (235.0, 235.0, 235.0)
    layer = np.zeros((h, w), np.float32)
    ends = []
    heading = float(rng.uniform(0, 2 * math.pi)) if rng.random() < 0.5 else float(rng.choice([0, math.pi / 2]))
    bend = float(rng.normal(0, 0.05)) if rng.random() < 0.4 else 0.0
    side = int(rng.integers(4))
    depth = float(rng.uniform(0.02, 0.2)) * short
    x, y = (
        (rng.uniform(0, w), depth),
        (rng.uniform(0, w), h - depth),
        (depth, rng.uniform(0, h)),
        (w - depth, rng.uniform(0, h)),
    )[side]
    if rng.random() < 0.7:
        heading = 0.0 if side < 2 else math.pi / 2
        heading += float(rng.normal(0, 0.06)) if rng.random() < 0.6 else float(rng.normal(0, 0.5))
        x, y = x - math.cos(heading) * gap * count / 2, y - math.sin(heading) * gap * count / 2
    flip = float(rng.choice([-1, 1]))
    for k in range(count):
        long = tick * (1.7 if k % five == 0 else 1.0)
        nx, ny = -math.sin(heading) * flip, math.cos(heading) * flip
        a, b = (x, y), (x + nx * long, y + ny * long)
        points = [tuple(round(v * 8) for v in p) for p in (a, b)]
        cv2.line(layer, points[0], points[1], 1.0, thick, cv2.LINE_AA, 3)
        ends += [a, b]
        x, y = x + math.cos(heading) * gap, y + math.sin(heading) * gap
        heading += bend
    if rng.random() < 0.25:
        line = np.array(ends[::2])
        cv2.polylines(layer, [np.round(line * 8).astype(np.int32)], False, 1.0, thick, cv2.LINE_AA, 3)
    photo += (np.array(colour, np.float32) - photo) * (layer * float(rng.uniform(0.45, 1)))[..., None]
    area = np.zeros((h, w), np.float32)
    points = np.array(ends)
    for k in range(0, len(points) - 2, 2):
        cv2.fillConvexPoly(area, np.round(points[[k, k + 1, k + 3, k + 2]]).astype(np.int32), 1.0)
    np.maximum(target, cv2.dilate(area, np.ones((5, 5), np.uint8)), out=target)


def add_pen(photo: F, targets: F, rng: Rng) -> None:
    """A surgeon's pen: rings, arrows, crosses, lines, dots; the skin shows through."""
    h, w = photo.shape[:2]
    short = min(h, w)
    layer = np.zeros((h, w), np.float32)
    for _ in range(1 if rng.random() < 0.7 else 2):
        thick = max(1, round(short * float(np.exp(rng.uniform(np.log(0.008), np.log(0.04))))))
        centre = np.array([rng.uniform(0.1, 0.9) * w, rng.uniform(0.1, 0.9) * h])
        for line in _strokes(centre, short * float(rng.uniform(0.07, 0.42)), thick, rng):
            cv2.polylines(layer, [np.round(line * 8).astype(np.int32)], False, 1.0, thick, cv2.LINE_AA, 3)
    area = np.asarray(cv2.dilate((layer > 0.2).astype(np.float32), np.ones((5, 5), np.uint8)), np.float32)
    if rng.random() < 0.6:  # worn off
        patches = cv2.resize(rng.uniform(0.1, 1.5, (max(2, h // 9), max(2, w // 9))).astype(np.float32), (w, h))
        layer *= np.clip(patches, 0.25, 1)
    layer = np.asarray(cv2.GaussianBlur(layer, (0, 0), float(rng.uniform(0.4, 1.4))), np.float32)
    colour = np.array(INKS[int(rng.choice(len(INKS), p=(0.26, 0.22, 0.2, 0.2, 0.06, 0.03, 0.03)))], np.float32)
    ink = colour if rng.random() < 0.5 else photo * colour / 200
    photo += (ink - photo) * (layer * float(rng.uniform(0.5, 0.95)))[..., None]
    targets[PEN] = np.maximum(targets[PEN], area)


def _strokes(c: F64, r: float, thick: int, rng: Rng) -> list[F64]:
    """One figure round ``c`` with a reach of ``r``: lines of points (x, y)."""
    kind = int(rng.integers(6))
    t = np.linspace(0, 1, 40)
    if kind <= 1:
        angle = float(rng.uniform(0, 6.3)) + t * float(rng.uniform(4.0, 7.2))
        wobble = r * (1 + 0.1 * np.sin(3 * angle + float(rng.uniform(0, 6))) + np.cumsum(rng.normal(0, 0.008, 40)))
        return [c + np.stack([wobble * np.cos(angle), wobble * float(rng.uniform(0.5, 1)) * np.sin(angle)], 1)]
    lines = []
    if kind == 2:
        a = float(rng.uniform(0, 6.3))
        tip = c + r * np.array([math.cos(a), math.sin(a)])
        lines.append(np.stack([c, tip]))
        for s in (-1, 1):
            b = a + math.pi + s * float(rng.uniform(0.4, 0.7))
            lines.append(np.stack([tip, tip + 0.35 * r * np.array([math.cos(b), math.sin(b)])]))
    elif kind == 3:
        a = float(rng.uniform(0, 3))
        for k in range(int(rng.integers(2, 4))):
            d = 0.5 * r * np.array([math.cos(a + 1.3 * k), math.sin(a + 1.3 * k)])
            lines.append(np.stack([c - d, c + d]))
    elif kind == 4:
        bend = np.cumsum(np.cumsum(rng.normal(0, 0.004, (40, 2)), 0), 0) * r
        a = float(rng.uniform(0, 6.3))
        lines.append(c + t[:, None] * 2 * r * np.array([math.cos(a), math.sin(a)]) + bend)
    else:
        for _ in range(int(rng.integers(3, 9))):
            p = c + rng.normal(0, r * 0.6, 2)
            lines.append(np.stack([p, p + rng.normal(0, 1 + thick / 2, 2)]))
    return lines
