"""States, scores, events, sizes and times of training, in the present language."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.common.words import catalogue, language, text
from app.training.recipes import recipe_text

if TYPE_CHECKING:
    from app.training.runs import RunInfo

STATE_ICONS = {"queued": "queued", "running": "run", "paused": "pause", "done": "verified", "failed": "failed"}
MAIN = {
    "classify": ("balanced_accuracy", "val_balanced_accuracy", "accuracy", "val_accuracy"),
    "detect": ("map50_voc", "val_map50"),
}
"""The score that a run is known by: the first of these that it has."""
_RECIPES = {
    "default": "train.recipe_default",
    "frozen": "train.recipe_frozen",
    "strong": "train.recipe_strong",
    "rare": "train.recipe_rare",
    "thesis": "train.recipe_thesis",
    "detector_default": "train.recipe_default",
    "detector_quick": "train.recipe_quick",
    "detector_frozen": "train.recipe_frozen",
}
_HIDDEN = ("event", "time", "seconds")


def state_words(state: str) -> str:
    return {
        "queued": text("train.state.queued"),
        "running": text("train.state.running"),
        "paused": text("train.state.paused"),
        "done": text("train.state.done"),
        "failed": text("train.state.failed"),
    }[state]


def task_words(task: str) -> str:
    return text("train.task_detect") if task == "detect" else text("train.task_classify")


def score_words(key: str) -> str:
    """A score's name; one that nobody named as it stands."""
    return {
        "accuracy": text("train.score.accuracy"),
        "balanced_accuracy": text("train.score.balanced_accuracy"),
        "macro_auc": text("train.score.macro_auc"),
        "ece": text("train.score.ece"),
        "map50": text("train.score.map50_voc"),
        "map50_voc": text("train.score.map50_voc"),
        "map50_voc07": text("train.score.map50_voc07"),
        "map_coco": text("train.score.map_coco"),
        "map50_coco": text("train.score.map50_coco"),
        "loss": text("train.score.loss"),
    }.get(key.removeprefix("val_"), key)


def curve_words(key: str) -> str:
    """As :func:`score_words`; of two losses it says which one."""
    return text("train.score.val_loss") if key == "val_loss" else score_words(key)


def score_figure(key: str, value: float) -> str:
    """Losses and calibration errors as numbers, all else in per cent; what cannot be said as a dash."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.3f}" if key.removeprefix("val_") in ("loss", "ece", "macro_auc") else f"{value * 100:.1f} %"


def main_score(run: RunInfo) -> tuple[str, float] | None:
    return next(((key, run.scores[key]) for key in MAIN[run.plan.task] if key in run.scores), None)


def time_words(seconds: float) -> str:
    """About: seconds, minutes, hours."""
    if seconds < 90:
        return text("train.seconds", n=max(1, round(seconds)))
    if seconds < 90 * 60:
        return text("train.minutes", n=round(seconds / 60))
    return text("train.hours", n=f"{seconds / 3600:.1f}")


def left_words(run: RunInfo) -> str:
    """Time left of what runs, place of what waits, time taken of what is over."""
    if run.state == "running":
        return "–" if run.seconds_left is None else text("train.left", time=time_words(run.seconds_left))
    if run.state == "queued":
        return "–" if run.place is None else text("train.place", n=run.place)
    return text("train.took", time=time_words(run.seconds)) if run.seconds else "–"


def size_words(megabytes: float) -> str:
    return f"{megabytes / 1024:.1f} GB" if megabytes >= 1024 else f"{megabytes:.0f} MB"


def speed_words(per_second: float) -> str:
    """Pictures a second."""
    return f"{per_second:,.0f}" if per_second >= 100 else f"{per_second:.3g}"


def class_word(names: Sequence[tuple[str, str, str]], key: str) -> str:
    """A class key in the present language; as it stands where the pack does not know it."""
    at = 2 if language() == "zh" else 1
    return next((one[at] for one in names if one[0] == key), key)


def mistake_words(mistake: str) -> str:
    return {
        "false_alarm": text("test.false_alarm"),
        "misnamed": text("test.misnamed"),
        "missed": text("test.missed"),
    }[mistake]


def recipe_name(key: str) -> str:
    return text(_RECIPES[key]) if key in _RECIPES else key


def recipe_about(key: str) -> str:
    """The recipe's sentence."""
    return recipe_text(key) if key in _RECIPES else ""


def event_words(event: Mapping[str, Any], epochs: int, names: Sequence[tuple[str, str, str]] = ()) -> str:
    """One line of the log; ``names``: of the classes."""
    if "diseases" in event:
        event = {**event, "diseases": [class_word(names, key) for key in event["diseases"]]}
    kind = str(event.get("event"))
    if kind == "epoch":
        shown = {
            key: float(value)
            for key, value in event.items()
            if (key == "loss" or key.startswith("val_")) and isinstance(value, int | float)
        }
        marked = [f"{curve_words(key)} {score_figure(key, value)}" for key, value in shown.items()]
        n = int(event.get("epoch", 0)) + 1
        return " · ".join((text("train.log.epoch", n=n, of=event.get("epochs", epochs)), *marked))
    if kind == "early":
        best = event.get("best")
        said = score_figure("", float(best)) if isinstance(best, int | float) else "–"
        return text("train.log.early", n=int(event.get("epoch", 0)) + 1, best=said)
    if kind in ("warning", "failed") and "code" in event:
        return f"{_kind_words(kind)}: {code_words(event)}"
    facts = ", ".join(_fact(k, v) for k, v in event.items() if k not in _HIDDEN and not _unsaid(v))
    return f"{_kind_words(kind)}: {facts}" if facts else _kind_words(kind)


def _kind_words(kind: str) -> str:
    return {
        "queued": text("train.log.queued"),
        "started": text("train.log.started"),
        "loaded": text("train.log.loaded"),
        "resumed": text("train.log.resumed"),
        "stopped": text("train.log.stopped"),
        "warning": text("train.log.warning"),
        "not_finite": text("train.log.not_finite"),
        "calibrated": text("train.log.calibrated"),
        "failed": text("train.log.failed"),
        "done": text("train.log.done"),
        "step": text("train.log.step"),
        "features": text("train.log.features"),
    }.get(kind, kind)


def code_words(event: Mapping[str, Any]) -> str:
    """What is said to the code of a caution or an error, else the code."""
    from app.training.cautions import caution_text

    code = str(event["code"])
    said = caution_text(event)
    if said or f"error.{code}.what" not in catalogue():
        return said or code
    try:
        return text(f"error.{code}.what", **event)
    except KeyError:  # the event has fewer facts than the sentence
        return code


def _fact(key: str, value: Any) -> str:
    if isinstance(value, float) and math.isfinite(value) and score_words(key) != key:
        return f"{score_words(key)} {score_figure(key, value)}"
    if key == "task":
        return task_words(str(value))
    name = {
        "network": text("train.network"),
        "dataset": text("train.dataset"),
        "seed": text("train.seed"),
        "epochs": text("train.epochs"),
        "model": text("train.group.model"),
        "threads": text("train.key.threads"),
        "pieces": text("train.log.pieces"),
        "photos": text("train.log.photos"),
        "unnamed": text("train.log.unnamed"),
        "val": text("train.log.val"),
        "classes": text("train.log.classes"),
        "epoch": text("train.head_epoch"),
        "step": text("train.log.step"),
        "temperature": text("train.log.temperature"),
        "view": text("train.log.view"),
    }.get(key, key)
    return f"{name} {_short(value)}"


def _unsaid(value: Any) -> bool:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return True
    return isinstance(value, dict) or (isinstance(value, list) and len(value) > 4)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
