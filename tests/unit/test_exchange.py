"""Boxes in and out of a workspace: matched, merged, refused in whole, and back byte for byte in every format."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.annotation.document import Annotation, Edit, new_id
from app.annotation.formats import FORMATS, WHOLE_SET, Context, Format, Page, Shape, annotations_of, fresh
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.images import encode_jpeg
from app.common.packs import load_pack
from app.common.workspace import Workspace, open_workspace
from app.datasets import store
from app.datasets.exchange.anonymous import export_anonymous
from app.datasets.exchange.box_files import PageOf
from app.datasets.exchange.box_sets import ImportOptions
from app.datasets.exchange.bulk_boxes import insert_pages
from app.datasets.exchange.exporting import ExportResult, export_boxes
from app.datasets.exchange.importing import ImportedBoxes, import_boxes
from app.datasets.records import NewImage
from app.datasets.store import Store, open_store
from db.tables import AnnotationFile
from tests.contract import CommandLine

SIZE = (160, 120)
CLASSES = ("psoriasis", "eczema")


@pytest.fixture
def opened(workspace: Workspace) -> Iterator[Store]:
    opened = open_store(workspace)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace to be copied: making the tables takes longer than the rest of a test."""
    root = tmp_path_factory.mktemp("exchange") / "empty"
    open_store(open_workspace(root)).close()
    return root


def add_photos(opened: Store, *names: str) -> tuple[int, ...]:
    with opened.write("li") as s:
        return tuple(
            store.add_image(s, NewImage(name, f"{new_id()}.jpg", width=SIZE[0], height=SIZE[1])) for name in names
        )


def shape(x: float, label: str = "eczema") -> Shape:
    return Shape(label, (x, 20, x + 30, 70))


def foreign(folder: Path, format: Format, *pages: Page, classes: tuple[str, ...] = CLASSES) -> Path:
    """As another program would have written them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in fresh(format, pages, Context(classes)).items():
        (folder / name).write_bytes(data)
    return folder


def page(name: str, *shapes: Shape, verified: bool = False) -> Page:
    return Page(name, *SIZE, shapes, verified)


def bring(opened: Store, workspace: Workspace, path: Path, format: Format, **options: Any) -> ImportedBoxes:
    return import_boxes(opened, workspace, path, format, "li", ImportOptions(**options))


def export(opened: Store, out: Path, format: Format) -> ExportResult:
    with opened.read() as s:
        return export_boxes(s, out, format)


def edit(opened: Store, photo: int, made: Edit) -> None:
    with opened.write("li") as s:
        store.apply_edit(s, photo, made)


def boxes(opened: Store, photo: int) -> tuple[Annotation, ...]:
    with opened.read() as s:
        return store.boxes_of(s, photo)


def said(opened: Store, photo: int) -> list[tuple[float, str]]:
    return sorted((round(a.box.x0), a.label) for a in boxes(opened, photo))


def contents(folder: Path) -> dict[str, bytes]:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def code(caught: pytest.ExceptionInfo[UserError]) -> str:
    assert caught.value.what
    assert caught.value.remedy
    return caught.value.code


# -- in and out ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_what_nobody_changed_comes_back_byte_for_byte(
    opened: Store, workspace: Workspace, tmp_path: Path, format: Format
) -> None:
    first, second, third = add_photos(opened, "照片 1.jpg", "b.jpg", "c.jpg")
    pages = (
        page("照片 1.jpg", shape(10), shape(60, "psoriasis")),
        page("b.jpg", shape(20), verified=True),
        page("c.jpg"),
    )
    source = foreign(tmp_path / "in", format, *pages)
    result = bring(opened, workspace, source, format)
    assert (result.images, result.boxes, result.linked, result.failed) == (3, 3, 0, ())
    assert said(opened, first) == [(10, "eczema"), (60, "psoriasis")]
    again = bring(opened, workspace, source, format)
    assert (again.images, again.boxes, again.failed) == (0, 0, ())
    assert export(opened, tmp_path / "out", format) == ExportResult(3, 3)
    assert contents(tmp_path / "out") == contents(source)
    assert boxes(opened, third) == ()
    with opened.read("li") as s:
        assert not store.journal(s).undoable
    (box,) = boxes(opened, second)
    edit(opened, second, Edit("relabel", (box,), (replace(box, label="psoriasis"),)))
    export(opened, tmp_path / "changed", format)
    changed = contents(tmp_path / "changed")
    differing = [name for name, data in contents(source).items() if changed[name] != data]
    assert len(differing) == 1
    assert changed.keys() == contents(source).keys()
    with opened.write("li") as s:
        store.undo(s)
    export(opened, tmp_path / "undone", format)
    assert contents(tmp_path / "undone") == contents(source)


SHAPES = st.builds(
    lambda x, y, w, h, label: Shape(label, (x, y, x + w, y + h)),
    *(st.integers(0, 70), st.integers(0, 50), st.integers(0, 80), st.integers(0, 60), st.sampled_from(CLASSES)),
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(pages=st.lists(st.lists(SHAPES, max_size=5), min_size=1, max_size=4), data=st.data())
@pytest.mark.parametrize("format", FORMATS)
def test_any_boxes_and_any_edits(
    tmp_path_factory: pytest.TempPathFactory,
    empty: Path,
    format: Format,
    pages: list[list[Shape]],
    data: st.DataObject,
) -> None:
    """Unchanged: the same bytes. Changed: what is exported is read into another workspace as the same boxes."""
    folder = tmp_path_factory.mktemp("any")
    workspace = open_workspace(shutil.copytree(empty, folder / "w"))
    opened = open_store(workspace)
    names = [f"{n}.jpg" for n in range(len(pages))]
    ids = add_photos(opened, *names)
    source = foreign(folder / "in", format, *(page(n, *shapes) for n, shapes in zip(names, pages, strict=True)))
    bring(opened, workspace, source, format)
    export(opened, folder / "same", format)
    assert contents(folder / "same") == contents(source)
    for photo in ids:
        for one in boxes(opened, photo):
            what = data.draw(st.sampled_from(["stay", "delete", "relabel", "move"]))
            if what == "delete":
                edit(opened, photo, Edit("delete", before=(one,)))
            elif what != "stay":
                label = "psoriasis" if what == "relabel" else one.label
                box = one.box.moved(1, 2) if what == "move" else one.box
                after = replace(one, label=label, box=box.clipped(*SIZE))
                if after != one:
                    edit(opened, photo, Edit("relabel", (one,), (after,)))
        if data.draw(st.booleans()):
            drawn = Annotation(new_id(), Box(5, 6, 50, 60), "lichen_planus")
            edit(opened, photo, Edit("add", after=(drawn,)))
    expected = [said(opened, photo) for photo in ids]
    export(opened, folder / "changed", format)
    opened.close()
    other = open_workspace(shutil.copytree(empty, folder / "other"))
    opened = open_store(other)
    ids = add_photos(opened, *names)
    assert bring(opened, other, folder / "changed", format).failed == ()
    assert [said(opened, photo) for photo in ids] == expected
    opened.close()


def test_the_real_files_come_back_by_the_command_line(
    shared_data: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    squama = CommandLine(capsysbinary)
    there = ("--workspace", tmp_path / "w")
    source = shared_data / "bccd_voc" / "Annotations"
    assert squama.refused("annotations", "import", source, "--format", "voc", *there) == "unknown_labels"
    new = ("--new-pack", "cells")
    found = squama("annotations_import", "annotations", "import", source, "--format", "voc", *new, *there)
    assert found == {"images": 364, "boxes": 4888, "failed": []}
    assert load_pack("cells", tmp_path / "w" / "packs").keys == ("WBC", "RBC", "Platelets")
    out = tmp_path / "out"
    found = squama("annotations_export", "annotations", "export", out, "--format", "voc", *there)
    assert found == {"images": 364, "boxes": 4888}
    assert contents(out) == contents(source)
    squama("annotations_export", "annotations", "export", tmp_path / "coco", "--format", "coco", *there)
    raw = json.loads((tmp_path / "coco" / "annotations.json").read_text())
    assert [c["name"] for c in raw["categories"]] == ["WBC", "RBC", "Platelets"]
    assert (len(raw["images"]), len(raw["annotations"])) == (364, 4888)
    squama("dataset_freeze", "dataset", "freeze", "cells", *there)
    frozen = squama("dataset_show", "dataset", "show", "cells", *there)
    assert frozen["classes"] == ["WBC", "RBC", "Platelets"]
    assert sum(len(image["boxes"]) for image in frozen["images"]) == 4886  # two have no area


def test_coco_is_read_by_pycocotools(opened: Store, workspace: Workspace, tmp_path: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    (photo,) = add_photos(opened, "a.jpg")
    edit(opened, photo, Edit("add", after=(Annotation(new_id(), Box(10.25, 20, 50.5, 61), "psoriasis"),)))
    export(opened, tmp_path / "out", "coco")
    read = coco.COCO(str(tmp_path / "out" / "annotations.json"))
    (one,) = read.loadAnns(read.getAnnIds())
    assert one["bbox"] == [10.25, 20, 40.25, 41]
    assert read.loadCats(one["category_id"])[0]["name"] == "psoriasis"
    assert [c["name"] for c in read.loadCats(read.getCatIds())] == list(load_pack().keys)


# -- labels ----------------------------------------------------------------------------------------------------------


def test_an_unknown_label_stops_everything_before_anything_is_written(
    opened: Store, workspace: Workspace, tmp_path: Path, photo_file: Path
) -> None:
    source = foreign(photo_file.parent, "voc", page(photo_file.name, shape(10, "wart"), shape(50, "wart"), shape(90)))
    before = contents(workspace.root).keys()
    with pytest.raises(UserError) as caught:
        bring(opened, workspace, source, "voc")
    assert code(caught) == "unknown_labels"
    assert "wart (2)" in caught.value.what
    with opened.read() as s:
        assert store.image_rows(s) == ()
    assert contents(workspace.root).keys() == before


def test_an_unknown_label_is_added_as_a_persons_answer(opened: Store, workspace: Workspace, tmp_path: Path) -> None:
    (photo,) = add_photos(opened, "a.jpg")
    source = foreign(tmp_path / "in", "coco", page("a.jpg", shape(10, "wart"), shape(50, "PSO")))
    bring(opened, workspace, source, "coco", on_unknown="add")
    assert said(opened, photo) == [(10, "wart"), (50, "psoriasis")]
    pack = load_pack("erythemato-squamous", workspace.packs)
    assert pack.keys == load_pack().keys
    assert [d.key for d in pack.more] == ["wart"]
    export(opened, tmp_path / "out", "coco")
    assert contents(tmp_path / "out") == contents(source)


def test_aliases_hold_for_their_files_only(opened: Store, workspace: Workspace, tmp_path: Path) -> None:
    one, two = add_photos(opened, "a.jpg", "b.jpg")
    first = foreign(tmp_path / "1", "voc", page("a.jpg", shape(10, "1")))
    second = foreign(tmp_path / "2", "voc", page("b.jpg", shape(10, "1")))
    bring(opened, workspace, first, "voc", aliases={"1": "银屑病"})
    bring(opened, workspace, second, "voc", aliases={"1": "eczema"})
    assert (said(opened, one), said(opened, two)) == ([(10, "psoriasis")], [(10, "eczema")])
    assert bring(opened, workspace, first, "voc", aliases={"1": "银屑病"}).images == 0
    export(opened, tmp_path / "out", "voc")
    assert contents(tmp_path / "out") == contents(first) | contents(second)


def test_a_new_pack_goes_when_the_import_fails(opened: Store, workspace: Workspace, tmp_path: Path) -> None:
    with opened.write("owner") as s:
        store.add_person(s, "reader", "annotator")
    add_photos(opened, "a.jpg")
    source = foreign(tmp_path / "in", "voc", page("a.jpg", shape(10, "wart")))
    options = ImportOptions(new_pack="warts")
    with pytest.raises(UserError) as caught:
        import_boxes(opened, workspace, source, "voc", "reader", options)
    assert code(caught) == "not_allowed"
    assert not (workspace.packs / "warts.toml").exists()
    bring(opened, workspace, source, "voc", new_pack="warts")
    with pytest.raises(UserError) as caught:
        bring(opened, workspace, source, "voc", new_pack="warts")
    assert code(caught) == "pack_exists"


def test_where_nothing_is_imported_no_pack_is_made(opened: Store, workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(b"<annotation>")
    result = bring(opened, workspace, tmp_path / "a.xml", "voc", new_pack="mine")
    assert [error.code for _, error in result.failed] == ["annotation_damaged"]
    assert not workspace.packs.exists()


def test_yolos_class_order_is_the_lists_and_never_changes(opened: Store, workspace: Workspace, tmp_path: Path) -> None:
    photo, other = add_photos(opened, "a.jpg", "new.jpg")
    source = tmp_path / "in"
    source.mkdir()
    (source / "classes.txt").write_bytes("wart\r\n银屑病\r\neczema".encode())
    (source / "data.yaml").write_bytes(
        b"# ours\npath: ../x\nnc: 3\nnames: [wart, '\xe9\x93\xb6\xe5\xb1\x91\xe7\x97\x85', eczema]\n"
    )
    (source / "a.txt").write_bytes(b"1 0.5 0.5 0.2 0.2\n2 0.25 0.25 0.1 0.1")
    bring(opened, workspace, source, "yolo", on_unknown="add")
    assert [label for _, label in said(opened, photo)] == ["eczema", "psoriasis"]
    export(opened, tmp_path / "same", "yolo")
    assert contents(tmp_path / "same") == contents(source)
    edit(opened, other, Edit("add", after=(Annotation(new_id(), Box(10, 10, 50, 50), "lichen_planus"),)))
    edit(opened, other, Edit("add", after=(Annotation(new_id(), Box(60, 10, 90, 50), "psoriasis"),)))
    export(opened, tmp_path / "more", "yolo")
    more = contents(tmp_path / "more")
    assert more["classes.txt"] == "wart\r\n银屑病\r\neczema\r\nlichen_planus\r\n".encode()
    assert more["a.txt"] == contents(source)["a.txt"]
    assert [line.split()[0] for line in more["new.txt"].decode().splitlines()] == ["3", "1"]
    assert b"lichen_planus" in more["data.yaml"]
    assert b"../x" in more["data.yaml"]


def test_a_class_list_that_was_reordered_is_a_change(opened: Store, workspace: Workspace, tmp_path: Path) -> None:
    (photo,) = add_photos(opened, "a.jpg")
    source = foreign(tmp_path / "in", "yolo", page("a.jpg", shape(10)))
    bring(opened, workspace, source, "yolo")
    (source / "classes.txt").write_text("eczema\npsoriasis\n")
    bring(opened, workspace, source, "yolo")
    assert said(opened, photo) == [(10, "psoriasis")]
    with opened.write("li") as s:
        store.undo(s)
    assert said(opened, photo) == [(10, "eczema")]


# -- photos ----------------------------------------------------------------------------------------------------------


def test_a_photo_is_found_by_the_name_inside_else_by_the_stem(
    opened: Store, workspace: Workspace, tmp_path: Path
) -> None:
    inside, by_stem, accent = add_photos(opened, "Inside.JPG", "stem.png", "Caf\u00e9.jpg")
    source = tmp_path / "in"
    for name, image in (("x.xml", "inside.jpg"), ("stem.xml", "gone.jpg"), ("y.xml", "C:\\p\\Cafe\u0301.jpg")):
        data = fresh("voc", [page("n.jpg", shape(10))], Context())["n.xml"]
        source.mkdir(exist_ok=True)
        (source / name).write_bytes(data.replace(b"n.jpg", image.encode()))
    assert bring(opened, workspace, source, "voc").images == 3
    assert all(said(opened, photo) == [(10, "eczema")] for photo in (inside, by_stem, accent))


@pytest.mark.parametrize(
    ("photos", "labels"), [(".", "."), ("JPEGImages", "Annotations"), ("images/train", "labels/train"), ("images", ".")]
)
def test_photos_beside_their_boxes_are_linked(
    opened: Store, workspace: Workspace, tmp_path: Path, photos: str, labels: str
) -> None:
    (tmp_path / photos).mkdir(parents=True, exist_ok=True)
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / photos / name).write_bytes(encode_jpeg(np.full((120, 160, 3), 90, np.uint8)))
    source = foreign(tmp_path / labels, "yolo", page("a.jpg", shape(10)), page("b.jpg", shape(20)))
    for extra in ("classes.txt", "data.yaml"):
        assert (source / extra).is_file()
    result = bring(opened, workspace, source, "yolo")
    assert (result.images, result.linked, result.failed) == (2, 2, ())
    with opened.read() as s:
        rows = store.image_rows(s)
    assert [(r.name, r.linked, r.width, r.boxes) for r in rows] == [("a.jpg", True, 160, 1), ("b.jpg", True, 160, 1)]


def test_boxes_without_a_photo_and_damaged_files_are_told_and_the_rest_comes(
    opened: Store, workspace: Workspace, tmp_path: Path
) -> None:
    (photo, *_) = add_photos(opened, "a.jpg", "wrong.jpg", "twice.jpg", "twice.jpg")
    pages = [page(f"{name}.jpg", shape(10)) for name in ("a", "none", "twice")]
    source = foreign(tmp_path / "in", "voc", *pages, Page("wrong.jpg", 999, 120, (shape(10),)))
    (source / "damaged.xml").write_bytes(b"<annotation><size>")
    result = bring(opened, workspace, source, "voc")
    assert (result.images, result.boxes) == (1, 1)
    assert {item: error.code for item, error in result.failed} == {
        "damaged.xml": "annotation_damaged",
        "none.xml": "photo_not_found",
        "twice.xml": "photo_ambiguous",
        "wrong.xml": "annotation_other_size",
    }
    assert said(opened, photo) == [(10, "eczema")]


@pytest.mark.parametrize("boxed_before", [False, True])
@pytest.mark.parametrize("format", [f for f in FORMATS if f != "yolo"])
def test_a_page_of_another_size_is_never_written_without_its_boxes(
    opened: Store, workspace: Workspace, tmp_path: Path, format: Format, boxed_before: bool
) -> None:
    """Its photo may be the wrong one: what the file said about it must not come out as "no boxes here"."""
    photo, wrong = add_photos(opened, "a.jpg", "wrong.jpg")
    for one in (photo, wrong) if boxed_before else ():
        edit(opened, one, Edit("add", after=(Annotation(new_id(), Box(1, 2, 30, 40), "psoriasis"),)))
    source = foreign(tmp_path / "in", format, page("a.jpg", shape(10)), Page("wrong.jpg", 999, 120, (shape(10),)))
    result = bring(opened, workspace, source, format)
    sizes_known = format != "createml"  # it does not say them
    assert [e.code for _, e in result.failed] == ["annotation_other_size"] * sizes_known
    export(opened, tmp_path / "out", format)
    written = contents(tmp_path / "out")
    if boxed_before:
        assert len(said(opened, wrong)) == 1 + (not sizes_known)
        return
    for name, data in contents(source).items():
        assert written.get(name, data) == data


def test_a_photo_in_the_trash_takes_no_boxes_and_gives_none(
    opened: Store, workspace: Workspace, tmp_path: Path
) -> None:
    one, _ = add_photos(opened, "a.jpg", "b.jpg")
    source = foreign(tmp_path / "in", "voc", page("a.jpg", shape(10)), page("b.jpg", shape(20)))
    bring(opened, workspace, source, "voc")
    with opened.write("li") as s:
        store.trash_images(s, [one])
    assert export(opened, tmp_path / "out", "voc") == ExportResult(1, 1)
    assert contents(tmp_path / "out").keys() == {"b.xml"}
    assert [e.code for _, e in bring(opened, workspace, source, "voc").failed] == ["photo_not_found"]


# -- photos that have boxes ------------------------------------------------------------------------------------------


def test_what_is_not_there_yet_comes_as_an_edit(opened: Store, workspace: Workspace, tmp_path: Path) -> None:
    (photo,) = add_photos(opened, "a.jpg")
    mine = Annotation(new_id(), Box(10.4, 20.2, 40.3, 70), "eczema")
    edit(opened, photo, Edit("add", after=(mine,)))
    source = foreign(tmp_path / "in", "voc", page("a.jpg", shape(10), shape(90, "psoriasis")))
    result = bring(opened, workspace, source, "voc")
    assert (result.images, result.boxes) == (1, 1)
    assert mine in boxes(opened, photo)
    assert said(opened, photo) == [(10, "eczema"), (90, "psoriasis")]
    export(opened, tmp_path / "out", "voc")
    assert contents(tmp_path / "out") == contents(source)
    with opened.write("li") as s:
        store.undo(s)
    assert boxes(opened, photo) == (mine,)


def test_the_same_boxes_in_two_formats_come_once_and_go_back_in_both(
    opened: Store, workspace: Workspace, tmp_path: Path
) -> None:
    (photo,) = add_photos(opened, "a.jpg")
    one = page("a.jpg", shape(10), shape(60, "psoriasis"))
    sources = {format: foreign(tmp_path / format, format, one) for format in FORMATS}
    for format, source in sources.items():
        bring(opened, workspace, source, format)
    assert said(opened, photo) == [(10, "eczema"), (60, "psoriasis")]
    for format, source in sources.items():
        export(opened, tmp_path / f"{format}-out", format)
        assert contents(tmp_path / f"{format}-out") == contents(source)


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_that_changed_is_merged_with_what_was_done_here(
    opened: Store, workspace: Workspace, tmp_path: Path, format: Format
) -> None:
    first, second = add_photos(opened, "a.jpg", "b.jpg")
    source = tmp_path / "in"
    foreign(source, format, page("a.jpg", shape(10), shape(60)), page("b.jpg", shape(20)))
    bring(opened, workspace, source, format)
    mine = boxes(opened, first)[0]
    edit(opened, first, Edit("relabel", (mine,), (replace(mine, label="psoriasis"),)))
    foreign(source, format, page("a.jpg", shape(10), shape(62)), page("b.jpg", shape(20), shape(99)))
    result = bring(opened, workspace, source, format)
    assert (result.boxes, result.failed) == (1, ())
    assert said(opened, first) == [(10, "psoriasis"), (62, "eczema")]
    assert said(opened, second) == [(20, "eczema"), (99, "eczema")]
    foreign(source, format, page("a.jpg", shape(14), shape(62)), page("b.jpg", shape(20), shape(99)))
    result = bring(opened, workspace, source, format)
    assert [error.code for _, error in result.failed] == ["sidecar_conflict"]
    assert said(opened, first) == [(10, "psoriasis"), (62, "eczema")]


def test_two_folders_with_the_same_names_come_back_apart(opened: Store, workspace: Workspace, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jpg").write_bytes(encode_jpeg(np.full((120, 160, 3), 90, np.uint8)))
        foreign(tmp_path / folder, "voc", page("a.jpg", shape(10 if folder == "one" else 50)))
        with opened.write("li") as s:
            store.link_images(s, [tmp_path / folder / "a.jpg"])
    for folder in ("one", "two"):
        assert bring(opened, workspace, tmp_path / folder, "voc").failed == ()
    export(opened, tmp_path / "out", "voc")
    out = contents(tmp_path / "out")
    assert out["a.xml"] == (tmp_path / "one" / "a.xml").read_bytes()
    assert out["set-2/a.xml"] == (tmp_path / "two" / "a.xml").read_bytes()


def test_somebody_elses_nodes_stay_when_one_box_is_changed(opened: Store, workspace: Workspace, tmp_path: Path) -> None:
    (photo,) = add_photos(opened, "a.jpg")
    text = (
        "<?xml version='1.0'?>\r\n<annotation note='x'>\r\n"
        " <filename>a.jpg</filename><mine a='1'><!-- hm --></mine>\r\n"
        " <object><name>eczema</name><secret>7</secret><bndbox><xmin>10.50</xmin><ymin>20</ymin><xmax>40</xmax>"
        "<ymax>70</ymax></bndbox></object>\r\n</annotation>"
    )
    (tmp_path / "a.xml").write_bytes(text.encode())
    bring(opened, workspace, tmp_path / "a.xml", "voc")
    (box,) = boxes(opened, photo)
    edit(opened, photo, Edit("relabel", (box,), (replace(box, label="psoriasis"),)))
    export(opened, tmp_path / "out", "voc")
    assert (tmp_path / "out" / "a.xml").read_bytes() == text.replace("eczema", "psoriasis").encode()


# -- for somebody outside --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_an_anonymous_export_says_nothing_of_the_photos(
    opened: Store, workspace: Workspace, tmp_path: Path, format: Format
) -> None:
    first, second = add_photos(opened, "张三 Wang.jpg", "李四.JPG")
    source = foreign(tmp_path / "李四", format, page("张三 Wang.jpg", shape(10)))
    bring(opened, workspace, source, format)
    edit(opened, second, Edit("add", after=(Annotation(new_id(), Box(1, 2, 30, 40), "psoriasis"),)))
    with opened.write("li") as s:
        assert export_anonymous(s, tmp_path / "out", format) == ExportResult(2, 2)
        assert store.broken_link(s) is None
    out = contents(tmp_path / "out")
    everything = "".join([*out, *(data.decode().encode().decode("unicode_escape", "replace") for data in out.values())])
    for word in ("张三", "李四", "Wang", str(tmp_path)):
        assert word not in everything
        assert word not in "".join(data.decode("utf-8") for data in out.values())
    (key,) = workspace.keys.iterdir()
    rows = list(csv.DictReader(key.read_text(encoding="utf-8-sig").splitlines()))
    assert {int(row["image"]): row["original"] for row in rows} == {first: "张三 Wang.jpg", second: "李四.JPG"}
    for row in rows:
        stem = row["name"].rpartition(".")[0]
        assert stem in everything
        assert row["name"] == row["name"].lower()
    assert sorted(r["name"] for r in rows) == [r["name"] for r in rows]


def test_a_label_of_nobodys_list_does_not_go_out(opened: Store, workspace: Workspace, tmp_path: Path) -> None:
    """It may be anything that somebody typed, also a name."""
    (photo,) = add_photos(opened, "a.jpg")
    edit(opened, photo, Edit("add", after=(Annotation(new_id(), Box(1, 2, 30, 40), "张三"),)))
    with pytest.raises(UserError) as caught, opened.write("li") as s:
        export_anonymous(s, tmp_path / "out", "voc")
    assert code(caught) == "anonymous_labels"
    assert not (tmp_path / "out").exists()
    assert not workspace.keys.exists()


# -- in bulk ---------------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.builds(
            Shape,
            st.sampled_from(["eczema", "lesion", "PSO"]),
            st.tuples(*[st.floats(-50, 300, allow_nan=False)] * 4),
            st.booleans(),
            st.lists(st.lists(st.tuples(st.floats(0, 99), st.floats(0, 99)), min_size=3, max_size=3).map(tuple)).map(
                lambda rings: tuple(rings[:2])
            ),
            st.none() | st.floats(0, 1),
        ),
        max_size=6,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_made_in_bulk_are_the_boxes_that_reading_makes(opened: Store, shapes: list[Shape]) -> None:
    placed = tuple(s._replace(position=n) for n, s in enumerate(shapes))
    (photo,) = add_photos(opened, "a.jpg")
    label = {"eczema": "eczema", "lesion": "", "PSO": "psoriasis"}.__getitem__
    one = PageOf(page("a.jpg", *placed), photo, *SIZE)
    with opened.write("li") as s:
        file = AnnotationFile(format="voc", name="a", path=new_id(), sha256="", content=b"", context={}, author="li")
        s.add(file)
        s.flush()
        insert_pages(s, [(file.id, one, label)], "li")
        assert store.boxes_of(s, photo) == annotations_of(one.page, *SIZE, label, file.id)


def test_whole_sets_are_one_file(opened: Store, workspace: Workspace, tmp_path: Path) -> None:
    """A photo that the set's file does not know yet is added to it."""
    known, new = add_photos(opened, "a.jpg", "new.jpg")
    for format in sorted(WHOLE_SET):
        source = foreign(tmp_path / format, format, page("a.jpg", shape(10)))
        (source / "annotations.json").rename(source / "mine.json")
        bring(opened, workspace, source / "mine.json", format)
    edit(opened, new, Edit("add", after=(Annotation(new_id(), Box(1, 2, 30, 40), "psoriasis"),)))
    for format in sorted(WHOLE_SET):
        assert export(opened, tmp_path / f"{format}-out", format) == ExportResult(2, 2)
        assert contents(tmp_path / f"{format}-out").keys() == {"mine.json"}
    assert said(opened, known) == [(10, "eczema")]
