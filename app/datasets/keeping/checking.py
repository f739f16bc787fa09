"""A look through a whole workspace: is everything there, is it what it was, does the journal lead to the boxes.

What can be put right without deciding anything for a person is repaired on wish: leftovers of a crash are removed,
files that nobody knows go to the trash folder, boxes are cut at the photo's edge (as an edit, so it can be undone).
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy import text as sql

from app.annotation.document import UNLABELLED, Edit
from app.common.errors import UserError
from app.common.packs import load_pack, pack_keys
from app.common.words import text
from app.common.workspace import Workspace
from app.datasets.box_rows import read_boxes
from app.datasets.freezing.versions import changed_versions
from app.datasets.images import resolved
from app.datasets.journal import apply_edit, replays
from app.datasets.keeping.problems import Problem, media_changed, media_missing
from app.datasets.layers import COMMON
from app.datasets.people import broken_link, payload_hash
from db.tables import Annotation, AnnotationFile, Image, JournalEntry

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.datasets.store import Store

Progress = Callable[[int, int], None]
_HALF_WRITTEN = (".part",)
_AGE_OF_LEFTOVERS = 3600.0  # seconds: what is younger may be at work in another process


@dataclass(frozen=True, slots=True)
class CheckResult:
    images: int
    problems: tuple[Problem, ...]


def check_workspace(
    workspace: Workspace, actor: str, repair: bool = False, progress: Progress | None = None
) -> CheckResult:
    """Every check, in the order of what hurts most.

    Raises:
        UserError: what opening a database raises, other than for a damaged one, which is a finding.
    """
    from app.datasets.store import open_store

    problems: list[Problem] = []
    images = 0
    try:
        store = open_store(workspace)
        try:
            with store.read() as session:
                images = session.scalar(select(func.count()).select_from(Image)) or 0
                problems += _database(session)
                problems += _photos(session, progress)
                problems += _packs(session, workspace)
                problems += _strangers(session, workspace, repair)
            problems += _boxes(store, actor, repair)
            with store.read() as session:
                problems += _journal(session)
        finally:
            store.close()
    except UserError as error:
        if error.code != "database_damaged":
            raise
        problems.append(Problem("database_damaged", error.what))
    problems += _leftovers(workspace, repair)
    return CheckResult(images, tuple(problems))


def _database(session: Session) -> Iterator[Problem]:
    if session.get_bind().dialect.name == "sqlite":
        found = [row[0] for row in session.execute(sql("PRAGMA integrity_check(5)"))]
        if found != ["ok"]:
            yield Problem("database_damaged", text("problem.database_damaged", reason="; ".join(map(str, found))))
        loose = Counter(row[0] for row in session.execute(sql("PRAGMA foreign_key_check")))
        for table, number in loose.items():
            yield Problem("database_loose", text("problem.database_loose", table=table, n=number))
    link = broken_link(session)
    if link is not None:
        yield Problem("audit_broken", text("problem.audit_broken", entry=link))
    for changed in changed_versions(session):
        yield Problem(changed.code, changed.what)
    for file in session.scalars(select(AnnotationFile).execution_options(yield_per=20)):
        if hashlib.sha256(file.content).hexdigest() != file.sha256:
            yield Problem("file_changed", text("problem.file_changed", file=file.name))


def _photos(session: Session, progress: Progress | None) -> Iterator[Problem]:
    rows = session.execute(select(Image.path, Image.linked, Image.sha256, Image.name).order_by(Image.id)).all()
    for number, (path, linked, sha256, name) in enumerate(rows, start=1):
        file = resolved(session, path, linked)
        shown = name if linked else path
        try:
            if not file.is_file():
                missing = Problem("linked_missing", text("problem.linked_missing", file=shown))
                yield missing if linked else media_missing(shown)
            elif sha256 is not None and _hash_of(file) != sha256:
                changed = Problem("linked_changed", text("problem.linked_changed", file=shown))
                yield changed if linked else media_changed(shown)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            yield Problem("file_unreadable", text("problem.file_unreadable", file=shown, reason=reason))
        if progress:
            progress(number, len(rows))


def _packs(session: Session, workspace: Workspace) -> Iterator[Problem]:
    for key in pack_keys(workspace.packs):
        try:
            load_pack(key, workspace.packs)
        except UserError as error:
            yield Problem(error.code, error.what)
    used = session.execute(select(Image.pack, func.count()).group_by(Image.pack))
    for key, number in used:
        if key not in pack_keys(workspace.packs):
            yield Problem("pack_missing", text("problem.pack_missing", pack=key, n=number))


def _strangers(session: Session, workspace: Workspace, repair: bool) -> Iterator[Problem]:
    """Files in the media folder that no photo is."""
    known = set(session.scalars(select(Image.path).where(Image.linked.is_(False))))
    for file in _files(workspace.media):
        name = file.relative_to(workspace.media).as_posix()
        if name in known or file.name.endswith(_HALF_WRITTEN) or not _is_old(file):
            continue
        problem = Problem("media_unknown", text("problem.media_unknown", file=name), damage=False)
        if repair:
            target = workspace.trash / "unknown" / name
            with suppress(OSError):
                target.parent.mkdir(parents=True, exist_ok=True)
                file.rename(target)
                problem = problem.as_repaired()
        yield problem


def _leftovers(workspace: Workspace, repair: bool) -> Iterator[Problem]:
    """What a crash left half written."""
    for file in _files(workspace.root):
        is_copy = file.parent == workspace.cache and file.name.startswith("backup-")
        if not (file.name.endswith(_HALF_WRITTEN) or is_copy) or not _is_old(file):
            continue
        problem = Problem("leftover", text("problem.leftover", file=file.name), damage=False)
        if repair:
            with suppress(OSError):
                file.unlink()
                problem = problem.as_repaired()
        yield problem


def _boxes(store: Store, actor: str, repair: bool) -> list[Problem]:
    """Findings in the common boxes; those of a photo are told in one sentence."""
    flat, outside, strange = Counter[int](), Counter[int](), Counter[tuple[str, str]]()
    names: dict[int, str] = {}
    with store.read() as session:
        words = _labels(session)
        columns = (Annotation.x0, Annotation.y0, Annotation.x1, Annotation.y1, Annotation.label)
        query = select(Image.id, Image.name, Image.width, Image.height, Image.pack, *columns)
        query = query.join(Annotation, Annotation.image_id == Image.id).where(Annotation.layer == COMMON)
        for id_, name, width, height, pack, x0, y0, x1, y1, label in session.execute(query.order_by(Image.id)):
            names[id_] = name
            flat[id_] += not (x0 < x1 and y0 < y1)
            outside[id_] += bool(width and height) and (x0 < 0 or y0 < 0 or x1 > (width or 0) or y1 > (height or 0))
            if label != UNLABELLED and label not in words.get(pack, ()):
                strange[label, pack] += 1
    found = [
        Problem("box_without_area", text("problem.box_without_area", file=names[i], n=n), damage=False)
        for i, n in flat.items()
        if n
    ]
    for image_id, number in outside.items():
        if number:
            one = Problem("box_outside", text("problem.box_outside", file=names[image_id], n=number), damage=False)
            found.append(_cut(store, actor, image_id, one) if repair else one)
    for (label, pack), number in strange.items():
        words_of = text("problem.unknown_label", label=label, pack=pack, n=number)
        found.append(Problem("unknown_label", words_of, damage=False))
    return found


def _labels(session: Session) -> dict[str, frozenset[str]]:
    """The labels of each pack that a photo has; a pack that cannot be read is told elsewhere."""
    from app.datasets.vocabulary import pack_in

    found = {}
    for key in session.scalars(select(Image.pack).distinct()):
        with suppress(UserError):
            found[key] = frozenset(d.key for d in pack_in(session, key).labels)
    return found


def _cut(store: Store, actor: str, image_id: int, problem: Problem) -> Problem:
    with store.write(actor) as session:
        image = session.get_one(Image, image_id)
        size = (image.width or 0, image.height or 0)
        before = tuple(b for b in read_boxes(session, image_id, COMMON) if b.box.clipped(*size) != b.box)
        after = tuple(replace(b, box=b.box.clipped(*size)) for b in before)
        apply_edit(session, image_id, Edit("resize", before, after), COMMON)
    return problem.as_repaired()


def _journal(session: Session) -> Iterator[Problem]:
    """Whether each entry says what it said when it was made, and all of them lead to the boxes as they are."""
    names = dict(session.execute(select(Image.id, Image.name)).all())
    changed = Counter[int]()
    entries = select(JournalEntry.image_id, JournalEntry.payload, JournalEntry.payload_hash)
    entries = entries.where(JournalEntry.image_id > 0)  # what is left of erased photos
    for image_id, payload, digest in session.execute(entries.execution_options(yield_per=1000)):
        changed[image_id] += payload is not None and payload_hash(payload) != digest
    for image_id, number in changed.items():
        if number or not replays(session, image_id):
            yield Problem("journal_broken", text("problem.journal_broken", file=names[image_id]))


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        yield from (Path(folder) / name for name in sorted(names))


def _is_old(file: Path) -> bool:
    try:
        return time.time() - file.stat().st_mtime > _AGE_OF_LEFTOVERS
    except OSError:
        return False


def _hash_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
