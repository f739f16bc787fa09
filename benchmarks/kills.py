"""Kill the program from outside while a person boxes, and look whether every finished edit is there.

A child process draws, moves, deletes, verifies, undoes and redoes boxes through the store, and saves files of boxes
with ``write_atomically``, as fast as it can. It says what it is about to do and what the photo will be like then, and,
once that is stored, that it is done. The parent kills it (SIGKILL; TerminateProcess on Windows) at a time drawn by a
seed: at any moment, or inside the writing of an edit or of a file. Then it opens the workspace and counts the edits
that were done and are not there.

    python -m benchmarks.kills [--full] [--kills N] [--seed S]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from app.annotation import edits
from app.annotation.document import Annotation, Document, Edit, annotation_to_json, apply, new_id
from app.common.files import write_atomically
from app.common.geometry import Box
from app.common.workspace import Workspace, open_workspace
from app.datasets import store
from app.datasets.records import NewImage
from app.datasets.store import Store, open_store

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PERSON = "killed"
PHOTOS, CROWD = 4, 800
SIZE = (4000, 3000)
MOMENTS = ("any moment", "inside an edit", "inside a save")
KILLS_OF_ONE_WORKSPACE = 25
PATIENCE = 60.0  # s, for a child to come up on a busy machine


# -- the child ---------------------------------------------------------------------------------------------------------


def work(folder: Path, seed: int) -> None:
    """Edit at random until killed."""
    rng = random.Random(seed)
    workspace = open_workspace(folder)
    opened = open_store(workspace)
    with opened.read(PERSON) as session:
        documents = {row.id: _document(session, row.id) for row in store.image_rows(session)}
    _say(ready=True)
    past: list[tuple[int, Edit]] = []
    future: list[tuple[int, Edit]] = []
    for n in range(100_000):
        photo = rng.choice(sorted(documents))
        kind = rng.choice(("add", "add", "move", "delete", "verify", "undo", "undo", "redo", "save"))
        if kind == "save":
            content = _bytes(documents[photo])
            _say(n=n, do="save", photo=photo, then=_digest(content))
            write_atomically(_sidecar(workspace, photo), content)
        elif kind in ("undo", "redo"):
            stack, other = (past, future) if kind == "undo" else (future, past)
            if not stack:
                continue
            photo, edit = stack.pop()
            other.append((photo, edit))
            documents[photo] = apply(documents[photo], edit.inverse() if kind == "undo" else edit)
            _say(n=n, do=kind, photo=photo, then=_digest(_bytes(documents[photo])))
            with opened.write(PERSON) as session:
                (store.undo if kind == "undo" else store.redo)(session)
        else:
            edit = _edit(kind, documents[photo], rng)
            past.append((photo, edit))
            future.clear()
            documents[photo] = apply(documents[photo], edit)
            _say(n=n, do=kind, photo=photo, then=_digest(_bytes(documents[photo])))
            with opened.write(PERSON) as session:
                store.apply_edit(session, photo, edit)
        _say(n=n, done=True)


def _edit(kind: str, document: Document, rng: random.Random) -> Edit:
    x, y = rng.uniform(0, SIZE[0] - 60), rng.uniform(0, SIZE[1] - 60)
    some = rng.choice(document.annotations) if document.annotations else None
    edit = {
        "move": lambda: edits.move(document, some.id, 1.5, -0.5) if some else None,
        "delete": lambda: edits.delete(document, [some.id]) if some and len(document.annotations) > 3 else None,
        "verify": lambda: edits.verify(document),
        "add": lambda: None,
    }[kind]()
    return edit or Edit("add", after=(Annotation(new_id(), Box(x, y, x + 50, y + 50), "eczema"),))


def _say(**fact: Any) -> None:
    os.write(1, json.dumps(fact).encode() + b"\n")  # one system call: what was said is not lost with the process


# -- the parent --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Killed:
    """One kill: when, what was under way ("" : nothing), how many edits had been done, and what was wrong after it."""

    seed: int
    moment: str
    under_way: str
    done: int
    lost: int
    faults: tuple[str, ...]

    def __str__(self) -> str:
        under_way = self.under_way or "nothing"
        faults = f", FAULTS: {'; '.join(self.faults)}" if self.faults else ""
        return f"seed {self.seed}: {self.moment}, under way: {under_way}, {self.done} done, {self.lost} lost{faults}"


def make_workspace(folder: Path) -> None:
    """A few photos (which nobody looks at), one of them with a crowd of boxes: its file takes long to write."""
    workspace = open_workspace(folder)
    opened = open_store(workspace)
    with opened.write(PERSON) as session:
        for n in range(PHOTOS):
            photo = store.add_image(session, NewImage(f"{n}.jpg", f"{n}.jpg", width=SIZE[0], height=SIZE[1]))
            crowd = CROWD if n == 0 else 5
            boxes = [Annotation(new_id(), Box(k, k, k + 100, k + 100), "eczema") for k in range(crowd)]
            store.put_boxes(session, photo, boxes)
    opened.close()


def kill(folder: Path, seed: int) -> Killed:
    """Run the child on the workspace in ``folder``, kill it at a moment drawn by ``seed``, and look."""
    rng = random.Random(seed)
    moment = MOMENTS[seed % len(MOMENTS)]
    before = _entries(folder)
    said = _run(folder, seed, moment, rng)
    begun = [fact for fact in said if "do" in fact]
    finished = {fact["n"] for fact in said if "done" in fact}
    under_way = begun[-1] if begun and begun[-1]["n"] not in finished else None
    done = [fact for fact in begun if fact["n"] in finished]
    edited = sum(fact["do"] != "save" for fact in done)
    lost = max(0, edited - (_entries(folder) - before))
    return Killed(seed, moment, under_way["do"] if under_way else "", edited, lost, _faults(folder, done, under_way))


def _run(folder: Path, seed: int, moment: str, rng: random.Random) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "benchmarks.kills", "--child", str(folder), "--seed", str(seed)]
    said: list[dict[str, Any]] = []
    wanted = {"any moment": None, "inside an edit": ("edit", rng.randint(3, 25)), "inside a save": ("save", 2)}[moment]
    times: list[float] = []
    root = Path(__file__).resolve().parents[1]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        started, deadline, seen = 0.0, time.monotonic() + PATIENCE, 0
        for line in child.stdout:
            fact, now = json.loads(line), time.perf_counter()
            said.append(fact)
            if "ready" in fact and wanted is None:
                time.sleep(rng.uniform(0.0, 0.4))
                break
            if "do" in fact:
                started = now
                seen += wanted is not None and (fact["do"] == "save") == (wanted[0] == "save")
                if wanted and seen >= wanted[1] and times and (fact["do"] == "save") == (wanted[0] == "save"):
                    _wait(rng.uniform(0.0, 1.0) * median(times[-9:]))
                    break
            elif "done" in fact:
                times.append(now - started)
            if time.monotonic() > deadline:
                break
        child.kill()
        said += [json.loads(line) for line in child.stdout if line.endswith(b"\n")]
    return said


def _wait(seconds: float) -> None:
    """Without sleeping: a write takes milliseconds, and so does waking up."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def _faults(folder: Path, done: list[dict[str, Any]], under_way: dict[str, Any] | None) -> tuple[str, ...]:
    """What is not as it must be after a kill, in plain words."""
    workspace = open_workspace(folder)
    faults = []
    with closing(sqlite3.connect(workspace.database)) as raw:
        if raw.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            faults.append("the database is damaged")
        if raw.execute("PRAGMA foreign_key_check").fetchall():
            faults.append("a row points nowhere")
    photos = {fact["photo"]: fact["then"] for fact in done if fact["do"] != "save"}
    files = {fact["photo"]: fact["then"] for fact in done if fact["do"] == "save"}
    coming = (under_way["photo"], under_way["then"]) if under_way else None
    with _store(workspace) as opened:
        with opened.read(PERSON) as session:
            for photo, expected in photos.items():
                found = _digest(_bytes(_document(session, photo)))
                if found != expected and (photo, found) != coming:
                    faults.append(f"photo {photo} is not as it was left")
            for row in store.image_rows(session):
                if not store.replays(session, row.id):
                    faults.append(f"the journal of photo {row.id} does not lead to its boxes")
            if store.broken_link(session) is not None:
                faults.append("the audit chain is broken")
        faults += _undo_faults(opened)
    for photo, expected in files.items():
        found = _digest(_sidecar(workspace, photo).read_bytes())
        if found != expected and (photo, found) != coming:
            faults.append(f"the file of photo {photo} is not whole")
    return tuple(faults)


def _undo_faults(opened: Store) -> Iterator[str]:
    """Undo works on, and redo brings it back."""
    with opened.write(PERSON) as session:
        if not store.journal(session).undoable:
            return
        step = store.undo(session)
        if step is None or step.refused:
            yield "the last edit cannot be undone"
        elif (again := store.redo(session)) is None or again.edit != step.edit.inverse():
            yield "what was undone cannot be redone"


@contextmanager
def _store(workspace: Workspace) -> Iterator[Store]:
    opened = open_store(workspace)
    try:
        yield opened
    finally:
        opened.close()


def _entries(folder: Path) -> int:
    with closing(sqlite3.connect(open_workspace(folder).database)) as raw:
        return int(raw.execute("SELECT count(*) FROM journal_entry").fetchone()[0])


def _document(session: Session, photo: int) -> Document:
    document = store.document(session, photo)
    assert document is not None
    return document


def _bytes(document: Document) -> bytes:
    boxes = [annotation_to_json(a) for a in document.annotations]
    return json.dumps({"verified": document.verified, "boxes": boxes}).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sidecar(workspace: Workspace, photo: int) -> Path:
    return workspace.media / f"{photo}.json"


def kills(count: int, first_seed: int) -> Iterator[Killed]:
    for start in range(0, count, KILLS_OF_ONE_WORKSPACE):
        with tempfile.TemporaryDirectory() as folder:
            make_workspace(Path(folder))
            for seed in range(start, min(count, start + KILLS_OF_ONE_WORKSPACE)):
                yield kill(Path(folder), first_seed + seed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="200 kills, not 20")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        work(options.child, options.seed)
        return 0
    from benchmarks.common import keep

    found = []
    for one in kills(options.kills or (200 if options.full else 20), options.seed):
        print(one, flush=True)
        found.append(one)
    lost, inside = sum(k.lost for k in found), sum(bool(k.under_way) for k in found)
    bad = sum(bool(k.faults) for k in found)
    edited = sum(k.done for k in found)
    rows = [
        [f"{len(found)} kills, {inside} of them inside a write: finished edits lost, of {edited:,}", "0", str(lost)],
        [f"{len(found)} kills: workspaces with any fault afterwards", "0", str(bad)],
    ]
    keep("kills", {"rows": rows, "kills": [asdict(one) for one in found]}, options.full)
    return 1 if lost or bad else 0


if __name__ == "__main__":
    sys.exit(main())
