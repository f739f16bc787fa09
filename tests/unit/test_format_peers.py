"""Files that labelImg, labelme, X-AnyLabeling and pycocotools wrote (tests/fixtures/peers); pycocotools as a reader."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest

from app.annotation import edits
from app.annotation.document import Document, apply
from app.annotation.formats import (
    Context,
    Format,
    Page,
    Shape,
    TargetPage,
    annotations_of,
    detect,
    files_of,
    fresh,
    label_of,
    read,
    read_classes,
    rewritten,
    shapes_of,
    word_of,
)
from app.annotation.formats.boxes import extent
from app.common.geometry import Box

PEERS = Path(__file__).parents[1] / "fixtures" / "peers"
BOXES = json.loads((PEERS / "boxes.json").read_text(encoding="utf-8"))
SIZE = (320, 240)
FOLDERS: dict[str, Format] = {
    "labelimg/voc": "voc",
    "labelimg/yolo": "yolo",
    "labelimg/createml": "createml",
    "labelme": "labelme",
    "xanylabeling/json": "xanylabeling",
    "xanylabeling/voc": "voc",
    "xanylabeling/yolo": "yolo",
    "xanylabeling/coco": "coco",
    "pycocotools": "coco",
}
FILES = [(format, file) for folder, format in FOLDERS.items() for file in files_of(PEERS / folder, format)]


def context_of(file: Path) -> Context:
    classes = file.parent / "classes.txt"
    names = read_classes(classes.read_bytes(), "classes.txt") if classes.exists() else ()
    return Context(names, {Path(n).stem: SIZE for n in BOXES}, {Path(n).stem: n for n in BOXES}, label_of(None))


def pages_of(format: Format, file: Path) -> tuple[Page, ...]:
    return read(format, file.read_bytes(), file.name, context_of(file)).pages


@pytest.mark.parametrize(("format", "file"), FILES, ids=lambda v: v if isinstance(v, str) else "-".join(v.parts[-2:]))
def test_the_boxes_are_read_and_the_file_comes_back(format: Format, file: Path) -> None:
    data, context = file.read_bytes(), context_of(file)
    assert detect(file) == format
    targets = []
    for page in read(format, data, file.name, context).pages:
        photo = page.photo_name
        expected = BOXES[photo] if "pycocotools" not in file.parts else []
        for shape, (label, corners, difficult) in zip(page.shapes, expected, strict=False):
            assert shape.label == label
            assert shape.corners == pytest.approx(corners, abs=1.0)
            if "xanylabeling" in file.parts and format != "yolo":
                assert shape.difficult == difficult
        document = Document(*SIZE, annotations_of(page, *SIZE, context.label, 3), page.verified)
        targets.append(TargetPage(page.image, *SIZE, document.verified, shapes_of(document, word_of, 3)))
    assert rewritten(format, data, file.name, targets, context) == data


@pytest.mark.parametrize(("format", "file"), FILES, ids=lambda v: v if isinstance(v, str) else "-".join(v.parts[-2:]))
def test_every_box_moved_is_found_where_it_went(format: Format, file: Path) -> None:
    data, context = file.read_bytes(), context_of(file)
    for page in read(format, data, file.name, context).pages:
        document = Document(*SIZE, annotations_of(page, *SIZE, context.label, 3), page.verified)
        for one in document.annotations:
            edit = edits.resize(document, one.id, Box(100, 50, 180, 140))
            assert edit is not None
            moved = apply(document, edit)
            target = TargetPage(page.image, *SIZE, page.verified, shapes_of(moved, word_of, 3))
            new = rewritten(format, data, file.name, [target], context)
            found = next(p for p in read(format, new, file.name, context).pages if p.image == page.image)
            assert one.origin is not None
            changed = next(s for s in found.shapes if s.position == one.origin.position)
            assert changed.corners == pytest.approx((100, 50, 180, 140), abs=1e-3)
            others = {s.position: s for s in found.shapes if s.position != one.origin.position}
            assert others == {s.position: s for s in page.shapes if s.position != one.origin.position}


def test_labelmes_kinds_have_their_extents_and_outlines() -> None:
    (page,) = pages_of("labelme", PEERS / "labelme" / "phantom 1.json")
    polygon, circle, line, strip, point, mask, turned = page.shapes[2:]
    assert polygon.corners == (50.5, 60.25, 90.75, 100.5)
    assert len(polygon.outline[0]) == 4
    assert circle.corners == (130, 100, 170, 140)
    assert (line.corners, line.outline) == ((10, 10, 40, 60), ())
    assert strip.outline == (((200, 20), (230, 30), (220, 60), (230, 30)),)
    assert point.corners == (300.5, 200.5, 300.5, 200.5)
    assert mask.corners == (100, 180, 131, 201)
    assert np.ptp([x for ring in mask.outline for x, _ in ring]) == 31
    assert turned.corners == (210, 150, 260, 190)


def test_masks_of_pycocotools_packed_and_plain_are_the_same_disc() -> None:
    (page,) = pages_of("coco", PEERS / "pycocotools" / "instances.json")
    packed, plain, polygon, bare = page.shapes
    assert packed.outline == plain.outline
    ring = np.array(packed.outline[0])
    assert [*ring.min(0), *ring.max(0)] == pytest.approx(
        [packed.corners[0], packed.corners[1], packed.corners[2], packed.corners[3]]
    )
    assert polygon.outline[0][0] == (50.5, 60.25)
    assert bare.outline == ()


@pytest.mark.parametrize("seed", range(8))
def test_run_lengths_agree_with_pycocotools(seed: int) -> None:
    from pycocotools import mask as masks

    from app.annotation.formats.masks import _unpacked, rle_rings

    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 60)), int(rng.integers(1, 60)))
    mask = (rng.random(shape) < rng.choice([0.02, 0.5, 0.98])).astype(np.uint8)
    packed = masks.encode(np.asfortranarray(mask))
    runs = _unpacked(packed["counts"].decode("ascii"))
    flat = np.repeat(np.arange(len(runs)) % 2, runs)
    assert np.array_equal(flat.reshape(shape[::-1]).T, mask)
    points = [p for ring in rle_rings({"size": list(shape), "counts": runs}) for p in ring]
    x, y, w, h = masks.toBbox(packed)
    if w > 1 and h > 1:
        assert extent(tuple(points)) == pytest.approx((x, y, x + w, y + h))


def test_a_mask_whose_box_changes_gives_way_to_the_box() -> None:
    file = PEERS / "pycocotools" / "instances.json"
    data = file.read_bytes()
    (page,) = pages_of("coco", file)
    shapes = [(s.position, s) for s in page.shapes]
    shapes[1] = (1, page.shapes[1]._replace(corners=(10, 20, 30, 50)))
    target = TargetPage(page.image, *SIZE, False, tuple(shapes))
    new = json.loads(rewritten("coco", data, "x", [target], Context()))
    assert new["annotations"][1]["segmentation"] == [[10, 20, 30, 20, 30, 50, 10, 50]]
    assert (new["annotations"][1]["iscrowd"], new["annotations"][1]["area"]) == (0, 600)
    assert new["annotations"][0] == json.loads(data)["annotations"][0]


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # pycocotools with numpy 2
def test_pycocotools_reads_what_we_write(tmp_path: Path) -> None:
    from pycocotools.coco import COCO

    ring = ((10.0, 10.0), (60.0, 10.0), (60.0, 60.0))
    pages = [
        Page("体模 1.jpg", 320, 240, (Shape("银屑病", (10, 10, 60, 60), outline=(ring,)), Shape("a", (1, 2, 3.5, 4)))),
        Page("b.jpg", 320, 240, (Shape("a", (0, 0, 320, 240), difficult=True),)),
    ]
    file = tmp_path / "annotations.json"
    file.write_bytes(fresh("coco", pages, Context())["annotations.json"])
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(file))
    assert [c["name"] for c in coco.loadCats(coco.getCatIds())] == ["银屑病", "a"]
    assert coco.loadAnns(coco.getAnnIds())[1]["bbox"] == [1, 2, 2.5, 2]
    assert coco.annToMask(coco.loadAnns([1])[0]).sum() == pytest.approx(1250, rel=0.05)


def test_what_labelimg_writes_is_what_we_write() -> None:
    """Byte for byte, but for the photo's place."""
    for file in files_of(PEERS / "labelimg" / "voc", "voc"):
        data = file.read_text(encoding="utf-8")
        (page,) = pages_of("voc", file)
        (made,) = fresh("voc", [page], Context()).values()
        theirs = data.replace("<folder>photos</folder>", "<folder/>").replace("<path>photos/", "<path>")
        assert made.decode() == theirs


def test_what_labelme_and_x_anylabeling_write_is_what_we_write() -> None:
    """Rectangles and polygons; the rest of labelme's kinds becomes polygons."""
    for folder, format, name in (
        ("labelme", "labelme", "体模_2.json"),
        ("xanylabeling/json", "xanylabeling", "体模_2.json"),
    ):
        file = PEERS / folder / name
        (page,) = pages_of(format, file)  # type: ignore[arg-type]
        (made,) = fresh(format, [page], Context()).values()  # type: ignore[arg-type]
        theirs = json.loads(file.read_bytes())
        theirs["imagePath"] = page.photo_name
        theirs["flags"] = {}
        ours = json.loads(made)
        assert ours == theirs
        assert list(ours) == [k for k in theirs if k in ours]
        assert list(ours["shapes"][0]) == list(theirs["shapes"][0])


def test_class_lists_in_the_encodings_that_labelimg_writes() -> None:
    names = ("银屑病", "湿疹", "a b")
    text = "".join(f"{n}\n" for n in names)
    for encoding in ("utf-8", "utf-8-sig", "gb2312"):
        assert read_classes(text.encode(encoding), "classes.txt") == names
    assert read_classes(text.replace("\n", "\r\n").encode(), "classes.txt") == names
    assert read_classes(b"a\n\nb\n\n", "classes.txt") == ("a", "", "b")
    assert read_classes(b"", "classes.txt") == ()
