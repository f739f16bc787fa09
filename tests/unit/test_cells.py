"""Cells of exported tables are no formulas."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.common.cells import plain_cell, safe_cell
from app.common.places import ROOT
from app.evaluation.predictions import BoxPrediction, CasePrediction, box_table, case_table

FORMULA = "=HYPERLINK(1)"


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


@given(st.text(st.sampled_from("=+-@'\t\r\na1. "), max_size=5))
def test_the_text_comes_back(text: str) -> None:
    cell = str(safe_cell(text))
    assert plain_cell(cell) == text
    assert not cell.startswith(("=", "@", "\t", "\r"))


def test_every_writer_of_tables_uses_it() -> None:
    """A new one that forgets fails here; what holds only our own words and numbers is named."""
    writers = [f for f in sorted((ROOT / "app").rglob("*.py")) if "csv.writer(" in f.read_text(encoding="utf-8")]
    assert writers
    rewrites_as_it_was = {"erased_files.py"}
    assert [f.name for f in writers if "safe_cell" not in f.read_text(encoding="utf-8")] == sorted(rewrites_as_it_was)


def test_predictions() -> None:
    one = CasePrediction(FORMULA, f"{FORMULA}.jpg", "@patient", "r", "a", (0.5, 0.5))
    rows = list(csv.reader(case_table([one], ["a", "b"]).splitlines()))
    assert rows[1][:3] == [f"'{FORMULA}", f"'{FORMULA}.jpg", "'@patient"]
    rows = list(csv.reader(box_table([BoxPrediction(FORMULA, -1.0, 0, 1, 1, "a", 0.5)]).splitlines()))
    assert rows[1][:2] == [f"'{FORMULA}", "-1.00"]
