"""Two sides of a photo's boxes: what differs, and what verdicts and changes by hand make of it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.annotation.document import Annotation, Document
from app.common.geometry import Box
from app.datasets import settling
from app.datasets.settling import Settling, Verdict

SIZE = (200, 150)


def side(*boxes: tuple[Box, str], name: str = "a") -> Document:
    return Document(*SIZE, tuple(Annotation(f"{name}{n}", box, label) for n, (box, label) in enumerate(boxes)))


LEFT = side(
    (Box(10, 10, 60, 60), "eczema"),  # the same on both sides
    (Box(100, 10, 150, 60), "eczema"),  # another label on the right
    (Box(10, 80, 60, 140), "psoriasis"),  # only here
    (Box(100, 80, 160, 140), "psoriasis"),  # further left on the right
)
RIGHT = side(
    (Box(12, 10, 62, 60), "eczema"),
    (Box(100, 10, 150, 60), "psoriasis"),
    (Box(85, 80, 145, 140), "psoriasis"),
    (Box(170, 10, 190, 30), "eczema"),  # only here
    name="b",
)


def test_what_differs_is_told_from_the_top_left() -> None:
    now = settling.begin(LEFT, RIGHT)
    kinds = [d.kind for d in now.differences]
    assert kinds == ["label", "only_right", "only_left", "place"]
    assert now.open == 4
    (agreed,) = now.result.annotations
    assert agreed.box == Box(11, 10, 61, 60)  # half way
    assert agreed.verified


def test_verdicts_make_the_result() -> None:
    now = settling.begin(LEFT, RIGHT)
    for number, verdict in enumerate(("right", "none", "left", "both")):
        now = settling.decide(now, number, verdict)  # type: ignore[arg-type]
    assert now.open == 0
    done = settling.finished(now)
    assert done.verified
    assert all(a.verified for a in done.annotations)
    assert {a.id: a.label for a in done.annotations} == {
        "a0": "eczema", "b1": "psoriasis", "a2": "psoriasis", "a3": "psoriasis", "b2": "psoriasis",
    }  # fmt: skip


def test_a_verdict_can_be_changed() -> None:
    now = settling.begin(LEFT, RIGHT)
    first = settling.decide(now, 0, "left")
    assert settling.decide(settling.decide(now, 0, "right"), 0, "left") == first
    assert settling.decide(first, 0, "").result == now.result


def test_a_change_by_hand_settles_what_it_touches() -> None:
    now = settling.decide(settling.begin(LEFT, RIGHT), 3, "edited")
    box = now.result.find("a3")
    assert box is not None
    moved = replace(box, box=Box(92, 80, 152, 140))
    others = [a for a in now.result.annotations if a.id != "a3"]
    after = settling.change(now, replace(now.result, annotations=(*others, moved)))
    assert after.verdicts == ("", "", "", "edited")
    assert after.result.find("a3") == moved
    assert after.result.find("a0") == now.result.find("a0")


def test_one_suggestion_that_both_accepted_is_two_boxes_where_both_are_taken() -> None:
    left = Document(*SIZE, (Annotation("s1", Box(10, 10, 60, 60), "eczema"),))
    right = Document(*SIZE, (Annotation("s1", Box(10, 10, 60, 60), "psoriasis"),))
    now = settling.begin(left, right)
    (one,) = now.differences
    assert one.kind == "label"
    assert [a.id for a in now.right.annotations] == [one.right.id if one.right else ""]
    both = settling.decide(now, 0, "both").result.annotations
    assert sorted(a.label for a in both) == ["eczema", "psoriasis"]


boxes = st.builds(
    lambda x, y, w, h: Box(x, y, min(x + w, SIZE[0]), min(y + h, SIZE[1])),
    st.floats(0, 150), st.floats(0, 100), st.floats(5, 60), st.floats(5, 60),
)  # fmt: skip
labelled = st.lists(st.tuples(boxes, st.sampled_from(["eczema", "psoriasis", ""])), max_size=6)
verdicts = st.sampled_from(["left", "right", "both", "none", "edited", ""])


@given(labelled, labelled, st.lists(verdicts, min_size=1, max_size=12))
def test_every_box_is_agreed_or_differs_once(
    left: list[tuple[Box, str]], right: list[tuple[Box, str]], walk: list[Verdict]
) -> None:
    a, b = side(*left), side(*right, name="b")
    now: Settling = settling.begin(a, b)
    differing = [x.id for d in now.differences for x in d.boxes]
    assert len(differing) == len(set(differing))
    agreed = {x.id for x in now.result.annotations}
    lefts = {x.id for x in a.annotations}
    assert lefts == (lefts & set(differing)) | agreed
    assert len(b.annotations) == len(agreed) + sum(d.right is not None for d in now.differences)
    for step, verdict in enumerate(walk):
        if now.differences:
            now = settling.decide(now, step % len(now.differences), verdict)
    expected = sum(
        {"left": d.left is not None, "right": d.right is not None, "both": len(d.boxes), "edited": 1}.get(v, 0)
        for d, v in zip(now.differences, now.verdicts, strict=True)
    )
    assert len(now.result.annotations) == len(agreed) + expected
