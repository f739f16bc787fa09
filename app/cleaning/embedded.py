"""What a photo's file says beside its pixels: EXIF, XMP, IPTC, comments, PNG texts, what lies behind the picture.

Only kinds are handed out, never a value. Damaged notes count as none: what cannot be read tells nobody anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Exif, Image

GPS, PERSON, OWNER, SERIAL, HOST = "gps", "person", "owner", "serial", "host"
TEXT, MAKER, DATE, FILM, PLACE = "text", "maker", "date", "film", "place"

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_ORIENTATION = 0x0112
_LATITUDE, _LONGITUDE = 2, 4
_THUMBNAIL_AT, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_TIFF_IPTC, _TIFF_XMP = 33723, 700
_FIRST = {
    0x013B: OWNER,  # Artist
    0x8298: OWNER,  # Copyright
    0x9C9D: OWNER,  # XPAuthor
    0x013C: HOST,  # HostComputer
    0x010E: TEXT,  # ImageDescription
    0x010D: TEXT,  # DocumentName
    0x9C9B: TEXT,  # XPTitle
    0x9C9C: TEXT,  # XPComment
    0x9C9E: TEXT,  # XPKeywords
    0x9C9F: TEXT,  # XPSubject
    0xC62F: SERIAL,  # CameraSerialNumber
    0x0132: DATE,
}
_SECOND = {
    0xA430: OWNER,  # CameraOwnerName
    0xA431: SERIAL,  # BodySerialNumber
    0xA435: SERIAL,  # LensSerialNumber
    0x9286: TEXT,  # UserComment
    0x927C: MAKER,
    0x9003: DATE,
    0x9004: DATE,
}
_IPTC = {
    (2, 80): OWNER, (2, 110): OWNER, (2, 116): OWNER, (2, 118): OWNER, (2, 122): OWNER, (2, 5): TEXT, (2, 25): TEXT,
    (2, 40): TEXT, (2, 105): TEXT, (2, 120): TEXT, (2, 90): PLACE, (2, 92): PLACE, (2, 55): DATE,
}  # fmt: skip
_XMP = (
    (re.compile(rb"PersonInImage|PersonDisplayName|mwg-rs:Name|\bmwg-rs:RegionList"), PERSON),
    (re.compile(rb"exif:GPSLatitude"), GPS),
    (re.compile(rb"(?:aux|exifEX):\w*SerialNumber|LensSerialNumber"), SERIAL),
    (re.compile(rb"aux:OwnerName|CameraOwnerName|<dc:creator>|CreatorContactInfo|<dc:rights>"), OWNER),
    (re.compile(rb"<dc:(?:description|subject|title)>|UserComment|photoshop:Headline"), TEXT),
    (re.compile(rb"photoshop:City|Iptc4xmpCore:Location|LocationCreated|LocationShown"), PLACE),
)
_PNG_TEXTS = {
    b"author": OWNER, b"copyright": OWNER, b"artist": OWNER, b"comment": TEXT, b"description": TEXT, b"title": TEXT,
    b"disclaimer": TEXT, b"source": TEXT, b"warning": TEXT, b"creation time": DATE, b"date:create": DATE,
}  # fmt: skip
# Written by a camera or a program, not by a person.
_BY_MACHINE = re.compile(
    r"olympus|sony|dsc|dcim|kodak|samsung|digital ?camera|gd-jpeg|lead tech|photoshop|lavc|ffmpeg|imagemagick|exif"
    r"|screenshot|squama|created (?:with|by)|intel\(?r?\)? jpeg|jfif|^hdr$|^edited$|processed|compressed|quality",
    re.IGNORECASE,
)
_FILM = re.compile(rb"ftyp(?:mp4|isom|qt  |3gp|M4V|avc)")
_PNG_START = b"\x89PNG\r\n\x1a\n"


def kinds_in(data: bytes, picture: Image) -> frozenset[str]:
    """Kinds (the constants above) of what the file says of a person, a place, a device or a time.

    Args:
        data: the file.
        picture: opened from it by Pillow, not decoded.
    """
    found = set(_of_exif(_exif(picture)))
    for notes in _packets(picture):
        found |= {kind for pattern, kind in _XMP if pattern.search(notes)}
    found |= set(_of_iptc(picture))
    comment = picture.info.get("comment")
    if comment and _is_telling(comment):
        found.add(TEXT)
    if data.startswith(_PNG_START):
        found |= set(_of_png(data))
    if picture.format in ("JPEG", "MPO") and _FILM.search(data, max(0, data.rfind(b"\xff\xd9"))) is not None:
        found.add(FILM)
    return frozenset(found)


def thumbnail(picture: Image) -> bytes | None:
    """The small JPEG inside the EXIF notes."""
    from PIL.ExifTags import IFD

    from app.common.image_headers import DAMAGE

    notes = picture.info.get("exif")
    if not isinstance(notes, bytes):
        return None
    try:
        small = _exif(picture).get_ifd(IFD.IFD1)
        at, length = int(small[_THUMBNAIL_AT]), int(small[_THUMBNAIL_LENGTH])
    except DAMAGE:
        return None
    start = at + (len(b"Exif\0\0") if notes.startswith(b"Exif\0\0") else 0)
    found = notes[start : start + length]
    return found if found.startswith(b"\xff\xd8") else None


def orientation(picture: Image) -> int:
    """As EXIF says it, 1..8."""
    value = _exif(picture).get(_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _exif(picture: Image) -> Exif:
    from PIL import Image as pillow

    from app.common.image_headers import DAMAGE

    try:
        return pillow.Image.getexif(picture)
    except DAMAGE:
        return pillow.Exif()


def _of_exif(exif: Exif) -> Iterator[str]:
    yield from (kind for tag, kind in _FIRST.items() if _is_said(kind, exif.get(tag)))
    second = _ifd(exif, _EXIF_IFD)
    yield from (kind for tag, kind in _SECOND.items() if _is_said(kind, second.get(tag)))
    place = _ifd(exif, _GPS_IFD)
    if any(_is_number(v) for tag in (_LATITUDE, _LONGITUDE) for v in _several(place.get(tag))):
        yield GPS


def _ifd(exif: Exif, tag: int) -> dict[Any, Any]:
    from app.common.image_headers import DAMAGE

    try:
        return dict(exif.get_ifd(tag))
    except DAMAGE:
        return {}


def _is_said(kind: str, value: object) -> bool:
    if kind == MAKER:
        return bool(value)
    if kind == TEXT:
        return _is_telling(value)
    return bool(_letters(value).strip(" 0-:/"))


def _is_telling(value: object) -> bool:
    """Words that a person may have written."""
    words = _letters(value)
    return sum(c.isalpha() for c in words) >= 2 and _BY_MACHINE.search(words) is None


def _letters(value: object) -> str:
    """What can be read of a note; Windows' own notes are UTF-16, a comment begins with the name of its alphabet."""
    if isinstance(value, tuple | list):
        numbers = bytes(v % 256 for v in value if isinstance(v, int))
        return _letters(numbers) if len(numbers) == len(value) else " ".join(_letters(v) for v in value)
    if isinstance(value, bytes):
        body = value[8:] if value[:8].rstrip(b"\0 ") in (b"ASCII", b"UNICODE", b"JIS", b"") else value
        wide = len(body) >= 2 and (value[:7] == b"UNICODE" or body[1:2] == b"\0" or body.endswith(b"\0\0"))
        return body.decode("utf-16-le" if wide else "utf-8", "ignore").replace("\0", " ").strip()
    return "" if value is None else str(value).replace("\0", " ").strip()


def _several(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def _is_number(value: Any) -> bool:
    """Neither 0 nor 0/0, which stand where no position was known."""
    try:
        return float(value) > 0
    except (TypeError, ValueError, ZeroDivisionError):
        return False


def _packets(picture: Image) -> Iterator[bytes]:
    tags: Any = getattr(picture, "tag_v2", None) or {}
    for notes in (picture.info.get("xmp"), picture.info.get("XML:com.adobe.xmp"), tags.get(_TIFF_XMP)):
        if notes:
            yield notes if isinstance(notes, bytes) else str(notes).encode()


def _of_iptc(picture: Image) -> Iterator[str]:
    from PIL import ImageFile, IptcImagePlugin

    from app.common.image_headers import DAMAGE

    if not isinstance(picture, ImageFile.ImageFile):
        return
    try:
        notes = IptcImagePlugin.getiptcinfo(picture) or {}
    except DAMAGE:
        return
    for key, kind in _IPTC.items():
        if _is_said(kind, notes.get(key)):
            yield kind


def _of_png(data: bytes) -> Iterator[str]:
    """From the chunks of text, wherever they stand; the pixels are passed over."""
    at = len(_PNG_START)
    while at + 8 <= len(data) and data[at + 4 : at + 8] != b"IEND":
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        if name in (b"tEXt", b"zTXt", b"iTXt"):
            key, _, rest = body.partition(b"\0")
            kind = _PNG_TEXTS.get(key.lower())
            if kind is not None and (name != b"tEXt" or _is_said(kind, rest.decode("latin-1"))):
                yield kind
            if key == b"XML:com.adobe.xmp":
                yield from (kind for pattern, kind in _XMP if pattern.search(rest))
        at += length + 12
