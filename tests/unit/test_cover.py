"""Hair and cloth over phantoms' skin, and healthy controls."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from app.cleaning.checks import default_thresholds
from app.cleaning.cover import cloth_share, examine, hair_length
from app.cleaning.subject import Subject
from app.common.images import encode_jpeg
from app.common.phantoms import Nuisances, render

Pixels = NDArray[np.uint8]


def skin(index: int = 0) -> Pixels:
    return render(5, index, "A", "near", (640, 480), Nuisances()).pixels


def with_hairs(pixels: Pixels, count: int) -> Pixels:
    rng = np.random.default_rng(count)
    out = pixels.copy()
    height, width = pixels.shape[:2]
    for _ in range(count):
        ends = [(int(rng.integers(width)), int(rng.integers(height))) for _ in range(2)]
        cv2.line(out, *ends, (45, 30, 25), 2, cv2.LINE_AA)
    return out


def checks_past(pixels: Pixels) -> set[str]:
    limits = default_thresholds()
    findings = examine(Subject("a.jpg", encode_jpeg(pixels))).findings
    return {f.check for f in findings if f.score >= limits[f.check]}


def test_bare_skin_has_neither() -> None:
    for index in range(3):
        assert checks_past(skin(index)) == set()
    assert checks_past(np.full((300, 400, 3), (210, 170, 150), np.uint8)) == set()


def test_hair_is_found_and_more_of_it_scores_higher() -> None:
    lengths = [hair_length(with_hairs(skin(), n)) for n in (0, 4, 12, 40)]
    assert lengths == sorted(lengths)
    assert "hair" in checks_past(with_hairs(skin(), 12))


def test_cloth_at_the_edge_is_found_where_it_is() -> None:
    pixels = skin()
    pixels[:, :130] = (60, 120, 170)
    (finding,) = [f for f in examine(Subject("a.jpg", encode_jpeg(pixels))).findings if f.check == "clothing"]
    assert finding.score >= default_thresholds()["clothing"]
    assert np.allclose(finding.boxes[0].as_list(), [0, 0, 130, 480], atol=12)


def test_a_blue_spot_inside_is_no_cloth() -> None:
    pixels = skin()
    cv2.circle(pixels, (320, 240), 90, (60, 120, 170), -1)
    assert cloth_share(pixels) == (0.0, None)


def test_any_size_is_looked_at() -> None:
    for height, width in ((1, 1), (2, 700), (700, 2)):
        assert checks_past(np.full((height, width, 3), 160, np.uint8)) == set()
