"""The photo with its boxes and tags as a picture file. Pillow draws, since OpenCV has no Chinese letters."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.common.geometry import Box
from app.common.images import Photo, is_synthetic, read_photo
from app.common.packs import Pack, load_pack
from app.common.words import language, percent, text
from app.inference.diagnosis import Diagnosis, Ranked

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

FONTS = (
    "wqy-microhei.ttc",
    "msyh.ttc",
    "simhei.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansSC-Regular.otf",
    "PingFang.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
)
"""Fonts with Chinese letters that Linux, Windows and macOS have; looked for by name in the system's folders."""
OWN_COLOUR = "#FFFFFF"
EDGE = "#101010"


@dataclass(frozen=True)
class Tag:
    """A box in the photo's pixels, its words and its colour."""

    box: Box
    words: str
    colour: str


def overlay_png(source: Path | bytes | Photo, diagnosis: Diagnosis, pack: Pack | None = None) -> bytes:
    """The whole photo at full scale with boxes, tags and the notes below it, as a PNG; names are the ``pack``'s.

    Raises:
        UserError: those of ``read_photo``.
    """
    photo = source if isinstance(source, Photo) else read_photo(source)
    synthetic = not isinstance(source, Photo) and is_synthetic(source)
    notes = [text("window.banner"), *([text("canvas.synthetic")] if synthetic else [])]
    picture = draw_overlay(photo, tags_of(diagnosis, pack), notes)
    data = io.BytesIO()
    picture.save(data, "PNG", compress_level=1)
    return data.getvalue()


def tags_of(diagnosis: Diagnosis, pack: Pack | None = None) -> list[Tag]:
    """``1 · psoriasis 87 %`` for each lesion, ``psoriasis 87 %`` for a person's own box."""
    known = pack or load_pack()
    tags = []
    for lesion in diagnosis.lesions:
        colour = known.disease(lesion.disease).colour
        tags.append(Tag(lesion.box, f"{lesion.number} · {_words(lesion.top3[0], known)}", colour))
    return tags + [Tag(own.box, _words(own.top3[0], known), OWN_COLOUR) for own in diagnosis.boxes]


def draw_overlay(photo: Photo, tags: Sequence[Tag], notes: Sequence[str]) -> Image:
    """The photo with ``tags``, and a strip below it with ``notes``; boxes keep their place in pixels."""
    from PIL import Image, ImageDraw

    high, wide = photo.pixels.shape[:2]
    size = max(round(min(high, wide) / 36), 12)
    font = _font(size)
    strip = round(1.8 * size)
    picture = Image.new("RGB", (wide, high + strip), EDGE)
    picture.paste(Image.fromarray(photo.pixels), (0, 0))
    pen = ImageDraw.Draw(picture)
    line = max(round(size / 9), 2)
    for tag in tags:
        _outline(pen, tag.box.scaled(photo.scale), tag.colour, line)
    taken: list[Box] = []
    for tag in tags:
        taken.append(_label(pen, tag, tag.box.scaled(photo.scale), font, (wide, high), line, taken))
    pen.text((size // 2, high + strip // 2), "   ·   ".join(notes), font=font, fill="#FFFFFF", anchor="lm")
    return picture


def _words(best: Ranked, pack: Pack) -> str:
    name = pack.disease(best.disease).name
    readable = name.en if language() == "zh" and _chinese_font() is None else str(name)
    return f"{readable} {percent(best.probability)}"


def _outline(pen: ImageDraw, box: Box, colour: str, line: int) -> None:
    """The line in colour with a dark one on each side, so that it shows on any skin."""
    around = line // 2 + 1
    pen.rectangle((box.x0 - around, box.y0 - around, box.x1 + around, box.y1 + around), outline=EDGE, width=line + 2)
    pen.rectangle((box.x0, box.y0, box.x1, box.y1), outline=colour, width=line)


def _label(
    pen: ImageDraw, tag: Tag, box: Box, font: Font, limits: tuple[int, int], line: int, taken: Sequence[Box]
) -> Box:
    """The tag's plate: above its box, else below, else inside; the first place that is free."""
    left, top, right, bottom = pen.textbbox((0, 0), tag.words, font=font)
    pad = 2 * line
    wide, high = right - left + 2 * pad, bottom - top + 2 * pad
    x = min(max(box.x0 - line, 0), max(limits[0] - wide, 0))
    places = [Box(x, y, x + wide, y + high) for y in (box.y0 - 2 * line - high, box.y1 + 2 * line, box.y0 + 2 * line)]
    inside = [p for p in places if p.y0 >= 0 and p.y1 <= limits[1]] or [places[-1]]
    free = [p for p in inside if not any(_meet(p, other) for other in taken)]
    plate = (free or inside)[0]
    pen.rectangle((plate.x0, plate.y0, plate.x1, plate.y1), fill=tag.colour, outline=EDGE)
    pen.text((plate.x0 + pad - left, plate.y0 + pad - top), tag.words, font=font, fill="#000000")
    return plate


def _meet(a: Box, b: Box) -> bool:
    return a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1


def _font(size: int) -> Font:
    from PIL import ImageFont

    name = _chinese_font()
    return ImageFont.truetype(name, size) if name else ImageFont.load_default(size)


@cache
def _chinese_font() -> str | None:
    from PIL import ImageFont

    for name in FONTS:
        try:
            ImageFont.truetype(name, 12)
        except OSError:
            continue
        return name
    return None
