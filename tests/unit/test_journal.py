"""The journal: undo across photos, people and restarts, layers, the history of a box, the trash."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.annotation import edits
from app.annotation.document import Annotation, Document, Edit, Origin, Suggestion, apply, edit_to_json, new_id
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.workspace import Workspace, open_workspace
from app.datasets import store
from app.datasets.importing import import_photos
from app.datasets.people import payload_hash
from app.datasets.records import JournalState, NewImage, Step
from app.datasets.store import Store, open_store
from db.tables import AnnotationFile, Assignment, JournalEntry

PHOTOS = 3


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path)


@pytest.fixture
def opened(place: Workspace) -> Iterator[Store]:
    opened = open_store(place)
    yield opened
    opened.close()


@pytest.fixture
def photos(opened: Store) -> tuple[int, ...]:
    with opened.write("li") as s:
        return tuple(add_photo(s, f"{n}.jpg") for n in range(PHOTOS))


def add_photo(session: Session, name: str) -> int:
    return store.add_image(session, NewImage(name, name, sha256=payload_hash(name), width=100, height=80))


def box(x: float = 1.25, label: str = "eczema", **more: object) -> Annotation:
    return Annotation(new_id(), Box(x, 2.0, x + 10, 20.0), label, **more)  # type: ignore[arg-type]


def draw(opened: Store, person: str, photo: int, one: Annotation) -> Annotation:
    with opened.write(person) as s:
        store.apply_edit(s, photo, Edit("add", after=(one,)))
    return one


def undo(opened: Store, person: str) -> Step | None:
    with opened.write(person) as s:
        return store.undo(s)


def redo(opened: Store, person: str) -> Step | None:
    with opened.write(person) as s:
        return store.redo(s)


def boxes(opened: Store, photo: int, person: str = "") -> set[Annotation]:
    with opened.read(person) as s:
        return set(store.boxes_of(s, photo))


def code(caught: pytest.ExceptionInfo[UserError]) -> str:
    assert caught.value.what
    assert caught.value.remedy
    return caught.value.code


def test_undo_goes_back_from_photo_to_photo_and_over_a_restart(
    place: Workspace, opened: Store, photos: tuple[int, ...]
) -> None:
    made = [draw(opened, "li", photo, box(n)) for n, photo in enumerate(photos)]
    opened.close()
    again = open_store(place)
    steps = [undo(again, "li") for _ in photos]
    assert [s.image_id for s in steps if s] == list(reversed(photos))
    assert all(boxes(again, photo) == set() for photo in photos)
    assert undo(again, "li") is None
    assert redo(again, "li") == Step(photos[0], Edit("add", after=(made[0],)), back=False)
    draw(again, "li", photos[2], box(50))
    assert redo(again, "li") is None, "a new edit, on whatever photo, and what was undone cannot come back"
    with again.read("li") as s:
        assert store.journal(s) == JournalState(True, False)
        assert all(store.replays(s, photo) for photo in photos)
    again.close()


def test_each_person_has_a_past_of_their_own(opened: Store, photos: tuple[int, ...]) -> None:
    mine, theirs = draw(opened, "li", photos[0], box(1)), draw(opened, "wang", photos[0], box(30))
    undo(opened, "li")
    assert boxes(opened, photos[0]) == {theirs}
    draw(opened, "wang", photos[1], box(2))
    assert redo(opened, "li") is not None, "somebody else's edit takes nobody's redo away"
    assert boxes(opened, photos[0]) == {mine, theirs}
    with opened.read() as s:
        assert store.journal(s) == JournalState(False, False), "nobody in particular has done nothing"


def test_what_somebody_changed_since_is_set_aside_and_undo_goes_on(opened: Store, photos: tuple[int, ...]) -> None:
    first, second = draw(opened, "li", photos[0], box(1)), draw(opened, "li", photos[1], box(2))
    theirs = replace(second, label="psoriasis")
    with opened.write("wang") as s:
        store.apply_edit(s, photos[1], Edit("relabel", before=(second,), after=(theirs,)))
    refused = undo(opened, "li")
    assert refused is not None
    assert refused.refused is not None
    assert (refused.image_id, refused.refused.code) == (photos[1], "undo_changed_by_other")
    assert boxes(opened, photos[1]) == {theirs}
    step = undo(opened, "li")
    assert step == Step(photos[0], Edit("add", before=(first,)), back=True)
    with opened.write("wang") as s:
        store.apply_edit(s, photos[0], Edit("add", after=(replace(first, label="other"),)))
    refused = redo(opened, "li")
    assert refused is not None
    assert refused.refused is not None
    assert redo(opened, "li") is None
    with opened.read("li") as s:
        assert store.journal(s) == JournalState(False, False)
        assert all(store.replays(s, photo) for photo in photos)


def test_marks_refusals_outlines_and_origins_are_stored_and_undone(opened: Store, photos: tuple[int, ...]) -> None:
    with opened.write("li") as s:
        file = AnnotationFile(
            format="voc", name="0.xml", path="/x/0.xml", image_id=photos[0], sha256="0", content=b"", author="li"
        )
        s.add(file)
        s.flush()
        ring = ((0.0, 0.0), (1 / 3, 1.0), (1.0, 0.1))
        shaped = box(1, outline=(ring,), origin=Origin(file.id, 4), score=0.25, source="model")
        store.apply_edit(s, photos[0], Edit("add", after=(shaped,)))
        document = store.document(s, photos[0])
        assert document is not None
        reject = edits.reject(document, "边界不准")
        assert reject is not None
        document = store.apply_edit(s, photos[0], reject)
        refuse = edits.refuse(document, [Suggestion(Box(0, 0, 9, 9), "eczema", 0.9, 1, "s1")])
        assert refuse is not None
        store.apply_edit(s, photos[0], refuse)
    with opened.read() as s:
        assert store.document(s, photos[0]) == Document(
            100, 80, (shaped,), rejected="边界不准", refused=frozenset({"s1"})
        )
    undo(opened, "li")
    undo(opened, "li")
    with opened.read() as s:
        assert store.document(s, photos[0]) == Document(100, 80, (shaped,))
        assert store.replays(s, photos[0])


def test_a_journal_of_100_000_entries_is_quick(opened: Store, photos: tuple[int, ...]) -> None:
    payload = edit_to_json(Edit("verify", verified=(False, True)))
    row = {"image_id": photos[1], "actor": "li", "state": "done", "payload": payload, "payload_hash": "0"}
    others = {**row, "state": "undone", "actor": "wang"}
    with opened.write("li") as s:
        store.put_boxes(s, photos[0], [box(n) for n in range(20)])
        s.execute(insert(JournalEntry), [row, others] * 50_000)
    times = []
    for n in range(15):
        start = time.perf_counter()
        draw(opened, "li", photos[0], box(n))
        with opened.read("li") as s:
            assert store.journal(s) == JournalState(True, False)
        assert undo(opened, "li")
        times.append(time.perf_counter() - start)
    assert sorted(times)[len(times) // 2] < 0.1, "an edit, the state of the journal, and an undo"


# -- layers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def both(opened: Store, photos: tuple[int, ...]) -> tuple[int, ...]:
    """Li and Wang box the photos apart from each other."""
    for person in ("li", "wang"):
        draw(opened, person, photos[0], box(1))
    with opened.write("li") as s:
        return store.assign(s, ["li", "wang"], photos)


def test_people_who_box_apart_do_not_see_each_other(opened: Store, photos: tuple[int, ...], both: object) -> None:
    common = boxes(opened, photos[0])
    assert len(common) == 2
    assert boxes(opened, photos[0], "li") == set()
    one = Suggestion(Box(5, 5, 40, 40), "eczema", 0.9, 1, "s1")
    for person in ("li", "wang"):
        with opened.write(person) as s:
            document = store.document(s, photos[0])
            assert document is not None
            accept = edits.accept(document, [one], label="psoriasis" if person == "li" else None)
            assert accept is not None
            store.apply_edit(s, photos[0], accept)
            store.apply_edit(s, photos[0], Edit("verify", verified=(False, True)))
    assert {a.label for a in boxes(opened, photos[0], "li")} == {"psoriasis"}
    assert {a.label for a in boxes(opened, photos[0], "wang")} == {"eczema"}, "one suggestion, accepted by both"
    assert boxes(opened, photos[0]) == common == boxes(opened, photos[0], "zhao")
    with opened.read("li") as s:
        first, *rest = store.assignments(s, "li")
        assert (first.image_id, first.boxes, first.through, first.settled) == (photos[0], 1, True, None)
        assert len(rest) == PHOTOS - 1
        pairs = store.pair_documents(s, "li", "wang")
        assert [p.image_id for p in pairs] == list(photos)
        assert (pairs[0].left.verified, pairs[1].left.verified) == (True, False)
        assert [a.label for d in (pairs[0].left, pairs[0].right) for a in d.annotations] == ["psoriasis", "eczema"]
    undo(opened, "wang")
    undo(opened, "wang")
    assert boxes(opened, photos[0], "wang") == set()
    assert len(boxes(opened, photos[0], "li")) == 1
    undo(opened, "wang")
    assert len(boxes(opened, photos[0])) == 1, "further back lies what was done before the photos were assigned"


def rows_of(opened: Store, person: str) -> list[tuple[int, bool, str]]:
    """Of each photo the list's boxes and marks, the same by every way to them."""
    with opened.read(person) as s:
        rows = store.image_rows(s)
        assert rows == store.image_page(s, 0, 100) == store.image_rows(s, [row.id for row in rows])
        assert rows == tuple(store.image(s, row.id) for row in rows)
    return [(row.boxes, row.verified, row.rejected) for row in rows]


def test_the_list_shows_each_person_their_own_boxes_and_marks(opened: Store, photos: tuple[int, ...]) -> None:
    with opened.write("wang") as s:
        store.apply_edit(s, photos[0], Edit("add", after=(box(1), box(20))))
        store.apply_edit(s, photos[0], Edit("reject", rejected=("", "one is missing")))
    with opened.write("li") as s:
        store.assign(s, ["li", "wang"], photos[:2])
    common = [(2, False, "one is missing"), (0, False, ""), (0, False, "")]
    for person in ("", "zhao"):
        assert rows_of(opened, person) == common
    nothing = (0, False, "")
    assert rows_of(opened, "li") == rows_of(opened, "wang") == [nothing] * 3
    mine = draw(opened, "li", photos[0], box(1))
    with opened.write("li") as s:
        store.apply_edit(s, photos[0], Edit("verify", verified=(False, True)))
        assert store.image(s, photos[0]).verified, "at once, after the edit"
    with opened.write("wang") as s:
        store.apply_edit(s, photos[1], Edit("reject", rejected=("", "blurred")))
    assert rows_of(opened, "li") == [(1, True, ""), nothing, nothing]
    assert rows_of(opened, "wang") == [nothing, (0, False, "blurred"), nothing]
    assert rows_of(opened, "zhao") == common
    with opened.read("li") as s:
        assert [row.boxes for row in store.image_rows(s, common=True)] == [2, 0, 0], "what an export takes"
    with opened.write("zhao") as s:
        store.settle(s, photos[0], Document(100, 80, (mine, box(60), box(80)), verified=True))
    assert rows_of(opened, "li") == [(3, True, ""), nothing, nothing]


def test_settling_makes_common_boxes_closes_the_layers_and_can_be_undone(
    opened: Store, photos: tuple[int, ...], both: object
) -> None:
    mine = draw(opened, "li", photos[0], box(60))
    common = boxes(opened, photos[0])
    agreed = Document(100, 80, (mine,), verified=True)
    with opened.write("zhao") as s:
        assert store.settle(s, photos[0], agreed) == agreed
        record = store.assignments(s, "li")[0]
        assert record.settled_by == "zhao"
        assert store.pair_documents(s, "li", "wang")[0].settled
    assert boxes(opened, photos[0]) == boxes(opened, photos[0], "li") == {mine}
    with opened.read() as s:
        assert store.image(s, photos[0]).verified
    refused = undo(opened, "li")
    assert refused is not None
    assert refused.refused is not None
    assert refused.refused.code == "undo_settled"
    with pytest.raises(UserError) as caught, opened.write("zhao") as s:
        store.settle(s, photos[0], agreed)
    assert code(caught) == "nothing_to_settle"
    step = undo(opened, "zhao")
    assert step is not None
    assert step.edit.kind == "settle"
    assert boxes(opened, photos[0]) == common
    assert boxes(opened, photos[0], "li") == {mine}, "the layers are open again"
    redo(opened, "zhao")
    assert boxes(opened, photos[0], "wang") == {mine}
    with opened.read() as s:
        assert store.replays(s, photos[0])


def test_settling_without_a_difference_is_a_step_too(opened: Store, photos: tuple[int, ...], both: object) -> None:
    with opened.write("zhao") as s:
        now = store.document(s, photos[1], store.COMMON)
        assert now is not None
        store.settle(s, photos[1], now)
    assert undo(opened, "zhao") is not None
    with opened.write("zhao") as s:
        store.settle(s, photos[1], now)


def test_a_share_is_drawn_by_the_seed_and_a_larger_one_only_adds(opened: Store) -> None:
    with opened.write("li") as s:
        ids = [add_photo(s, f"many {n}.jpg") for n in range(40)]
        store.trash_images(s, ids[:1])
    for person in ("li", "wang", "zhao"):
        with opened.write(person) as s:
            store.actor_of(s)
    with opened.write("li") as s:
        few = store.assign(s, ["li", "wang"], share=0.25, seed=3)
        assert len(few) == 10
        assert ids[0] not in few
        assert store.assign(s, ["wang", "li"], share=0.25, seed=3) == few, "again: nothing changes"
        more = store.assign(s, ["li", "wang", "zhao"], share=0.5, seed=3)
        assert set(few) < set(more)
        assert len(store.assignments(s)) == 3 * len(more)
        assert store.assign(s, ["li", "wang"], share=0.25, seed=4) != few
        for people, problem in ((["li", "li"], "assign_two"), (["li", "nobody"], "no_such_person")):
            with pytest.raises(UserError) as caught:
                store.assign(s, people)
            assert code(caught) == problem
        with pytest.raises(UserError) as caught:
            store.assign(s, ["li", "wang"], [])
        assert code(caught) == "nothing_to_assign"
        store.actor_of(s).role = "annotator"
        with pytest.raises(UserError) as caught:
            store.assign(s, ["li", "wang"])
        assert code(caught) == "not_allowed"


# -- history and trash ----------------------------------------------------------------------------------------------


def test_the_history_of_a_box_says_who_when_and_from_what(opened: Store, photos: tuple[int, ...]) -> None:
    one = draw(opened, "li", photos[0], box(1))
    moved = replace(one, box=one.box.moved(3, 0))
    with opened.write("wang") as s:
        store.apply_edit(s, photos[0], Edit("move", before=(one,), after=(moved,)))
        store.apply_edit(s, photos[0], Edit("reject", rejected=("", "too wide")))
    draw(opened, "li", photos[0], box(40))
    undo(opened, "wang")
    undo(opened, "wang")
    with opened.read() as s:
        found = store.box_history(s, photos[0], one.id)
        assert [(e.who, e.kind, e.way, e.before, e.after) for e in found] == [
            ("wang", "move", "undo", moved, one),
            ("wang", "move", "done", one, moved),
            ("li", "add", "done", None, one),
        ]
        times = [e.at for e in found]
        assert times == sorted(times, reverse=True)  # type: ignore[type-var]
        whole = store.box_history(s, photos[0])
        assert [(e.way, e.comment) for e in whole if not e.box_id] == [("undo", ""), ("done", "too wide")]
        assert store.box_history(s, photos[1]) == ()


def test_boxes_from_a_file_say_so(opened: Store, photos: tuple[int, ...]) -> None:
    with opened.write("chen") as s:
        file = AnnotationFile(
            format="coco", name="annotations.json", path="/x", image_id=None, sha256="0", content=b"", author="chen"
        )
        s.add(file)
        s.flush()
        kept, edited, added = (box(n, origin=Origin(file.id, n)) for n in range(3))
        plain = box(50)
        store.put_boxes(s, photos[0], [kept, edited, plain])
        store.apply_edit(s, photos[0], Edit("merge", after=(added,)))
        store.apply_edit(s, photos[0], Edit("delete", before=(edited,)))
    with opened.read() as s:
        assert [(e.who, e.kind, e.file) for e in store.box_history(s, photos[0], kept.id)] == [
            ("chen", "import", "annotations.json")
        ]
        assert [(e.kind, e.file) for e in store.box_history(s, photos[0], edited.id)] == [
            ("delete", ""), ("import", "annotations.json"),
        ]  # fmt: skip
        assert [(e.kind, e.file) for e in store.box_history(s, photos[0], added.id)] == [("merge", "annotations.json")]
        assert [(e.who, e.kind, e.file) for e in store.box_history(s, photos[0], plain.id)] == [("chen", "import", "")]
        assert len(store.box_history(s, photos[0])) == 5


def test_deleted_boxes_are_listed_and_put_back_as_an_edit(opened: Store, photos: tuple[int, ...]) -> None:
    one, two = draw(opened, "li", photos[0], box(1)), draw(opened, "li", photos[0], box(30))
    with opened.write("wang") as s:
        store.apply_edit(s, photos[0], Edit("delete", before=(one, two)))
    with opened.write("li") as s:
        listed = store.deleted_boxes(s)
        assert {(d.image_id, d.photo, d.box, d.who) for d in listed} == {
            (photos[0], "0.jpg", one, "wang"), (photos[0], "0.jpg", two, "wang"),
        }  # fmt: skip
        assert store.deleted_boxes(s, photos[1]) == ()
        store.put_back(s, photos[0], [one.id])
        assert [d.box for d in store.deleted_boxes(s)] == [two]
        with pytest.raises(UserError) as caught:
            store.put_back(s, photos[0], [one.id])
        assert code(caught) == "box_not_in_trash"
    assert boxes(opened, photos[0]) == {one}
    undo(opened, "li")
    assert boxes(opened, photos[0]) == set()
    with opened.read() as s:
        assert len(store.deleted_boxes(s)) == 2


def test_a_photo_in_the_trash_is_nowhere_and_comes_back_whole(opened: Store, photos: tuple[int, ...]) -> None:
    here, there = draw(opened, "li", photos[0], box(1)), draw(opened, "li", photos[1], box(2))
    with opened.write("li") as s:
        assert store.trash_images(s, [photos[1], photos[1], 999]) == (photos[1],)
        assert store.trash_images(s, [photos[1]]) == ()
        assert [r.id for r in store.image_rows(s)] == [photos[0], photos[2]]
        assert [r.id for r in store.image_rows(s, photos)] == [photos[0], photos[2]]
        assert store.image(s, photos[1]).name == "1.jpg"
        (gone,) = store.trashed(s)
        assert (gone.row.id, gone.row.boxes) == (photos[1], 1)
    step = undo(opened, "li")
    assert step == Step(photos[0], Edit("add", before=(here,)), back=True), "what lies in the trash is left alone"
    with opened.write("li") as s:
        assert store.restore_images(s, [photos[1]]) == (photos[1],)
        assert store.trashed(s) == ()
    assert boxes(opened, photos[1]) == {there}
    assert undo(opened, "li") == Step(photos[1], Edit("add", before=(there,)), back=True)
    with opened.write("zhao") as s:
        store.actor_of(s).role = "annotator"
    with pytest.raises(UserError) as caught, opened.write("zhao") as s:
        store.trash_images(s, photos)
    assert code(caught) == "not_allowed"


def test_a_photo_that_is_imported_again_comes_out_of_the_trash(
    place: Workspace, opened: Store, photo_file: Path
) -> None:
    paths = [str(photo_file)]
    assert import_photos(opened, place, paths, "li").imported == 1
    assert import_photos(opened, place, paths, "li").already_there == 1
    with opened.write("li") as s:
        (row,) = store.image_rows(s)
        store.trash_images(s, [row.id])
    assert import_photos(opened, place, paths, "li").imported == 1
    with opened.read("li") as s:
        assert store.image_rows(s) == (row,)


# -- against a model ------------------------------------------------------------------------------------------------

PEOPLE = ("li", "wang")


class Journalling(RuleBasedStateMachine):
    """Two people, two photos, layers that come and go: the journal against lists of edits in memory."""

    opened: Store
    names = count()

    def __init__(self) -> None:
        super().__init__()
        self.people = {p: f"{p}{next(self.names)}" for p in PEOPLE}
        with self.opened.write(self.people["li"]) as s:
            self.photos = [add_photo(s, f"{new_id()}.jpg") for _ in range(2)]
        with self.opened.write(self.people["wang"]) as s:
            store.actor_of(s)
        self.documents = {(i, ""): Document(100, 80) for i in self.photos}
        self.past: dict[str, list[tuple[int, str, Edit]]] = {p: [] for p in PEOPLE}
        self.future: dict[str, list[tuple[int, str, Edit]]] = {p: [] for p in PEOPLE}
        self.apart: set[int] = set()
        self.settled: set[int] = set()

    def layer(self, person: str, photo: int) -> str:
        return self.people[person] if photo in self.apart else ""

    def make(self, person: str, n: int, kind: str) -> None:
        photo = self.photos[n % 2]
        layer = self.layer(person, photo)
        now = self.documents[photo, layer]
        some = now.annotations[n % len(now.annotations)] if now.annotations else None
        if kind == "verify":
            edit: Edit | None = edits.verify(now)
        elif kind == "reject":
            edit = edits.reject(now, f"comment {n % 3}")
        elif kind == "refuse":
            edit = edits.refuse(now, [Suggestion(Box(0, 0, 9, 9), "eczema", 0.5, 1, f"s{n % 4}")])
        elif kind == "add" or some is None:
            edit = Edit("add", after=(box(n),))
        elif kind == "move":
            edit = edits.move(now, some.id, 1, 2)
        else:
            edit = edits.delete(now, [some.id])
        if edit is None:
            return
        with self.opened.write(self.people[person]) as s:
            store.apply_edit(s, photo, edit)
        self.documents[photo, layer] = apply(now, edit)
        self.past[person].append((photo, layer, edit))
        self.future[person].clear()

    @rule(
        person=st.sampled_from(PEOPLE),
        n=st.integers(0, 20),
        kind=st.sampled_from(["add", "add", "move", "delete", "verify", "reject", "refuse"]),
    )
    def edit(self, person: str, n: int, kind: str) -> None:
        self.make(person, n, kind)

    @rule(person=st.sampled_from(PEOPLE), back=st.booleans())
    def walk(self, person: str, back: bool) -> None:
        here, there = (self.past, self.future) if back else (self.future, self.past)
        step = (undo if back else redo)(self.opened, self.people[person])
        if not here[person]:
            assert step is None
            return
        photo, layer, edit = here[person].pop()
        assert step is not None
        assert (step.image_id, step.back) == (photo, back)
        try:
            if layer and photo in self.settled:
                raise UserError("undo_settled")
            after = apply(self.documents[photo, layer], edit.inverse() if back else edit)
        except UserError:
            assert step.refused is not None
            return
        assert step.refused is None
        self.documents[photo, layer] = after
        there[person].append((photo, layer, edit))

    @precondition(lambda self: len(self.apart | self.settled) < 2)
    @rule()
    def assign(self) -> None:
        photo = next(i for i in self.photos if i not in self.apart | self.settled)
        with self.opened.write(self.people["li"]) as s:
            store.assign(s, list(self.people.values()), [photo])
        self.apart.add(photo)
        self.documents |= {(photo, p): Document(100, 80) for p in self.people.values()}

    @precondition(lambda self: self.apart)
    @rule()
    def settle(self) -> None:
        photo = self.apart.pop()
        mine = self.documents[photo, self.people["li"]]
        with self.opened.write(self.people["li"]) as s:
            store.settle(s, photo, mine)
            s.query(JournalEntry).where(JournalEntry.actor == self.people["li"], JournalEntry.state == "done").filter(
                JournalEntry.payload["kind"].as_string() == "settle"
            ).update({"state": "kept"}, synchronize_session=False)  # its undo is tried elsewhere
        self.documents[photo, ""] = mine
        self.settled.add(photo)
        self.future["li"].clear()

    @invariant()
    def is_what_was_done(self) -> None:
        for person, name in self.people.items():
            with self.opened.read(name) as s:
                assert store.journal(s) == JournalState(bool(self.past[person]), bool(self.future[person]))
                for photo in self.photos:
                    layer = self.layer(person, photo)
                    assert store.layer_of(s, photo) == layer
                    assert store.document(s, photo) == self.documents[photo, layer]

    def teardown(self) -> None:
        with self.opened.read() as s:
            assert all(store.replays(s, photo) for photo in self.photos)
            assert {a.image_id for a in s.query(Assignment) if a.settled} >= self.settled


def test_the_journal_against_a_model(opened: Store) -> None:
    machine = type("OnThisStore", (Journalling,), {"opened": opened})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
