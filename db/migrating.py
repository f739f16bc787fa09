"""Bring a database to the newest schema: nothing to do costs one query, and Alembic is loaded only when needed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from db.problems import DatabaseProblem

HEAD = "0003"
"""The newest revision (a test compares it with the scripts)."""

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
BACKUPS_KEPT = 5


def bring_up_to_date(engine: Engine, writing: Engine, file: Path | None) -> None:
    """Migrate to :data:`HEAD` in one transaction; an older SQLite ``file`` is copied beside itself first.

    Raises:
        DatabaseProblem: ``database_newer`` if a newer Squama made it, ``database_foreign`` if something else did.
    """
    with engine.connect() as connection:
        found = revision(connection)
    if found == HEAD:
        return
    if found is not None and file is not None:
        _back_up(file, found)
    with writing.begin() as connection:
        if revision(connection) != HEAD:  # another process may have been quicker
            _upgrade(connection)


def revision(connection: Connection) -> str | None:
    """The schema's revision, None for an empty database."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise DatabaseProblem("database_foreign")
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if found is None or str(found) > HEAD:
        raise DatabaseProblem("database_newer", str(found))
    return str(found)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _back_up(file: Path, found: str) -> None:
    """SQLite's own backup, not a file copy: the write-ahead log belongs to it."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    target = file.with_name(f"{file.stem}.before-{HEAD}-from-{found}-{stamp}{file.suffix}")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    for old in sorted(file.parent.glob(f"{file.stem}.before-*{file.suffix}"))[:-BACKUPS_KEPT]:
        old.unlink(missing_ok=True)
