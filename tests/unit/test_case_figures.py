"""Figures from the one table of predictions, reliability, FROC and size classes: by hand and by what must hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.common.errors import UserError
from app.evaluation import classification as c
from app.evaluation.calibration import reliability
from app.evaluation.cases import case_figures, in_per_cent, mistakes, read_case_table
from app.evaluation.detection import Found, Truth
from app.evaluation.froc import froc
from app.evaluation.predictions import CasePrediction, case_table
from app.evaluation.strata import ap_by_size, of_size

CLASSES = ("eczema", "psoriasis", "lupus")


def table(seed: int, n: int = 60) -> tuple[CasePrediction, ...]:
    rng = np.random.default_rng(seed)
    raw = rng.random((n, 3)) + 0.01
    p = raw / raw.sum(1, keepdims=True)
    truth = rng.integers(0, 3, n)
    return tuple(
        CasePrediction(f"c{k}", f"{k}.jpg", f"P{k // 3}", "m:1.0.0", CLASSES[truth[k]], tuple(p[k]), k % 3, 0)
        for k in range(n)
    )


def test_every_figure_comes_from_the_table_alone() -> None:
    cases = table(1)
    figures = case_figures(cases, CLASSES, repeats=100)
    truth = np.array([CLASSES.index(case.truth) for case in cases])
    p = np.array([case.p for case in cases])
    assert figures.overall["accuracy"] == c.accuracy(truth, p.argmax(1))
    assert figures.overall["macro_auc"] == pytest.approx(c.macro_auc(truth, p))
    assert (figures.n, figures.groups) == (60, 20)
    for key in CLASSES:
        low, high = figures.intervals[f"sensitivity_{key}"]
        assert low <= figures.per_class[key].sensitivity <= high
    assert figures.confusion.sum() == 60
    assert in_per_cent(figures.confusion).sum(1) == pytest.approx([100.0] * 3)
    again, keys = read_case_table(case_table(cases, CLASSES))
    assert keys == CLASSES
    assert case_figures(again, keys, repeats=0).confusion.tolist() == figures.confusion.tolist()
    assert again[5].fold == 2


def test_a_patient_is_drawn_whole() -> None:
    """Twenty copies of one patient's photo say no more than one: the interval is that of the patients."""
    one = [CasePrediction(f"{k}", "a", "P1", "m", "eczema", (0.9, 0.1, 0.0)) for k in range(20)]
    two = [CasePrediction(f"x{k}", "b", "P2", "m", "eczema", (0.1, 0.9, 0.0)) for k in range(20)]
    assert case_figures([*one, *two], CLASSES, repeats=200).intervals["accuracy"] == (0.0, 1.0)
    unknown = [CasePrediction(f"{k}", "a", "", "m", "eczema", (0.9, 0.1, 0.0)) for k in range(20)]
    assert case_figures(unknown, CLASSES, repeats=10).groups == 20


def test_mistakes_come_most_sure_first() -> None:
    wrong = mistakes(table(2), CLASSES)
    assert all(CLASSES[int(np.argmax(case.p))] != case.truth for case in wrong)
    assert [max(case.p) for case in wrong] == sorted((max(case.p) for case in wrong), reverse=True)


@pytest.mark.parametrize(
    "text",
    [
        "case,image,patient,rater,fold,repeat,truth,p_a\nc,i,p,r,,,a\n",
        "case,image,patient,rater,fold,repeat,truth,p_a\nc,i,p,r,x,,a,1\n",
        "case,image,patient,rater,fold,repeat,truth,p_a\nc,i,p,r,,,a,nan\n",
        "case,image,patient,rater,fold,repeat,truth,p_a\nc,i,p,r,,,b,1\n",
        "image,x0\n",
        "",
    ],
)
def test_a_damaged_table_names_its_line(text: str) -> None:
    with pytest.raises(UserError) as wrong:
        read_case_table(text)
    assert wrong.value.code == "predictions_damaged"
    assert wrong.value.facts["line"] == (2 if text.count("\n") == 2 else 1)


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_the_bins_of_the_reliability_diagram_are_the_calibration_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    raw = rng.random((40, 4)) + 1e-3
    p, truth = raw / raw.sum(1, keepdims=True), rng.integers(0, 4, 40)
    bins = reliability(truth, p)
    assert sum(b.n for b in bins) == 40
    assert sum(b.n * abs(b.right - b.sure) for b in bins) / 40 == pytest.approx(c.ece(truth, p))
    assert all(
        b.low - 1e-9 <= b.sure <= b.high + 1e-9 and b.interval[0] - 1e-9 <= b.right <= b.interval[1] + 1e-9
        for b in bins
    )
    assert reliability(truth[:0], p[:0]) == ()


def test_froc_by_hand() -> None:
    """Two photos, three lesions; by falling score: hit, false alarm, hit under another name, false alarm."""
    truths = [Truth.of([[0, 0, 10, 10], [50, 50, 60, 60]], [0, 1]), Truth.of([[0, 0, 10, 10]], [0])]
    found = [
        Found.of([[0, 0, 10, 10], [30, 30, 40, 40], [50, 50, 60, 60]], [0, 0, 0], [0.9, 0.8, 0.7]),
        Found.of([[70, 70, 80, 80]], [1], [0.6]),
    ]
    any_lesion = froc(truths, found)
    assert any_lesion.alarms.tolist() == [0.0, 0.5, 0.5, 1.0]
    assert any_lesion.sensitivity == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3])
    assert any_lesion.at(0.25) == pytest.approx(1 / 3)
    assert any_lesion.at(0.5) == pytest.approx(2 / 3)
    assert any_lesion.mean == pytest.approx((1 / 3 * 2 + 2 / 3 * 5) / 7)
    named = froc(truths, found, 0)
    assert (named.lesions, named.at(8)) == (2, 0.5)
    assert math.isnan(froc([Truth.of([], [])], [Found.of([], [], [])]).mean)
    assert froc(truths, [Found.of([], [], [])] * 2).at(8) == 0.0


def test_equal_scores_are_one_point_of_the_curve() -> None:
    truths = [Truth.of([[0, 0, 10, 10]], [0])]
    found = [Found.of([[50, 50, 60, 60], [0, 0, 10, 10]], [0, 0], [0.5, 0.5])]
    assert (froc(truths, found).alarms.tolist(), froc(truths, found).sensitivity.tolist()) == ([1.0], [1.0])


def test_a_lesion_of_unknown_disease_is_one_place_whatever_it_is_called() -> None:
    """It stands in the truth once per class, as difficult: found or not, nothing is counted."""
    truth = Truth.of([[0, 0, 10, 10]] * 3, [0, 1, 2], [True] * 3)
    curve = froc([truth], [Found.of([[0, 0, 10, 10]], [1], [0.9])])
    assert (curve.lesions, curve.alarms.tolist()) == (0, [0.0])


def test_small_and_large_lesions_are_judged_apart() -> None:
    truths = [Truth.of([[0, 0, 5, 5], [20, 20, 80, 80]], [0, 0])]
    found = [Found.of([[20, 20, 80, 80], [90, 90, 95, 95]], [0, 0], [0.9, 0.95])]
    by_size = ap_by_size(truths, found, [(100, 100)], 1)
    assert by_size["large"] == (1, 1.0)
    assert by_size["small"] == (1, 0.0)
    assert by_size["medium"][0] == 0
    assert math.isnan(by_size["medium"][1])
    _, kept = of_size(truths, found, [(100, 100)], 0.3, 9.0)
    assert kept[0].boxes.tolist() == [[20, 20, 80, 80]]
