"""Running the checks: partial results, cancel, resume, only what is new, nothing stored for plain files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete

from app.cleaning import run
from app.cleaning import store as room
from app.cleaning.checks import CHECKS, NAMES, PARTS, SETS, check_name, chosen_checks, default_thresholds
from app.cleaning.examining import Photo, examine
from app.cleaning.run import Progress, clean_workspace
from app.common.errors import UserError
from app.common.images import encode_jpeg
from app.common.packs import load_pack
from app.common.places import ROOT
from app.common.workspace import Workspace
from app.datasets.store import Store, link_images, open_store
from db.tables import Image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@pytest.fixture
def folder(tmp_path: Path, photo_pixels: NDArray[np.uint8]) -> Path:
    """Five good photos and one that is none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.jpg").write_bytes(encode_jpeg(photo_pixels, 90 + number))
    (folder / "9.jpg").write_text("not a photo")
    return folder


@pytest.fixture
def store(workspace: Workspace, folder: Path) -> Iterator[Store]:
    opened = open_store(workspace)
    with opened.write("tester") as session:
        link_images(session, sorted(folder.iterdir()))
    yield opened
    opened.close()


def clean(store: Store, **options: object) -> run.Summary:
    return clean_workspace(store, load_pack(), "tester", ["dark", "odd_aspect", "unreadable"], **options)  # type: ignore[arg-type]


def unreadable(store: Store) -> list[str]:
    with store.read() as session:
        return [
            p.name
            for p in room.photos(session)
            if room.findings_past(session, ["unreadable"], {"unreadable": 0.5}).get(p.id)
        ]


def test_every_check_has_a_name_a_part_and_a_threshold() -> None:
    made = [c for part in (*PARTS, *SETS) for c in part.checks]
    assert sorted(set(made)) == sorted(made)
    assert set(NAMES) == set(CHECKS) == set(default_thresholds())
    assert len({check_name(c) for c in CHECKS}) == len(CHECKS)


def test_an_unknown_check_is_refused() -> None:
    with pytest.raises(UserError, match="no check") as caught:
        chosen_checks(["dark", "nonsense"])
    assert caught.value.code == "unknown_check"


def test_what_cannot_be_read_is_a_finding_and_no_stop(store: Store) -> None:
    assert clean(store) == run.Summary(photos=6, examined=6, stopped=False)
    assert unreadable(store) == ["9.jpg"]


def test_only_what_is_new_or_changed_is_examined(store: Store, folder: Path, photo_pixels: NDArray[np.uint8]) -> None:
    clean(store)
    assert clean(store).examined == 0
    (folder / "9.jpg").write_bytes(encode_jpeg(photo_pixels, 60))
    assert clean(store).examined == 1
    assert unreadable(store) == []


def test_a_cancelled_run_keeps_what_it_has_and_goes_on_there(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "BATCH", 1)
    seen: list[Progress] = []
    first = clean(store, report=seen.append, stop=lambda: any(p.done for p in seen))
    assert first.stopped
    assert 0 < first.examined < 6
    second = clean(store)
    assert second == run.Summary(photos=6, examined=6 - first.examined, stopped=False)


def test_a_photo_that_is_erased_meanwhile_is_passed_over(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "BATCH", 1)
    erased: list[int] = []

    def erase(progress: Progress) -> None:
        if progress.done and not erased:
            with store.write("other") as session:
                erased.append(room.photo_ids(session)[-1])
                session.execute(delete(Image).where(Image.id == erased[0]))

    clean(store, report=erase)
    with store.read() as session:
        assert {p.id for p in room.photos(session)} == set(room.photo_ids(session))
        assert (erased[0], "file") not in room.stamps(session, erased)


def test_the_child_says_what_it_does(store: Store, workspace: Workspace) -> None:
    command = [sys.executable, "main.py", "cleaning", "--workspace", str(workspace.root), "--actor", "tester"]
    child = subprocess.Popen(
        [*command, "--checks", "dark"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdin is not None
    lines = [json.loads(line) for line in child.stdout]  # stdin stays open: nobody cancels
    child.stdin.close()
    child.stdout.close()
    assert child.wait() == 0
    assert lines[-1] == {"event": "done", "photos": 6, "examined": 6, "stopped": False}
    assert {line["event"] for line in lines[:-1]} == {"progress"}


def test_a_photo_that_breaks_off_is_named_in_both_languages(folder: Path) -> None:
    """The finding outlives the choice of a language; it was "The photo" in the one of the process that looked."""
    broken = folder / "0.jpg"
    broken.write_bytes(broken.read_bytes()[:-400])
    (found,) = examine(Photo(0, broken, "第 1 张.jpg"), ()).findings()
    reasons = found.facts["reason"]
    assert all("第 1 张.jpg" in reasons[name] for name in ("en", "zh")), reasons
