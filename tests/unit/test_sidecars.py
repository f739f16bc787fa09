"""The file beside a photo: taken, saved, changed by another program in between, merged or refused, never lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.annotation.document import Annotation, Edit, new_id
from app.annotation.formats import FORMATS, WHOLE_SET, Context, Format, Page, Shape, fresh
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.images import encode_jpeg
from app.common.workspace import Workspace
from app.datasets import store
from app.datasets.exchange import sidecars
from app.datasets.store import Store, open_store

SIZE = (160, 120)


@pytest.fixture
def opened(workspace: Workspace) -> Iterator[Store]:
    opened = open_store(workspace)
    yield opened
    opened.close()


@pytest.fixture
def photo(opened: Store, photo_file: Path) -> int:
    with opened.write("li") as s:
        (photo,) = store.link_images(s, [photo_file])
        store.complete_image(s, photo, *SIZE, False)
    return photo


def shape(x: float, label: str = "eczema") -> Shape:
    return Shape(label, (x, 20, x + 30, 70))


def put(file: Path, format: Format, *shapes: Shape, verified: bool = False) -> Path:
    """As another program would write it."""
    image = file.with_suffix(".jpg").name if format not in WHOLE_SET else "照片 one 🙂.jpg"
    page = Page(image, *SIZE, shapes, verified)
    files = fresh(format, [page], Context(("psoriasis", "eczema")))
    content = next(iter(files.values()))
    if format == "yolo":
        (file.parent / "classes.txt").write_bytes(files["classes.txt"])
    file.write_bytes(content)
    return file


def place(photo_file: Path, format: Format) -> Path:
    return sidecars.place_of(photo_file, photo_file.parent, format)


def take(opened: Store, photo: int, file: Path, format: Format, prefer: str = "nobody") -> Edit | None:
    with opened.write("li") as s:
        return sidecars.take(s, photo, file, format, prefer)  # type: ignore[arg-type]


def save(opened: Store, photo: int, file: Path, format: Format) -> sidecars.Saved:
    with opened.write("li") as s:
        return sidecars.save(s, photo, file, format)


def apply(opened: Store, photo: int, edit: Edit) -> None:
    with opened.write("li") as s:
        store.apply_edit(s, photo, edit)


def boxes(opened: Store, photo: int) -> tuple[Annotation, ...]:
    with opened.read() as s:
        return store.boxes_of(s, photo)


def said(opened: Store, photo: int) -> list[tuple[float, str]]:
    return sorted((round(a.box.x0), a.label) for a in boxes(opened, photo))


def code(caught: pytest.ExceptionInfo[UserError]) -> str:
    assert caught.value.what
    assert caught.value.remedy
    return caught.value.code


@pytest.mark.parametrize("format", FORMATS)
def test_taken_and_saved_unchanged_nothing_is_written(
    opened: Store, photo: int, photo_file: Path, format: Format
) -> None:
    file = put(place(photo_file, format), format, shape(10), shape(60, "psoriasis"))
    assert sidecars.find(photo_file, photo_file.parent) == (None if format in WHOLE_SET else (file, format))
    before = file.read_bytes()
    edit = take(opened, photo, file, format)
    assert edit is not None
    assert set(edit.after) == set(boxes(opened, photo))
    assert said(opened, photo) == [(10, "eczema"), (60, "psoriasis")]
    assert take(opened, photo, file, format) is None
    assert save(opened, photo, file, format) == sidecars.Saved(file, False)
    assert file.read_bytes() == before
    with opened.read("li") as s:
        assert not store.journal(s).undoable


@pytest.mark.parametrize("format", FORMATS)
def test_a_new_file_is_read_again_as_what_was_saved(
    opened: Store, photo: int, photo_file: Path, format: Format
) -> None:
    one, two = (Annotation(new_id(), Box(x, 20.6, x + 30.2, 70.1), label) for x, label in ((10.7, "eczema"), (90, "")))
    apply(opened, photo, Edit("add", after=(one, two)))
    file = place(photo_file, format)
    assert save(opened, photo, file, format).written
    assert not save(opened, photo, file, format).written
    assert take(opened, photo, file, format) is None
    apply(opened, photo, Edit("relabel", (one,), (replace(one, label="psoriasis"),)))
    apply(opened, photo, Edit("delete", before=(two,)))
    assert save(opened, photo, file, format).written
    three = Annotation(new_id(), Box(50, 50, 80, 90), "lichen_planus")
    apply(opened, photo, Edit("add", after=(three,)))
    assert save(opened, photo, file, format).written
    with opened.write("li") as s:
        for _ in range(4):
            store.undo(s)
    assert save(opened, photo, file, format).written
    with opened.write("li") as s:
        for _ in range(4):
            store.redo(s)
    assert save(opened, photo, file, format).written
    assert not save(opened, photo, file, format).written
    assert said(opened, photo) == [(11, "psoriasis"), (50, "lichen_planus")]


@pytest.mark.parametrize("format", FORMATS)
def test_another_program_changed_it_and_both_sides_come_together(
    opened: Store, photo: int, photo_file: Path, format: Format
) -> None:
    file = put(place(photo_file, format), format, shape(10), shape(60))
    take(opened, photo, file, format)
    mine = boxes(opened, photo)[0]
    apply(opened, photo, Edit("relabel", (mine,), (replace(mine, label="psoriasis"),)))
    put(file, format, shape(10), shape(62), shape(110, "psoriasis"))
    saved = save(opened, photo, file, format)
    assert saved.written
    assert saved.edit is not None
    assert saved.edit.kind == "merge"
    expected = [(10, "psoriasis"), (62, "eczema"), (110, "psoriasis")]
    assert said(opened, photo) == expected
    assert not save(opened, photo, file, format).written
    with opened.write("li") as s:
        store.undo(s)
    assert said(opened, photo) == [(10, "psoriasis"), (60, "eczema")]


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        ("theirs", [(10, "psoriasis")]),
        ("ours", [(50, "eczema")]),
        ("both", [(10, "psoriasis"), (50, "eczema")]),
    ],
)
def test_a_conflict_is_refused_until_a_person_decides(
    opened: Store, photo: int, photo_file: Path, prefer: str, expected: list[tuple[float, str]]
) -> None:
    file = put(place(photo_file, "voc"), "voc", shape(10))
    take(opened, photo, file, "voc")
    (mine,) = boxes(opened, photo)
    moved = replace(mine, box=mine.box.moved(40, 0))
    apply(opened, photo, Edit("move", (mine,), (moved,)))
    theirs = put(file, "voc", shape(10, "psoriasis")).read_bytes()
    for act in (take, save):
        with pytest.raises(UserError) as caught:
            act(opened, photo, file, "voc")  # type: ignore[operator]
        assert code(caught) == "sidecar_conflict"
        assert (boxes(opened, photo), file.read_bytes()) == ((moved,), theirs)
    take(opened, photo, file, "voc", prefer)
    assert said(opened, photo) == expected
    assert save(opened, photo, file, "voc").written == (prefer != "theirs")
    assert not save(opened, photo, file, "voc").written


def test_a_damaged_file_blocks_saving_until_it_is_set_aside(opened: Store, photo: int, photo_file: Path) -> None:
    file = photo_file.with_suffix(".xml")
    file.write_bytes(b"<annotation><object>")
    for act in (take, save):
        with pytest.raises(UserError) as caught:
            act(opened, photo, file, "voc")  # type: ignore[operator]
        assert code(caught) == "annotation_damaged"
        assert file.read_bytes() == b"<annotation><object>"
    aside = sidecars.set_aside(file)
    assert aside.read_bytes() == b"<annotation><object>"
    assert ".damaged-" in aside.name
    assert save(opened, photo, file, "voc").written


def test_a_file_that_another_program_deleted_is_written_again_in_its_dialect(
    opened: Store, photo: int, photo_file: Path
) -> None:
    file = photo_file.with_suffix(".xml")
    foreign = b"<?xml version='1.0'?>\r\n<annotation>\r\n  <filename>x.jpg</filename><mine/>\r\n</annotation>"
    file.write_bytes(foreign)
    take(opened, photo, file, "voc")
    file.unlink()
    assert save(opened, photo, file, "voc").written
    assert file.read_bytes() == foreign


def test_words_that_nobody_knows_stay_labels(opened: Store, photo: int, photo_file: Path) -> None:
    file = put(photo_file.with_suffix(".xml"), "voc", shape(10, "血管瘤"), shape(60, "PSO"), shape(100, "lesion"))
    take(opened, photo, file, "voc")
    assert said(opened, photo) == [(10, "血管瘤"), (60, "psoriasis"), (100, "")]
    assert not save(opened, photo, file, "voc").written


def test_a_file_of_another_photos_size_is_refused(opened: Store, photo: int, photo_file: Path) -> None:
    page = Page("x.jpg", 999, 999, (shape(10),))
    file = photo_file.with_suffix(".xml")
    file.write_bytes(next(iter(fresh("voc", [page], Context()).values())))
    with pytest.raises(UserError) as caught:
        save(opened, photo, file, "voc")
    assert code(caught) == "annotation_other_size"


def test_the_order_of_a_class_list_never_changes(opened: Store, photo: int, photo_file: Path) -> None:
    folder = photo_file.parent
    (folder / "classes.txt").write_bytes("银屑病\r\nwart\r\n".encode())
    apply(opened, photo, Edit("add", after=(Annotation(new_id(), Box(10, 10, 50, 50), "psoriasis"),)))
    apply(opened, photo, Edit("add", after=(Annotation(new_id(), Box(60, 10, 90, 50), "eczema"),)))
    file = place(photo_file, "yolo")
    save(opened, photo, file, "yolo")
    assert [line[0] for line in file.read_text().splitlines()] == ["0", "2"]
    assert (folder / "classes.txt").read_bytes() == "银屑病\r\nwart\r\neczema\r\n".encode()


def test_a_new_class_list_begins_with_the_packs_diseases(opened: Store, photo: int, photo_file: Path) -> None:
    apply(opened, photo, Edit("add", after=(Annotation(new_id(), Box(10, 10, 50, 50), "psoriasis"),)))
    file = place(photo_file, "yolo")
    save(opened, photo, file, "yolo")
    assert file.read_text().startswith("4 ")
    listed = (photo_file.parent / "classes.txt").read_text().split()
    assert listed == ["lichen_planus", "parapsoriasis", "lupus_erythematosus", "eczema", "psoriasis"]


def test_somebody_who_boxes_apart_neither_reads_nor_writes_the_file(
    opened: Store, photo: int, photo_file: Path
) -> None:
    file = put(photo_file.with_suffix(".xml"), "voc", shape(10))
    with opened.write("li") as s:
        store.add_person(s, "wang", "doctor")
        store.assign(s, ["li", "wang"], [photo])
    assert take(opened, photo, file, "voc") is None
    with pytest.raises(UserError) as caught:
        save(opened, photo, file, "voc")
    assert code(caught) == "sidecar_apart"


def test_a_set_in_one_file_keeps_its_other_photos(opened: Store, photo: int, photo_file: Path, tmp_path: Path) -> None:
    """Another program changes a page of the same file while this photo is boxed here: both come."""
    import numpy as np

    other = tmp_path / "other.jpg"
    other.write_bytes(encode_jpeg(np.full((120, 160, 3), 90, np.uint8)))
    file = tmp_path / "annotations.json"

    def theirs(x: float) -> None:
        pages = [Page(other.name, *SIZE, (shape(x),)), Page(photo_file.name, *SIZE, (shape(40),))]
        file.write_bytes(fresh("coco", pages, Context(("eczema",)))["annotations.json"])

    theirs(10)
    take(opened, photo, file, "coco")
    with opened.read() as s:
        (second,) = [row.id for row in store.image_rows(s) if row.id != photo]
    assert (said(opened, photo), said(opened, second)) == ([(40, "eczema")], [(10, "eczema")])
    theirs(12)
    (mine,) = boxes(opened, photo)
    apply(opened, photo, Edit("delete", before=(mine,)))
    assert save(opened, photo, file, "coco").written
    assert (said(opened, photo), said(opened, second)) == ([], [(12, "eczema")])
    (moved,) = boxes(opened, second)
    apply(opened, second, Edit("relabel", (moved,), (replace(moved, label="psoriasis"),)))
    assert save(opened, second, file, "coco").written
    assert not save(opened, photo, file, "coco").written
    assert not save(opened, second, file, "coco").written


@pytest.mark.parametrize(
    ("there", "wanted", "named"),
    [
        ("createml", "coco", "CreateML"),
        ("coco", "createml", "COCO"),
        ("labelme", "xanylabeling", "labelme"),
        ("xanylabeling", "labelme", "X-AnyLabeling"),
    ],
)
def test_a_healthy_file_of_another_format_is_named_and_left_alone(
    opened: Store, photo: int, photo_file: Path, there: Format, wanted: Format, named: str
) -> None:
    file = put(place(photo_file, there), there, shape(20))
    assert take(opened, photo, file, there) is not None
    before = file.read_bytes()
    for again in (take, save):
        with pytest.raises(UserError) as caught:
            again(opened, photo, file, wanted)
        assert code(caught) == "sidecar_other_format"
        assert named in caught.value.what
    assert file.read_bytes() == before
    assert not save(opened, photo, file, there).written
    assert said(opened, photo) == [(20, "eczema")]


def test_a_damaged_file_of_the_wanted_format_is_still_told_to_be_damaged(
    opened: Store, photo: int, photo_file: Path
) -> None:
    file = put(place(photo_file, "createml"), "createml", shape(20))
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(UserError) as caught:
        save(opened, photo, file, "createml")
    assert code(caught) == "annotation_damaged"
