"""Photos with what they are and what the model says: thumbnails in rows, wrong ones told by form, word and colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QListView

from app.common.words import percent, text
from app.views.parts import EmptyWords
from app.views.thumbnails import Thumbnails
from app.views.training.desk import Answer
from app.views.training.samples_paint import ROW, AnswerPainter
from app.views.training.words import class_word, mistake_words

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
Names = Sequence[tuple[str, str, str]]


class AnswerModel(QAbstractListModel):
    def __init__(self, parent: QListView) -> None:
        super().__init__(parent)
        self.answers: tuple[Answer, ...] = ()
        self.names: Names = ()

    def show(self, answers: Sequence[Answer], names: Names) -> None:
        if tuple(answers) != self.answers or tuple(names) != self.names:
            self.beginResetModel()
            self.answers, self.names = tuple(answers), tuple(names)
            self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.answers)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        answer = self.answers[index.row()]
        if role == ROW:
            return answer
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return answer_words(answer, self.names)
        return None


def answer_words(answer: Answer, names: Names) -> str:
    if answer.mistake:
        said = ", ".join(f"{class_word(names, key)} {percent(p)}" for key, p in answer.top)
        truth = class_word(names, answer.truth) if answer.truth else "–"
        return f"{mistake_words(answer.mistake)}. {text('train.sample_said', truth=truth, answer=said or '–')}"
    if not answer.truth:
        found = [f"{class_word(names, b.label)} {percent(b.score)}" for b in answer.boxes if b.score is not None]
        true = [class_word(names, b.label) for b in answer.boxes if b.score is None]
        return text("train.sample_said", truth=", ".join(true) or "–", answer=", ".join(found) or "–")
    said = ", ".join(f"{class_word(names, key)} {percent(p)}" for key, p in answer.top)
    word = text("train.sample_right") if answer.right else text("train.sample_wrong")
    return f"{text('train.sample_said', truth=class_word(names, answer.truth), answer=said)} ({word})"


class Samples(QListView):
    """``nothing``: what is said while there is none."""

    def __init__(self, thumbnails: Thumbnails, nothing: Callable[[], str]) -> None:
        super().__init__()
        self.model_ = AnswerModel(self)
        self.setModel(self.model_)
        self.setItemDelegate(AnswerPainter(thumbnails, self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setSpacing(4)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._empty = EmptyWords(self, nothing)
        thumbnails.arrived.connect(lambda _: self.viewport().update())
        self.retranslate()

    def show_answers(self, answers: Sequence[Answer], names: Names) -> None:
        self.model_.show(answers, names)

    def retranslate(self) -> None:
        self.setAccessibleName(text("train.tab_samples"))
        self.viewport().update()
