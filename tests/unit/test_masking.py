"""Masks are painted wherever a photo leaves the workspace or is learnt from; what is excluded gives no patch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from sqlalchemy import update

from app.annotation.document import Annotation, new_id
from app.common.geometry import Box
from app.common.images import read_photo
from app.common.masking import GREY, masked
from app.common.workspace import Workspace
from app.datasets import store
from app.datasets.freezing.frozen import FrozenImage
from app.datasets.patch_files import write_patches
from app.datasets.patches import PatchOptions, plan_patches
from app.datasets.records import NewImage
from app.datasets.store import Store, open_store
from db.tables import Image

MASK = Box(20, 10, 40, 30)
WHITE = np.full((80, 100, 3), 255, np.uint8)


def test_a_pixel_that_a_mask_touches_is_painted() -> None:
    pixels = np.zeros((20, 20, 3), np.uint8)
    assert masked(pixels, ()) is pixels
    painted = masked(pixels, (Box(2.5, 3, 5.2, 6), Box(18, 18, 40, 40), Box(-9, -9, 1, 1)))
    grey = {(int(x), int(y)) for y, x in zip(*np.nonzero(painted[..., 0] == GREY), strict=True)}
    assert grey == {(x, y) for x in range(2, 6) for y in range(3, 6)} | {(x, y) for x in (18, 19) for y in (18, 19)} | {
        (0, 0)
    }
    assert not pixels.any(), "the photo itself is not touched"
    quarter = masked(pixels, (Box(40, 40, 48, 48),), 0.25)
    assert quarter[9:13, 9:13].min() == GREY


@pytest.fixture
def opened(workspace: Workspace) -> Iterator[Store]:
    """A white photo with one box and one mask; a second one that somebody excluded."""
    opened = open_store(workspace)
    with opened.write("li") as s:
        for name in ("a.png", "b.png"):
            (workspace.media / name).write_bytes(cv2.imencode(".png", WHITE)[1].tobytes())
            image = store.add_image(s, NewImage(name, name, width=100, height=80))
            store.put_boxes(s, image, [Annotation(new_id(), Box(10, 10, 60, 60), "psoriasis")])
        s.execute(update(Image).where(Image.name == "a.png").values(masks=[MASK.as_list()]))
        s.execute(update(Image).where(Image.name == "b.png").values(excluded="blur"))
    yield opened
    opened.close()


def test_patches_are_cut_from_the_painted_photo(opened: Store, tmp_path: Path) -> None:
    with opened.read() as s:
        plan = plan_patches(s, PatchOptions(5))
    assert [patch.photo for patch in plan.patches] == ["a.png"]
    write_patches(plan, tmp_path / "out")
    pixels = read_photo(tmp_path / "out" / plan.patches[0].name).pixels
    expected = np.full((50, 50, 3), 255, np.uint8)
    expected[0:20, 10:30] = GREY
    np.testing.assert_array_equal(pixels, expected)


def test_training_sees_the_painted_photo(opened: Store, workspace: Workspace) -> None:
    from app.training.learning.samples import load_pieces, load_scenes

    file = workspace.media / "a.png"
    image = FrozenImage(
        1, file, "psoriasis", ((MASK, "psoriasis"),), None, None, "g", "train", (), 100, 80,
        hashlib.sha256(file.read_bytes()).hexdigest(), masks=(MASK,),
    )  # fmt: skip
    (scene,) = load_scenes([image], ["psoriasis"], 40)
    assert (scene.pixels[6:14, 11:19] == GREY).all()
    (piece,) = load_pieces([image], ["psoriasis"], 16, 0.0, whole=False)
    region = piece.region
    inside = piece.pixels[int(region.y0) + 1 : int(region.y1) - 1, int(region.x0) + 1 : int(region.x1) - 1]
    assert inside.size
    assert (inside == GREY).all()
