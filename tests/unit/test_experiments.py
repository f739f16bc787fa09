"""Experiments: folds by patient, cells that are resumed, figures from the tables alone, and the command's contract."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.common.errors import UserError
from app.common.geometry import Box
from app.common.packs import load_pack
from app.common.workspace import Workspace, open_workspace
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage
from app.datasets.freezing.versions import load_dataset
from app.evaluation.cases import read_case_table
from app.evaluation.detection import Found
from app.evaluation.predictions import CasePrediction
from app.training.experiments import cells as cells_module
from app.training.experiments.cells import Answers, Cell, cells_of, run_fold, store, stored
from app.training.experiments.experiment import Wanted, run_experiment
from app.training.experiments.figures import of_boxes, of_cases
from app.training.experiments.folds import Fold, scarce, seen_through
from app.training.experiments.predictions import boxes_csv, read_boxes, read_truth, truth_csv
from app.training.experiments.rows import published, rows_of
from tests.contract import CommandLine

CLASSES = load_pack().keys
# The source's confusion of Xception, in %: the one table of it that is consistent with itself.
XCEPTION = ((81, 3, 3, 12, 1), (8, 69, 7, 5, 11), (6, 5, 82, 7, 0), (10, 4, 5, 80, 1), (0, 2, 0, 2, 96))


def image(n: int, label: str | None, group: str, split: str = "train", **more: Any) -> FrozenImage:
    return FrozenImage(n, Path(f"{n}.jpg"), label, (), group, None, group, split, (), 100, 80, "0" * 64, **more)  # type: ignore[arg-type]


def dataset_of(*images: FrozenImage) -> FrozenDataset:
    return FrozenDataset("d", "0" * 16, CLASSES, images)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with the frozen set "blobs": 3 diseases, 4 patients each, 2 photos each, told apart by colour."""
    from app import cli

    folder = tmp_path_factory.mktemp("blobs")
    rng = np.random.default_rng(0)
    lines = ["file,disease,patient"]
    for n in range(24):
        kind, patient = n % 3, n // 6
        pixels = rng.integers(60, 90, (64, 64, 3)) + np.eye(3, dtype=int)[kind] * 120
        (folder / f"{n}.png").write_bytes(cv2.imencode(".png", pixels.astype(np.uint8))[1].tobytes())
        lines.append(f"{n}.png,{('one', 'two', 'three')[kind]},P{kind}{patient}")
    (folder / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    workspace = open_workspace(tmp_path_factory.mktemp("experiments") / "ws")
    made = ["dataset", "import-table", folder / "table.csv", "blobs", "--image", "file", "--label", "disease"]
    made += ["--group", "patient", "--images", folder, "--new-pack", "blobs", "--workspace", workspace.root]
    assert cli.main([*map(str, made), "--json"]) == 0
    frozen = ["dataset", "freeze", "blobs", "--split", "100,0,0", "--workspace", workspace.root]
    assert cli.main([*map(str, frozen), "--json"]) == 0
    return workspace


@pytest.fixture
def blobs(place: Workspace) -> FrozenDataset:
    return load_dataset(place, "blobs")


def wanted(**more: Any) -> Wanted:
    return Wanted(
        **{"kind": "visual-features", "folds": 2, "repeats": 2, "networks": ("lbp", "colour_names"), "workers": 1}
        | more
    )


# -- folds -----------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 11)), min_size=8, max_size=60),
    st.integers(2, 4),
    st.integers(0, 3),
)
def test_a_patient_is_in_one_part_and_each_photo_is_tested_once(
    photos: list[tuple[int, int]], folds: int, repeat: int
) -> None:
    dataset = dataset_of(*(image(n, CLASSES[k], f"P{g}") for n, (k, g) in enumerate(photos)))
    if len({g for _, g in photos}) < folds:
        return
    tested: list[int] = []
    for fold in range(folds):
        try:
            seen = seen_through(dataset, Fold(folds, repeat, fold))
        except UserError:  # one patient has so many photos that the others make no two parts
            assert len({g for _, g in photos}) <= folds + 1
            return
        parts = [{i.group for i in seen.part(part)} for part in ("train", "val", "test")]
        assert len(set.union(*parts)) == sum(map(len, parts))
        assert len(seen.images) == len(photos)
        tested += [i.id for i in seen.part("test")]
        assert seen == seen_through(dataset, Fold(folds, repeat, fold))
    assert sorted(tested) == list(range(len(photos)))


def test_repeats_divide_anew() -> None:
    dataset = dataset_of(*(image(n, CLASSES[n % 5], f"P{n // 2}") for n in range(60)))
    tested = [{i.id for i in seen_through(dataset, Fold(3, repeat, 0)).part("test")} for repeat in range(4)]
    assert len({frozenset(t) for t in tested}) == 4


def test_the_test_part_and_photos_of_no_class_stay_out() -> None:
    box = (Box(1, 1, 9, 9), "eczema")
    dataset = dataset_of(
        *(image(n, "eczema", f"P{n}") for n in range(6)),
        image(6, "eczema", "P6", "test"),
        image(7, "other", "P7"),
        replace(image(8, None, "P8"), boxes=(box,)),
    )
    assert {i.id for i in seen_through(dataset, Fold(2, 0, 0)).images} == {0, 1, 2, 3, 4, 5, 8}


def test_diseases_with_fewer_patients_than_folds_are_known() -> None:
    dataset = dataset_of(*(image(n, CLASSES[n % 2], f"P{n % 5}" if n % 2 else "one") for n in range(20)))
    assert scarce(dataset, 3) == {CLASSES[0]: 1}


def test_fewer_patients_than_folds_are_refused() -> None:
    with pytest.raises(UserError) as refused:
        seen_through(dataset_of(*(image(n, CLASSES[n], f"P{n}") for n in range(2))), Fold(3, 0, 0))
    assert refused.value.code == "too_few_groups"


# -- cells -----------------------------------------------------------------------------------------------------------


def test_a_cell_is_known_by_plan_data_fold_and_seed(blobs: FrozenDataset) -> None:
    (row,) = rows_of("visual-features", ["hog"], "blobs", blobs.pack, quick=False)
    cells = cells_of(row, blobs, 3, 2, quick=False)
    assert len({cell.key for cell in cells}) == len({cell.name for cell in cells}) == 6
    assert [cell.plan.seed for cell in cells] == [0, 0, 0, 1, 1, 1]
    one = cells[0]
    other_plan = replace(one, plan=one.plan.model_copy(update={"size": 100}))
    assert len({one.key, other_plan.key, replace(one, dataset="blobs@" + "1" * 16).key}) == 3
    assert replace(one, dataset="renamed@" + blobs.hash).key == one.key
    assert len(cells_of(row, blobs, 3, 2, quick=True)) == 1


def test_what_another_plan_found_is_not_taken(tmp_path: Path, blobs: FrozenDataset) -> None:
    (row,) = rows_of("visual-features", ["hog"], "blobs", blobs.pack, quick=False)
    cell = cells_of(row, blobs, 3, 1, quick=False)[0]
    answers = Answers(cases=((1, 0, "a.jpg", "P", "one", (0.5, 0.5)),), seconds=1.0, facts={"C": 1.0})
    store(tmp_path, cell, answers)
    assert stored(tmp_path, cell) == answers
    assert stored(tmp_path, replace(cell, plan=cell.plan.model_copy(update={"seed": 7}))) is None
    (tmp_path / "cells" / f"{cell.name}.json").write_text("{", encoding="utf-8")
    assert stored(tmp_path, cell) is None


def test_a_fold_is_a_function_of_plan_fold_and_seed(place: Workspace, blobs: FrozenDataset, tmp_path: Path) -> None:
    plan = rows_of("visual-features", ["sift"], "blobs", blobs.pack, quick=True)[0].plan
    one, again = (run_fold(plan, blobs, Fold(2, 0, 1), place, tmp_path) for _ in range(2))
    assert one.cases == again.cases
    assert len(one.cases) > 0


# -- the whole -------------------------------------------------------------------------------------------------------


def counting(monkeypatch: pytest.MonkeyPatch, before: Callable[[int], None] = lambda n: None) -> list[Fold]:
    ran: list[Fold] = []

    def run(plan: Any, dataset: Any, fold: Fold, *rest: Any) -> Answers:
        before(len(ran))
        ran.append(fold)
        return run_fold(plan, dataset, fold, *rest)

    monkeypatch.setattr(cells_module, "run_fold", run)
    return ran


def test_table_predictions_and_figures(place: Workspace, blobs: FrozenDataset, tmp_path: Path) -> None:
    document = run_experiment(wanted(), blobs, place, tmp_path / "out")
    assert [(row["name"], row["state"]) for row in document["rows"]] == [("lbp", "done"), ("colour_names", "done")]
    assert document["rows"][1]["metrics"]["accuracy"] == 1.0
    assert document["rows"][1]["metrics"]["n"] == 24
    assert document["rows"][1]["metrics"]["groups"] == 12
    cases, classes = read_case_table((tmp_path / "out" / "predictions.csv").read_text(encoding="utf-8"))
    assert set(classes) == {"one", "two", "three"}
    assert len(cases) == 2 * 2 * 24
    again = of_cases([c for c in cases if c.rater == "lbp"], classes)
    assert document["rows"][0]["metrics"]["accuracy"] == pytest.approx(again.values["accuracy"], abs=1e-6)
    table = list(csv.DictReader(io.StringIO((tmp_path / "out" / "table.csv").read_text(encoding="utf-8"))))
    assert [row["name"] for row in table] == ["lbp", "colour_names"]
    assert float(table[0]["accuracy"]) == pytest.approx(again.values["accuracy"], abs=1e-6)
    assert table[1]["source_percent"] == "30.2"
    words = (tmp_path / "out" / "table.md").read_text(encoding="utf-8")
    assert "| colour_names | 100.0 (100.0–100.0) |" in words
    assert {f.name for f in (tmp_path / "out").glob("*.p??")} == {
        "figure.png",
        "figure.pdf",
        "confusion.png",
        "confusion.pdf",
    }


def test_what_is_stored_is_not_run_again(
    place: Workspace, blobs: FrozenDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = counting(monkeypatch)
    run_experiment(wanted(), blobs, place, tmp_path)
    first = (tmp_path / "predictions.csv").read_bytes()
    assert len(ran) == 8
    run_experiment(wanted(), blobs, place, tmp_path)
    assert len(ran) == 8
    (tmp_path / "cells" / "lbp-r1-f0.json").unlink()
    run_experiment(wanted(), blobs, place, tmp_path)
    assert len(ran) == 9
    assert (tmp_path / "predictions.csv").read_bytes() == first
    run_experiment(wanted(repeats=3), blobs, place, tmp_path)
    assert len(ran) == 13
    run_experiment(wanted(repeats=3), replace(blobs, hash="1" * 16), place, tmp_path)
    assert len(ran) == 13  # no such version in the workspace: not run, and said so
    assert "not run" in (tmp_path / "table.md").read_text(encoding="utf-8")


def test_a_cancelled_experiment_has_a_table_and_goes_on(
    place: Workspace, blobs: FrozenDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancel(n: int) -> None:
        if n == 5:
            raise KeyboardInterrupt

    counting(monkeypatch, cancel)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(wanted(), blobs, place, tmp_path / "broken")
    words = (tmp_path / "broken" / "table.md").read_text(encoding="utf-8")
    assert "not run: The experiment was ended before. Stored parts: 1 of 4." in words
    ran = counting(monkeypatch)
    run_experiment(wanted(), blobs, place, tmp_path / "broken")
    assert len(ran) == 3
    run_experiment(wanted(), blobs, place, tmp_path / "whole")
    assert (tmp_path / "broken" / "predictions.csv").read_bytes() == (
        tmp_path / "whole" / "predictions.csv"
    ).read_bytes()


def test_two_processes_find_the_same(place: Workspace, blobs: FrozenDataset, tmp_path: Path) -> None:
    run_experiment(wanted(networks=("lbp",), repeats=1), blobs, place, tmp_path / "one")
    run_experiment(wanted(networks=("lbp",), repeats=1, workers=2), blobs, place, tmp_path / "two")
    assert (tmp_path / "one" / "predictions.csv").read_bytes() == (tmp_path / "two" / "predictions.csv").read_bytes()


def test_missing_weights_are_a_row_that_was_not_run(
    place: Workspace, blobs: FrozenDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.inference.networks.imagenet.missing_weights", lambda network: "xception")
    ran = counting(monkeypatch)
    document = run_experiment(wanted(kind="cnn", networks=("xception-imagenet",), quick=True), blobs, place, tmp_path)
    (row,) = document["rows"]
    assert (row["name"], row["metrics"], row["state"]) == ("xception-imagenet", {}, "not_run")
    assert "ImageNet weights for xception" in row["why"]
    assert ran == []
    assert "| 81.60 |" in (tmp_path / "table.md").read_text(encoding="utf-8")


def test_a_network_is_trained_and_asked(place: Workspace, blobs: FrozenDataset, tmp_path: Path) -> None:
    row = rows_of("cnn", ["efficientnet_lite0-scratch"], blobs.full_name, blobs.pack, quick=True)[0]
    plan = row.plan.model_copy(update={"size": 32, "epochs": 1, "device": "cpu"})
    answers = run_fold(plan, blobs, Fold(2, 0, 0), place, tmp_path)
    assert {case[0] for case in answers.cases} == {i.id for i in seen_through(blobs, Fold(2, 0, 0)).part("test")}
    np.testing.assert_allclose([sum(case[5]) for case in answers.cases], 1, atol=1e-6)
    assert not any(place.models.iterdir()) if place.models.exists() else True


# -- figures ---------------------------------------------------------------------------------------------------------


def answered(truth: int, chosen: int, n: int, repeat: int = 0) -> CasePrediction:
    p = tuple(0.6 if k == chosen else 0.1 for k in range(5))
    return CasePrediction(f"{n}", f"{n}.jpg", f"P{n}", "r", CLASSES[truth], p, fold=0, repeat=repeat)


def test_the_arithmetic_of_the_source_own_table() -> None:
    counted = [(t, c) for t, row in enumerate(XCEPTION) for c, count in enumerate(row) for _ in range(count)]
    figures = of_cases([answered(t, c, n) for n, (t, c) in enumerate(counted)], CLASSES)
    assert figures.values["accuracy"] == pytest.approx(published()["cnn"]["xception-imagenet"].value / 100)
    assert figures.confusion is not None
    assert figures.confusion.tolist() == [list(map(float, row)) for row in XCEPTION]
    low, high = figures.intervals["accuracy"]
    assert low < 0.816 < high


def test_repeats_are_averaged_and_make_nothing_surer() -> None:
    once = [answered(n % 5, n % 5 if n % 3 else (n + 1) % 5, n) for n in range(60)]
    ten = [replace(case, repeat=r) for r in range(10) for case in once]
    one, more = of_cases(once, CLASSES), of_cases(ten, CLASSES)
    assert more.values == pytest.approx(one.values)
    assert more.intervals["accuracy"] == pytest.approx(one.intervals["accuracy"])
    assert (more.n, more.groups) == (one.n, one.groups) == (60, 60)


def test_boxes_from_their_tables(tmp_path: Path) -> None:
    eczema, other = (Box(10, 10, 50, 50), "eczema"), (Box(60, 10, 90, 50), "other")
    photos = [
        replace(image(0, "eczema", "P0"), boxes=(eczema, other)),
        replace(image(1, "eczema", "P1"), boxes=(eczema,)),
        image(2, "eczema", "P2"),
    ]
    dataset = dataset_of(*photos)
    held = read_truth(truth_csv(photos), CLASSES)
    assert held.groups == ("P0", "P1", "P2")
    assert [int((~t.difficult).sum()) for t in held.truths] == [1, 1, 0]
    (row,) = rows_of("fusion", ["fused-vgg16-135"], dataset.full_name, dataset.pack, quick=True)
    cell = Cell(row.name, row.plan, dataset.full_name, Fold(2, 0, 0))
    found = Answers(boxes=((0, 10, 10, 50, 50, "eczema", 0.9), (0, 60, 10, 90, 50, "eczema", 0.8)))
    repeats = read_boxes(boxes_csv([(cell, found)], dataset), held, CLASSES, 1)["fused-vgg16-135"]
    figures = of_boxes(held, repeats, len(CLASSES))
    assert figures.n == 2
    assert figures.values["map50_voc"] == pytest.approx(0.5)  # one of two found; the one of no class is nobody's
    nothing = of_boxes(held, [[Found.of([], [], [])] * 3], len(CLASSES))
    assert nothing.values["map50_voc"] == 0


# -- rows and the command --------------------------------------------------------------------------------------------


def test_the_rows_of_the_source_tables() -> None:
    names = {
        kind: [row.name for row in rows_of(kind, [], "d", "p", quick=False)]
        for kind in ("visual-features", "cnn", "fusion")
    }  # type: ignore[arg-type]
    assert [len(of) for of in names.values()] == [6, 8, 9]
    for kind, of in names.items():
        assert set(published()[kind]) <= set(of)
    assert [n for kind in published().values() for n, p in kind.items() if p.contradicts] == ["colour_histogram"]
    plans = {row.name: row.plan for row in rows_of("cnn", ["xception", "densenet121"], "d", "p", quick=False)}
    assert {n: p.size for n, p in plans.items()} == {
        "xception-scratch": 299,
        "xception-imagenet": 299,
        "densenet121-scratch": 224,
        "densenet121-imagenet": 224,
    }
    assert plans["xception-scratch"].head_epochs == 0
    budgets = {(p.epochs, p.batch, p.optimiser) for p in plans.values()}
    assert budgets == {(30, 32, "adamw")}


@pytest.mark.parametrize("words", [("--networks", "gist"), ("--folds", "1"), ("--repeats", "0"), ("--folds", "50")])
def test_impossible_calls_are_refused(
    words: tuple[str, ...], place: Workspace, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    call = ("experiment", "visual-features", "--dataset", "blobs", "--out", tmp_path / "out", "--workspace", place.root)
    code = CommandLine(capfdbinary).refused(*call, *words)
    assert code in ("unknown_architecture", "bad_folds", "too_few_groups")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("kind", "network"), [("cnn", "nothing"), ("cnn", "nothing-scratch"), ("fusion", "fused-nothing-135")]
)
def test_a_network_that_does_not_exist_is_refused_before_anything_is_made(
    kind: str, network: str, place: Workspace, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    call = ("experiment", kind, "--dataset", "blobs", "--out", tmp_path / "out", "--workspace", place.root)
    assert CommandLine(capfdbinary).refused(*call, "--quick", "--networks", network) == "unknown_architecture"
    assert not (tmp_path / "out").exists()


def test_the_command(place: Workspace, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    run = CommandLine(capfdbinary)
    out = tmp_path / "out"
    call = ("experiment", "visual-features", "--dataset", "blobs", "--networks", "svm-lbp", "--quick", "--out", out)
    document = run("experiment", *call, "--workspace", place.root)
    assert [row["state"] for row in document["rows"]] == ["done"]
    assert "Quick look" in (out / "table.md").read_text(encoding="utf-8")
    assert run("experiment", *call, "--workspace", place.root) == document  # gone on with: nothing left to do
    mark = json.loads((out / "experiment.json").read_text(encoding="utf-8"))
    assert mark["plans"]["lbp"]["network"] == "svm-lbp"
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.docx").write_bytes(b"")
    elsewhere = (*call[:-1], foreign, "--workspace", place.root)
    assert run.refused(*elsewhere) == "output_exists"


def test_without_ray_it_is_said(
    place: Workspace, blobs: FrozenDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(UserError) as refused:
        run_experiment(wanted(engine="ray"), blobs, place, tmp_path)
    assert refused.value.code == "no_ray"
