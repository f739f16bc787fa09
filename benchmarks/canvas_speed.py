"""How long the canvas takes to paint a 12-megapixel photo with 2,000 boxes.

``python -m benchmarks.canvas_speed [--full]``: median and 95th percentile in ms of a whole paint (after
a pan or zoom: photo, boxes and tags anew), of a paint while a box is dragged over them, and of the photo alone.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPixmap
from PySide6.QtWidgets import QApplication

from app.annotation.document import Annotation, Document, Suggestion
from app.common.geometry import Box
from app.common.packs import load_pack
from app.views.canvas import PhotoCanvas
from benchmarks.common import keep

SIZE = (4032, 3024)
WIDGET = (1280, 800)
BOXES = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    app = QApplication([])
    times = measure(BOXES, 200 if options.full else 60)
    rows = [[f"Canvas, 12 megapixels, {BOXES} boxes: {what}", "", spent] for what, spent in times.items()]
    keep("canvas-speed", {"boxes": BOXES, "photo": SIZE, "widget": WIDGET, "rows": rows}, options.full)
    app.quit()


def measure(boxes: int, rounds: int) -> dict[str, str]:
    canvas = _canvas()
    result: dict[str, str] = {}
    result["photo alone, panned"] = _times(canvas, rounds, _pan(canvas))
    _fill(canvas, boxes)
    result["first paint"] = _times(canvas, 1, lambda _: None)
    result["panned, fitted"] = _times(canvas, rounds, _pan(canvas))
    result["zoomed"] = _times(canvas, rounds, _zoom(canvas))
    canvas.fit_window()
    result["box dragged"] = _times(canvas, rounds, _drag(canvas))
    canvas.set_boxes_visible(True)
    result["min score changed"] = _times(canvas, rounds, lambda n: canvas.set_min_score(0.4 + n % 20 / 100))
    return result


def _canvas() -> PhotoCanvas:
    image = QImage(SIZE[0] // 8, SIZE[1] // 8, QImage.Format.Format_RGB32)
    drawn = random.Random(0)
    for y in range(image.height()):
        for x in range(image.width()):
            image.setPixel(x, y, 0xFF000000 | drawn.randrange(0x1000000))
    canvas = PhotoCanvas()
    canvas.resize(*WIDGET)
    canvas.set_pack(load_pack())
    canvas.set_photo(image.scaled(*SIZE), SIZE)
    canvas.show()
    return canvas


def _fill(canvas: PhotoCanvas, boxes: int) -> None:
    """Nine of ten are boxes, one of ten a suggestion."""
    drawn = random.Random(1)
    labels = load_pack().keys

    def box() -> Box:
        x, y, side = drawn.uniform(0, SIZE[0] - 160), drawn.uniform(0, SIZE[1] - 160), drawn.uniform(20, 150)
        return Box(x, y, x + side, y + side)

    many = tuple(Annotation(f"a{n:05}", box(), drawn.choice(labels)) for n in range(boxes * 9 // 10))
    canvas.set_document(Document(*SIZE, many))
    canvas.set_suggestions(
        [Suggestion(box(), drawn.choice(labels), drawn.random(), n, f"s{n}") for n in range(boxes // 10)]
    )
    canvas.set_min_score(0.0)


def _pan(canvas: PhotoCanvas) -> Callable[[int], None]:
    canvas.fit_window()
    canvas.zoom_by(1.05)
    return lambda n: canvas.pan_by(7 if n % 2 else -7, 5 if n % 2 else -5)


def _zoom(canvas: PhotoCanvas) -> Callable[[int], None]:
    return lambda n: canvas.zoom_by(1.25 if n % 8 < 4 else 0.8, QPointF(600, 400))


def _drag(canvas: PhotoCanvas) -> Callable[[int], None]:
    canvas.start_drawing()
    _mouse(canvas, QMouseEvent.Type.MouseButtonPress, QPoint(300, 300))
    return lambda n: _mouse(canvas, QMouseEvent.Type.MouseMove, QPoint(310 + 3 * n, 310 + 2 * n))


def _mouse(canvas: PhotoCanvas, kind: QMouseEvent.Type, at: QPoint) -> None:
    left = Qt.MouseButton.LeftButton
    event = QMouseEvent(kind, QPointF(at), QPointF(at), left, left, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(canvas, event)


def _times(canvas: PhotoCanvas, rounds: int, change: Callable[[int], None]) -> str:
    target = QPixmap(canvas.size())
    spent, worked = [], []
    for n in range(rounds):
        begun, busy = time.perf_counter(), time.process_time()
        change(n)
        canvas.render(target)
        spent.append((time.perf_counter() - begun) * 1000)
        worked.append((time.process_time() - busy) * 1000)
    late = sorted(spent)[int(0.95 * (len(spent) - 1))]
    return f"median {statistics.median(spent):5.1f} ms, p95 {late:5.1f} ms, CPU {statistics.median(worked):5.1f} ms"


if __name__ == "__main__":
    main()
