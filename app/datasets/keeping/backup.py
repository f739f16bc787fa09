"""A backup of a whole workspace in one zip file, made while people work, and its way back.

The zip holds a copy of the database as it is at one moment (SQLite's own online backup), every file of the workspace
but caches and logs, and ``manifest.json`` with each file's size and SHA-256. Photos that are only linked lie elsewhere
and are not in it; the result says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from app.common.errors import UserError
from app.common.files import write_error
from app.common.photo_files import readable
from app.common.words import text
from app.common.workspace import Workspace
from app.datasets.keeping.problems import Problem, media_changed, media_missing

MANIFEST = "manifest.json"
FORMAT = 1
Progress = Callable[[int, int], None]

_LEFT_OUT = frozenset({"cache", "logs"})
_UNPACKED = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".tif", ".tiff", ".safetensors", ".zip", ".gz"})
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class BackupResult:
    """``images``: photos in the database; ``files``: in the zip, beside its manifest."""

    images: int
    files: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the copied database says of photos: how many, how many linked, the others' (path, SHA-256 or None)."""

    images: int
    linked: int
    media: tuple[tuple[str, str | None], ...]


def backup(workspace: Workspace, target: Path, progress: Progress | None = None) -> BackupResult:
    """Write the zip; it appears when it is complete. What is at ``target`` is replaced.

    Raises:
        UserError: ``backup_inside`` for a target in the workspace itself, those of writing files, and
            ``database_damaged``.
    """
    if Path(os.path.realpath(target)).is_relative_to(os.path.realpath(workspace.root)):
        raise UserError("backup_inside", file=target.name)
    part = target.with_name(f".{target.name[:80]}.{os.urandom(8).hex()}.part")
    copy = workspace.cache / f"backup-{os.urandom(8).hex()}.db"
    try:
        _copy_database(workspace.database, copy)
        shown = _shown(copy)
        with part.open("xb") as raw:
            with zipfile.ZipFile(raw, "w", allowZip64=True) as zip_:
                files, problems = _pack(zip_, workspace, copy, progress)
                problems += _missing(shown, files)
                zip_.writestr(MANIFEST, json.dumps(_manifest(shown, files), ensure_ascii=False, indent=1))
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(target)
    except OSError as error:
        raise write_error(error, target) from error
    finally:
        for leftover in (part, copy):
            with suppress(OSError):
                leftover.unlink(missing_ok=True)
    return BackupResult(shown.images, len(files), tuple(problems))


def is_safe_name(name: str) -> bool:
    """Whether a name in the zip is a plain path below the folder on every platform: no way up, no drive, no stream."""
    is_text = name.isprintable() and not any(0xD800 <= ord(c) < 0xE000 for c in name)
    return is_text and not set(name) & {"\\", ":"} and all(p not in ("", ".", "..") for p in name.split("/"))


def _copy_database(source: Path, target: Path) -> None:
    """As it is at one moment, without waiting for those who write; one file, without a write-ahead log."""
    try:
        address = f"{source.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as here, closing(sqlite3.connect(target)) as there:
            here.backup(there)
            there.execute("PRAGMA journal_mode=DELETE").close()
    except sqlite3.Error as error:
        raise UserError("database_damaged", reason=str(error)) from error


def _shown(database: Path) -> _Shown:
    with closing(sqlite3.connect(database)) as opened:
        rows = opened.execute("SELECT path, sha256, linked FROM image ORDER BY id").fetchall()
    media = tuple((path, sha256) for path, sha256, linked in rows if not linked)
    return _Shown(len(rows), len(rows) - len(media), media)


def _pack(
    zip_: zipfile.ZipFile, workspace: Workspace, database: Path, progress: Progress | None
) -> tuple[dict[str, dict[str, Any]], list[Problem]]:
    """Every file into the zip: name -> size and hash; those that cannot be read are told."""
    found = {workspace.database.name: database, **dict(_files(workspace))}
    files: dict[str, dict[str, Any]] = {}
    problems: list[Problem] = []
    for number, (name, path) in enumerate(found.items(), start=1):
        if not is_safe_name(name):
            problems.append(Problem("file_left_out", text("problem.file_left_out", file=readable(name))))
            continue
        try:
            source = path.open("rb")
        except FileNotFoundError:  # moved to the trash or thrown away meanwhile
            continue
        except OSError as error:
            reason = error.strerror or type(error).__name__
            problems.append(Problem("file_unreadable", text("problem.file_unreadable", file=name, reason=reason)))
            continue
        with source:
            files[name] = _add(zip_, name, source)
        if progress:
            progress(number, len(found))
    return files, problems


def _files(workspace: Workspace) -> Iterator[tuple[str, Path]]:
    """(name in the zip, file) of all but the database, what can be made again, and what is half written."""
    own = workspace.database.name
    seen: set[str] = set()
    for folder, folders, names in os.walk(workspace.root, followlinks=True):
        here = Path(folder)
        top = here == workspace.root
        folders[:] = sorted(f for f in folders if not (top and f in _LEFT_OUT) and not _was_there(here / f, seen))
        for name in sorted(names):
            if name.endswith(".part") or (top and name.startswith((own, f"{workspace.database.stem}.before-"))):
                continue
            path = here / name
            if path.is_file():
                yield path.relative_to(workspace.root).as_posix(), path


def _was_there(folder: Path, seen: set[str]) -> bool:
    """A link can lead round in a circle."""
    real = os.path.realpath(folder)
    if real in seen:
        return True
    seen.add(real)
    return False


def _add(zip_: zipfile.ZipFile, name: str, source: IO[bytes]) -> dict[str, Any]:
    info = zipfile.ZipInfo(name, time.gmtime()[:6])
    info.external_attr = 0o600 << 16
    packed = Path(name).suffix.lower() in _UNPACKED
    info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    digest, size = hashlib.sha256(), 0
    with zip_.open(info, "w", force_zip64=True) as target:
        while chunk := source.read(_CHUNK):
            target.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return {"size": size, "sha256": digest.hexdigest()}


def _missing(shown: _Shown, files: dict[str, dict[str, Any]]) -> list[Problem]:
    problems = []
    for path, sha256 in shown.media:
        kept = files.get(f"media/{path}")
        if kept is None:
            problems.append(media_missing(path))
        elif sha256 is not None and kept["sha256"] != sha256:
            problems.append(media_changed(path))
    if shown.linked:
        words = text("problem.linked_left_out", n=shown.linked)
        problems.append(Problem("linked_left_out", words, damage=False))
    return problems


def _manifest(shown: _Shown, files: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"squama_backup": FORMAT, "made": datetime.now(UTC).isoformat(), "images": shown.images, "files": files}
