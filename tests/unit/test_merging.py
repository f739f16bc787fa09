"""Three-way merges box by box: what one side changed comes, what both changed alike is one, the rest is a conflict."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.annotation.document import Annotation, Document, apply
from app.annotation.merging import FileState, Merge, Prefer, merged, says_the_same
from app.common.geometry import Box

SIZE = (1000, 800)


def box(id_: str, x: float = 10, label: str = "eczema") -> Annotation:
    return Annotation(id_, Box(x, 20, x + 100, 120), label)


def state(*boxes: Annotation, verified: bool = False) -> FileState:
    return FileState(dict(enumerate(boxes)), verified)


def document(*boxes: Annotation, verified: bool = False) -> Document:
    return Document(*SIZE, boxes, verified)


A, B, C = box("a"), box("b", 200), box("c", 400)
KEPT = {0: A, 1: B}


def merge(ours: Document, now: FileState, prefer: Prefer = "nobody") -> tuple[Document, Merge]:
    result = merged(ours, KEPT, state(A, B), now, prefer)
    return (apply(ours, result.edit) if result.edit else ours), result


def said(doc: Document) -> list[tuple[float, str]]:
    return sorted((a.box.x0, a.label) for a in doc.annotations)


def test_nothing_changed() -> None:
    after, result = merge(document(A, B), state(A, B))
    assert result == Merge(None, KEPT)
    assert after == document(A, B)


def test_theirs_alone() -> None:
    moved, relabelled = replace(A, box=A.box.moved(3, 4)), replace(B, label="psoriasis")
    after, result = merge(document(A, B), state(C, relabelled, moved))
    assert result.conflicts == 0
    assert said(after) == [(13, "eczema"), (200, "psoriasis"), (400, "eczema")]
    assert after.by_id["a"].box == moved.box
    assert {p: b.id for p, b in result.kept.items()}.items() >= {2: "a", 1: "b"}.items()
    assert said(merge(document(A, B), state(B))[0]) == [(200, "eczema")]


def test_ours_alone_stays() -> None:
    ours = document(replace(A, label="psoriasis"), C)
    after, result = merge(ours, state(A, B))
    assert (after, result.edit, result.conflicts) == (ours, None, 0)
    assert result.kept == KEPT


def test_each_side_something_else() -> None:
    after, result = merge(document(replace(A, label="psoriasis"), B, C), state(A, replace(B, box=B.box.moved(5, 0))))
    assert result.conflicts == 0
    assert said(after) == [(10, "psoriasis"), (205, "eczema"), (400, "eczema")]


def test_both_the_same_is_no_conflict() -> None:
    moved = replace(A, box=A.box.moved(7.4, 0))
    rounded = replace(A, box=A.box.moved(7, 0))
    ours = document(moved, B, C)
    after, result = merge(ours, state(rounded, B, replace(C, id="x")))
    assert (after, result.conflicts) == (ours, 0)
    assert result.kept == {0: moved, 1: B, 2: C}


@pytest.mark.parametrize(
    ("mine", "theirs", "prefer", "expected"),
    [
        ("moved", "relabelled", "theirs", [(10, "psoriasis"), (200, "eczema")]),
        ("moved", "relabelled", "ours", [(60, "eczema"), (200, "eczema")]),
        ("moved", "relabelled", "both", [(10, "psoriasis"), (60, "eczema"), (200, "eczema")]),
        ("gone", "relabelled", "theirs", [(10, "psoriasis"), (200, "eczema")]),
        ("gone", "relabelled", "ours", [(200, "eczema")]),
        ("gone", "relabelled", "both", [(10, "psoriasis"), (200, "eczema")]),
        ("moved", "gone", "theirs", [(200, "eczema")]),
        ("moved", "gone", "ours", [(60, "eczema"), (200, "eczema")]),
        ("moved", "gone", "both", [(60, "eczema"), (200, "eczema")]),
    ],
)
def test_a_conflict_is_told_and_decided_by_a_person(
    mine: str, theirs: str, prefer: Prefer, expected: list[tuple[float, str]]
) -> None:
    versions = {
        "moved": [replace(A, box=A.box.moved(50, 0))],
        "relabelled": [replace(A, label="psoriasis")],
        "gone": [],
    }
    ours, now = document(*versions[mine], B), state(*versions[theirs], B)
    assert merge(ours, now)[1].conflicts == 1
    after, result = merge(ours, now, prefer)
    assert said(after) == expected
    again = merged(after, result.kept, now, now)
    assert (again.edit, again.conflicts) == (None, 0)


def test_the_mark() -> None:
    assert merge(document(A, B), state(A, B, verified=True))[0].verified
    assert merged(document(verified=True), {}, FileState({}, True), FileState({}, True)).edit is None
    assert not merge(document(A, B, verified=True), state(A, B))[1].edit


def test_a_file_read_for_the_first_time_adds_what_is_not_there_yet() -> None:
    result = merged(document(A), {}, FileState({}), state(replace(A, id="x"), B))
    assert result.edit is not None
    assert [a.box for a in result.edit.after] == [B.box]
    assert result.kept[0] == A


def test_two_thousand_boxes_that_all_moved_take_no_time() -> None:
    made = [
        Annotation(f"{n:05}", Box(n % 50 * 20, n // 50 * 20, n % 50 * 20 + 15, n // 50 * 20 + 15)) for n in range(2000)
    ]
    now = state(*(replace(a, box=a.box.moved(1.5, 1)) for a in made))
    start = time.perf_counter()
    result = merged(Document(*SIZE, tuple(made)), dict(enumerate(made)), state(*made), now)
    assert result.edit is not None
    assert {a.id for a in result.edit.before} == {a.id for a in result.edit.after} == {a.id for a in made}
    first = merged(Document(*SIZE, tuple(made)), {}, FileState({}), now)
    assert first.edit is not None
    assert time.perf_counter() - start < 5


BOXES = st.builds(
    lambda x, w, label: (x, w, label), st.integers(0, 800), st.integers(1, 150), st.sampled_from(["eczema", "lupus"])
)


@given(st.lists(BOXES, max_size=5), st.data())
def test_with_only_one_side_changed_the_result_is_that_side(
    start: list[tuple[int, int, str]], data: st.DataObject
) -> None:
    made = [Annotation(f"{n}", Box(x, 5, x + w, 90), label) for n, (x, w, label) in enumerate(start)]
    changed = [
        replace(a, label=data.draw(st.sampled_from([a.label, "psoriasis"]))) for a in made if data.draw(st.booleans())
    ]
    more = [
        Annotation(f"n{n}", Box(x, 300, x + w, 390), lab) for n, (x, w, lab) in enumerate(data.draw(st.lists(BOXES)))
    ]
    was, kept = state(*made), dict(enumerate(made))
    theirs = merged(document(*made), kept, was, state(*changed, *more))
    assert theirs.conflicts == 0
    after = apply(document(*made), theirs.edit) if theirs.edit else document(*made)
    assert sorted(_said(a) for a in after.annotations) == sorted(_said(a) for a in (*changed, *more))
    ours = merged(document(*changed, *more), kept, was, was)
    assert (ours.edit, ours.conflicts, ours.kept) == (None, 0, kept)
    assert all(says_the_same(after.by_id[b.id], b) for b in theirs.kept.values())


def _said(a: Annotation) -> tuple[float, float, str]:
    return a.box.x0, a.box.x1, a.label
