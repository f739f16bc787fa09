"""Decisions about findings and the queue: what they bring about, undo and redo, refusals, counting, pace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import count
from time import perf_counter
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.annotation.document import Annotation, new_id
from app.cleaning import check_settings, counting
from app.cleaning import queue as line
from app.cleaning.checks import default_thresholds
from app.cleaning.decisions import (
    KINDS,
    decide,
    decisions_of,
    effects,
    persons_to_ask,
    redo_decision,
    undo_decision,
    undoable,
)
from app.cleaning.records import CheckSummary, Kind, Walked
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.workspace import Workspace
from app.datasets import store as photos_room
from app.datasets.records import NewImage
from app.datasets.store import Store, add_case, add_person, boxes_of, open_store, put_boxes
from db import tables
from db.tables import Case, Decision, Image, Patient, utc_now

ME, LI = "tester", "Li Na"


@pytest.fixture
def opened(workspace: Workspace) -> Iterator[Store]:
    opened = open_store(workspace)
    with opened.write(ME) as s:
        add_person(s, LI, "doctor")
        add_person(s, "Wang", "annotator")
    yield opened
    opened.close()


numbers = count()


def add_photo(s: Session, *, case: int | None = None, label: str | None = None) -> int:
    n = next(numbers)
    photo = photos_room.add_image(s, NewImage(f"{n}.jpg", f"{n}.jpg", sha256=f"{n:064x}", width=100, height=80))
    if case is not None:
        photos_room.assign_case(s, [photo], case)
    if label is not None:
        put_boxes(s, photo, [Annotation(new_id(), Box(10, 10, 50, 50), label)])
    return photo


def add_finding(s: Session, photo: int, check: str, score: float, group: str | None = None, **more: Any) -> None:
    row = {"image_id": photo, "check_key": check, "score": score, "why": f"check.{check}.why", "group_key": group}
    plain = {"facts": {}, "boxes": [], "at": utc_now(), **more}
    s.execute(insert(tables.Finding), [{**row, **plain}])


def act(opened: Store, person: str, photos: Sequence[int], check: str, kind: Kind, note: str = "", **how: Any) -> str:
    with opened.write(person) as s:
        return decide(s, [(i, check) for i in photos], kind, note, how)


def undo(opened: Store, person: str) -> Walked | None:
    with opened.write(person) as s:
        return undo_decision(s)


def redo(opened: Store, person: str) -> Walked | None:
    with opened.write(person) as s:
        return redo_decision(s)


def state(opened: Store, photo: int) -> tuple[str | None, list[list[float]]]:
    with opened.read() as s:
        image = s.get_one(Image, photo)
        return image.excluded, image.masks


def labels(opened: Store, photo: int) -> list[str]:
    with opened.read() as s:
        return [b.label for b in boxes_of(s, photo)]


@pytest.fixture
def photo(opened: Store) -> int:
    with opened.write(ME) as s:
        return add_photo(s, label="psoriasis")


def test_excluded_kept_again_and_taken_back(opened: Store, photo: int) -> None:
    act(opened, ME, [photo], "dark", "exclude", "  far too dark ")
    assert state(opened, photo) == ("dark", [])
    act(opened, ME, [photo], "blur", "exclude")
    assert state(opened, photo)[0] == "blur"
    act(opened, ME, [photo], "blur", "keep")
    assert state(opened, photo)[0] == "dark"
    assert (undo(opened, ME), state(opened, photo)[0]) == (Walked("keep", "blur", (photo,), True), "blur")
    undo(opened, ME)
    undo(opened, ME)
    assert state(opened, photo)[0] is None
    assert undo(opened, ME) is None
    with opened.read() as s:
        first = decisions_of(s, photo)[-1]
    assert (first.note, first.actor, first.undone_by, first.kind) == ("far too dark", ME, ME, "exclude")


def test_undone_decisions_come_back_until_something_else_is_decided(opened: Store, photo: int) -> None:
    act(opened, ME, [photo], "dark", "exclude")
    undo(opened, ME)
    redo(opened, ME)
    assert state(opened, photo)[0] == "dark"
    undo(opened, ME)
    with opened.read(ME) as s:
        assert undoable(s) == (False, True)
    act(opened, ME, [photo], "blur", "keep")
    assert redo(opened, ME) is None
    with opened.read(ME) as s:
        assert undoable(s) == (True, False)


def test_masks_are_the_findings_own_boxes_or_drawn_ones(opened: Store, photo: int) -> None:
    with opened.write(ME) as s:
        add_finding(s, photo, "text", 0.9, boxes=[[1, 2, 30, 10]])
    act(opened, ME, [photo], "text", "mask")
    act(opened, ME, [photo], "face", "mask", boxes=[[5, 5, 20, 20], [1, 2, 30, 10]])
    assert state(opened, photo) == (None, [[1, 2, 30, 10], [5, 5, 20, 20]])
    undo(opened, ME)
    assert state(opened, photo) == (None, [[1, 2, 30, 10]])
    with pytest.raises(UserError) as caught:
        act(opened, ME, [photo], "dark", "mask")
    assert caught.value.code == "nothing_to_mask"


def test_a_finding_about_the_lesions_own_boxes_covers_no_lesion(opened: Store, photo: int) -> None:
    with opened.write(ME) as s:
        add_finding(s, photo, "blur", 0.9, boxes=[[1, 2, 30, 10]])
    with pytest.raises(UserError) as caught:
        act(opened, ME, [photo], "blur", "mask")
    assert caught.value.code == "nothing_to_mask"
    assert state(opened, photo) == (None, [])
    act(opened, ME, [photo], "blur", "mask", boxes=[[5, 5, 20, 20]])
    assert state(opened, photo) == (None, [[5, 5, 20, 20]])


def test_a_batch_goes_back_at_one_stroke(opened: Store) -> None:
    with opened.write(ME) as s:
        ids = [add_photo(s) for _ in range(4)]
    act(opened, ME, ids, "dark", "exclude")
    walked = undo(opened, ME)
    assert walked is not None
    assert walked.image_ids == tuple(ids)
    assert {state(opened, i)[0] for i in ids} == {None}


def test_nobody_takes_back_what_another_decided_anew(opened: Store) -> None:
    with opened.write(ME) as s:
        first, second, before = (add_photo(s) for _ in range(3))
    act(opened, ME, [before], "dark", "exclude")
    act(opened, ME, [first, second], "dark", "exclude")
    act(opened, LI, [first], "dark", "keep", "it can be seen")
    walked = undo(opened, ME)
    assert walked is not None
    assert walked.refused is not None
    assert walked.refused.code == "decided_by_other"
    assert [state(opened, i)[0] for i in (first, second)] == [None, None]  # the other photo of the batch went back
    undo(opened, ME)  # and the next undo goes on
    assert state(opened, before)[0] is None
    undo(opened, LI)
    assert state(opened, first)[0] == "dark"


def test_relabelling_changes_boxes_and_diagnosis_and_goes_back(opened: Store) -> None:
    with opened.write(ME) as s:
        case = add_case(s, "P-1", final_diagnosis="psoriasis")
        photo = add_photo(s, case=case.id, label="psoriasis")
    act(opened, ME, [photo], "label_suspect", "relabel", label="eczema")
    assert labels(opened, photo) == ["eczema"]
    with opened.read() as s:
        assert s.get_one(Case, case.id).final_diagnosis == "eczema"
        assert photos_room.replays(s, photo)
    with opened.write(ME) as s:
        assert photos_room.undo(s) is None  # the undo of the boxes leaves it to the cleaning page
    undo(opened, ME)
    assert labels(opened, photo) == ["psoriasis"]
    redo(opened, ME)
    assert labels(opened, photo) == ["eczema"]
    with opened.write(LI) as s:
        s.get_one(Case, case.id).final_diagnosis = "lichen_planus"
    walked = undo(opened, ME)
    assert walked is not None
    assert walked.refused is not None
    assert walked.refused.code == "decision_changed_since"
    assert labels(opened, photo) == ["eczema"]


def test_pathology_is_not_overruled(opened: Store) -> None:
    with opened.write(ME) as s:
        case = add_case(s, "P-1", final_diagnosis="psoriasis")
        s.execute(update(Case).values(diagnosis_source="pathology"))
        photo = add_photo(s, case=case.id, label="eczema")
    with pytest.raises(UserError) as caught:
        act(opened, ME, [photo], "label_conflict", "relabel", label="lichen_planus")
    assert caught.value.code == "relabel_against_pathology"
    act(opened, ME, [photo], "label_conflict", "relabel", label="psoriasis")  # the boxes follow pathology
    assert labels(opened, photo) == ["psoriasis"]
    with pytest.raises(UserError) as caught:
        act(opened, ME, [photo], "label_conflict", "relabel", label="psoriasis")
    assert caught.value.code == "relabel_same"


def test_of_a_box_in_doubt_only_that_box_is_relabelled(opened: Store, photo: int) -> None:
    with opened.write(ME) as s:
        put_boxes(s, photo, [Annotation(new_id(), Box(60, 60, 90, 78), "psoriasis")])
        add_finding(s, photo, "box_suspect", 0.9, boxes=[[60, 60, 90, 78]])
    act(opened, ME, [photo], "box_suspect", "relabel", label="eczema")
    assert sorted(labels(opened, photo)) == ["eczema", "psoriasis"]


def test_of_duplicates_the_best_one_stays(opened: Store) -> None:
    with opened.write(ME) as s:
        ids = [add_photo(s) for _ in range(3)]
    act(opened, ME, ids, "near_duplicate", "merge", best=ids[1])
    assert [state(opened, i)[0] for i in ids] == ["near_duplicate", None, "near_duplicate"]
    act(opened, LI, [ids[2]], "near_duplicate", "keep")
    undo(opened, ME)
    assert [state(opened, i)[0] for i in ids] == [None, None, None]
    with pytest.raises(UserError) as caught:
        act(opened, ME, ids[:1], "near_duplicate", "merge", best=ids[0])
    assert caught.value.code == "merge_needs_two"


def test_two_codes_become_one_patient_and_two_again(opened: Store) -> None:
    with opened.write(ME) as s:
        cases = [add_case(s, code).id for code in ("P-1", "P-2", "P-2")]
        ids = [add_photo(s, case=c) for c in cases]

    def patients() -> list[str]:
        with opened.read() as s:
            query = select(Patient.code).join(Case, Case.patient_id == Patient.id).order_by(Case.id)
            return list(s.scalars(query))

    act(opened, ME, ids[:2], "patient_duplicate", "merge", best=ids[0])
    assert patients() == ["P-1"] * 3  # all visits of the other, not only that of the photo
    with opened.read() as s:
        assert list(s.scalars(select(Patient.code))) == ["P-1"]
        assert "P-2" not in str([d.payload for d in decisions_of(s, ids[0])])  # erasing P-2's photos erases the code
    undo(opened, ME)
    assert patients() == ["P-1", "P-2", "P-2"]
    redo(opened, ME)
    assert patients() == ["P-1"] * 3
    with pytest.raises(UserError) as caught:
        act(opened, ME, ids, "patient_duplicate", "merge", best=ids[0])
    assert caught.value.code == "merge_one_patient"


def test_one_lesion_gets_one_name_and_nobody_is_thrown_out(opened: Store) -> None:
    with opened.write(ME) as s:
        ids = [add_photo(s) for _ in range(2)]
    act(opened, ME, ids, "same_lesion", "merge", best=ids[0])
    with opened.read() as s:
        lesions = {s.get_one(Image, i).lesion for i in ids}
    assert len(lesions) == 1
    assert None not in lesions
    assert [state(opened, i)[0] for i in ids] == [None, None]
    undo(opened, ME)
    with opened.read() as s:
        assert [s.get_one(Image, i).lesion for i in ids] == [None, None]


def test_a_second_opinion_waits_for_whom_it_was_asked_of(opened: Store, photo: int) -> None:
    with opened.write(ME) as s:
        add_finding(s, photo, "dark", 0.99)
        assert persons_to_ask(s, ME) == (LI,)  # annotators do not decide
    act(opened, ME, [photo], "dark", "exclude")
    act(opened, ME, [photo], "dark", "second_opinion", "really?", to=LI)
    assert state(opened, photo)[0] == "dark"  # as it was, until somebody answers
    with opened.read() as s:
        assert [row.photos[0].id for row in line.waiting_for(s, LI)] == [photo]
        assert line.waiting_for(s, ME) == []
        assert counting.work(s, LI).waiting == 1
        assert line.queue(s, "dark")[0].state == "waiting"
    act(opened, LI, [photo], "dark", "keep")
    assert state(opened, photo)[0] is None
    with opened.read() as s:
        assert line.waiting_for(s, LI) == []
    walked = undo(opened, ME)
    assert walked is not None
    assert walked.refused is not None
    for whom in ("Wang", ME, "nobody"):
        with pytest.raises(UserError) as caught:
            act(opened, ME, [photo], "dark", "second_opinion", to=whom)
        assert caught.value.code == "second_opinion_from"


def test_who_may_not_clean_decides_nothing(opened: Store, photo: int) -> None:
    for kind in KINDS:
        with pytest.raises(UserError) as caught:
            act(opened, "Wang", [photo], "dark", kind, label="eczema", to=LI, best=photo)
        assert caught.value.code == "not_allowed"
    with pytest.raises(UserError), opened.write("Wang") as s:
        check_settings.set_threshold(s, "dark", 0.1)


# -- the queue -----------------------------------------------------------------------------------------------------
def test_the_queue_is_worst_first_and_counts_what_is_open(opened: Store) -> None:
    with opened.write(ME) as s:
        for check in ("dark", "blur"):
            check_settings.set_threshold(s, check, 0.5)
        ids = [add_photo(s) for _ in range(5)]
        for n, i in enumerate(ids):
            add_finding(s, i, "dark", 0.3 + 0.15 * n)
        add_finding(s, ids[4], "blur", 0.9)
        photos_room.trash_images(s, [ids[3]])
    with opened.read() as s:
        assert [row.photos[0].id for row in line.queue(s, "dark")] == [ids[4], ids[2]]
        assert len(line.queue(s, "dark", 0.0)) == 4
        dark = summary(s, "dark")
        assert (dark.past, dark.open, sum(dark.histogram), dark.threshold) == (2, 2, 4, 0.5)
    act(opened, ME, [ids[4]], "blur", "exclude")
    with opened.read() as s:
        rows = line.queue(s, "dark")
        assert [row.state for row in rows] == ["out", "open"]  # out for another reason: nothing to decide
        assert [row.photos[0].id for row in line.queue(s, "dark", states=["open"])] == [ids[2]]
        tally = counting.tally(s, "dark")
        assert [(tally.past(t), tally.open(t)) for t in (0.0, 0.5, 0.95)] == [(4, 3), (2, 1), (0, 0)]
        assert summary(s, "dark").open == 1
        assert summary(s, "blur").open == 0
        assert [row.photos[0].id for row in line.queue(s, "blur", states=["decided"])] == [ids[4]]
    with opened.write(ME) as s:
        check_settings.set_threshold(s, "dark", 0.2)
    with opened.read() as s:
        assert (summary(s, "dark").past, summary(s, "dark").open) == (4, 3)
    with opened.write(ME) as s:
        check_settings.set_threshold(s, "dark", default_thresholds()["dark"])
        check_settings.set_active(s, "dark", False)
        assert not summary(s, "dark").active
        check_settings.set_active(s, "dark", True)
        assert s.get(tables.CheckSetting, "dark") is None  # as the program comes with it


def summary(s: Session, check: str) -> CheckSummary:
    return next(c for c in counting.summaries(s) if c.check == check)


def test_a_group_is_one_line(opened: Store) -> None:
    with opened.write(ME) as s:
        ids = [add_photo(s) for _ in range(5)]
        for i, group, score in zip(ids, "aabbb", (0.7, 0.9, 0.8, 0.8, 0.6), strict=True):
            add_finding(s, i, "near_duplicate", score, group)
    with opened.read() as s:
        rows = line.queue(s, "near_duplicate", 0.5)
        assert [(row.group, tuple(p.id for p in row.photos)) for row in rows] == [
            ("a", (ids[1], ids[0])),
            ("b", (ids[2], ids[3], ids[4])),
        ]
        assert line.queue(s, "near_duplicate", 0.5, ["open"], most=1) == rows[:1]  # with the others of its group
        details = line.details(s, rows[0].items)
        assert [d.finding.group for d in details if d.finding] == ["a", "a"]


def test_the_pace_is_the_persons_own_and_knows_breaks(opened: Store) -> None:
    with opened.write(ME) as s:
        ids = [add_photo(s) for _ in range(6)]
    for i in ids:
        act(opened, ME, [i], "dark", "keep")
    start = utc_now()
    with opened.write(ME) as s:
        for n, row in enumerate(s.scalars(select(Decision).order_by(Decision.id))):
            row.at = start + timedelta(seconds=4 * n + (3600 if n > 3 else 0))
    with opened.read() as s:
        assert counting.pace(s, ME) == pytest.approx(4)
        assert counting.pace(s, LI) is None


def test_a_queue_of_many_photos_answers_in_a_moment(opened: Store) -> None:
    many = 20_000
    with opened.write(ME) as s:
        now = utc_now()
        image = {"linked": True, "pack": "p", "meta": {}, "added": now, "refused": [], "masks": [], "rejected": ""}
        image |= {"synthetic": False, "verified": False}
        s.execute(insert(Image), [{**image, "name": f"{n}", "path": f"/{n}"} for n in range(many)])
        ids = list(s.scalars(select(Image.id)))
        plain = {"why": "check.dark.why", "facts": {}, "boxes": [], "at": now}
        for check in ("dark", "blur", "hair"):
            s.execute(
                insert(tables.Finding),
                [{**plain, "image_id": i, "check_key": check, "score": (i * 37 % 1000) / 1000} for i in ids],
            )
    start = perf_counter()
    with opened.read() as s:
        assert len(line.queue(s, "dark", 0.0)) == many
    listed = perf_counter() - start
    with opened.read() as s:
        counting.work(s, ME)
    assert max(listed, perf_counter() - start - listed) < 2.0  # seconds; 0.2 on a quiet machine


# -- against a model -----------------------------------------------------------------------------------------------
CHECKED = ("dark", "text", "label_suspect")
LABELS = ("psoriasis", "eczema", "lichen_planus")


class Deciding(RuleBasedStateMachine):
    """Two people, three photos, every kind of decision, undo and redo in any order."""

    opened: Store
    names = count()

    def __init__(self) -> None:
        super().__init__()
        n = next(self.names)
        self.people = (f"li {n}", f"wang {n}")
        with self.opened.write(ME) as s:
            for name in self.people:
                add_person(s, name, "doctor")
            self.photos = [add_photo(s, label=LABELS[0]) for _ in range(3)]

    @rule(
        who=st.integers(0, 1),
        photos=st.sets(st.integers(0, 2), min_size=1),
        check=st.sampled_from(CHECKED),
        kind=st.sampled_from(KINDS),
        n=st.integers(0, 2),
    )
    def decide(self, who: int, photos: set[int], check: str, kind: Kind, n: int) -> None:
        ids = [self.photos[p] for p in sorted(photos)]
        how: dict[str, Any] = {
            "label": LABELS[n],
            "best": ids[n % len(ids)],
            "boxes": [[n, 0, n + 5, 5]],
            "to": self.people[1 - who],
        }
        try:
            act(self.opened, self.people[who], ids, "near_duplicate" if kind == "merge" else check, kind, **how)
        except UserError as error:
            if error.code not in ("merge_needs_two", "relabel_same"):
                raise

    @rule(who=st.integers(0, 1), back=st.booleans())
    def walk(self, who: int, back: bool) -> None:
        person = self.people[who]
        with self.opened.read(person) as s:
            there = undoable(s)[0 if back else 1]
        walked = (undo if back else redo)(self.opened, person)
        assert (walked is not None) == there

    @invariant()
    def photos_are_what_the_decisions_that_count_say(self) -> None:
        with self.opened.read() as s:
            for photo in self.photos:
                image = s.get_one(Image, photo)
                rows = [d for d in decisions_of(s, photo) if d.undone is None]
                expected = effects(rows)
                assert (image.excluded, tuple(map(tuple, image.masks))) == (expected.excluded, expected.masks)
                given = [str(d.payload["label"]) for d in sorted(rows, key=lambda d: d.id) if d.kind == "relabel"]
                assert [b.label for b in boxes_of(s, photo)] == [given[-1] if given else LABELS[0]]
                assert photos_room.replays(s, photo)


def test_any_sequence_leaves_what_the_decisions_say(opened: Store) -> None:
    machine = type("Machine", (Deciding,), {"opened": opened})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=12, stateful_step_count=25, suppress_health_check=list(HealthCheck))
    )


def test_the_audit_chain_is_whole(opened: Store, photo: int) -> None:
    act(opened, ME, [photo], "dark", "exclude", "the patient's name is Zhang")
    undo(opened, ME)
    with opened.read() as s:
        assert photos_room.broken_link(s) is None
        assert "Zhang" not in str([vars(a) for a in s.scalars(select(tables.AuditEntry))])
