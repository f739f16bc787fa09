"""Erasing a patient: nothing of them is left in the workspace, what is left of the others is whole."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from app.annotation.document import Annotation, Edit
from app.annotation.formats import Context as FormatContext
from app.annotation.formats import Page, Shape, fresh
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.settings import Settings, load_settings, save_settings
from app.common.workspace import Workspace
from app.datasets import store as stores
from app.datasets.case_tables.importing import import_cases
from app.datasets.case_tables.mapping import guess_mapping
from app.datasets.case_tables.reading import read_table
from app.datasets.exchange.anonymous import export_anonymous
from app.datasets.exchange.exporting import export_boxes
from app.datasets.exchange.importing import import_boxes
from app.datasets.freezing.versions import find_dataset, freeze
from app.datasets.importing import import_photos
from app.datasets.keeping.checking import check_workspace
from app.datasets.keeping.erasing import Erased, blanked, erase_patient
from app.datasets.records import NewImage
from app.datasets.store import Store
from db import tables
from tests.contract import CommandLine

GONE, STAYS = "患者-GONE-4711", "STAYS-0815"
HISTORY = "a history that nobody else has 很特别的病史"


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    opened = stores.open_store(workspace)
    yield opened
    opened.close()


def photo(file: Path, shade: int) -> Path:
    import numpy as np

    from app.common.images import encode_jpeg

    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(encode_jpeg(np.full((90, 120, 3), shade, np.uint8)))
    return file


@pytest.fixture
def filled(workspace: Workspace, store: Store, tmp_path: Path) -> dict[str, int]:
    """Name -> photo: two copies and a linked photo of the patient who goes, three of one who stays."""
    outside = tmp_path / "photos"
    names = [f"{GONE} 1.jpg", f"{GONE} 2.jpg", "stays 1.jpg", "stays 2.jpg", "stays 3.jpg"]
    files = [photo(outside / name, 40 * n + 20) for n, name in enumerate(names)]
    linked = photo(outside / f"{GONE} linked.jpg", 250)
    import_photos(store, workspace, [str(f) for f in files], "t")
    import_photos(store, workspace, [str(linked)], "t", link=True)
    with store.read() as session:
        ids = {row.name: row.id for row in stores.image_rows(session)}
        sizes = {i: (row.width or 0, row.height or 0) for i, row in ((r.id, r) for r in stores.image_rows(session))}
    assert set(sizes.values()) == {(120, 90)}
    with store.write("t") as session:
        gone = stores.add_case(session, GONE, history=HISTORY, final_diagnosis="psoriasis")
        stays = stores.add_case(session, STAYS, history="plain", final_diagnosis="eczema")
        for name, image_id in ids.items():
            stores.assign_case(session, [image_id], gone.id if GONE in name else stays.id)
    for image_id in ids.values():
        draw(store, image_id)
    return ids


def draw(store: Store, image_id: int) -> None:
    with store.write("t") as session:
        box = Annotation(f"box{image_id}", Box(5, 5, 50, 50), "psoriasis")
        stores.apply_edit(session, image_id, Edit("add", after=(box,)))


def erase(store: Store, workspace: Workspace, code: str = GONE) -> Erased:
    return erase_patient(store, workspace, code, "t")


def traces(workspace: Workspace, *words: str) -> list[str]:
    """Files of the workspace whose name or bytes hold one of the words, in whatever encoding JSON or CSV has."""
    found = []
    for file in sorted(workspace.root.rglob("*")):
        data = b"" if file.is_dir() else file.read_bytes()
        for word in words:
            shapes = (word.encode(), json.dumps(word)[1:-1].encode(), word.encode("utf-16-le"))
            if word in file.name or any(shape in data for shape in shapes):
                found.append(f"{file.relative_to(workspace.root)}: {word}")
    return found


def test_nothing_is_left_of_a_patient(
    workspace: Workspace, store: Store, filled: dict[str, int], tmp_path: Path
) -> None:
    gone = {i for name, i in filled.items() if GONE in name}
    first, second, third = filled["stays 1.jpg"], filled["stays 2.jpg"], filled["stays 3.jpg"]
    with store.write("t") as session:
        stores.trash_images(session, [filled[f"{GONE} 2.jpg"]])
        for image_id in filled.values():
            stores.save_prediction(session, image_id, "model:x:1", {"note": GONE})
        here = {"image_id": first, "check_key": "near_duplicate", "score": 0.9, "why": "x", "group_key": "g"}
        session.add(tables.Finding(**here, facts={"others": [GONE]}))
        there = {**here, "image_id": filled[f"{GONE} 1.jpg"]}
        session.add(tables.Finding(**there))
        alone = {**here, "image_id": second, "check_key": "patient_duplicate", "group_key": None}
        session.add(tables.Finding(**alone, facts={"codes": {"two": [GONE, STAYS]}}))
        session.add(tables.Examination(image_id=filled[f"{GONE} 1.jpg"], part="light", stamp="s", blob=b"x"))
        session.add(
            tables.PhotoPair(a=min(first, filled[f"{GONE} 1.jpg"]), b=max(first, filled[f"{GONE} 1.jpg"]), stamp="s")
        )
        session.add(tables.CheckSetting(check_key="blur", threshold=0.5))
        stores.add_person(session, "u", "doctor")
        stores.assign(session, ["t", "u"], list(filled.values()))
        freeze(session, "study", (100, 0, 0))
        export_anonymous(session, tmp_path / "out", "voc")
    save_settings(workspace, Settings(last_image=min(gone)))
    faults = [{"image": media_path(store, i), "fault": "blur", "of": "x"} for i in (min(gone), first)]
    (workspace.root / "demo.json").write_text(json.dumps({"faults": faults, "seed": 0}), encoding="utf-8")
    media = workspace.media / media_path(store, filled[f"{GONE} 1.jpg"])
    media.with_suffix(".xml").write_text(f"<annotation><filename>{GONE}</filename></annotation>", encoding="utf-8")
    (workspace.trash / "unknown").mkdir()
    shutil.copy(media, workspace.trash / "unknown" / "x.jpg")
    shutil.copy(workspace.database, workspace.root / "squama.before-0003-from-0002-20260101T000000.db")
    (workspace.cache / "thumb").mkdir()
    (workspace.cache / "thumb" / f"{GONE}.png").write_bytes(b"x")
    (workspace.runs / "r").mkdir()
    (workspace.runs / "r" / "predictions.csv").write_text(f"case,patient\n1,{GONE}\n2,{STAYS}\n", encoding="utf-8")
    samples = [{"image": min(gone), "path": f"/x/{GONE}.jpg"}, {"image": first, "path": "/x/stays.jpg"}]
    (workspace.runs / "r" / "samples.json").write_text(json.dumps(samples), encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "predictions.csv").write_text(f"case,patient\n1,{GONE}\n2,{STAYS}\n", encoding="utf-8")
    (workspace.runs / "far.elsewhere").write_text(str(elsewhere), encoding="utf-8")
    assert traces(workspace, GONE, HISTORY)

    erased = erase(store, workspace)
    assert [row["image"] for row in json.loads((workspace.runs / "r" / "samples.json").read_bytes())] == [first]
    assert (elsewhere / "predictions.csv").read_text(encoding="utf-8") == f"case,patient\n2,{STAYS}\n"
    assert erased.compacted
    assert erased.linked == 1
    assert erased.as_json() == {"patient": GONE, "images": 3, "versions_reduced": 1}
    assert erased.notes()
    assert traces(workspace, GONE, HISTORY, "GONE-4711") == []
    assert (tmp_path / "photos" / f"{GONE} linked.jpg").is_file()
    assert not media.exists()
    assert not media.parent.exists()
    assert list((workspace.trash / "unknown").iterdir()) == []
    assert load_settings(workspace).last_image == Settings().last_image
    (key,) = workspace.keys.glob("*.csv")
    kept = csv.DictReader(key.read_text(encoding="utf-8-sig").splitlines())
    assert {row["image"] for row in kept} == {str(i) for i in (first, second, third)}
    assert [f["image"] for f in json.loads((workspace.root / "demo.json").read_text())["faults"]] == [
        faults[1]["image"]
    ]
    with store.read() as session:
        assert {row.id for row in stores.image_rows(session)} == {first, second, third}
        assert stores.broken_link(session) is None
        assert [f.facts for f in session.scalars(select(tables.Finding))] == [{"codes": {"two": ["-", STAYS]}}]
        assert session.scalars(select(tables.PhotoPair)).all() == []
        payloads = session.execute(select(tables.JournalEntry.image_id, tables.JournalEntry.payload)).all()
        assert {i for i, payload in payloads if payload is None} == {-i for i in gone}
        assert all(len(h) == 64 for h in session.scalars(select(tables.JournalEntry.payload_hash)))
        stone = session.scalars(select(tables.ErasedPatient)).one()
        assert (stone.images, stone.actor, len(stone.versions)) == (3, "t", 1)
    assert [p.code for p in check_workspace(workspace, "t").problems if p.damage] == []


def test_versions_are_reduced(workspace: Workspace, store: Store, filled: dict[str, int]) -> None:
    with store.write("t") as session:
        whole = freeze(session, "study", (50, 0, 50))
    erase(store, workspace)
    with store.read() as session:
        now = find_dataset(session, "study")
        assert {i.patient for i in now.images} == {STAYS}
        assert now.hash != whole.hash
        with pytest.raises(UserError, match=now.hash):
            find_dataset(session, whole.full_name)


def test_a_group_named_by_the_patient_gets_another_name(
    workspace: Workspace, store: Store, filled: dict[str, int]
) -> None:
    """Photos of two patients that belong together are one group, which has the name of one of them."""
    pair = [filled[f"{GONE} 1.jpg"], filled["stays 1.jpg"]]
    with store.write("t") as session:
        for image_id in pair:
            row: dict[str, Any] = {"image_id": image_id, "check_key": "near_duplicate", "score": 1.0, "why": "x"}
            session.add(tables.Finding(**row, group_key="g"))
        stores.update_case(session, rename(session, STAYS, "患者-ZZZ"))
        frozen = freeze(session, "study", (100, 0, 0))
        assert {i.group for i in frozen.images} == {min(GONE, "患者-ZZZ")}
    erase(store, workspace)
    assert traces(workspace, GONE) == []
    with store.read() as session:
        assert {i.group for i in find_dataset(session, "study").images} == {"患者-ZZZ"}


def rename(session: Any, before: str, after: str) -> Any:
    from dataclasses import replace

    (row, *_) = stores.photos_of_patient(session, before)
    case = stores.case_of(session, row.id)
    assert case is not None
    return replace(case, patient=after)


def test_a_file_of_many_photos_forgets_and_the_others_stay_whole(
    workspace: Workspace, store: Store, filled: dict[str, int], tmp_path: Path
) -> None:
    with store.write("t") as session:  # photos that nobody has touched take the file's boxes in bulk
        session.execute(delete(tables.JournalEntry))
        session.execute(delete(tables.Annotation))
    pages = [Page(name, 120, 90, (Shape("eczema", (1, 2, 30, 40), 0),)) for name in sorted(filled)]
    for name, data in fresh("coco", pages, FormatContext(("eczema",))).items():
        (tmp_path / "x" / "in").mkdir(parents=True, exist_ok=True)
        (tmp_path / "x" / "in" / name).write_bytes(data)
    assert import_boxes(store, workspace, tmp_path / "x" / "in", "coco", "t").boxes == len(filled)
    draw(store, filled["stays 1.jpg"])
    erase(store, workspace)
    assert traces(workspace, GONE) == []
    with store.read() as session:
        out = tmp_path / "out"
        assert export_boxes(session, out, "coco").images == 3
        assert stores.replays(session, filled["stays 1.jpg"])
        assert len(stores.box_history(session, filled["stays 1.jpg"])) == 2
    with store.write("t") as session:
        assert stores.undo(session) is not None
    assert import_boxes(store, workspace, tmp_path / "x" / "in", "coco", "t").images == 3
    assert [p.code for p in check_workspace(workspace, "t").problems if p.damage] == []


def test_copies_that_were_never_given_to_a_case_go_too(
    workspace: Workspace, store: Store, filled: dict[str, int]
) -> None:
    source = filled[f"{GONE} 1.jpg"]
    with store.write("t") as session:
        sha256 = session.get_one(tables.Image, source).sha256
        loose = stores.add_image(session, NewImage("copy.jpg", "imported/zz/copy.jpg", sha256=sha256))
        photo(workspace.media / "imported/zz/copy.jpg", 3)
    assert erase(store, workspace).images == 4
    with store.read() as session:
        assert loose not in {row.id for row in stores.image_rows(session)}
    assert not (workspace.media / "imported/zz").exists()


def test_a_number_that_is_given_again_has_no_history(
    workspace: Workspace, store: Store, filled: dict[str, int], tmp_path: Path
) -> None:
    with store.read() as session:
        last = max(row.id for row in stores.image_rows(session))
    with store.write("t") as session:
        stores.assign_case(session, [last], stores.add_case(session, "LAST").id)
    erase(store, workspace, "LAST")
    import_photos(store, workspace, [str(photo(tmp_path / "new.jpg", 77))], "t")
    with store.read() as session:
        new = max(row.id for row in stores.image_rows(session))
        assert new == last
        assert not stores.was_edited(session, new)
        assert stores.box_history(session, new) == ()


def test_an_erased_patient_is_not_imported_again(workspace: Workspace, store: Store, filled: dict[str, int]) -> None:
    erase(store, workspace)
    table = read_table(f"patient,age\n{GONE},34\n{STAYS},35\n".encode(), "x.csv")
    plan = import_cases(store, table, guess_mapping(table), "t")
    assert [(r.row, r.error.code) for r in plan.rejected] == [(2, "case_erased")]
    assert traces(workspace, GONE) == []


def test_who_is_not_there_cannot_be_erased(workspace: Workspace, store: Store, filled: dict[str, int]) -> None:
    for code, error in (("nobody", "no_such_patient"), ("", "no_such_patient")):
        with pytest.raises(UserError) as caught:
            erase(store, workspace, code)
        assert caught.value.code == error
    erase(store, workspace)
    with pytest.raises(UserError) as caught:
        erase(store, workspace)
    assert caught.value.code == "patient_erased_before"


def test_only_the_owner_erases(workspace: Workspace, store: Store, filled: dict[str, int]) -> None:
    with store.write("t") as session:
        stores.add_person(session, "doctor", "doctor")
    with pytest.raises(UserError) as caught:
        erase_patient(store, workspace, GONE, "doctor")
    assert caught.value.code == "not_allowed"
    assert all((workspace.media / media_path(store, i)).is_file() for n, i in filled.items() if "linked" not in n)


def test_a_run_that_was_killed_is_started_again(
    workspace: Workspace, store: Store, filled: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("app.datasets.keeping.erasing._forget_rows", killed)
        with pytest.raises(KeyboardInterrupt):
            erase(store, workspace)
    assert erase(store, workspace).images == 3
    assert traces(workspace, GONE, HISTORY) == []


def test_somebody_who_reads_keeps_the_file_from_being_compacted(
    workspace: Workspace, store: Store, filled: dict[str, int]
) -> None:
    other = stores.open_store(workspace)
    with other.read() as session:
        assert stores.image_rows(session)
        found = erase(store, workspace)
    other.close()
    assert not found.compacted
    assert len(found.notes()) == 3
    with pytest.raises(UserError, match="erased on"):  # once more, for the file's sake
        erase(store, workspace)
    assert traces(workspace, GONE, HISTORY) == []


def test_blanking() -> None:
    value = {"a": ["P1", "P10", {"P1": "P1"}], "b": 3}
    assert blanked(value, "P1") == {"a": ["-", "P10", {"-": "-"}], "b": 3}


def test_the_command(
    workspace: Workspace, store: Store, filled: dict[str, int], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    line = CommandLine(capsysbinary)
    common = ("--workspace", workspace.root, "--actor", "t")
    assert line.refused("patient", "erase", "nobody", *common) == "no_such_patient"
    found = line("patient_erase", "patient", "erase", GONE, *common)
    assert found == {"patient": GONE, "images": 3, "versions_reduced": 0}
    assert line.refused("patient", "erase", GONE, *common) == "patient_erased_before"


def media_path(store: Store, image_id: int) -> str:
    with store.read() as session:
        return session.get_one(tables.Image, image_id).path
