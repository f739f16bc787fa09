"""Why a photo needs a person, and which one is next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.annotation import edits
from app.annotation.answers import suggestion_id
from app.annotation.document import Annotation, Document, Edit, new_id
from app.annotation.needs import needs, needs_of_row
from app.common.geometry import Box
from app.common.workspace import open_workspace
from app.datasets import store
from app.datasets.assignments import assign
from app.datasets.needs import Needing, needs_of, next_needing
from app.datasets.records import NewImage
from app.datasets.store import Store, open_store

HERE = Box(10, 10, 50, 50)
THERE = Box(70, 70, 95, 95)


def lesion(box: Box, top: list[tuple[str, float]], score: float = 0.9, number: int = 1) -> dict[str, Any]:
    ranked = [{"disease": d, "probability": p} for d, p in top]
    return {"number": number, "box": box.as_list(), "disease": top[0][0], "score": score, "top3": ranked}


def answer(*lesions: dict[str, Any]) -> dict[str, Any]:
    return {"lesions": list(lesions), "models": {"detector": {"sha256": "abcd"}, "classifier": {"sha256": "1234"}}}


def boxed(label: str = "psoriasis", box: Box = HERE, **marks: Any) -> Document:
    return Document(100, 100, (Annotation(new_id(), box, label),), **marks)


SURELY = [("psoriasis", 0.9), ("eczema", 0.05)]
HARDLY = [("psoriasis", 0.45), ("eczema", 0.4)]


def test_an_empty_photo_a_boxed_one_a_verified_one() -> None:
    assert needs(Document(100, 100)) == ("unboxed",)
    assert needs(boxed()) == ("unverified",)
    assert needs(boxed("")) == ("unlabelled", "unverified")
    assert needs(boxed(verified=True)) == ()
    assert needs(Document(100, 100, verified=True)) == ()
    assert needs(Document(100, 100, verified=True), answer(lesion(HERE, SURELY))) == ()


def test_a_photo_that_was_sent_back_comes_first() -> None:
    assert needs(boxed(rejected="one is missing")) == ("sent_back",)
    assert needs(Document(100, 100, rejected="box it")) == ("sent_back", "unboxed")
    assert needs(boxed(rejected="again", verified=True)) == ("sent_back",)


def test_the_model_disagrees() -> None:
    assert "disagrees" not in needs(boxed(), answer(lesion(HERE, SURELY)))
    assert "disagrees" in needs(boxed("eczema"), answer(lesion(HERE, SURELY)))
    assert "disagrees" not in needs(boxed("eczema"), answer(lesion(HERE, HARDLY)))
    assert "disagrees" in needs(boxed(), answer(lesion(HERE, SURELY), lesion(THERE, SURELY, number=2)))
    assert "disagrees" not in needs(boxed(), answer(lesion(THERE, SURELY, score=0.3)))
    assert needs(Document(100, 100), answer(lesion(HERE, SURELY))) == ("unboxed",)


def test_a_refused_suggestion_is_no_disagreement() -> None:
    given = answer(lesion(THERE, SURELY))
    assert "disagrees" in needs(boxed(), given, 7)
    assert "disagrees" not in needs(boxed(refused=frozenset({suggestion_id(given, 7, 1)})), given, 7)


def test_an_accepted_suggestion_that_was_moved_far_is_still_the_same_lesion() -> None:
    given = answer(lesion(HERE, SURELY))
    moved = Annotation(suggestion_id(given, 7, 1), THERE, "psoriasis", source="model")
    assert "disagrees" not in needs(Document(100, 100, (moved,)), given, 7)


def test_the_model_is_unsure_where_nobody_has_said_it_yet() -> None:
    assert needs(Document(100, 100), answer(lesion(HERE, HARDLY))) == ("unboxed", "unsure")
    assert "unsure" in needs(boxed(""), answer(lesion(HERE, HARDLY)))
    assert "unsure" not in needs(boxed(), answer(lesion(HERE, HARDLY)))
    assert "unsure" not in needs(boxed(""), answer(lesion(HERE, SURELY)))


@pytest.mark.parametrize("document", [Document(9, 9), boxed(), boxed(verified=True), boxed(rejected="x")])
def test_the_row_of_the_list_says_the_same_as_the_boxes(document: Document) -> None:
    assert needs_of_row(len(document.annotations), document.verified, document.rejected) == needs(document)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(open_workspace(tmp_path / "ws"))
    yield opened
    opened.close()


@pytest.fixture
def photos(opened: Store) -> list[int]:
    with opened.write("li") as s:
        return [store.add_image(s, NewImage(f"{n}.jpg", f"{n}.jpg", width=100, height=100)) for n in range(6)]


def verify(opened: Store, image_id: int, who: str = "li") -> None:
    with opened.write(who) as s:
        document = store.document(s, image_id)
        assert document is not None
        store.apply_edit(s, image_id, edits.verify(document))


def following(opened: Store, order: list[int], after: int, who: str = "li", **more: Any) -> int | None:
    with opened.write(who) as s:
        found = next_needing(s, order, after, **more)
        assert found is None or needs_of(s, found.image_id) == found.needs
    return found.image_id if found else None


def test_the_next_one_in_the_order_of_the_list_and_round_its_end(opened: Store, photos: list[int]) -> None:
    for n in (1, 3, 4):
        verify(opened, photos[n])
    assert following(opened, photos, photos[0]) == photos[2]
    assert following(opened, photos, photos[2]) == photos[5]
    assert following(opened, photos, photos[5]) == photos[0]
    assert following(opened, photos, photos[2], back=True) == photos[0]
    assert following(opened, photos[::-1], photos[5]) == photos[2]
    assert following(opened, [photos[1], photos[3]], photos[1]) is None
    for n in (0, 2):
        verify(opened, photos[n])
    assert following(opened, photos, photos[5]) is None  # where one stands is not the next
    with opened.read() as s:
        assert next_needing(s) == Needing(photos[5], ("unboxed",))


def test_a_wanted_reason_goes_through_those_that_the_model_has_read(opened: Store, photos: list[int]) -> None:
    with opened.write("li") as s:
        for n in (2, 4):
            store.apply_edit(s, photos[n], Edit("add", after=(Annotation(new_id(), HERE, "eczema"),)))
        store.save_prediction(s, photos[2], "model:a", answer(lesion(HERE, SURELY)))
        store.save_prediction(s, photos[2], "model:a", answer(lesion(HERE, [("eczema", 0.9)])))
        store.save_prediction(s, photos[4], "model:a", answer(lesion(HERE, SURELY)))
    assert following(opened, photos, photos[0], wanted=frozenset({"disagrees"})) == photos[4]
    assert following(opened, photos, photos[0], wanted=frozenset({"unsure"})) is None


def test_photos_far_away_are_found_too(opened: Store) -> None:
    with opened.write("li") as s:
        ids = [store.add_image(s, NewImage(f"{n}", f"{n}", width=9, height=9)) for n in range(150)]
    for n in range(149):
        with opened.write("li") as s:
            store.apply_edit(s, ids[n], Edit("verify", verified=(False, True)))
    assert following(opened, ids, ids[3]) == ids[149]
    assert following(opened, ids, ids[149]) is None


def test_each_person_has_needs_of_their_own_on_assigned_photos(opened: Store, photos: list[int]) -> None:
    for name in ("li", "wang", "zhao"):
        with opened.write(name) as s:
            store.actor_of(s)
    with opened.write("li") as s:
        assign(s, ("wang", "zhao"), [photos[1]])
    assert following(opened, photos, photos[0], "wang") == photos[1]
    assert following(opened, photos, photos[0], "li") == photos[2]  # given to others: not li's
    verify(opened, photos[1], "wang")
    assert following(opened, photos, photos[0], "wang") == photos[2]
    assert following(opened, photos, photos[0], "zhao") == photos[1]


def test_the_model_leads_nobody_to_a_photo_that_is_boxed_apart(opened: Store, photos: list[int]) -> None:
    with opened.write("wang") as s:
        store.save_prediction(s, photos[2], "model:a", answer(lesion(HERE, HARDLY)))
        assert "unsure" in needs_of(s, photos[2])
        store.actor_of(s)
    with opened.write("li") as s:
        assign(s, ("li", "wang"), [photos[2]])
        assert needs_of(s, photos[2]) == ("unboxed",)
        store.apply_edit(s, photos[2], Edit("add", after=(Annotation(new_id(), HERE, "eczema"),)))
        assert needs_of(s, photos[2]) == ("unverified",)
    assert following(opened, photos, photos[0], "wang", wanted=frozenset({"unsure", "disagrees"})) is None


def test_a_photo_sent_back_after_it_was_verified_is_found(opened: Store, photos: list[int]) -> None:
    for image_id in photos:
        verify(opened, image_id)
    with opened.write("wang") as s:
        document = store.document(s, photos[3])
        assert document is not None
        sent_back = edits.reject(document, "the second lesion is missing")
        assert sent_back is not None
        store.apply_edit(s, photos[3], sent_back)
    assert following(opened, photos, photos[0]) == photos[3]


def test_needs_do_not_depend_on_the_order_of_boxes() -> None:
    two = boxed().annotations[0], replace(boxed("", THERE).annotations[0])
    assert needs(Document(100, 100, two)) == needs(Document(100, 100, two[::-1]))
