"""Diagnoses in doubt: features of photos and boxes, held-out probabilities, groups, the model's say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cleaning import embedding, held_out
from app.cleaning.comparing import Context
from app.cleaning.embedding import WIDTH
from app.cleaning.examining import Examined, Photo
from app.cleaning.findings import Finding, Found
from app.cleaning.labels import compared, doubt, find, group_of, said
from app.cleaning.subject import LabelledBox, Subject
from app.common.geometry import Box
from app.common.images import encode_jpeg
from app.common.packs import load_pack

PACK = load_pack()
DISEASES = PACK.keys[:3]


def examined(n: int, label: str | None, seen: int, **facts: Any) -> Examined:
    """A photo that looks like disease number ``seen``."""
    rng = np.random.default_rng(n)
    row = rng.normal(0, 1, WIDTH)
    row[seen * 10 : seen * 10 + 10] += 2
    blob = row.astype(np.float16).tobytes()
    photo = Photo(n, Path(f"{n}.jpg"), f"{n}.jpg", label=label, **{"patient": f"P{n // 2}", **facts})
    return Examined(photo, f"{n:064d}", 100, 80, {"embedding": Found((), {"boxes": []}, blob)})


def a_set(wrong: frozenset[int]) -> list[Examined]:
    """240 photos of 120 patients; those of ``wrong`` (whole patients) say another disease than they look like."""
    shown = [n // 2 % 3 for n in range(240)]
    return [examined(n, DISEASES[(shown[n] + (n // 2 in wrong)) % 3], shown[n]) for n in range(240)]


def scores(photos: list[Examined]) -> dict[int, Finding]:
    return {photo: findings[0] for photo, findings in find(photos, Context(PACK)).items()}


def test_a_swapped_label_is_the_worst_of_all() -> None:
    wrong = frozenset({3, 40, 77})
    found = scores(a_set(wrong))
    worst = sorted(found, key=lambda n: -found[n].score)[:6]
    assert {n // 2 for n in worst} == wrong
    assert all(found[n].score > 0.5 for n in worst)
    finding = found[worst[0]]
    assert str(PACK.disease(DISEASES[worst[0] // 2 % 3]).name) in finding.reason


def test_few_photos_say_nothing() -> None:
    assert scores(a_set(frozenset())[:30]) == {}
    assert compared([]) == ([], [])


def test_photos_without_label_or_features_are_passed_over() -> None:
    photos = a_set(frozenset())
    photos += [examined(900, None, 0), examined(901, "other", 0)]
    photos.append(Examined(Photo(902, Path("x"), "x", label=DISEASES[0]), "f" * 64, 9, 9, {}))
    assert {900, 901, 902}.isdisjoint(scores(photos))


def test_a_disease_of_few_patients_is_compared_with_nobody() -> None:
    rare = [examined(900 + n, PACK.keys[4], 1, patient="rare") for n in range(20)]
    assert not {e.photo.id for e in rare} & set(scores([*a_set(frozenset()), *rare]))


def test_groups_join_patient_lesion_and_copies() -> None:
    a = Examined(Photo(1, Path("a"), "a", patient="P", lesion="x"), "1", 9, 9, {})
    b = Examined(Photo(2, Path("b"), "b", lesion="x"), "2", 9, 9, {})
    c = Examined(Photo(3, Path("c"), "c"), "2", 9, 9, {})
    d = Examined(Photo(4, Path("d"), "d"), "3", 9, 9, {})
    groups = group_of([a, b, c, d])
    assert groups[1] == groups[2] == groups[3] != groups[4]


@given(st.lists(st.sets(st.integers(0, 12), min_size=1, max_size=3), min_size=1, max_size=40), st.integers(0, 5))
def test_no_fold_parts_a_group(keys: list[set[int]], seed: int) -> None:
    groups = held_out.joined([sorted(k) for k in keys])
    folds = held_out.fold_of(groups, seed)
    for a in range(len(keys)):
        for b in range(len(keys)):
            if keys[a] & keys[b]:
                assert groups[a] == groups[b]
            if groups[a] == groups[b]:
                assert folds[a] == folds[b]


def test_probabilities_are_probabilities_whatever_the_features() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(0, 1, (60, 8)).astype(np.float16)
    rows[:, 3] = 1  # never changes
    labels = np.array([n % 3 for n in range(60)])
    found = held_out.probabilities(rows, labels, list(range(60)), 4)
    assert found.shape == (60, 4)
    assert np.allclose(found.sum(axis=1), 1)
    assert np.isfinite(found).all()


def test_noise_is_given_no_certainty() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(0, 1, (300, 40)).astype(np.float16)
    found = held_out.probabilities(rows, rng.integers(0, 3, 300), list(range(300)), 3)
    assert found.max() < 0.8


def test_the_model_has_a_say_of_its_own() -> None:
    top = [{"disease": "psoriasis", "probability": 0.97}, {"disease": "eczema", "probability": 0.02}]
    answer = {"top3": top, "unlike_training": {"flag": False}}
    photo = examined(1, "eczema", 0, answer=answer)
    finding = scores([photo])[1]
    assert finding.score == pytest.approx(doubt(0.02), abs=0.01)
    assert finding.reason == "The model sees Psoriasis: it gives Eczema a chance of 2 %."
    assert scores([examined(1, "psoriasis", 0, answer=answer)])[1].score < 0.02


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"top3": [{"disease": "psoriasis", "probability": 1.0}], "unlike_training": {"flag": True}},
        {"top3": [{"disease": "melanoma", "probability": 1.0}], "unlike_training": {"flag": False}},
    ],
)
def test_a_model_that_cannot_know_is_not_heard(answer: dict[str, Any] | None) -> None:
    assert said(answer, PACK) == {}


def test_doubt_falls_with_the_chance() -> None:
    assert doubt(1.0) == 0
    assert doubt(0.0) == 1
    assert doubt(0.03) == pytest.approx(0.5, abs=0.01)


def test_features_are_of_the_photo_and_its_largest_boxes(photo_pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    boxes = [LabelledBox(Box(n, n, n + 10 + 5 * n, n + 10), "eczema") for n in range(6)]
    found = embedding.examine(Subject("a", encode_jpeg(photo_pixels), boxes))
    assert found.measured["boxes"] == [2, 3, 4, 5]
    assert found.blob is not None
    rows = embedding.rows(found.blob)
    assert rows.shape == (4, WIDTH)
    assert np.isfinite(rows).all()
    again = embedding.examine(Subject("a", encode_jpeg(photo_pixels), boxes))
    assert again.blob == found.blob
    whole = embedding.examine(Subject("a", encode_jpeg(photo_pixels)))
    assert whole.measured["boxes"] == []
    assert whole.blob is not None
    assert len(embedding.rows(whole.blob)) == 1


def test_a_box_beside_the_photo_is_not_looked_at(photo_pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    boxes = [LabelledBox(Box(500, 500, 600, 600), "eczema"), LabelledBox(Box(10, 10, 60, 60), "eczema")]
    assert embedding.examine(Subject("a", encode_jpeg(photo_pixels), boxes)).measured["boxes"] == [1]
    assert embedding.examine(Subject("a", encode_jpeg(photo_pixels), boxes[:1])).measured["boxes"] == []


def test_without_weights_there_are_no_features(
    monkeypatch: pytest.MonkeyPatch, photo_pixels: np.ndarray[Any, np.dtype[np.uint8]]
) -> None:
    monkeypatch.setattr(embedding, "_network", lambda: None)
    assert embedding.examine(Subject("a", encode_jpeg(photo_pixels))) == Found()
