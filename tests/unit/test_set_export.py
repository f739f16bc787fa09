"""A frozen version as a folder: every format reads back, nothing tells the patient, masks are painted."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from app.annotation.formats import FORMATS, WHOLE_SET, Context, Format, read, read_classes
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.images import encode_jpeg, read_photo
from app.common.masking import GREY
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage
from app.datasets.freezing.set_export import MARK, SET_FORMATS, TABLE, export_set
from app.datasets.freezing.splits import PARTS

CLASSES = ("eczema", "psoriasis")
SIZE = (120, 90)


@pytest.fixture
def frozen(tmp_path: Path) -> FrozenDataset:
    """Nine photos of nine patients, whose codes stand in the files' names and in EXIF; one has a mask, one is a PNG."""
    rng = np.random.default_rng(0)
    images = []
    for n in range(9):
        file = tmp_path / "photos" / f"ZHANG-{n}{'.png' if n == 8 else '.jpg'}"
        file.parent.mkdir(exist_ok=True)
        pixels = rng.integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
        if n == 8:
            Pillow.fromarray(pixels).save(file)
        else:
            file.write_bytes(encode_jpeg(pixels, software=f"ZHANG-{n}"))
        label = None if n == 0 else CLASSES[n % 2]
        boxes = ((Box(10, 20, 60.5, 70), CLASSES[n % 2]), (Box(1, 1, 9, 9), "other"))
        image = FrozenImage(
            id=n + 1, path=file, label=label, boxes=boxes, patient=f"ZHANG-{n}", lesion=None, group=f"ZHANG-{n}",
            split=PARTS[n % 3], folds=(n % 2, None), width=SIZE[0], height=SIZE[1],
            sha256=hashlib.sha256(file.read_bytes()).hexdigest(), name=file.name,
            masks=(Box(20.5, 30, 50, 60),) if n == 4 else (),
        )  # fmt: skip
        images.append(image)
    return FrozenDataset("mine", "0123456789abcdef", CLASSES, tuple(images))


def table_of(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((out / TABLE).read_text(encoding="utf-8-sig"))))


def pages(out: Path, format: Format) -> Iterator[tuple[str, list[tuple[str, list[float]]]]]:
    """(photo's stem, labels and corners) of every annotation file, as our own reader reads it."""
    suffixes = {"voc": "Annotations/*.xml", "yolo": "labels/*/*.txt"}
    pattern = "*/annotations.json" if format in WHOLE_SET else suffixes.get(format, "*/*.json")
    for file in sorted(out.glob(pattern)):
        if file.name == "classes.txt":
            continue
        classes = read_classes((file.parent / "classes.txt").read_bytes(), "classes.txt") if format == "yolo" else ()
        context = Context(classes, sizes={file.stem: SIZE}, names={file.stem: f"{file.stem}.jpg"})
        for page in read(format, file.read_bytes(), file.name, context).pages:
            yield Path(page.photo_name).stem, [(s.label, list(s.corners)) for s in page.shapes]


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_reads_back_with_its_photos(frozen: FrozenDataset, tmp_path: Path, format: Format) -> None:
    out = tmp_path / "out"
    result = export_set(frozen, out, format)
    assert (result.images, result.boxes, result.left_out, result.failed) == (9, 18, 0, ())
    rows = {Path(row["photo"]).stem: row for row in table_of(out)}
    by_hash = {image.sha256[:16]: image for image in frozen.images}
    found = dict(pages(out, format))
    assert found.keys() == rows.keys() == by_hash.keys()
    rounded = 1 if format == "voc" else 0.01
    for stem, shapes in found.items():
        image = by_hash[stem]
        assert [label for label, _ in shapes] == [label for _, label in image.boxes]
        for (_, corners), (box, _) in zip(shapes, image.boxes, strict=True):
            assert corners == pytest.approx(box.as_list(), abs=rounded)
        photo = out / rows[stem]["photo"]
        assert photo.is_file()
        assert (rows[stem]["split"], rows[stem]["fold_1"]) == (image.split, str(image.folds[0]))
        if not image.masks:
            assert photo.read_bytes() == image.path.read_bytes(), "copied as it is"
        if format != "voc":
            assert image.split in photo.relative_to(out).parts


def test_yolo_has_one_class_list_for_all_parts(frozen: FrozenDataset, tmp_path: Path) -> None:
    export_set(frozen, tmp_path / "out", "yolo")
    lists = {file.read_bytes() for file in (tmp_path / "out").glob("labels/*/classes.txt")}
    assert lists == {b"eczema\npsoriasis\nother\n"}
    description = (tmp_path / "out" / "data.yaml").read_text()
    assert description.startswith("train: images/train\nval: images/val\ntest: images/test\nnc: 3\n")


def test_voc_names_its_parts(frozen: FrozenDataset, tmp_path: Path) -> None:
    export_set(frozen, tmp_path / "out", "voc")
    sets = {f.stem: f.read_text().split() for f in (tmp_path / "out" / "ImageSets" / "Main").iterdir()}
    assert {name: len(stems) for name, stems in sets.items()} == {"train": 3, "val": 3, "test": 3, "trainval": 6}


def test_class_folders_hold_photos_of_one_disease(frozen: FrozenDataset, tmp_path: Path) -> None:
    result = export_set(frozen, tmp_path / "out", "folders")
    assert (result.images, result.left_out) == (8, 1)
    for row in table_of(tmp_path / "out"):
        assert Path(row["photo"]).parts[:2] == (row["split"], row["disease"])


@pytest.mark.parametrize("format", SET_FORMATS)
def test_an_anonymous_export_tells_nothing(frozen: FrozenDataset, tmp_path: Path, format: Format) -> None:
    out, keys = tmp_path / "out", list[bytes]()
    result = export_set(frozen, out, format, anonymous=True, original_names=True, keep_key=keys.append)
    files = [f for f in out.rglob("*") if f.is_file()]
    assert not any("ZHANG" in str(f) or b"ZHANG" in f.read_bytes() for f in files)
    hashes = {image.sha256[:12].encode() for image in frozen.images}
    assert not any(h in f.read_bytes() for f in files for h in hashes), "who has the photo cannot look for it"
    for file in files:
        if file.suffix in (".jpg", ".png"):
            with Pillow.open(file) as opened:
                assert not opened.getexif()
    key = {row["name"]: row for row in csv.DictReader(io.StringIO(keys[0].decode("utf-8-sig")))}
    assert len(key) == result.images
    for row in table_of(out):
        assert key[Path(row["photo"]).name]["original"].startswith("ZHANG")


def test_labels_that_are_no_disease_are_not_given_out_anonymously(frozen: FrozenDataset, tmp_path: Path) -> None:
    typed = replace(frozen.images[0], boxes=((Box(1, 1, 5, 5), "ask Zhang Wei"),))
    with pytest.raises(UserError) as caught:
        export_set(replace(frozen, images=(typed,)), tmp_path / "out", "voc", anonymous=True)
    assert caught.value.code == "anonymous_labels"
    assert not (tmp_path / "out").exists()


def test_masks_are_painted_in_every_export(frozen: FrozenDataset, tmp_path: Path) -> None:
    for anonymous in (False, True):
        out = tmp_path / f"out-{anonymous}"
        export_set(frozen, out, "folders", anonymous=anonymous)
        (row,) = (r for r in table_of(out) if r["masked"] == "1")
        pixels = read_photo(out / row["photo"]).pixels.astype(int)
        assert np.abs(pixels[32:58, 24:48] - GREY).max() <= 12, "JPEG leaves a little"
        assert np.abs(pixels[70:, :] - GREY).max() > 50


def test_own_names_on_wish(frozen: FrozenDataset, tmp_path: Path) -> None:
    export_set(frozen, tmp_path / "out", "coco", original_names=True)
    assert {Path(row["photo"]).name for row in table_of(tmp_path / "out")} == {i.name for i in frozen.images}


def test_a_photo_that_changed_or_is_gone_is_listed_and_has_no_boxes(frozen: FrozenDataset, tmp_path: Path) -> None:
    frozen.images[1].path.write_bytes(encode_jpeg(np.zeros((90, 120, 3), np.uint8)))
    frozen.images[2].path.unlink()
    result = export_set(frozen, tmp_path / "out", "labelme")
    assert {name: error.code for name, error in result.failed} == {
        "ZHANG-1.jpg": "photo_changed",
        "ZHANG-2.jpg": "file_missing",
    }
    assert (result.images, len(list(pages(tmp_path / "out", "labelme")))) == (7, 7)


def test_an_export_replaces_an_earlier_one_only(frozen: FrozenDataset, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_set(frozen, out, "voc")
    export_set(frozen, out, "folders")
    assert not (out / "Annotations").exists()
    assert json.loads((out / MARK).read_text())["dataset"] == frozen.full_name
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "thesis.doc").write_bytes(b"-")
    with pytest.raises(UserError) as caught:
        export_set(frozen, strange, "voc")
    assert caught.value.code == "output_exists"
    assert [f.name for f in strange.iterdir()] == ["thesis.doc"]


def test_a_cancelled_export_leaves_nothing(frozen: FrozenDataset, tmp_path: Path) -> None:
    def cancel(done: int, _whole: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_set(frozen, tmp_path / "out", "voc", progress=cancel)
    assert [f.name for f in tmp_path.iterdir()] == ["photos"]


def test_a_photo_that_lies_turned_in_its_file_is_written_upright(frozen: FrozenDataset, tmp_path: Path) -> None:
    """Boxes are of the upright photo, and not every reader obeys EXIF."""
    image = frozen.images[1]
    before = read_photo(image.path).pixels.astype(int)
    exif = Pillow.Exif()
    exif[0x0112] = 6
    Pillow.fromarray(before.astype(np.uint8)).transpose(Pillow.Transpose.ROTATE_90).save(image.path, "JPEG", exif=exif)
    turned = replace(image, sha256=hashlib.sha256(image.path.read_bytes()).hexdigest())
    export_set(replace(frozen, images=(turned,)), tmp_path / "out", "voc")
    (row,) = table_of(tmp_path / "out")
    with Pillow.open(tmp_path / "out" / row["photo"]) as written:
        assert written.size == SIZE
        assert not dict(written.getexif())
