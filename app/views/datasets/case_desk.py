"""What the sheet of cases asks of the rooms below, on threads of the background."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.datasets.case_tables.mapping import Mapping
    from app.datasets.case_tables.plan import CasePlan
    from app.datasets.case_tables.table import Table

FIELDS = (
    "patient", "visit", "visited", "age", "birth", "sex", "site", "duration", "history", "pathology", "centre",
    "diagnosis", "diagnosis_source", "photo", "lesion",
)  # fmt: skip


def opened(path: Path, mapping: Mapping | None) -> tuple[Table, Mapping]:
    """The table, and the mapping given or guessed from its headings. Raises UserError for what cannot be read."""
    from app.datasets.case_tables.mapping import guess_mapping
    from app.datasets.case_tables.reading import read_table

    table = read_table(path, sheet=(mapping.sheet or None) if mapping else None)
    return table, mapping or guess_mapping(table)


def mapping_in(path: Path) -> Mapping:
    from app.datasets.case_tables.mapping import read_mapping

    return read_mapping(path)


def changed(mapping: Mapping, columns: MappingOf[str, str], **more: Any) -> Mapping:
    """The mapping with these columns and other values in it. Raises UserError ``mapping_wrong``."""
    from app.datasets.case_tables.mapping import make_mapping

    raw = mapping.model_dump()
    raw["columns"] = {**raw["columns"], **columns}
    return make_mapping({**raw, **more})


def save_mapping(mapping: Mapping, path: Path) -> None:
    from app.common.files import write_atomically
    from app.datasets.case_tables.mapping import mapping_as_toml

    write_atomically(path, mapping_as_toml(mapping).encode())


def plan(session: Any, table: Table, mapping: Mapping) -> CasePlan:
    from app.datasets.case_tables.planning import plan_cases

    return plan_cases(session, table, mapping)


def import_cases(store: Any, actor: str, table: Table, mapping: Mapping) -> CasePlan:
    """``store``: the door itself, as the import makes its own session."""
    from app.datasets.case_tables.importing import import_cases

    return import_cases(store, table, mapping, actor)


def field_words(name: str) -> str:
    """What a meaning is called in the present language."""
    from app.datasets.case_tables.words import field_words

    return field_words(name)
