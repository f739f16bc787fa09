"""What stands in the marks of ``tools/mark_plants.py``: captions, owners' names, emblems, as covers (float32, 0..1)."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

F = NDArray[np.float32]

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


def word(rng: np.random.Generator) -> str:
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
        lambda: f"{word(rng)} {n(1, 99)}",
        lambda: f"{word(rng)} {word(rng)}",
        lambda: f"{word(rng)}, {word(rng)} {n(18, 90)}y",
        lambda: _han(rng, 2, 5),
        lambda: f"{_han(rng, 2, 4)} {n(100, 10**6)}",
        lambda: f"Fig. {n(1, 30)}{'abc'[n(0, 3)]}",
        lambda: f"IMG_{n(0, 9999):04d}",
        lambda: _han(rng, 4, 10),
        lambda: f"{n(0, 10**9)}",
        lambda: f"{word(rng)} {word(rng)} {word(rng)}",
        lambda: "AB"[n(0, 2)] + str(n(1, 9)),
    )
    return kinds[n(0, len(kinds))]()


def owner(rng: np.random.Generator) -> str:
    n = lambda a, b: int(rng.integers(a, b))
    site = f"{word(rng)}{word(rng)}".lower()
    ending = (".com", ".org", ".net", ".cn", ".edu")[n(0, 5)]
    kinds = (
        lambda: f"www.{site}{ending}",
        lambda: f"{site}{ending}",
        lambda: f"© {word(rng)} {n(1990, 2030)}",
        lambda: f"{word(rng)}{word(rng)}",
        lambda: f"Copyright {word(rng)}",
        lambda: word(rng).upper(),
        lambda: f"{word(rng)} {word(rng)}",
        lambda: f"{_han(rng, 3, 8)}",
        lambda: f"© {word(rng)} {word(rng)}",
        lambda: f"{_han(rng, 2, 6)} {site}{ending}",
        lambda: f"@{word(rng)}",
        lambda: f"{word(rng)}{ending}",
    )
    return kinds[n(0, len(kinds))]()


def logo(side: int, rng: np.random.Generator) -> F:
    """A small emblem's cover, 0..1."""
    out = np.zeros((side, side), np.float32)
    c, r, thick = side // 2, max(2, side // 2 - 2), max(1, side // 10)
    kind = int(rng.integers(9))
    if kind >= 6:
        return _drawn_sign(side, rng)
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
        letters = written(word(rng)[:2].upper(), max(6, side * 2 // 3), rng)[: side - 2, : side - 2]
        y, x = (side - letters.shape[0]) // 2, (side - letters.shape[1]) // 2
        out[y : y + letters.shape[0], x : x + letters.shape[1]] = letters
        cv2.circle(out, (c, c), r, 1.0, thick, cv2.LINE_AA)
    return out


def _drawn_sign(side: int, rng: np.random.Generator) -> F:
    """A few shapes over one another, each filled, cut out or an outline; perhaps the same left and right."""
    big, out = 4 * side, np.zeros((4 * side, 4 * side), np.float32)
    for number in range(int(rng.integers(2, 6))):
        points = rng.uniform(0.04, 0.96, (int(rng.integers(3, 6)), 2))
        centre, axes = points[0] * big, np.maximum(2, np.abs(points[1] - 0.5) * big)
        shade, thick = float(number == 0 or rng.random() < 0.55), max(2, round(big * float(rng.uniform(0.04, 0.12))))
        fill = -1 if rng.random() < 0.6 else thick
        shape = int(rng.integers(4))
        if shape == 0:
            middle, size = (int(centre[0]), int(centre[1])), (int(axes[0]), int(axes[1]))
            cv2.ellipse(out, middle, size, float(rng.uniform(0, 180)), 0, 360, shade, fill, cv2.LINE_AA)
        elif shape == 1:
            cv2.fillPoly(out, [np.round(points * big).astype(np.int32)], shade, cv2.LINE_AA)
        elif shape == 2:
            angle = float(rng.uniform(0, 360))
            reach = int(big * rng.uniform(0.2, 0.48))
            sweep = float(rng.uniform(80, 300))
            cv2.ellipse(out, (big // 2, big // 2), (reach, reach), angle, 0, sweep, shade, fill, cv2.LINE_AA)
        else:
            a, b = (points[:2] * big).astype(int).tolist()
            cv2.line(out, a, b, shade, thick, cv2.LINE_AA)
    if rng.random() < 0.5:
        out = np.maximum(out, out[:, ::-1])
    return np.asarray(cv2.resize(out, (side, side), interpolation=cv2.INTER_AREA), np.float32)
