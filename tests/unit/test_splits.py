"""Splits and folds: patients stay together, diseases in proportion, the same everywhere."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.common.errors import UserError
from app.datasets.splits import PARTS, Member, folds, split

sizes = st.lists(st.tuples(st.sampled_from("abcde"), st.integers(1, 9)), min_size=6, max_size=80)


def members(groups: list[tuple[str, int]]) -> list[Member]:
    each = [(f"P{n}", label) for n, (label, size) in enumerate(groups) for _ in range(size)]
    return [Member(n, group, label) for n, (group, label) in enumerate(each)]


@settings(deadline=None)
@given(sizes, st.integers(0, 5))
def test_patients_stay_together_and_nothing_is_lost(groups: list[tuple[str, int]], seed: int) -> None:
    everyone = members(groups)
    parts = split(everyone, seed=seed)
    assert set(parts) == {m.id for m in everyone}
    assert len({(m.group, parts[m.id]) for m in everyone}) == len(groups)
    assert set(parts.values()) == set(PARTS)


@settings(deadline=None)
@given(sizes, st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(groups: list[tuple[str, int]], seed: int, rng: random.Random) -> None:
    everyone = members(groups)
    mixed = everyone[:]
    rng.shuffle(mixed)
    assert split(everyone, seed=seed) == split(mixed, seed=seed)


@settings(deadline=None)
@given(sizes, st.integers(2, 5), st.integers(1, 3))
def test_folds_keep_patients_together(groups: list[tuple[str, int]], count: int, repeats: int) -> None:
    everyone = members(groups)
    chosen = folds(everyone, count, repeats)
    assert len({(m.group, chosen[m.id]) for m in everyone}) == len(groups)
    for repeat in range(repeats):
        assert {f[repeat] for f in chosen.values()} == set(range(count))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000))
def test_each_disease_is_divided_in_proportion(seed: int) -> None:
    everyone = members([(label, 3) for label in "abcde" for _ in range(40)])
    parts = split(everyone, seed=seed)
    found = Counter((m.label, parts[m.id]) for m in everyone)
    for label in "abcde":
        assert abs(found[label, "train"] - 84) <= 6
        assert abs(found[label, "val"] - 12) <= 6
        assert abs(found[label, "test"] - 24) <= 6


def test_another_seed_gives_another_split() -> None:
    everyone = members([("a", 1)] * 60)
    assert split(everyone, seed=0) != split(everyone, seed=1)
    assert folds(everyone, 3, 2)[0] is not None
    assert len({tuple(f[r] for f in folds(everyone, 3, 2).values()) for r in range(2)}) == 2


def test_a_part_may_be_left_out() -> None:
    parts = split(members([("a", 2)] * 10), (80, 0, 20))
    assert set(parts.values()) == {"train", "test"}


@pytest.mark.parametrize("shares", [(70, 30), (70, -10, 40), (0, 0, 0)])
def test_what_is_no_split_is_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(UserError) as caught:
        split(members([("a", 1)] * 5), shares)
    assert caught.value.code == "bad_split"
    assert caught.value.what


def test_too_few_patients_are_refused() -> None:
    with pytest.raises(UserError) as caught:
        split(members([("a", 50), ("b", 50)]))
    assert caught.value.code == "too_few_groups"
    assert caught.value.remedy
