"""The still picture under the canvas: whatever way led there, it is the picture drawn anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from app.common.geometry import Box
from app.views.canvas.box_lines import CROWD, SWARM, BoxLines
from app.views.canvas.inside import bgra
from app.views.canvas.looker import pixels_of
from app.views.canvas.scene import Item
from app.views.canvas.still import Still, What
from app.views.canvas.view import Place

PHOTO = (900, 700)
SIZE = QSize(320, 240)
COLOURS = ("#E69F00", "#56B4E9", "#F0E442")
SMOOTH = 20
RING = ((0.1, 0.2), (0.9, 0.3), (0.6, 1.0))

boxes = st.builds(
    lambda x, y, w, h: Box(x, y, min(x + w, 900), min(y + h, 700)),
    st.floats(0, 880), st.floats(0, 680), st.sampled_from([0.0, 3.0, 40.0, 500.0]), st.sampled_from([0.0, 25.0, 300.0]),
)  # fmt: skip
items = st.builds(
    lambda n, box, colour, dashed, outline: Item(f"b{n}", box, colour, dashed, True, "", "", outline),
    st.integers(0, 12), boxes, st.sampled_from(COLOURS), st.booleans(), st.sampled_from([(), (RING,)]),
)  # fmt: skip
scenes = st.lists(items, max_size=8, unique_by=lambda item: item.id).map(tuple)
steps = st.tuples(
    st.sampled_from(["pan", "pan", "edit", "apart", "zoom"]), st.integers(-400, 400), st.integers(-90, 90), scenes
)


def photo(noise: bool = False) -> QImage:
    image = QImage(*PHOTO, QImage.Format.Format_RGB32)
    image.fill(QColor(200, 120, 110))
    if noise:
        pixels = pixels_of(image)
        pixels[...] = np.random.default_rng(0).integers(0, 255, pixels.shape, np.uint8)
    return image


def pixels(image: QImage) -> np.ndarray:
    copy = image.copy()  # must outlive the view of its memory
    return np.array(pixels_of(copy)[..., :3])


@settings(max_examples=40, deadline=None)
@given(scenes, st.lists(steps, min_size=1, max_size=6))
def test_pans_and_edits_lead_to_the_picture_drawn_anew(
    qapp: object, first: tuple[Item, ...], way: list[tuple[str, int, int, tuple[Item, ...]]]
) -> None:
    source, still = photo(), Still()
    lines, place, without = BoxLines(first), Place(-100, -60, 0.7), ""
    still.image(What(source, PHOTO, place, SIZE, 1, lines, without))
    for kind, dx, dy, scene in way:
        if kind == "pan":
            place = Place(place.x + dx, place.y + dy, place.scale)
        elif kind == "edit":
            lines = BoxLines(scene)
        elif kind == "apart":
            without = scene[0].id if scene else ""
        else:
            place = Place(place.x, place.y, 0.7 + abs(dy) / 50)
        what = What(source, PHOTO, place, SIZE, 1, lines, without)
        smooth = any(i.outline or i.box.is_empty for i in lines.items)  # marks that are smoothed at their cut ends
        led, anew = pixels(still.image(what)).astype(int), pixels(Still().image(what)).astype(int)
        assert np.abs(led - anew).max() <= (SMOOTH if smooth else 0)


def test_a_panned_photo_has_no_seams(qapp: object) -> None:
    source, still, place = photo(noise=True), Still(), Place(-80, -60, 0.63)
    for dx, dy in ((0, 0), (-13, 7), (5, -40), (-7, -3), (60, 0)):
        place = Place(place.x + dx, place.y + dy, place.scale)
        what = What(source, PHOTO, place, SIZE, 1, BoxLines())
        shifted, anew = pixels(still.image(what)).astype(int), pixels(Still().image(what)).astype(int)
        assert np.abs(shifted - anew).max() <= 3


@pytest.mark.parametrize("dashed", [False, True])
@pytest.mark.parametrize("box", [Box(30, 40, 120, 90), Box(-900, 40, 500, 90), Box(60.4, 70.6, 61, 140)])
def test_the_box_in_the_hand_looks_as_it_does_among_the_others(qapp: object, box: Box, dashed: bool) -> None:
    item = Item("a", box, COLOURS[0], dashed, True, "")
    what = What(photo(), PHOTO, Place(10, 5, 1.0), SIZE, 1, BoxLines())
    still = Still()
    image = still.image(what).copy()
    piece = still.piece(item)
    assert piece is not None
    painter = QPainter(image)
    painter.drawImage(*piece)
    painter.end()
    among = Still().image(replace(what, lines=BoxLines((item,))))
    assert np.array_equal(pixels(image), pixels(among))


def test_a_box_covers_nothing_inside_it_also_in_a_crowd(qapp: object) -> None:
    box = Item("z", Box(100, 100, 140, 130), COLOURS[1], False, True, "")
    for crowd in (0, CROWD + 10, SWARM + 10):
        far = [Item(f"a{n}", Box(300, 200, 302, 203), COLOURS[0], False, True, "") for n in range(crowd)]
        image = Still().image(What(photo(), PHOTO, Place(0, 0, 1.0), SIZE, 1, BoxLines((*far, box))))
        seen = pixels(image)
        assert (seen[100:130, 100:140] == (110, 120, 200)).all()
        assert tuple(seen[99, 120]) == bgra(QColor(COLOURS[1]))[:3]
        beside = {0: bgra(QColor(COLOURS[1]))[:3], CROWD + 10: (24, 24, 24)}.get(crowd, (110, 120, 200))
        assert tuple(seen[98, 120]) == beside


def test_what_has_no_area_is_crossed(qapp: object) -> None:
    for box in (Box(100, 100, 100, 100), Box(80, 100, 120, 100)):
        image = Still().image(
            What(photo(), PHOTO, Place(0, 0, 1.0), SIZE, 1, BoxLines((Item("a", box, COLOURS[0], False, True, ""),)))
        )
        seen = pixels(image)[90:110, 90:110]
        orange = (seen == bgra(QColor(COLOURS[0]))[:3]).all(axis=2)
        assert orange[6, 6]
        assert orange[14, 6]


def test_an_outline_lies_in_its_box_and_goes_along(qapp: object) -> None:
    def sees(box: Box) -> np.ndarray:
        item = Item("a", box, COLOURS[0], False, True, "", "", (RING,))
        seen = pixels(Still().image(What(photo(), PHOTO, Place(0, 0, 1.0), SIZE, 1, BoxLines((item,)))))
        inside = seen[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)]
        return (inside != (110, 120, 200)).any(axis=2)

    here, there = sees(Box(20, 20, 120, 120)), sees(Box(150, 60, 250, 160))
    assert 50 < here.sum() < 2500
    assert np.array_equal(here, there)


def test_more_boxes_than_pieces_are_drawn_all_at_once(qtbot: QtBot) -> None:
    source, still = photo(), Still()
    few = tuple(Item(f"a{n}", Box(n, n, n + 20, n + 20), COLOURS[0], False, True, "") for n in range(200))
    moved = tuple(Item(i.id, i.box.moved(7, 3), COLOURS[1], False, True, "") for i in few)
    for scene in (few, moved, few[:5]):
        what = What(source, PHOTO, Place(0, 0, 1.0), SIZE, 1, BoxLines(scene))
        assert np.array_equal(pixels(still.image(what)), pixels(Still().image(what)))
