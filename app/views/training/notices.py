"""What is said of runs on every page: how far one is, in the line at the foot; a message when one has ended."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from app.common.words import text
from app.views.messages import Message
from app.views.training.watch import RunWatch
from app.views.training.words import main_score, score_figure, score_words

if TYPE_CHECKING:
    from app.training.runs import RunInfo
    from app.views.services import Services
    from app.views.window import Window


class RunNotices(QObject):
    def __init__(self, services: Services, window: Window, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window = window
        self.watch = RunWatch(services, self)
        self.watch.changed.connect(self._say_how_far)
        self.watch.ended.connect(self._say_ended)

    def _say_how_far(self) -> None:
        run = self.watch.running()
        if run is None:
            self._window.status.set_training(lambda: "")
            return
        said = run
        self._window.status.set_training(
            lambda: text("train.status", run=said.name, n=said.epoch, of=said.epochs), run.epoch / max(1, run.epochs)
        )

    def _say_ended(self, run: RunInfo, _before: str) -> None:
        if run.state == "paused" or (run.error or {}).get("code") == "run_cancelled":
            return  # somebody asked for it
        if self._window.place == "train" and run.state == "done":  # it is seen there already
            self._window.messages.info(f"run_ended:{run.name}", partial(_ended_words, run))
            return
        show = (lambda: text("train.show"), partial(self.show, run.name))
        kind = "danger" if run.state == "failed" else "note"
        self._window.messages.show_message(
            Message(f"run_ended:{run.name}", partial(_ended_words, run), kind=kind, actions=(show,))
        )

    def show(self, name: str) -> None:
        """To the run, on its page."""
        self._window.go("train")
        page: Any = self._window.pages.page
        page.choose(name)


def _ended_words(run: RunInfo) -> str:
    if run.state == "failed":
        return text("train.ended_failed", run=run.name, why=(run.error or {}).get("what", ""))
    score = main_score(run)
    said = f"{score_words(score[0])} {score_figure(*score)}" if score is not None else ""
    return text("train.ended_done", run=run.name, score=said)
