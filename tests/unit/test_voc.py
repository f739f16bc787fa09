"""Pascal VOC files: labelImg's bytes, and damage that blocks instead of wiping."""

from __future__ import annotations

import contextlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.annotation.document import UNLABELLED, Annotation, Document
from app.annotation.voc import (
    LESION,
    VocFile,
    VocObject,
    document_of,
    edges,
    load_voc,
    read_voc,
    save_voc,
    voc_of,
    write_voc,
)
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.packs import load_pack

# Written by labelImg 1.8.6's own PascalVocWriter.
LABELIMG = """\
<annotation verified="yes">
\t<folder>照片</folder>
\t<filename>a &amp; b.jpg</filename>
\t<path>a &amp; b.jpg</path>
\t<source>
\t\t<database>Unknown</database>
\t</source>
\t<size>
\t\t<width>640</width>
\t\t<height>480</height>
\t\t<depth>3</depth>
\t</size>
\t<segmented>0</segmented>
\t<object>
\t\t<name>银屑病</name>
\t\t<pose>Unspecified</pose>
\t\t<truncated>1</truncated>
\t\t<difficult>1</difficult>
\t\t<bndbox>
\t\t\t<xmin>1</xmin>
\t\t\t<ymin>2</ymin>
\t\t\t<xmax>100</xmax>
\t\t\t<ymax>480</ymax>
\t\t</bndbox>
\t</object>
\t<object>
\t\t<name>eczema</name>
\t\t<pose>Unspecified</pose>
\t\t<truncated>0</truncated>
\t\t<difficult>0</difficult>
\t\t<bndbox>
\t\t\t<xmin>10</xmin>
\t\t\t<ymin>20</ymin>
\t\t\t<xmax>30</xmax>
\t\t\t<ymax>40</ymax>
\t\t</bndbox>
\t</object>
</annotation>
""".encode()

DOCUMENT = Document(
    640,
    480,
    (
        Annotation("1", Box(0, 2.9, 100.2, 480), "银屑病", difficult=True),
        Annotation("2", Box(10.9, 20.1, 30.99, 40), "eczema"),
    ),
    verified=True,
)
names = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="￾￿"), max_size=12)
objects = st.builds(
    lambda name, x, y, w, h, difficult: VocObject(name, Box(x, y, x + w, y + h), difficult),
    names, st.integers(1, 300), st.integers(1, 300), st.integers(1, 99), st.integers(1, 99), st.booleans(),
)  # fmt: skip
files = st.builds(
    VocFile, names, st.just(400), st.just(400), st.lists(objects, max_size=4).map(tuple), st.booleans(), names, names
)


def test_the_bytes_are_labelimgs() -> None:
    assert write_voc(voc_of(DOCUMENT, "a & b.jpg", "照片")) == LABELIMG


def test_what_labelimg_wrote_is_read() -> None:
    document = document_of(read_voc(LABELIMG, "a.xml"), 640, 480, load_pack())
    first, second = document.annotations
    assert (first.label, first.box, first.difficult) == ("psoriasis", Box(1, 2, 100, 480), True)
    assert (second.label, second.difficult, second.verified) == ("eczema", False, True)
    assert document.verified


def test_words_that_the_pack_does_not_know_and_missing_labels_survive() -> None:
    document = Document(
        9, 9, (Annotation("1", Box(0, 0, 5, 5), "血管瘤"), Annotation("2", Box(0, 0, 5, 5), UNLABELLED))
    )
    voc = read_voc(write_voc(voc_of(document, "x.png")), "x.xml")
    assert [o.name for o in voc.objects] == ["血管瘤", LESION]
    assert [a.label for a in document_of(voc, 9, 9, load_pack()).annotations] == ["血管瘤", UNLABELLED]


@given(files)
def test_a_file_written_and_read_says_the_same_and_other_readers_agree(voc: VocFile) -> None:
    data = write_voc(voc)
    assert read_voc(data, "x.xml") == voc
    assert write_voc(read_voc(data, "x.xml")) == data
    root = ElementTree.fromstring(data)
    assert [o.findtext("name") for o in root.iter("object")] == [o.name for o in voc.objects]


@given(st.floats(0, 397), st.floats(0, 397), st.floats(2, 400), st.floats(2, 400))
def test_a_box_of_two_pixels_keeps_an_area_in_whole_numbers(x: float, y: float, w: float, h: float) -> None:
    box = Box(x, y, x + w, y + h).clipped(400, 400)
    x0, y0, x1, y1 = edges(box)
    assert 1 <= x0 < x1 <= 400
    assert 1 <= y0 < y1 <= 400


def test_the_other_direction_of_truncated() -> None:
    def truncated(box: Box) -> str | None:
        data = write_voc(VocFile("x", 100, 50, (VocObject("a", box),)))
        return ElementTree.fromstring(data).findtext("object/truncated")

    assert truncated(Box(2, 2, 99.9, 49.9)) == "0"
    for box in (Box(1.5, 2, 9, 9), Box(2, 0, 9, 9), Box(2, 2, 100, 9), Box(2, 2, 9, 50)):
        assert truncated(box) == "1"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\0",
        b"not xml",
        LABELIMG[:700],
        LABELIMG.replace(b"<xmin>1</xmin>", b""),
        LABELIMG.replace(b"<xmin>1<", b"<xmin>one<"),
        LABELIMG.replace(b"<xmin>1<", b"<xmin>nan<"),
        LABELIMG.replace(b"<xmin>1<", b"<xmin>1e300<"),
        LABELIMG.replace(b"<name>eczema</name>", b""),
        LABELIMG.replace(b"annotation", b"html"),
        LABELIMG.replace("照片".encode(), b"\xff\xfe"),
        b'<!DOCTYPE a [<!ENTITY x "y">]><annotation><folder>&x;</folder></annotation>',
        b'<?xml version="1.0" encoding="no-such"?><annotation/>',
    ],
)
def test_a_damaged_file_is_an_error_and_is_not_written_over(data: bytes, tmp_path: Path) -> None:
    target = tmp_path / "照片.xml"
    target.write_bytes(data)
    with pytest.raises(UserError) as caught:
        save_voc(target, voc_of(DOCUMENT, "a.jpg"))
    assert caught.value.code == "annotation_damaged"
    assert "照片.xml" in str(caught.value)
    assert target.read_bytes() == data


@given(
    st.binary(max_size=200) | st.integers(0, len(LABELIMG)).map(lambda n: LABELIMG[:n] + b"\xc3" + LABELIMG[n + 1 :])
)
def test_whatever_the_bytes_only_user_errors_come(data: bytes) -> None:
    with contextlib.suppress(UserError):
        read_voc(data, "x.xml")


def test_a_file_for_another_size_or_a_box_without_area_is_refused() -> None:
    for size, code in (((480, 640), "annotation_other_size"), ((640, 480), "annotation_damaged")):
        voc = read_voc(LABELIMG.replace(b"<xmax>30<", b"<xmax>10<"), "x.xml")
        with pytest.raises(UserError) as caught:
            document_of(voc, *size)
        assert caught.value.code == code


def test_an_unchanged_file_is_left_alone_whatever_its_dialect(tmp_path: Path) -> None:
    target = tmp_path / "a.xml"
    assert save_voc(target, voc_of(DOCUMENT, "a & b.jpg", "照片"))
    foreign = b'<?xml version="1.0"?>\n' + LABELIMG.replace(b"\t", b"  ")
    target.write_bytes(foreign)
    assert not save_voc(target, voc_of(DOCUMENT, "a & b.jpg", "照片"))
    assert target.read_bytes() == foreign
    assert save_voc(target, voc_of(Document(640, 480), "a & b.jpg", "照片"))
    loaded = load_voc(target)
    assert loaded is not None
    assert loaded.objects == ()


def test_a_missing_file_is_none_and_a_folder_is_an_error(tmp_path: Path) -> None:
    assert load_voc(tmp_path / "none.xml") is None
    with pytest.raises(UserError) as caught:
        load_voc(tmp_path)
    assert caught.value.code == "annotation_unreadable"


def test_real_labelimg_files_come_back_byte_for_byte(shared_data: Path) -> None:
    """BCCD: 364 files, 361 of them labelImg's, three in another tool's indentation."""
    found = sorted((shared_data / "bccd_voc" / "Annotations").glob("*.xml"))
    if not found:
        pytest.skip("no BCCD here")
    same = [f for f in found if write_voc(read_voc(f.read_bytes(), f.name)) == f.read_bytes()]
    other = [f for f in found if f.read_bytes().startswith(b'<annotation verified="no">')]
    assert len(same) + len(other) == len(found)
    assert len(other) == 3
