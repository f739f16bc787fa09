"""Fixtures for every test. Nothing here needs a screen, and nobody's own workspace is ever touched."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = os.environ.get("SQUAMA_TEST_PLATFORM", "offscreen")

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from app.common.places import ROOT
from app.common.words import set_language
from app.common.workspace import ENVIRONMENT, Workspace, open_workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.common.phantoms import PhantomPhoto

# Two busy cores: a slow example is no failure, and every run draws the same ones.
settings.register_profile(
    "squama", deadline=None, derandomize=True, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("squama")


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    set_language("en")
    yield
    set_language("en")


@pytest.fixture(autouse=True)
def _no_workspace_of_ones_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path_factory.getbasetemp() / "default-workspace"))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A new, empty workspace; its folder has Chinese, a space and an emoji in its name."""
    return open_workspace(tmp_path / "工作区 one 🩺")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real photos beside the checkout; tests that need them skip where they are not."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("shared/data does not lie beside this checkout")
    return folder


@pytest.fixture(scope="session")
def photo_pixels() -> NDArray[np.uint8]:
    """A smooth 160 x 120 picture whose four corners differ: red, green, blue, grey (from the top left, clockwise)."""
    import numpy as np

    corners = np.array([[[210, 40, 40], [40, 200, 40]], [[128, 128, 128], [40, 40, 210]]], np.float32)
    y = np.linspace(0, 1, 120, dtype=np.float32)[:, None, None]
    x = np.linspace(0, 1, 160, dtype=np.float32)[None, :, None]
    top = corners[0, 0] * (1 - x) + corners[0, 1] * x
    bottom = corners[1, 0] * (1 - x) + corners[1, 1] * x
    return np.round(top * (1 - y) + bottom * y).astype(np.uint8)


@pytest.fixture
def photo_file(tmp_path: Path, photo_pixels: NDArray[np.uint8]) -> Path:
    """That picture as a JPEG whose path has Chinese, a space and an emoji."""
    from app.common.images import encode_jpeg

    file = tmp_path / "照片 one 🙂.jpg"
    file.write_bytes(encode_jpeg(photo_pixels))
    return file


@pytest.fixture(scope="session")
def phantom_photo() -> PhantomPhoto:
    """A small phantom of renderer A: pixels, true boxes and mask; drawn once."""
    from app.common.phantoms import render

    return render(0, 0, "A", "mid", (400, 300))


@pytest.fixture
def phantom_file(tmp_path: Path, phantom_photo: PhantomPhoto) -> Path:
    """That phantom as a JPEG that says of itself that it is synthetic."""
    from app.common.images import SYNTHETIC_MARK, encode_jpeg

    file = tmp_path / "幻影 phantom.jpg"
    file.write_bytes(encode_jpeg(phantom_photo.pixels, software=f"{SYNTHETIC_MARK} A"))
    return file
