"""Draws the pictures of ``docs/images`` from phantoms only: a demo workspace, the shipped models, 1366 x 768.

    .venv/bin/python tools/make_screenshots.py [--out docs/images]

Without a display Qt's offscreen platform is used.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
if not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QObject, Qt, QTimer  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402

from app.application import Program, _qt, engine_command  # noqa: E402
from app.common.geometry import Box  # noqa: E402
from app.common.words import Language  # noqa: E402
from app.common.workspace import open_workspace  # noqa: E402
from app.views.workbench.workbench import Workbench  # noqa: E402

LONGEST = 120_000  # ms
RESTS = 25
"""Looks of 50 ms at a page that fills in steps: list, thumbnails, photo."""

Step = Callable[[], None]


class Studio(QObject):
    """Plays steps, each when the program has come to rest."""

    def __init__(self, program: Program, out: Path) -> None:
        super().__init__()
        self.program = program
        self.out = out
        self.steps = self.play()
        self.timer = QTimer(self, interval=50)
        self.timer.timeout.connect(self.look)

    @property
    def bench(self) -> Workbench:
        return self.program.workbench

    def look(self) -> None:
        if not (self.program.has_begun and self.program.services.background.idle):
            return
        if not self.bench.sitting.answer or self.bench.sitting.busy:
            return
        if next(self.steps, None) is None:
            self.timer.stop()
            self.program.window.close()

    def play(self) -> Iterator[bool]:
        window = self.program.window
        window.showNormal()
        window.resize(1366, 768)
        yield True
        for language, theme in (("en", "dark"), ("zh", "light")):
            self.dress(language, theme)
            yield True
            self.bench.canvas.fit_window()
            yield True
            self.shoot(f"demo-{language}.png")
        window.rail.buttons["annotate"].click()
        self.draw()
        yield True
        yield True
        self.shoot("annotate-zh.png")
        self.dress("en", "light")
        window.rail.buttons["diagnose"].click()
        QTest.keyClick(self.bench.canvas, Qt.Key.Key_D)
        yield True
        yield True
        self.shoot("next-en.png")

    def dress(self, language: Language, theme: str) -> None:
        self.program.window.use_theme(theme)
        self.program.window.use_language(language)

    def draw(self) -> None:
        QTest.keyClick(self.bench.canvas, Qt.Key.Key_Y, Qt.KeyboardModifier.ShiftModifier)
        width, height = self.bench.canvas.photo_size()
        self.bench.canvas.add_box(Box(width * 0.06, height * 0.62, width * 0.24, height * 0.86))

    def shoot(self, name: str) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        self.program.window.grab().save(str(self.out / name))
        sys.stderr.write(f"{name}\n")


class CleanStudio(Studio):
    """The Clean and Datasets pages, on a demo whose photos were checked and in part decided about."""

    def play(self) -> Iterator[bool]:
        window = self.program.window
        window.showNormal()
        window.resize(1366, 768)
        for language, theme, check in (("zh", "light", "near_duplicate"), ("en", "dark", "blur")):
            self.dress(language, theme)
            window.go("clean")
            yield True
            page: Any = window.pages.page
            page.cards.choose(check)
            for _ in range(RESTS):
                yield True
            self.shoot(f"clean-{language}.png")
        window.go("datasets")
        for _ in range(RESTS):
            yield True
        self.shoot("datasets-en.png")
        self.dress("zh", "light")
        sets: Any = window.pages.page
        sets.freeze.click()
        for _ in range(RESTS):
            yield True
        self.shoot("freeze-zh.png")


class TrainStudio(Studio):
    """The Train page with finished runs, and a model's test."""

    def play(self) -> Iterator[bool]:
        window = self.program.window
        window.showNormal()
        window.resize(1366, 768)
        self.dress("en", "dark")
        window.go("train")
        page: Any = window.pages.page
        while not (page.watch.runs and page.form.forecast.answer):
            yield True
        for run in page.watch.runs:
            page.table.model_.tick(run.name, True)
        for _ in range(RESTS):
            yield True
        self.shoot("train-en.png")
        for run in page.watch.runs:
            page.table.model_.tick(run.name, False)
        self.dress("zh", "light")
        page.view.tabs.choose(1)
        for _ in range(RESTS):
            yield True
        while page.form.forecast.busy:
            yield True
        self.shoot("train-zh.png")
        page.act("test")
        for _ in range(RESTS):
            yield True
        self.shoot("test-zh.png")
        self.dress("en", "dark")
        sheet: Any = window.pages.sheet
        sheet.tabs.choose(3)
        for _ in range(RESTS):
            yield True
        self.shoot("test-en.png")


def trained(folder: Path) -> Path:
    """A demo on which two seeds were trained, only their heads; one was tested."""
    import subprocess

    from app.datasets.demo import make_demo

    demo = make_demo(folder, photos=60, seed=0)
    base = [sys.executable, str(ROOT / "main.py"), "--workspace", str(demo.workspace), "--actor", "doctor"]
    runs = demo.workspace / "runs"
    common = ["--task", "classify", "--network", "efficientnet_lite0", "--dataset", "phantom-a", "--recipe", "frozen"]
    for seed in ("0", "1"):
        out = runs / f"lite0-head-{seed}"
        subprocess.run([*base, "train", *common, "--epochs", "20", "--seed", seed, "--out", str(out)], check=True)
    tested = ["evaluate", "efficientnet-lite0-phantom-a", "--dataset", "phantom-a", "--part", "test"]
    subprocess.run([*base, *tested, "--out", str(runs / "lite0-head-1" / "tests" / "001")], check=True)
    return demo.workspace


def cleaned(folder: Path) -> Path:
    """A demo with every kind of fault, checked; the copies are out, and what is left is frozen."""
    from app.cleaning.decisions import decide
    from app.cleaning.queue import queue
    from app.cleaning.run import clean_workspace
    from app.common.packs import load_pack
    from app.datasets.demo import make_demo
    from app.datasets.freezing.versions import freeze
    from app.datasets.store import open_store

    demo = make_demo(folder, photos=60, seed=0)
    store = open_store(open_workspace(demo.workspace))
    clean_workspace(store, load_pack(), "doctor")
    with store.write("doctor") as session:
        for row in queue(session, "exact_duplicate"):
            decide(session, row.items, "merge", payload={"best": row.photos[0].id})
        decide(session, [item for row in queue(session, "dark") for item in row.items], "exclude")
        freeze(session, "paper", fold_count=3, seed=1)
    store.close()
    return demo.workspace


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    names = [kind.__name__ for kind in (Studio, CleanStudio, TrainStudio)]
    parser.add_argument("--only", nargs="*", choices=names, help="these pages' pictures")
    options = parser.parse_args()
    from app.datasets.demo import make_demo

    app = _qt()
    with tempfile.TemporaryDirectory() as folder:
        demo = make_demo(Path(folder) / "demo", photos=24, seed=0)
        for make, kind in (
            (lambda: demo.workspace, Studio),
            (lambda: cleaned(Path(folder) / "clean"), CleanStudio),
            (lambda: trained(Path(folder) / "train"), TrainStudio),
        ):
            if options.only and kind.__name__ not in options.only:
                continue
            workspace = make()
            program = Program(app, open_workspace(workspace), "doctor", engine_command())
            studio = kind(program, options.out)
            QTimer.singleShot(LONGEST, studio, app.quit)
            program.start([])
            studio.timer.start()
            app.exec()
            program.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
