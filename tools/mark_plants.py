"""Marks laid over photos for training the network of ``app.cleaning.marks``: text, watermarks, rulers, pen, and what
only looks like them. The benchmark plants with code and fonts of its own (``benchmarks/faults.py``).

Every ``add_*`` takes a photo (float32 RGB 0..255, H x W x 3), draws into it and into ``targets`` (float32, 4 x H x W).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

F = NDArray[np.float32]
WATERMARK, TEXT, RULER, PEN = range(4)

LATIN = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf", "DejaVuSansMono.ttf",
         "DejaVuSans-Oblique.ttf", "DejaVuSansMono-Bold.ttf", "STIXGeneral.ttf", "STIXGeneralItalic.ttf", "cmr10.ttf",
         "cmss10.ttf", "STIXGeneralBol.ttf")  # fmt: skip
CHINESE = ("wqy-microhei.ttc", "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
HAN = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电"
    "力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利"
    "王李张刘陈杨赵黄周吴徐孙胡朱林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕皮肤科医院病患者男女岁左右手足背腹部银屑湿疹扁平苔藓版权所有样本"
)
WORDS = (
    "skin", "atlas", "clinic", "derma", "archive", "photo", "care", "medical", "health", "image", "library",
    "science", "hospital", "department", "university", "patient", "visit", "left", "right", "knee", "elbow",
    "back", "hand", "forearm", "leg", "before", "after", "week", "day", "baseline", "follow", "psoriasis",
    "eczema", "lichen", "planus", "lupus", "plaque", "scale", "sample", "preview", "copy", "draft", "stock",
    "global", "vision", "studio", "doctor", "name", "born", "male", "female",
)  # fmt: skip


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    folder = Path(matplotlib.__file__).parent / "mpl-data" / "fonts" / "ttf"
    for path in (folder / name, Path(name)):
        if path.exists():
            return ImageFont.truetype(str(path), size)
    return ImageFont.truetype(name, size)


def written(text: str, size: int, rng: np.random.Generator) -> F:
    """The letters' cover, 0..1, close round them."""
    chinese = any(ord(c) > 0x2E80 for c in text)
    font = _font(str(rng.choice(CHINESE)) if chinese and Path(CHINESE[1]).exists() else str(rng.choice(LATIN)), size)
    left, top, right, bottom = (int(v) for v in font.getbbox(text))
    picture = Image.new("L", (max(1, right - left) + 4, max(1, bottom - top) + 4))
    ImageDraw.Draw(picture).text((2 - left, 2 - top), text, 255, font)
    return np.asarray(picture, np.float32) / 255


def _word(rng: np.random.Generator) -> str:
    kind = rng.random()
    if kind < 0.25:
        return "".join(chr(97 + int(c)) for c in rng.integers(0, 26, int(rng.integers(2, 10))))
    word = str(rng.choice(WORDS))
    return word.upper() if kind < 0.45 else word.capitalize() if kind < 0.75 else word


def _han(rng: np.random.Generator, low: int, high: int) -> str:
    return "".join(HAN[int(k)] for k in rng.integers(0, len(HAN), int(rng.integers(low, high))))


def caption(rng: np.random.Generator) -> str:
    n = lambda a, b: int(rng.integers(a, b))
    y, m, d = n(1985, 2030), n(1, 13), n(1, 29)
    kinds = (
        lambda: f"{y}-{m:02d}-{d:02d}",
        lambda: f"{d:02d}.{m:02d}.{y}",
        lambda: f"'{y % 100:02d} {m} {d}",
        lambda: f"{m}/{d}/{y} {n(0, 24)}:{n(0, 60):02d}",
        lambda: f"{y}年{m}月{d}日",
        lambda: f"{n(0, 24):02d}:{n(0, 60):02d}:{n(0, 60):02d}",
        lambda: f"ID {n(100, 10**7)}",
        lambda: f"{_word(rng)} {n(1, 99)}",
        lambda: f"{_word(rng)} {_word(rng)}",
        lambda: f"{_word(rng)}, {_word(rng)} {n(18, 90)}y",
        lambda: _han(rng, 2, 5),
        lambda: f"{_han(rng, 2, 4)} {n(100, 10**6)}",
        lambda: f"Fig. {n(1, 30)}{'abc'[n(0, 3)]}",
        lambda: f"IMG_{n(0, 9999):04d}",
        lambda: _han(rng, 4, 10),
        lambda: f"{n(0, 10**9)}",
        lambda: f"{_word(rng)} {_word(rng)} {_word(rng)}",
        lambda: "AB"[n(0, 2)] + str(n(1, 9)),
    )
    return kinds[n(0, len(kinds))]()


def owner(rng: np.random.Generator) -> str:
    n = lambda a, b: int(rng.integers(a, b))
    site = f"{_word(rng)}{_word(rng)}".lower()
    ending = (".com", ".org", ".net", ".cn", ".edu")[n(0, 5)]
    kinds = (
        lambda: f"www.{site}{ending}",
        lambda: f"{site}{ending}",
        lambda: f"© {_word(rng)} {n(1990, 2030)}",
        lambda: f"{_word(rng)}{_word(rng)}",
        lambda: f"Copyright {_word(rng)}",
        lambda: _word(rng).upper(),
        lambda: f"{_word(rng)} {_word(rng)}",
        lambda: f"{_han(rng, 3, 8)}",
        lambda: f"© {_word(rng)} {_word(rng)}",
        lambda: f"{_han(rng, 2, 6)} {site}{ending}",
        lambda: f"@{_word(rng)}",
        lambda: f"{_word(rng)}{ending}",
    )
    return kinds[n(0, len(kinds))]()


def logo(side: int, rng: np.random.Generator) -> F:
    """A small emblem's cover, 0..1."""
    out = np.zeros((side, side), np.float32)
    c, r, thick = side // 2, max(2, side // 2 - 2), max(1, side // 10)
    kind = int(rng.integers(6))
    if kind == 0:
        cv2.circle(out, (c, c), r, 1.0, thick, cv2.LINE_AA)
        cv2.circle(out, (c, c), max(1, r // 2), 1.0, -1, cv2.LINE_AA)
    elif kind == 1:
        cv2.rectangle(out, (2, 2), (side - 3, side - 3), 1.0, -1)
        cv2.line(out, (side // 4, c), (c, side - side // 4), 0.0, max(2, thick * 2), cv2.LINE_AA)
        cv2.line(out, (c, side - side // 4), (side - side // 4, side // 4), 0.0, max(2, thick * 2), cv2.LINE_AA)
    elif kind in (2, 3):
        corners = int(rng.integers(3, 9))
        angles = np.arange(corners * 2) * math.pi / corners + float(rng.uniform(0, 6))
        radii = np.where(np.arange(corners * 2) % 2, r * float(rng.uniform(0.35, 1)), r)
        points = np.stack([c + radii * np.cos(angles), c + radii * np.sin(angles)], 1)
        cv2.fillPoly(out, [np.round(points).astype(np.int32)], 1.0, cv2.LINE_AA)
    elif kind == 4:
        cv2.line(out, (c, 2), (c, side - 3), 1.0, max(2, side // 4))
        cv2.line(out, (2, c), (side - 3, c), 1.0, max(2, side // 4))
        cv2.circle(out, (c, c), r, 1.0, thick, cv2.LINE_AA)
    else:
        letters = written(_word(rng)[:2].upper(), max(6, side * 2 // 3), rng)[: side - 2, : side - 2]
        y, x = (side - letters.shape[0]) // 2, (side - letters.shape[1]) // 2
        out[y : y + letters.shape[0], x : x + letters.shape[1]] = letters
        cv2.circle(out, (c, c), r, 1.0, thick, cv2.LINE_AA)
    return out


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
    if 0.75 < kind <= 0.87:
        _add_pattern(photo, target, cover, rng)
        return
    turn = 0.0 if rng.random() < 0.65 else float(rng.choice([90, 270, rng.uniform(-60, 60), 45, 30]))
    cover, area = _turned(cover, turn)
    if cover.shape[0] > h or cover.shape[1] > w:
        factor = 0.95 * min(h / cover.shape[0], w / cover.shape[1])
        cover = np.asarray(cv2.resize(cover, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.float32)
        area = np.asarray(cv2.resize(area, cover.shape[::-1]), np.float32)
    at = _place((h, w), cover.shape, rng, 0.55)
    colour = _contrasting(photo, at, cover.shape, rng, 0.93)
    opacity = float(rng.uniform(0.75, 1)) if solid else float(rng.uniform(0.16, 0.65))
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
        cover = written(_word(rng), 10, rng)
    cover, area = _turned(cover, float(rng.choice([0, 30, 45, -30, -45, rng.uniform(-60, 60)])))
    colour = np.full(3, 255.0 if photo.mean() < 200 or rng.random() < 0.2 else 0.0, np.float32)
    opacity = float(rng.uniform(0.18, 0.5))
    dx, dy = int(cover.shape[1] * rng.uniform(1.05, 1.8)) + 4, int(cover.shape[0] * rng.uniform(1.05, 2)) + 4
    for j, y in enumerate(range(-dy // 2, h, dy)):
        for x in range(-dx // 2 + (j % 2) * dx // 2 - dx, w, dx):
            _lay(photo, target, cover, area, (x, y), colour, opacity)


def add_ruler(photo: F, targets: F, rng: np.random.Generator) -> None:
    """A paper or plastic ruler, or a dermatoscope's ticks."""
    if rng.random() < 0.55:
        _add_ticks(photo, targets[RULER], rng)
        return
    h, w = photo.shape[:2]
    long = int(math.hypot(h, w)) + 8
    deep = int(min(h, w) * rng.uniform(0.06, 0.2))
    ground = np.array(
        ((238, 238, 232), (230, 205, 80), (250, 250, 250), (190, 190, 195), (140, 200, 150), (60, 60, 60))[
            int(rng.integers(6))
        ],
        np.float32,
    )
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
    if rng.random() < 0.5:
        strip, cover = strip[::-1].copy(), cover[::-1].copy()
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


def _add_ticks(photo: F, target: F, rng: np.random.Generator) -> None:
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


def add_pen(photo: F, targets: F, rng: np.random.Generator) -> None:
    """A surgeon's pen: rings, arrows, crosses, lines, dots; the skin shows through."""
    h, w = photo.shape[:2]
    short = min(h, w)
    layer = np.zeros((h, w), np.float32)
    for _ in range(1 if rng.random() < 0.7 else 2):
        thick = max(1, round(short * float(np.exp(rng.uniform(np.log(0.008), np.log(0.04))))))
        c = np.array([rng.uniform(0.1, 0.9) * w, rng.uniform(0.1, 0.9) * h])
        r = short * float(rng.uniform(0.07, 0.42))
        kind = int(rng.integers(6))
        t = np.linspace(0, 1, 40)
        lines = []
        if kind <= 1:
            angle = float(rng.uniform(0, 6.3)) + t * float(rng.uniform(4.0, 7.2))
            wobble = r * (1 + 0.1 * np.sin(3 * angle + float(rng.uniform(0, 6))) + np.cumsum(rng.normal(0, 0.008, 40)))
            lines = [c + np.stack([wobble * np.cos(angle), wobble * float(rng.uniform(0.5, 1)) * np.sin(angle)], 1)]
        elif kind == 2:
            a = float(rng.uniform(0, 6.3))
            tip = c + r * np.array([math.cos(a), math.sin(a)])
            lines = [np.stack([c, tip])]
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
            lines = [c + t[:, None] * 2 * r * np.array([math.cos(a), math.sin(a)]) + bend]
        else:
            for _ in range(int(rng.integers(3, 9))):
                p = c + rng.normal(0, r * 0.6, 2)
                lines.append(np.stack([p, p + rng.normal(0, 1 + thick / 2, 2)]))
        for line in lines:
            cv2.polylines(layer, [np.round(line * 8).astype(np.int32)], False, 1.0, thick, cv2.LINE_AA, 3)
    area = np.asarray(cv2.dilate((layer > 0.2).astype(np.float32), np.ones((5, 5), np.uint8)), np.float32)
    if rng.random() < 0.6:  # worn off
        patches = cv2.resize(rng.uniform(0.1, 1.5, (max(2, h // 9), max(2, w // 9))).astype(np.float32), (w, h))
        layer *= np.clip(patches, 0.25, 1)
    layer = np.asarray(cv2.GaussianBlur(layer, (0, 0), float(rng.uniform(0.4, 1.4))), np.float32)
    colour = np.array(
        ((45, 35, 120), (30, 60, 140), (20, 20, 25), (80, 30, 120), (25, 80, 110), (120, 20, 40), (20, 100, 60))[
            int(rng.choice(7, p=(0.26, 0.22, 0.2, 0.2, 0.06, 0.03, 0.03)))
        ],
        np.float32,
    )
    ink = colour if rng.random() < 0.5 else photo * colour / 200
    photo += (ink - photo) * (layer * float(rng.uniform(0.5, 0.95)))[..., None]
    targets[PEN] = np.maximum(targets[PEN], area)


def add_distraction(photo: F, rng: np.random.Generator) -> None:
    """What is none of the four: hair, coloured patches, flakes, bubbles, edges of cloth, dark rims."""
    h, w = photo.shape[:2]
    short = min(h, w)
    kind = int(rng.integers(7))
    layer = np.zeros((h, w), np.float32)
    colour = np.array((35, 28, 25), np.float32) * float(rng.uniform(0.4, 3))
    if kind <= 1:
        heading = float(rng.uniform(0, 6.3))
        for _ in range(int(rng.integers(3, 50))):
            angle = heading + rng.normal(0, 0.6) + np.linspace(0, rng.normal(0, 1.2), 10)
            steps = np.stack([np.cos(angle), np.sin(angle)], 1) * short * float(rng.uniform(0.01, 0.09))
            line = np.array([rng.uniform(0, w), rng.uniform(0, h)]) + np.cumsum(steps, 0)
            cv2.polylines(
                layer,
                [np.round(line * 8).astype(np.int32)],
                False,
                float(rng.uniform(0.4, 1)),
                1 + int(rng.random() < 0.3),
                cv2.LINE_AA,
                3,
            )
        if rng.random() < 0.15:
            colour = np.array((225, 220, 210), np.float32)
    elif kind == 2:
        centre = (int(rng.choice([0, w])) + int(rng.normal(0, w / 12)), int(rng.uniform(0, h)))
        cv2.circle(layer, centre, int(short * rng.uniform(0.1, 0.35)), 1.0, -1, cv2.LINE_AA)
        colour = rng.uniform(0, 255, 3).astype(np.float32)
    elif kind == 3:
        middle, spread = np.array([rng.uniform(0, w), rng.uniform(0, h)]), short * float(rng.uniform(0.05, 0.3))
        for _ in range(int(rng.integers(5, 160))):  # scales of one plaque, cracks between them
            size = max(1, int(short * rng.uniform(0.003, 0.03)))
            points = rng.normal(0, size, (6, 2)) + rng.normal(middle, spread)
            if rng.random() < 0.7:
                cv2.fillPoly(layer, [np.round(points).astype(np.int32)], float(rng.uniform(0.2, 0.9)), cv2.LINE_AA)
            else:
                cv2.polylines(
                    layer,
                    [np.round(points).astype(np.int32)],
                    False,
                    float(rng.uniform(0.3, 0.9)),
                    1 + size // 8,
                    cv2.LINE_AA,
                )
        colour = np.array((245, 240, 232), np.float32)
    elif kind == 4:
        for _ in range(int(rng.integers(1, 6))):
            axes = (int(short * rng.uniform(0.01, 0.06)) + 1, int(short * rng.uniform(0.01, 0.06)) + 1)
            centre = (int(rng.uniform(0, w)), int(rng.uniform(0, h)))
            cv2.ellipse(
                layer, centre, axes, float(rng.uniform(0, 180)), 0, float(rng.uniform(120, 360)), 0.6, 1, cv2.LINE_AA
            )
        colour = np.array((250, 250, 250), np.float32)
    elif kind == 5:
        x = int(rng.uniform(0, 0.3) * w)
        points = np.array([(0, 0), (x, 0), (int(x * rng.uniform(0, 2)), h), (0, h)], np.int32)
        if rng.random() < 0.5:
            points[:, 0] = w - points[:, 0]
        cv2.fillPoly(layer, [points], 1.0, cv2.LINE_AA)
        if rng.random() < 0.6:  # woven
            layer *= 0.85 + 0.15 * np.sin(np.arange(w, dtype=np.float32) * float(rng.uniform(0.5, 2.5)))
        colour = rng.uniform(0, 255, 3).astype(np.float32)
    else:
        yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
        away = np.hypot((xx - w / 2) / w, (yy - h / 2) / h)
        layer = np.clip((away - float(rng.uniform(0.42, 0.6))) * float(rng.uniform(4, 80)), 0, 1)
        colour = np.zeros(3, np.float32)
    photo += (colour - photo) * (layer * float(rng.uniform(0.6, 1)))[..., None]
