"""Running the checks: over a workspace, storing as it goes, only what is new; or over plain files, storing nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Literal

from app.cleaning import store as room
from app.cleaning.checks import ABOUT_LABELS, Part, chosen_checks, measuring, parts_for, sets_for
from app.cleaning.comparing import Context, Stopped, compare
from app.cleaning.examining import FILE, Examined, Photo, examine, file_stamp, only, stamp
from app.cleaning.findings import Finding
from app.common.packs import Pack
from app.datasets.store import Store, require

PAIRS = 200
"""Verdicts on so many pairs are stored at a time."""
BATCH, BATCH_SECONDS = 64, 2.0
"""Results are stored after so many photos or so long: a kill loses little, and pages fill while it runs."""

CHUNK = 500
"""So many photos are looked up at a time."""

Stage = Literal["photos", "sets"]


@dataclass(frozen=True, slots=True)
class Progress:
    """``new``: photos whose findings were stored since the last report. ``seconds_left``: None while nobody knows."""

    stage: Stage
    done: int
    whole: int
    new: int = 0
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """``examined``: photos that were looked at now; the others were as they had been. ``stopped``: cancelled."""

    photos: int
    examined: int
    stopped: bool


Report = Callable[[Progress], None]
Stop = Callable[[], bool]


def clean_workspace(
    store: Store, pack: Pack, actor: str, checks: Iterable[str] | None = None, report: Report = lambda _: None,
    stop: Stop = lambda: False,
) -> Summary:  # fmt: skip
    """Examine what is new or changed, then compare all photos. Cancelled or killed, it goes on where it stopped.

    Raises:
        UserError: ``unknown_check``, ``not_allowed``, or the database's.
    """
    wanted = chosen_checks(checks)
    with store.write(actor) as session:
        require(session, "clean")
        ids = room.photo_ids(session)
    jobs = _jobs(store, ids, (*parts_for(wanted), *measuring()))
    examined = 0
    report(Progress("photos", 0, len(jobs)))  # the first results may take seconds: networks are loaded
    with suppress(Stopped):
        for batch in _batches(_loaded(store, jobs), stop):
            with store.write(actor) as session:
                room.save_examined(session, batch.results)
            examined += len(batch.results)
            left = batch.seconds / examined * (len(jobs) - examined)
            report(Progress("photos", examined, len(jobs), len(batch.results), left))
        _compare_stored(store, wanted, pack, actor, report, stop)
        return Summary(len(ids), examined, stopped=False)
    return Summary(len(ids), examined, stopped=True)


def clean_files(
    photos: Sequence[Photo], pack: Pack, checks: Iterable[str] | None = None, report: Report = lambda _: None
) -> dict[int, list[Finding]]:
    """Photo id -> findings, whatever their score; nothing is stored. Raises UserError ``unknown_check``."""
    wanted = chosen_checks(checks)
    if not any(photo.label or photo.boxes for photo in photos):
        wanted = tuple(c for c in wanted if c not in ABOUT_LABELS)
    jobs = [(photo, parts_for(wanted)) for photo in photos]
    results: list[Examined] = []
    for batch in _batches(jobs, lambda: False):
        results += [examined for examined, _ in batch.results]
        report(Progress("photos", len(results), len(jobs), len(batch.results)))
    results.sort(key=lambda e: e.photo.id)
    found = {e.photo.id: list(only(e, wanted)) for e in results}
    for photo, more in compare(results, wanted, Context(pack)).items():
        found[photo] += more
    return found


@dataclass(frozen=True, slots=True)
class _Batch:
    results: list[tuple[Examined, Sequence[Part]]]
    seconds: float


def _jobs(store: Store, ids: Sequence[int], parts: Sequence[Part]) -> list[tuple[int, Sequence[Part]]]:
    """The photos that some part has not seen as they are now, with those parts."""
    found: list[tuple[int, Sequence[Part]]] = []
    same: dict[tuple[Part, ...], tuple[Part, ...]] = {}  # 150,000 photos need no tuple each
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        with store.read() as session:
            photos, known = room.photos(session, chunk), room.stamps(session, chunk)
        for photo in photos:
            file = file_stamp(photo.path)
            new = tuple(p for p in parts if known.get((photo.id, p.name)) != stamp(p, photo, file))
            if new or (photo.id, FILE) not in known:
                found.append((photo.id, same.setdefault(new, new)))
    return found


def _loaded(store: Store, jobs: Sequence[tuple[int, Sequence[Part]]]) -> Iterator[tuple[Photo, Sequence[Part]]]:
    """The photos with what is known of them, a chunk at a time, as they stand when their turn comes."""
    for start in range(0, len(jobs), CHUNK):
        wanted = dict(jobs[start : start + CHUNK])
        with store.read() as session:
            photos = room.photos(session, list(wanted))
        yield from ((photo, wanted[photo.id]) for photo in photos)


def _batches(jobs: Iterable[tuple[Photo, Sequence[Part]]], stop: Stop) -> Iterator[_Batch]:
    """Examine on as many threads as there are processors; raises :class:`Stopped` after what was done is handed out."""
    start = last = monotonic()
    threads = os.cpu_count() or 1
    waiting = iter(jobs)
    held: list[tuple[Examined, Sequence[Part]]] = []
    with ThreadPoolExecutor(threads, thread_name_prefix="checks", initializer=_one_thread_each) as pool:
        running: dict[Future[Examined], Sequence[Part]] = {}
        while not stop():
            while len(running) < 2 * threads and (job := next(waiting, None)) is not None:
                running[pool.submit(examine, *job)] = job[1]
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            held += [(future.result(), running.pop(future)) for future in done]
            if len(held) >= BATCH or monotonic() - last > BATCH_SECONDS:
                yield _Batch(held, monotonic() - start)
                held, last = [], monotonic()
        begun = [(future, parts) for future, parts in running.items() if not future.cancel()]
        held += [(future.result(), parts) for future, parts in begun]
    if held:
        yield _Batch(held, monotonic() - start)
    if stop():
        raise Stopped


def _compare_stored(store: Store, wanted: Sequence[str], pack: Pack, actor: str, report: Report, stop: Stop) -> None:
    needed = sets_for(wanted)
    if not needed:
        return
    with store.read() as session:
        examined = room.load_examined(session, room.photos(session), {name for part in needed for name in part.needs})
        known = room.pairs(session)

    def keep_pairs() -> None:
        fresh = {pair: verdict for pair, verdict in context.pairs.items() if known.get(pair) != verdict}
        with store.write(actor) as session:
            room.save_pairs(session, fresh)
        known.update(fresh)

    def progress(done: int, whole: int) -> None:
        report(Progress("sets", done, whole))
        stopped = stop()
        if stopped or len(context.pairs) >= len(known) + PAIRS:  # comparing takes minutes: it goes on where it stopped
            keep_pairs()
        if stopped:
            raise Stopped

    context = Context(pack, progress, dict(known))
    found = compare(examined, wanted, context)
    keep_pairs()
    with store.write(actor) as session:
        checks = {check for part in needed for check in part.checks}.intersection(wanted)
        room.save_compared(session, checks, found)
    report(Progress("sets", 1, 1, len(found)))


def _one_thread_each() -> None:
    """The photos are spread over threads already."""
    import cv2

    cv2.setNumThreads(1)
