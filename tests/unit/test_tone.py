"""Skin tone: Chardon's groups, and healthy skin only."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from app.cleaning import tone
from app.cleaning.subject import LabelledBox, Subject
from app.common.geometry import Box
from app.common.images import encode_jpeg
from app.common.phantoms import render
from app.common.tones import GROUPS, tone_group, tone_limits, tone_name, typology_angle

LIGHT, BROWN, PLAQUE, CLOTH = (222, 190, 165), (120, 82, 58), (150, 40, 40), (40, 90, 60)


def photo(colour: tuple[int, int, int], *boxes: Box) -> Subject:
    pixels = np.full((300, 400, 3), colour, np.uint8)
    for box in boxes:
        pixels[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)] = PLAQUE
    return Subject("photo", encode_jpeg(pixels), [LabelledBox(box, "psoriasis") for box in boxes])


@pytest.mark.parametrize(
    ("ita", "group"),
    [(80, "very_light"), (55, "light"), (35, "intermediate"), (11, "tan"), (0, "brown"), (-60, "dark")],
)
def test_groups_are_chardons(ita: float, group: str) -> None:
    assert tone_group(ita) == group


def test_the_angle_of_plain_skin_is_the_formulas() -> None:
    lab = cv2.cvtColor(np.float32([[LIGHT]]) / 255, cv2.COLOR_RGB2LAB)[0, 0]
    measured = tone.examine(photo(LIGHT)).measured
    assert measured["ita"] == pytest.approx(typology_angle(float(lab[0]), float(lab[2])), abs=1)
    assert measured["group"] == tone_group(measured["ita"])


def test_darker_skin_has_a_smaller_angle() -> None:
    assert tone.examine(photo(BROWN)).measured["ita"] < 0 < tone.examine(photo(LIGHT)).measured["ita"]


def test_lesions_do_not_count() -> None:
    plain = tone.examine(photo(LIGHT)).measured["ita"]
    assert tone.examine(photo(LIGHT, Box(0, 0, 300, 300))).measured["ita"] == pytest.approx(plain, abs=1)


def test_without_skin_there_is_no_tone() -> None:
    assert set(tone.examine(photo(CLOTH)).measured) == {"skin"}
    assert set(tone.examine(photo(LIGHT, Box(0, 0, 400, 300))).measured) == {"skin"}


def test_it_follows_the_skin_type_of_phantoms() -> None:
    from app.common.phantoms import make_patient

    types = np.array([make_patient(5, n, "B").skin_type for n in range(40)])
    pairs = []
    for kind in range(1, 7):
        for n in np.flatnonzero(types == kind)[:3]:
            drawn = render(5, int(n), "B", "mid", (200, 150))
            boxes = [LabelledBox(Box(*lesion.box), "psoriasis") for lesion in drawn.lesions]
            measured = tone.examine(Subject("phantom", encode_jpeg(drawn.pixels), boxes)).measured
            if "ita" in measured:
                pairs.append((kind, measured["ita"]))
    kinds, angles = (np.array(column, float) for column in zip(*pairs, strict=True))
    assert len(pairs) >= 10
    assert np.corrcoef(kinds, angles)[0, 1] < -0.7


def test_groups_have_names_and_limits() -> None:
    assert len({tone_name(group) for group in GROUPS}) == len(GROUPS)
    assert "light" in tone_limits()
