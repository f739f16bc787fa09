"""The subcommands of reader studies."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from app.cli_common import Outcome
from app.cli_parser import Common


def _analyse_table(_common: Common, options: Namespace) -> Outcome:
    from app.study.readings_table import analyse, read_readings

    return Outcome(analyse(read_readings(Path(options.table))))


COMMANDS: dict[str, Callable[[Common, Namespace], Outcome]] = {"study analyse-table": _analyse_table}
