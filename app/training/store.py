"""The only door of this room to the database: which runs there were, for the lineage of models."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.common.errors import UserError
from app.common.workspace import Workspace
from app.datasets.people import audit, require
from app.datasets.store import open_store
from app.training.runs import RunInfo, show_run
from db.tables import Run

_log = logging.getLogger(__name__)


def may_train(workspace: Workspace, actor: str) -> None:
    """Raises UserError ``not_allowed``, and the database's."""
    with closing(open_store(workspace)) as store, store.write(actor) as session:
        require(session, "train")


def record_run(workspace: Workspace, folder: Path, actor: str) -> None:
    """Write down how a run stands, once more or for the first time; only a new state is audited.

    The folder is the truth: a database that is busy or full is said in the log and stops no training.
    """
    try:
        run = show_run(workspace, folder)
        with closing(open_store(workspace)) as store, store.write(actor) as session:
            _record(session, run)
    except UserError as error:
        _log.warning("a run was not recorded: %s", error.code)


def _record(session: Session, run: RunInfo) -> None:
    facts: dict[str, Any] = {
        "plan": run.plan.model_dump(mode="json", exclude_none=True),
        "epoch": run.epoch,
        "scores": run.scores,
        "model": run.model,
        "error": run.error["code"] if run.error else None,
    }
    row = session.scalar(select(Run).where(Run.name == run.name))
    if row is None:
        row = Run(name=run.name, state="")
        session.add(row)
    before = row.state
    row.task, row.network, row.dataset = run.plan.task, run.plan.network, run.plan.dataset
    row.state, row.payload = run.state, facts
    session.flush()
    if before != run.state:
        audit(session, f"run {run.state}", "run", run.name, facts)
