"""COCO with 100,000 boxes on 5,000 photos: import, parsed and committed to the database, beside pycocotools' load.

Medians of several runs, taken in turns in one process. The workspace knows the photos; each run starts from its copy.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from app.common.packs import DEFAULT_PACK, load_pack
from app.common.workspace import Workspace, open_workspace
from app.datasets.exchange.importing import import_boxes
from app.datasets.store import open_store
from benchmarks.common import keep
from db.tables import Image

BOUND = 4.0
SIZE = (1920, 1280)


def coco(photos: int, boxes: int, polygons: bool, seed: int = 0) -> dict[str, Any]:
    draw = random.Random(seed)
    keys = load_pack().keys
    annotations = []
    for number in range(boxes):
        x, y = round(draw.uniform(0, SIZE[0] - 210), 2), round(draw.uniform(0, SIZE[1] - 210), 2)
        w, h = round(draw.uniform(10, 200), 2), round(draw.uniform(10, 200), 2)
        ring = [[x, y, x + w, y, x + w, y + h, x, y + h]] if polygons else []
        annotations.append(
            {
                "id": number + 1,
                "image_id": number % photos + 1,
                "category_id": draw.randrange(len(keys)) + 1,
                "segmentation": [[round(v, 2) for v in r] for r in ring],
                "area": round(w * h, 2),
                "bbox": [x, y, w, h],
                "iscrowd": 0,
            }
        )
    return {
        "images": [
            {"id": n + 1, "file_name": f"{n:06}.jpg", "width": SIZE[0], "height": SIZE[1]} for n in range(photos)
        ],
        "annotations": annotations,
        "categories": [{"id": n + 1, "name": key} for n, key in enumerate(keys)],
    }


def prepared(root: Path, photos: int) -> None:
    """A workspace that knows the photos."""
    store = open_store(open_workspace(root))
    rows = [
        {"name": f"{n:06}.jpg", "path": f"/photos/{n:06}.jpg", "linked": True, "pack": DEFAULT_PACK, "meta": {}}
        | {"width": SIZE[0], "height": SIZE[1]}
        for n in range(photos)
    ]
    with store.write("benchmark") as session:
        session.execute(insert(Image), rows)
    store.close()


def imported(start: Path, file: Path, boxes: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "w"
        shutil.copytree(start, root)
        workspace = Workspace(root)
        store = open_store(workspace)
        begun = time.perf_counter()
        result = import_boxes(store, workspace, file, "coco", "benchmark")
        seconds = time.perf_counter() - begun
        store.close()
    assert (result.boxes, result.failed) == (boxes, ())
    return seconds


def pycocotools(file: Path) -> float:
    from pycocotools.coco import COCO

    begun = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        COCO(str(file))
    return time.perf_counter() - begun


def measure(photos: int, boxes: int, polygons: bool, runs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        start, file = Path(folder) / "start", Path(folder) / "annotations.json"
        prepared(start, photos)
        file.write_text(json.dumps(coco(photos, boxes, polygons)), encoding="utf-8")
        pairs = [(pycocotools(file), imported(start, file, boxes)) for _ in range(runs + 1)][1:]
    theirs, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {
        "polygons": polygons,
        "photos": photos,
        "boxes": boxes,
        "runs": runs,
        "pycocotools_load_s": theirs,
        "import_committed_s": ours,
        "ratio": ours / theirs,
        "ratio_of_each_run": [o / t for t, o in pairs],
        "bound": BOUND,
        "holds": ours <= BOUND * theirs,
    }


def _row(one: dict[str, Any]) -> tuple[str, str, str]:
    what = "with polygons" if one["polygons"] else "boxes alone"
    seconds = f"{one['import_committed_s']:.2f} / {one['pycocotools_load_s']:.2f} s"
    name = f"COCO, {one['boxes']:,} boxes ({what}): parsed and committed, against pycocotools' load"
    return name, f"<= {BOUND:.0f} x", f"{one['ratio']:.2f} x ({seconds})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    full = parser.parse_args().full
    photos, boxes, runs = (5_000, 100_000, 7) if full else (500, 10_000, 3)
    found = [measure(photos, boxes, polygons, runs) for polygons in (False, True)]
    keep("format-import", {"rows": [_row(one) for one in found], "measured": found}, full)
    return 0 if not full or all(one["holds"] for one in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
