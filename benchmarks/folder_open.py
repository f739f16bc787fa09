"""A folder of 100,000 photos opened in the whole program: first paint, stalls, memory, and looking on meanwhile.

``python -m benchmarks.folder_open [--full] [--folder DIR]``. Each run is a fresh process with an empty workspace and
its engine ready; the folder is given as Ctrl+U gives it. Without ``--folder`` a folder of hard links to four photos of
64 x 64 is made in a temporary place, as the peers' benchmark makes its own. Figures are medians of the runs; stalls
are those of a 5 ms timer (:mod:`benchmarks.driving`).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import HERE, keep

PHOTOS = 100_000
LINKS = 25_000  # to one file; ext4 takes 65,000


def make_folder(folder: Path, photos: int) -> None:
    from PIL import Image

    drawn = random.Random(0)
    folder.mkdir(parents=True)
    for n in range(-(-photos // LINKS)):
        picture = Image.new("RGB", (8, 8))
        picture.putdata([tuple(drawn.randrange(256) for _ in range(3)) for _ in range(64)])
        source = folder.parent / f"source {n}.jpg"
        picture.resize((64, 64)).save(source, quality=90)
    for n in range(photos):
        os.link(folder.parent / f"source {n // LINKS}.jpg", folder / f"img_{n:06d}.jpg")


def memory() -> tuple[int, int]:
    """Resident now and at its highest, MB; 0 where the system does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0, 0
    said = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    return int(said["VmRSS"].split()[0]) // 1024, int(said["VmHWM"].split()[0]) // 1024


def child(folder: Path, workspace: Path) -> dict[str, Any]:
    from benchmarks.driving import NOW, Driven

    driven = Driven(workspace)
    bench = driven.program.workbench
    result: dict[str, Any] = {"rss_before_mb": memory()[0]}
    for turn in ("new", "known"):
        driven.list_painted.clear()
        driven.watch_stalls()
        start = NOW()
        first = driven.next_painted(lambda: bench.collection.open([folder]))
        listed = driven.list_painted[0] - start
        meanwhile = []
        for _ in range(5):
            driven.wait(0.1)
            meanwhile.append(_step(driven))
        through = driven.until(lambda: bench.collection.idle) - start
        driven.wait(1.0)
        result[turn] = {
            "first_photo_ms": first,
            "first_list_ms": 1000 * listed,
            "all_listed_s": through,
            "worst_stall_ms": driven.worst_stall(),
            "next_meanwhile_ms": meanwhile,
            "photos": bench.photos.model.total,
        }
        driven.settle()
    result["next_after_ms"] = [_step(driven) for _ in range(5)]
    result["rss_after_mb"], result["rss_peak_mb"] = memory()
    driven.stop()
    return result


def _step(driven: Any) -> float:
    """From the key to the next photo's first paint, ms."""
    driven.settle_photo()
    return float(driven.next_painted(driven.program.workbench.actions_["next"].trigger))


def run(folder: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.folder_open", "--child", str(folder), str(Path(place) / "workspace")],
            cwd=HERE.parent,
            capture_output=True,
            text=True,
            timeout=300,
        )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def measure(folder: Path, runs: int) -> dict[str, Any]:
    results = [run(folder) for _ in range(runs)]

    def median(*path: str) -> float:
        found: list[float] = []
        for result in results:
            value: Any = result
            for key in path:
                value = value[key]
            found.append(statistics.median(value) if isinstance(value, list) else value)
        return round(statistics.median(found), 2)

    again, worst = median("known", "all_listed_s"), max(r["new"]["worst_stall_ms"] for r in results)
    meanwhile, after = median("new", "next_meanwhile_ms"), median("next_after_ms")
    mb = [f"{median(key):.0f}" for key in ("rss_before_mb", "rss_after_mb", "rss_peak_mb")]
    figures = (
        ("first photo painted", "<= 200 ms", f"{median('new', 'first_photo_ms'):.0f} ms"),
        ("list painted", "<= 200 ms", f"{median('new', 'first_list_ms'):.0f} ms"),
        ("first photo painted, folder known", "<= 200 ms", f"{median('known', 'first_photo_ms'):.0f} ms"),
        ("all listed and registered; again", "", f"{median('new', 'all_listed_s'):.1f} s; {again:.1f} s"),
        ("longest stall", "<= 50 ms", f"median {median('new', 'worst_stall_ms'):.0f} ms, worst {worst:.0f} ms"),
        ("next photo while it is listed; after", "", f"{meanwhile:.0f} ms; {after:.0f} ms"),
        ("memory before; after; highest", "", f"{'; '.join(mb)} MB"),
    )
    photos = results[0]["new"]["photos"]
    rows = [[f"Folder of {photos:,} photos: {what}", target, shown] for what, target, shown in figures]
    return {"platform": os.environ.get("QT_QPA_PLATFORM", "default"), "runs": results, "rows": rows}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--folder", type=Path, help="an existing folder instead of a made one")
    parser.add_argument("--child", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if sys.platform == "linux" and not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    if options.child:
        print(json.dumps(child(*options.child)), flush=True)
        os._exit(0)
    with tempfile.TemporaryDirectory() as place:
        folder = options.folder or Path(place) / "photos"
        if not options.folder:
            make_folder(folder, PHOTOS)
        keep("folder-open", measure(folder, 7 if options.full else 3), options.full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
