"""A workspace out of a backup: into a new folder, every file's hash checked, nothing outside the folder touched."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from app.common.errors import UserError
from app.common.files import write_error
from app.common.workspace import Workspace
from app.datasets.keeping.backup import FORMAT, MANIFEST, Progress, is_safe_name
from app.datasets.keeping.problems import Problem, media_missing

_CHUNK = 1 << 20
_LARGEST_MANIFEST = 1 << 30


@dataclass(frozen=True, slots=True)
class RestoreResult:
    images: int
    files: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    size: int
    sha256: str


def restore(source: Path, folder: Path, progress: Progress | None = None) -> RestoreResult:
    """Unpack the backup ``source`` into ``folder``, which is new or empty; it fills when everything was checked.

    Raises:
        UserError: ``folder_not_empty``, ``backup_unreadable``, ``no_backup`` when the file is something else,
            ``backup_newer``, ``backup_damaged`` for a hash that differs or a name that leads out of the folder,
            and those of writing files.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UserError("folder_not_empty", path=str(folder))
    place = Path(os.path.realpath(folder))
    part = f".{place.name}.unfinished-{os.getpid()}"
    unfinished = place / part if place.exists() else place.with_name(part)
    try:
        with source.open("rb") as raw:
            zip_ = _opened(raw, source.name)
            files = _checked_names(zip_, _manifest(zip_, source.name), source.name)
            _check_room(files, unfinished.parent)
            unfinished.mkdir(parents=True)
            for number, (name, kept) in enumerate(files.items(), start=1):
                _unpack(zip_, name, kept, unfinished, source.name)
                if progress:
                    progress(number, len(files))
        images, problems = _look(unfinished, source.name)
        _put(unfinished, place)
    except FileNotFoundError as error:
        if error.filename == str(source):
            raise UserError("backup_unreadable", file=source.name, reason=error.strerror) from error
        raise write_error(error, folder) from error
    except OSError as error:
        raise write_error(error, folder) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return RestoreResult(images, len(files), problems)


def _opened(raw: object, name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(raw)  # type: ignore[call-overload,no-any-return]
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        raise UserError("no_backup", file=name) from error


def _manifest(zip_: zipfile.ZipFile, name: str) -> dict[str, _Kept]:
    try:
        info = zip_.getinfo(MANIFEST)
        if info.file_size > _LARGEST_MANIFEST:
            raise UserError("backup_damaged", file=name, item=MANIFEST)
        raw = json.loads(zip_.read(info))
        number = raw["squama_backup"]
        files = {str(k): _Kept(int(v["size"]), str(v["sha256"])) for k, v in raw["files"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError("no_backup", file=name) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UserError("backup_damaged", file=name, item=MANIFEST) from error
    if number != FORMAT:
        raise UserError("backup_newer", file=name)
    return files


def _checked_names(zip_: zipfile.ZipFile, files: Mapping[str, _Kept], name: str) -> dict[str, _Kept]:
    """The manifest's files, once the zip holds exactly these and each lies under the folder that it is unpacked to."""
    inside = [i.filename for i in zip_.infolist()]
    if sorted(inside) != sorted([*files, MANIFEST]):
        odd = sorted(set(inside) ^ {*files, MANIFEST}) or [MANIFEST]
        raise UserError("backup_damaged", file=name, item=odd[0][:200])
    for item, kept in files.items():
        if not is_safe_name(item) or kept.size < 0 or zip_.getinfo(item).file_size != kept.size:
            raise UserError("backup_damaged", file=name, item=item[:200])
    if Workspace(Path()).database.name not in files:
        raise UserError("no_backup", file=name)
    return dict(files)


def _check_room(files: Mapping[str, _Kept], parent: Path) -> None:
    while not parent.exists():
        parent = parent.parent
    if sum(kept.size for kept in files.values()) > shutil.disk_usage(parent).free:
        raise UserError("disk_full", file=parent.name)


def _unpack(zip_: zipfile.ZipFile, item: str, kept: _Kept, root: Path, name: str) -> None:
    target = root / item
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    try:
        with zip_.open(item) as source, target.open("xb") as out:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                if size > kept.size:
                    break
                digest.update(chunk)
                out.write(chunk)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UserError("backup_damaged", file=name, item=item) from error
    if size != kept.size or digest.hexdigest() != kept.sha256:
        raise UserError("backup_damaged", file=name, item=item)


def _look(root: Path, name: str) -> tuple[int, tuple[Problem, ...]]:
    """How many photos the database has, and which of them the backup does not hold."""
    workspace = Workspace(root)
    try:
        with closing(sqlite3.connect(workspace.database)) as database:
            whole = database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            rows = database.execute("SELECT path, linked FROM image ORDER BY id").fetchall()
    except sqlite3.Error as error:
        raise UserError("backup_damaged", file=name, item=workspace.database.name) from error
    if not whole:
        raise UserError("backup_damaged", file=name, item=workspace.database.name)
    missing = [path for path, linked in rows if not (Path(path) if linked else workspace.media / path).is_file()]
    return len(rows), tuple(media_missing(path) for path in missing)


def _put(unfinished: Path, place: Path) -> None:
    """An empty folder that is there stays the same one: it may be a mount, a link, or where the caller stands."""
    if not place.exists():
        unfinished.rename(place)
        return
    for new in unfinished.iterdir():
        new.rename(place / new.name)
