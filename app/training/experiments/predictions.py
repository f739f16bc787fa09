"""The stored cells as the experiment's tables of predictions, and read back: every figure comes from these alone."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from app.common.cells import safe_cell
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage
from app.evaluation.detection import Found, Truth
from app.evaluation.predictions import CasePrediction, case_table
from app.training.experiments.cells import Answers, Cell

BOX_HEAD = ("image", "x0", "y0", "x1", "y1", "label", "score", "rater", "fold", "repeat", "image_id")
TRUTH_HEAD = ("image", "x0", "y0", "x1", "y1", "label", "image_id", "patient", "width", "height")


@dataclass(frozen=True, eq=False)
class Photos:
    """What is true of the photos, in the order of ``ids``; ``groups`` are their patients."""

    ids: tuple[int, ...]
    truths: tuple[Truth, ...]
    groups: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]


def cases_csv(found: Iterable[tuple[Cell, Answers]], classes: Sequence[str]) -> str:
    """The contract's ``predictions.csv`` of classifiers; ``rater`` is the row of the table."""
    rows = [
        CasePrediction(
            f"{image_id}:{number}", image, patient, cell.row, truth, p, fold=cell.fold.fold, repeat=cell.fold.repeat
        )
        for cell, answers in found
        for image_id, number, image, patient, truth, p in answers.cases
    ]
    return case_table(rows, classes)


def boxes_csv(found: Iterable[tuple[Cell, Answers]], dataset: FrozenDataset) -> str:
    """The contract's columns of a detector's ``predictions.csv``, and behind them whose answer it is."""
    paths = {i.id: str(i.path) for i in dataset.images}
    rows = [
        [
            paths[image_id],
            *(f"{v:.2f}" for v in (x0, y0, x1, y1)),
            label,
            f"{score:.6f}",
            cell.row,
            cell.fold.fold,
            cell.fold.repeat,
            image_id,
        ]
        for cell, answers in found
        for image_id, x0, y0, x1, y1, label, score in answers.boxes
    ]
    return _csv(BOX_HEAD, rows)


def truth_csv(images: Iterable[FrozenImage]) -> str:
    """The true boxes of the photos that were answered for; a photo without boxes has one row without numbers."""
    rows: list[list[object]] = []
    for image in images:
        tail = [image.id, image.patient or image.group, image.width, image.height]
        rows += [[str(image.path), *box.as_list(), label, *tail] for box, label in image.boxes if not box.is_empty]
        if not image.boxes:
            rows.append([str(image.path), "", "", "", "", "", *tail])
    return _csv(TRUTH_HEAD, rows)


def read_truth(table: str, classes: Sequence[str]) -> Photos:
    """A box of no class ("other") is difficult for every class: neither hit nor false alarm."""
    boxes: dict[int, list[list[float]]] = defaultdict(list)
    labels: dict[int, list[int]] = defaultdict(list)
    hard: dict[int, list[bool]] = defaultdict(list)
    about: dict[int, tuple[str, tuple[int, int]]] = {}
    for row in csv.DictReader(io.StringIO(table)):
        image = int(row["image_id"])
        about[image] = (row["patient"], (int(row["width"]), int(row["height"])))
        if not row["label"]:
            continue
        known = row["label"] in classes
        for k in [classes.index(row["label"])] if known else range(len(classes)):
            boxes[image].append([float(row[c]) for c in ("x0", "y0", "x1", "y1")])
            labels[image].append(k)
            hard[image].append(not known)
    ids = tuple(about)
    return Photos(
        ids,
        tuple(Truth.of(boxes[i], labels[i], hard[i]) for i in ids),
        tuple(about[i][0] for i in ids),
        tuple(about[i][1] for i in ids),
    )


def read_boxes(table: str, photos: Photos, classes: Sequence[str], repeats: int) -> dict[str, list[tuple[Found, ...]]]:
    """For each rater that found anything, and each repeat, the detections in each photo, in the order of ``photos``."""
    place = {image: n for n, image in enumerate(photos.ids)}
    raw: dict[str, list[list[list[tuple[list[float], int, float]]]]] = {}
    for row in csv.DictReader(io.StringIO(table)):
        of_rater = raw.setdefault(row["rater"], [[[] for _ in photos.ids] for _ in range(repeats)])
        corners = [float(row[c]) for c in ("x0", "y0", "x1", "y1")]
        found = (corners, classes.index(row["label"]), float(row["score"]))
        of_rater[int(row["repeat"])][place[int(row["image_id"])]].append(found)
    return {rater: [tuple(map(_found, each)) for each in found] for rater, found in raw.items()}


def _found(rows: Sequence[tuple[list[float], int, float]]) -> Found:
    return Found(
        np.array([r[0] for r in rows], float).reshape(-1, 4),
        np.array([r[1] for r in rows], np.int64),
        np.array([r[2] for r in rows], float),
    )


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([safe_cell(str(cell)) for cell in row] for row in rows)
    return out.getvalue()
