"""Versions after cleaning: what was excluded stays out, copies stay together, lineage, reduction, comparing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.annotation.document import Annotation, new_id
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.workspace import Workspace
from app.datasets import store
from app.datasets.freezing.checklist import freeze_checklist
from app.datasets.freezing.comparing_versions import diff
from app.datasets.freezing.dividing import Division
from app.datasets.freezing.frozen import FrozenDataset
from app.datasets.freezing.reducing import reduce_version
from app.datasets.freezing.versions import find_dataset, freeze, list_datasets
from app.datasets.records import NewImage
from app.datasets.store import Store, open_store
from db.tables import Case, CheckSetting, DatasetMember, DatasetVersion, Decision, Examination, Finding, Image

LABELS = ("psoriasis", "eczema")
HASH_BEFORE = "641111f8cd40d519"


@pytest.fixture
def opened(workspace: Workspace) -> Iterator[Store]:
    """24 patients, 2 photos each, of 4 centres in turn; and one photo that nobody has looked at."""
    opened = open_store(workspace)
    with opened.write("li") as s:
        for n in range(48):
            label = LABELS[n // 2 % 2]
            if n % 2 == 0:
                case = store.add_case(s, f"P{n // 2:02}", age=30 + n, final_diagnosis=label, centre=f"C{n // 2 % 4}")
            new = NewImage(f"{n}.jpg", f"{n}.jpg", sha256=f"{n:064x}", width=100, height=80, case_id=case.id)
            store.put_boxes(s, store.add_image(s, new), [Annotation(new_id(), Box(1, 2, 30, 40), label)])
        store.add_image(s, NewImage("new.jpg", "new.jpg", sha256="f" * 64, width=9, height=9))
    yield opened
    opened.close()


def found(session: Session, image: int, check: str, score: float = 0.9, group: str | None = None) -> None:
    session.add(Finding(image_id=image, check_key=check, score=score, why="check.dark.why", group_key=group))
    session.flush()


def versions_with(session: Session, image_ids: list[int]) -> list[DatasetVersion]:
    whole = session.scalars(select(DatasetVersion).where(DatasetVersion.reduced_to.is_(None))).all()
    return [row for row in whole if any(raw["id"] in image_ids for raw in row.payload["images"])]


def parts_of(frozen: FrozenDataset) -> dict[int, str]:
    return {i.id: i.split for i in frozen.images}


def test_what_no_check_has_seen_keeps_the_hash_it_always_had(opened: Store) -> None:
    """Taken before masks and exclusions were known: models are named by such hashes."""
    with opened.write("li") as s:
        s.execute(update(Case).values(centre=None))
        for image in s.scalars(select(Image)):
            image.lesion = f"L{image.id % 2}"
        s.flush()
        made = freeze(s, "mine", fold_count=3, repeats=2)
    assert made.hash == HASH_BEFORE
    assert made.cleaning.thresholds == {}


def test_excluded_photos_stay_out_and_are_counted(opened: Store) -> None:
    with opened.write("li") as s:
        before = freeze(s, "mine")
        s.execute(update(Image).where(Image.id.in_([3, 4])).values(excluded="blur"))
        s.execute(update(Image).where(Image.id == 9).values(excluded="face"))
        s.add(Examination(image_id=1, part="exposure", stamp="-"))
        s.add(CheckSetting(check_key="blur", threshold=0.25))
        s.flush()
        made = freeze(s, "mine", checks={"exposure": 3, "unseen": 1})
        assert find_dataset(s, "mine") == made
    assert {i.id for i in made.images} == set(range(1, 49)) - {3, 4, 9}
    assert made.cleaning.exclusions == {"blur": 2, "face": 1}
    assert made.cleaning.unlabelled == 1
    assert made.cleaning.thresholds["blur"] == 0.25
    assert made.cleaning.checks == {"exposure": 3}
    assert made.parent == before.hash
    assert made.author == "li"


def test_masks_and_skin_tone_are_frozen_with_the_photo(opened: Store) -> None:
    with opened.write("li") as s:
        without = freeze(s, "mine")
        s.execute(update(Image).where(Image.id == 5).values(masks=[[1.0, 2.0, 30.0, 40.0]]))
        s.add(Examination(image_id=5, part="tone", stamp="-", measured={"ita": 44.0, "group": "light"}))
        s.flush()
        made = {i.id: i for i in freeze(s, "mine").images}
    assert made[5].masks == (Box(1, 2, 30, 40),)
    assert made[5].meta["tone"] == "light"
    assert made[6].masks == ()
    assert without.images[4].masks == ()


@pytest.mark.parametrize("check", ["exact_duplicate", "near_duplicate", "same_lesion", "patient_duplicate"])
def test_copies_stay_on_one_side_whoever_their_patients_are(opened: Store, check: str) -> None:
    """Each photo of the training part is made a copy of one of the test part."""
    with opened.write("li") as s:
        parts = parts_of(freeze(s, "mine"))
        train, test = (next(i for i, part in parts.items() if part == wanted) for wanted in ("train", "test"))
        for image in (train, test):
            found(s, image, check, group="g1")
        made = {i.id: i for i in freeze(s, "again").images}
    assert made[train].group == made[test].group
    assert made[train].split == made[test].split
    assert len({i.split for i in made.values() if i.group == made[train].group}) == 1


def test_below_its_threshold_a_finding_joins_nobody(opened: Store) -> None:
    with opened.write("li") as s:
        for image in (1, 3):
            found(s, image, "near_duplicate", 0.3, "g1")
        apart = {i.id: i.group for i in freeze(s, "mine").images}
        s.add(CheckSetting(check_key="near_duplicate", threshold=0.25))
        s.flush()
        joined = {i.id: i.group for i in freeze(s, "again").images}
    assert apart[1] != apart[3]
    assert joined[1] == joined[3]


def test_a_centre_is_never_on_both_sides(opened: Store) -> None:
    with opened.write("li") as s:
        made = freeze(s, "mine", by_centre=True, fold_count=2)
        assert find_dataset(s, "mine") == made
        assert made.by_centre
    assert all(made.counts().values())
    centres = {(i.meta["centre"], i.split, i.folds) for i in made.images}
    assert len(centres) == 4
    assert len({i.group for i in made.images}) == 24, "intervals still resample patients"


def test_too_few_centres_are_said(opened: Store) -> None:
    with opened.write("li") as s:
        s.execute(update(Case).values(centre="C0"))
        with pytest.raises(UserError) as caught:
            freeze(s, "mine", by_centre=True)
    assert caught.value.code == "too_few_centres"


def test_versions_know_the_one_before(opened: Store) -> None:
    with opened.write("li") as s:
        hashes = [freeze(s, "mine", seed=seed).hash for seed in (0, 1, 2, 1)]
        other = freeze(s, "other", seed=5)
        rows = {r.hash: r for r in list_datasets(s)}
    assert len(rows) == 4
    assert [rows[h].parent for h in hashes[:3]] == [None, hashes[0], hashes[1]]
    assert rows[other.hash].parent is None
    assert not any(r.reduced for r in rows.values())
    assert rows[hashes[0]].author == "li"
    assert rows[hashes[0]].images == 48


def test_a_clock_that_goes_back_does_not_change_which_is_newest(opened: Store) -> None:
    with opened.write("li") as s:
        freeze(s, "mine")
        row = s.scalars(select(DatasetVersion)).one()
        row.created += timedelta(days=300)
        s.flush()
        second = freeze(s, "mine", seed=1)
        assert find_dataset(s, "mine") == second


def test_a_reduced_version_says_what_took_its_place(opened: Store) -> None:
    with opened.write("li") as s:
        first, second = freeze(s, "mine"), freeze(s, "mine", seed=1)
        kept = freeze(s, "few", seed=2)
        kept_row = s.scalars(select(DatasetVersion).where(DatasetVersion.name == "few")).one()
        assert len(versions_with(s, [1])) == 3
        new = {}
        for row in versions_with(s, [1, 2]):
            if row is not kept_row:
                new[row.hash] = reduce_version(s, row, [1, 2])
                assert reduce_version(s, row, [1, 2]) == new[row.hash], "a second time changes nothing"
        assert find_dataset(s, f"few@{kept.hash}") == kept
        for old in (first, second):
            with pytest.raises(UserError) as caught:
                find_dataset(s, old.full_name)
            assert caught.value.code == "version_reduced"
            assert new[old.hash] in caught.value.remedy
            left = find_dataset(s, f"mine@{new[old.hash]}")
            assert parts_of(left) == {i: part for i, part in parts_of(old).items() if i > 2}
            assert left.author == "li"
            assert left.created == old.created
        newest = find_dataset(s, "mine")
        rows = {r.hash: r for r in list_datasets(s)}
        gone = s.scalars(select(DatasetVersion.payload).where(DatasetVersion.reduced_to.is_not(None))).all()
    assert newest.hash == new[second.hash], "the newest of a name stays the newest"
    assert newest.parent == new[first.hash]
    assert rows[first.hash].reduced_to == new[first.hash]
    assert rows[first.hash].images == 0
    assert gone == [{}, {}]


def test_reducing_to_what_was_frozen_already_takes_that(opened: Store) -> None:
    with opened.write("li") as s:
        store.trash_images(s, [1, 2])
        without = freeze(s, "mine")
        whole = DatasetVersion(name="mine", hash="0" * 16, author="li")
        raw = s.scalars(select(DatasetVersion.payload)).one()
        whole.payload = {**raw, "images": [*raw["images"], {**raw["images"][0], "id": 1}]}
        s.add(whole)
        s.flush()
        assert reduce_version(s, whole, [1]) == without.hash
        assert find_dataset(s, "mine") == without


def test_a_second_reduction_leads_on_to_the_last(opened: Store) -> None:
    with opened.write("li") as s:
        first = freeze(s, "mine")
        for patient in ([1, 2], [3, 4]):
            for row in versions_with(s, patient):
                last = reduce_version(s, row, patient)
        with pytest.raises(UserError) as caught:
            find_dataset(s, first.full_name)
    assert last in caught.value.remedy


def test_no_group_is_called_after_a_patient_who_is_gone(opened: Store) -> None:
    """P00 and P01 were joined by copies and called P00."""
    with opened.write("li") as s:
        for image in (1, 3):
            found(s, image, "near_duplicate", group="g")
        assert {i.group for i in freeze(s, "mine").images if i.id in (3, 4)} == {"P00"}
        reduce_version(s, s.scalars(select(DatasetVersion)).one(), [1, 2])
        left = s.scalars(select(DatasetVersion.payload).where(DatasetVersion.reduced_to.is_(None))).one()
    assert {raw["group"] for raw in left["images"] if raw["id"] in (3, 4)} == {"P01"}
    assert "P00" not in str(left)


def test_two_versions_are_compared(opened: Store) -> None:
    with opened.write("li") as s:
        old = freeze(s, "mine")
        s.execute(update(Image).where(Image.id == 1).values(excluded="blur"))
        s.execute(update(Image).where(Image.id == 3).values(masks=[[0, 0, 5, 5]]))
        case = store.case_of(s, 49) or store.ensure_case(s, 49)
        s.execute(update(Case).where(Case.id == case.id).values(final_diagnosis="psoriasis"))
        s.flush()
        store.put_boxes(s, 5, [Annotation(new_id(), Box(3, 3, 9, 9), "eczema")])
        new = freeze(s, "mine")
    found = diff(old, new)
    assert [i.id for i in found.added] == [49]
    assert [i.id for i in found.removed] == [1]
    assert {c.image.id: c.aspects for c in found.changed} == {3: ("masks",), 5: ("boxes",)}
    before, after = parts_of(old), parts_of(new)
    assert [i.id for i in found.moved] == sorted(i for i in before.keys() & after.keys() if before[i] != after[i])
    told = {c["id"]: c["changes"] for c in found.as_json()["changed"]}
    assert told.keys() == {3, 5, *(i.id for i in found.moved)}
    assert "masks" in told[3]
    assert diff(new, new).as_json() == {"added": [], "removed": [], "changed": []}


def test_another_seed_is_a_change(opened: Store) -> None:
    with opened.write("li") as s:
        found = diff(freeze(s, "mine"), freeze(s, "mine", seed=1))
    assert (found.added, found.removed, found.changed) == ((), (), ())
    assert found.moved
    assert all(c["changes"] == ["split"] for c in found.as_json()["changed"])


def checked(session: Session, name: str = "mine", division: Division | None = None) -> dict[str, bool]:
    return {item.key: item.ok for item in freeze_checklist(session, name, division)}


def test_the_checklist_turns_green(opened: Store) -> None:
    with opened.write("li") as s:
        assert checked(s) == {
            "photos": True,
            "readable": True,
            "checked": False,
            "decided": True,
            "labelled": True,
            "divided": True,
            "leakage": True,
        }
        s.add_all(Examination(image_id=i, part="file", stamp="-") for i in range(1, 49))
        found(s, 7, "blur")
        found(s, 8, "blur", 0.1)
        found(s, 9, "same_lesion", group="g")
        found(s, 10, "unreadable")
        s.add(Decision(batch="b", image_id=10, check_key="unreadable", kind="second_opinion", actor="li"))
        s.flush()
        items = {item.key: item for item in freeze_checklist(s, "mine")}
        assert items["checked"].ok
        assert items["readable"].photos == (10,)
        assert items["decided"].photos == (7, 10)
        s.add_all(Decision(batch="c", image_id=i, check_key=c, kind="keep", actor="li") for i, c in _OPEN)
        s.execute(delete(Finding).where(Finding.check_key == "unreadable"))
        s.flush()
        assert all(checked(s).values())
        assert list_datasets(s) == (), "looking freezes nothing"


_OPEN = ((7, "blur"), (10, "unreadable"))


def test_the_checklist_says_what_stops_freezing(opened: Store) -> None:
    with opened.write("li") as s:
        s.execute(update(Image).where(Image.id == 3).values(sha256=f"{0:064x}"))
        s.flush()
        leakage = next(item for item in freeze_checklist(s, "mine") if item.key == "leakage")
        assert not leakage.ok
        assert leakage.stops
        assert leakage.photos == (1, 3)
        with pytest.raises(UserError):
            freeze(s, "mine")
        few = checked(s, division=Division(by_centre=True, folds=9))
        assert few["divided"] is False
        s.execute(update(Image).values(excluded="blur"))
        s.flush()
        assert checked(s) == {"photos": False}


def test_the_checklist_names_diseases_and_parts_as_people_do(opened: Store) -> None:
    with opened.read() as s:
        divided = next(i for i in freeze_checklist(s, "mine", Division((98, 1, 1))) if i.key == "divided")
    assert not divided.ok
    assert "Validation" in divided.text
    assert "val," not in divided.text
    assert "_" not in divided.text


def test_photos_that_nobody_has_opened_are_groups_of_their_own(opened: Store) -> None:
    """Linked photos of nobody: the checklist opens none of them, but says which are not there."""
    with opened.write("li") as s:
        s.execute(update(Image).values(sha256=None, width=None, height=None, case_id=None))
        s.flush()
        items = {item.key: item for item in freeze_checklist(s, "mine")}
    assert items["divided"].ok, items["divided"].text
    assert len(items["readable"].photos) == 48


def test_the_checklist_looks_at_the_named_set_only(opened: Store) -> None:
    from app.datasets.freezing.versions import make_dataset

    with opened.write("li") as s:
        make_dataset(s, "few", range(1, 13), "erythemato-squamous")
        found(s, 20, "blur")
        assert checked(s, "few")["decided"]
        assert not checked(s, "mine")["decided"]
        assert s.scalar(select(DatasetMember.image_id).where(DatasetMember.image_id == 20)) is None
