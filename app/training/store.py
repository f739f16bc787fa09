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
from app.datasets.freezing.versions import list_datasets
from app.datasets.people import audit, require
from app.datasets.store import open_store
from app.training.runs import RunInfo, show_run
from db.tables import Run

_log = logging.getLogger(__name__)


def may_train(workspace: Workspace, actor: str) -> None:
    """Raises UserError ``not_allowed``, and the database's."""
    with closing(open_store(workspace)) as store, store.write(actor) as session:
        require(session, "train")


def long_name(workspace: Workspace, dataset: str) -> str:
    """NAME@HASH of the frozen version that ``dataset`` means today: a later one must not slip into a run that waits.

    Raises:
        UserError: ``no_such_dataset``, ``version_reduced``, and the database's.
    """
    name, at, hash_ = dataset.partition("@")
    with closing(open_store(workspace)) as store, store.read() as session:
        versions = list_datasets(session)
    fitting = [v for v in versions if v.name == name and (v.hash.startswith(hash_) if at else not v.reduced)]
    if not fitting:
        known = ", ".join(v.full_name for v in versions if not v.reduced)
        raise UserError("no_such_dataset", dataset=dataset, known=known or "-")
    if fitting[0].reduced:
        raise UserError("version_reduced", dataset=fitting[0].full_name, now=f"{name}@{fitting[0].reduced_to}")
    return fitting[0].full_name


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
