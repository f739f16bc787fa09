"""The pixel checks: planted faults are found, healthy photos and skin without texture are left alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cleaning import borders, casts, exposure, framing, sharpness
from app.cleaning.checks import default_thresholds
from app.cleaning.comparing import Context
from app.cleaning.examining import Examined, Photo
from app.cleaning.findings import Finding, Found
from app.cleaning.spectrum import features, moved_along, spectrum, work_scale
from app.cleaning.subject import LabelledBox, Subject
from app.common.geometry import Box
from app.common.images import encode_jpeg
from app.common.packs import load_pack
from app.common.phantoms import Nuisances, PhantomPhoto, render
from benchmarks import faults
from benchmarks.sharpness_fit import plain_skin

if TYPE_CHECKING:
    from numpy.typing import NDArray

    U8 = NDArray[np.uint8]

PARTS = (exposure, sharpness, borders, framing)
INDEPENDENT = ("dark", "bright", "black_border", "blur", "motion_blur", "low_contrast", "colour_cast")


@cache
def phantom(index: int = 3) -> PhantomPhoto:
    """A photo with scales and papules: detail to be lost."""
    return render(5, index, "A", "mid", (800, 600), Nuisances())


def found(pixels: U8, boxes: tuple[Box, ...] = ()) -> dict[str, Finding]:
    return of_file(encode_jpeg(pixels, 90), boxes)


def of_file(data: bytes, boxes: tuple[Box, ...] = ()) -> dict[str, Finding]:
    subject = Subject("photo", data, [LabelledBox(b, "psoriasis") for b in boxes])
    parts = {part.__name__.rsplit(".", 1)[-1]: part.examine(subject) for part in PARTS}
    findings = [f for part in parts.values() for f in part.findings]
    return {f.check: f for f in [*findings, *cast_of([parts["exposure"]])]}


def cast_of(exposures: Sequence[Found]) -> list[Finding]:
    """Each photo's finding of a colour cast, judged in a collection of these."""
    photos = [Examined(Photo(k, Path(), ""), "-", 1, 1, {"exposure": e}) for k, e in enumerate(exposures)]
    found = casts.find(photos, Context(load_pack()))
    return [found[k][0] for k in range(len(exposures))]


def light(*colour: float) -> Found:
    """An examined photo of a mean colour: log red : green, log blue : green."""
    return Found((), {"colour": list(colour)})


def past(findings: dict[str, Finding]) -> set[str]:
    limits = default_thresholds()
    return {check for check, f in findings.items() if f.score >= limits[check]}


@pytest.mark.parametrize("index", [0, 1, 5, 8])
def test_a_good_photo_has_no_fault(index: int) -> None:
    assert past(found(phantom(index).pixels)) == set()


@pytest.mark.parametrize("kind", INDEPENDENT)
def test_a_planted_fault_is_found_by_its_own_check(kind: str) -> None:
    rng = np.random.default_rng(8)
    flags = [past(found(faults.plant(kind, phantom(index).pixels, rng))) for index in (0, 3, 5, 8)]
    assert sum(kind in f for f in flags) >= 3, flags


@pytest.mark.parametrize("kind", ["black_border", "colour_cast"])
def test_a_fault_of_light_or_frame_is_not_called_blur(kind: str) -> None:
    rng = np.random.default_rng(9)
    for index in (0, 3, 5):
        assert not past(found(faults.plant(kind, phantom(index).pixels, rng))) & {"blur", "motion_blur"}


@pytest.mark.parametrize("kind", ["dark", "bright", "low_contrast"])
def test_a_photo_whose_light_is_lost_is_not_called_blurred_too(kind: str) -> None:
    rng = np.random.default_rng(12)
    for index in (0, 3, 5, 8):
        assert not past(found(faults.plant(kind, phantom(index).pixels, rng))) & {"blur", "motion_blur"}


def test_the_tint_of_a_whole_collection_is_no_cast_but_what_differs_from_it_is() -> None:
    limit = default_thresholds()["colour_cast"]
    rng = np.random.default_rng(13)
    pink = [light(*(np.array([0.8, 0.3]) + rng.normal(0, 0.1, 2))) for _ in range(100)]
    odd = light(-0.6, 0.8)
    assert cast_of([pink[0]])[0].score > 0.3
    *usual, blue = cast_of([*pink, odd])
    assert max(f.score for f in usual) < limit < blue.score
    assert blue.facts["hue"]["en"] == "cyan"


def test_a_collection_that_is_all_far_off_is_still_found() -> None:
    assert min(f.score for f in cast_of([light(-1.5, 1.5)] * 200)) > default_thresholds()["colour_cast"]


def test_photos_without_a_measured_colour_have_no_cast() -> None:
    photos = [
        Examined(Photo(1, Path(), ""), "-", 1, 1, {}),
        Examined(Photo(2, Path(), ""), "-", 1, 1, {"exposure": Found()}),
    ]
    assert casts.find(photos, Context(load_pack())) == {}


def test_skin_without_texture_is_not_blurred() -> None:
    rng = np.random.default_rng(10)
    for _ in range(12):
        assert not past(found(plain_skin(rng))) & {"blur", "motion_blur"}


def test_one_colour_is_not_blurred() -> None:
    assert not past(found(np.full((300, 400, 3), (200, 160, 140), np.uint8))) & {"blur", "motion_blur"}


def test_more_blur_has_a_higher_score() -> None:
    scores = [found(faults.defocused(phantom().pixels, radius))["blur"].score for radius in (0.01, 5, 9, 16)]
    assert scores == sorted(scores)
    assert scores[0] < 0.3 < 0.6 < scores[-1]


@pytest.mark.parametrize("angle", [0, 30, 75, 120, 165])
def test_a_movement_has_its_direction_and_about_its_length(angle: float) -> None:
    facts = found(faults.moved(phantom().pixels, 36, angle))["motion_blur"].facts
    assert abs((facts["angle"] - angle + 90) % 180 - 90) <= 15
    assert 15 <= facts["length"] <= 80


def test_a_lesion_out_of_focus_in_a_sharp_photo_is_found_by_its_box() -> None:
    pixels = render(5, 3, "A", "near", (1600, 1200), Nuisances()).pixels.copy()
    box = Box(600, 400, 1000, 750)
    sharp = found(pixels, (box,))
    pixels[360:790, 560:1040] = faults.defocused(pixels[360:790, 560:1040], 7)
    blurred, elsewhere = found(pixels, (box,)), found(pixels, (Box(60, 60, 460, 360),))
    assert blurred["blur"].score > default_thresholds()["blur"] > max(sharp["blur"].score, elsewhere["blur"].score)
    assert blurred["blur"].boxes == (box,)
    assert (blurred["blur"].facts["n"], blurred["blur"].facts["of"]) == (1, 1)


def test_a_box_at_the_edge_or_larger_than_the_photo_can_be_judged() -> None:
    small = phantom().pixels[:90, :100]
    for box in (Box(0, 0, 1, 1), Box(99, 89, 100, 90), Box(0, 0, 100, 90)):
        assert 0 <= found(small, (box,))["blur"].score <= 1


@given(st.integers(0, 3))
def test_turning_by_a_right_angle_changes_no_feature(turns: int) -> None:
    grey = np.asarray(cv2.cvtColor(phantom().pixels[:256, :256], cv2.COLOR_RGB2GRAY), np.uint8)
    straight = features(spectrum(work_scale(grey, 256)))
    turned = features(spectrum(work_scale(np.ascontiguousarray(np.rot90(grey, turns)), 256)))
    np.testing.assert_allclose(straight, turned, atol=0.05)


def test_stripes_have_power_across_themselves() -> None:
    stripes = np.tile(128 + 60 * np.sin(np.arange(256) * 0.7), (256, 1)).astype(np.float32)
    assert moved_along(spectrum(stripes)) == 6  # nothing changes from top to bottom


@given(width=st.integers(1, 90), height=st.integers(1, 90), grey=st.integers(0, 255))
def test_a_photo_of_any_size_and_one_colour_can_be_examined(width: int, height: int, grey: int) -> None:
    ok, png = cv2.imencode(".png", np.full((height, width, 3), grey, np.uint8))
    assert ok
    findings = of_file(png.tobytes(), (Box(0, 0, width, height),))
    assert all(0 <= f.score <= 1 for f in findings.values())
    assert all(f.reason for f in findings.values())


def test_size_and_shape() -> None:
    assert past(found(phantom().pixels[:100, :110])) >= {"low_resolution"}
    assert past(found(phantom().pixels[:150, :600])) >= {"odd_aspect", "low_resolution"}
    assert found(phantom().pixels)["low_resolution"].score < 0.1


def test_bars_are_boxed_where_they_are() -> None:
    pixels = phantom().pixels.copy()
    pixels[:, :60] = 4
    pixels[560:] = 4
    boxes = found(pixels)["black_border"].boxes
    assert {(round(b.x0, -1), round(b.y0, -1), round(b.x1, -1), round(b.y1, -1)) for b in boxes} == {
        (0, 0, 60, 600), (0, 560, 800, 600)
    }  # fmt: skip


def test_a_dark_background_and_a_round_rim_are_no_bars() -> None:
    y, x = np.mgrid[:600, :800]
    pixels = phantom().pixels
    fading = pixels * np.clip((x - 60) / 500, 0, 1)[..., None]
    round_rim = np.where((np.hypot(x - 400, y - 300) < 380)[..., None], pixels, 0)
    assert "black_border" not in past(found(fading.astype(np.uint8)))
    rim = found(round_rim.astype(np.uint8))["black_border"]
    assert 0.1 < rim.score < default_thresholds()["black_border"]


def test_framing_needs_boxes() -> None:
    assert "framing" not in found(phantom().pixels)


@pytest.mark.parametrize(
    ("box", "why"),
    [
        (Box(0, 0, 300, 500), "check.framing.why_cut"),  # on two sides; a near photo is often cut by one
        (Box(400, 300, 418, 316), "check.framing.why_small"),
        (Box(700, 520, 790, 590), "check.framing.why_off"),
    ],
)
def test_bad_framing_says_how(box: Box, why: str) -> None:
    finding = found(phantom().pixels, (box,))["framing"]
    assert finding.score >= default_thresholds()["framing"]
    assert finding.why == why


def test_good_framing_has_a_low_score() -> None:
    assert found(phantom().pixels, (Box(200, 150, 600, 450),))["framing"].score < 0.2


@given(st.floats(10, 390), st.floats(10, 290), st.floats(0.5, 1))
def test_a_smaller_lesion_is_never_framed_better(half_wide: float, half_tall: float, by: float) -> None:
    def score(scale: float) -> float:
        w, h = half_wide * scale, half_tall * scale
        box = LabelledBox(Box(400 - w, 300 - h, 400 + w, 300 + h), "eczema")
        return framing.too_small((box,), (800, 600)).score

    assert score(by) >= score(1)


def test_large_formats_that_come_whole_are_reduced_too() -> None:
    ok, png = cv2.imencode(".png", np.zeros((1600, 2000, 3), np.uint8))
    assert ok
    subject = Subject("photo", png.tobytes())
    assert subject.small.shape == (400, 500, 3)
    assert subject.scale == 0.25
