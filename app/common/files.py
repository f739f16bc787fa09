"""Writing files so that a reader never sees half of one, and saying plainly why it could not be done."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from app.common.errors import UserError

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_READ_ONLY = {errno.EACCES, errno.EPERM, errno.EROFS}


def write_atomically(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` whole or not at all: a new file beside it, synced to the disk, then renamed over it.

    Raises:
        UserError: ``disk_full, folder_read_only, folder_missing, write_failed``; what was at ``path`` still is.
    """
    part = path.with_name(f".{path.name[:80]}.{os.urandom(8).hex()}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise write_error(error, path) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def write_error(error: OSError, path: Path) -> UserError:
    """What an ``OSError`` at writing ``path`` means to a person."""
    if error.errno in _FULL:
        return UserError("disk_full", file=path.name)
    if error.errno in _READ_ONLY:
        return UserError("folder_read_only", file=path.name, folder=str(path.parent))
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return UserError("folder_missing", folder=str(path.parent))
    return UserError("write_failed", file=path.name, reason=error.strerror or type(error).__name__)
