"""Pascal VOC files: labelImg's bytes, written anew, and what its dialect makes of a box."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.annotation.document import Document
from app.annotation.formats import Context, Page, Shape, TargetPage, annotations_of, fresh, label_of, read, rewritten
from app.annotation.formats.labelimg import edges
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.packs import load_pack

# Written by labelImg 1.8.6's own PascalVocWriter.
LABELIMG = """\
<annotation verified="yes">
\t<folder/>
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
PAGE = Page(
    "a & b.jpg",
    640,
    480,
    (Shape("银屑病", (0, 2.9, 100.2, 480), difficult=True), Shape("eczema", (10.9, 20.1, 30.99, 40))),
    verified=True,
)
names = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="￾￿"), max_size=12)


def made(*shapes: Shape, size: tuple[int, int] = (640, 480)) -> bytes:
    (data,) = fresh("voc", [Page("a.jpg", *size, shapes)], Context()).values()
    return data


def test_the_bytes_are_labelimgs() -> None:
    (data,) = fresh("voc", [PAGE], Context()).values()
    assert data == LABELIMG


def test_what_labelimg_wrote_is_read() -> None:
    (page,) = read("voc", LABELIMG, "a.xml", Context()).pages
    first, second = annotations_of(page, 640, 480, label_of(load_pack()), None)
    assert (first.label, first.box, first.difficult) == ("psoriasis", Box(1, 2, 100, 480), True)
    assert (second.label, second.difficult, second.verified) == ("eczema", False, True)
    assert page.verified


@given(names, names)
def test_any_name_is_read_again_and_other_readers_agree(label: str, image: str) -> None:
    page = Page(f"x{image}.jpg", 99, 99, (Shape(label, (1, 2, 30, 40)),))
    (data,) = fresh("voc", [page], Context()).values()
    (found,) = read("voc", data, "x.xml", Context()).pages
    assert (found.image, found.shapes[0].label) == (page.photo_name, label)
    assert ElementTree.fromstring(data).findtext("object/name") == label


@given(st.floats(0, 397), st.floats(0, 397), st.floats(2, 400), st.floats(2, 400))
def test_a_box_of_two_pixels_keeps_an_area_in_whole_numbers(x: float, y: float, w: float, h: float) -> None:
    box = Box(x, y, x + w, y + h).clipped(400, 400)
    x0, y0, x1, y1 = edges((box.x0, box.y0, box.x1, box.y1))
    assert 1 <= x0 < x1 <= 400
    assert 1 <= y0 < y1 <= 400


def test_truncated_is_said_of_boxes_at_the_edge_and_follows_them() -> None:
    def truncated(data: bytes) -> str | None:
        return ElementTree.fromstring(data).findtext("object/truncated")

    inside = made(Shape("a", (2, 2, 99.9, 49.9)), size=(100, 50))
    assert truncated(inside) == "0"
    for corners in ((1.5, 2, 9, 9), (2, 0, 9, 9), (2, 2, 100, 9), (2, 2, 9, 50)):
        assert truncated(made(Shape("a", corners), size=(100, 50))) == "1"
        moved = TargetPage("a.jpg", 100, 50, False, ((0, Shape("a", corners)),))
        assert truncated(rewritten("voc", inside, "a.xml", [moved], Context())) == "1"
        foreign = inside.replace(b"<pose>", b"<occluded>0</occluded><pose>")
        assert truncated(rewritten("voc", foreign, "a.xml", [moved], Context())) == "0"


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
        LABELIMG.replace("银屑病".encode(), b"\xff\xfe"),
        LABELIMG.replace(b"<width>640", b"<width>-640"),
        b'<?xml version="1.0" encoding="no-such"?><annotation/>',
        b'<?xml version="1.0" encoding="base64"?><annotation/>',
    ],
)
def test_a_damaged_file_is_an_error_that_names_it(data: bytes) -> None:
    with pytest.raises(UserError) as caught:
        read("voc", data, "照片.xml", Context())
    assert caught.value.code == "annotation_damaged"
    assert "照片.xml" in str(caught.value)


def test_a_file_declared_in_a_chinese_encoding_stays_in_it() -> None:
    for label in ("银屑病", "\u3447疹"):
        data = b'<?xml version="1.0" encoding="gb2312"?>\n' + made(Shape(label, (1, 2, 30, 40))).decode().encode(
            "gb18030"
        )
        (page,) = read("voc", data, "a.xml", Context()).pages
        assert page.shapes[0].label == label
        target = TargetPage("a.jpg", 640, 480, False, ((0, Shape("湿疹", (1, 2, 30, 40))),))
        new = rewritten("voc", data, "a.xml", [target], Context())
        assert new == data.replace(label.encode("gb18030"), "湿疹".encode("gb18030"))


def test_an_object_without_a_place_stays_and_new_ones_are_made_beside_it() -> None:
    odd = b"\t<object>\n\t\t<name>round</name>\n\t</object>\n</annotation>"
    data = made(Shape("a", (1, 2, 30, 40))).replace(b"</annotation>", odd)
    (page,) = read("voc", data, "a.xml", Context()).pages
    assert [s.label for s in page.shapes] == ["a"]
    document = Document(640, 480, annotations_of(page, 640, 480, label_of(None), 1))
    assert len(document.annotations) == 1
    target = TargetPage("a.jpg", 640, 480, False, ((None, Shape("b", (5, 6, 7, 8))),))
    new = rewritten("voc", data, "a.xml", [target], Context())
    assert b"round" in new
    (again,) = read("voc", new, "a.xml", Context()).pages
    assert [(s.label, s.corners, s.position) for s in again.shapes] == [("b", (5, 6, 7, 8), 1)]
