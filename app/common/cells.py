"""Cells of a table that others open: none of them may act as a formula there."""

from __future__ import annotations

import re

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def safe_cell(value: object) -> object:
    """The value as a cell of a CSV or Excel table: text that a spreadsheet might compute gets an apostrophe before it.

    Numbers stay numbers, and so does text that is one ("-3.5"). After OWASP's "CSV Injection". :func:`plain_cell` gives
    the text back.
    """
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    return f"'{value}" if value.startswith(_STARTS) or _is_quoted(value) else value


def plain_cell(cell: str) -> str:
    """The text that :func:`safe_cell` made this cell of."""
    return cell[1:] if _is_quoted(cell) else cell


def _is_quoted(cell: str) -> bool:
    return cell.startswith("'") and cell.lstrip("'").startswith(_STARTS)
