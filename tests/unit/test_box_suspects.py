"""Boxes in doubt: shapes, doubles, and what a model and the other boxes say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.cleaning.box_suspects import by_model, by_shape, find
from app.cleaning.comparing import Context
from app.cleaning.embedding import WIDTH
from app.cleaning.examining import Examined, Photo
from app.cleaning.findings import Found
from app.cleaning.subject import LabelledBox
from app.common.geometry import Box
from app.common.packs import load_pack

PACK = load_pack()
SIZE = (800, 600)
GOOD, FAR = Box(100, 100, 300, 250), Box(500, 400, 600, 500)


def photo(*boxes: Box, labels: tuple[str, ...] = (), flat: bool = False, lesions: Any = ()) -> Photo:
    drawn = tuple(LabelledBox(b, labels[n] if labels else "psoriasis") for n, b in enumerate(boxes))
    empty = (LabelledBox(Box(5, 5, 5, 9), "psoriasis"),) if flat else ()
    answer = {"lesions": list(lesions), "unlike_training": {"flag": False}}
    return Photo(1, Path("a.jpg"), "a.jpg", drawn, flat=empty, answer=answer)


def lesion(box: Box, score: float, disease: str = "psoriasis", chance: float = 0.98) -> dict[str, Any]:
    return {"box": box.as_list(), "score": score, "top3": [{"disease": disease, "probability": chance}]}


def reasons(subject: Photo) -> list[str]:
    doubts = [*by_shape(subject, *SIZE), *by_model(subject, PACK)]
    return [d.why.rsplit(".", 1)[1] for d in sorted(doubts, key=lambda d: -d.score) if d.score >= 0.5]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (photo(GOOD, Box(400, 100, 500, 200)), []),
        (photo(GOOD, flat=True), ["flat"]),
        (photo(GOOD, Box(700, 100, 900, 200)), ["beyond"]),
        (photo(GOOD, Box(500, 400, 506, 460)), ["tiny"]),
        (photo(GOOD, Box(0, 0, 800, 600)), ["whole", "nested"]),
        (photo(Box(0, 0, 800, 600)), []),
        (photo(GOOD, GOOD.moved(5, 5)), ["double"]),
        (photo(GOOD, GOOD.moved(5, 5), labels=("psoriasis", "eczema")), []),
        (photo(GOOD, Box(150, 150, 200, 200)), ["nested"]),
        (photo(GOOD, GOOD.moved(150, 0)), []),
    ],
)
def test_shapes(subject: Photo, expected: list[str]) -> None:
    assert reasons(subject) == expected


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (photo(GOOD, lesions=[lesion(GOOD.moved(5, 5), 0.9)]), []),
        (photo(GOOD, lesions=[lesion(GOOD.moved(400, 200), 0.9)]), ["overlooked"]),
        (photo(GOOD, lesions=[lesion(GOOD.moved(400, 200), 0.3)]), []),
        (photo(GOOD, lesions=[lesion(GOOD.moved(120, 60), 0.9)]), ["elsewhere"]),
        (photo(GOOD, lesions=[lesion(GOOD.moved(120, 60), 0.2)]), []),
        (photo(GOOD, lesions=[lesion(Box(170, 150, 230, 200), 0.9)]), ["elsewhere"]),
        (photo(GOOD, lesions=[lesion(Box(110, 110, 160, 160), 0.9), lesion(Box(200, 170, 250, 220), 0.9)]), []),
        (photo(GOOD, FAR, labels=("psoriasis", "eczema"), lesions=[lesion(GOOD, 0.9, "eczema", 0.995)]), ["swapped"]),
        (photo(GOOD, FAR, labels=("psoriasis", "eczema"), lesions=[lesion(GOOD, 0.9, "eczema", 0.6)]), []),
        (photo(GOOD, lesions=[lesion(GOOD, 0.9, "eczema", 0.995)]), []),
        (photo(lesions=[lesion(GOOD, 0.9)]), ["overlooked"]),
    ],
)
def test_what_a_model_makes_of_boxes(subject: Photo, expected: list[str]) -> None:
    assert reasons(subject) == expected


def test_worse_is_scored_higher() -> None:
    def score(*boxes: Box) -> float:
        return max((d.score for d in by_shape(photo(*boxes), *SIZE)), default=0.0)

    tiny = [score(Box(10, 10, 10 + side, 60)) for side in (30, 15, 9, 5, 2)]
    double = [score(GOOD, GOOD.moved(by, 0)) for by in (90, 60, 30, 10, 0)]
    assert tiny == sorted(tiny)
    assert double == sorted(double)
    assert double[-1] == 1


def test_a_photo_without_boxes_counts_when_somebody_is_through_with_it() -> None:
    empty = photo(lesions=[lesion(GOOD, 0.9)])
    for verified in (False, True):
        examined = Examined(replace(empty, verified=verified), "a" * 64, *SIZE, {})
        assert bool(find([examined], Context(PACK))) is verified


def test_a_photo_has_one_finding_with_all_its_doubtful_boxes() -> None:
    subject = photo(GOOD, GOOD.moved(2, 0), Box(500, 400, 503, 460), flat=True)
    found = find([Examined(subject, "a" * 64, *SIZE, {})], Context(PACK))[1]
    assert [f.why for f in found] == ["check.box_suspect.flat"]
    assert len(found[0].boxes) == 4
    assert found[0].boxes[0].is_empty
    assert found[0].reason == "A box has no area."


def test_a_box_that_looks_like_the_others_of_its_photo_is_swapped() -> None:
    """Each photo has three boxes of its disease; in one photo one box says another disease."""
    rng = np.random.default_rng(0)
    keys = PACK.keys[:3]
    photos = []
    for n in range(60):
        shown = n % 3
        rows = rng.normal(0, 1, (3, WIDTH))
        rows[:, shown * 10 : shown * 10 + 10] += 2
        labels = [keys[shown]] * 3
        if n == 30:
            labels[1] = keys[(shown + 1) % 3]
        boxes = tuple(LabelledBox(Box(200 * k, 10, 200 * k + 100, 110), label) for k, label in enumerate(labels))
        subject = Photo(n, Path("a"), "a", boxes, patient=f"P{n}", label=keys[shown])
        blob = rows.astype(np.float16).tobytes()
        photos.append(Examined(subject, f"{n:064d}", *SIZE, {"embedding": Found((), {"boxes": [0, 1, 2]}, blob)}))
    found = {n: f for n, f in find(photos, Context(PACK)).items() if f[0].score >= 0.5}
    assert list(found) == [30]
    assert found[30][0].why == "check.box_suspect.swapped"
    assert found[30][0].boxes == (Box(200, 10, 300, 110),)
