"""The subcommands of training, its runs, and testing models."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli_common import Outcome, new_folder, workspace_of
from app.cli_parser import Common
from app.common.errors import UserError

if TYPE_CHECKING:
    from app.training.plan import Plan

_PLAN_OPTIONS: dict[str, Any] = {
    "task": None,
    "network": None,
    "dataset": None,
    "start": "imagenet",
    "recipe": "default",
    "epochs": None,
    "seed": 0,
}
_STOPS_WITHIN = 120.0  # seconds: a batch, and writing down that it stopped


def _train(common: Common, options: Namespace) -> Outcome:
    from app.training.events import leads
    from app.training.run import train

    if options.dry_run:
        return _dry_run(common, options)
    if options.out is None:
        raise UserError("wrong_call", reason="argument --out: expected one argument", usage="squama train --help")
    out = new_folder(options.out, options.force or not leads())
    plan = _plan(options)
    return Outcome(train(plan, out, workspace_of(common), common.actor).as_json())


def _dry_run(common: Common, options: Namespace) -> Outcome:
    from app.datasets.freezing.versions import load_dataset
    from app.training.probe import probe

    plan, workspace = _plan(options), workspace_of(common)
    return Outcome(probe(plan, load_dataset(workspace, plan.dataset), workspace).as_json())


def _plan(options: Namespace) -> Plan:
    from app.training.plan import plan_of_options, read_plan

    own = {k: v for k, v in vars(options).items() if k in _PLAN_OPTIONS and v is not None}
    if options.plan is not None:
        if own:
            raise UserError("plan_or_options")
        return read_plan(Path(options.plan))
    if not {"task", "network", "dataset"} <= own.keys():
        raise UserError("plan_or_options")
    return plan_of_options(**{**_PLAN_OPTIONS, **own})


def _list(common: Common, _options: Namespace) -> Outcome:
    from app.training.runs import list_runs

    return Outcome([run.as_json() for run in list_runs(workspace_of(common))])


def _show(common: Common, options: Namespace) -> Outcome:
    from app.training.runs import show_run

    return Outcome(show_run(workspace_of(common), options.run).as_json())


def _stop(common: Common, options: Namespace) -> Outcome:
    """Asks, and waits until the batch at hand is done: what a script does next finds the run at rest."""
    from app.training.runs import pause_run, show_run

    workspace = workspace_of(common)
    run = pause_run(workspace, options.run, common.actor)
    until = time.monotonic() + _STOPS_WITHIN
    while run.state == "running" and time.monotonic() < until:
        time.sleep(0.1)
        run = show_run(workspace, options.run)
    return Outcome(run.as_json())


def _resume(common: Common, options: Namespace) -> Outcome:
    """In the background: at the end of the queue."""
    from app.training.runs import resume_run, start_runner

    workspace = workspace_of(common)
    run = resume_run(workspace, options.run, common.actor)
    start_runner(workspace)
    return Outcome(run.as_json())


def _evaluate(common: Common, options: Namespace) -> Outcome:
    from app.datasets.freezing.versions import load_dataset
    from app.inference.models import show_model
    from app.training.evaluate import evaluate

    workspace = workspace_of(common)
    out = new_folder(options.out, options.force) if options.out else None
    model = show_model(options.model, workspace)
    return Outcome(evaluate(model, load_dataset(workspace, options.dataset), options.part, out))


COMMANDS: dict[str, Callable[[Common, Namespace], Outcome]] = {
    "train": _train,
    "evaluate": _evaluate,
    "runs list": _list,
    "runs show": _show,
    "runs stop": _stop,
    "runs resume": _resume,
}
