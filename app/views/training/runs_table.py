"""The runs as a table: state, epoch, score, time; ticked ones are compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from app.common.words import text
from app.views.icons import icon
from app.views.parts import EmptyWords
from app.views.training.curves import colour_of
from app.views.training.words import (
    STATE_ICONS,
    left_words,
    main_score,
    score_figure,
    score_words,
    state_words,
    task_words,
)

if TYPE_CHECKING:
    from app.training.runs import RunInfo

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
NAME, STATE, NETWORK, DATASET, EPOCH, SCORE, TIME = range(7)
ROW_HEIGHT = 30
WITH_DATASET, WITH_NETWORK = 900, 760
"""Widths of the table from which these columns are shown."""


class RunsModel(QAbstractTableModel):
    ticked_changed = Signal()

    def __init__(self, parent: QTableView) -> None:
        super().__init__(parent)
        self.runs: tuple[RunInfo, ...] = ()
        self.ticked: tuple[str, ...] = ()

    def show(self, runs: Sequence[RunInfo]) -> None:
        names = [run.name for run in runs]
        if names == [run.name for run in self.runs]:
            self.runs = tuple(runs)
            if names:
                self.dataChanged.emit(self.index(0, 0), self.index(len(names) - 1, TIME))
            return
        self.beginResetModel()
        self.runs = tuple(runs)
        self.ticked = tuple(name for name in self.ticked if name in names)
        self.endResetModel()

    def run_at(self, index: Index) -> RunInfo | None:
        return self.runs[index.row()] if index.isValid() and index.row() < len(self.runs) else None

    def row_of(self, name: str) -> int:
        return next((n for n, run in enumerate(self.runs) if run.name == name), -1)

    def tick(self, name: str, on: bool) -> None:
        rest = tuple(one for one in self.ticked if one != name)
        self.ticked = (*rest, name) if on else rest
        row = self.row_of(name)
        if row >= 0:  # the colours of all follow
            self.dataChanged.emit(self.index(0, NAME), self.index(len(self.runs) - 1, NAME))
        self.ticked_changed.emit()

    # -- Qt's ----------------------------------------------------------------------------------------------------
    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.runs)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else TIME + 1

    def flags(self, index: Index) -> Qt.ItemFlag:
        usual = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return usual | Qt.ItemFlag.ItemIsUserCheckable if index.column() == NAME else usual

    def headerData(self, section: int, side: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if side != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return (
            text("train.head_run"), text("train.head_state"), text("train.head_network"), text("train.head_dataset"),
            text("train.head_epoch"), text("train.head_score"), text("train.head_time"),
        )[section]  # fmt: skip

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        run = self.run_at(index)
        if run is None:
            return None
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _cell(run, column)
        if role == Qt.ItemDataRole.CheckStateRole and column == NAME:
            return Qt.CheckState.Checked if run.name in self.ticked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.DecorationRole and column == STATE:
            return icon(STATE_ICONS[run.state])
        if role == Qt.ItemDataRole.DecorationRole and column == NAME and len(self.ticked) > 1:
            return self._swatch(run.name)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return _tip(run, column)
        return None

    def _swatch(self, name: str) -> QIcon | None:
        """The colour of its curve, where several are compared."""
        if name not in self.ticked:
            return None
        square = QPixmap(12, 12)
        square.fill(QColor(colour_of(self.ticked.index(name))))
        return QIcon(square)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        run = self.run_at(index)
        if run is None or role != Qt.ItemDataRole.CheckStateRole:
            return False
        self.tick(run.name, Qt.CheckState(value) == Qt.CheckState.Checked)
        return True

    def retranslate(self) -> None:
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, TIME)
        if self.runs:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.runs) - 1, TIME))


def _cell(run: RunInfo, column: int) -> str:
    if column == SCORE:
        score = main_score(run)
        return "–" if score is None else score_figure(*score)
    return {
        NAME: run.name,
        STATE: state_words(run.state),
        NETWORK: run.plan.network,
        DATASET: run.plan.dataset.partition("@")[0],
        EPOCH: text("train.epoch_of", n=run.epoch, of=run.epochs),
        TIME: left_words(run),
    }[column]


def _tip(run: RunInfo, column: int) -> str:
    if column == STATE and run.error is not None:
        return f"{run.error['what']}\n{run.error['remedy']}"
    if column == DATASET:
        return run.plan.dataset
    if column == SCORE:
        return "\n".join(f"{score_words(key)} {score_figure(key, value)}" for key, value in run.scores.items())
    if column == NAME:
        return "\n".join(
            (run.name, task_words(run.plan.task), run.plan.network, run.plan.dataset, text("train.runs_tip"))
        )
    return _cell(run, column)


class RunsTable(QTableView):
    """``chosen``: another run lies open, "" for none."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.model_ = RunsModel(self)
        self.setModel(self.model_)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setIconSize(QSize(16, 16))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((STATE, 92), (NETWORK, 188), (DATASET, 104), (EPOCH, 88), (SCORE, 88), (TIME, 112)):
            self.setColumnWidth(column, width)
        self.setWordWrap(False)  # else a name is cut at its first hyphen
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names of runs differ at their ends
        self._empty = EmptyWords(self, lambda: text("train.no_runs"))
        self.selectionModel().currentRowChanged.connect(lambda *_: self.chosen.emit(self.current))
        self.retranslate()

    @property
    def current(self) -> str:
        run = self.model_.run_at(self.currentIndex())
        return run.name if run is not None else ""

    def show_runs(self, runs: Sequence[RunInfo], wanted: str = "") -> None:
        """``wanted``: the run to choose; without one what was chosen stays, else the newest."""
        before = self.current
        names = [run.name for run in runs]
        self.selectionModel().blockSignals(True)
        self.model_.show(runs)
        name = wanted if wanted in names else before if before in names else (names[0] if names else "")
        if name and name != self.current:
            self.choose(name)
        self.selectionModel().blockSignals(False)
        self.viewport().update()
        if name != before:
            self.chosen.emit(name)

    def choose(self, name: str) -> None:
        row = self.model_.row_of(name)
        if row >= 0:
            self.selectRow(row)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, what the tool tips say too gives way to the name."""
        super().resizeEvent(event)
        self.setColumnHidden(DATASET, self.width() < WITH_DATASET)
        self.setColumnHidden(NETWORK, self.width() < WITH_NETWORK)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and self.current:
            self.model_.tick(self.current, self.current not in self.model_.ticked)
            return
        super().keyPressEvent(event)

    def retranslate(self) -> None:
        self.setAccessibleName(text("train.runs"))
        self.model_.retranslate()
