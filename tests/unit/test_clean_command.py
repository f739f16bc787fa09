"""``clean PATH`` as another program calls it: odd files, empty folders, what cannot be read, what is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from app.common.images import encode_jpeg
from tests.contract import CommandLine

ODD_SIZES = ((1, 1), (2, 3000), (3000, 2), (7, 7), (40, 900))


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return CommandLine(capsysbinary)


@pytest.fixture
def folder(tmp_path: Path, photo_pixels: NDArray[np.uint8]) -> Path:
    """One good photo and one that is none."""
    made = tmp_path / "photos"
    made.mkdir()
    (made / "1.jpg").write_bytes(encode_jpeg(photo_pixels))
    (made / "2.jpg").write_text("not a photo")
    return made


def keys(image: dict[str, Any]) -> list[str]:
    return [finding["check"] for finding in image["findings"]]


def test_photos_of_odd_sizes_and_kinds_stop_nothing(run: CommandLine, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for height, width in ODD_SIZES:
        for name, values in (("flat", np.full((height, width), 200)), ("noise", rng.integers(0, 256, (height, width)))):
            cv2.imwrite(str(tmp_path / f"{name}{height}x{width}.png"), values.astype(np.uint8))
    images = run("clean", "clean", tmp_path)["images"]
    assert len(images) == 2 * len(ODD_SIZES)
    assert not any("unreadable" in keys(image) for image in images)


def test_a_folder_of_nothing_and_one_of_nothing_readable(run: CommandLine, tmp_path: Path) -> None:
    assert run("clean", "clean", tmp_path)["images"] == []
    (tmp_path / "a.jpg").write_text("not a photo")
    (image,) = run("clean", "clean", tmp_path)["images"]
    assert keys(image) == ["unreadable"]


def test_a_photo_that_could_not_be_looked_at_does_not_pass_for_clean(run: CommandLine, folder: Path) -> None:
    """Whatever checks were asked for: no finding means that the photo was examined."""
    good, bad = run("clean", "clean", folder, "--checks", "dark")["images"]
    assert keys(good) == []
    assert keys(bad) == ["unreadable"]
    workspace = folder.parent / "workspace"
    run("import", "import", folder / "1.jpg", "--workspace", workspace)
    (kept,) = (workspace / "media").rglob("*.jpg")
    kept.write_text("damaged meanwhile")
    (image,) = run("clean", "clean", "--checks", "dark", "--workspace", workspace)["images"]
    assert keys(image) == ["unreadable"]


def test_a_path_that_is_not_there_is_refused(run: CommandLine, folder: Path) -> None:
    assert run.refused("clean", folder / "3.jpg") == "file_missing"
    assert run.refused("clean", str(folder) + "x" * 5000) == "file_missing"
    assert run.refused("clean", folder, "--checks", "dark,nonsense") == "unknown_check"


def test_images_are_named_as_given_in_natural_order(run: CommandLine, folder: Path) -> None:
    (folder / "10.jpg").write_bytes((folder / "1.jpg").read_bytes())
    for given in (str(folder), f"{folder}/"):
        images = run("clean", "clean", given, "--checks", "exact_duplicate")["images"]
        assert [i["image"] for i in images] == [str(folder / name) for name in ("1.jpg", "2.jpg", "10.jpg")]
        groups = {f["group"] for i in images for f in i["findings"] if f["check"] == "exact_duplicate"}
        assert len(groups) == 1
