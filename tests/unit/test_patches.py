"""Patches: which boxes are drawn, what is cut out, and that each one can be traced back."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.annotation.document import Annotation, new_id
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.packs import load_pack
from app.common.workspace import Workspace, open_workspace
from app.datasets import store
from app.datasets.patch_files import COLUMNS, GREY, TABLE, PatchResult, cut_patch, write_patches
from app.datasets.patches import Patch, PatchOptions, PatchPlan, folder_names, plan_patches
from app.datasets.records import NewImage
from app.datasets.store import Store, open_store
from db.tables import Image
from tests.contract import CommandLine

WIDTH, HEIGHT = 120, 90


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "工作区")


@pytest.fixture
def opened(place: Workspace) -> Iterator[Store]:
    opened = open_store(place)
    yield opened
    opened.close()


def pixels_of(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def photo(opened: Store, place: Workspace, number: int, patient: str | None, *boxes: tuple[Box, str]) -> int:
    """A lossless photo in the media folder with its boxes; the patient's visit is made with the first one."""
    name = f"IMG_{number}.png"
    (place.media / name).write_bytes(cv2.imencode(".png", pixels_of(number)[..., ::-1])[1].tobytes())
    with opened.write("li") as s:
        case = store.add_case(s, patient).id if patient else None
        image_id = store.add_image(s, NewImage(name, name, width=WIDTH, height=HEIGHT, case_id=case))
        store.put_boxes(s, image_id, [Annotation(new_id(), box, label) for box, label in boxes])
    return image_id


def box(x: float = 10, y: float = 10, w: float = 30, h: float = 20) -> Box:
    return Box(x, y, x + w, y + h)


def plan(opened: Store, per_disease: int = 5, **more: Any) -> PatchPlan:
    with opened.read() as s:
        return plan_patches(s, PatchOptions(per_disease, **more))


def rows_of(out: Path) -> list[dict[str, str]]:
    with (out / TABLE).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def many(opened: Store, place: Workspace) -> None:
    """Patient a: 2 photos of 6 boxes each; b: 1 photo of 3; c: 1 photo of 1; and a photo of nobody with 2."""
    number = 0
    for patient, photos, count in (("a", 2, 6), ("b", 1, 3), ("c", 1, 1), (None, 1, 2)):
        for _ in range(photos):
            number += 1
            photo(opened, place, number, patient, *[(box(3 * k, 2 * k), "psoriasis") for k in range(count)])


def test_patients_take_turns_and_within_them_the_photos(opened: Store, place: Workspace) -> None:
    many(opened, place)
    for per_disease, most in ((4, 1), (7, 2), (10, 4)):
        drawn = plan(opened, per_disease).patches
        assert len(drawn) == per_disease
        assert max(Counter(p.patient for p in drawn).values()) == most
    of_a = Counter(p.photo for p in plan(opened, 12).patches if p.patient == "a")
    assert max(of_a.values()) - min(of_a.values()) <= 1


def test_fewer_than_wanted_are_all_taken_and_named(opened: Store, place: Workspace) -> None:
    many(opened, place)
    photo(opened, place, 20, "d", (box(), "eczema"))
    found = plan(opened, 100)
    assert found.per_disease == found.available
    assert {k: n for k, n in found.available.items() if n} == {"psoriasis": 18, "eczema": 1}
    assert found.short == {**dict.fromkeys(load_pack().keys, 0), "psoriasis": 18, "eczema": 1}
    assert found.patients == 5
    assert list(found.per_disease) == list(load_pack().keys)


def test_the_draw_is_the_seeds_alone(opened: Store, place: Workspace) -> None:
    many(opened, place)
    assert plan(opened, 5) == plan(opened, 5)
    assert {p.box_id for p in plan(opened, 5).patches} != {p.box_id for p in plan(opened, 5, seed=1).patches}
    with opened.write("li") as s:
        for row in store.image_rows(s):
            store.complete_image(s, row.id, WIDTH, HEIGHT, False, hashlib.sha256(b"x").hexdigest())
    assert {p.box_id for p in plan(opened, 5).patches} == {p.box_id for p in plan(opened, 5, margin=0.5).patches}


def test_what_cannot_become_a_patch_is_left_out_and_counted(opened: Store, place: Workspace) -> None:
    first = photo(opened, place, 1, "a", (box(), "psoriasis"), (box(), ""), (box(), "other"), (box(), "Wart"))
    photo(opened, place, 2, "a", (Box(5, 5, 5, 20), "psoriasis"), (box(w=8), "psoriasis"))
    photo(opened, place, 3, "b", (box(), "eczema"))
    with opened.write("li") as s:
        s.get_one(Image, 3).trashed = datetime.now(UTC)
    found = plan(opened, 5, min_size=9)
    assert [(p.image_id, p.disease) for p in found.patches] == [(first, "psoriasis")]
    assert found.left_out == {"unlabelled": 1, "other": 1, "unknown_label": 1, "no_area": 1, "too_small": 1}
    with pytest.raises(UserError) as caught:
        plan(opened, 5, min_size=31)
    assert caught.value.code == "no_patches"


@pytest.mark.parametrize("wrong", [{"per_disease": 0}, {"margin": -0.1}, {"min_size": -1}, {"margin": float("nan")}])
def test_options_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError) as caught:
        PatchOptions(**{"per_disease": 5, **wrong})
    assert caught.value.code == "bad_patch_options"


def test_a_patch_is_the_photos_pixels_and_the_table_says_where_they_were(
    opened: Store, place: Workspace, tmp_path: Path
) -> None:
    many(opened, place)
    photo(opened, place, 9, "z", (Box(10.4, 5.6, 41.5, 30.2), "eczema"))
    out = tmp_path / "out"
    found = plan(opened, 4)
    result = write_patches(found, out)
    assert result == PatchResult(5, found.per_disease, found.patients)
    rows = rows_of(out)
    assert tuple(rows[0]) == COLUMNS
    assert sorted(r["patch"] for r in rows) == sorted(
        p.relative_to(out).as_posix() for p in out.rglob("*.png")
    )  # nothing else lies there
    for row in rows:
        seen = cv2.imread(str(out / row["patch"]))[..., ::-1]
        x0, y0, x1, y1 = (int(row[f"cut_{k}"]) for k in ("x0", "y0", "x1", "y1"))
        source = place.media / row["photo"]
        whole = cv2.imdecode(np.frombuffer(source.read_bytes(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        assert np.array_equal(seen, whole[y0:y1, x0:x1])
        assert hashlib.sha256(source.read_bytes()).hexdigest() == row["photo_sha256"]
        assert (int(row["photo_width"]), int(row["photo_height"])) == (WIDTH, HEIGHT)
        assert (int(row["width"]), int(row["height"])) == (x1 - x0, y1 - y0)
        with opened.read() as s:
            traced = {a.id: a for a in store.boxes_of(s, int(row["photo_id"]))}[row["box_id"]]
            assert store.image(s, int(row["photo_id"])).patient == (row["patient"] or None)
        assert [float(row[k]) for k in ("x0", "y0", "x1", "y1")] == traced.box.as_list()
        assert (row["disease"], row["annotator"]) == (traced.label, "li")
    eczema = next(r for r in rows if r["disease"] == "eczema")
    assert [int(eczema[f"cut_{k}"]) for k in ("x0", "y0", "x1", "y1")] == [10, 6, 42, 30]


def test_names_of_files_say_nothing_of_patient_and_photo(opened: Store, place: Workspace, tmp_path: Path) -> None:
    photo(opened, place, 1, "wang-xiaoming", (box(), "psoriasis"))
    write_patches(plan(opened), tmp_path / "out")
    assert [p.relative_to(tmp_path / "out").as_posix() for p in sorted((tmp_path / "out").rglob("*.*"))] == [
        "patches.csv",
        "psoriasis/psoriasis-0001.png",
    ]


@given(st.lists(st.text(max_size=120) | st.sampled_from(["../a", "/etc", "nul", "a.", "A", "a", ".."]), unique=True))
def test_any_label_gives_a_folder_of_its_own_inside(labels: list[str]) -> None:
    names = folder_names(labels)
    assert list(names) == labels
    assert len({n.casefold() for n in names.values()}) == len(labels)
    for name in names.values():
        assert name
        assert not set(name) & set('/\\:*?"<>|. \0')
        assert name.casefold() not in {"nul", "con", "com1"}
        assert len(name) < 100


def test_folders_of_the_pack_are_its_keys() -> None:
    keys = load_pack().keys
    assert folder_names(keys) == {k: k for k in keys}
    assert folder_names(["玫瑰糠疹", "Wart / common"]) == {"玫瑰糠疹": "玫瑰糠疹", "Wart / common": "Wart_common"}


def one_patch(at: Box) -> Patch:
    return Patch("a.png", "psoriasis", 1, "a.jpg", Path("a.jpg"), WIDTH, HEIGHT, None, "1", at, "li")


def test_padding_makes_a_square_of_grey_around_the_cut() -> None:
    photo = pixels_of(1)
    square = cut_patch(photo, one_patch(Box(10, 10, 50, 31)), PatchOptions(1, padding="square"))
    assert square.shape == (40, 40, 3)
    assert np.array_equal(square[9:30], photo[10:31, 10:50])
    assert (np.delete(square, slice(9, 30), 0) == GREY).all()
    plain = cut_patch(photo, one_patch(Box(10, 10, 50, 31)), PatchOptions(1))
    assert np.array_equal(plain, photo[10:31, 10:50])


def test_a_margin_is_a_share_of_the_box_and_ends_at_the_photos_edge() -> None:
    options = PatchOptions(1, margin=0.25)
    assert one_patch(Box(40, 40, 80, 60)).region(0.25, WIDTH, HEIGHT) == (30, 35, 90, 65)
    assert cut_patch(pixels_of(1), one_patch(Box(0, 0, 40, 20)), options).shape == (25, 50, 3)


side = st.floats(-20, 140, allow_nan=False)


@given(side, side, side, side, st.floats(0, 2), st.sampled_from(["none", "square"]))
@settings(max_examples=200)
def test_whatever_the_box_the_cut_lies_in_the_photo(
    xa: float, ya: float, xb: float, yb: float, margin: float, padding: Any
) -> None:
    patch = one_patch(Box(min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)))
    x0, y0, x1, y1 = patch.region(margin, WIDTH, HEIGHT)
    assert 0 <= x0 < x1 <= WIDTH
    assert 0 <= y0 < y1 <= HEIGHT
    cut = cut_patch(pixels_of(1), patch, PatchOptions(1, margin=margin, padding=padding))
    h, w = cut.shape[:2]
    assert (w, h) == ((max(x1 - x0, y1 - y0),) * 2 if padding == "square" else (x1 - x0, y1 - y0))


def test_a_photo_that_cannot_be_read_fails_alone(opened: Store, place: Workspace, tmp_path: Path) -> None:
    many(opened, place)
    photo(opened, place, 8, "y", (box(), "eczema"))
    photo(opened, place, 9, "z", (box(), "eczema"))
    (place.media / "IMG_8.png").write_bytes(b"no photo")
    (place.media / "IMG_9.png").write_bytes(cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))[1].tobytes())
    result = write_patches(plan(opened, 3), tmp_path / "out")
    assert result.per_disease["eczema"] == 0
    assert sorted((name, error.code) for name, error in result.failed) == [
        ("IMG_8.png", "not_an_image"),
        ("IMG_9.png", "photo_resized"),
    ]
    assert len(rows_of(tmp_path / "out")) == result.patches == 3


def test_a_stopped_call_takes_back_what_it_wrote(opened: Store, place: Workspace, tmp_path: Path) -> None:
    many(opened, place)

    def stop(_done: int, _whole: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_patches(plan(opened), tmp_path / "out", stop)
    assert list(tmp_path.joinpath("out").rglob("*")) == []


def test_written_anew_only_what_an_earlier_call_wrote_goes(opened: Store, place: Workspace, tmp_path: Path) -> None:
    many(opened, place)
    out = tmp_path / "out"
    write_patches(plan(opened, 6), out)
    (out / "notes.txt").write_text("mine")
    (tmp_path / "outside.png").write_text("not ours")
    table = out / TABLE
    table.write_text(table.read_text(encoding="utf-8") + "../outside.png,psoriasis\n", encoding="utf-8")
    write_patches(plan(opened, 2), out)
    assert len(list(out.rglob("*.png"))) == len(rows_of(out)) == 2
    assert (out / "notes.txt").exists()
    assert (tmp_path / "outside.png").exists()


def test_jpeg_patches_carry_no_exif(opened: Store, place: Workspace, tmp_path: Path) -> None:
    photo(opened, place, 1, "a", (box(), "psoriasis"))
    write_patches(plan(opened, 1, encoding="jpg"), tmp_path / "out")
    (file,) = (tmp_path / "out").rglob("*.jpg")
    assert b"Exif" not in file.read_bytes()
    assert cv2.imread(str(file)).shape == (20, 30, 3)


@pytest.fixture
def squama(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return CommandLine(capsysbinary)


def test_the_command(opened: Store, place: Workspace, tmp_path: Path, squama: CommandLine) -> None:
    many(opened, place)
    out = tmp_path / "out"
    words = ("patches", out, "--workspace", place.root, "--per-disease", 7, "--margin", "0.1", "--seed", 3)
    document = squama("patches", *words)
    assert document["patches"] == document["per_disease"]["psoriasis"] == 7
    assert document["patients"] == 4
    assert set(document) == {"patches", "per_disease", "patients"}
    assert squama.refused(*words) == "output_exists"
    before = (out / TABLE).read_bytes()
    squama("patches", *words, "--force")
    assert (out / TABLE).read_bytes() == before
    assert squama.refused("patches", tmp_path / "x", "--workspace", place.root, "--per-disease", 0) == (
        "bad_patch_options"
    )
    assert squama.refused("patches", tmp_path / "x", "--workspace", tmp_path / "empty", "--per-disease", 1) == (
        "no_patches"
    )
    (place.media / "IMG_1.png").unlink()
    lost = squama("patches", *words, "--force", status=1)
    assert [f["item"] for f in lost["failed"]] == ["IMG_1.png"]


def test_no_patient_dominates_whatever_the_collection(opened: Store, place: Workspace) -> None:
    rng = np.random.default_rng(5)
    for number in range(12):
        boxes = [(box(k), "psoriasis") for k in range(int(rng.integers(1, 9)))]
        photo(opened, place, number, f"p{number % 5}", *boxes)
    drawn: dict[int, Counter[str | None]] = defaultdict(Counter)
    available = Counter(p.patient for p in plan(opened, 1000).patches)
    for wanted in range(1, 25):
        taken = Counter(p.patient for p in plan(opened, wanted).patches)
        drawn[wanted] = taken
        most = max(taken.values())
        assert all(taken[p] == available[p] or taken[p] >= most - 1 for p in available)
