"""Phantom photos: seeded alike everywhere, boxes tight to the masks, facts as in the textbook, generator frozen."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.common.phantoms import (
    DISEASES,
    DISTANCES,
    Nuisances,
    PhantomPhoto,
    Renderer,
    frozen_hash,
    generator_hash,
    make_patient,
    photos,
    render,
)

SMALL = (400, 300)
RENDERERS: tuple[Renderer, ...] = ("A", "B")


def digest(photo: PhantomPhoto) -> str:
    text = repr((photo.lesions, photo.patient, photo.name)).encode()
    return hashlib.sha256(photo.pixels.tobytes() + photo.mask.tobytes() + text).hexdigest()


@pytest.fixture(scope="module")
def collection() -> list[PhantomPhoto]:
    return [p for r in RENDERERS for p in photos(r, 5, 5, SMALL)]


def test_the_same_seed_gives_the_same_photo_in_another_order_and_process() -> None:
    first = [digest(render(3, k, r, "mid", SMALL)) for r in RENDERERS for k in (7, 2)]
    again = [digest(render(3, k, r, "mid", SMALL)) for r in RENDERERS for k in (2, 7)]
    assert first == [again[1], again[0], again[3], again[2]]
    code = (
        "import hashlib; from app.common.phantoms import render; p = render(3, 7, 'B', 'mid', (400, 300));"
        "t = repr((p.lesions, p.patient, p.name)).encode();"
        "print(hashlib.sha256(p.pixels.tobytes() + p.mask.tobytes() + t).hexdigest())"
    )
    root = Path(__file__).resolve().parents[2]
    env = {"PYTHONHASHSEED": "99", "PYTHONPATH": str(root)}
    out = subprocess.run([sys.executable, "-c", code], cwd=root, env=env, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == first[2]


def test_other_seeds_patients_and_renderers_give_other_photos() -> None:
    base = render(3, 1, "A", "near", SMALL, Nuisances.NONE)
    for other in (render(4, 1, "A", "near", SMALL, Nuisances.NONE), render(3, 1, "B", "near", SMALL, Nuisances.NONE)):
        assert np.abs(base.pixels.astype(int) - other.pixels).mean() > 5
    assert base.patient != make_patient(3, 1, "B")


def test_every_photo_has_boxes_inside_the_image_and_tight_to_its_mask(collection: list[PhantomPhoto]) -> None:
    for photo in collection:
        height, width = photo.mask.shape
        assert photo.pixels.shape == (height, width, 3)
        assert (photo.pixels.dtype, photo.mask.dtype) == (np.uint8, np.uint8)
        assert 1 <= len(photo.lesions) <= 6, photo.name
        assert set(np.unique(photo.mask)) - {0} == set(range(1, len(photo.lesions) + 1))
        for k, lesion in enumerate(photo.lesions, 1):
            x0, y0, x1, y1 = lesion.box
            assert 0 <= x0 < x1 <= width
            assert 0 <= y0 < y1 <= height
            ys, xs = np.nonzero(photo.mask == k)
            assert lesion.box == (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
            assert lesion.disease == photo.patient.disease


def test_all_diseases_and_distances_are_drawn_and_skin_is_photo_like(collection: list[PhantomPhoto]) -> None:
    assert {(p.renderer, p.patient.disease, p.distance) for p in collection} == {
        (r, d, k) for r in RENDERERS for d in DISEASES for k in DISTANCES
    }
    for photo in collection:
        assert 25 < photo.pixels.mean() < 235, photo.name
        assert photo.pixels.std() > 5, photo.name


def test_a_lesion_keeps_its_name_at_every_distance(collection: list[PhantomPhoto]) -> None:
    for code in {p.patient.code for p in collection}:
        mains = [{le.lesion for le in p.lesions} for p in collection if p.patient.code == code]
        assert len(mains) == 3
        assert set.intersection(*mains)


def test_near_lesions_fill_more_of_the_photo_than_far_ones(collection: list[PhantomPhoto]) -> None:
    share = {d: np.mean([(p.mask > 0).mean() for p in collection if p.distance == d]) for d in DISTANCES}
    assert share["far"] < share["mid"] < share["near"]


def test_all_skin_types_occur_and_the_light_ones_are_lighter() -> None:
    brightness: dict[int, list[float]] = {}
    for index in range(0, 400):
        kind = make_patient(8, index, "A").skin_type
        if kind in (1, 6) and len(brightness.get(kind, [])) < 4:
            photo = render(8, index, "A", "mid", (200, 150), Nuisances.NONE)
            brightness.setdefault(kind, []).append(float(photo.pixels.mean()))
    assert {make_patient(8, k, "A").skin_type for k in range(400)} == {1, 2, 3, 4, 5, 6}
    assert np.mean(brightness[1]) > np.mean(brightness[6]) + 15


@pytest.mark.parametrize("name", ["hair", "ruler", "pen_mark", "watermark", "clothing", "blur"])
@pytest.mark.parametrize("renderer", RENDERERS)
def test_each_nuisance_shows(renderer: Renderer, name: str) -> None:
    clean = render(6, 4, renderer, "mid", SMALL, Nuisances.NONE)
    spoilt = render(6, 4, renderer, "mid", SMALL, Nuisances(**{name: True}))
    difference = np.abs(clean.pixels.astype(int) - spoilt.pixels).max(2)
    assert (difference > 20).mean() > 0.001
    assert len(spoilt.lesions) >= 1


def test_all_nuisances_together_and_portrait_photos() -> None:
    photo = render(6, 3, "A", "far", (300, 400), Nuisances.ALL)
    assert photo.pixels.shape == (400, 300, 3)
    assert photo.nuisances == Nuisances.ALL


@pytest.mark.parametrize("renderer", RENDERERS)
def test_twelve_megapixels(renderer: Renderer) -> None:
    photo = render(6, 4, renderer, "near", (4000, 3000), Nuisances.NONE)
    assert photo.pixels.shape == (3000, 4000, 3)
    x0, y0, x1, y1 = photo.lesions[0].box
    inside = photo.mask[int(y0) : int(y1), int(x0) : int(x1)] == 1
    assert inside.any(0).all()
    assert inside.any(1).all()


def test_patients_fit_the_textbook_on_average() -> None:
    patients = [make_patient(1, k, "A") for k in range(1500)]
    by = {d: [p for p in patients if p.disease == d] for d in DISEASES}
    women = {d: np.mean([p.sex == "female" for p in rows]) for d, rows in by.items()}
    assert women["lupus_erythematosus"] > 0.7 > women["psoriasis"]
    assert np.mean([p.site == "face" for p in by["lupus_erythematosus"]]) > 0.35
    assert all(p.site != "face" for p in by["psoriasis"])
    months = {d: np.median([p.duration_months for p in rows]) for d, rows in by.items()}
    assert months["parapsoriasis"] > 2 * months["eczema"]
    assert sum(p.skin_type in (3, 4) for p in patients) > len(patients) / 2
    assert all(len(rows) == 300 for rows in by.values())
    for p in patients[:50]:
        assert str(p.age) in p.history
        assert str(p.age) in p.history_zh
        assert p.pathology
        assert p.pathology_zh


def test_a_disease_can_be_asked_for() -> None:
    assert make_patient(1, 3, "A", "psoriasis").disease == "psoriasis"


def test_the_generator_is_frozen() -> None:
    assert frozen_hash() == generator_hash(), "the generator was changed after its freezing: numbers no longer compare"
