"""Squama as one more program of ``peerbench``: the same tests, the same definitions, its own main, window and engine.

Not called by hand: ``python -m benchmarks.peers`` runs it beside the others. What differs, and why:

- "Idle" is when the photo at work stands with its boxes (or was refused) and the event loop has nothing to do. What
  goes on behind it (a folder still growing, neighbours being decoded, the file beside the next photo) is the
  background, as X-AnyLabeling's scan is in ``peerbench``; its end and the longest stall meanwhile are measured too.
- The engine is running and its models are loaded before a test begins, and it reads each photo that is shown.
- ``next`` also has ``paced_ms``: the key comes when the background is at rest, as for somebody who looks at each photo
  for a second; and ``paced_paint_ms``, until the photo's paint has ended (the panels beside it and the question whether
  its boxes are the newest come after). The others decode when they are asked to: a pause changes nothing for them.
- The time of ``save`` is that until the file is there, with journal and merging behind it; one box changes before each.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).resolve().parent
SCRIPTS = os.environ.get("PEERBENCH_SCRIPTS", str(HERE.parents[1] / "shared" / "peerbench"))
sys.path[:0] = [str(HERE.parent), SCRIPTS]

import peerbench  # noqa: E402
from peerbench import NOW, Peer, fresh_copy, ms, rss_mb, run  # noqa: E402

LABELS = ("cat", "dog", "car", "person", "tree")  # of peerbench's files
PATIENCE = 120.0


class Squama(Peer):  # type: ignore[misc]
    name, binding = "squama", "PySide6"
    bench: Any = None
    messages: list[str]
    before: Any = None  # a photo; ``painted`` is when the first paint of another one ended
    painted: float | None = None

    def versions(self) -> dict[str, str]:
        return {"PySide6": version("PySide6-Essentials"), "python": sys.version.split()[0]}

    def main(self) -> None:
        from app import application
        from app.common.own_packs import add_labels
        from app.common.packs import DEFAULT_PACK
        from app.common.workspace import open_workspace

        folder = tempfile.mkdtemp(prefix="workspace_", dir=os.environ.get("PEERBENCH_TMP"))
        add_labels(DEFAULT_PACK, open_workspace(folder).packs, LABELS)
        self.messages = []
        peer, begin = self, application.Program._open

        def opened(program: Any) -> None:
            begin(program)
            peer.bench = program.workbench
            peer._watch(program)

        application.Program._open = opened  # type: ignore[method-assign]
        application.main(["--workspace", folder, "--actor", "benchmark"])

    def _watch(self, program: Any) -> None:
        """What peerbench asks of a canvas, and what the message bar says."""
        sys.excepthook = sys.__excepthook__  # a bug ends the test in words
        from PySide6.QtGui import QImage

        canvas, bar = self.bench.canvas, self.bench.frame.messages
        seen = property(lambda c: _Size(*map(round, c.photo_size())) if c.has_photo() else QImage())
        type(canvas).pixmap = seen
        self.bench.frame.windowTitle = lambda: (
            f"Squama {row.name}" if (row := self.bench.photos.current()) else "Squama"
        )
        paint = type(canvas).paintEvent

        def painted(widget: Any, event: Any) -> None:
            paint(widget, event)
            if self.painted is None and widget._photo is not self.before:
                self.painted = NOW()

        type(canvas).paintEvent = painted  # before its first paint: afterwards Qt would not look again
        show = bar.show_message

        def watched(message: Any) -> None:
            if message.kind != "info":
                self.messages.append(f"{message.kind}: {message.say()}")
            show(message)

        bar.show_message = watched

    def patch_dialogs(self, log: list[str]) -> None:
        super().patch_dialogs(log)
        self.messages = log

    # -- time ----------------------------------------------------------------------------------------------------
    def settle(self, quiet_s: float = 0.0008, need: int = 3) -> float:
        last, end = NOW(), NOW() + PATIENCE
        self._wait_for_the_program()
        while NOW() < end:
            last = max(last, super().settle(quiet_s, need))
            if not self._busy():
                return last
            time.sleep(0.0005)
        raise TimeoutError("the photo never stood")

    def _wait_for_the_program(self) -> None:
        if getattr(self, "_stands", False):
            return
        app, end = self.QtWidgets.QApplication, NOW() + PATIENCE
        while NOW() < end and not (self.bench and self.bench.services.background.has_database):
            app.processEvents()
            time.sleep(0.002)
        while NOW() < end and not (self.bench.engine.is_ready and self.bench.services.background.idle):
            app.processEvents()
            time.sleep(0.002)
        self._stands = True

    def _busy(self) -> bool:
        """The photo at work does not stand yet, or its file of boxes has not been taken yet."""
        bench = self.bench
        if not bench.collection.idle and bench.collection._first is None:
            return True
        row = bench.photos.current()
        if row is None:
            return False
        sitting = bench.sitting
        if sitting.row is None or sitting.row.id != row.id:
            return True
        return not (sitting.shown or sitting.problem) or self._waits_for_boxes()

    def _waits_for_boxes(self) -> bool:
        return bool(getattr(self, "wants_boxes", False)) and not self.shapes(None)

    def background_busy(self, _win: Any) -> bool:
        return not self.bench.collection.idle

    def rest(self) -> None:
        """Until nothing goes on behind the photo either."""
        app, end = self.QtWidgets.QApplication, NOW() + PATIENCE
        while NOW() < end and not (self.bench.services.background.idle and self.bench.collection.idle):
            app.processEvents()
            time.sleep(0.002)

    # -- doing ---------------------------------------------------------------------------------------------------
    def canvas(self, _win: Any) -> Any:
        return self.bench.canvas

    def open_folder(self, _win: Any, path: str) -> None:
        self.bench.collection.open([Path(path)])

    def next_action(self, _win: Any) -> Any:
        return self.bench.actions_["next"]

    def zoom_in_action(self, _win: Any) -> Any:
        return self.bench.actions_["zoom_in"]

    def save_action(self, _win: Any) -> Any:
        return self.bench.actions_["save"]

    def fit(self, _win: Any) -> None:
        self.bench.canvas.fit_window()

    def shapes(self, _win: Any) -> list[Any]:
        document = self.bench.canvas.document()
        return [_Shape(a.box) for a in document.annotations] if document else []

    def to_widget(self, _win: Any, x: float, y: float) -> tuple[float, float]:
        at = self.bench.canvas.to_widget(x, y)
        return at.x(), at.y()

    def sidecar(self, img: Path) -> Path:
        return img.with_suffix(".xml")

    def write_boxes(self, img: Path, width: int, height: int, boxes: Any) -> None:
        from make_data import voc

        voc(self.sidecar(img), img.name, width, height, boxes)
        self.wants_boxes = True

    def save(self, _win: Any, path: str) -> None:
        """As Ctrl+S does, until the file on disk is another one."""
        bench = self.bench
        before = Path(path).stat().st_mtime_ns if Path(path).exists() else 0
        bench.actions_["save"].trigger()
        while not (Path(path).exists() and Path(path).stat().st_mtime_ns != before):
            self.QtWidgets.QApplication.processEvents()

    def draw_probe(self, _win: Any, go: Any) -> None:
        canvas, kinds, left = self.bench.canvas, self.T, self.B.LeftButton
        go(lambda: self.bench.actions_["draw"].trigger())
        go(lambda: self.mouse(canvas, kinds.MouseMove, 300, 300))
        go(lambda: self.mouse(canvas, kinds.MouseButtonPress, 300, 300, left, left))
        go(lambda: self.mouse(canvas, kinds.MouseMove, 400, 400, None, left))
        go(lambda: self.mouse(canvas, kinds.MouseButtonRelease, 400, 400, left))

    def add_box(self, _win: Any) -> None:
        from app.annotation.document import Annotation, new_id
        from app.common.geometry import Box

        self.bench.canvas.insert([Annotation(new_id(), Box(10, 10, 60, 60), "cat")])


class _Size:
    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = lambda: width, lambda: height

    def isNull(self) -> bool:
        return False


class _Shape:
    def __init__(self, box: Any) -> None:
        corners = ((box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1))
        self.points = [SimpleNamespace(x=lambda x=x: x, y=lambda y=y: y) for x, y in corners]


# -- tests that differ ---------------------------------------------------------------------------------------------
def folder(peer: Squama, app: Any, win: Any, arg: str) -> dict[str, Any]:
    """As peerbench's; the memory is that after the whole folder has come, not when the first photo stands."""
    return {**peerbench.t_folder(peer, app, win, arg), **rss_mb()}


def next_both(peer: Squama, app: Any, win: Any, arg: str) -> dict[str, Any]:
    """As peerbench's ``next``; then with a pause before each key, in which the background comes to rest."""
    result: dict[str, Any] = peerbench.t_next(peer, app, win, arg)
    peer.open_folder(win, str(fresh_copy("big")))
    peer.settle()
    taken, seen = [], []
    for _ in range(11):
        peer.rest()
        peer.before, peer.painted = peer.bench.canvas._photo, None
        start = NOW()
        peer.next_action(win).trigger()
        taken.append(peer.settle() - start)
        seen.append(peer.painted - start)
    peer.before = None
    return {**result, "paced_ms": ms(taken), "paced_paint_ms": ms(seen), **rss_mb()}


def saved(peer: Squama, _app: Any, win: Any, _arg: str) -> dict[str, Any]:
    """As peerbench's ``save``; a box changes before each (outside the clock), since nothing new is not written."""
    from make_data import boxes

    folder = fresh_copy("save")
    img = folder / "a.jpg"
    peer.write_boxes(img, 1920, 1280, boxes(20, 1920, 1280))
    peer.open_folder(win, str(folder))
    peer.settle()
    peer.rest()
    assert len(peer.shapes(win)) == 20, len(peer.shapes(win))
    canvas, target = peer.bench.canvas, peer.sidecar(img)
    canvas.select(canvas.document().annotations[0].id)
    taken = []
    for _ in range(30):
        canvas.toggle_difficult()
        peer.rest()
        start = NOW()
        peer.save(win, str(target))
        taken.append(NOW() - start)
        peer.rest()
    return {"save_ms": ms(taken), "bytes": target.stat().st_size, "file": target.name}


def many(peer: Squama, app: Any, win: Any, which: str) -> dict[str, Any]:
    peer.wants_boxes = True
    result: dict[str, Any] = peerbench.t_boxes(peer, app, win, which)
    return result


peerbench.TESTS.update(folder=folder, next=next_both, save=saved, boxes=many)

if __name__ == "__main__":
    run(Squama())
