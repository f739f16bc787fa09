"""What every subcommand uses: the workspace of the line, its store, a folder for the output, the outcome."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli_parser import Common
from app.common.errors import UserError
from app.common.files import write_error
from app.common.logs import start_logging
from app.common.workspace import Workspace, default_workspace, open_workspace

if TYPE_CHECKING:
    from app.datasets.store import Store

DONE, PARTLY, REFUSED, INTERNAL, CANCELLED = 0, 1, 2, 3, 130


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command has to say: a JSON document, and the exit code."""

    document: Any
    status: int = DONE


def workspace_of(common: Common) -> Workspace:
    """The workspace of the line, made if missing; from here on there is a log in it."""
    workspace = open_workspace(common.workspace)
    start_logging(workspace, "command-line")
    return workspace


def existing_workspace(common: Common) -> Workspace | None:
    """The workspace for its models, where there is one; nothing is made."""
    root = Path(common.workspace) if common.workspace else default_workspace()
    return Workspace(root) if os.path.isdir(root) else None  # noqa: PTH112 (a name that is too long: none)


@contextlib.contextmanager
def opened(common: Common) -> Iterator[tuple[Workspace, Store]]:
    from app.datasets.store import open_store

    workspace = workspace_of(common)
    store = open_store(workspace)
    try:
        yield workspace, store
    finally:
        store.close()


def new_folder(name: str, force: bool) -> Path:
    """The path for output; refuses one that holds something already."""
    path = Path(name)
    try:
        taken = path.exists() and not (path.is_dir() and not any(path.iterdir()))
    except OSError as error:
        raise write_error(error, path) from error
    if taken and not (force and path.is_dir()):
        raise UserError("output_exists", path=name)
    return path


def progress(done: int, whole: int) -> None:
    """A line that counts on standard error, only where somebody watches."""
    if sys.stderr.isatty():
        end = "\n" if done == whole else ""
        sys.stderr.write(f"\r{done}/{whole}{end}" if whole else f"\r{done}")
        sys.stderr.flush()
