"""Statistics of several readers and cases: published numbers, slow definitions, and tables that are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from app.evaluation.mrmc import Figures, auc_figures, compare, covariances, mean_figures, reader_mean
from tests.contract import CommandLine

HEAD = "reader,treatment,case,truth,rating\n"


@pytest.fixture
def squama(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return CommandLine(capsysbinary)


def test_van_dykes_readings_give_the_published_analysis(squama: CommandLine, shared_data: Path) -> None:
    """Hillis' worked example, to the digits that are printed there."""
    found = squama("study_analyse_table", "study", "analyse-table", shared_data / "reader_study" / "vandyke.csv")
    assert isinstance(found, dict)
    assert (found["readers"], found["cases"], found["normal"], found["abnormal"]) == (5, 114, 69, 45)
    assert found["difference"]["estimate"] == pytest.approx(-0.043800, abs=5e-7)
    assert found["difference"]["se"] == pytest.approx(0.020749, abs=5e-7)
    assert found["difference"]["low"] == pytest.approx(-0.08796, abs=5e-6)
    assert found["difference"]["high"] == pytest.approx(0.00036, abs=5e-6)
    assert found["F"] == pytest.approx(4.4563, abs=5e-5)
    assert (found["df1"], round(found["df2"], 2)) == (1, 15.26)
    assert found["p"] == pytest.approx(0.05167, abs=5e-6)


def readings(seed: int, readers: int = 3, cases: int = 14) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.array([0, 0, 1, 1, *rng.integers(0, 2, cases - 4)])
    ratings = rng.integers(1, 6, (2, readers, cases)) + truth * rng.integers(0, 3, (2, readers, 1))
    return ratings.astype(float), truth


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_areas_and_their_jackknife_are_those_of_the_definition(seed: int) -> None:
    ratings, truth = readings(seed)
    figures = auc_figures(ratings, truth)
    for t in range(2):
        for r in range(3):
            assert figures.values[t, r] == pytest.approx(roc_auc_score(truth, ratings[t, r]))
            for n in range(len(truth)):
                keep = np.arange(len(truth)) != n
                if 0 < truth[keep].sum() < keep.sum():
                    slow = roc_auc_score(truth[keep], ratings[t, r, keep])
                    assert figures.left_out[n, t, r] == pytest.approx(slow)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_swapping_treatments_turns_the_sign_and_nothing_else(seed: int) -> None:
    ratings, truth = readings(seed)
    one, other = (compare(auc_figures(r, truth)) for r in (ratings, ratings[::-1]))
    assert other.estimate == pytest.approx(-one.estimate)
    assert (other.f, other.p, other.se) == pytest.approx((one.f, one.p, one.se))
    low, high = one.interval
    assert (-high, -low) == pytest.approx(other.interval)
    assert low <= one.estimate <= high


def test_means_have_the_binomials_variance() -> None:
    """One reading of N cases: the jackknife's variance of a share is p (1 - p) / (N - 1)."""
    scores = np.array([[[1, 0, 1, 1, 0, 1, 1, 1]] * 2] * 2, float)
    p = 6 / 8
    cov = covariances(mean_figures(scores))
    assert cov.var == pytest.approx(p * (1 - p) / 7)
    assert cov.cov1 == pytest.approx(cov.var)  # all four readings are the same
    assert cov.cov2 == pytest.approx(cov.var)


def test_readers_who_all_agree_leave_the_cases_error() -> None:
    scores = np.array([[[1, 0, 1, 1, 0, 1, 1, 1]] * 4], float)
    found = reader_mean(mean_figures(scores))
    assert found.estimate == 0.75
    assert found.se == pytest.approx(np.sqrt(0.75 * 0.25 / 7))
    same = compare(Figures(np.array([[0.8, 0.7], [0.8, 0.7]]), np.full((5, 2, 2), 0.75)))
    assert (same.estimate, same.p) == (0.0, 1.0)
    with pytest.raises(ValueError, match="two treatments"):
        compare(mean_figures(scores))


def rows(readers: str = "ab", treatments: str = "xy", cases: int = 6) -> list[str]:
    return [
        f"{r},{t},{c},{c % 2},{(c * 7 + ord(r) + ord(t)) % 5}"
        for r in readers
        for t in treatments
        for c in range(cases)
    ]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (rows()[:-1], "readings_incomplete"),
        ([*rows(), rows()[0]], "readings_wrong"),
        ([*rows()[:-1], "b,y,5,0,1"], "readings_wrong"),
        ([*rows()[:-1], "b,y,5,1,high"], "readings_wrong"),
        ([*rows()[:-1], "b,y,5,1,nan"], "readings_wrong"),
        ([*rows()[:-1], "b,,5,1,1"], "readings_wrong"),
        (rows(readers="a"), "readings_design"),
        (rows(treatments="xyz"), "readings_design"),
        (rows(cases=3), "readings_design"),
    ],
)
def test_what_cannot_be_analysed_is_said(lines: list[str], code: str, squama: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "readings.csv"
    file.write_text(HEAD + "\n".join(lines), encoding="utf-8")
    refused = squama("error", "study", "analyse-table", file, status=2)
    assert isinstance(refused, dict)
    assert refused["error"]["code"] == code


def test_a_missing_column_is_named(squama: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "readings.csv"
    file.write_text("reader,treatment,case,truth\na,x,1,0\n", encoding="utf-8")
    refused = squama("error", "study", "analyse-table", file, status=2)
    assert isinstance(refused, dict)
    assert refused["error"]["code"] == "no_such_column"
