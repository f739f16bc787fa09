"""Reading annotation files, side by side in one process: COCO with 100,000 boxes against pycocotools' load, Pascal VOC
against the standard library's DOM. Each pair in turn, so that a busy moment hits both; medians.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.annotation.formats import Context, Page, Shape, TargetPage, fresh, read, rewritten
from benchmarks.common import DATA, keep

BOXES, PER_PHOTO = 100_000, 10


@dataclass(frozen=True)
class Turns:
    """Seconds of each work, round by round: by the clock, and of the processor."""

    times: dict[str, list[float]]
    processor: dict[str, list[float]]

    def ms(self, name: str) -> float:
        return 1000 * statistics.median(self.times[name])

    def ratio(self, one: str, other: str) -> float:
        """The median of the rounds' own ratios: both were measured in the same moment."""
        return statistics.median(a / b for a, b in zip(self.times[one], self.times[other], strict=True))

    def processor_ratio(self, one: str, other: str) -> float:
        """The same of the processor's time, which other programs on the machine disturb less."""
        return statistics.median(a / b for a, b in zip(self.processor[one], self.processor[other], strict=True))


def in_turn(works: dict[str, Callable[[], object]], runs: int) -> Turns:
    """Each work, one after the other in every round; the first round is not counted."""
    times: dict[str, list[float]] = {name: [] for name in works}
    processor: dict[str, list[float]] = {name: [] for name in works}
    for number in range(runs + 1):
        for name, work in works.items():
            start, busy = time.perf_counter(), time.process_time()
            result = work()
            took, busy = time.perf_counter() - start, time.process_time() - busy
            del result
            if number:
                times[name].append(took)
                processor[name].append(busy)
    return Turns(times, processor)


def coco_file(folder: Path, rings: bool) -> Path:
    """100,000 boxes on 10,000 photos, as json.dump writes them; with ``rings`` a polygon of eight corners each."""
    rng = random.Random(0)
    images = [
        {"id": n, "file_name": f"photo_{n:05d}.jpg", "width": 1920, "height": 1280} for n in range(BOXES // PER_PHOTO)
    ]
    records = []
    for n in range(BOXES):
        x, y, w, h = (round(rng.uniform(0, 900), 2) for _ in range(4))
        corners = ((0, 0.3), (0.3, 0), (0.7, 0), (1, 0.3), (1, 0.7), (0.7, 1), (0.3, 1), (0, 0.7))
        ring = [round(v, 2) for u, t in corners for v in (x + u * w, y + t * h)]
        records.append(
            {
                "id": n + 1,
                "image_id": n // PER_PHOTO,
                "category_id": rng.randint(1, 5),
                "bbox": [x, y, w, h],
                "area": w * h,
                "iscrowd": 0,
                "segmentation": [ring] if rings else [],
            }
        )
    categories = [{"id": n, "name": f"class {n}", "supercategory": ""} for n in range(1, 6)]
    file = folder / f"coco-{rings}.json"
    file.write_text(json.dumps({"info": {}, "images": images, "annotations": records, "categories": categories}))
    return file


def coco_rows(folder: Path, rings: bool, runs: int) -> list[list[str]]:
    from pycocotools.coco import COCO

    file = coco_file(folder, rings)

    def theirs() -> Any:
        with contextlib.redirect_stdout(io.StringIO()):
            return COCO(str(file))

    took = in_turn(
        {
            "json": lambda: json.loads(file.read_bytes()),
            "pycocotools": theirs,
            "squama": lambda: read("coco", file.read_bytes(), file.name, Context()),
        },
        runs,
    )
    what = f"COCO, {BOXES:,} {'polygons' if rings else 'boxes'}"
    ours, them, bare = took.ms("squama"), took.ms("pycocotools"), took.ms("json")
    ratio = (
        f"{took.ratio('squama', 'pycocotools'):.2f} x ({ours:.0f} / {them:.0f} ms; json.loads alone {bare:.0f} ms; "
        f"processor time {took.processor_ratio('squama', 'pycocotools'):.2f} x)"
    )
    return [[f"{what}: read, against pycocotools' load", "" if rings else "<= 1.2 x", ratio]]


def change_row(folder: Path, runs: int) -> list[str]:
    """One box of the large file moved, and the file written anew around it."""
    file = coco_file(folder, rings=False)
    data = file.read_bytes()
    page = read("coco", data, file.name, Context()).pages[77]
    first, *rest = page.shapes
    moved = first._replace(corners=(1, 2, 30, 40))
    shapes = tuple((s.position, s) for s in (moved, *rest))
    target = TargetPage(page.image, page.width, page.height, False, shapes)
    took = in_turn({"change": lambda: rewritten("coco", data, file.name, [target], Context())}, runs)
    return [f"COCO, {BOXES:,} boxes: one moved, the rest kept byte for byte", "", f"{took.ms('change'):.0f} ms"]


def voc_rows(runs: int) -> list[list[str]]:
    from xml.dom import minidom

    found = sorted((DATA / "bccd_voc" / "Annotations").glob("*.xml"))
    if found:
        files, what = [f.read_bytes() for f in found], f"{len(found)} files of BCCD"
    else:
        shapes = tuple(Shape("psoriasis", (n, n, n + 50, n + 50)) for n in range(13))
        (data,) = fresh("voc", [Page("a.jpg", 640, 480, shapes)], Context()).values()
        files, what = [data] * 364, "364 files of 13 boxes"
    took = in_turn(
        {
            "dom": lambda: [minidom.parseString(data) for data in files],
            "squama": lambda: [read("voc", data, "a.xml", Context()) for data in files],
        },
        runs,
    )
    ratio = f"{took.ratio('dom', 'squama'):.1f} x faster ({1000 * took.ms('squama') / len(files):.0f} us a file)"
    return [[f"Pascal VOC, {what}: read, against xml.dom.minidom", ">= 5 x", ratio]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    runs = 11 if parser.parse_args().full else 5
    with tempfile.TemporaryDirectory() as folder:
        rows = coco_rows(Path(folder), rings=False, runs=runs)
        rows += coco_rows(Path(folder), rings=True, runs=runs)
        rows.append(change_row(Path(folder), max(runs // 2, 3)))
    rows += voc_rows(2 * runs)
    keep("format-speed", {"rows": rows, "runs": runs}, runs == 11)


if __name__ == "__main__":
    main()
