"""Photos on their way: large folders, neighbours made ready, and what is wrong with files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.common.images import encode_jpeg
from app.common.words import text
from app.views.workbench import opening
from tests.gui.acting import drag, settle
from tests.gui.conftest import PATIENCE, Start

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.application import Program
    from app.views.workbench.workbench import Workbench


def folder_of(place: Path, pixels: NDArray[np.uint8], names: list[str]) -> Path:
    place.mkdir()
    data = encode_jpeg(pixels)
    for name in names:
        (place / name).write_bytes(data)
    return place


def stands(bench: Workbench, name: str) -> bool:
    row = bench.sitting.row
    return bench.sitting.shown and row is not None and row.name == name


def names_of(bench: Workbench) -> list[str]:
    return [bench.photos.model.index(n).data() for n in range(bench.photos.model.rowCount())]


# -- folders -------------------------------------------------------------------------------------------------------
def test_a_folder_comes_in_batches_in_natural_order(
    start: Start, qtbot: QtBot, tmp_path: Path, photo_pixels: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "FIRST", 4)
    monkeypatch.setattr(opening, "BATCH", 16)
    monkeypatch.setattr(opening, "TELL_SECONDS", 0.0)
    folder = folder_of(tmp_path / "many", photo_pixels, [f"img {n}.jpg" for n in range(100)])
    bench = start(folder).workbench
    grown: list[int] = []
    bench.photos.model.rowsInserted.connect(lambda *_: grown.append(bench.photos.model.rowCount()))
    qtbot.waitUntil(lambda: bench.photos.model.total == 100 and bench.collection.idle, timeout=PATIENCE)
    assert names_of(bench) == [f"img {n}.jpg" for n in range(100)]
    assert len(grown) > 3
    assert bench.photos.current() == bench.photos.model.find(bench.photos.current().id)  # type: ignore[union-attr]
    assert bench.photos.current().name == "img 0.jpg"  # type: ignore[union-attr]


def test_opening_can_be_stopped_and_what_has_come_stays(
    start: Start, qtbot: QtBot, tmp_path: Path, photo_pixels: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "FIRST", 2)
    monkeypatch.setattr(opening, "BATCH", 2)
    monkeypatch.setattr(opening, "TELL_SECONDS", 0.0)
    folder = folder_of(tmp_path / "many", photo_pixels, [f"{n}.jpg" for n in range(60)])
    program = start()
    bench = program.workbench
    settle(qtbot, program)
    bench.collection.open([folder])
    qtbot.waitUntil(lambda: bench.photos.model.total >= 4, timeout=PATIENCE)
    status = program.window.status
    assert status.work.text().startswith(text("photos.opening", n="").rstrip(" 0"))
    assert status.stop.isVisible()
    qtbot.mouseClick(status.stop, Qt.MouseButton.LeftButton)
    assert bench.collection.idle
    assert not status.stop.isVisible()
    assert status.work.text() == ""
    settle(qtbot, program)
    assert 4 <= bench.photos.model.total < 60


def test_the_workspace_comes_back_to_the_photo_that_was_open(
    start: Start, qtbot: QtBot, tmp_path: Path, photo_pixels: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "BATCH", 8)
    folder = folder_of(tmp_path / "many", photo_pixels, [f"{n:02}.jpg" for n in range(50)])
    program = start(folder)
    bench = program.workbench
    qtbot.waitUntil(lambda: bench.photos.model.total == 50 and bench.collection.idle, timeout=PATIENCE)
    bench.photos.go_to(bench.photos.model.row_of(bench.photos.model.index(40)).id)  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: stands(bench, "40.jpg"), timeout=PATIENCE)
    settle(qtbot, program)
    again = start().workbench
    qtbot.waitUntil(lambda: stands(again, "40.jpg"), timeout=PATIENCE)
    qtbot.waitUntil(lambda: again.collection.idle, timeout=PATIENCE)
    assert names_of(again) == [f"{n:02}.jpg" for n in range(50)]
    assert again.photos.current().name == "40.jpg"  # type: ignore[union-attr]


def test_a_single_file_opens_among_all(
    start: Start, qtbot: QtBot, photo_folder: Path, tmp_path: Path, photo_pixels: NDArray[np.uint8]
) -> None:
    program = start(photo_folder)
    bench = program.workbench
    qtbot.waitUntil(lambda: bench.sitting.shown, timeout=PATIENCE)
    single = folder_of(tmp_path / "else", photo_pixels, ["one.jpg"]) / "one.jpg"
    bench.collection.open([single])
    qtbot.waitUntil(lambda: stands(bench, "one.jpg") and bench.collection.idle, timeout=PATIENCE)
    assert len(names_of(bench)) == 4
    other = tmp_path / "else" / "two.jpg"
    other.write_bytes(single.read_bytes())
    bench.collection.open([other])
    qtbot.waitUntil(lambda: stands(bench, "two.jpg") and bench.collection.idle, timeout=PATIENCE)
    assert names_of(bench)[-2:] == ["one.jpg", "two.jpg"]


# -- filters -------------------------------------------------------------------------------------------------------
def test_the_list_shows_what_the_filter_lets_through(reading: Program, qtbot: QtBot) -> None:
    bench = reading.workbench
    photos = bench.photos
    drag_box(qtbot, reading)
    qtbot.waitUntil(lambda: photos.model.index(0).data(Qt.ItemDataRole.UserRole).boxes == 1, timeout=PATIENCE)
    assert {k: n for k, n in photos.model.counts().items() if n} == {
        "all": 3,
        "needs": 3,
        "empty": 2,
        "boxed": 1,
        "unverified": 3,
        "mine": 1,
    }
    photos.show_only("boxed")
    assert names_of(bench) == ["photo 1.jpg"]
    photos.show_only("empty")
    assert names_of(bench) == ["photo 2.jpg", "photo 10.jpg"]
    assert stands(bench, "photo 1.jpg")  # the photo at work stays open
    photos.show_only("mine")
    assert names_of(bench) == ["photo 1.jpg"]
    qtbot.keyClick(bench.canvas, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: photos.model.counts()["verified"] == 1, timeout=PATIENCE)
    photos.show_only("needs")
    assert names_of(bench) == ["photo 2.jpg", "photo 10.jpg"]
    photos.show_only("all")
    assert len(names_of(bench)) == 3


def drag_box(qtbot: QtBot, program: Program) -> None:
    from app.common.geometry import Box

    bench = program.workbench
    qtbot.keyClick(bench.canvas, Qt.Key.Key_W)
    drag(qtbot, bench, Box(20, 20, 60, 60))
    settle(qtbot, program)


# -- ahead ---------------------------------------------------------------------------------------------------------
def test_the_next_photo_stands_ready_with_its_boxes(reading: Program, qtbot: QtBot) -> None:
    bench = reading.workbench
    drag_box(qtbot, reading)
    qtbot.keyClick(bench.canvas, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: stands(bench, "photo 2.jpg"), timeout=PATIENCE)
    settle(qtbot, reading)
    qtbot.keyClick(bench.canvas, Qt.Key.Key_A)
    document = bench.canvas.document()  # at once: nothing was waited for
    assert document is not None
    assert len(document.annotations) == 1
    assert not bench.sitting.shown  # nothing can be drawn until it is known to be the newest
    qtbot.waitUntil(lambda: stands(bench, "photo 1.jpg"), timeout=PATIENCE)


def test_all_pixels_come_with_half_of_them(tmp_path: Path, photo_pixels: NDArray[np.uint8]) -> None:
    from app.views.workbench.photo_loader import load_levels

    file = folder_of(tmp_path / "photos", photo_pixels, ["a.jpg"]) / "a.jpg"
    half, whole = load_levels(file)
    height, width = photo_pixels.shape[:2]
    assert (whole.width(), whole.height(), half.width(), half.height()) == (width, height, width // 2, height // 2)
    red, green, blue = (int(v) for v in photo_pixels[10, 20])
    seen = whole.pixelColor(20, 10)
    assert max(abs(seen.red() - red), abs(seen.green() - green), abs(seen.blue() - blue)) < 12
    smaller = half.pixelColor(10, 5)
    assert abs(smaller.red() - red) < 12


def test_decoded_photos_are_kept_within_a_limit(
    qtbot: QtBot, tmp_path: Path, photo_pixels: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    from PySide6.QtCore import QObject

    from app.views.background import Background
    from app.views.workbench import photo_loader

    one = photo_pixels.shape[0] * photo_pixels.shape[1] * 4
    monkeypatch.setattr(photo_loader, "KEPT_BYTES", 3 * one)
    folder = folder_of(tmp_path / "photos", photo_pixels, [f"{n}.jpg" for n in range(6)])
    background, parent = Background("tester"), QObject()
    loader = photo_loader.PhotoLoader(background, parent)
    done: list[photo_loader.Loaded] = []
    loader.ahead(sorted(folder.iterdir()), done.append)
    qtbot.waitUntil(lambda: len(done) == 6, timeout=PATIENCE)
    assert [loader.at_hand(p) is not None for p in sorted(folder.iterdir())] == [False] * 3 + [True] * 3
    loader.load(folder / "5.jpg", done.append, lambda _: None)
    assert done[-1].path == folder / "5.jpg"
    background.close()


# -- odd inputs ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("content", "code"), [(b"", "file_empty"), (b"this is not an image\n" * 40, "not_an_image")])
def test_a_bad_first_photo_says_why_and_the_next_passes_it(
    start: Start, qtbot: QtBot, tmp_path: Path, photo_pixels: NDArray[np.uint8], content: bytes, code: str
) -> None:
    folder = folder_of(tmp_path / "photos", photo_pixels, ["a.jpg", "b.jpg", "d.jpg"])
    (folder / "a.jpg").write_bytes(content)
    (folder / "c.jpg").write_bytes(content)
    bench = start(folder).workbench
    qtbot.waitUntil(lambda: bench.sitting.problem == code, timeout=PATIENCE)
    qtbot.waitUntil(lambda: bench.photos.model.total == 4, timeout=PATIENCE)
    for name, good in (("b.jpg", True), ("c.jpg", False), ("d.jpg", True)):
        qtbot.keyClick(bench.photos.view, Qt.Key.Key_D)
        if good:
            qtbot.waitUntil(lambda name=name: stands(bench, name), timeout=PATIENCE)
        else:
            qtbot.waitUntil(lambda: bench.sitting.problem == code, timeout=PATIENCE)
            assert not bench.canvas.has_photo()
            assert bench.photos.current().name == name  # type: ignore[union-attr]


def test_a_photo_that_breaks_off_is_shown_as_far_as_it_goes_and_no_model_reads_it(
    start: Start, qtbot: QtBot, tmp_path: Path, photo_pixels: NDArray[np.uint8]
) -> None:
    folder = folder_of(tmp_path / "photos", photo_pixels, ["a.jpg", "b.jpg"])
    data = (folder / "a.jpg").read_bytes()
    (folder / "a.jpg").write_bytes(data[: len(data) * 9 // 10])
    bench = start(folder).workbench
    qtbot.waitUntil(lambda: stands(bench, "a.jpg"), timeout=PATIENCE)
    assert bench.sitting.photo_warnings == ("photo_truncated",)
    assert bench.frame.messages.codes == ["image_truncated"]
    qtbot.waitUntil(lambda: bench.engine.is_ready and not bench.sitting.busy, timeout=PATIENCE)
    assert not bench.sitting.answer
    assert bench.canvas.has_photo()
    qtbot.keyClick(bench.canvas, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: bool(bench.sitting.answer), timeout=PATIENCE)
    assert bench.sitting.photo_warnings == ()
    assert bench.frame.messages.codes == []


def test_a_photo_beyond_the_limit_is_refused_at_once_with_the_limit(
    start: Start, qtbot: QtBot, tmp_path: Path, photo_pixels: NDArray[np.uint8]
) -> None:
    from PIL import Image

    folder = folder_of(tmp_path / "photos", photo_pixels, ["b.jpg"])
    Image.new("1", (20_000, 20_000)).save(folder / "a.png")
    program = start(folder)
    bench = program.workbench
    said: list[str] = []
    bench.sitting.failed.connect(lambda error: said.append(error.what))
    qtbot.waitUntil(lambda: bench.sitting.problem == "image_too_large", timeout=PATIENCE)
    qtbot.keyClick(bench.photos.view, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: stands(bench, "b.jpg"), timeout=PATIENCE)
    assert all("250" in what for what in said)


def test_a_photo_that_was_turned_is_upright(
    start: Start, qtbot: QtBot, tmp_path: Path, photo_pixels: NDArray[np.uint8]
) -> None:
    from PIL import Image

    folder = tmp_path / "数据 集 (1)"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(photo_pixels).save(folder / "猫 图片 1.jpg", exif=exif)
    bench = start(folder).workbench
    qtbot.waitUntil(lambda: stands(bench, "猫 图片 1.jpg"), timeout=PATIENCE)
    height, width = photo_pixels.shape[:2]
    assert bench.canvas.photo_size() == (height, width)
