"""The files of a workspace that hold something of a patient who is erased."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.annotation.formats import SUFFIXES
from app.common.cells import plain_cell
from app.common.files import write_atomically, write_error
from app.common.settings import Settings, load_settings, save_settings
from app.common.workspace import Workspace
from app.datasets.demo import MARK
from app.datasets.images import resolved
from db.tables import Image


@dataclass(frozen=True, slots=True)
class Trace:
    """By what a patient's photos are known again: the code, and of each photo id, stored path, size and SHA-256."""

    code: str
    ids: frozenset[int]
    paths: frozenset[str]
    linked: frozenset[str]
    hashes: frozenset[str]

    @classmethod
    def of(cls, code: str, photos: Sequence[Image]) -> Trace:
        own = [p for p in photos if not p.linked]
        return cls(
            code,
            frozenset(p.id for p in photos),
            frozenset(p.path for p in own),
            frozenset(p.path for p in photos if p.linked),
            frozenset(p.sha256 for p in photos if p.sha256),
        )


def erase_files(session: Session, workspace: Workspace, trace: Trace) -> int:
    """Delete photos and what was made of them, and take the patient out of tables; gives how many photos lie outside.

    Raises:
        UserError: where a file cannot be deleted or written.
    """
    sizes: set[int] = set()
    for path in sorted(trace.paths):
        file = resolved(session, path, linked=False)
        with suppress(OSError):
            sizes.add(file.stat().st_size)
        _delete_photo(workspace, file)
    for file in _files(workspace.trash):
        if file.stat().st_size in sizes and _hash_of(file) in trace.hashes:
            _delete(file)
    _empty(workspace.cache)
    for copy in workspace.root.glob(f"{workspace.database.stem}.before-*"):  # from before a migration
        _delete(copy)
    of_runs = [folder for _, folder in workspace.run_folders()]
    for table in (*_tables(workspace.keys), *(table for folder in of_runs for table in _tables(folder))):
        _strip_table(table, session, trace)
    for folder in of_runs:
        _strip_samples(folder / "samples.json", trace)
    _strip_demo(workspace, trace)
    settings = load_settings(workspace)
    if settings.last_image in trace.ids:
        save_settings(workspace, replace(settings, last_image=Settings().last_image))
    return len(trace.linked)


def _delete_photo(workspace: Workspace, file: Path) -> None:
    """The photo, files of boxes that were saved beside it, and folders that are empty then."""
    _delete(file)
    twins = [f for f in _beside(file) if f.suffix.lower() not in _BOXES]
    if not twins:  # no other photo of that stem: the boxes are this one's
        for boxes in _beside(file):
            _delete(boxes)
    folder = file.parent
    while folder != workspace.media and folder.is_relative_to(workspace.media):
        try:
            folder.rmdir()
        except OSError:
            break
        folder = folder.parent


_BOXES = frozenset(SUFFIXES.values())


def _beside(file: Path) -> list[Path]:
    with suppress(OSError):
        return [f for f in file.parent.iterdir() if f.stem == file.stem and f != file]
    return []


def _strip_table(file: Path, session: Session, trace: Trace) -> None:
    """Take out the rows that name the patient, a photo's path or its hash."""
    paths = {str(resolved(session, path, linked=False)) for path in trace.paths}
    gone = {trace.code, *trace.paths, *trace.linked, *trace.hashes, *paths}
    try:
        data = file.read_bytes()
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return
    except OSError as error:
        raise write_error(error, file) from error
    kept = [row for row in rows if not gone.intersection(plain_cell(cell) for cell in row)]
    if len(kept) < len(rows):
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(kept)
        write_atomically(file, out.getvalue().encode("utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8"))


def _strip_samples(file: Path, trace: Trace) -> None:
    """A run's answers to some photos."""
    try:
        rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        kept = [row for row in rows if row["image"] not in trace.ids]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if len(kept) < len(rows):
        write_atomically(file, json.dumps(kept, ensure_ascii=False).encode())


def _strip_demo(workspace: Workspace, trace: Trace) -> None:
    file = workspace.root / MARK
    try:
        mark: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        faults = mark["faults"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    mark["faults"] = [f for f in faults if not trace.paths.intersection((f.get("image"), f.get("of")))]
    write_atomically(file, json.dumps(mark, indent=1).encode())


def _tables(folder: Path) -> Iterator[Path]:
    return (file for file in _files(folder) if file.suffix.lower() == ".csv")


def _files(folder: Path) -> Iterator[Path]:
    for here, _, names in os.walk(folder):
        yield from (Path(here) / name for name in sorted(names))


def _empty(folder: Path) -> None:
    """The cache may be deleted at any time; what somebody else has open in it goes when they let go."""
    for one in folder.iterdir() if folder.is_dir() else ():
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
        else:
            _delete(one)


def _delete(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise write_error(error, file) from error


def _hash_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
