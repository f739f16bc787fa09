"""The workspace: one folder that holds everything a department collects."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.common.errors import UserError
from app.common.files import write_error

ENVIRONMENT = "SQUAMA_WORKSPACE"
ELSEWHERE = ".elsewhere"
"""``runs/<name>.elsewhere`` holds the folder of a run that was given one of its own."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where things lie under ``root``; :func:`open_workspace` makes the folders."""

    root: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / "squama.db"

    @property
    def media(self) -> Path:
        return self.root / "media"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    def run_folders(self) -> Iterator[tuple[str, Path]]:
        """Name and folder of all that lies under ``runs``, and of the runs that lie elsewhere."""
        for entry in sorted(self.runs.glob("*")):
            name, folder = entry.name, Path(os.path.abspath(entry))  # noqa: PTH100 (keeps links)
            if entry.suffix == ELSEWHERE:
                with contextlib.suppress(OSError, UnicodeDecodeError):
                    name, folder = entry.stem, Path(entry.read_text(encoding="utf-8"))
            yield name, folder

    @property
    def trash(self) -> Path:
        return self.root / "trash"

    @property
    def packs(self) -> Path:
        """The workspace's own packs; made with the first one."""
        return self.root / "packs"

    @property
    def keys(self) -> Path:
        """Which photo an anonymous export calls what; made with the first one."""
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def cache(self) -> Path:
        """May be deleted at any time."""
        return self.root / "cache"

    @property
    def settings(self) -> Path:
        return self.root / "settings.toml"


def default_workspace() -> Path:
    """Environment ``SQUAMA_WORKSPACE``, else the user's own folder as the platform has it."""
    chosen = os.environ.get(ENVIRONMENT)
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_path("Squama", appauthor=False))


def open_workspace(path: Path | str | None = None) -> Workspace:
    """The workspace at ``path`` (None: the default), made where it is missing.

    Raises:
        UserError: ``workspace_not_a_folder``, ``disk_full``, ``folder_read_only`` or ``write_failed``.
    """
    root = Path(os.path.abspath(path if path is not None else default_workspace()))  # noqa: PTH100 (keeps links)
    if os.path.exists(root) and not root.is_dir():  # noqa: PTH110 (False, not an error, for a name that is too long)
        raise UserError("workspace_not_a_folder", path=str(root))
    workspace = Workspace(root)
    folders = (workspace.media, workspace.models, workspace.runs, workspace.trash, workspace.logs, workspace.cache)
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        probe = workspace.cache / f".probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise write_error(error, workspace.database if os.path.isdir(root) else root) from error  # noqa: PTH112 (as above)
    return workspace
