"""Faces and parts of faces are found in a public-domain portrait (NASA, Eileen Collins), and none in skin."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.cleaning.checks import default_thresholds
from app.cleaning.faces import _turned, _turned_back, examine, faces
from app.cleaning.subject import Subject
from app.common.geometry import Box, iou
from app.common.images import encode_jpeg
from app.common.phantoms import Nuisances, render

Pixels = NDArray[np.uint8]
FACE = Box(172, 62, 278, 205)  # in the portrait of 512 x 512, by eye
LEFT_EYE, RIGHT_EYE, MOUTH = (204, 113), (244, 111), (227, 168)


@cache
def portrait() -> Pixels:
    data = pytest.importorskip("skimage.data")
    return np.asarray(data.astronaut()[..., :3], np.uint8)


def sure(pixels: Pixels) -> float:
    found = faces(pixels)
    return found[0][1] if found else 0.0


def limit() -> float:
    return default_thresholds()["face"]


def cut(box: Box, side: int = 800) -> Pixels:
    x0, y0, x1, y1 = (round(v) for v in box.as_list())
    k = side / max(x1 - x0, y1 - y0)
    return np.asarray(cv2.resize(portrait()[y0:y1, x0:x1], None, fx=k, fy=k, interpolation=cv2.INTER_CUBIC), np.uint8)


def test_a_face_is_found_where_it_is() -> None:
    (box, certainty), *_ = faces(portrait())
    assert certainty > limit()
    assert iou(box, FACE) > 0.5


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_face_is_found_where_it_is(quarters: int) -> None:
    turned = np.ascontiguousarray(np.rot90(portrait(), quarters))
    (box, certainty), *_ = faces(turned)
    assert certainty > limit()
    back = box
    for _ in range(quarters):
        back = _turned_back(back, portrait())
    assert iou(back, FACE) > 0.5


def test_parts_of_a_face_are_found() -> None:
    barred = portrait().copy()
    cv2.line(barred, (185, 113), (265, 111), (0, 0, 0), 26)
    x0, y0, x1, y1 = FACE.as_list()
    assert sure(barred) > limit()
    assert sure(cut(Box(x0, 90, x1, 140))) > limit()  # the eyes
    assert sure(cut(Box(160, 122, 292, 212))) > limit()  # nose to chin
    assert sure(cut(Box(x0, y0, 226, y1))) > limit()  # one half


def test_skin_shows_no_face() -> None:
    for index in range(3):
        photo = render(5, index, "AB"[index % 2], "mid", (640, 480), Nuisances(hair=True))
        assert sure(photo.pixels) < limit()


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (40, 3), (224, 224)])
def test_any_size_is_looked_at(size: tuple[int, int]) -> None:
    assert sure(np.full((*size, 3), 180, np.uint8)) < limit()


def test_the_finding_covers_the_face_in_pixels_of_the_whole_photo() -> None:
    large = cv2.resize(portrait(), (2048, 2048), interpolation=cv2.INTER_CUBIC)
    (finding,) = examine(Subject("a.jpg", encode_jpeg(np.asarray(large, np.uint8)))).findings
    assert finding.check == "face"
    assert finding.score > limit()
    for x, y in (LEFT_EYE, RIGHT_EYE, MOUTH):
        assert finding.boxes[0].contains(4 * x, 4 * y)
    assert iou(finding.boxes[0], FACE.scaled(4)) > 0.5


def test_threads_do_not_disturb_each_other() -> None:
    photos = [portrait(), np.ascontiguousarray(portrait()[:300]), cut(FACE, 400)] * 3
    alone = [faces(p) for p in photos]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(faces, photos)) == alone


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_a_box_is_turned_back_as_its_pixels_were(width: int, height: int, data: st.DataObject) -> None:
    x0, y0 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x1, y1 = data.draw(st.integers(x0 + 1, width)), data.draw(st.integers(y0 + 1, height))
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[y0:y1, x0:x1] = 1
    rows, columns = np.nonzero(_turned(pixels)[..., 0])
    turned = Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert _turned_back(turned, pixels).as_list() == [x0, y0, x1, y1]
