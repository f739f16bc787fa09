"""Photo files on disk: which suffixes count, natural order, walking folders. Standard library only."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from app.common.errors import UserError

PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".webp", ".heic", ".heif"}
)
_DIGITS = re.compile(r"([0-9]+)")


def natural_key(name: str) -> tuple[str, ...]:
    """A sorting key by which ``photo 2`` stands before ``photo 10``, whatever the case; ties go by the exact name."""
    parts = _DIGITS.split(name.casefold())
    parts[1::2] = [f"{len(digits.lstrip('0')):04d}{digits.lstrip('0')}" for digits in parts[1::2]]
    return (*parts, name)


def readable(name: str) -> str:
    """The name as text: on Linux a file's name may hold bytes that are none (of an archive made elsewhere)."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def is_photo_name(name: str) -> bool:
    """Whether the name alone says photo; hidden files (and macOS' ``._`` companions) do not count."""
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in PHOTO_SUFFIXES  # noqa: PTH122 (100,000 names)


def walk_photos(paths: Iterable[Path | str], on_error: Callable[[UserError], None] | None = None) -> Iterator[Path]:
    """The photos behind ``paths``, in the order given; folders recursively, each in natural order.

    A file given by itself is always passed on, whatever its suffix: who names a file wants an answer about it.
    Links to folders inside a folder are not followed, so that a loop cannot trap the walk.

    Raises:
        UserError: ``folder_unreadable``; with ``on_error`` it is handed over instead, and the walk goes on.
    """
    for path in map(Path, paths):
        if os.path.isdir(path):  # noqa: PTH112 (False, not an error, for a name that is too long)
            yield from _walk(path, on_error)
        else:
            yield path


def _walk(folder: Path, on_error: Callable[[UserError], None] | None) -> Iterator[Path]:
    try:
        with os.scandir(folder) as scan:
            entries = sorted(
                (natural_key(e.name), e.name, e.is_dir(follow_symlinks=False))
                for e in scan
                if not e.name.startswith(".")
            )
    except OSError as error:
        problem = UserError("folder_unreadable", folder=folder.name, reason=error.strerror, path=folder)
        if on_error is None:
            raise problem from error
        on_error(problem)
        return
    for _, name, is_folder in entries:
        if is_folder:
            yield from _walk(folder / name, on_error)
        elif is_photo_name(name):
            yield folder / name
