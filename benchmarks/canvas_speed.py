"""How long a frame of the canvas takes with 2,000 boxes in a window of 1600 x 1000: from event to end of paint.

``python -m benchmarks.canvas_speed [--full]``: median and 95th percentile in ms over real events (wheel, mouse) sent to
a shown widget, and the processor time of the GUI thread alone, which other programs on the machine blur less. The
floor, measured in turns with them: a bare widget that paints the photo scaled smoothly and 2,000 rectangles in one
call, and one that lays down a ready picture.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.annotation.document import Annotation, Document, Suggestion
from app.common.geometry import Box
from app.common.packs import load_pack
from app.views.canvas import Looks, PhotoCanvas
from benchmarks.common import keep

PHOTOS = ((1920, 1280), (6000, 4000))
WINDOW = (1600, 1000)
BOXES = 2000
LEFT, MIDDLE, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.NoButton
CONTROL, PLAIN = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier
MIDST = QPointF(WINDOW[0] / 2, WINDOW[1] / 2)

Step = Callable[[int], None]


@dataclass
class Times:
    """``wall``: event to painted; ``busy``: what of it the GUI thread worked; ms."""

    wall: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float | int]:
        p95 = sorted(self.wall)[int(0.95 * (len(self.wall) - 1))]
        return {
            "median_ms": round(statistics.median(self.wall), 2),
            "p95_ms": round(p95, 2),
            "worst_ms": round(max(self.wall), 2),
            "gui_thread_median_ms": round(statistics.median(self.busy), 2),
            "frames": len(self.wall),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    app = QApplication([])
    frames: dict[str, dict[str, dict[str, float | int]]] = {}
    for size in PHOTOS:
        frames[f"{size[0]} x {size[1]}"] = {
            what: times.summary() for what, times in measure(size, 240 if options.full else 60).items()
        }
    rows = [
        [f"Canvas, {BOXES} boxes on {photo}: {what}", "", f"median {t['median_ms']} ms, p95 {t['p95_ms']} ms"]
        for photo, all_times in frames.items()
        for what, t in all_times.items()
    ]
    facts = {"boxes": BOXES, "window": WINDOW, "platform": app.platformName(), "conditions": _conditions()}
    keep("canvas-speed", {**facts, "frames": frames, "rows": rows}, options.full)
    app.quit()


def _conditions() -> str:
    """How busy the machine was: wall times of frames mean little on a busy one unless they went first."""
    first = hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) != os.SCHED_OTHER
    load = f"load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    return f"{load}{', real-time priority' if first else ''}"


def measure(size: tuple[int, int], rounds: int) -> dict[str, Times]:
    photo, many = photo_of(size), boxes_of(size)
    canvas = _canvas(photo, size, many)
    bare = {"floor: photo scaled and rectangles": _Bare(photo, many), "floor: ready picture": _Ready(photo)}
    for widget in bare.values():
        _shown(widget)
    jobs = dict(_jobs(canvas))
    result: dict[str, Times] = {what: Times() for what in (*bare, *jobs)}
    portion = 20  # in turns, so that a busy spell of the machine meets all alike
    for _ in range(rounds // portion):
        for what, widget in bare.items():
            _run(widget, lambda _, w=widget: w.update(), portion, result[what])
        for what, begin in jobs.items():
            canvas.fit_window()
            canvas.set_looks(Looks())
            step = begin()
            _settle()
            _run(canvas, step, portion, result[what])
            _mouse(canvas, QEvent.Type.MouseButtonRelease, MIDST, NONE)
            canvas.cancel()
            canvas.set_magnifier(False)
            canvas.set_document(Document(*size, many))
            _settle()
    return result


def _jobs(canvas: PhotoCanvas) -> Iterator[tuple[str, Callable[[], Step]]]:
    yield "pan by dragging", lambda: _pan(canvas)
    yield "pan by wheel", lambda: _scroll(canvas)
    yield "zoom by wheel", lambda: _zoom(canvas)
    yield "box dragged", lambda: _drag(canvas)
    yield "box resized", lambda: _drag(canvas, corner=True)
    yield "box drawn, with cross-hair", lambda: _draw(canvas)
    yield "pointer moved over boxes", lambda: lambda n: _move(canvas, QPointF(200 + 9 * n, 150 + 5 * n), NONE)
    yield "magnifier moved", lambda: _magnify(canvas)
    yield "box selected", lambda: lambda n: canvas.select(f"a{17 * n % BOXES:05}")
    yield "box moved by one edit", lambda: _edit(canvas)
    yield "min score changed", lambda: lambda n: canvas.set_min_score(0.4 + n % 20 / 100)
    yield "pan, with CLAHE", lambda: _pan(canvas, Looks(clahe=2.0))


def photo_of(size: tuple[int, int]) -> QImage:
    """Noise, smooth at the scale of eight pixels."""
    small = QImage(size[0] // 8, size[1] // 8, QImage.Format.Format_RGB32)
    drawn = random.Random(0)
    for y in range(small.height()):
        for x in range(small.width()):
            small.setPixel(x, y, 0xFF000000 | drawn.randrange(0x1000000))
    return small.scaled(*size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)


def boxes_of(size: tuple[int, int]) -> tuple[Annotation, ...]:
    """As the comparison with other programs has them: sides of 1/80 to 1/20 of the photo's."""
    drawn = random.Random(1)
    width, height = size
    labels = load_pack().keys
    made = []
    for n in range(BOXES):
        across, down = drawn.randint(width // 80, width // 20), drawn.randint(height // 80, height // 20)
        x, y = drawn.randint(1, width - across - 1), drawn.randint(1, height - down - 1)
        made.append(Annotation(f"a{n:05}", Box(x, y, x + across, y + down), drawn.choice(labels)))
    return tuple(made)


class _Bare(QWidget):
    """What the same picture costs without a program around it."""

    def __init__(self, photo: QImage, many: tuple[Annotation, ...]) -> None:
        super().__init__()
        self._photo = QPixmap.fromImage(photo)
        scale = min((WINDOW[0] - 16) / photo.width(), (WINDOW[1] - 16) / photo.height())
        self._target = QRectF(8, 8, photo.width() * scale, photo.height() * scale)
        boxes = [a.box.scaled(scale) for a in many]
        self._rectangles = [QRectF(8 + b.x0, 8 + b.y0, b.width, b.height) for b in boxes]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(self._target, self._photo, QRectF(self._photo.rect()))
        painter.setPen(QPen(QColor("#00FF00"), 2))
        painter.drawRects(self._rectangles)
        painter.end()


class _Ready(QWidget):
    def __init__(self, photo: QImage) -> None:
        super().__init__()
        self._photo = QPixmap.fromImage(photo.scaled(*WINDOW))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._photo)
        painter.end()


def _shown(widget: QWidget) -> None:
    widget.resize(*WINDOW)
    widget.show()
    handle = widget.windowHandle()
    while not (handle and handle.isExposed()):
        QApplication.processEvents()
    _settle()


def _canvas(photo: QImage, size: tuple[int, int], many: tuple[Annotation, ...]) -> PhotoCanvas:
    canvas = PhotoCanvas()
    canvas.set_pack(load_pack())
    canvas.set_photo(photo, size)
    canvas.set_document(Document(*size, many))
    drawn = random.Random(2)
    places = [drawn.choice(many).box.scaled(0.9) for _ in range(100)]
    canvas.set_suggestions([Suggestion(b, "eczema", drawn.random(), n, f"s{n}") for n, b in enumerate(places, 1)])
    _shown(canvas)
    return canvas


def _settle() -> None:
    """Nothing left to do: three quick turns of the event loop."""
    quiet = 0
    while quiet < 3:
        begun = time.perf_counter()
        QApplication.processEvents()
        quiet = 0 if time.perf_counter() - begun > 0.0008 else quiet + 1


def _run(widget: QWidget, step: Step, rounds: int, times: Times) -> None:
    for n in range(rounds):
        begun, busy = time.perf_counter(), time.thread_time()
        step(n)
        QApplication.processEvents()
        times.wall.append((time.perf_counter() - begun) * 1000)
        times.busy.append((time.thread_time() - busy) * 1000)
        _settle()


def _pan(canvas: PhotoCanvas, looks: Looks | None = None) -> Step:
    """Most boxes in sight, a little larger than the window."""
    canvas.set_looks(looks or Looks())
    canvas.zoom_by(1.4)
    _settle_looks(canvas)
    at = [MIDST.x(), MIDST.y()]
    _press(canvas, MIDST, MIDDLE)

    def step(n: int) -> None:
        sign = -1 if n % 20 < 10 else 1
        at[0], at[1] = at[0] + 13 * sign, at[1] + 9 * sign
        _move(canvas, QPointF(*at), MIDDLE)

    return step


def _settle_looks(canvas: PhotoCanvas) -> None:
    for _ in range(60):
        canvas.update()
        QApplication.processEvents()
        time.sleep(0.005)


def _scroll(canvas: PhotoCanvas) -> Step:
    canvas.zoom_by(1.4)
    return lambda n: _wheel(canvas, 120 if n % 10 < 5 else -120, PLAIN)


def _zoom(canvas: PhotoCanvas) -> Step:
    return lambda n: _wheel(canvas, 120 if n % 8 < 4 else -120, CONTROL)


def _drag(canvas: PhotoCanvas, corner: bool = False) -> Step:
    canvas.select("a01000")
    box = canvas.scene.find("a01000") or Box(0, 0, 1, 1)
    at = canvas.to_widget(*((box.x1, box.y1) if corner else box.centre))
    _press(canvas, at, LEFT)
    sign_x, sign_y = (1 if at.x() < MIDST.x() else -1), (1 if at.y() < MIDST.y() else -1)
    return lambda n: _move(canvas, at + QPointF(sign_x * (4 + 3 * n), sign_y * (4 + 2 * n)), LEFT)


def _draw(canvas: PhotoCanvas) -> Step:
    canvas.start_drawing()
    _press(canvas, QPointF(300, 300), LEFT)
    return lambda n: _move(canvas, QPointF(310 + 9 * n, 310 + 5 * n), LEFT)


def _magnify(canvas: PhotoCanvas) -> Step:
    canvas.set_magnifier(True)
    return lambda n: _move(canvas, QPointF(200 + 9 * n, 150 + 5 * n), NONE)


def _edit(canvas: PhotoCanvas) -> Step:
    canvas.select("a00500")
    return lambda n: canvas.nudge(3 if n % 2 else -3, 2)


def _press(canvas: PhotoCanvas, at: QPointF, button: Qt.MouseButton) -> None:
    _mouse(canvas, QEvent.Type.MouseButtonPress, at, button)


def _move(canvas: PhotoCanvas, at: QPointF, held: Qt.MouseButton) -> None:
    _mouse(canvas, QEvent.Type.MouseMove, at, held)


def _mouse(canvas: PhotoCanvas, kind: QEvent.Type, at: QPointF, held: Qt.MouseButton) -> None:
    event = QMouseEvent(kind, at, canvas.mapToGlobal(at), held, held, PLAIN)
    QApplication.sendEvent(canvas, event)


def _wheel(canvas: PhotoCanvas, turned: int, keys: Qt.KeyboardModifier) -> None:
    event = QWheelEvent(
        MIDST, canvas.mapToGlobal(MIDST), QPoint(), QPoint(0, turned), NONE, keys, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(canvas, event)


if __name__ == "__main__":
    main()
