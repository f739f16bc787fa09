"""The gallery of a tested detector's mistakes, and which epoch of a run is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.common.geometry import Box
from app.datasets.freezing.frozen import FrozenImage
from app.views.training.mistakes import Found, _of_photo
from app.views.training.watch import History
from app.views.training.words import event_words

HERE, THERE = Box(0, 0, 40, 40), Box(60, 60, 90, 90)


def photo(*boxes: tuple[Box, str]) -> FrozenImage:
    return FrozenImage(1, Path("a.jpg"), None, boxes, "p", None, "p", "test", (), 100, 200, "0")


def kinds(image: FrozenImage, *found: Found) -> list[tuple[str | None, str]]:
    return [(one.mistake, one.truth) for one in _of_photo(image, found)]


def test_a_found_lesion_is_no_mistake_and_a_faint_box_is_no_answer() -> None:
    assert kinds(photo((HERE, "eczema")), (HERE, "eczema", 0.9), (THERE, "psoriasis", 0.2)) == []
    assert kinds(photo((HERE, "eczema")), (HERE, "eczema", 0.2)) == [("missed", "eczema")]


def test_false_alarms_wrong_names_and_missed_lesions() -> None:
    image = photo((HERE, "eczema"), (THERE, "psoriasis"))
    assert kinds(image, (HERE, "lupus", 0.8)) == [("misnamed", "eczema"), ("missed", "psoriasis")]
    assert kinds(image, (HERE, "eczema", 0.9), (THERE, "psoriasis", 0.9), (HERE, "eczema", 0.7)) == [
        ("false_alarm", "")
    ]


def test_a_lesion_that_no_model_learns_is_neither_found_nor_missed() -> None:
    assert kinds(photo((HERE, "other")), (HERE, "eczema", 0.9)) == []
    assert kinds(photo((HERE, "other"))) == []


def test_the_place_is_said_in_shares_of_the_photo() -> None:
    (one,) = _of_photo(photo(), [(Box(50, 50, 100, 100), "eczema", 0.75)])
    (box,) = one.boxes
    assert (box.x0, box.y0, box.x1, box.y1, box.score) == (0.5, 0.25, 1.0, 0.5, 0.75)
    assert one.top == (("eczema", 0.75),)


@pytest.mark.parametrize(("patience", "epoch"), [(0, 3), (2, 2)])
def test_the_kept_epoch_is_the_last_best_with_patience_else_the_last(patience: int, epoch: int) -> None:
    scores = (0.2, 0.6, 0.6, 0.4)
    events = [{"event": "epoch", "epoch": k, "val_balanced_accuracy": v} for k, v in enumerate(scores)]
    kept = History(events=events).kept(patience)
    assert kept is not None
    assert kept["epoch"] == epoch
    assert History().kept(patience) is None


def test_the_log_names_diseases_and_an_early_end() -> None:
    names = (("lichen_planus", "Lichen planus", "扁平苔藓"),)
    caution = {"event": "warning", "code": "few_to_validate", "diseases": ["lichen_planus"], "patients": [1]}
    assert "Lichen planus (1)" in event_words(caution, 4, names)
    assert "80.0 %" in event_words({"event": "early", "epoch": 3, "best": 0.8}, 9)
