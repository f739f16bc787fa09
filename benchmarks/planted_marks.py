"""What people lay over a photo: whose it is (watermark), and what is written on it (text). Drawn with Pillow and OpenCV
in fonts that the detector was not trained on, by code that shares nothing with ``tools/mark_plants.py``.

Whatever is missing of the fonts is replaced by Pillow's own; Chinese is written only where a font for it is there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

U8 = NDArray[np.uint8]
Rng = np.random.Generator

FONTS = Path("/usr/share/fonts")
LATIN = ("NimbusSans-Regular.otf", "NimbusSans-Bold.otf", "NimbusRoman-Regular.otf", "NimbusRoman-BoldItalic.otf",
         "NimbusMonoPS-Bold.otf", "URWBookman-Light.otf", "URWGothic-Demi.otf", "URWGothic-Book.otf", "C059-Roman.otf",
         "P052-Bold.otf", "P052-Italic.otf", "NimbusSansNarrow-Regular.otf", "")  # fmt: skip
HAN = "DroidSansFallbackFull.ttf"
HERSHEY = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)

OWNERS = (
    "DermaVault",
    "SkinLens",
    "medpix.example",
    "www.cutis-bilder.example",
    "© Wei Lab 2021",
    "Hautarchiv Nord",
    "PROOF",
    "epidermis.example/p/4471",
    "Copyright J. Moreau",
    "DERMATEACH",
    "Clinica Vega",
    "©2016 Rossi",
)
OWNERS_HAN = ("皮肤影像网", "禁止转载", "©协和影像", "华西图库", "仅供教学")
NAMES = (
    "Schmidt, Anna",
    "J. Novak 47y",
    "Maria Olsen",
    "Lopez R. M 61",
    "K. Yamada",
    "P-20417",
    "Ward 3 bed 12",
    "Case 88 / L elbow",
    "post PUVA wk 8",
    "Fig 4b",
    "MRN 5520917",
    "plaque, shin",
    "control",
    "A",
    "R knee 2/5",
)
NAMES_HAN = ("陈晓梅 女", "住院号", "右肘 治疗前", "黄志强", "二〇二三年五月", "第三次复诊")


def watermark(pixels: U8, rng: Rng) -> U8:
    """A name or an emblem over the photo: in a corner, across, all over, as a stamp, or on a strip."""
    draw = (_corner, _corner, _across, _all_over, _stamp, _stamp, _strip)[int(rng.integers(7))]
    return draw(pixels, rng)


def text(pixels: U8, rng: Rng) -> U8:
    """Solid letters: a camera's date, a name, a number, up to three lines of 4 to 11 % of the height each."""
    height, width = pixels.shape[:2]
    size = max(10, round(min(height, width) * rng.uniform(0.04, 0.11)))
    lines = [_written_fact(rng) for _ in range(int(rng.choice([1, 1, 1, 2, 3])))]
    if rng.random() < 0.2:
        return _hershey(pixels, lines, size, rng)
    rows = [_letters(line, size, rng, 0.94 * width) for line in lines]
    block = Image.new("L", (max(r.width for r in rows), sum(r.height + size // 4 for r in rows)))
    y = 0
    for row in rows:
        block.paste(row, (0, y))
        y += row.height + size // 4
    x, y = _anywhere(width, height, block.width, block.height, rng)
    picture = Image.fromarray(pixels)
    ink = _ink(pixels[max(0, y) : y + block.height, max(0, x) : x + block.width], rng)
    manner = rng.random()
    if manner < 0.15:
        label = 255 if sum(ink) < 380 else 0
        picture.paste((label,) * 3, (x - 4, y - 3, x + block.width + 4, y + block.height))
    elif manner < 0.35:
        rim = block.filter(ImageFilter.MaxFilter(3))
        picture.paste((255,) * 3 if sum(ink) < 380 else (0,) * 3, (x, y), rim)
    picture.paste(ink, (x, y), block)
    return np.array(picture)


def _corner(pixels: U8, rng: Rng) -> U8:
    height, width = pixels.shape[:2]
    mark = _letters(_owner(rng), max(11, round(min(height, width) * rng.uniform(0.05, 0.12))), rng, 0.9 * width)
    gap = round(min(height, width) * rng.uniform(0.01, 0.06))
    x = [gap, (width - mark.width) // 2, width - mark.width - gap][int(rng.integers(3))]
    y = [gap, height - mark.height - gap][int(rng.integers(2))]
    return _veiled(pixels, mark, (x, y), rng.uniform(0.35, 0.7), rng)


def _across(pixels: U8, rng: Rng) -> U8:
    height, width = pixels.shape[:2]
    mark = _letters(_owner(rng), round(min(height, width) * rng.uniform(0.12, 0.24)), rng, 0.95 * width)
    mark = mark.rotate(
        float(rng.choice([0, 0, rng.uniform(15, 45), -rng.uniform(15, 45)])),
        expand=True,
        resample=Image.Resampling.BICUBIC,
    )
    mark.thumbnail((width, height))
    free = (width - mark.width, height - mark.height)
    at = (round(free[0] * rng.uniform(0.3, 0.7)), round(free[1] * rng.uniform(0.25, 0.75)))
    return _veiled(pixels, mark, at, rng.uniform(0.2, 0.5), rng)


def _all_over(pixels: U8, rng: Rng) -> U8:
    height, width = pixels.shape[:2]
    size = max(11, round(min(height, width) * rng.uniform(0.05, 0.09)))
    mark = _letters(_owner(rng), size, rng, 0.5 * width)
    mark = mark.rotate(float(rng.uniform(-40, 40)), expand=True, resample=Image.Resampling.BICUBIC)
    layer = Image.new("L", (width, height))
    for row, y in enumerate(range(0, height, mark.height + size)):
        for x in range(-(row % 2) * mark.width // 2, width, mark.width + size):
            layer.paste(mark, (x, y), mark)
    return _veiled(pixels, layer, (0, 0), rng.uniform(0.22, 0.45), rng)


def _stamp(pixels: U8, rng: Rng) -> U8:
    height, width = pixels.shape[:2]
    side = max(22, round(min(height, width) * rng.uniform(0.1, 0.2)))
    emblem = _emblem(side, rng)
    name = _letters(_owner(rng), max(10, side // 2), rng, 0.9 * width - side)
    mark = Image.new("L", (side + side // 5 + name.width, max(side, name.height)))
    mark.paste(emblem, (0, (mark.height - side) // 2))
    mark.paste(name, (side + side // 5, (mark.height - name.height) // 2))
    at = _anywhere(width, height, mark.width, mark.height, rng)
    return _veiled(pixels, mark, at, rng.uniform(0.4, 1.0), rng)


def _strip(pixels: U8, rng: Rng) -> U8:
    height, width = pixels.shape[:2]
    deep = max(16, round(height * rng.uniform(0.06, 0.14)))
    grey = int(rng.choice([0, 40, 128, 200, 225, 255]))
    out = Image.fromarray(pixels)
    out.paste((grey,) * 3, (0, height - deep, width, height))
    name = _letters(_owner(rng), max(9, round(deep * 0.55)), rng, 0.6 * width)
    emblem = _emblem(max(10, round(deep * 0.8)), rng)
    ink = (255,) * 3 if grey < 210 else (110,) * 3
    x = round(width * rng.uniform(0.02, 0.2))
    out.paste(ink, (x, height - deep // 2 - emblem.height // 2), emblem)
    out.paste(ink, (x + emblem.width + 4, height - deep // 2 - name.height // 2), name)
    return np.array(out)


def _veiled(pixels: U8, mark: Image.Image, at: tuple[int, int], opacity: float, rng: Rng) -> U8:
    """White or black or a grey over the photo, so far from what is under it that an eye sees it."""
    x, y = at
    layer = Image.fromarray(np.zeros(pixels.shape[:2], np.uint8))
    layer.paste(mark, (x, y))
    cover: NDArray[np.float32] = np.asarray(layer, np.float32) / np.float32(255)
    under = float(np.average(pixels.mean(2), weights=cover + 1e-6))
    shades = [s for s in (255, 255, 0, 190, 60) if abs(s - under) * opacity > 28] or [255 if under < 128 else 0]
    shade = float(shades[int(rng.integers(len(shades)))])
    alpha = cover[..., None] * max(opacity, 28 / max(1.0, abs(shade - under)))
    return np.asarray(np.rint(pixels * (1 - np.minimum(alpha, 1)) + shade * np.minimum(alpha, 1)), np.uint8)


def _hershey(pixels: U8, lines: list[str], size: int, rng: Rng) -> U8:
    out = pixels.copy()
    font = HERSHEY[int(rng.integers(len(HERSHEY)))]
    lines = [line if line.isascii() else "14.05.2023" for line in lines]
    scale = size / 30
    thick = max(1, round(size / 14))
    (w, h), _ = cv2.getTextSize(max(lines, key=len), font, scale, thick)
    scale *= min(1.0, 0.92 * pixels.shape[1] / w)
    x, y = _anywhere(pixels.shape[1], pixels.shape[0], w, (h + size // 3) * len(lines), rng)
    ink = _ink(pixels[max(0, y) : y + h, max(0, x) : x + w], rng)
    for k, line in enumerate(lines):
        cv2.putText(out, line, (x, y + h + k * (h + size // 3)), font, scale, ink, thick, cv2.LINE_AA)
    return out


def _letters(line: str, size: int, rng: Rng, limit: float) -> Image.Image:
    """A picture (L) just as large as the letters, at most ``limit`` wide."""
    name = HAN if any(ord(c) > 0x3000 for c in line) else str(rng.choice(LATIN))
    left, top, right, bottom = (0.0, 0.0, 0.0, 0.0)
    while True:
        font = _font(name, size)
        left, top, right, bottom = font.getbbox(line)
        if right - left <= limit or size <= 8:
            break
        size -= 1
    picture = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2))
    ImageDraw.Draw(picture).text((1 - left, 1 - top), line, 255, font)
    return picture


def _emblem(side: int, rng: Rng) -> Image.Image:
    """An eye, a leaf, a letter in a hexagon, or a cross in a ring."""
    big = Image.new("L", (4 * side, 4 * side))
    draw, s = ImageDraw.Draw(big), 4 * side
    kind = int(rng.integers(4))
    if kind == 0:
        draw.ellipse((0, s * 0.2, s, s * 0.8), 255)
        draw.ellipse((s * 0.3, s * 0.3, s * 0.7, s * 0.7), 0)
        draw.ellipse((s * 0.42, s * 0.42, s * 0.58, s * 0.58), 255)
    elif kind == 1:
        draw.pieslice((-s * 0.4, 0, s, s * 1.4), 270, 360, 255)
        draw.line((0, s, s * 0.8, s * 0.2), 0, s // 12)
    elif kind == 2:
        draw.regular_polygon((s / 2, s / 2, s / 2 - 1), 6, fill=255)
        letter = _letters("DSKM"[int(rng.integers(4))], s // 2, rng, s)
        big.paste(0, ((s - letter.width) // 2, (s - letter.height) // 2), letter)
    else:
        draw.ellipse((0, 0, s - 1, s - 1), outline=255, width=s // 10)
        draw.rectangle((s * 0.42, s * 0.22, s * 0.58, s * 0.78), 255)
        draw.rectangle((s * 0.22, s * 0.42, s * 0.78, s * 0.58), 255)
    return big.resize((side, side), Image.Resampling.LANCZOS)


def _owner(rng: Rng) -> str:
    names = OWNERS_HAN if rng.random() < 0.25 and _there(HAN) else OWNERS
    return str(rng.choice(names))


def _written_fact(rng: Rng) -> str:
    chance = rng.random()
    if chance < 0.3:
        day, month, year = int(rng.integers(1, 29)), int(rng.integers(1, 13)), int(rng.integers(1998, 2027))
        shapes = (
            f"{year}/{month:02d}/{day:02d}",
            f"{day}.{month}.{year}",
            f"{year % 100:02d} {month:2d} {day:2d}",
            f"{year}-{month:02d}-{day:02d} {int(rng.integers(24)):02d}:{int(rng.integers(60)):02d}",
        )
        return shapes[int(rng.integers(len(shapes)))]
    if chance < 0.5 and _there(HAN):
        return str(rng.choice(NAMES_HAN))
    return str(rng.choice(NAMES))


def _ink(under: U8, rng: Rng) -> tuple[int, int, int]:
    mean = under.reshape(-1, 3).mean(0) if under.size else np.full(3, 128.0)
    inks = [(255, 255, 255), (0, 0, 0), (255, 240, 60), (230, 30, 30), (250, 150, 30), (40, 90, 220), (90, 255, 90)]
    seen = [ink for ink in inks if np.abs(np.array(ink) - mean).max() > 90]
    return seen[int(rng.integers(len(seen)))] if seen else (0, 0, 0)


def _anywhere(width: int, height: int, w: int, h: int, rng: Rng) -> tuple[int, int]:
    if rng.random() < 0.6:
        gap = round(min(width, height) * rng.uniform(0.01, 0.05))
        return (
            gap if rng.random() < 0.5 else max(0, width - w - gap),
            gap if rng.random() < 0.4 else max(0, height - h - gap),
        )
    return int(rng.integers(max(1, width - w))), int(rng.integers(max(1, height - h)))


@cache
def _path(name: str) -> Path | None:
    return next(FONTS.rglob(name), None) if name and FONTS.exists() else None


def _there(name: str) -> bool:
    return _path(name) is not None


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    path = _path(name)
    if path is not None:
        return ImageFont.truetype(str(path), size)
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
