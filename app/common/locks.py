"""Locks between processes that end with the process that holds them, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from app.common.files import write_error

_PAUSE = 0.02
_FAR = 1 << 30  # where Windows locks a byte: the file's own words stay readable


@dataclass(slots=True)
class FileLock:
    """Held until :meth:`release`, the end of a ``with``, or the end of the process. The file stays: it says who."""

    _handle: int

    def release(self) -> None:
        if self._handle >= 0:
            with contextlib.suppress(OSError):
                _free(self._handle)
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> FileLock:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def take_lock(file: Path, patience: float = 0.5) -> FileLock | None:
    """The lock on ``file``, made where it is missing; None when another holder keeps it for ``patience`` seconds.

    A process that only looks (:func:`is_locked`) is in the way for a moment: hence the patience.

    Raises:
        UserError: those of writing.
    """
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise write_error(error, file) from error
    until = time.monotonic() + patience
    while not _try(handle, exclusive=True):
        if time.monotonic() >= until:
            os.close(handle)
            return None
        time.sleep(_PAUSE)
    with contextlib.suppress(OSError):  # for a person who looks; a full disk is no reason not to hold it
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
    return FileLock(handle)


def is_locked(file: Path) -> bool:
    """Whether somebody holds the lock on ``file`` now; nothing is made."""
    try:
        handle = os.open(file, os.O_RDWR)
    except OSError:
        return False
    try:
        if not _try(handle, exclusive=False):
            return True
        _free(handle)
        return False
    finally:
        os.close(handle)


if sys.platform == "win32":  # pragma: no cover (not run: no Windows here)
    import msvcrt

    def _try(handle: int, exclusive: bool) -> bool:
        os.lseek(handle, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(handle, 0, os.SEEK_SET)
        return True

    def _free(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try(handle: int, exclusive: bool) -> bool:
        try:
            fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _free(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
