"""What a run takes of the machine, written to ``usage.json`` every other second for whoever watches."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.training.events import leads

USAGE_FILE = "usage.json"
_EVERY = 2.0  # seconds
_ASK = ("--query-gpu=uuid,utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits")


@dataclass(frozen=True)
class Usage:
    """One look. Shares are 0..1: ``cpu`` of all cores, ``gpu`` of its time. Memory in MB; None: not known here."""

    time: str
    cpu: float
    cores: float
    ram_mb: float | None
    ram_total_mb: float | None
    gpu: float | None = None
    gpu_ram_mb: float | None = None
    gpu_ram_total_mb: float | None = None


def read_usage(folder: Path) -> Usage | None:
    """The latest look at a run, None where there is none yet."""
    try:
        return Usage(**json.loads((folder / USAGE_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


@contextmanager
def watched(folder: Path, every: float = _EVERY) -> Iterator[None]:
    """Keep ``usage.json`` of this process in ``folder`` while the block runs; a full disk is no reason to stop."""
    if not leads():
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_watch, args=(folder, over, every), name="usage", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        with contextlib.suppress(OSError):
            (folder / USAGE_FILE).unlink(missing_ok=True)


def _watch(folder: Path, over: threading.Event, every: float) -> None:
    wall, worked = time.monotonic(), time.process_time()
    while not over.wait(every):
        now, done = time.monotonic(), time.process_time()
        cores = (done - worked) / max(now - wall, 1e-6)
        wall, worked = now, done
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
        look = Usage(stamp, cores / (os.cpu_count() or 1), cores, own_memory(), whole_memory(), *_gpu())
        part = folder / f".{USAGE_FILE}.part"
        with contextlib.suppress(OSError):
            part.write_text(json.dumps(asdict(look)), encoding="utf-8")
            part.replace(folder / USAGE_FILE)


def own_memory() -> float | None:
    """MB of physical memory that this process holds now; on a Mac the most it ever held; None on Windows."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return next(int(row.split()[1]) / 1024 for row in status.splitlines() if row.startswith("VmRSS:"))
    except (OSError, StopIteration, ValueError):
        pass
    if sys.platform == "win32":  # pragma: no cover (not run: no Windows here)
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def whole_memory() -> float | None:
    """MB of physical memory of the machine."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20
    except (AttributeError, ValueError, OSError):
        return None


def _gpu() -> tuple[float | None, float | None, float | None]:
    """Of the GPU that this process has begun to use: share of its time, MB in use, MB it has. Not run: no GPU here."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return None, None, None
    free, whole = torch.cuda.mem_get_info()
    return _gpu_share(str(torch.cuda.get_device_properties(0).uuid)), (whole - free) / 2**20, whole / 2**20


def _gpu_share(uuid: str) -> float | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        done = subprocess.run([program, *_ASK], capture_output=True, text=True, timeout=5, check=True)
        rows = [row.split(", ") for row in done.stdout.splitlines()]
        return next(float(row[1]) / 100 for row in rows if uuid in row[0])
    except (OSError, subprocess.SubprocessError, StopIteration, ValueError, IndexError):
        return None
