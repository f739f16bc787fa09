"""Reading a hospital's table: CSV in whatever encoding Chinese and Western programs write, or an Excel workbook.

A cell is text here, whatever it was: a date of Excel's is ``2024-03-05``, a whole number has no ``.0``. What cannot be
read for certain is an error of its row, never a guess.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath

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
from app.datasets.case_tables.workbook import read_workbook

_DELIMITERS = (",", ";", "\t")
_SAMPLE = 50
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # old Excel, and any Excel file with a password


def read_table(source: Path | bytes, name: str = "", sheet: str | None = None) -> Table:
    """The table in a file; its first row with at least two filled cells names the columns, empty rows are left out.

    Args:
        source: the file, or its bytes.
        name: what the file is called, for messages (default: the file's own name).
        sheet: of a workbook; None for the first visible one that holds anything.

    Raises:
        UserError: ``table_unreadable, table_too_large, table_old_excel, table_kind, table_damaged, table_encoding,
            table_empty, table_no_sheet``.
    """
    data, name = _bytes(source, name)
    if data.startswith(_OLE):
        raise UserError("table_old_excel", file=name)
    if data.startswith(b"PK\x03\x04"):
        return read_workbook(data, name, sheet)
    if PurePath(name).suffix.lower() in (".xls", ".xlsx", ".xlsm", ".ods", ".numbers", ".pdf", ".doc", ".docx"):
        raise UserError("table_kind", file=name)
    return _read_csv(data, name)


def _bytes(source: Path | bytes, name: str) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        data, name = source, name or "table"
    else:
        name = name or source.name
        try:
            with source.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise UserError("table_unreadable", file=name, reason=error.strerror or type(error).__name__) from error
    if len(data) > MOST_BYTES:
        raise UserError("table_too_large", file=name, rows=f"{MOST_ROWS:,}", columns=MOST_COLUMNS, mb=MOST_BYTES >> 20)
    return data, name


def _read_csv(data: bytes, name: str) -> Table:
    words, encoding = _decoded(data, name)
    first, _, rest = words.partition("\n")
    skipped = 0
    delimiter = None
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:  # how Excel is told the separator
        words, skipped, delimiter = rest, 1, first.strip()[4]
    found: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(words, newline=""), delimiter=delimiter or _delimiter(words), strict=True)
    number = skipped
    try:
        for cells in reader:
            number += 1
            row = [checked_cell(c, number, name) for c in cells]
            if any(row):
                found.append((number, row))
                check_extent(name, len(found), _filled(row))
    except csv.Error as error:
        raise UserError("table_damaged", file=name, reason=f"{number + 1}: {error}") from error
    return with_heading(name, found, {}, None, encoding)


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    """The text and its encoding: by the byte order mark, else UTF-8, else what Chinese Windows writes."""
    marks = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    tried = [encoding for mark, encoding in marks if data.startswith(mark)]
    tried = tried or _without_mark(data)
    for encoding in tried:
        try:
            words = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in words:
            return words, encoding
    raise UserError("table_encoding", file=name)


def _without_mark(data: bytes) -> list[str]:
    start = data[:4000]
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) > len(start) // 8:  # every other byte of Western letters in UTF-16
        return ["utf-16-be" if even > odd else "utf-16-le"]
    return ["utf-8", "gb18030"]


def _delimiter(words: str) -> str:
    """The separator by which the first rows have the same number of columns, at least two; the more the better."""
    best = (0.0, 0, ",")
    for one in _DELIMITERS:
        widths = Counter(_widths(words, one))
        width, rows = max(widths.items(), key=lambda w: (w[1], w[0]), default=(0, 0))
        if width > 1:
            best = max(best, (rows / widths.total(), width, one))
    return best[2]


def _widths(words: str, delimiter: str) -> list[int]:
    found: list[int] = []
    try:
        for cells in csv.reader(io.StringIO(words, newline=""), delimiter=delimiter, strict=True):
            if any(c.strip() for c in cells):
                found.append(len(cells))
            if len(found) == _SAMPLE:
                break
    except csv.Error:
        return []
    return found


def _filled(cells: Sequence[str]) -> int:
    return max((n for n, cell in enumerate(cells, start=1) if cell), default=0)
