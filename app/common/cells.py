"""Cells of a table that others open: none of them may act as a formula there."""

from __future__ import annotations

_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: object) -> object:
    """The value as a cell of a CSV or Excel table: text that a spreadsheet might compute gets an apostrophe before it.

    Numbers stay numbers, and so does text that is one ("-3.5"). After OWASP's "CSV Injection".
    """
    if not isinstance(value, str) or not value.startswith(_STARTS) or _is_number(value):
        return value
    return f"'{value}"


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return word.isascii() and not word[:1].isspace()
