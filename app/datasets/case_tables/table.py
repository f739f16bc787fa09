"""A table of cells as text, with its limits: what reading CSV and Excel both end in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.common.errors import UserError

MOST_BYTES = 64 << 20
MOST_ROWS = 200_000
MOST_COLUMNS = 500
LONGEST_CELL = 32_767
"""Excel's own limit."""
_TITLE_ROWS = 20


@dataclass(frozen=True, slots=True)
class Table:
    """``rows``: the cells of each row, as many as ``columns``; ``numbers``: their row numbers as a spreadsheet shows
    them. ``damaged``: row number -> why its cells cannot be trusted. ``epoch_1904``: how numbers mean dates (old Macs).
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    sheet: str | None = None
    encoding: str = "xlsx"
    damaged: Mapping[int, UserError] = field(default_factory=dict)
    epoch_1904: bool = False

    def place(self, column: str) -> int:
        """Where the column stands that is called so, in capitals or not. Raises UserError ``no_such_column``."""
        names = [c.strip().casefold() for c in self.columns]
        if column.strip().casefold() not in names:
            raise UserError("no_such_column", file=self.name, column=column, known=", ".join(self.columns))
        return names.index(column.strip().casefold())


def with_heading(
    name: str,
    found: Sequence[tuple[int, Sequence[str]]],
    damaged: Mapping[int, UserError],
    sheet: str | None,
    encoding: str,
    epoch_1904: bool = False,
) -> Table:
    """The table of numbered rows, none of them empty. Raises UserError ``table_empty``, ``table_too_large``."""
    titles = (n for n, (_, cells) in enumerate(found[:_TITLE_ROWS]) if sum(bool(c) for c in cells) > 1)
    at = next(titles, None)
    if at is None:
        raise UserError("table_empty", file=name)
    columns = tuple(found[at][1])
    while columns and not columns[-1]:
        columns = columns[:-1]
    body = found[at + 1 :]
    if not body:
        raise UserError("table_empty", file=name)
    wrong = dict(damaged)
    for number, cells in body:
        if any(cells[len(columns) :]):
            wrong.setdefault(number, UserError("table_row_too_wide", columns=len(columns)))
    rows = tuple(_fitted(cells, len(columns)) for _, cells in body)
    return Table(name, columns, rows, tuple(n for n, _ in body), sheet, encoding, wrong, epoch_1904)


def checked_cell(cell: str, number: int, name: str) -> str:
    """Raises UserError ``table_too_large`` for a cell that no spreadsheet could hold."""
    if len(cell) > LONGEST_CELL:
        raise UserError("table_cell_too_long", file=name, row=number, most=LONGEST_CELL)
    return cell.strip().strip("\ufeff")


def check_extent(name: str, rows: int, columns: int) -> None:
    """Raises UserError ``table_too_large``."""
    if rows > MOST_ROWS + 1 or columns > MOST_COLUMNS:
        raise UserError("table_too_large", file=name, rows=f"{MOST_ROWS:,}", columns=MOST_COLUMNS, mb=MOST_BYTES >> 20)


def _fitted(cells: Sequence[str], width: int) -> tuple[str, ...]:
    return (*cells[:width], *("" for _ in range(width - len(cells))))
