"""How far two persons agree: worked by hand, scikit-learn's kappa, scipy's best matching, and what always holds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import cohen_kappa_score

from app.annotation.document import Annotation, new_id
from app.common.geometry import Box, iou
from app.evaluation.agreement import Agreement, BoxedTwice, agreement, cohen_kappa, compare, match_boxes


@dataclass(frozen=True)
class Marked:
    box: Box
    label: str = "psoriasis"


def at(x: float, label: str = "psoriasis", width: float = 10.0) -> Marked:
    return Marked(Box(x, 0, x + width, 10), label)


number = st.integers(0, 60).map(float)
boxes = st.lists(st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), number, number, number, number), max_size=8)


def test_the_pair_that_overlaps_most_is_matched_first() -> None:
    a, b = [Box(0, 0, 10, 10), Box(2, 0, 12, 10)], [Box(1, 0, 11, 10), Box(2, 0, 12, 10)]
    assert [(m.a, m.b) for m in match_boxes(a, b)] == [(0, 0), (1, 1)]
    assert [(m.a, m.b) for m in match_boxes(a, b[1:])] == [(1, 0)]
    assert match_boxes([], b) == match_boxes(a, []) == ()


@given(boxes, boxes, st.sampled_from([0.1, 0.5, 0.75]))
def test_matching_is_one_to_one_and_leaves_no_pair_over(a: list[Box], b: list[Box], threshold: float) -> None:
    found = match_boxes(a, b, threshold)
    assert len({m.a for m in found}) == len({m.b for m in found}) == len(found)
    assert all(m.iou == pytest.approx(iou(a[m.a], b[m.b])) and m.iou >= threshold for m in found)
    free_a = [x for i, x in enumerate(a) if i not in {m.a for m in found}]
    free_b = [x for j, x in enumerate(b) if j not in {m.b for m in found}]
    assert all(iou(x, y) < threshold for x in free_a for y in free_b)


@given(st.lists(st.tuples(number, number), max_size=8), st.lists(st.tuples(number, number), max_size=8))
def test_of_boxes_that_do_not_overlap_among_themselves_greedy_is_the_best_matching(
    a: list[tuple[float, float]], b: list[tuple[float, float]]
) -> None:
    def apart(corners: list[tuple[float, float]]) -> list[Box]:
        kept: list[Box] = []
        for x, y in corners:
            box = Box(x, y, x + 12, y + 12)
            if all(iou(box, k) == 0 for k in kept):
                kept.append(box)
        return kept

    first, second = apart(a), apart(b)
    found = match_boxes(first, second, 0.5 + 1e-9)
    if not first or not second:
        return
    gain = np.array([[v if (v := iou(x, y)) > 0.5 + 1e-9 else 0.0 for y in second] for x in first])
    rows, columns = linear_sum_assignment(gain, maximize=True)
    assert sum(m.iou for m in found) == pytest.approx(gain[rows, columns].sum())


@given(boxes, boxes)
def test_who_comes_first_does_not_matter(a: list[Box], b: list[Box]) -> None:
    one = agreement([BoxedTwice(1, [Marked(x) for x in a], [Marked(x) for x in b])], repeats=0)
    other = agreement([BoxedTwice(1, [Marked(x) for x in b], [Marked(x) for x in a])], repeats=0)
    assert one.matched == other.matched
    assert one.f1 == pytest.approx(other.f1, nan_ok=True)
    assert one.precision == pytest.approx(other.recall, nan_ok=True)


@given(st.lists(st.lists(st.integers(0, 20), min_size=3, max_size=3), min_size=3, max_size=3))
@settings(deadline=None)
def test_kappa_is_scikit_learns(table: list[list[int]]) -> None:
    first = [i for i, row in enumerate(table) for count in row for _ in range(count)]
    second = [j for row in table for j, count in enumerate(row) for _ in range(count)]
    own = cohen_kappa(np.array(table, float))
    if not first or len({*first, *second}) == 1:
        assert math.isnan(own)
    else:
        assert own == pytest.approx(cohen_kappa_score(first, second))


def test_kappa_of_the_textbook_example() -> None:
    """Two readers of 50 proposals (20 yes/yes, 5, 10, 15 no/no): 0.4."""
    assert cohen_kappa(np.array([[20.0, 5.0], [10.0, 15.0]])) == pytest.approx(0.4)


def worked() -> Agreement:
    photos = [
        BoxedTwice(7, [at(0), at(20, "eczema")], [at(0), at(20, "psoriasis")], "li"),
        BoxedTwice(8, [at(0), at(40)], [at(2.5)], "li"),
        BoxedTwice(9, [], [], "wang"),
        BoxedTwice(10, [at(0, "eczema")], [at(0, "eczema")], "wang"),
        BoxedTwice(11, [at(0, "")], [at(0)], "zhao"),
    ]
    return agreement(photos, repeats=50)


def test_the_figures_of_photos_counted_by_hand() -> None:
    found = worked()
    assert (found.photos, found.boxes_a, found.boxes_b, found.matched) == (5, 6, 5, 5)
    assert found.f1 == pytest.approx(10 / 11)
    assert (found.precision, found.recall) == pytest.approx((1.0, 5 / 6))
    assert found.mean_iou == pytest.approx((4 + 0.6) / 5)
    assert found.labelled == 4  # a box without a label says nothing of labels
    assert found.same_label == pytest.approx(3 / 4)
    assert found.kappa == pytest.approx(cohen_kappa_score(["p", "e", "p", "e"], ["p", "p", "p", "e"]))
    assert found.differing == (7, 8, 11)
    assert set(found.intervals) == {"f1", "mean_iou", "same_label", "kappa"}
    assert found.intervals["f1"][0] <= found.f1 <= found.intervals["f1"][1]


def test_the_same_seed_gives_the_same_intervals() -> None:
    assert worked() == worked()


def test_what_differs_on_a_photo() -> None:
    one = compare([at(0), at(20), at(60)], [at(20, "eczema"), at(0), at(90)])
    assert [(m.a, m.b) for m in one.matches] == [(0, 1), (1, 0)]
    assert (one.only_a, one.only_b, one.agrees) == ((2,), (2,), False)
    assert [(m.a, m.b) for m in one.relabelled] == [(1, 0)]
    assert compare([at(0)], [at(1)]).agrees
    assert compare([], []).agrees


def test_a_documents_boxes_can_be_given_as_they_are() -> None:
    mine = Annotation(new_id(), Box(0, 0, 10, 10), "eczema")
    assert agreement([BoxedTwice(1, (mine,), (mine,))], repeats=0).f1 == 1.0


def test_nothing_to_compare_is_no_figure() -> None:
    for photos in ([], [BoxedTwice(1, [], [])]):
        none = agreement(photos, repeats=10)
        assert all(math.isnan(v) for v in (none.f1, none.mean_iou, none.kappa, none.precision, none.recall))
        assert none.differing == ()
    alone = agreement([BoxedTwice(1, [at(0)], [])], repeats=10)
    assert (alone.f1, alone.recall) == (0.0, 0.0)
    assert math.isnan(alone.precision)
