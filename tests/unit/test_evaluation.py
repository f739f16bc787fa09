"""Figures: against other programs' numbers, against cases worked by hand, and against what must hold for any input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

from app.evaluation import classification as c
from app.evaluation import detection as d
from app.evaluation.intervals import bootstrap, wilson
from app.evaluation.predictions import BoxPrediction, CasePrediction, box_table, case_table


def answers(seed: int, n: int = 200, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)
    raw = rng.random((n, classes)).round(2) + 0.05
    raw[np.arange(n), truth] += rng.random(n)
    return truth, raw / raw.sum(1, keepdims=True)


@pytest.mark.parametrize("seed", range(5))
def test_classification_agrees_with_scikit_learn(seed: int) -> None:
    truth, p = answers(seed)
    chosen = p.argmax(1)
    assert c.accuracy(truth, chosen) == pytest.approx((truth == chosen).mean())
    assert c.balanced_accuracy(truth, chosen, 5) == pytest.approx(balanced_accuracy_score(truth, chosen))
    assert c.macro_auc(truth, p) == pytest.approx(roc_auc_score(truth, p, multi_class="ovr"))
    each = c.per_class(c.confusion(truth, chosen, 5))
    assert [s.f1 for s in each] == pytest.approx(list(f1_score(truth, chosen, average=None)))
    for k, s in enumerate(each):
        assert s.specificity == pytest.approx(np.mean(chosen[truth != k] != k))
        assert s.sensitivity == pytest.approx(np.mean(chosen[truth == k] == k))


def test_the_published_confusion_table_gives_the_published_accuracy() -> None:
    """Thesis 000, Xception fine-tuned: rows in per cent, 81.60 % correct."""
    table = np.array([[81, 3, 3, 12, 1], [8, 69, 7, 5, 11], [6, 5, 82, 7, 0], [10, 4, 5, 80, 1], [0, 2, 0, 2, 96]])
    assert np.mean([s.sensitivity for s in c.per_class(table)]) == pytest.approx(0.816)


def test_a_class_without_cases_is_left_out_and_says_so() -> None:
    truth, p = np.array([0, 0, 1]), np.array([[0.9, 0.1, 0.0], [0.4, 0.6, 0.0], [0.2, 0.8, 0.0]])
    assert c.balanced_accuracy(truth, p.argmax(1), 3) == pytest.approx(0.75)
    assert math.isnan(c.per_class(c.confusion(truth, p.argmax(1), 3))[2].sensitivity)
    assert c.macro_auc(truth, p) == pytest.approx(1.0)
    assert math.isnan(c.auc(np.array([True]), np.array([1.0])))


def test_calibration_error_by_hand() -> None:
    p = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    assert c.ece(np.array([0, 1, 0, 0]), p) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)
    assert c.top_k(np.array([0, 1, 0, 1]), p, 2) == 1.0


def one_photo(n: int) -> list[list[float]]:
    return [[30 * i, 0, 30 * i + 20, 20] for i in range(n)]


def test_average_precision_by_hand() -> None:
    """Hit, false alarm, hit of two: envelope 1 to recall 0.5, then 2/3."""
    truths = [d.Truth.of(one_photo(2), [0, 0])]
    found = [d.Found.of([[0, 0, 20, 20], [200, 0, 220, 20], [30, 0, 50, 20]], [0, 0, 0], [0.9, 0.8, 0.7])]
    matches = d.match(truths, found, 0)
    assert d.average_precision(matches) == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert d.average_precision_07(matches) == pytest.approx((6 * 1 + 5 * 2 / 3) / 11)


def test_only_the_first_detection_of_a_box_hits_and_difficult_ones_do_not_count() -> None:
    truths = [d.Truth.of(one_photo(2), [0, 0], [False, True])]
    twice = [d.Found.of([[0, 0, 20, 20], [1, 0, 20, 20], [30, 0, 50, 20]], [0, 0, 0], [0.9, 0.8, 0.95])]
    matches = d.match(truths, twice, 0)
    assert matches.n == 1
    assert matches.hit.tolist() == [False, True, False]
    assert matches.missed.tolist() == [False, False, True]
    assert d.average_precision(matches) == pytest.approx(1.0)


def test_vocs_overlap_needs_half_and_takes_the_best_box() -> None:
    truths = [d.Truth.of([[0, 0, 10, 10], [6, 0, 16, 10]], [0, 0])]
    found = [d.Found.of([[5, 0, 15, 10], [5, 0, 15, 10]], [0, 0], [0.9, 0.8])]
    matches = d.match(truths, found, 0)  # both overlap the second box most: the second is a false alarm, as VOC has it
    assert matches.hit.tolist() == [True, False]


def test_nothing_found_and_nothing_true() -> None:
    empty = [d.Found.of([], [], [])]
    assert d.average_precision(d.match([d.Truth.of(one_photo(1), [0])], empty, 0)) == 0.0
    assert math.isnan(d.average_precision(d.match([d.Truth.of([], [])], empty, 0)))
    assert d.coco_map([d.Truth.of(one_photo(1), [0])], empty, [(100, 100)], 1) == (0.0, 0.0)


def collection(seed: int, photos: int = 12, classes: int = 3) -> tuple[list[d.Truth], list[d.Found]]:
    rng = np.random.default_rng(seed)
    truths, found = [], []
    for _ in range(photos):
        n = int(rng.integers(0, 5))
        corner = rng.uniform(0, 150, (n, 2))
        boxes = np.hstack([corner, corner + rng.uniform(20, 60, (n, 2))])
        labels = rng.integers(0, classes, n)
        truths.append(d.Truth(boxes, labels, np.zeros(n, bool)))
        kept = rng.random(n) < 0.8
        near = boxes[kept] + rng.normal(0, 3, (int(kept.sum()), 4))
        strays = rng.uniform(0, 100, (2, 2))
        many = np.vstack([near, np.hstack([strays, strays + 40])])
        names = np.concatenate([labels[kept], rng.integers(0, classes, 2)])
        found.append(d.Found(many, names, rng.random(len(many))))
    return truths, found


@pytest.mark.parametrize("seed", range(4))
def test_cocos_own_program_is_near_ours_at_half_overlap(seed: int) -> None:
    """101 points against all points: two estimates of one area."""
    truths, found = collection(seed)
    ours = d.mean_over_classes([d.average_precision(d.match(truths, found, k)) for k in range(3)])
    assert d.coco_map(truths, found, [(250, 250)] * len(truths), 3)[1] == pytest.approx(ours, abs=0.03)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_average_precision_is_a_share_and_scores_only_order(seed: int) -> None:
    truths, found = collection(seed, photos=4)
    for k in range(3):
        matches = d.match(truths, found, k)
        value = d.average_precision(matches)
        assert math.isnan(value) or 0 <= value <= 1
        halved = [d.Found(f.boxes, f.labels, f.scores / 2) for f in found]
        assert d.average_precision(d.match(truths, halved, k)) == pytest.approx(value, nan_ok=True)
        same = d.drawn_again(matches, np.arange(len(truths)))
        assert d.average_precision(same) == pytest.approx(value, nan_ok=True)


def test_drawing_a_photo_twice_is_having_it_twice() -> None:
    truths, found = collection(3)
    matches = d.match(truths, found, 1)
    chosen = np.array([0, 0, 3, 5, 5, 5])
    doubled = d.match([truths[i] for i in chosen], [found[i] for i in chosen], 1)
    assert d.drawn_again(matches, chosen).n == doubled.n
    assert d.average_precision(d.drawn_again(matches, chosen)) == pytest.approx(d.average_precision(doubled), abs=0.02)


def test_wilson_against_published_values() -> None:
    """Newcombe (1998), table I: 81 of 263 and 0 of 20."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="no share"):
        wilson(3, 2)


def test_bootstrap_draws_groups_whole() -> None:
    values = np.array([0.0] * 50 + [1.0] * 50)
    by_row = bootstrap(list(range(100)), lambda rows: {"mean": float(values[rows].mean())}, 300)["mean"]
    by_group = bootstrap([r // 50 for r in range(100)], lambda rows: {"mean": float(values[rows].mean())}, 300)["mean"]
    assert by_group == (0.0, 1.0)
    assert 0.3 < by_row[0] < 0.5 < by_row[1] < 0.7
    assert bootstrap(["a"], lambda rows: {"x": float("nan")}, 10)["x"] == pytest.approx(
        (math.nan, math.nan), nan_ok=True
    )
    assert bootstrap([], lambda rows: {}, 10) == {}


def test_tables_have_the_contracts_columns() -> None:
    text = case_table(
        [CasePrediction("c1", "片,1.jpg", "P1", "m:1.0.0", "eczema", (0.25, 0.75))], ["eczema", "psoriasis"]
    )
    assert text.splitlines() == [
        "case,image,patient,rater,fold,repeat,truth,p_eczema,p_psoriasis",
        'c1,"片,1.jpg",P1,m:1.0.0,,,eczema,0.250000,0.750000',
    ]
    assert (
        box_table([BoxPrediction("a", 0, 1, 2.5, 3, "eczema", 0.5)]).splitlines()[1]
        == "a,0.00,1.00,2.50,3.00,eczema,0.500000"
    )
