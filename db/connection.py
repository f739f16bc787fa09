"""One door to the database: SQLite (WAL) on a local disk by default, PostgreSQL by URL.

``with database.read() as session`` sees one consistent state and writes nothing;
``with database.write("name") as session`` is one transaction that commits at the end or leaves no trace.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from db.migrating import bring_up_to_date
from db.problems import DatabaseProblem

BUSY_MS = 10_000
_WRITE = "squama_write"


@dataclass(frozen=True, slots=True)
class Database:
    """``info`` is handed to every session (the rooms keep the media folder's path there)."""

    engine: Engine
    info: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def read(self, actor: str = "") -> Iterator[Session]:
        """``actor``: on whose behalf, if anybody's in particular."""
        with _problems(), Session(self.engine, info={**self.info, "actor": actor}, autoflush=False) as session:
            yield session
            session.rollback()

    @contextmanager
    def write(self, actor: str) -> Iterator[Session]:
        """One transaction by ``actor``. SQLite takes its lock at the start: no late conflict."""
        engine = self.engine.execution_options(**{_WRITE: True})
        with _problems(), Session(engine, info={**self.info, "actor": actor}) as session, session.begin():
            yield session

    def close(self) -> None:
        self.engine.dispose()


def open_database(target: Path | str, **info: object) -> Database:
    """The database in the file ``target`` (made if missing) or behind the URL ``target``, brought to the newest schema.

    Raises:
        DatabaseProblem: ``database_damaged``, ``database_locked``, ``database_newer``, ``database_unreachable``.
    """
    url = make_url(target) if isinstance(target, str) else make_url("sqlite://").set(database=str(target))
    is_sqlite = url.get_backend_name() == "sqlite"
    engine = create_engine(url, pool_pre_ping=not is_sqlite)
    if is_sqlite:
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        with _problems():
            writing = engine.execution_options(**{_WRITE: True})
            bring_up_to_date(engine, writing, Path(url.database) if is_sqlite and url.database else None)
    except DatabaseProblem:
        engine.dispose()
        raise
    return Database(engine, dict(info))


def peek_database(file: Path, **info: object) -> Database:
    """The SQLite database in ``file`` as it is, for reading: nothing is made, migrated or written beside it.

    Without a write-ahead log nobody has the database open, and SQLite is told that the file rests: else it would put
    a log of its own there. What is no database shows at the first query.
    """
    file = file.resolve()
    resting = "" if file.with_name(f"{file.name}-wal").exists() else "&immutable=1"
    address = f"{file.as_uri()}?mode=ro{resting}"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool)
    return Database(engine, dict(info))


def _set_up_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None  # pysqlite would begin by itself, too late and never IMMEDIATE
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}").close()
    _use_write_ahead_log(connection)
    for pragma in ("foreign_keys=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}").close()


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """SQLite does not wait by itself while several connections of a new file change its mode at the same moment."""
    patience = monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or monotonic() > patience:
                raise
            sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def _problems() -> Iterator[None]:
    """The driver's errors that a person can act on, as :class:`DatabaseProblem`; others pass: they are bugs."""
    try:
        yield
    except DatabaseError as error:
        code = _code(error)
        if code is None:
            raise
        raise DatabaseProblem(code, str(error.orig)) from error


def _code(error: DatabaseError) -> str | None:
    words = str(error.orig).lower()
    if "not a database" in words or "malformed" in words:
        return "database_damaged"
    if "locked" in words or "busy" in words:
        return "database_locked"
    if "disk is full" in words:
        return "database_disk_full"
    if "readonly" in words or "read-only" in words:
        return "database_read_only"
    if "unable to open" in words or (isinstance(error, OperationalError) and "connect" in words):
        return "database_unreachable"
    return None
