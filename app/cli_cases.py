"""The subcommands of patients and their visits."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from app.cli_common import DONE, PARTLY, Outcome, opened
from app.cli_parser import Common


def _import_cases(common: Common, options: Namespace) -> Outcome:
    from app.datasets.case_tables.importing import import_cases
    from app.datasets.case_tables.mapping import guess_mapping, read_mapping
    from app.datasets.case_tables.reading import read_table

    mapping = read_mapping(Path(options.mapping)) if options.mapping else None
    table = read_table(Path(options.table), sheet=mapping.sheet or None if mapping else None)
    with opened(common) as (_, store):
        plan = import_cases(store, table, mapping or guess_mapping(table), common.actor, dry_run=options.dry_run)
    return Outcome(plan.as_json(), PARTLY if plan.rejected else DONE)


def _erase_patient(common: Common, options: Namespace) -> Outcome:
    from app.datasets.keeping.erasing import erase_patient

    with opened(common) as (workspace, store):
        erased = erase_patient(store, workspace, options.code, common.actor)
    for note in erased.notes():
        sys.stderr.write(f"{note}\n")
    return Outcome(erased.as_json())


COMMANDS: dict[str, Callable[[Common, Namespace], Outcome]] = {
    "cases import": _import_cases,
    "patient erase": _erase_patient,
}
