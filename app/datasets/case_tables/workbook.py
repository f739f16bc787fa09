"""Reading an Excel workbook (.xlsx) as a :class:`Table`: values as Excel last computed them, nothing is executed.

The file may come from anywhere: its size is known before it is unpacked, entities in its XML are refused (openpyxl uses
defusedxml), and rows and columns are counted as they are read.
"""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any

from app.common.errors import UserError
from app.datasets.case_tables.table import (
    MOST_BYTES,
    MOST_COLUMNS,
    MOST_ROWS,
    Table,
    check_extent,
    checked_cell,
    with_heading,
)

MOST_UNPACKED = 512 << 20
_MEMBERS = 5_000
_PROBE = 1 << 20


def read_workbook(data: bytes, name: str, sheet: str | None) -> Table:
    """As :func:`app.datasets.case_tables.reading.read_table`, of a workbook's bytes."""
    has_formulas = _look_inside(data, name)
    with _in_words(name), _opened(data) as book:
        sheets = [s for s in book.worksheets if s.sheet_state == "visible"] or list(book.worksheets)
        if sheet is not None:
            sheets = [s for s in book.worksheets if s.title == sheet]
        epoch_1904 = book.epoch.year == 1904
        for one in sheets:
            found, damaged = _rows(one, name)
            if found:
                if has_formulas:
                    damaged |= _uncomputed(data, one.title, {n: len(cells) for n, cells in found})
                return with_heading(name, found, damaged, one.title, "xlsx", epoch_1904)
    if sheet is not None and not sheets:
        raise UserError("table_no_sheet", file=name, sheet=sheet)
    raise UserError("table_empty", file=name)


def _look_inside(data: bytes, name: str) -> bool:
    """Whether any cell holds a formula. Raises UserError ``table_too_large``, ``table_damaged``, ``table_kind``."""
    with _in_words(name), zipfile.ZipFile(io.BytesIO(data)) as zip_:
        members = zip_.infolist()
        if sum(m.file_size for m in members) > MOST_UNPACKED or len(members) > _MEMBERS:
            raise UserError(
                "table_too_large", file=name, rows=f"{MOST_ROWS:,}", columns=MOST_COLUMNS, mb=MOST_BYTES >> 20
            )
        if "[Content_Types].xml" not in zip_.namelist() or not any(n.startswith("xl/") for n in zip_.namelist()):
            raise UserError("table_kind", file=name)
        return any(_holds_formula(zip_, m) for m in members if m.filename.startswith("xl/worksheets/"))


def _holds_formula(zip_: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    with zip_.open(member) as file:
        before = b""
        while chunk := file.read(_PROBE):
            window = before + chunk
            if b"<f>" in window or b"<f " in window or b"<f/" in window or b":f>" in window:
                return True
            before = window[-4:]
    return False


@contextmanager
def _opened(data: bytes, *, values: bool = True) -> Iterator[Any]:
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what openpyxl cannot keep (styles, extensions) is of no interest here
        with closing(load_workbook(io.BytesIO(data), read_only=True, data_only=values, keep_links=False)) as book:
            yield book


def _rows(sheet: Any, name: str) -> tuple[list[tuple[int, list[str]]], dict[int, UserError]]:
    found: list[tuple[int, list[str]]] = []
    damaged: dict[int, UserError] = {}
    sheet.reset_dimensions()  # what the file says of its extent is often the whole sheet
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        values = [(c.value, c.data_type) for c in cells]
        while values and values[-1][0] in (None, ""):
            values.pop()
        row = [
            checked_cell(_as_text(v, c.number_format), number, name) for (v, _), c in zip(values, cells, strict=False)
        ]
        if not any(row):
            continue
        found.append((number, row))
        check_extent(name, len(found), len(row))
        broken = next((n for n, (_, kind) in enumerate(values) if kind == "e"), None)
        if broken is not None:
            damaged[number] = UserError("table_cell_error", cell=_address(broken, number), value=row[broken])
    return found, damaged


def _uncomputed(data: bytes, title: str, widths: dict[int, int]) -> dict[int, UserError]:
    """Rows with a formula whose value is not in the file: another program wrote it and Excel never opened it."""
    damaged: dict[int, UserError] = {}
    with _opened(data) as shown, _opened(data, values=False) as written:
        shown[title].reset_dimensions()
        written[title].reset_dimensions()
        pairs = zip(shown[title].iter_rows(values_only=True), written[title].iter_rows(), strict=False)
        for number, (values, cells) in enumerate(pairs, start=1):
            for column, (value, cell) in enumerate(zip(values, cells, strict=False)):
                if value is None and cell.data_type == "f":
                    damaged.setdefault(number, UserError("table_formula", cell=_address(column, number)))
    return damaged


def _as_text(value: object, shown_as: str = "General") -> str:
    """As a person reads it in Excel, where that matters: a patient's number 42 shown as 00000042 is that."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, int | float) and set(shown_as) == {"0"} and float(value).is_integer():
        return str(int(value)).zfill(len(shown_as))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def _address(column: int, row: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


@contextmanager
def _in_words(name: str) -> Iterator[None]:
    """What openpyxl, zipfile and the XML parser raise for a file that is broken in one of many ways."""
    from openpyxl.utils.exceptions import InvalidFileException

    broken: Sequence[type[Exception]] = (
        zipfile.BadZipFile, zlib.error, InvalidFileException, EOFError, OSError, KeyError, ValueError, TypeError,
        IndexError, AttributeError, SyntaxError, NotImplementedError, RuntimeError, OverflowError,
    )  # fmt: skip
    try:
        yield
    except tuple(broken) as error:
        raise UserError("table_damaged", file=name, reason=str(error)[:200] or type(error).__name__) from error
