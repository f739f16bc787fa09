"""Annotation formats: what is read, what comes back byte for byte, and what a change leaves alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.annotation import edits
from app.annotation.document import Annotation, Document, Edit, apply
from app.annotation.formats import (
    FORMATS,
    WHOLE_SET,
    Context,
    Format,
    Page,
    Shape,
    TargetPage,
    annotations_of,
    fresh,
    label_of,
    needed_classes,
    read,
    rewritten,
    shapes_of,
    word_of,
)
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.packs import load_pack

from .dialects import HEIGHT, WIDTH, Foreign, files, words

FILE = 7
WITH_DIFFICULT = {"voc", "coco", "xanylabeling"}
WITH_VERIFIED = {"voc", "createml", "xanylabeling"}
SETTINGS = settings(max_examples=60, deadline=None)
any_file = st.sampled_from(FORMATS).flatmap(files)
corners = st.tuples(*[st.integers(0, 1000)] * 4).map(
    lambda v: Box(min(v[0], v[1]) / 5, min(v[2], v[3]) / 5, max(v[0], v[1]) / 5 + 3, max(v[2], v[3]) / 5 + 3)
)


def documents(foreign: Foreign) -> dict[str, Document]:
    """Each page as the program sees it."""
    sheet = read(foreign.format, foreign.data, foreign.name, foreign.context)
    return {
        page.image: Document(
            WIDTH, HEIGHT, annotations_of(page, WIDTH, HEIGHT, foreign.context.label, FILE), page.verified
        )
        for page in sheet.pages
    }


def target(image: str, document: Document) -> TargetPage:
    shapes = shapes_of(document, word_of, FILE)
    return TargetPage(image, document.width, document.height, document.verified, shapes)


def written(foreign: Foreign, pages: dict[str, Document]) -> bytes:
    targets = [target(image, document) for image, document in pages.items()]
    return rewritten(foreign.format, foreign.data, foreign.name, targets, foreign.context)


# -- nothing changed -------------------------------------------------------------------------------------------------


@SETTINGS
@given(any_file)
def test_a_file_that_nobody_changed_comes_back_byte_for_byte(foreign: Foreign) -> None:
    assert written(foreign, documents(foreign)) == foreign.data
    assert rewritten(foreign.format, foreign.data, foreign.name, [], foreign.context) == foreign.data


@SETTINGS
@given(any_file)
def test_reading_again_gives_equal_boxes(foreign: Foreign) -> None:
    assert documents(foreign) == documents(foreign)
    for document in documents(foreign).values():
        for one in document.annotations:
            assert one.origin is not None
            assert one.id == f"00{FILE:08x}{one.origin.position:08x}"


@SETTINGS
@given(any_file, st.data())
def test_a_box_changed_and_changed_back_leaves_the_same_file(foreign: Foreign, data: st.DataObject) -> None:
    pages = documents(foreign)
    for image, document in pages.items():
        for one in document.annotations:
            moved = edits.resize(document, one.id, data.draw(corners))
            if moved:
                back = apply(apply(document, moved), moved.inverse())
                assert written(foreign, {image: back}) == foreign.data


# -- something changed -----------------------------------------------------------------------------------------------


@st.composite
def changes(draw: st.DrawFn, document: Document) -> Document:
    """What a person may do to a photo's boxes."""
    for one in document.annotations:
        kind = draw(st.sampled_from(["leave", "leave", "resize", "relabel", "difficult", "delete"]))
        edit: Edit | None = None
        if kind == "resize":
            edit = edits.resize(document, one.id, draw(corners))
        elif kind == "relabel":
            edit = edits.relabel(document, one.id, "new")
        elif kind == "difficult":
            edit = edits.difficult(document, one.id)
        elif kind == "delete":
            edit = edits.delete(document, [one.id])
        document = apply(document, edit) if edit else document
    for _ in range(draw(st.integers(0, 2))):
        added = edits.add(document, draw(corners), "psoriasis")
        document = apply(document, added) if added else document
    return apply(document, edits.verify(document)) if draw(st.booleans()) else document


@settings(max_examples=150, deadline=None)
@given(any_file, st.data())
def test_a_changed_file_says_the_new_and_keeps_the_rest(foreign: Foreign, data: st.DataObject) -> None:
    before = documents(foreign)
    after = {image: data.draw(changes(document)) for image, document in before.items()}
    changed = replace(foreign, data=written(foreign, after))
    found = documents(changed)
    assert list(found) == list(before)
    for image, document in after.items():
        assert_same(foreign, found[image], document)
    kept = {one.origin.position for d in after.values() for one in d.annotations if one.origin}
    words_left = [word for n, unknown in enumerate(foreign.kept) if n in kept for word in unknown]
    for word in (*foreign.kept_always, *words_left):
        assert changed.data.count(encoded(word, foreign.data)) == 1
    gone = [word for n, unknown in enumerate(foreign.kept) if n not in kept for word in unknown]
    assert not any(encoded(word, foreign.data) in changed.data for word in gone)
    assert written(changed, found) == changed.data


def encoded(word: str, data: bytes) -> bytes:
    return word.encode("utf-16-le" if data.startswith(b"\xff\xfe") else "ascii")


def assert_same(foreign: Foreign, found: Document, wanted: Document) -> None:
    """The boxes in the file's order: what stayed, then what is new."""
    order = [a for a in wanted.annotations if a.origin] + [a for a in wanted.annotations if not a.origin]
    slack = 1.0 if foreign.whole else 1e-5 if foreign.format != "yolo" else WIDTH * 2e-6
    assert len(found.annotations) == len(order)
    for new, old in zip(found.annotations, order, strict=True):
        assert new.label == old.label
        for a, b in zip(new.box.as_list(), old.box.as_list(), strict=True):
            assert abs(a - b) <= slack, (new, old)
        if foreign.format in WITH_DIFFICULT:
            assert new.difficult == old.difficult
    if foreign.format in WITH_VERIFIED:
        assert found.verified == wanted.verified


@settings(max_examples=100, deadline=None)
@given(any_file, st.data())
def test_one_changed_box_touches_nothing_before_and_behind_it(foreign: Foreign, data: st.DataObject) -> None:
    pages = [(i, d, a) for i, d in documents(foreign).items() for a in d.annotations]
    if not pages:
        return
    image, document, one = data.draw(st.sampled_from(pages))
    edit = edits.resize(document, one.id, data.draw(corners))
    if edit is None:
        return
    new = written(foreign, {image: apply(document, edit)})
    a, b = foreign.data, new
    start = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    end = next((n for n, (x, y) in enumerate(zip(a[::-1], b[::-1], strict=False)) if x != y), min(len(a), len(b)))
    inside = a[start : len(a) - end]
    for _, _, other in pages:
        if other.id != one.id:
            assert token(foreign, other.label) not in inside


def token(foreign: Foreign, label: str) -> bytes:
    """Something of a shape that is nowhere else in the file."""
    number = label.rpartition("#")[2]
    if foreign.format == "yolo":
        return f"\n{number} 0".encode()
    return encoded(f"#{number}", foreign.data)


# -- files of our own ------------------------------------------------------------------------------------------------

inside = st.tuples(*[st.integers(1, 90)] * 4).map(lambda v: (v[0], v[1], v[0] + v[2], v[1] + v[3]))
own_shapes = st.lists(st.builds(lambda *values: Shape(*values), words, inside, st.booleans()), max_size=4).map(tuple)
own_pages = st.builds(
    lambda shapes, verified: [
        Page("照片 1.jpg", WIDTH, HEIGHT, shapes[0], verified),
        Page("b.png", WIDTH, HEIGHT, shapes[1]),
    ],
    st.tuples(own_shapes, own_shapes),
    st.booleans(),
)


@SETTINGS
@given(st.sampled_from(FORMATS), own_pages)
def test_files_of_our_own_say_what_they_were_made_of(format: Format, pages: Sequence[Page]) -> None:
    made = fresh(format, pages, Context())
    sizes = {"照片 1": (WIDTH, HEIGHT), "b": (WIDTH, HEIGHT)}
    classes = needed_classes((s.label for p in pages for s in p.shapes), Context())
    context = Context(classes, sizes, {"照片 1": "照片 1.jpg", "b": "b.png"})
    found = {}
    for name, data in made.items():
        if name not in ("classes.txt", "data.yaml"):
            found.update({p.image: p for p in read(format, data, name, context).pages})
    assert set(found) == {"照片 1.jpg", "b.png"}
    for page in pages:
        for new, old in zip(found[page.image].shapes, page.shapes, strict=True):
            assert new.label == old.label
            assert new.corners == pytest.approx(old.corners, abs=1e-3)
            if format in WITH_DIFFICULT:
                assert new.difficult == old.difficult
        if format in WITH_VERIFIED:
            assert found[page.image].verified == page.verified


def test_a_set_of_yolo_files_brings_its_class_list() -> None:
    made = fresh("yolo", [Page("a.jpg", 100, 100, (Shape("ecz: ema", (0, 0, 50, 50)),))], Context(("银屑病",)))
    assert made["classes.txt"].decode() == "银屑病\necz: ema\n"
    assert made["data.yaml"].decode() == 'nc: 2\nnames:\n  0: "银屑病"\n  1: "ecz: ema"\n'
    assert made["a.txt"] == b"1 0.250000 0.250000 0.500000 0.500000\n"


def test_two_photos_of_one_stem_do_not_share_a_file() -> None:
    made = fresh("voc", [Page("a.jpg", 9, 9), Page("a.png", 9, 9), Page("deep/a.jpg", 9, 9)], Context())
    assert list(made) == ["a.xml", "a-2.xml", "a-3.xml"]
    assert b"<path>a.jpg</path>" in made["a-3.xml"]


# -- labels ----------------------------------------------------------------------------------------------------------


def test_a_word_of_the_same_disease_is_no_change_and_new_boxes_use_the_files_word() -> None:
    data = fresh("coco", [Page("a.jpg", 99, 99, (Shape("Psoriasis", (0, 0, 50, 50)),))], Context())["annotations.json"]
    context = Context(label=label_of(load_pack()))
    (page,) = read("coco", data, "x.json", context).pages
    document = Document(99, 99, annotations_of(page, 99, 99, context.label, FILE))
    assert document.annotations[0].label == "psoriasis"
    assert rewritten("coco", data, "x.json", [target("a.jpg", document)], context) == data
    added = edits.add(document, Box(1, 1, 20, 20), "psoriasis")
    assert added is not None
    new = json.loads(rewritten("coco", data, "x.json", [target("a.jpg", apply(document, added))], context))
    assert [c["name"] for c in new["categories"]] == ["Psoriasis"]
    assert [a["category_id"] for a in new["annotations"]] == [1, 1]


def test_the_order_of_classes_is_never_changed() -> None:
    context = Context(("b", "a", "b"), {"x": (100, 100)})
    data = b"2 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2 0.2\n"
    sheet = read("yolo", data, "x.txt", context)
    assert [s.label for s in sheet.pages[0].shapes] == ["b", "b"]
    changed = [(0, sheet.pages[0].shapes[0]), (1, sheet.pages[0].shapes[1]._replace(label="a"))]
    new = rewritten("yolo", data, "x.txt", [TargetPage("x", 100, 100, False, tuple(changed))], context)
    assert new == b"2 0.5 0.5 0.2 0.2\n1 0.5 0.5 0.2 0.2\n"
    with pytest.raises(UserError) as caught:
        rewritten("yolo", data, "x.txt", [TargetPage("x", 9, 9, False, ((None, Shape("c", (0, 0, 5, 5))),))], context)
    assert caught.value.code == "class_not_in_list"
    assert needed_classes(["c", "a", "c"], context) == ("b", "a", "b", "c")


def test_unlabelled_boxes_are_lesions_in_a_file() -> None:
    label = label_of(load_pack())
    assert (label("lesion"), label(""), label("LP"), label("foreign")) == ("", "", "lichen_planus", "foreign")
    assert (word_of(""), word_of("eczema")) == ("lesion", "eczema")


# -- geometry that is not a box ---------------------------------------------------------------------------------------


def test_flipped_and_outlying_boxes_are_put_right_and_the_file_is_left_alone() -> None:
    page = Page(
        "a.jpg", 100, 80, (Shape("a", (50, 60, -10, 20)), Shape("b", (5, 5, 5, 30)), Shape("c", (90, 9, 120, 99)))
    )
    data = fresh("coco", [page], Context())["annotations.json"].replace(b"[50, 60, -60, -40]", b"[50, 60, -60, -40]")
    (found,) = read("coco", data, "x", Context()).pages
    document = Document(100, 80, annotations_of(found, 100, 80, label_of(None), FILE))
    assert [a.box.as_list() for a in document.annotations] == [[0, 20, 50, 60], [5, 5, 5, 30], [90, 9, 100, 80]]
    assert rewritten("coco", data, "x", [target("a.jpg", document)], Context()) == data


def test_a_polygon_goes_along_with_its_box(shape_files: dict[str, bytes]) -> None:
    for format, data in shape_files.items():
        (page,) = read(format, data, "x", Context()).pages  # type: ignore[arg-type]
        document = Document(320, 240, annotations_of(page, 320, 240, label_of(None), FILE))
        (one,) = document.annotations
        edit = edits.move_to(document, one.id, Box(110, 120, 150, 200))
        assert edit is not None
        new = rewritten(format, data, "x", [target(page.image, apply(document, edit))], Context())  # type: ignore[arg-type]
        (moved,) = read(format, new, "x", Context()).pages[0].shapes  # type: ignore[arg-type]
        assert moved.corners == (110, 120, 150, 200)
        assert moved.outline[0] == ((110, 120), (150, 140), (130, 200)), format


@pytest.fixture
def shape_files() -> dict[str, bytes]:
    ring = ((10.0, 20.0), (30.0, 30.0), (20.0, 60.0))
    page = Page("a.jpg", 320, 240, (Shape("a", (10, 20, 30, 60), outline=(ring,)),))
    made = {f: next(iter(fresh(f, [page], Context()).values())) for f in ("coco", "labelme", "xanylabeling")}
    polygon = b"<polygon><x1>10.0</x1><y1>20.0</y1><x2>30</x2><y2>30</y2><x3>20.0</x3><y3>60.0</y3></polygon>"
    voc = fresh("voc", [page], Context())["a.xml"]
    return {**made, "voc": voc.replace(b"\t</object>", b"\t\t" + polygon + b"\n\t</object>")}


def test_the_pages_position_must_be_the_files() -> None:
    data = fresh("voc", [Page("a.jpg", 9, 9)], Context())["a.xml"]
    with pytest.raises(ValueError, match="no such shapes"):
        rewritten("voc", data, "x", [TargetPage("a.jpg", 9, 9, False, ((3, Shape("a", (0, 0, 5, 5))),))], Context())


def test_a_file_for_another_photo_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        annotations_of(Page("a.jpg", 480, 640), 640, 480, label_of(None), None)
    assert caught.value.code == "annotation_other_size"


def test_a_box_of_another_file_is_new_in_this_one() -> None:
    one = Annotation("1", Box(0, 0, 5, 5), "a")
    document = Document(9, 9, (one,))
    page = Page("a", 9, 9, (Shape("a", (0, 0, 5, 5), position=0),))
    (read_here,) = annotations_of(page, 9, 9, label_of(None), FILE)
    both = replace(document, annotations=(one, read_here))
    assert [p for p, _ in shapes_of(both, word_of, FILE)] == [0, None]
    assert [p for p, _ in shapes_of(both, word_of, FILE + 1)] == [None, None]


# -- other programs --------------------------------------------------------------------------------------------------


def test_real_labelimg_files_come_back_byte_for_byte(shared_data: Path) -> None:
    """BCCD: 364 files, three of them in another tool's indentation."""
    found = sorted((shared_data / "bccd_voc" / "Annotations").glob("*.xml"))
    if not found:
        pytest.skip("no BCCD here")
    context = Context(label=label_of(None))
    for file in found:
        data = file.read_bytes()
        (page,) = read("voc", data, file.name, context).pages
        size = page.width, page.height
        document = Document(*size, annotations_of(page, *size, context.label, FILE), page.verified)
        assert rewritten("voc", data, file.name, [target(page.image, document)], context) == data
        root = ElementTree.fromstring(data)
        assert [s.label for s in page.shapes] == [o.findtext("name") for o in root.iter("object")]


def test_labelimgs_own_bytes_are_made_anew(shared_data: Path) -> None:
    """What labelImg wrote is written the same by us, up to the path that we do not tell."""
    found = sorted((shared_data / "bccd_voc" / "Annotations").glob("*.xml"))
    if not found:
        pytest.skip("no BCCD here")
    same = 0
    for file in found:
        data = file.read_bytes()
        (page,) = read("voc", data, file.name, Context()).pages
        (made,) = fresh("voc", [page], Context()).values()
        same += without_places(made) == without_places(data)
    assert same == 361


def without_places(data: bytes) -> list[bytes]:
    return [line for line in data.splitlines() if b"<folder" not in line and b"<path" not in line]


def test_whole_set_formats_take_a_new_photo() -> None:
    for format in sorted(WHOLE_SET):
        data = fresh(format, [], Context())["annotations.json"]
        for image in ("a.jpg", "照片.jpg"):
            new = TargetPage(image, 50, 40, verified=True, shapes=((None, Shape("湿疹", (1, 2, 3, 4))),))
            data = rewritten(format, data, "annotations.json", [new], Context())
        pages = read(format, data, "annotations.json", Context()).pages
        assert [p.image for p in pages] == ["a.jpg", "照片.jpg"]
        assert [p.shapes[0].label for p in pages] == ["湿疹", "湿疹"]
        assert [p.shapes[0].position for p in pages] == [0, 1]
