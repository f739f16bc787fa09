"""The subcommand ``experiment``."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from app.cli_common import DONE, Outcome, new_folder, workspace_of
from app.cli_parser import Common


def _experiment(common: Common, options: Namespace) -> Outcome:
    from app.datasets.freezing.versions import load_dataset
    from app.training.experiments.experiment import MARK, Wanted, run_experiment

    out = Path(options.out)
    if options.force or not (out / MARK).is_file():  # an experiment's own folder is gone on with
        out = new_folder(options.out, options.force)
    workspace = workspace_of(common)
    wanted = Wanted(
        options.kind,
        options.folds,
        options.repeats,
        tuple(name for name in (options.networks or "").split(",") if name),
        options.quick,
        options.engine,
        options.workers,
        options.recipe,
    )
    dataset = load_dataset(workspace, options.dataset)
    return Outcome(run_experiment(wanted, dataset, workspace, out, _say), DONE)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


COMMANDS: dict[str, Callable[[Common, Namespace], Outcome]] = {"experiment": _experiment}
