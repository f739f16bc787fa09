"""Frozen datasets: reproducible, found by name and hash, refused while something leaks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.annotation.document import Annotation, Edit, new_id
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.workspace import Workspace, open_workspace
from app.datasets import store
from app.datasets.freezing.frozen import content_hash
from app.datasets.freezing.leakage import find_leaks
from app.datasets.freezing.versions import check_name, freeze, list_datasets, load_dataset, make_dataset
from app.datasets.keeping.checking import check_workspace
from app.datasets.records import NewImage
from app.datasets.store import Store, open_store
from db.tables import DatasetVersion

LABELS = ("psoriasis", "eczema")


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path)


@pytest.fixture
def opened(place: Workspace) -> Iterator[Store]:
    """12 patients with 2 photos each, and one photo that nobody has looked at."""
    opened = open_store(place)
    with opened.write("li") as s:
        for n in range(24):
            label = LABELS[n // 2 % 2]
            if n % 2 == 0:
                case = store.add_case(s, f"P{n // 2}", age=30 + n, final_diagnosis=label)
            store.put_boxes(s, _image(s, n, case.id), [Annotation(new_id(), Box(1, 2, 30, 40), label)])
        _image(s, 99, None)
    yield opened
    opened.close()


def _image(session: object, n: int, case: int | None) -> int:
    new = NewImage(f"{n}.jpg", f"{n}.jpg", sha256=f"{n:064x}", width=100, height=80, case_id=case, lesion=f"L{n % 2}")
    return store.add_image(session, new)  # type: ignore[arg-type]


def test_what_is_frozen_is_found_again(opened: Store, place: Workspace) -> None:
    with opened.write("li") as s:
        made = freeze(s, "mine", fold_count=3, repeats=2)
        assert freeze(s, "mine", fold_count=3, repeats=2) == made
        other = freeze(s, "mine", seed=1)
        assert [d.hash for d in list_datasets(s)] == [other.hash, made.hash]
    assert load_dataset(place, "mine") == other
    assert load_dataset(place, f"mine@{made.hash}") == made
    assert load_dataset(place, made.full_name[:-4]) == made
    assert made.classes == ("lichen_planus", "parapsoriasis", "lupus_erythematosus", "eczema", "psoriasis")
    assert len(made.images) == 24
    assert all(made.counts().values())
    for image in made.images:
        assert image.path == place.media / f"{image.id - 1}.jpg"
        assert image.label in LABELS
        assert image.boxes == ((Box(1, 2, 30, 40), image.label),)
        assert image.meta["age"] >= 30
        assert all((f is None) == (image.split == "test") for f in image.folds)
        assert len(image.folds) == 2
    assert len({(i.patient, i.split, i.folds) for i in made.images}) == 12


def test_later_changes_do_not_reach_a_frozen_version(opened: Store, place: Workspace) -> None:
    with opened.write("li") as s:
        made = freeze(s, "mine")
        old = store.boxes_of(s, 1)
        store.apply_edit(s, 1, Edit("delete", before=old))
    assert load_dataset(place, "mine") == made
    with opened.write("li") as s:
        assert freeze(s, "mine").hash != made.hash


def test_a_copy_of_a_photo_under_another_patient_is_refused(opened: Store) -> None:
    with opened.write("li") as s:
        other = store.add_case(s, "P77", final_diagnosis="eczema")
        new = NewImage("copy.jpg", "copy.jpg", sha256=f"{0:064x}", width=9, height=9, case_id=other.id)
        store.add_image(s, new)
    with pytest.raises(UserError) as caught, opened.write("li") as s:
        freeze(s, "mine")
    assert caught.value.code == "leakage_found"
    assert "copy.jpg" in caught.value.what


def test_trashed_photos_boxes_without_area_and_other_layers_stay_out(opened: Store) -> None:
    with opened.write("li") as s:
        empty = Annotation(new_id(), Box(5, 5, 5, 20), LABELS[0])
        store.put_boxes(s, 1, [empty])
        store.trash_images(s, [2, 4])
    with opened.write("wang") as s:
        store.actor_of(s)
        store.assign(s, ["li", "wang"], [3])
        store.apply_edit(s, 3, Edit("add", after=(Annotation(new_id(), Box(1, 1, 9, 9), LABELS[1]),)))
    with opened.write("li") as s:
        made = {i.id: i for i in freeze(s, "mine").images}
        assert set(made) == set(range(1, 25)) - {2, 4}
        assert len(made[1].boxes) == len(made[3].boxes) == 1
        assert store.boxes_of(s, 1, store.COMMON)[1] == empty, "it stays where it is, as a finding"


def test_a_named_set_holds_its_members_only(opened: Store) -> None:
    with opened.write("li") as s:
        make_dataset(s, "few", range(1, 13), "erythemato-squamous")
        assert {i.id for i in freeze(s, "few").images} == set(range(1, 13))
        with pytest.raises(UserError) as caught:
            make_dataset(s, "few", [1], "erythemato-squamous")
        assert caught.value.code == "dataset_exists"


@pytest.mark.parametrize(
    ("name", "code"), [("nothing", "no_such_dataset"), ("mine@", "no_such_dataset"), ("mine@00", "no_such_dataset")]
)
def test_an_unknown_dataset_is_said(opened: Store, place: Workspace, name: str, code: str) -> None:
    with opened.write("li") as s:
        freeze(s, "mine")
    with pytest.raises(UserError) as caught:
        load_dataset(place, name)
    assert caught.value.code == code
    assert "mine@" in caught.value.remedy


def test_the_leakage_check_sees_every_kind() -> None:
    def row(
        name: str, patient: str | None, sha: str, split: str, lesion: str | None = None, fold: int = 0
    ) -> dict[str, object]:
        return {
            "name": name,
            "patient": patient,
            "lesion": lesion,
            "sha256": sha,
            "group": patient or sha,
            "split": split,
            "folds": [fold],
        }

    def kinds(*rows: dict[str, object]) -> set[str]:
        return {leak.kind for leak in find_leaks(rows)}

    assert kinds(row("a", "P", "1", "train"), row("b", "P", "2", "test")) == {"patient"}
    assert kinds(row("a", None, "1", "train", "L"), row("b", None, "2", "val", "L")) == {"lesion"}
    assert kinds(row("a", "P", "1", "train", "L"), row("b", "Q", "2", "val", "L")) == set()
    assert kinds(row("a", None, "1", "train"), row("b", None, "1", "test")) == {"duplicate"}
    assert kinds(row("a", "P", "1", "train"), row("b", "P", "2", "train", fold=1)) == {"patient_in_folds"}
    assert kinds(row("a", "P", "1", "train"), row("b", "Q", "1", "train")) == {"one_photo_two_patients"}
    assert kinds(row("a", "P", "1", "train"), row("b", "P", "1", "train")) == set()


def test_the_hash_is_of_the_content_not_of_the_place() -> None:
    image = {"id": 1, "path": "a", "linked": False, "name": "n", "sha256": "0", "label": "eczema"}
    moved = {**image, "id": 7, "path": "b", "linked": True, "name": "m"}
    other = {**image, "label": "psoriasis"}
    assert content_hash({"images": [image]}) == content_hash({"images": [moved]})
    assert content_hash({"images": [image]}) != content_hash({"images": [other]})


def test_a_version_whose_content_was_changed_is_refused(opened: Store, place: Workspace) -> None:
    with opened.write("li") as s:
        made = freeze(s, "mine")
        row = s.scalars(select(DatasetVersion)).one()
        row.payload = {**row.payload, "images": [{**i, "split": "train"} for i in row.payload["images"]]}
    with pytest.raises(UserError, match="no longer what was frozen") as caught:
        load_dataset(place, "mine")
    assert caught.value.code == "version_changed"
    assert "version_changed" in {p.code for p in check_workspace(place, "li").problems}
    with opened.write("li") as s:
        assert freeze(s, "mine") == made, "frozen anew, it is whole again"
    assert load_dataset(place, "mine") == made


@pytest.mark.parametrize("name", ["", "  ", "a@b", "../out", "a/b", "a\\b", "a:b", "a\nb", ".", "end.", "x" * 101])
def test_a_name_that_could_name_no_folder_is_refused(name: str) -> None:
    """Exports and datasheets are written into folders of the version's name."""
    with pytest.raises(UserError) as caught:
        check_name(name)
    assert caught.value.code == "bad_dataset_name"


@pytest.mark.parametrize("name", ["paper", "phantom-a", "版本 1", "v1.2_final (2)"])
def test_names_that_people_give(name: str) -> None:
    check_name(name)
