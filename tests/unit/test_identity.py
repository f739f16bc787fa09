"""What a photo's file tells of a person beside its pixels, and what its name does."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from app.cleaning.file_names import is_id_number, said_by_name
from app.cleaning.identity import examine, identity_kinds
from app.cleaning.subject import Subject

PICTURE = cv2.resize(np.random.default_rng(3).integers(0, 255, (6, 8, 3), np.uint8), (320, 240))


def jpeg(change: Callable[[Image.Exif], None] = lambda _: None, **more: object) -> bytes:
    exif = Image.Exif()
    change(exif)
    out = io.BytesIO()
    Image.fromarray(PICTURE).save(out, "JPEG", exif=exif, **more)
    return out.getvalue()


def kinds(data: bytes, name: str = "IMG_0001.jpg") -> tuple[str, ...]:
    return identity_kinds(Subject(name, data))


def _gps(exif: Image.Exif) -> None:
    exif.get_ifd(0x8825).update({1: "N", 2: (34.0, 15.0, 30.0), 3: "E", 4: (108.0, 56.0, 1.0)})


def _no_fix(exif: Image.Exif) -> None:
    exif.get_ifd(0x8825).update({2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0), 7: (12.0, 0.0, 0.0)})


def _serial(exif: Image.Exif) -> None:
    exif.get_ifd(0x8769)[0xA431] = "083020004371"


def _empty(exif: Image.Exif) -> None:
    exif[0x013B] = "          "
    exif[0x8298] = ""
    exif[0x010E] = "OLYMPUS DIGITAL CAMERA         "
    exif[0x0131] = "Squama phantom 1.0"
    exif[0x010F] = "Canon"
    exif.get_ifd(0x8769).update({0xA431: "0000000", 0x9286: b"ASCII\0\0\0\0\0\0\0"})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_gps, "gps"),
        (_serial, "serial"),
        (lambda e: e.__setitem__(0x013B, "Dr. Wang"), "owner"),
        (lambda e: e.__setitem__(0x8298, "Somebody 2020"), "owner"),
        (lambda e: e.__setitem__(0x9C9D, "王医生".encode("utf-16-le") + b"\0\0"), "owner"),
        (lambda e: e.__setitem__(0x013C, "Wang's iPhone"), "host"),
        (lambda e: e.__setitem__(0x010E, "Li Ming, left arm"), "text"),
        (lambda e: e.get_ifd(0x8769).__setitem__(0x9286, b"UNICODE\0" + "李明".encode("utf-16-le")), "text"),
        (lambda e: e.get_ifd(0x8769).__setitem__(0x927C, b"Canon maker's notes"), "maker"),
        (lambda e: e.get_ifd(0x8769).__setitem__(0x9003, "2021:03:04 10:11:12"), "date"),
    ],
)
def test_each_note_of_exif_is_named(change: Callable[[Image.Exif], None], expected: str) -> None:
    assert kinds(jpeg(change)) == (expected,)


def test_notes_of_cameras_and_empty_ones_tell_nothing() -> None:
    assert kinds(jpeg(_empty)) == ()
    assert kinds(jpeg(_no_fix)) == ()
    assert kinds(jpeg(comment=b"CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 90")) == ()
    assert examine(Subject("photo.jpg", jpeg())).findings == ()


def test_the_finding_names_kinds_and_never_a_value() -> None:
    (finding,) = examine(
        Subject("a.jpg", jpeg(lambda e: (_gps(e), _serial(e), e.__setitem__(0x013B, "Wang Wei"))))
    ).findings
    assert finding.score == pytest.approx(0.95)
    assert "GPS" in finding.reason
    assert "serial" in finding.reason
    assert "Wang" not in str(finding)
    assert "34" not in str(finding)
    assert "083020" not in str(finding)


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        ("<Iptc4xmpExt:PersonInImage><rdf:Bag><rdf:li>A B</rdf:li></rdf:Bag></Iptc4xmpExt:PersonInImage>", "person"),
        ('<rdf:Description aux:SerialNumber="12345"/>', "serial"),
        ('<rdf:Description exif:GPSLatitude="34,15.5N"/>', "gps"),
        ("<dc:creator><rdf:Seq><rdf:li>A B</rdf:li></rdf:Seq></dc:creator>", "owner"),
        ('<rdf:Description xmp:CreatorTool="Gimp"/>', None),
    ],
)
def test_xmp_is_read_in_every_format(packet: str, expected: str | None) -> None:
    wrapped = f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{packet}</x:xmpmeta>'.encode()
    png = PngInfo()
    png.add_itxt("XML:com.adobe.xmp", wrapped.decode())
    for file_format, more in (("JPEG", {"xmp": wrapped}), ("WEBP", {"xmp": wrapped}), ("PNG", {"pnginfo": png})):
        out = io.BytesIO()
        Image.fromarray(PICTURE).save(out, file_format, **more)
        assert kinds(out.getvalue()) == ((expected,) if expected else ()), file_format


def test_iptc_is_read() -> None:
    record = b"".join(
        b"\x1c\x02" + bytes([n]) + struct.pack(">H", len(v)) + v for n, v in ((80, b"A B"), (90, b"Xi'an"))
    )
    block = (
        b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record + b"\0" * (len(record) % 2)
    )
    data = jpeg()
    assert kinds(data[:2] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + data[2:]) == ("owner", "place")


def test_texts_of_png_are_read_before_and_behind_the_pixels() -> None:
    notes = PngInfo()
    notes.add_text("Author", "A B")
    notes.add_text("Software", "A program")
    notes.add_text("Comment", "left arm of A B", zip=True)
    out = io.BytesIO()
    Image.fromarray(PICTURE).save(out, "PNG", pnginfo=notes)
    assert kinds(out.getvalue()) == ("owner", "text")
    late = out.getvalue()[:-12] + _chunk(b"tEXt", b"Description\0left arm of A B") + out.getvalue()[-12:]
    assert "text" in kinds(late)


def test_a_film_behind_the_photo_is_found() -> None:
    assert kinds(jpeg() + b"\0\0\0\x18ftypmp42" + b"\0" * 500) == ("film",)


def test_a_thumbnail_counts_only_when_it_shows_something_else() -> None:
    assert kinds(_with_thumbnail(cv2.resize(PICTURE, (160, 120)))) == ()
    whole = np.random.default_rng(9).integers(0, 255, (6, 8, 3), np.uint8)
    assert kinds(_with_thumbnail(cv2.resize(whole, (160, 120)))) == ("thumbnail",)
    assert kinds(_with_thumbnail(cv2.resize(PICTURE, (120, 160)))) == ("thumbnail",)
    barred = np.zeros((120, 160, 3), np.uint8)
    barred[15:105] = cv2.resize(PICTURE[30:210], (160, 90))
    assert kinds(_with_thumbnail(barred, PICTURE[30:210])) == ()


def _with_thumbnail(small: np.ndarray, photo: np.ndarray = PICTURE) -> bytes:
    out = io.BytesIO()
    Image.fromarray(small).save(out, "JPEG", quality=85)
    thumb = out.getvalue()
    # An empty first directory, then one that says where the thumbnail lies.
    tiff = b"II*\0" + struct.pack("<IHI", 8, 0, 14)
    entries = struct.pack("<HHII", 0x0201, 4, 1, 14 + 2 + 24 + 4) + struct.pack("<HHII", 0x0202, 4, 1, len(thumb))
    notes = b"Exif\0\0" + tiff + struct.pack("<H", 2) + entries + struct.pack("<I", 0) + thumb
    out = io.BytesIO()
    Image.fromarray(photo).save(out, "JPEG", exif=notes)
    return out.getvalue()


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + b"\0\0\0\0"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("11010519491231002X.jpg", ("id_number",)),
        ("110105194912310021.jpg", ()),  # the check digit is wrong
        ("13912345678 手背.jpg", ("phone",)),
        ("mmexport1579012345678.jpg", ()),
        ("IMG_20210304_101112.jpg", ()),
        ("住院号 0123456.jpg", ("record",)),
        ("MRN-20031234-1.png", ("record",)),
        ("王小明_01.jpg", ("name",)),
        ("银屑病李娜左前臂02.jpg", ("name",)),
        ("患者欧阳修文.jpg", ("name",)),
        ("银屑病 背部 治疗前 3.jpg", ()),
        ("白癜风面部.jpg", ()),
        ("黄褐斑_右侧.jpg", ()),
        ("微信图片_20210304101112.jpg", ()),
        ("Smith, John.jpg", ("name_words",)),
        ("psoriasis_07.jpg", ()),
        ("A-000001-mid.jpg", ()),
        ("ISIC_0000001.jpg", ()),
        ("DSC_0012.JPG", ()),
    ],
)
def test_file_names(name: str, expected: tuple[str, ...]) -> None:
    assert said_by_name(name) == expected


@given(st.from_regex(r"\d{6}(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d)\d{3}", fullmatch=True))
def test_of_all_last_characters_one_makes_an_identity_number(digits: str) -> None:
    assert sum(is_id_number(digits + last) for last in "0123456789X") == 1


@given(st.text(max_size=60))
def test_any_name_is_read(name: str) -> None:
    said_by_name(name)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@given(
    st.binary(max_size=200), st.sampled_from([b"Exif\0\0II*\0", b"Photoshop 3.0\0", b"http://ns.adobe.com/xap/1.0/\0"])
)
def test_damaged_notes_are_none(rubbish: bytes, start: bytes) -> None:
    block, clean = start + rubbish, jpeg()
    marker = b"\xff\xed" if start.startswith(b"Photoshop") else b"\xff\xe1"
    kinds(clean[:2] + marker + struct.pack(">H", len(block) + 2) + block + clean[2:])
