"""Splits and folds: patients stay together, diseases in proportion, the same everywhere."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.common.errors import UserError
from app.datasets.freezing.dividing import Division, divide
from app.datasets.freezing.groups import group_names
from app.datasets.freezing.leakage import find_leaks
from app.datasets.freezing.splits import PARTS, Member, folds, split

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


# -- whatever hangs together, by whichever of its ties, stays together ----------------------------------------------


@st.composite
def photos(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of a version: patients, lesions, files and centres that mix as they like, or are not known."""
    count = draw(st.integers(8, 60))
    one_of = {
        "patient": st.sampled_from([None, *(f"P{n}" for n in range(12))]),
        "lesion": st.sampled_from([None, None, "L1", "L2", "L3"]),
        "sha256": st.sampled_from([f"{n:04x}" * 16 for n in range(200)]),
        "label": st.sampled_from([None, "psoriasis", "eczema"]),
        "centre": st.sampled_from([None, "north", "south", "east", "west"]),
    }
    rows = [{key: draw(choice) for key, choice in one_of.items()} for _ in range(count)]
    return [{"id": n, "name": f"{n}.jpg", "meta": {"centre": row.pop("centre")}, **row} for n, row in enumerate(rows)]


links = st.lists(st.lists(st.integers(0, 70), min_size=2, max_size=4), max_size=4)


@settings(max_examples=150)
@given(photos(), links, st.booleans(), st.one_of(st.none(), st.integers(2, 4)), st.integers(0, 3))
def test_no_part_or_fold_shares_a_patient_lesion_copy_or_centre(
    rows: list[dict[str, Any]], linked: list[list[int]], by_centre: bool, fold_count: int | None, seed: int
) -> None:
    try:
        divide(rows, Division((60, 20, 20), fold_count, 2, seed, by_centre), linked)
    except UserError as error:
        if error.code not in ("too_few_groups", "too_few_centres"):
            raise
        return
    place = {row["id"]: (row["split"], tuple(row["folds"])) for row in rows}
    ties: dict[Any, set[Any]] = {}
    for row in rows:
        for tie in ("patient", "sha256"):
            if row[tie] is not None:
                ties.setdefault((tie, row[tie]), set()).add(place[row["id"]])
        if row["lesion"] is not None:
            ties.setdefault(("lesion", row["patient"], row["lesion"]), set()).add(place[row["id"]])
        if by_centre:
            ties.setdefault(("centre", row["meta"]["centre"]), set()).add(place[row["id"]])
    for n, link in enumerate(linked):
        ties[("link", n)] = {place[i] for i in link if i in place}
    assert {tie: places for tie, places in ties.items() if len(places) > 1} == {}
    assert {leak.kind for leak in find_leaks(rows, linked, by_centre)} <= {"one_photo_two_patients"}
    assert {row["split"] for row in rows} == set(PARTS)


@settings(max_examples=60)
@given(photos(), links)
def test_the_leakage_check_misses_no_photo_that_was_moved(rows: list[dict[str, Any]], linked: list[list[int]]) -> None:
    """Each photo that is tied to another is put into another part by hand; the check must say so."""
    try:
        divide(rows, Division(), linked)
    except UserError:
        return
    groups = Counter(row["group"] for row in rows)
    tied = next((row for row in rows if groups[row["group"]] > 1), None)
    if tied is not None:
        tied["split"] = next(part for part in PARTS if part != tied["split"])
        assert find_leaks(rows, linked)


@given(photos(), links, st.randoms(use_true_random=False))
def test_groups_do_not_depend_on_the_order(
    rows: list[dict[str, Any]], linked: list[list[int]], rng: random.Random
) -> None:
    before = {row["id"]: name for row, name in zip(rows, group_names(rows, linked), strict=True)}
    rng.shuffle(rows)
    rng.shuffle(linked)
    assert before == {row["id"]: name for row, name in zip(rows, group_names(rows, linked), strict=True)}


def test_a_chain_of_ties_is_one_group() -> None:
    def row(n: int, patient: str | None, lesion: str | None = None, sha: int | None = None) -> dict[str, Any]:
        return {"id": n, "patient": patient, "lesion": lesion, "sha256": f"{n if sha is None else sha:064x}"}

    rows = [row(0, "P1"), row(1, "P1"), row(2, None, sha=1), row(3, None, "L"), row(4, None, "L"), row(5, "P2", "L")]
    assert group_names(rows, [(2, 3)]) == ["P1"] * 5 + ["P2"]
