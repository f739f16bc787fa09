"""What a photo file says of itself before it is decoded; and Pillow, set up once. Imported on first use only."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import pillow_heif
from PIL import Image

from app.common.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = None  # our own limit stands in app.common.images and names the remedy

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "HEIF")
_ORIENTATION, _SOFTWARE = 0x0112, 0x0131
_PNG_SIGNATURE = 8  # bytes before the first chunk
# What Pillow raises on damaged files.
DAMAGE = (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError, OverflowError, struct.error)


@dataclass(frozen=True, slots=True)
class Header:
    """Size upright at full scale; ``orientation`` (EXIF, 1..8) is what the decoder still has to turn."""

    format: str
    mode: str
    width: int
    height: int
    orientation: int
    software: str
    profile: bytes  # ICC; empty where there is none
    warnings: tuple[str, ...]


def open_picture(file: BinaryIO, name: str) -> Image.Image:
    """Pillow's lazy picture.

    Raises:
        UserError: ``not_an_image``, or ``image_truncated`` where the header breaks off.
    """
    try:
        return Image.open(file, formats=FORMATS)
    except DAMAGE as error:
        code = "image_truncated" if "runcated" in str(error) else "not_an_image"
        raise UserError(code, file=name) from error


def read_header(file: BinaryIO, name: str) -> Header:
    """The header of an open file, from its start.

    Raises:
        UserError: as :func:`open_picture`.
    """
    picture = open_picture(file, name)
    orientation, software = _exif(picture, file)
    width, height = picture.size
    # Pillow hands TIFF and HEIF out upright already.
    if picture.format in ("TIFF", "HEIF"):
        orientation = 1
    if orientation >= 5:
        width, height = height, width
    return Header(
        picture.format or "", picture.mode, width, height, orientation, software, _profile(picture), _warnings(picture)
    )


def _exif(picture: Image.Image, file: BinaryIO) -> tuple[int, str]:
    """Orientation and software; damaged EXIF counts as none, since the pixels are still good."""
    try:
        if picture.format == "PNG" and "exif" not in picture.info:
            picture.info["exif"] = _exif_of_png(file)
        exif = Image.Image.getexif(picture)  # a PNG's own would decode all of it to find what may follow the pixels
        orientation, software = exif.get(_ORIENTATION, 1), exif.get(_SOFTWARE, "")
    except DAMAGE:
        return 1, ""
    valid = isinstance(orientation, int) and 1 <= orientation <= 8
    return (orientation if valid else 1), str(software)


def _exif_of_png(file: BinaryIO) -> bytes:
    """The eXIf chunk, wherever it stands; the chunks of pixels are passed over. The file stays where it is."""
    place = file.tell()
    file.seek(_PNG_SIGNATURE)
    found = b""
    while not found and len(head := file.read(8)) == 8 and head[4:] != b"IEND":
        length = int.from_bytes(head[:4], "big")
        if head[4:] == b"eXIf":
            found = file.read(length)
        else:
            file.seek(length + 4, io.SEEK_CUR)
    file.seek(place)
    return found


def _profile(picture: Image.Image) -> bytes:
    profile = picture.info.get("icc_profile")
    return profile if isinstance(profile, bytes) else b""


def _warnings(picture: Image.Image) -> tuple[str, ...]:
    codes = []
    if picture.mode == "CMYK":
        codes.append("photo_cmyk")
    if picture.has_transparency_data:
        codes.append("photo_transparent")
    if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:
        codes.append("photo_several")
    return tuple(codes)


def jpeg_bytes(pixels: NDArray[np.uint8], quality: int, software: str | None) -> bytes:
    out = io.BytesIO()
    picture = Image.fromarray(pixels)
    if software is None:
        picture.save(out, "JPEG", quality=quality)
    else:
        exif = Image.Exif()
        exif[_SOFTWARE] = software
        picture.save(out, "JPEG", quality=quality, exif=exif)
    return out.getvalue()
