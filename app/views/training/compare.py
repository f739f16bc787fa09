"""The ticked runs beside each other: their scores, and what differs in their plans."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.common.words import text
from app.views.datasets.rows_table import RowsTable
from app.views.parts import label
from app.views.training.desk import values_of
from app.views.training.plan_words import key_words, option_words
from app.views.training.words import recipe_name, score_figure, score_words

if TYPE_CHECKING:
    from app.training.runs import RunInfo

NAMED_ABOVE = ("name", "version", "limits", "licence", "lesion_only")


class Compare(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._runs: tuple[RunInfo, ...] = ()
        self._none = label("soft", wrap=True)
        self.table = RowsTable(200)
        self.table.setSelectionMode(RowsTable.SelectionMode.NoSelection)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 8, 4, 4)
        column.addWidget(self._none)
        column.addWidget(self.table, 1)
        self.retranslate()

    def show_runs(self, runs: Sequence[RunInfo]) -> None:
        if tuple(runs) != self._runs:
            self._runs = tuple(runs)
            self.retranslate()

    def rows(self) -> list[list[str]]:
        """First the scores, then the settings in which the plans differ."""
        keys = list(dict.fromkeys(key.removeprefix("val_") for run in self._runs for key in run.scores))
        found = []
        for key in keys:
            values = [run.scores.get(key, run.scores.get(f"val_{key}")) for run in self._runs]
            if all(v is None or not math.isfinite(v) for v in values):
                continue
            found.append([score_words(key), *("–" if v is None else score_figure(key, v) for v in values)])
        plans = [values_of(run.plan) for run in self._runs]
        for key in plans[0] if plans else ():
            if key not in NAMED_ABOVE and len({str(plan.get(key)) for plan in plans}) > 1:
                found.append([_named(key), *(_value(key, plan.get(key)) for plan in plans)])
        return found

    def retranslate(self) -> None:
        several = len(self._runs) > 1
        self._none.setVisible(not several)
        self._none.setText(text("train.compare_none"))
        self.table.setVisible(several)
        self.table.setAccessibleName(text("train.tab_compare"))
        if several:
            self.table.show_rows([text("train.compare_score"), *(run.name for run in self._runs)], self.rows())


def _named(key: str) -> str:
    return {
        "network": text("train.network"),
        "dataset": text("train.dataset"),
        "start": text("train.start"),
        "seed": text("train.seed"),
        "epochs": text("train.epochs"),
        "task": text("train.task"),
    }.get(key) or key_words(key)


def _value(key: str, value: Any) -> str:
    if key == "recipe":
        return recipe_name(str(value))
    return "–" if value is None else f"{value:.6g}" if isinstance(value, float) else option_words(str(value))
