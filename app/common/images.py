"""Photos into pixels: the one place where image files are decoded, measured and written.

Everything comes out as uint8 RGB, height x width x 3, turned upright by EXIF. Originals are never written. numpy,
OpenCV and Pillow are imported on first use, since the window imports this module before its first paint.

Why not OpenCV alone: it turns a truncated JPEG's missing half grey without a word, cannot open non-ASCII paths on
Windows, drops alpha and misreads CMYK; so it gets bytes, and only the JPEGs that it reads right.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.common.errors import UserError
from app.common.photo_files import PHOTO_SUFFIXES, is_photo_name, natural_key, walk_photos
from app.common.words import text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.common.image_headers import Header

__all__ = [
    "MAX_PIXELS",
    "PHOTO_SUFFIXES",
    "SYNTHETIC_MARK",
    "Photo",
    "encode_jpeg",
    "is_photo_name",
    "is_synthetic",
    "is_upright",
    "natural_key",
    "photo_header",
    "photo_size",
    "read_file",
    "read_photo",
    "walk_photos",
]

MAX_PIXELS = 250_000_000
MAX_BYTES = 1 << 30
SYNTHETIC_MARK = "Squama phantom"


@dataclass(frozen=True, eq=False, slots=True)
class Photo:
    """One decoded photo.

    Attributes:
        pixels: uint8, H x W x 3, RGB, upright, C-contiguous; reduced where less than the full scale was asked for.
        width: of the upright photo at full scale, pixels.
        height: likewise.
        warnings: codes of what the doctor should know; their texts are ``warning.<code>``.
        synthetic: it says of itself that Squama's phantom generator drew it.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    warnings: tuple[str, ...] = ()
    synthetic: bool = False

    @property
    def scale(self) -> float:
        """Pixels held per pixel of the full photo: 1 at full scale, 0.25 for a quarter."""
        return int(self.pixels.shape[1]) / self.width


def read_photo(
    source: Path | bytes, short_side: int | None = None, *, broken_too: bool = False, header: Header | None = None
) -> Photo:
    """Decode a photo, upright.

    Args:
        source: a file, or a file's bytes.
        short_side: decode no more than needed for the shorter side to keep at least this many pixels (JPEGs at 1/2, 1/4
            or 1/8; other formats come whole). None: full scale.
        broken_too: give a JPEG that breaks off as far as it goes, the rest grey or coarse, with the warning
            ``photo_truncated``; for looking at, never for a model.
        header: of the same bytes, where it has been read already.

    Raises:
        UserError: ``file_missing, file_unreadable, file_empty, file_too_large, not_an_image, image_truncated,
            image_too_large``.
    """
    from app.common.image_decoding import END_OF_IMAGE, decode, is_whole

    name, data = _contents(source)
    header = header or _header(data, name)
    warnings = header.warnings
    if not is_whole(data, header):
        if not broken_too:
            raise UserError("image_truncated", file=name)
        warnings = (*warnings, "photo_truncated")
        data += END_OF_IMAGE  # without it OpenCV gives nothing
    pixels = decode(data, header, short_side, name)
    return Photo(pixels, header.width, header.height, warnings, header.software.startswith(SYNTHETIC_MARK))


def photo_size(source: Path | bytes) -> tuple[int, int]:
    """Width and height of the upright photo, from the header alone.

    Raises:
        UserError: as for :func:`read_photo`, as far as a header shows it.
    """
    header = _peek(source)
    return header.width, header.height


def photo_header(data: bytes) -> Header:
    """What a file's bytes say of the photo. Raises UserError as :func:`photo_size`."""
    name, data = _contents(data)
    return _header(data, name)


def is_synthetic(source: Path | bytes) -> bool:
    """Whether the photo says of itself, in EXIF's Software field, that Squama's phantom generator drew it."""
    return _peek(source).software.startswith(SYNTHETIC_MARK)


def is_upright(source: Path | bytes) -> bool:
    """Whether the pixels lie in the file as they are seen: EXIF asks for no turn."""
    return _peek(source).orientation == 1


def encode_jpeg(pixels: NDArray[np.uint8], quality: int = 92, software: str | None = None) -> bytes:
    """A baseline JPEG of uint8 RGB pixels (H x W x 3); ``software`` goes into EXIF's field of that name."""
    from app.common.image_headers import jpeg_bytes

    return jpeg_bytes(pixels, quality, software)


def _contents(source: Path | bytes) -> tuple[str, bytes]:
    if not isinstance(source, bytes):
        return source.name, read_file(source)
    name = text("photo.unnamed")
    if not source:
        raise UserError("file_empty", file=name)
    return name, source


def read_file(path: Path) -> bytes:
    """A photo file's bytes. Raises UserError ``file_missing, file_unreadable, file_empty, file_too_large``."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError("file_too_large", file=path.name, limit=MAX_BYTES >> 20)
        data = path.read_bytes()
    except OSError as error:
        raise _cannot_open(path, error) from error
    if not data:
        raise UserError("file_empty", file=path.name)
    return data


def _peek(source: Path | bytes) -> Header:
    """The header of a file without reading the rest of it."""
    from app.common.image_headers import read_header

    if isinstance(source, bytes):
        name, data = _contents(source)
        return _header(data, name)
    try:
        with source.open("rb") as file:
            if not file.read(1):
                raise UserError("file_empty", file=source.name)
            file.seek(0)
            return _within_limit(read_header(file, source.name), source.name)
    except OSError as error:
        raise _cannot_open(source, error) from error


def _header(data: bytes, name: str) -> Header:
    import io

    from app.common.image_headers import read_header

    return _within_limit(read_header(io.BytesIO(data), name), name)


def _within_limit(header: Header, name: str) -> Header:
    if header.width * header.height > MAX_PIXELS:
        raise UserError(
            "image_too_large", file=name, width=header.width, height=header.height, limit=MAX_PIXELS // 1_000_000
        )
    return header


def _cannot_open(path: Path, error: OSError) -> UserError:
    if isinstance(error, FileNotFoundError):
        return UserError("file_missing", file=path.name)
    return UserError("file_unreadable", file=path.name, reason=error.strerror or type(error).__name__)
