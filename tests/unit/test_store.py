"""The store: photos, cases, boxes with undo and redo, the audit chain, and a database that is damaged or newer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DatabaseError

from app.annotation.document import Annotation, Edit, new_id
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.workspace import Workspace, open_workspace
from app.datasets import store
from app.datasets.records import JournalState, NewImage, Step
from app.datasets.store import Store, open_store
from db.migrating import HEAD, MIGRATIONS, _back_up
from db.tables import Base


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "工作区 1")


@pytest.fixture
def opened(place: Workspace) -> Iterator[Store]:
    opened = open_store(place)
    yield opened
    opened.close()


@pytest.fixture
def photo(opened: Store) -> int:
    with opened.write("li") as s:
        return store.add_image(s, NewImage("a.jpg", "a.jpg", sha256="0" * 64, width=100, height=80))


def box(x: float = 1.25, label: str = "eczema") -> Annotation:
    return Annotation(new_id(), Box(x, 2.0, x + 10, 20.0), label)


def add(*boxes: Annotation) -> Edit:
    return Edit("add", after=boxes)


def code(caught: pytest.ExceptionInfo[UserError]) -> str:
    assert caught.value.what
    assert caught.value.remedy
    return caught.value.code


def test_the_schema_is_what_the_tables_say(opened: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]
    with opened.database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_sqlite_is_set_up_to_survive_a_power_cut(opened: Store) -> None:
    with opened.database.engine.connect() as connection:
        values = [
            connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert values == ["wal", 2, 1]


def test_a_failed_change_leaves_no_trace(opened: Store, photo: int) -> None:
    def failing() -> None:
        with opened.write("li") as s:
            store.apply_edit(s, photo, add(box()))
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        failing()
    with opened.read() as s:
        assert store.boxes_of(s, photo) == ()
        assert not store.was_edited(s, photo)
    with opened.read("li") as s:
        assert store.journal(s) == JournalState(False, False)


def test_boxes_come_back_exactly_and_undo_survives_a_restart(place: Workspace, opened: Store, photo: int) -> None:
    first, second = box(1 / 3), box(5)
    moved = replace(first, box=first.box.moved(0.1, 0.7))
    with opened.write("li") as s:
        store.apply_edit(s, photo, add(first, second))
        store.apply_edit(s, photo, Edit("move", before=(first,), after=(moved,)))
    opened.close()
    again = open_store(place)
    with again.read() as s:
        assert set(store.boxes_of(s, photo)) == {moved, second}
        assert store.image_rows(s)[0].boxes == 2
    with again.write("li") as s:
        assert store.undo(s) == Step(photo, Edit("move", before=(moved,), after=(first,)), back=True)
        assert set(store.boxes_of(s, photo)) == {first, second}
        assert store.journal(s) == JournalState(True, True)
        assert store.redo(s) == Step(photo, Edit("move", before=(first,), after=(moved,)), back=False)
        assert store.redo(s) is None
        assert store.undo(s)
        assert store.replays(s, photo)
    again.close()


def test_undo_is_a_persons_own_and_refused_once_another_changed_the_box(opened: Store, photo: int) -> None:
    mine = box()
    with opened.write("li") as s:
        store.apply_edit(s, photo, add(mine))
    with opened.write("wang") as s:
        assert store.undo(s) is None
        theirs = replace(mine, label="psoriasis")
        store.apply_edit(s, photo, Edit("relabel", before=(mine,), after=(theirs,)))
    with opened.write("li") as s:
        step = store.undo(s)
        assert step is not None
        assert step.refused is not None
        assert step.refused.code == "undo_changed_by_other"
        assert store.boxes_of(s, photo) == (theirs,)
        assert store.journal(s) == JournalState(False, False)
        assert store.undo(s) is None


def test_an_edit_on_stale_boxes_is_refused(opened: Store, photo: int) -> None:
    with pytest.raises(UserError) as caught, opened.write("li") as s:
        store.apply_edit(s, photo, Edit("delete", before=(box(),)))
    assert code(caught) == "edit_conflict"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["add", "delete", "move", "undo", "redo", "verify"]), max_size=14))
def test_undo_and_redo_walk_the_history(opened: Store, steps: list[str]) -> None:
    """Against a model: a list of states and a position in it."""
    with opened.write(new_id()) as s:
        image = store.add_image(s, NewImage("x.jpg", f"{new_id()}.jpg", width=50, height=50))
        states: list[tuple[tuple[Annotation, ...], bool]] = [((), False)]
        at = 0
        for step in steps:
            boxes, verified = states[at]
            if step == "undo" and at == 0:
                assert not store.journal(s).undoable
            elif step == "undo":
                assert store.undo(s)
                at = max(0, at - 1)
            elif step == "redo":
                assert (store.redo(s) is None) == (at == len(states) - 1)
                at = min(len(states) - 1, at + 1)
            else:
                edit = _edit(step, boxes, verified)
                after = store.apply_edit(s, image, edit)
                states[at + 1 :] = [(after.annotations, after.verified)]
                at += 1
            assert store.boxes_of(s, image) == states[at][0]
            assert store.image(s, image).verified == states[at][1]
            assert store.journal(s) == JournalState(at > 0, at < len(states) - 1)
        assert store.replays(s, image)


def _edit(step: str, boxes: tuple[Annotation, ...], verified: bool) -> Edit:
    if step == "verify":
        return Edit("verify", verified=(verified, not verified))
    if step == "delete" and boxes:
        return Edit("delete", before=(boxes[0],))
    if step == "move" and boxes:
        return Edit("move", before=(boxes[-1],), after=(replace(boxes[-1], box=boxes[-1].box.moved(1, 0)),))
    return add(box())


def test_a_case_is_made_changed_and_guarded(opened: Store, photo: int) -> None:
    with opened.write("li") as s:
        assert store.case_of(s, photo) is None
        first = store.ensure_case(s, photo)
        assert store.ensure_case(s, photo) == first
        changed = store.update_case(s, replace(first, age=52, sex="female", patient="P7", final_diagnosis="eczema"))
        assert changed.version == 2
    with opened.read() as s:
        assert store.case_of(s, photo) == changed
        assert [r.id for r in store.photos_of_patient(s, "P7")] == [photo]
        assert store.image(s, photo).patient == "P7"
    with pytest.raises(UserError) as caught, opened.write("wang") as s:
        store.update_case(s, replace(first, age=3))
    assert code(caught) == "changed_meanwhile"
    with pytest.raises(UserError) as caught, opened.write("li") as s:
        store.update_case(s, replace(changed, age=-1))
    assert code(caught) == "bad_case_value"


def test_linking_a_folder_twice_changes_nothing(opened: Store, tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.jpg" for n in range(3)]
    with opened.write("li") as s:
        ids = store.link_images(s, paths)
        assert store.link_images(s, paths[::-1]) == ids[::-1]
        row = store.image(s, ids[0])
        assert (row.path, row.width, row.linked) == (paths[0], None, True)
        assert store.document(s, ids[0]) is None
        store.complete_image(s, ids[0], 40, 30, False)
        assert store.document(s, ids[0]) is not None


def test_rows_of_a_folder_are_those_of_the_list(opened: Store, place: Workspace, tmp_path: Path, photo: int) -> None:
    inside = str(place.media / "a.jpg")
    paths = [str(tmp_path / f"{n}.jpg") for n in range(3)]
    with opened.write("li") as s:
        (known,) = store.link_rows(s, [paths[1]])
        rows = store.link_rows(s, [paths[0], paths[1], inside, paths[2], paths[0]])
        assert [row.file for row in rows] == [paths[0], paths[1], inside, paths[2]]
        assert rows[1] == known
        assert rows == store.image_rows(s, [row.id for row in rows])
        assert rows[2].id == photo
        assert store.image_page(s, 0, 2) + store.image_page(s, store.image_page(s, 0, 2)[-1].id, 9) == store.image_rows(
            s
        )


def test_a_photo_is_mine_once_i_have_boxed_it(opened: Store, photo: int) -> None:
    with opened.write("li") as s:
        store.apply_edit(s, photo, add(box()))
        assert store.image(s, photo).mine
    with opened.read("wang") as s:
        assert not store.image(s, photo).mine
    with opened.read() as s:
        assert not store.image(s, photo).mine


def test_a_photo_inside_the_media_folder_is_the_one_that_is_there(opened: Store, place: Workspace, photo: int) -> None:
    with opened.write("li") as s:
        assert store.link_images(s, [place.media / "a.jpg"]) == (photo,)


def test_the_audit_chain_is_append_only_and_shows_a_break(opened: Store, place: Workspace, photo: int) -> None:
    with opened.write("li") as s:
        store.apply_edit(s, photo, add(box()))
        assert store.broken_link(s) is None
    with pytest.raises(DatabaseError, match="append-only"), opened.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_entry SET actor = 'nobody'")
    with closing(sqlite3.connect(place.database)) as raw, raw:
        raw.execute("DROP TRIGGER audit_entry_no_update")
        raw.execute("UPDATE audit_entry SET actor = 'nobody' WHERE id = 2")
    with opened.read() as s:
        assert store.broken_link(s) == 2


def test_rights(opened: Store, photo: int) -> None:
    with opened.write("zhao") as s:
        store.require(s, "train")
        store.actor_of(s).role = "doctor"
    with opened.write("zhao") as s:
        store.require(s, "annotate")
        with pytest.raises(UserError) as caught:
            store.require(s, "train")
    assert code(caught) == "not_allowed"
    with opened.read() as s:
        assert [(u.name, u.role) for u in store.users(s)] == [("li", "owner"), ("zhao", "doctor")]


def test_several_may_open_a_new_workspace_at_once(place: Workspace) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: open_store(place), range(4)))
    for number, one in enumerate(stores):
        with one.write("li") as s:
            store.add_image(s, NewImage(f"{number}.jpg", f"{number}.jpg"))
    with stores[0].read() as s:
        assert len(store.image_rows(s)) == 4
        assert store.broken_link(s) is None
    for one in stores:
        one.close()


def test_a_full_disk_is_said_and_the_change_undone(opened: Store, photo: int) -> None:
    def fill() -> None:
        with opened.write("li") as s:
            s.connection().exec_driver_sql("PRAGMA max_page_count=1")  # SQLite's own way to run out of room
            for n in range(2000):
                store.add_image(s, NewImage(f"{n}.jpg", "x" * 3000 + str(n)))

    with pytest.raises(UserError) as caught:
        fill()
    assert code(caught) == "database_disk_full"
    opened.close()
    with opened.read() as s:
        assert [row.id for row in store.image_rows(s)] == [photo]


def test_a_copy_is_kept_before_a_migration(place: Workspace, opened: Store, photo: int) -> None:
    for _ in range(7):
        _back_up(place.database, "0000")
    copies = sorted(place.root.glob("squama.before-*.db"))
    assert 1 <= len(copies) <= 5
    with closing(sqlite3.connect(copies[-1])) as copy:
        assert copy.execute("SELECT name FROM image").fetchall() == [("a.jpg",)]


def test_a_workspace_of_the_first_schema_keeps_its_boxes_and_its_past(place: Workspace) -> None:
    first = box()
    payload = json.dumps({"kind": "add", "before": [], "after": [_as_it_was(first)], "verified": None})
    undone = json.dumps({"kind": "verify", "before": [], "after": [], "verified": [False, True]})
    _open_at(place, "0001")
    with closing(sqlite3.connect(place.database)) as raw, raw:
        raw.execute(
            "INSERT INTO image (id, name, path, linked, width, height, synthetic, pack, verified, meta, added)"
            " VALUES (1, 'a.jpg', 'a.jpg', 0, 100, 80, 0, 'p', 0, '{}', '2026-01-01 00:00:00')"
        )
        raw.execute(
            "INSERT INTO annotation (id, image_id, x0, y0, x1, y1, label, difficult, verified, source, author, changed,"
            " version) VALUES (?, 1, 1.25, 2, 11.25, 20, 'eczema', 0, 0, 'person', 'li', '2026-01-01 00:00:00', 1)",
            [first.id],
        )
        for text, state in ((payload, "done"), (undone, "undone")):
            raw.execute(
                "INSERT INTO journal_entry (image_id, actor, at, state, payload, payload_hash)"
                " VALUES (1, 'li', '2026-01-01 00:00:00', ?, ?, '0')",
                [state, text],
            )
    migrated = open_store(place)
    assert len(list(place.root.glob("squama.before-*.db"))) == 1
    with migrated.write("li") as s:
        assert store.boxes_of(s, 1) == (first,)
        assert store.replays(s, 1)
        assert store.journal(s) == JournalState(True, False)
        step = store.undo(s)
        assert step is not None
        assert step.edit.before == (first,)
        assert store.boxes_of(s, 1) == ()
    migrated.close()


def _as_it_was(one: Annotation) -> dict[str, object]:
    return {
        "id": one.id,
        "box": one.box.as_list(),
        "label": one.label,
        "difficult": False,
        "verified": False,
        "source": "person",
        "score": None,
    }


def _open_at(place: Workspace, revision: str) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{place.database}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_predictions_are_kept(opened: Store, photo: int) -> None:
    with opened.write("li") as s:
        store.save_prediction(s, photo, "model:a:1", {"lesions": []})
        newest = store.save_prediction(s, photo, "model:a:2", {"lesions": [1]})
        found = store.latest_prediction(s, photo)
    assert found is not None
    assert (found.id, found.payload) == (newest, {"lesions": [1]})


def test_a_damaged_database_is_said_and_left_alone(place: Workspace) -> None:
    place.database.write_bytes(b"no database at all" * 300)
    with pytest.raises(UserError) as caught:
        open_store(place)
    assert code(caught) == "database_damaged"
    assert place.database.read_bytes() == b"no database at all" * 300


def test_a_newer_or_foreign_database_is_refused(place: Workspace, opened: Store) -> None:
    with closing(sqlite3.connect(place.database)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UserError) as caught:
        open_store(place)
    assert code(caught) == "database_newer"
    with closing(sqlite3.connect(place.database)) as raw, raw:
        raw.execute("DROP TABLE alembic_version")
    with pytest.raises(UserError) as caught:
        open_store(place)
    assert code(caught) == "database_foreign"


def test_ids_of_photos_are_told_without_writing(tmp_path: Path) -> None:
    place = open_workspace(tmp_path / "w #1?&immutable=0 病")
    linked, inside, stranger = tmp_path / "b.jpg", place.media / "x" / "a.jpg", tmp_path / "c.jpg"
    assert store.ids_in(place, [inside]) == (None,)
    opened = open_store(place)
    with opened.write("li") as s:
        first = store.add_image(s, NewImage("a.jpg", "x/a.jpg", sha256="0" * 64))
        (second,) = store.link_images(s, [linked])
    wanted, expected = (linked, stranger, inside, linked), (second, None, first, second)
    assert store.ids_in(place, wanted) == expected, "while another program has the workspace open"
    opened.close()
    before = {f: f.stat().st_mtime_ns for f in place.root.rglob("*")}
    assert store.ids_in(place, wanted) == expected
    assert {f: f.stat().st_mtime_ns for f in place.root.rglob("*")} == before
    with closing(sqlite3.connect(place.database)) as other:
        other.execute("DROP TABLE image")
    assert store.ids_in(place, wanted) == (None,) * 4, "who asks does not need the database"
