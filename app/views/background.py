"""Work off the GUI thread, through two doors: ``read`` and ``change``; and ``work`` for what needs no database.

Reads and changes run in order on one thread, which alone holds the database. A change is one transaction; when it is
through, ``changed`` tells every page what it touched. Errors come back to the GUI thread: a ``UserError`` goes to the
caller's ``failed`` or to the message bar, anything else is a bug and goes to the exception hook.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Signal

from app.common.errors import UserError

T = TypeVar("T")
Done = Callable[[T], object]
Failed = Callable[[UserError], object]
Lane = Literal["work", "photo", "ahead", "save"]

LANES: dict[Lane, int] = {"work": 2, "photo": 1, "ahead": 1, "save": 1}
"""Threads of each lane: the photo that a person waits for never stands behind an export, or behind its neighbours."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change touched: ``topics`` out of images, cases, annotations, predictions; ``image`` if it was one."""

    topics: frozenset[str]
    image: Any = None


class DatabaseDoor(Protocol):
    """What this module needs of ``db.connection.Database``."""

    def read(self, actor: str = "") -> AbstractContextManager[Any]: ...

    def write(self, actor: str) -> AbstractContextManager[Any]: ...

    def close(self) -> None: ...


class Background(QObject):
    changed = Signal(object)  # Changed
    user_error = Signal(object)  # UserError that no caller wanted
    _deliver = Signal(object)

    def __init__(self, actor: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._actor = actor
        self._door: DatabaseDoor | None = None
        self._database_thread = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._lanes = {name: ThreadPoolExecutor(n, thread_name_prefix=name) for name, n in LANES.items()}
        self._waiting = 0
        self._closed = False
        self._deliver.connect(self._run_delivery)

    @property
    def idle(self) -> bool:
        """Nothing under way and nothing left to deliver."""
        return self._waiting == 0

    @property
    def has_database(self) -> bool:
        return self._door is not None

    def set_actor(self, actor: str) -> None:
        """Who does what is asked for from now on."""
        self._actor = actor

    def open(self, opener: Callable[[], DatabaseDoor], done: Done[None], failed: Failed | None = None) -> None:
        """Open the database on its own thread; reads and changes asked for from now on wait behind it."""

        def keep() -> None:
            self._door = opener()

        self._start(self._database_thread, keep, done, failed, self)

    def read(
        self, ask: Callable[[Any], T], done: Done[T], failed: Failed | None = None, owner: QObject | None = None
    ) -> None:
        """Run ``ask(session)`` on the database thread, then ``done(result)`` here, unless ``owner`` is gone by then."""
        actor = self._actor

        def run() -> T:
            with self._opened().read(actor) as session:
                return ask(session)

        self._start(self._database_thread, run, done, failed, owner)

    def change(
        self,
        make: Callable[[Any], T],
        touches: Changed,
        done: Done[T] | None = None,
        failed: Failed | None = None,
        owner: QObject | None = None,
    ) -> Future[T]:
        """Run ``make(session)`` in one transaction on the database thread, then announce ``touches``.

        It is done by the person who is at work now, whoever it is when its turn comes; until then it can be cancelled.
        """
        actor = self._actor

        def run() -> T:
            with self._opened().write(actor) as session:
                return make(session)

        return self._start(self._database_thread, run, self._announcing(touches, done, owner), failed, None)

    def through(
        self,
        run: Callable[[Any, str], T],
        touches: Changed,
        done: Done[T] | None = None,
        failed: Failed | None = None,
        owner: QObject | None = None,
    ) -> None:
        """Run ``run(door, actor)`` on the database thread: something that makes its own sessions; then announce."""
        actor = self._actor
        self._start(
            self._database_thread,
            lambda: run(self._opened(), actor),
            self._announcing(touches, done, owner),
            failed,
            None,
        )

    def work(
        self,
        run: Callable[[], T],
        done: Done[T],
        failed: Failed | None = None,
        owner: QObject | None = None,
        lane: Lane = "work",
    ) -> Future[T]:
        """Run something that needs no database; the future can be cancelled while it waits its turn."""
        return self._start(self._lanes[lane], run, done, failed, owner)

    def save_later(self, save: Callable[[], None]) -> Future[None]:
        """Write a small file, in order with the others; what has not begun can be cancelled for a newer one."""
        return self._start(self._lanes["save"], save, lambda _: None, None, None)

    def close(self) -> None:
        """Finish what is under way (nothing saved is lost), then close the database."""
        if self._closed:
            return
        self._closed = True
        for name, lane in self._lanes.items():
            lane.shutdown(wait=True, cancel_futures=name != "save")
        self._database_thread.shutdown(wait=True)
        if self._door is not None:
            self._door.close()

    def _announcing(self, touches: Changed, done: Done[T] | None, owner: QObject | None) -> Done[T]:
        def announce(result: T) -> None:
            if done is not None and (owner is None or shiboken6.isValid(owner)):
                done(result)
            self.changed.emit(touches)

        return announce

    def _opened(self) -> DatabaseDoor:
        if self._door is None:
            raise UserError("workspace_not_open")
        return self._door

    def _start(
        self,
        pool: ThreadPoolExecutor,
        run: Callable[[], T],
        done: Done[T],
        failed: Failed | None,
        owner: QObject | None,
    ) -> Future[T]:
        if self._closed:  # a last repaint may still ask for a thumbnail
            nothing: Future[T] = Future()
            nothing.cancel()
            return nothing
        self._waiting += 1
        future = pool.submit(run)
        future.add_done_callback(lambda f: self._send(lambda: self._finish(f, done, failed, owner)))
        return future

    def _send(self, delivery: Callable[[], None]) -> None:
        if shiboken6.isValid(self):
            self._deliver.emit(delivery)

    def _run_delivery(self, delivery: Callable[[], None]) -> None:
        self._waiting -= 1
        if not self._closed:
            delivery()

    def _finish(self, future: Future[T], done: Done[T], failed: Failed | None, owner: QObject | None) -> None:
        if owner is not None and not shiboken6.isValid(owner):
            return
        if future.cancelled():
            return
        try:
            error = future.exception()
        except CancelledError:
            return
        if error is None:
            done(future.result())
        elif isinstance(error, UserError):
            (failed or self.user_error.emit)(error)
        else:
            sys.excepthook(type(error), error, error.__traceback__)
