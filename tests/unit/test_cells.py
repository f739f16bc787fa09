"""Cells of exported tables are no formulas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.common.cells import safe_cell


@pytest.mark.parametrize("word", ["=1+1", "+SUM(A1)", "-2+3", "@A1", "\t=1", "\r=1", "=", "-", "- note", "+86 138"])
def test_what_a_spreadsheet_might_compute_gets_an_apostrophe(word: str) -> None:
    assert safe_cell(word) == f"'{word}"


@pytest.mark.parametrize("value", [-3, 2.5, "-3", "-3.5e2", "+4", "psoriasis", "", "a=b", None, "银屑病"])
def test_the_rest_stays_as_it_is(value: object) -> None:
    assert safe_cell(value) is value


@given(st.text())
def test_nothing_begins_a_formula(word: str) -> None:
    cell = str(safe_cell(word))
    if cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        float(cell)
