"""Bytes into upright RGB pixels. Imported on first use only."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np
from PIL import Image

from app.common.errors import UserError
from app.common.image_colour import cmyk_to_srgb, to_srgb
from app.common.image_headers import DAMAGE, Header, open_picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

# "Grey" only in name: with IMREAD_COLOR_RGB these are the reductions, in the order of channels that is wanted here.
_REDUCED = {
    1: 0,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}
_RGB_AS_STORED = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # inside a scan, 0xFF is followed by 0 or a restart
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
END_OF_IMAGE = bytes((0xFF, _END_OF_IMAGE))


def decode(data: bytes, header: Header, short_side: int | None, name: str) -> Pixels:
    """uint8 RGB, H x W x 3, upright; JPEGs reduced as far as ``short_side`` allows, and grey where they are not whole.

    Raises:
        UserError: ``image_truncated`` or ``not_an_image``.
    """
    if _is_jpeg(header) and header.mode in ("RGB", "L"):
        pixels = _decode_jpeg(data, header, _reduction(header, short_side), name)
    else:
        pixels = _decode_with_pillow(data, name)
    if header.profile and header.mode != "CMYK":
        pixels = to_srgb(pixels, header.profile)
    return np.ascontiguousarray(_upright(pixels, header.orientation))


def is_whole(data: bytes, header: Header) -> bool:
    """False for a JPEG that breaks off, which its decoder would not tell. The other formats' decoders do."""
    return not _is_jpeg(header) or is_whole_jpeg(data)


def _is_jpeg(header: Header) -> bool:
    return header.format in ("JPEG", "MPO")


def is_whole_jpeg(data: bytes) -> bool:
    """Whether the end-of-image marker follows the scans. Walks the segments, since EXIF thumbnails end in one too."""
    at, ends_in_marker = 2, data[-2:] == END_OF_IMAGE
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return False
        kind = data[at + 1]
        if kind == _END_OF_IMAGE:
            return True
        if kind == 0xFF:  # padding before a marker
            at += 1
            continue
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if kind == _START_OF_SCAN:
            if ends_in_marker and at < len(data):  # inside a scan no such bytes are found
                return True
            marker = _MARKER.search(data, at)
            if marker is None:
                return False
            at = marker.start()
    return data[at : at + 2] == END_OF_IMAGE


def _reduction(header: Header, short_side: int | None) -> int:
    """The largest divisor of 1, 2, 4, 8 that leaves at least ``short_side`` pixels."""
    if short_side is None:
        return 1
    shorter = min(header.width, header.height)
    return max((d for d in (1, 2, 4, 8) if shorter / d >= short_side), default=1)


def _decode_jpeg(data: bytes, header: Header, divisor: int, name: str) -> Pixels:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), _REDUCED[divisor] | _RGB_AS_STORED)
    except cv2.error as error:
        raise UserError("not_an_image", file=name) from error
    # A file that tells two sizes would put every box in the wrong place.
    if pixels is None or sorted(pixels.shape[:2]) != sorted(-(-n // divisor) for n in (header.width, header.height)):
        raise UserError("not_an_image", file=name)
    return cast("Pixels", pixels)


def _decode_with_pillow(data: bytes, name: str) -> Pixels:
    picture = open_picture(io.BytesIO(data), name)
    try:
        picture.load()
        return _as_rgb(picture)
    except DAMAGE as error:
        raise UserError("image_truncated", file=name) from error


def _as_rgb(picture: Image.Image) -> Pixels:
    if picture.mode.startswith("I") or picture.mode == "F":
        return _deep_grey(np.asarray(picture), picture.mode)
    if picture.mode == "CMYK":
        return np.asarray(cmyk_to_srgb(picture))
    if picture.has_transparency_data:
        coloured = picture.convert("RGBA")
        paper = Image.new("RGBA", coloured.size, "white")
        return np.asarray(Image.alpha_composite(paper, coloured).convert("RGB"))
    return np.asarray(picture.convert("RGB"))


def _deep_grey(values: NDArray[Any], mode: str) -> Pixels:
    """16-bit grey by its full range; 32-bit and float grey, which have no agreed range, by what they hold."""
    wide: NDArray[np.float32] = values.astype(np.float32)
    if mode.startswith("I;16") or (mode == "I" and wide.min() >= 0 and 255 < wide.max() <= 65535):
        grey = wide / np.float32(257)
    else:
        low, high = wide.min(), wide.max()
        grey = (wide - low) * np.float32(255 / (high - low) if high > low else 0)
    return np.repeat(np.round(grey).astype(np.uint8)[..., None], 3, axis=2)


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Undo EXIF's orientation (TIFF 6.0 tag 274): mirror, turn, or both."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels
