"""What is found wrong in annotation files, what is put right, and what a damaged file is made whole from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.annotation import file_commands
from app.annotation.formats import (
    FORMATS,
    WHOLE_SET,
    Context,
    Format,
    Page,
    Shape,
    check,
    checked,
    classes_beside,
    detect,
    extended_class_list,
    extended_data_yaml,
    files_of,
    fixed,
    fresh,
    read,
    read_classes,
)
from app.common.errors import UserError
from tests.contract import CommandLine

from .dialects import Foreign, files

SHAPES = (
    Shape("good", (10, 10, 20, 20)),
    Shape("outside", (90, 70, 120, 75)),
    Shape("flat", (30, 30, 30, 40)),
    Shape("good", (10, 10, 20, 20)),
    Shape("gone", (200, 200, 210, 210)),
)
CONTEXT = Context(("good", "outside", "flat", "gone"), {"a": (100, 80)}, {"a": "a.jpg"})


COCO = b'{"images": [{"id": 1, "file_name": "a"}], "categories": [{"id": 1, "name": "a"}], "annotations": [%s]}'


def made(format: Format, shapes: tuple[Shape, ...] = SHAPES) -> tuple[str, bytes]:
    return next(iter(fresh(format, [Page("a.jpg", 100, 80, shapes)], CONTEXT).items()))


@pytest.mark.parametrize("format", FORMATS)
def test_slips_are_found_and_put_right(format: Format) -> None:
    name, data = made(format)
    found = {(p.code, p.text.rpartition(": ")[2]) for p in check(format, data, name, CONTEXT)}
    assert found == {
        ("box_outside", "outside"),
        ("box_without_area", "flat"),
        ("duplicate_box", "good"),
        ("box_outside", "gone"),
        ("box_without_area", "gone"),
    }
    new = fixed(format, data, name, CONTEXT)
    assert check(format, new, name, CONTEXT) == []
    left = read(format, new, name, CONTEXT).pages[0].shapes
    assert [s.label for s in left] == ["good", "outside"]
    assert left[1].corners == pytest.approx((90, 70, 100, 75), abs=1e-4)


@pytest.mark.parametrize("format", ["voc", "coco", "createml", "yolo"])
def test_swapped_corners_are_found_and_put_right(format: Format) -> None:
    name, data = made(format, (Shape("good", (10, 20, 30, 40)),))
    swapped = {
        "voc": data.replace(b">10<", b">x<").replace(b">30<", b">10<").replace(b">x<", b">30<"),
        "coco": data.replace(b"[10.0, 20.0, 20.0, 20.0]", b"[30.0, 20.0, -20.0, 20.0]"),
        "createml": data.replace(b'"width": 20.0', b'"width": -20.0'),
        "yolo": data.replace(b"0.200000 0.250000", b"-0.200000 0.250000"),
    }[format]
    assert swapped != data
    assert [p.code for p in check(format, swapped, name, CONTEXT)] == ["box_flipped"]
    new = fixed(format, swapped, name, CONTEXT)
    assert read(format, new, name, CONTEXT).pages[0].shapes[0].corners == pytest.approx((10, 20, 30, 40))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FORMATS).flatmap(files))
def test_a_file_without_slips_is_not_touched_by_fixing(foreign: Foreign) -> None:
    found = check(foreign.format, foreign.data, foreign.name, foreign.context)
    new = fixed(foreign.format, foreign.data, foreign.name, foreign.context)
    assert (new == foreign.data) == (not found)
    assert check(foreign.format, new, foreign.name, foreign.context) == []


def test_a_missing_size_is_put_in_where_the_photo_is_known() -> None:
    for format in ("voc", "coco", "labelme"):
        name, data = next(iter(fresh(format, [Page("a.jpg", 0, 0, SHAPES[:1])], CONTEXT).items()))  # type: ignore[arg-type]
        if format == "voc":
            data = b"\n".join(line for line in data.splitlines() if b"size" not in line and b"<width" not in line)
        result = checked(format, data, name, CONTEXT, fix=True)  # type: ignore[arg-type]
        assert [(p.code, done) for p, done in result.problems] == [("size_missing", True)], format
        page = read(format, result.data, name, CONTEXT).pages[0]  # type: ignore[arg-type]
        assert (page.width, page.height) == (100, 80)
        assert [p.code for p in check(format, data, name, Context())] == ["size_missing"]  # type: ignore[arg-type]


def test_another_size_than_the_photos_is_for_a_person() -> None:
    name, data = next(iter(fresh("voc", [Page("a.jpg", 80, 100)], CONTEXT).items()))
    result = checked("voc", data, name, CONTEXT, fix=True)
    assert [(p.code, done) for p, done in result.problems] == [("size_other", False)]
    assert result.data == data


def test_yolo_lines_are_told_one_by_one() -> None:
    data = b"0 0.5 0.5 0.2 0.2\n9 0.5 0.5 0.1 0.1\nx 0.5 0.5 0.2 0.2\n0 0.5 nan 0.2 0.2\n0 0.5\n\n1 0.2 0.2 0.1 0.1"
    found = [(p.line, p.code) for p in check("yolo", data, "a.txt", CONTEXT)]
    assert found == [(2, "unknown_class"), (3, "damaged"), (4, "damaged"), (5, "damaged")]
    result = checked("yolo", data, "a.txt", CONTEXT, fix=True)
    assert result.data == b"0 0.5 0.5 0.2 0.2\n9 0.5 0.5 0.1 0.1\n\n1 0.2 0.2 0.1 0.1"
    assert [done for _, done in result.problems] == [False, True, True, True]
    assert [p.code for p in check("yolo", data[:18], "a.txt", Context())] == ["classes_missing"]


def test_two_records_of_one_number_are_found() -> None:
    name, data = made("coco", SHAPES[:2])
    broken = data.replace(b'"id": 2, "image_id"', b'"id": 1, "image_id"')
    found = [(p.code, p.line) for p in check("coco", broken, name, CONTEXT) if p.code == "duplicate_id"]
    assert found == [("duplicate_id", 6), ("duplicate_id", 7)]
    assert [(s.label, s.position) for s in read("coco", broken, name, CONTEXT).pages[0].shapes] == [
        ("good", 0), ("outside", 1)]  # fmt: skip


def test_an_emptied_sidecar_is_a_damaged_one(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    for data, format in ((b"", "voc"), (b"\0" * 99, "voc"), (b"<annotation>", "voc"), (b"<svg xmlns='x'/>", None)):
        file.write_bytes(data)
        assert detect(file) == format


def test_points_and_lines_need_no_area() -> None:
    raw = {"shapes": [{"label": "a", "points": [[5, 5]], "shape_type": "point"}], "imagePath": "a.jpg",
           "imageWidth": 100, "imageHeight": 80}  # fmt: skip
    data = json.dumps(raw).encode()
    assert check("labelme", data, "a.json", CONTEXT) == []
    assert fixed("labelme", data, "a.json", CONTEXT) == data


# -- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["voc", "labelme", "xanylabeling", "createml"])
def test_a_file_that_broke_off_keeps_its_whole_records(format: Format) -> None:
    shapes = tuple(Shape(f"n{n}", (10 + n, 10, 40, 40)) for n in range(4))
    name, data = made(format, shapes)
    for end in range(data.index(b"n2") + 3, len(data) - 2, 7):
        whole = sum(data[:end].count(f"n{n + 1}".encode()) for n in range(3))
        result = checked(format, data[:end], name, CONTEXT, fix=True)
        assert result.problems[0][0].code == "damaged"
        assert result.problems[0][0].line >= 1
        labels = [s.label for s in read(format, result.data, name, CONTEXT).pages[0].shapes]
        assert labels == [f"n{n}" for n in range(len(labels))]
        assert whole <= len(labels) <= 4


def test_zeros_at_the_end_after_a_power_cut_go() -> None:
    for format in FORMATS:
        name, data = made(format, SHAPES[:2])
        result = checked(format, data + b"\0" * 40, name, CONTEXT, fix=True)
        assert all(done for _, done in result.problems)
        assert "damaged" in [p.code for p, _ in result.problems]
        assert [s.label for s in read(format, result.data, name, CONTEXT).pages[0].shapes] == ["good", "outside"]


def test_bare_ampersands_trailing_commas_and_objects_without_numbers() -> None:
    name, data = made("voc", (Shape("a", (1, 2, 30, 40)), Shape("b", (1, 2, 30, 40))))
    assert read("voc", fixed("voc", data.replace(b">a<", b">a & c<"), name, CONTEXT), name, CONTEXT).pages[0].shapes[
        0
    ].label == ("a & c")
    broken = data.replace(b"<xmax>30</xmax>", b"", 1)
    assert [s.label for s in read("voc", fixed("voc", broken, name, CONTEXT), name, CONTEXT).pages[0].shapes] == ["b"]
    name, data = made("labelme", (Shape("a", (1, 2, 30, 40)),))
    comma = data.replace(b"}\n  ],", b"},\n  ],")
    assert comma != data
    assert fixed("labelme", comma, name, CONTEXT) == data


@pytest.mark.parametrize("data", [b"", b"\0" * 50, b"hello", b"\xff\xfe\x00", b"<annotation>", b"{", b"[{"])
def test_what_cannot_be_helped_stays_as_it_is(data: bytes) -> None:
    for format in ("voc", "coco", "labelme", "xanylabeling"):
        assert fixed(format, data, "x", CONTEXT) == data  # type: ignore[arg-type]
        assert [p.code for p in check(format, data, "x", CONTEXT)] == ["damaged"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("format", "data"),
    [
        ("voc", b'<!DOCTYPE a [<!ENTITY x "y">]><annotation><filename>&x;</filename></annotation>'),
        ("voc", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation><filename>&x;</filename></annotation>'),
        ("voc", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation/>'),
        ("voc", b"<annotation>" * 100_000),
        ("coco", b"[" * 100_000),
        ("labelme", b'{"shapes": [{"label": "\\ud800", "points": [[1, 2]]}]}'),
        ("labelme", b'{"shapes": [{"label": "a", "points": [[1, NaN]]}]}'),
        ("labelme", b'{"shapes": [{"label": "a", "points": [[1, 1e999]]}]}'),
        ("createml", b'[{"image": 3, "annotations": []}]'),
        ("coco", b'{"images": [], "categories": [], "annotations": [{"bbox": [1, 2, 3, 4], "image_id": 1}]}'),
        ("coco", COCO % b'{"bbox": [1, 2, 3, 4], "image_id": 2, "category_id": 1}'),
        ("coco", COCO % b'{"bbox": [1, 2, 3, 4], "image_id": 1, "category_id": [1]}'),
        ("coco", COCO % b'{"image_id": 1, "category_id": 1, "segmentation": {"size": [99999, 99999], "counts": "0"}}'),
    ],
)  # fmt: skip
def test_traps_are_refused(format: Format, data: bytes) -> None:
    with pytest.raises(UserError) as caught:
        read(format, data, "x.file", CONTEXT)
    assert caught.value.code == "annotation_damaged"
    assert "x.file" in str(caught.value)


def test_damage_says_its_line() -> None:
    name, data = made("coco", SHAPES[:2])
    for broken, line in (
        (data.replace(b'"category_id": 2', b'"category_id": 77'), 7),
        (data.replace(b'"id": 1, "file_name": "a.jpg"', b'"id": 1, "file_name": 3'), 3),
        (data.replace(b'"id": 2, "image_id"', b'"id": 2; "image_id"'), 7),
    ):
        assert broken != data
        (problem,) = check("coco", broken, name, CONTEXT)
        assert (problem.code, problem.line) == ("damaged", line)


# -- folders ---------------------------------------------------------------------------------------------------------


def test_the_files_of_a_folder_are_found_by_their_format(tmp_path: Path) -> None:
    pages = [Page("a10.jpg", 100, 80, SHAPES[:1]), Page("a2.jpg", 100, 80)]
    for format in ("voc", "yolo", "labelme"):
        for name, data in fresh(format, pages, CONTEXT).items():  # type: ignore[arg-type]
            (tmp_path / name).write_bytes(data)
    (tmp_path / "deep").mkdir()
    for format in ("coco", "createml"):
        (data,) = fresh(format, pages, CONTEXT).values()  # type: ignore[arg-type]
        (tmp_path / "deep" / f"{format}.json").write_bytes(data)
    (tmp_path / "deep" / "broken.json").write_bytes(b"{")
    (tmp_path / ".hidden.xml").write_bytes(b"")
    assert [f.name for f in files_of(tmp_path, "voc")] == ["a2.xml", "a10.xml"]
    assert [f.name for f in files_of(tmp_path, "yolo")] == ["a2.txt", "a10.txt"]
    assert [f.name for f in files_of(tmp_path, "labelme")] == ["a2.json", "a10.json", "broken.json"]
    assert [f.name for f in files_of(tmp_path, "coco")] == ["broken.json", "coco.json"]
    (tmp_path / "annotations.json").write_bytes(b"[]")
    assert files_of(tmp_path, "createml") == [tmp_path / "annotations.json"]
    assert [detect(f) for f in (tmp_path / "a2.xml", tmp_path / "a10.txt", tmp_path / "a2.json")] == [
        "voc", "yolo", "labelme"]  # fmt: skip
    assert [detect(tmp_path / "deep" / f"{f}.json") for f in ("coco", "createml", "broken")] == [
        "coco",
        "createml",
        None,
    ]
    assert detect(tmp_path / "classes.txt") is None
    with pytest.raises(UserError) as caught:
        files_of(tmp_path / "none", "voc")
    assert caught.value.code == "annotations_missing"


def test_a_class_list_grows_only_at_its_end() -> None:
    for data in (b"a\r\nb\r\n", b"a\nb", "银屑病\n".encode("gb2312"), b""):
        new = extended_class_list(data, ["湿疹"])
        assert new.startswith(data)
        assert read_classes(new, "x") == (*read_classes(data, "x"), "湿疹")
    assert extended_class_list(b"a\r\n", ["b"]) == b"a\r\nb\r\n"
    assert extended_class_list(b"a", []) == b"a"
    rare = extended_class_list("银屑病\n".encode("gb2312"), ["𠮷"])
    assert rare.decode("utf-8") == "银屑病\n𠮷\n"


# -- the command line ------------------------------------------------------------------------------------------------


@pytest.fixture
def squama(capfdbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return CommandLine(capfdbinary)


def test_convert_there_and_back_gives_the_same_bytes(squama: CommandLine, tmp_path: Path) -> None:
    other = Page("b.jpg", 640, 480, (Shape("good", (1, 2, 333, 444)),))
    pages = [Page("照片 1.jpg", 100, 80, SHAPES[:2]), other]
    clipped = [Page("照片 1.jpg", 100, 80, (SHAPES[0], Shape("outside", (90, 70, 100, 75)))), other]
    (tmp_path / "in").mkdir()
    made = fresh("voc", pages, CONTEXT)
    for name, data in made.items():
        (tmp_path / "in" / name).write_bytes(data)
    photos(tmp_path / "images", {"照片 1.jpg": (100, 80), "b.jpg": (640, 480)})
    for format in FORMATS:
        there, back = tmp_path / format / "there", tmp_path / format / "back"
        found = squama("annotations_convert", "annotations", "convert", tmp_path / "in", there,
                       "--from", "voc", "--to", format)  # fmt: skip
        assert found == {"images": 2, "boxes": 3, "failed": []}
        squama("annotations_convert", "annotations", "convert", there, back, "--from", format, "--to", "voc",
               "--images", tmp_path / "images")  # fmt: skip
        assert {f.name: f.read_bytes() for f in back.iterdir()} == fresh("voc", clipped, CONTEXT), format


def photos(folder: Path, sizes: dict[str, tuple[int, int]]) -> None:
    import numpy as np

    from app.common.images import encode_jpeg

    folder.mkdir()
    for name, (width, height) in sizes.items():
        (folder / name).write_bytes(encode_jpeg(np.zeros((height, width, 3), np.uint8)))


_NESTED = "x0: &x0 [a]\n" + "".join(f"x{n}: &x{n} [{','.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 12))
_MERGED = "x0: &x0 {a: 1}\n" + "".join(f"x{n}: &x{n} {{<<: [{','.join([f'*x{n - 1}'] * 9)}]}}\n" for n in range(1, 12))


@pytest.mark.parametrize("words", [_NESTED + "names: *x11\n", _MERGED + "names: [a]\n"])
def test_a_class_list_is_not_expanded_without_end(squama: CommandLine, tmp_path: Path, words: str) -> None:
    (tmp_path / "data.yaml").write_text(words)
    (tmp_path / "a.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    found = squama("annotations_check", "annotations", "check", tmp_path, "--format", "yolo", status=1)
    assert [problem["code"] for problem in found["problems"]] == ["damaged"]


def test_convert_keeps_photos_of_one_name_apart(squama: CommandLine, tmp_path: Path) -> None:
    """A file of a whole set calls them by their folders; on the way back no boxes of two photos meet."""
    for folder, x in (("p", 10), ("q", 50)):
        (tmp_path / "in" / folder).mkdir(parents=True)
        for name, data in fresh(
            "voc", [Page("a.jpg", 100, 80, (Shape("good", (x, 10, x + 20, 40)),))], CONTEXT
        ).items():
            (tmp_path / "in" / folder / name).write_bytes(data)
    words = ("annotations_convert", "annotations", "convert")
    for number, format in enumerate(sorted(WHOLE_SET)):
        there, again, back = (tmp_path / f"{format}-{n}" for n in ("there", "again", "back"))
        squama(*words, tmp_path / "in", there, "--from", "voc", "--to", format)
        other = sorted(WHOLE_SET)[1 - number]
        squama(*words, there, again, "--from", format, "--to", other)
        for source, kind in ((there, format), (again, other)):
            assert {"p/a.jpg", "q/a.jpg"} == {page.image for page in _pages(source / "annotations.json", kind)}
        found = squama(*words, again, back / other, "--from", other, "--to", "labelme")
        assert found == {"images": 2, "boxes": 2, "failed": []}
        written = sorted(f.relative_to(back / other).as_posix() for f in (back / other).rglob("*.json"))
        assert written == ["p/a.json", "q/a.json"]


@pytest.mark.parametrize("name", ["../../{}/a.jpg", "/{}/a.jpg", "C:\\{}\\a.jpg", "..\\{}\\a.jpg"])
def test_convert_writes_nothing_outside_its_folder(squama: CommandLine, tmp_path: Path, name: str) -> None:
    coco = json.loads(COCO % b"")
    coco["images"] = [{"id": n, "file_name": name.format(n), "width": 9, "height": 9} for n in (1, 2)]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "annotations.json").write_text(json.dumps(coco))
    out = tmp_path / "deep" / "er" / "out"
    squama("annotations_convert", "annotations", "convert", tmp_path / "in", out, "--from", "coco", "--to", "voc")
    assert sorted(f.name for f in out.iterdir()) == ["a-2.xml", "a.xml"]
    assert [f for f in tmp_path.rglob("*.xml") if not f.is_relative_to(out)] == []


def _pages(file: Path, format: Format) -> tuple[Page, ...]:
    return read(format, file.read_bytes(), file.name, Context()).pages


@pytest.mark.parametrize("images", [False, True])
def test_photos_are_listed_once_and_not_for_each_file(
    squama: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: bool
) -> None:
    """Else 20,000 files beside 20,000 photos take a quarter of an hour."""
    photos(tmp_path / "images", {f"{n}.jpg": (100, 80) for n in range(5)})
    (tmp_path / "in").mkdir()
    for name, data in fresh("voc", [Page(f"{n}.jpg", 100, 80, SHAPES[:1]) for n in range(5)], CONTEXT).items():
        (tmp_path / "in" / name).write_bytes(data)
    made = []
    monkeypatch.setattr(file_commands, "_Sizes", lambda by_stem: made.append(by_stem) or {})
    named = ("--images", tmp_path / "images") if images else ()
    squama("annotations_convert", "annotations", "convert", tmp_path / "in", tmp_path / "out",
           "--from", "voc", "--to", "yolo", *named)  # fmt: skip
    assert [sorted(by_stem) for by_stem in made] == [["0", "1", "2", "3", "4"]]


def test_convert_tells_what_it_cannot(squama: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (data,) = fresh("createml", [Page("a.jpg", 0, 0, SHAPES[:1])], CONTEXT).values()
    (tmp_path / "in" / "annotations.json").write_bytes(data)
    found = squama("annotations_convert", "annotations", "convert", tmp_path / "in", tmp_path / "out",
                   "--from", "createml", "--to", "yolo", status=1)  # fmt: skip
    assert (found["images"], [f["error"]["code"] for f in found["failed"]]) == (0, ["photo_size_unknown"])
    convert = ("annotations", "convert", tmp_path / "in")
    assert squama.refused(*convert, tmp_path / "out", "--from", "coco", "--to", "voc") == "output_exists"
    assert squama.refused(*convert, tmp_path / "new", "--from", "voc", "--to", "coco") == "annotations_missing"
    assert squama.refused(*convert, tmp_path / "new", "--from", "csv", "--to", "coco") == "wrong_call"
    (tmp_path / "in" / "x.xml").write_bytes(b"<annotation>")
    found = squama("annotations_convert", *convert, tmp_path / "new", "--from", "voc", "--to", "coco", status=1)
    assert [Path(f["item"]).name for f in found["failed"]] == ["x.xml"]


def test_class_order_is_that_of_the_file_named(squama: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (data,) = fresh("coco", [Page("a.jpg", 100, 80, SHAPES[:2])], CONTEXT).values()
    (tmp_path / "in" / "annotations.json").write_bytes(data)
    (tmp_path / "list.txt").write_text("z\noutside\ngood\n")
    words = ("annotations", "convert", tmp_path / "in", tmp_path / "out", "--from", "coco", "--to", "yolo")
    squama("annotations_convert", *words, "--classes", tmp_path / "list.txt")
    assert (tmp_path / "out" / "classes.txt").read_text().split() == ["z", "outside", "good", "flat", "gone"]
    assert (tmp_path / "out" / "a.txt").read_text().startswith("2 ")


def test_what_is_converted_stays_where_it_is(squama: CommandLine, tmp_path: Path) -> None:
    name, data = made("voc")
    (tmp_path / name).write_bytes(data)
    words = ("annotations", "convert", tmp_path, tmp_path, "--from", "voc", "--to", "voc", "--force")
    assert squama.refused(*words) == "output_is_input"
    words = ("annotations", "convert", tmp_path, tmp_path / "out", "--from", "voc", "--to", "coco")
    assert squama.refused(*words, "--images", tmp_path / "nowhere") == "file_missing"
    assert (tmp_path / name).read_bytes() == data


def test_check_tells_and_fix_puts_right(squama: CommandLine, tmp_path: Path) -> None:
    name, data = made("voc")
    (tmp_path / name).write_bytes(data)
    (tmp_path / "b.xml").write_bytes(data[:-40])
    found = squama("annotations_check", "annotations", "check", tmp_path, "--format", "voc", status=1)  # one is unread
    assert found["files"] == 2
    assert found["boxes"] == 5
    assert {(Path(p["file"]).name, p["code"]) for p in found["problems"]} == {
        ("a.xml", "box_outside"),
        ("a.xml", "box_without_area"),
        ("a.xml", "duplicate_box"),
        ("b.xml", "damaged"),
    }
    assert not any(p["fixed"] for p in found["problems"])
    assert (tmp_path / name).read_bytes() == data
    found = squama("annotations_check", "annotations", "check", tmp_path, "--format", "voc", "--fix")
    assert all(p["fixed"] for p in found["problems"])
    assert (tmp_path / "b.xml.damaged").read_bytes() == data[:-40]
    found = squama("annotations_check", "annotations", "check", tmp_path, "--format", "voc")
    assert (found["files"], found["problems"]) == (2, [])


def test_a_yolo_set_is_checked_with_the_list_above_it_and_without_photos(squama: CommandLine, tmp_path: Path) -> None:
    labels = tmp_path / "labels" / "train"
    labels.mkdir(parents=True)
    (tmp_path / "data.yaml").write_text("nc: 2\nnames: ['good', '湿疹']\n", encoding="utf-8")
    (labels / "a.txt").write_bytes(b"1 0.95 0.5 0.2 0.2\n2 0.5 0.5 0.1 0.1\n")
    found = squama("annotations_check", "annotations", "check", tmp_path / "labels", "--format", "yolo")
    assert [(p["line"], p["code"]) for p in found["problems"]] == [(1, "box_outside"), (2, "unknown_class")]
    assert found["problems"][0]["text"].endswith("湿疹")


@pytest.mark.parametrize(
    "data",
    [
        "nc: 2\nnames: ['a', b]  # two\ntrain: x\n",
        "train: x\nnames:\n  - a\n  - b\nnc: 2\n",
        "train: x\r\nnames:\r\n- a\r\n- b",
        "names:\n  0: a\n  1: 'b'  # last\nkpt_shape: [17, 3]\n",
        "names: {0: a, 1: b}\n",
        "names: []\nnc: 0\n",
        'path: "数据"\nnames: [\n  "a",\n  "b",\n]\n',
    ],
)
def test_data_yaml_grows_only_at_the_end_of_its_names(data: str, tmp_path: Path) -> None:
    import yaml

    file = tmp_path / "data.yaml"
    file.write_bytes(data.encode())
    before = classes_beside(tmp_path / "x.txt", tmp_path)
    file.write_bytes(extended_data_yaml(data.encode(), ["湿疹", "c: d"]))
    assert classes_beside(tmp_path / "x.txt", tmp_path) == (*before, "湿疹", "c: d")
    new, old = yaml.safe_load(file.read_bytes()), yaml.safe_load(data)
    assert new.get("nc", len(before) + 2) == len(before) + 2
    assert {k: v for k, v in new.items() if k not in ("nc", "names")} == {
        k: v for k, v in old.items() if k not in ("nc", "names")
    }
    assert all(line in file.read_bytes().decode() for line in data.splitlines() if "#" not in line and "nc" not in line
               and "names: " not in line and '"b"' not in line)  # fmt: skip
    assert extended_data_yaml(data.encode(), []) == data.encode()
