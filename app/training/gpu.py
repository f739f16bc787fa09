"""Two trainings at once on one GPU would both be slower, and out of memory: one is refused, or waits."""

from __future__ import annotations

import getpass
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.common.errors import UserError
from app.common.locks import take_lock
from app.training.events import Events, leads

_LOOK_AGAIN = 2.0  # seconds


@contextmanager
def gpu_alone(wanted: str, waiting: Events | None) -> Iterator[None]:
    """The GPU that ``wanted`` (auto, cpu, cuda) means, for this training alone; nothing on a CPU.

    One person's trainings on one machine know of each other, in whichever workspace. With ``waiting`` the run waits
    for its turn and says so in its events; else it is refused.

    Raises:
        UserError: ``gpu_busy``, or ``training_stopped`` when it was asked to stop while it waited; ``no_cuda``.
    """
    from app.inference.device import choose_device

    device = choose_device(wanted).name
    if device == "cpu" or not leads():
        yield
        return
    file = gpu_lock_file(_identity(device))
    lock = take_lock(file)
    if lock is None and waiting is None:
        raise UserError("gpu_busy", device=device)
    if lock is None and waiting is not None:
        waiting.write("warning", code="gpu_busy", device=device)
        while (lock := take_lock(file)) is None:
            if waiting.stop_asked():
                waiting.write("stopped")
                raise UserError("training_stopped", run=waiting.run.name)
            time.sleep(_LOOK_AGAIN)
    assert lock is not None
    with lock:
        yield


def gpu_lock_file(identity: str) -> Path:
    """Where the training that has that GPU holds its lock."""
    return Path(tempfile.gettempdir()) / f"squama-{_person()}-{identity}.lock"


def _person() -> str:
    try:
        return "".join(c for c in getpass.getuser() if c.isalnum())
    except (OSError, KeyError, ImportError):
        return "user"


def _identity(device: str) -> str:
    """The GPU itself, whatever number an environment variable gave it."""
    import torch

    uuid = getattr(torch.cuda.get_device_properties(torch.device(device)), "uuid", None)
    return str(uuid or device).replace(":", "-")
