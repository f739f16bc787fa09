"""The next 24-megapixel photo: from the key D to the paint that shows it with its boxes, in the whole program.

``python -m benchmarks.next_photo [--full] [--folder DIR]``. Going through at one a second, as somebody looking does,
with the engine reading each photo meanwhile; and cold: nothing decoded ahead, against the decode alone (the file's
bytes from memory through OpenCV at the quarter that the screen needs), in turn in the same process. Each photo has 20
boxes in the database. Without ``--folder`` twelve photos of 6000 x 4000 are drawn in a temporary place.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import HERE, keep

SIZE = (6000, 4000)
PHOTOS = 12
BOXES = 20


def draw(folder: Path) -> None:
    """Photo-like: octaves of smooth noise, hard-edged spots, a little grain."""
    import cv2
    import numpy as np

    from app.common.images import encode_jpeg

    folder.mkdir(parents=True)
    width, height = SIZE
    for n in range(PHOTOS):
        drawn = np.random.default_rng(n)
        sky = np.full((height, width, 3), 128, np.float32)
        for cells, depth in ((6, 60), (40, 30), (250, 14), (1500, 9)):
            few = drawn.standard_normal((cells * height // width, cells, 3)).astype(np.float32)
            sky += depth * cv2.resize(few, SIZE, interpolation=cv2.INTER_CUBIC)
        for _ in range(60):
            at = (int(drawn.integers(width)), int(drawn.integers(height)))
            radii = (int(drawn.integers(30, 500)), int(drawn.integers(30, 300)))
            colour = tuple(float(c) for c in drawn.integers(0, 255, 3))
            cv2.ellipse(sky, at, radii, float(drawn.integers(180)), 0, 360, colour, -1, cv2.LINE_AA)
        sky += 4 * drawn.standard_normal((height, width, 1)).astype(np.float32)
        (folder / f"img_{n:02d}.jpg").write_bytes(encode_jpeg(np.clip(sky, 0, 255).astype(np.uint8), 90))


def give_boxes(workspace: Path, photos: list[Path]) -> None:
    import random

    from app.annotation.document import Annotation
    from app.common.geometry import Box
    from app.common.images import photo_size
    from app.common.packs import load_pack
    from app.common.workspace import open_workspace
    from app.datasets.store import complete_image, link_images, open_store, put_boxes

    drawn, labels = random.Random(0), load_pack().keys
    store = open_store(open_workspace(workspace))
    with store.write("benchmark") as session:
        for image_id, photo in zip(link_images(session, photos), photos, strict=True):
            width, height = photo_size(photo)
            complete_image(session, image_id, width, height, False)
            corners = [(drawn.uniform(0, 0.9 * width), drawn.uniform(0, 0.9 * height)) for _ in range(BOXES)]
            boxes = [Box(x, y, x + 0.08 * width, y + 0.08 * height) for x, y in corners]
            put_boxes(
                session,
                image_id,
                [Annotation(f"b{image_id:04}{n:04}", box, drawn.choice(labels)) for n, box in enumerate(boxes)],
            )
    store.close()


def decode_alone(data: bytes) -> float:
    import cv2
    import numpy as np

    start = time.perf_counter()
    cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_COLOR_4)
    return 1000 * (time.perf_counter() - start)


def child(folder: Path, workspace: Path, turns: int) -> dict[str, Any]:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from benchmarks.driving import Driven

    photos = sorted(folder.iterdir())
    give_boxes(workspace, photos)
    driven = Driven(workspace)
    bench = driven.program.workbench
    driven.settle()
    bench.collection.open([folder])
    driven.until(lambda: bench.collection.idle)
    driven.settle_photo()
    driven.program.window.go("annotate")
    bench.canvas.setFocus()
    path = [*range(1, len(photos)), *range(len(photos) - 2, -1, -1)]  # there and back

    def press(to: int) -> float:
        key = Qt.Key.Key_D if to > bench.photos.view.currentIndex().row() else Qt.Key.Key_A
        return driven.next_painted(lambda: QTest.keyClick(bench.canvas, key), boxes=BOXES)

    driven.watch_stalls()
    paced = []
    for _ in range(turns):
        for to in path:
            driven.wait(1.0)
            paced.append(press(to))
    stall = driven.worst_stall()
    ahead, bench.photos.neighbours = bench.photos.neighbours, lambda: ()  # type: ignore[method-assign]
    cold, alone = [], []
    for _ in range(turns):
        for to in path:
            driven.wait(0.7)
            driven.settle()
            driven.until(lambda: not bench.sitting._asked)  # the engine has answered: it is the decode that is measured
            bench.sitting._loader.forget()
            alone.append(decode_alone(photos[to].read_bytes()))
            cold.append(press(to))
    bench.photos.neighbours = ahead  # type: ignore[method-assign]
    from benchmarks.folder_open import memory

    result = {"paced_ms": paced, "cold_ms": cold, "decode_ms": alone, "worst_stall_ms": stall, "rss_mb": memory()}
    driven.stop()
    return result


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[round(share * (len(values) - 1))]


def measure(folder: Path, turns: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        call = [sys.executable, "-m", "benchmarks.next_photo", "--child", str(folder), f"{place}/workspace", str(turns)]
        done = subprocess.run(call, cwd=HERE.parent, capture_output=True, text=True, timeout=900)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    paced, cold, alone = result["paced_ms"], result["cold_ms"], result["decode_ms"]
    ratio = statistics.median(a / b for a, b in zip(cold, alone, strict=True))
    words = f"p50 {statistics.median(paced):.0f} ms, p95 {percentile(paced, 0.95):.0f} ms, n = {len(paced)}"
    colder = f"{ratio:.2f} x ({statistics.median(cold):.0f} / {statistics.median(alone):.0f} ms)"
    resident, highest = result["rss_mb"]
    rows = [
        [f"Next 24-megapixel photo with {BOXES} boxes, one a second: key to paint", "p95 <= 30 ms", words],
        ["Next 24-megapixel photo, nothing ahead: key to paint against the decode alone", "<= 1.2 x", colder],
        ["Longest stall going through 24-megapixel photos", "", f"{result['worst_stall_ms']:.0f} ms"],
        ["Memory after them; highest", "", f"{resident}; {highest} MB"],
    ]
    return {"platform": os.environ.get("QT_QPA_PLATFORM", "default"), "result": result, "rows": rows}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--folder", type=Path, help="an existing folder of photos instead of drawn ones")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if sys.platform == "linux" and not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    if options.child:
        folder, workspace, turns = options.child
        print(json.dumps(child(Path(folder), Path(workspace), int(turns))), flush=True)
        os._exit(0)
    with tempfile.TemporaryDirectory() as place:
        folder = options.folder or Path(place) / "photos"
        if not options.folder:
            draw(folder)
        keep("next-photo", measure(folder, 3 if options.full else 1), options.full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
