"""Where cells run: in this process, in processes of this machine, or through Ray on several machines."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Literal

from app.common.errors import UserError
from app.common.workspace import Workspace
from app.training.experiments.cells import Cell, run_cell

Engine = Literal["local", "ray"]
Ended = Callable[[Cell, dict[str, str] | None], None]
"""Told of each cell as it ends: None, or why it could not be run."""


def run_all(
    cells: Sequence[Cell], workspace: Workspace, out: str, engine: Engine, workers: int | None, ended: Ended
) -> None:
    """Run the cells, in any order, each with one thread.

    Args:
        cells: what to run; their answers are stored under ``out``.
        workspace: where the data lie; with Ray every machine must see it, and ``out``, under the same path.
        out: the experiment's folder.
        engine: "local" or "ray".
        workers: how many at once; None: as many as there are cores (Ray: as the cluster has).
        ended: called in this process.

    Raises:
        UserError: ``no_ray``.
    """
    if engine == "ray":
        _through_ray(cells, str(workspace.root), out, workers, ended)
        return
    count = min(workers or os.cpu_count() or 1, len(cells))
    if count <= 1:
        for cell in cells:
            ended(cell, run_cell(cell, str(workspace.root), out))
        return
    with _one_thread_each():
        _in_processes(cells, str(workspace.root), out, count, ended)


def _in_processes(cells: Sequence[Cell], root: str, out: str, count: int, ended: Ended) -> None:
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _begin)
    before = multiprocessing.active_children()
    try:
        waiting = {pool.submit(run_cell, cell, root, out): cell for cell in cells}
        for future in as_completed(waiting):
            try:
                ended(waiting[future], future.result())
            except BrokenProcessPool:  # killed, most often for want of memory
                ended(waiting[future], UserError("experiment_process_died").as_json())
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            if child not in before:
                child.terminate()
        raise
    pool.shutdown()


def _begin() -> None:
    """In a new process: Ctrl-C is the parent's, which ends its children itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    import cv2

    cv2.setNumThreads(1)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Libraries in the processes to come read this when they are loaded."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _through_ray(cells: Sequence[Cell], root: str, out: str, workers: int | None, ended: Ended) -> None:
    """A cluster that is there (RAY_ADDRESS), else one of this machine."""
    try:
        import ray
    except ImportError as error:
        raise UserError("no_ray") from error
    options: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False}
    if not os.environ.get("RAY_ADDRESS"):
        options["num_cpus"] = workers or os.cpu_count() or 1
    ray.init(**options)
    try:
        run = ray.remote(num_cpus=1)(run_cell)
        waiting = {run.remote(cell, root, out): cell for cell in cells}
        while waiting:
            (done, *_), _ = ray.wait(list(waiting), num_returns=1)
            cell = waiting.pop(done)
            try:
                ended(cell, ray.get(done))
            except ray.exceptions.RayError:
                ended(cell, UserError("experiment_process_died").as_json())
    finally:
        ray.shutdown()
