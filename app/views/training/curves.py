"""Loss and score over the epochs: of one run its own measures, of several runs one curve each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.common.words import text
from app.views.training.chart import Chart, Line
from app.views.training.words import curve_words, main_score

if TYPE_CHECKING:
    from app.training.runs import RunInfo

COLOURS = ("#2F8FE0", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C7AE6", "#999999")
"""Of runs that are compared; more than these begin anew."""

Followed = Sequence[tuple["RunInfo", Sequence[Mapping[str, Any]]]]


class Curves(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._followed: Followed = ()
        self._kept: float | None = None
        self.loss = Chart(lambda: text("train.chart_loss"), share=False)
        self.score = Chart(lambda: text("train.chart_score"), share=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.loss, 1)
        row.addWidget(self.score, 1)

    def show_runs(self, followed: Followed, kept: float | None = None) -> None:
        """(run, its epoch events) of what is compared; one: the chosen run, and the epoch of it that is kept."""
        self._followed, self._kept = tuple(followed), kept
        self.retranslate()

    def retranslate(self) -> None:
        end = max((run.epochs for run, _ in self._followed), default=1)
        if len(self._followed) == 1:
            run, epochs = self._followed[0]
            losses = (("loss", "soft", True), ("val_loss", "accent", False))
            self.loss.show_lines([_line(epochs, k, c, d) for k, c, d in losses if _has(epochs, k)], end, self._kept)
            scores = ("val_balanced_accuracy", "val_accuracy", "val_map50")
            colours = dict(zip(scores, ("accent", "soft", "accent"), strict=True))
            found = [_line(epochs, k, colours[k], k == "val_accuracy") for k in scores if _has(epochs, k)]
            self.score.show_lines(found, run.epochs, self._kept)
            return
        losses_of, scores_of = [], []
        for place, (run, epochs) in enumerate(self._followed):
            colour = colour_of(place)
            key = "val_loss" if _has(epochs, "val_loss") else "loss"
            losses_of.append(_line(epochs, key, colour, False, run.name))
            best = main_score(run)
            key = best[0] if best is not None else ""
            key = next((k for k in ("val_balanced_accuracy", "val_map50") if _has(epochs, k)), key)
            scores_of.append(_line(epochs, key, colour, False, run.name))
        self.loss.show_lines(losses_of, end)
        self.score.show_lines(scores_of, end)


def colour_of(place: int) -> str:
    """Of the run that was ticked as this one."""
    return COLOURS[place % len(COLOURS)]


def _has(epochs: Sequence[Mapping[str, Any]], key: str) -> bool:
    return any(_number(e.get(key)) for e in epochs)


def _number(value: Any) -> bool:
    return isinstance(value, int | float)


def _line(epochs: Sequence[Mapping[str, Any]], key: str, colour: str, dashed: bool, name: str = "") -> Line:
    points = tuple((float(e["epoch"]) + 1, float(e[key])) for e in epochs if _number(e.get(key)))
    said = name or (text("train.score.train_loss") if key == "loss" else curve_words(key))
    return Line(said, colour, points, dashed)
