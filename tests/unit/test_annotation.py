"""Documents, edits, hit testing and mouse tools."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.annotation import edits, tools
from app.annotation.document import (
    Annotation,
    Document,
    Edit,
    Suggestion,
    apply,
    edit_from_json,
    edit_to_json,
    new_id,
    restored,
)
from app.annotation.hit_testing import HANDLES, handle_at, handle_points, hit
from app.annotation.same_place import SAME_PLACE
from app.common.errors import UserError
from app.common.geometry import Box, box_from_corners, iou

SIZE = (400.0, 300.0)
EMPTY = Document(400, 300)
xs = st.floats(-50, 450)
ys = st.floats(-50, 350)
points = st.tuples(xs, ys)
boxes = st.builds(box_from_corners, xs, ys, xs, ys)
photo_boxes = (
    st.tuples(st.floats(0, 390), st.floats(0, 290), st.floats(5, 400), st.floats(5, 300))
    .map(lambda v: Box(v[0], v[1], min(v[0] + v[2], 400), min(v[1] + v[3], 300)))
    .filter(lambda b: min(b.width, b.height) >= edits.SMALLEST)
)
labels = st.sampled_from(["", "psoriasis", "eczema", "别的"])


def inside(box: Box) -> bool:
    return 0 <= box.x0 <= box.x1 <= SIZE[0] and 0 <= box.y0 <= box.y1 <= SIZE[1]


def test_ids_are_unique_and_sort_as_they_were_made() -> None:
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert sorted(ids) == ids


def test_a_document_keeps_the_order_of_ids_and_refuses_twins() -> None:
    a, b = Annotation("a", Box(0, 0, 5, 5)), Annotation("b", Box(1, 1, 6, 6))
    assert restored([b, a], 10, 10).annotations == (a, b)
    with pytest.raises(ValueError, match="two boxes"):
        Document(10, 10, (a, a))


def test_an_edit_is_refused_once_another_has_changed_the_box() -> None:
    old = Annotation("a", Box(0, 0, 5, 5))
    here = Document(10, 10, (old,))
    edit = edits.relabel(here, "a", "eczema")
    assert edit is not None
    theirs = apply(here, edit)
    for late in (edit, Edit("add", after=(old,)), Edit("verify", verified=(True, False))):
        with pytest.raises(UserError) as caught:
            apply(theirs, late)
        assert caught.value.code == "edit_conflict"


@given(photo_boxes, st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_a_pushed_box_stays_inside_and_keeps_its_size(box: Box, dx: float, dy: float) -> None:
    moved = edits.pushed(box, dx, dy, *SIZE)
    assert inside(moved)
    assert moved.width == pytest.approx(box.width, abs=1e-9)
    assert moved.height == pytest.approx(box.height, abs=1e-9)


@given(points, points, st.booleans())
def test_a_drawn_box_lies_inside_and_squares_are_square(a: tools.Point, b: tools.Point, square: bool) -> None:
    box = tools.drawn(a, b, SIZE, square)
    assert inside(box)
    if square:
        assert box.width == pytest.approx(box.height, abs=1e-9)


@given(photo_boxes, st.sampled_from(HANDLES), points, points)
def test_a_handle_moves_only_its_own_sides(box: Box, handle: str, a: tools.Point, b: tools.Point) -> None:
    pulled = tools.resized(box, handle, a, b, SIZE)  # type: ignore[arg-type]
    assert inside(pulled)
    if "n" not in handle and "s" not in handle:
        assert (pulled.y0, pulled.y1) == (box.y0, box.y1)
    if "w" not in handle and "e" not in handle:
        assert (pulled.x0, pulled.x1) == (box.x0, box.x1)
    fixed_x = box.x1 if "w" in handle else box.x0
    assert fixed_x in (pulled.x0, pulled.x1)


@given(photo_boxes, st.sampled_from(HANDLES))
def test_pulling_a_handle_nowhere_changes_nothing(box: Box, handle: str) -> None:
    assert tools.resized(box, handle, (7, 8), (7, 8), SIZE) == box  # type: ignore[arg-type]


@given(photo_boxes, points, points)
def test_a_stretched_box_stays_a_box_inside_and_keeps_its_upper_left_corner(
    box: Box, a: tools.Point, b: tools.Point
) -> None:
    grown = tools.stretched(box, a, b, SIZE)
    assert inside(grown)
    assert (grown.x0, grown.y0) == (box.x0, box.y0)
    assert min(grown.width, grown.height) >= edits.SMALLEST - 1e-9
    assert tools.stretched(box, a, a, SIZE) == box


@given(photo_boxes, st.sampled_from(HANDLES))
def test_every_handle_can_be_felt(box: Box, handle: str) -> None:
    x, y = handle_points(box)[handle]  # type: ignore[index]
    assert handle_at(box, x, y, 5) is not None


def test_a_small_box_can_still_be_taken_by_its_middle() -> None:
    assert handle_at(Box(100, 100, 108, 108), 104, 104, 7) is None
    assert hit([("a", Box(100, 100, 108, 108))], 104, 104, 7, "a") == hit([("a", Box(100, 100, 108, 108))], 104, 104, 7)


def test_the_smallest_box_under_the_pointer_wins_then_a_near_line() -> None:
    crowd = [("large", Box(0, 0, 100, 100)), ("small", Box(40, 40, 60, 60))]
    assert hit(crowd, 50, 50, 3) == hit(reversed(crowd), 50, 50, 3)
    found = hit(crowd, 50, 50, 3)
    assert found is not None
    assert found.id == "small"
    near = hit(crowd, 102, 50, 3)
    assert near is not None
    assert near.id == "large"
    assert hit(crowd, 110, 50, 3) is None


@given(st.floats(45, 55), st.floats(45, 55))
def test_a_box_without_area_is_felt_inside_another(x: float, y: float) -> None:
    crowd = [("large", Box(0, 0, 100, 100)), ("point", Box(50, 50, 50, 50))]
    found = hit(crowd, x, y, 6)
    assert found is not None
    assert found.id == "point"


def test_suggestions_become_boxes_and_come_back_on_undo() -> None:
    one = Suggestion(Box(10, 10, 60, 60), "psoriasis", 0.87, 1)
    low = Suggestion(Box(200, 10, 260, 60), "eczema", 0.41, 2)
    assert edits.shown(EMPTY, [one, low], 0.5) == (one,)
    edit = edits.accept(EMPTY, [one])
    assert edit is not None
    document = apply(EMPTY, edit)
    (box,) = document.annotations
    assert (box.id, box.label, box.source, box.verified, box.score) == (one.id, "psoriasis", "model", True, 0.87)
    assert edits.shown(document, [one, low], 0.1) == (low,)
    assert edits.shown(apply(document, edit.inverse()), [one, low], 0.1) == (one, low)


def test_a_suggestion_on_a_persons_box_is_not_shown() -> None:
    document = Document(400, 300, (Annotation("a", Box(10, 10, 60, 60)),))
    assert edits.shown(document, [Suggestion(Box(11, 9, 60, 61), "eczema", 0.9, 1)], 0.5) == ()


def test_numbers_stay_with_accepted_suggestions() -> None:
    one, two = (Suggestion(Box(i * 50, 0, i * 50 + 20, 20), "eczema", 0.9 - i / 10, i) for i in (1, 2))
    drawn = Annotation(new_id(), Box(300, 200, 320, 220))
    accepted = edits.accept(EMPTY, [two])
    assert accepted is not None
    document = Document(400, 300, (*accepted.after, drawn))
    assert edits.numbering(document, [one, two]) == {one.id: 1, two.id: 2, drawn.id: 3}


def test_a_box_where_a_suggestion_was_has_its_number() -> None:
    old = Annotation("old", Box(101, 99, 201, 199), "eczema")
    other = Annotation("other", Box(400, 400, 450, 450), "eczema")
    document = Document(500, 500, (other, old))
    seen = [
        Suggestion(Box(300, 0, 340, 40), "eczema", 0.9, 1, "s1"),
        Suggestion(Box(100, 100, 200, 200), "eczema", 0.9, 2, "s2"),
    ]
    assert [s.id for s in edits.shown(document, seen, 0.5)] == ["s1"]
    numbers = edits.numbering(document, seen)
    assert (numbers["s1"], numbers["old"], numbers["other"]) == (1, 2, 3)


def test_slips_make_no_box() -> None:
    assert edits.add(EMPTY, Box(10, 10, 11, 200)) is None
    assert edits.add(EMPTY, Box(-50, -50, 0, 0)) is None
    assert edits.move(EMPTY, "nobody", 1, 1) is None
    assert edits.delete(EMPTY, ["nobody"]) is None


@given(photo_boxes, labels, st.booleans(), st.sampled_from(["person", "model"]), st.none() | st.floats(0, 1))
def test_the_journal_brings_an_edit_back_exactly(
    box: Box, label: str, mark: bool, source: str, score: float | None
) -> None:
    one = Annotation(new_id(), box, label, mark, not mark, source, score)  # type: ignore[arg-type]
    edit = Edit("replace", (), (one,), (False, True))
    assert edit_from_json(json.loads(json.dumps(edit_to_json(edit)))) == edit


class Annotating(RuleBasedStateMachine):
    """Whatever a person does, each edit can be turned round, back through every document that there was and forth."""

    def __init__(self) -> None:
        super().__init__()
        self.document = EMPTY
        self.edits: list[Edit] = []
        self.trail = [EMPTY]
        self.at = 0

    def make(self, edit_of: Callable[[Document], Edit | None]) -> None:
        edit = edit_of(self.document)
        if edit:
            self.document = apply(self.document, edit)
            self.edits[self.at :] = [edit]
            self.trail[self.at + 1 :] = [self.document]
            self.at += 1

    def some(self, n: int) -> str:
        boxes = self.document.annotations
        return boxes[n % len(boxes)].id if boxes else "none"

    @rule(box=boxes, label=labels)
    def add(self, box: Box, label: str) -> None:
        self.make(lambda d: edits.add(d, box, label))

    @rule(n=st.integers(0, 9), dx=st.floats(-500, 500), dy=st.floats(-500, 500))
    def move(self, n: int, dx: float, dy: float) -> None:
        self.make(lambda d: edits.move(d, self.some(n), dx, dy))

    @rule(n=st.integers(0, 9), box=boxes)
    def resize(self, n: int, box: Box) -> None:
        self.make(lambda d: edits.resize(d, self.some(n), box))

    @rule(n=st.integers(0, 9), label=labels)
    def relabel(self, n: int, label: str) -> None:
        self.make(lambda d: edits.relabel(d, self.some(n), label))

    @rule(n=st.integers(0, 9))
    def delete(self, n: int) -> None:
        self.make(lambda d: edits.delete(d, [self.some(n)]))

    @rule(n=st.integers(0, 9), box=photo_boxes)
    def copy(self, n: int, box: Box) -> None:
        self.make(lambda d: edits.copy_to(d, d.find(self.some(n)), box))

    @rule(box=photo_boxes)
    def accept(self, box: Box) -> None:
        self.make(lambda d: edits.accept(d, [Suggestion(box, "eczema", 0.5, 1)]))

    @rule()
    def verify(self) -> None:
        self.make(edits.verify)

    @rule(comment=st.sampled_from(["", "too wide", "漏标"]))
    def reject(self, comment: str) -> None:
        self.make(lambda d: edits.reject(d, comment))

    @rule(n=st.integers(1, 4))
    def refuse(self, n: int) -> None:
        self.make(lambda d: edits.refuse(d, [Suggestion(Box(0, 0, 9, 9), "eczema", 0.5, n, f"s{n}")]))

    @precondition(lambda self: self.at > 0)
    @rule()
    def undo(self) -> None:
        self.at -= 1
        self.document = apply(self.document, self.edits[self.at].inverse())

    @precondition(lambda self: self.at + 1 < len(self.trail))
    @rule()
    def redo(self) -> None:
        self.document = apply(self.document, self.edits[self.at])
        self.at += 1

    @invariant()
    def is_where_it_should_be(self) -> None:
        assert self.document == self.trail[self.at]
        assert all(inside(a.box) for a in self.document.annotations)


TestAnnotating = Annotating.TestCase


def test_one_document_is_turned_into_another_in_one_step() -> None:
    a, b = Annotation("a", Box(0, 0, 5, 5)), Annotation("b", Box(1, 1, 6, 6), "eczema")
    here, there = Document(10, 10, (a,)), Document(10, 10, (b,), verified=True)
    edit = edits.replace_all(here, there)
    assert edit is not None
    assert apply(here, edit) == there
    assert edits.replace_all(there, there) is None


@given(st.lists(boxes, max_size=5))
def test_copies_from_another_photo_lie_inside_this_one(those: list[Box]) -> None:
    edit = edits.insert(EMPTY, [Annotation(new_id(), b) for b in those])
    assume(edit is not None)
    assert edit is not None
    assert all(inside(a.box) for a in edit.after)


@given(st.data())
def test_places_are_found_as_by_looking_at_every_pair(data: st.DataObject) -> None:
    """The quick way (centres in order) against the plain one."""
    corner = st.integers(0, 30)
    side = st.integers(2, 30)
    drawn = data.draw(st.lists(st.tuples(corner, corner, side, side), max_size=12))
    boxes = [Box(x, y, x + w, y + h) for x, y, w, h in drawn]
    half = len(boxes) // 2
    document = Document(80, 80, tuple(Annotation(f"a{n}", b, "eczema") for n, b in enumerate(boxes[:half])))
    suggestions = tuple(Suggestion(b, "eczema", 0.9, n + 1, f"s{n}") for n, b in enumerate(boxes[half:]))
    left = [s.id for s in suggestions if not any(iou(a.box, s.box) >= SAME_PLACE for a in document.annotations)]
    assert [s.id for s in edits.shown(document, suggestions, 0.0)] == left
