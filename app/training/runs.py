"""The runs of a workspace, read from their folders: which there are, how far they are, the queue. No torch here.

A run is ``<workspace>/runs/<name>/``, or a folder elsewhere that ``<workspace>/runs/<name>.elsewhere`` names. What
lies in it is the truth: a lock that a live process holds, ``result.json``, the mark ``queued``, ``error.json`` and
``stop``.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from app.common.errors import UserError
from app.common.files import write_atomically, write_error
from app.common.locks import is_locked
from app.common.workspace import ELSEWHERE, Workspace
from app.training.events import STOP_FILE, Events
from app.training.progress import Progress, progress_of

if TYPE_CHECKING:
    from app.training.plan import Plan

State = Literal["queued", "running", "paused", "done", "failed"]
PLAN_FILE, RESULT_FILE, ERROR_FILE, LOCK_FILE, QUEUED_FILE = "plan.toml", "result.json", "error.json", "lock", "queued"


@dataclass(frozen=True)
class RunInfo:
    """One run as it stands. Times are seconds; ``epoch`` counts whole epochs, of ``epochs``.

    ``scores`` are on the validation part: of the model when done, else of the last whole epoch. ``error``: the
    contract's E, of a run that failed. ``seconds``: spent at work, over all its parts. ``place``: in the queue, from 1.
    """

    name: str
    folder: Path
    plan: Plan
    state: State
    epoch: int
    epochs: int
    scores: dict[str, float]
    model: str | None
    error: dict[str, str] | None
    created: datetime
    seconds: float
    seconds_left: float | None
    place: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The contract's ``runs show``, and what else is known."""
        return {
            "run": self.name,
            "task": self.plan.task,
            "network": self.plan.network,
            "dataset": self.plan.dataset,
            "state": self.state,
            "epoch": self.epoch,
            "epochs": self.epochs,
            "scores": self.scores,
            "model": self.model,
            "error": self.error,
            "folder": str(self.folder),
            "seconds": round(self.seconds, 1),
            "seconds_left": None if self.seconds_left is None else round(self.seconds_left, 1),
        }


def list_runs(workspace: Workspace) -> tuple[RunInfo, ...]:
    """Every run whose plan can be read, the newest first."""
    places = {folder: place for place, folder in enumerate(queue(workspace), start=1)}
    found = (_info(name, folder, places.get(folder)) for name, folder in _folders(workspace))
    return tuple(sorted((run for run in found if run is not None), key=lambda r: (r.created, r.name), reverse=True))


def show_run(workspace: Workspace, name_or_folder: str | Path) -> RunInfo:
    """The run of that name, or in that folder.

    Raises:
        UserError: ``no_such_run``, or ``plan_wrong`` when its plan cannot be read.
    """
    known = dict(_folders(workspace))
    name, folder = str(name_or_folder), known.get(str(name_or_folder))
    if folder is None:
        wanted = _absolute(Path(name_or_folder))
        name = next((n for n, f in known.items() if f == wanted), wanted.name)
        folder = wanted if name in known or (wanted / PLAN_FILE).is_file() else None
    if folder is None:
        raise UserError("no_such_run", run=str(name_or_folder), known=", ".join(known) or "-")
    waiting = queue(workspace)
    run = _info(name, folder, waiting.index(folder) + 1 if folder in waiting else None)
    if run is None:
        _read_plan(folder)  # says what is wrong with it
        raise UserError("no_such_run", run=name, known=", ".join(known) or "-")
    return run


def state_of(folder: Path) -> State:
    """What the files in a run's folder say."""
    if is_locked(folder / LOCK_FILE):
        return "running"
    states: tuple[tuple[str, State], ...] = (
        (RESULT_FILE, "done"),
        (QUEUED_FILE, "queued"),
        (ERROR_FILE, "failed"),
        (STOP_FILE, "paused"),
    )
    for file, state in states:
        if (folder / file).exists():
            return state
    return "running" if is_locked(folder / LOCK_FILE) else "failed"  # it began this moment, or it died


# -- the queue -------------------------------------------------------------------------------------------------------


def queue(workspace: Workspace) -> tuple[Path, ...]:
    """The folders of the runs that wait, in the order in which they will run."""
    waiting = [(order, folder) for _, folder in _folders(workspace) if (order := _order(folder)) is not None]
    return tuple(folder for _, folder in sorted(waiting))


def enqueue(workspace: Workspace, plan: Plan, actor: str) -> RunInfo:
    """Put a new run at the end of the queue; :func:`start_runner` begins the work. Opens the database.

    The run's plan names the exact version of its data set, and where the number of threads was open, half the machine's
    cores: a person works in the foreground.

    Raises:
        UserError: ``not_allowed``, ``no_such_dataset``, and those of writing and of the database.
    """
    from app.training.plan import plan_as_toml
    from app.training.store import long_name, may_train, record_run

    may_train(workspace, actor)
    exact = {"dataset": long_name(workspace, plan.dataset), "threads": plan.threads or background_threads()}
    plan = plan.model_copy(update=exact)
    folder = _new_folder(workspace, plan.name)
    _queue(folder, actor)
    Events(folder).write("queued")
    write_atomically(folder / PLAN_FILE, plan_as_toml(plan).encode())
    record_run(workspace, folder, actor)
    return show_run(workspace, folder.name)


def background_threads() -> int:
    """Half the cores, where a plan leaves it open."""
    return max(1, (os.cpu_count() or 2) // 2)


def start_runner(workspace: Workspace) -> None:
    """See that a process works through the queue; it outlives this one and ends when the queue is empty."""
    from app.training.runner import start

    start(workspace)


def resume_run(workspace: Workspace, name: str, actor: str) -> RunInfo:
    """Put a paused or failed run at the end of the queue; it goes on from its last whole epoch.

    Raises:
        UserError: ``no_such_run``, ``run_done``, and those of writing.
    """
    run = show_run(workspace, name)
    if run.state == "done":
        raise UserError("run_done", run=run.name)
    if run.state == "running":
        (run.folder / STOP_FILE).unlink(missing_ok=True)  # asked to pause a moment ago: it may not have looked yet
    elif run.state != "queued":
        _queue(run.folder, actor)
        (run.folder / ERROR_FILE).unlink(missing_ok=True)
        (run.folder / STOP_FILE).unlink(missing_ok=True)
    return show_run(workspace, name)


def pause_run(workspace: Workspace, name: str, actor: str) -> RunInfo:
    """Ask a run to stop after the batch at hand, or take it out of the queue.

    Raises:
        UserError: ``no_such_run``, ``run_over``, and those of writing.
    """
    run = show_run(workspace, name)
    if run.state in ("done", "failed"):
        raise UserError("run_over", run=run.name, state=run.state)
    write_atomically(run.folder / STOP_FILE, json.dumps({"actor": actor}).encode())
    (run.folder / QUEUED_FILE).unlink(missing_ok=True)
    return show_run(workspace, name)


def cancel_run(workspace: Workspace, name: str, actor: str) -> RunInfo:
    """End a run for good: as :func:`pause_run`, and its state is "failed" with ``run_cancelled``; resuming undoes it.

    Raises:
        UserError: as there.
    """
    run = pause_run(workspace, name, actor)
    write_failure(run.folder, UserError("run_cancelled", run=run.name))
    return show_run(workspace, name)


def reorder(workspace: Workspace, names: Sequence[str]) -> None:
    """Put the runs that wait into the order of ``names``; those not named follow in the order they had."""
    folders = dict(_folders(workspace))
    waiting = queue(workspace)
    wanted = [folders[name] for name in names if folders.get(name) in waiting]
    for place, folder in enumerate([*wanted, *(f for f in waiting if f not in wanted)]):
        mark = _json(folder / QUEUED_FILE)
        if mark is not None:
            write_atomically(folder / QUEUED_FILE, json.dumps({**mark, "order": place}).encode())


def queue_mark(folder: Path) -> dict[str, Any] | None:
    """``{order, actor, ticket}`` of a run that waits: the ticket is new each time it is put into the queue."""
    return _json(folder / QUEUED_FILE)


# -- in a run's folder -----------------------------------------------------------------------------------------------


def read_since(folder: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
    """The whole events behind ``offset`` (bytes) and the new offset; 0 is the beginning. A line half written waits."""
    try:
        with (folder / "events.jsonl").open("rb") as file:
            file.seek(offset)
            raw = file.read()
    except OSError:
        return [], offset
    whole = raw[: raw.rfind(b"\n") + 1]
    rows = []
    for line in whole.splitlines():
        with contextlib.suppress(ValueError):  # a line that a full disk cut
            rows.append(json.loads(line))
    return [row for row in rows if isinstance(row, dict)], offset + len(whole)


def seconds_spent(folder: Path) -> float:
    """At work in the earlier parts of the run."""
    return _progress(folder).seconds


def write_failure(folder: Path, error: UserError) -> None:
    """Why the run failed, for every language. Raises UserError as writing does."""
    facts = {key: value if isinstance(value, int | float) else str(value) for key, value in error.facts.items()}
    write_atomically(folder / ERROR_FILE, json.dumps({"code": error.code, "facts": facts}).encode())


def register(workspace: Workspace, folder: Path) -> str:
    """Let the workspace know a run that lies elsewhere; its name here. Raises UserError as writing does."""
    folder = _absolute(folder)
    known = {f: name for name, f in _folders(workspace, whole=False)}
    if folder in known or folder.parent == _absolute(workspace.runs):
        return known.get(folder, folder.name)
    name = next(n for n in _names(folder.name) if not _taken(workspace, n))
    write_atomically(workspace.runs / f"{name}{ELSEWHERE}", str(folder).encode())
    return name


def _folders(workspace: Workspace, whole: bool = True) -> Iterator[tuple[str, Path]]:
    """Name and folder of every run; ``whole``: only where a plan lies."""
    return ((n, folder) for n, folder in workspace.run_folders() if not whole or (folder / PLAN_FILE).is_file())


def _info(name: str, folder: Path, place: int | None) -> RunInfo | None:
    try:
        plan = _read_plan(folder)
        made = (folder / PLAN_FILE).stat().st_mtime
    except (UserError, OSError):
        return None
    state, progress = state_of(folder), _progress(folder)
    result = _json(folder / RESULT_FILE) or {}
    return RunInfo(
        name=name,
        folder=folder,
        plan=plan,
        state=state,
        epoch=progress.epoch,
        epochs=progress.epochs or plan.epochs,
        scores=_scores(result.get("scores")) or progress.scores,
        model=str(result["model"]) if result.get("model") else None,
        error=_error(folder, name) if state == "failed" else None,
        created=progress.created or datetime.fromtimestamp(made, UTC),
        seconds=progress.seconds_at(time.time()) if state == "running" else progress.seconds,
        seconds_left=progress.left_at(time.time(), plan.epochs, plan.minutes) if state == "running" else None,
        place=place,
    )


def _scores(raw: Any) -> dict[str, float]:
    numbers = raw.items() if isinstance(raw, Mapping) else ()
    return {str(k): float(v) for k, v in numbers if isinstance(v, int | float)}


def _error(folder: Path, name: str) -> dict[str, str]:
    raw = _json(folder / ERROR_FILE)
    with contextlib.suppress(KeyError, TypeError):  # of a later Squama, or damaged
        if raw is not None:
            return UserError(raw["code"], **raw["facts"]).as_json()
    return UserError("run_died", run=name).as_json()


def _progress(folder: Path) -> Progress:
    file = folder / "events.jsonl"
    try:
        stat = file.stat()
    except OSError:
        return Progress()
    return _progress_cached(folder, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _progress_cached(folder: Path, _changed: int, _size: int) -> Progress:
    try:
        return progress_of(read_since(folder, 0)[0])
    except (ValueError, TypeError, KeyError, AttributeError):  # events that nobody here wrote
        return Progress()


def _read_plan(folder: Path) -> Plan:
    file = folder / PLAN_FILE
    try:
        stat = file.stat()
    except OSError:
        return _plan_cached(file, 0, 0)  # says that it is not there
    return _plan_cached(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _plan_cached(file: Path, _changed: int, _size: int) -> Plan:
    """The window looks once a second, and reading TOML holds its interpreter for milliseconds."""
    from app.training.plan import read_plan

    return read_plan(file)


def _queue(folder: Path, actor: str) -> None:
    mark = {"order": time.time_ns(), "actor": actor, "ticket": os.urandom(8).hex()}
    write_atomically(folder / QUEUED_FILE, json.dumps(mark).encode())


def _order(folder: Path) -> tuple[int, str] | None:
    mark = _json(folder / QUEUED_FILE)
    if mark is None or state_of(folder) != "queued":
        return None
    order = mark.get("order")
    return order if isinstance(order, int) else 0, folder.name


def _json(file: Path) -> dict[str, Any] | None:
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return dict(raw) if isinstance(raw, Mapping) else None


def _new_folder(workspace: Workspace, name: str) -> Path:
    for free in _names(name):
        folder = _absolute(workspace.runs / free)
        if _taken(workspace, free):
            continue
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise write_error(error, folder) from error
        return folder
    raise AssertionError  # names do not end


def _taken(workspace: Workspace, name: str) -> bool:
    return (workspace.runs / name).exists() or (workspace.runs / f"{name}{ELSEWHERE}").exists()


def _names(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 (keeps links)
