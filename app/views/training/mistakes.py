"""What a tested model got wrong, as a gallery: pictures answered wrongly; boxes missed, misnamed and falsely found."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.common.geometry import Box, iou
from app.common.packs import OTHER
from app.views.training.desk import MOST_ERRORS, Answer, BoxOn, Mistake

if TYPE_CHECKING:
    from app.datasets.freezing.frozen import FrozenImage

Found = tuple[Box, str, float]
"""A box in pixels of the upright photo, its class, its score."""
SURE = 0.5
"""From this score on a box counts as an answer; fainter ones are no mistake, and find nothing."""
OVERLAP = 0.5
"""Intersection over union from which a box is on a lesion, as in mAP@0.5."""


def wrong_cases(folder: Path) -> tuple[Answer, ...]:
    """Rows of a classifier's predictions.csv whose likeliest class is not the truth, the most sure first."""
    found = []
    for row in _rows(folder):
        p = sorted(((key[2:], float(v)) for key, v in row.items() if key.startswith("p_")), key=lambda kv: -kv[1])
        answer = Answer(Path(row["image"]), row["truth"], tuple(p[:3]))
        if not answer.right:
            found.append(answer)
    found.sort(key=lambda a: -a.top[0][1] if a.top else 0.0)
    return tuple(found[:MOST_ERRORS])


def wrong_boxes(session: Any, folder: Path, dataset: str, part: str) -> tuple[Answer, ...]:
    """Of a detector's predictions.csv: false alarms and wrong names, the most sure first; then the missed lesions.

    Raises:
        UserError: those of :func:`find_dataset`.
    """
    from app.datasets.freezing.versions import find_dataset

    boxes: dict[str, list[Found]] = {}
    for row in _rows(folder):
        box = Box(*(float(row[key]) for key in ("x0", "y0", "x1", "y1")))
        boxes.setdefault(row["image"], []).append((box, row["label"], float(row["score"])))
    images = find_dataset(session, dataset).part(part)
    every = [one for image in images for one in _of_photo(image, boxes.get(str(image.path), ()))]
    every.sort(key=lambda one: (one.mistake == "missed", -(one.top[0][1] if one.top else 0.0)))
    return tuple(every[:MOST_ERRORS])


def _of_photo(image: FrozenImage, found: Sequence[Found]) -> list[Answer]:
    """Each box takes the free lesion of its name that it covers most, the surest first; a repeat is a false alarm.

    A box on a lesion of another name is a wrong name: that lesion is not missed besides. A lesion that is none of the
    model's diseases is neither found nor missed.
    """
    truths = image.boxes
    true = [_on(image, box, label, None) for box, label in truths]
    sure = sorted((one for one in found if one[2] >= SURE), key=lambda one: -one[2])
    taken: set[int] = set()
    left = []
    for box, label, score in sure:
        own = [n for n, (there, name) in enumerate(truths) if name == label and n not in taken]
        best = max(own, key=lambda n: iou(box, truths[n][0]), default=-1)
        if best >= 0 and iou(box, truths[best][0]) >= OVERLAP:
            taken.add(best)
        else:
            left.append((box, label, score))
    wrong = []
    for box, label, score in left:
        free = [n for n in range(len(truths)) if n not in taken and truths[n][1] != label]
        best = max(free, key=lambda n: iou(box, truths[n][0]), default=-1)
        named = best >= 0 and iou(box, truths[best][0]) >= OVERLAP
        if named:
            taken.add(best)
        if named and truths[best][1] == OTHER:
            continue
        kind: Mistake = "misnamed" if named else "false_alarm"
        shown = (*true, _on(image, box, label, score))
        wrong.append(Answer(image.path, truths[best][1] if named else "", ((label, score),), shown, kind))
    for n, (_, label) in enumerate(truths):
        if n not in taken and label != OTHER:
            wrong.append(Answer(image.path, label, (), (true[n],), "missed"))
    return wrong


def _on(image: FrozenImage, box: Box, label: str, score: float | None) -> BoxOn:
    width, height = image.width, image.height
    return BoxOn(box.x0 / width, box.y0 / height, box.x1 / width, box.y1 / height, label, score)


def _rows(folder: Path) -> list[Mapping[str, str]]:
    try:
        with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError:
        return []
