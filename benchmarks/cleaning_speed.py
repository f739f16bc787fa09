"""How fast the pixel checks are, beside the decode that they need and beside cleanvision, and what a large set costs.

``python -m benchmarks.cleaning_speed [--full] [--cleanvision PYTHON] [--sizes 2000,10000]``. The photos are seeded
transforms (turned, mirrored, cropped, relit) of the clinical sample's large photos, 1,024 pixels wide, or of phantoms
where there is no such data; the sets of growing size are transforms of 256-pixel photos. Decoding alone, the quick
parts and cleanvision (its own defaults) take turns on the same 2,000 files; a rate is the median of the turns.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from app.cleaning.checks import PARTS, Part
from app.cleaning.examining import Photo, examine
from app.cleaning.run import clean_files
from app.cleaning.subject import LabelledBox, Subject
from app.common.geometry import Box
from app.common.images import encode_jpeg, read_file, read_photo
from app.common.packs import load_pack
from app.common.phantoms import Nuisances, render
from benchmarks.common import DATA, HERE, keep
from benchmarks.faults import U8, Rng

SEED = 31
QUICK = ("exposure", "sharpness", "borders", "likeness")
CHECKS = ("dark", "bright", "low_contrast", "low_resolution", "colour_cast", "odd_aspect", "blur", "motion_blur",
          "black_border", "framing")  # fmt: skip


def sources(large: bool) -> list[U8]:
    """Photos to transform, 1,024 pixels wide or about 256."""
    folder = DATA / ("clinical_sample" if large else "ham10000_small") / "images"
    if not folder.exists():
        size = (1024, 768) if large else (256, 192)
        return [render(SEED, i, "A", "mid", size).pixels for i in range(12)]
    photos = [read_photo(p).pixels for p in sorted(folder.iterdir())[:200]]
    return [p for p in photos if not large or p.shape[1] >= 1000]


def transformed(pixels: U8, rng: Rng) -> bytes:
    """A JPEG of the photo, mirrored, turned by some degrees, cropped by up to a tenth, a little brighter or darker."""
    height, width = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-8, 8), rng.uniform(1, 1.1))
    out = np.asarray(cv2.warpAffine(pixels, turn, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)
    out = np.ascontiguousarray(out[:, :: rng.choice([-1, 1])])
    relit = cv2.convertScaleAbs(out, alpha=rng.uniform(0.85, 1.1), beta=rng.uniform(-8, 8))
    return encode_jpeg(np.asarray(relit, np.uint8), int(rng.integers(85, 95)))


def make(folder: Path, count: int, large: bool) -> list[Path]:
    given = sources(large)
    folder.mkdir(exist_ok=True)

    def one(k: int) -> Path:
        path = folder / f"{k:06d}.jpg"
        path.write_bytes(transformed(given[k % len(given)], np.random.default_rng((SEED, k))))
        return path

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, range(count)))


def rate(paths: Sequence[Path], work: Callable[[Path], object]) -> float:
    """Photos per second on as many threads as there are processors, as a run of the checks has it."""
    start = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count(), initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        for _ in pool.map(work, paths):
            pass
    return len(paths) / (time.perf_counter() - start)


def decode_alone(path: Path) -> None:
    _ = Subject("photo", read_file(path)).small


def beside_cleanvision(paths: Sequence[Path], python: str | None, turns: int) -> dict[str, Any]:
    parts = [p for p in PARTS if p.name in QUICK]
    rates: dict[str, list[float]] = {"decode": [], "checks": []}
    for _ in range(turns):
        rates["decode"].append(rate(paths, decode_alone))
        rates["checks"].append(rate(paths, lambda p: examine(Photo(0, p, p.name), parts)))
        if python is not None and len(rates.setdefault("cleanvision", [])) < 1:
            out = paths[0].parent.parent / "cleanvision.json"
            script = str(HERE / "peer_cleanvision.py")
            subprocess.run([python, script, str(paths[0].parent), str(out)], check=True)
            rates["cleanvision"].append(len(paths) / json.loads(out.read_text(encoding="utf-8"))["seconds"])
    found: dict[str, Any] = {name: statistics.median(values) for name, values in rates.items()}
    found["parts"] = [p.name for p in parts]
    found["checks_by_decode"] = found["checks"] / found["decode"]
    if "cleanvision" in found:
        found["checks_by_cleanvision"] = found["checks"] / found["cleanvision"]
    found["milliseconds_a_photo"] = {p.name: alone(paths[:200], p) for p in parts}
    return found


def alone(paths: Sequence[Path], part: Part) -> float:
    """A part's own time on one thread, milliseconds, the pixels decoded before."""
    from importlib import import_module

    cv2.setNumThreads(1)
    work = import_module(part.module).examine
    times = []
    for path in paths:
        subject = Subject("photo", read_file(path))
        _ = subject.small
        start = time.perf_counter()
        work(subject)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def deep(photos: int) -> dict[str, float]:
    """Of 12-megapixel photos with boxes, milliseconds on one thread: decoding at full scale; with blur inside the
    boxes; every part of the checks with all that it decodes."""
    from importlib import import_module

    from app.cleaning import framing, sharpness

    cv2.setNumThreads(1)
    decoding, checking, everything = [], [], []
    for index in range(photos):
        drawn = render(SEED, index, "A", "mid", (4000, 3000), Nuisances())
        data = encode_jpeg(drawn.pixels, 92)
        boxes = [LabelledBox(Box(*p.box), p.disease) for p in drawn.lesions]
        start = time.perf_counter()
        read_photo(data)
        decoding.append(1000 * (time.perf_counter() - start))
        start = time.perf_counter()
        subject = Subject("photo", data, boxes)
        sharpness.examine(subject)
        framing.examine(subject)
        checking.append(1000 * (time.perf_counter() - start))
        for _warm in range(2 - bool(index)):  # networks are loaded with the first
            start = time.perf_counter()
            subject = Subject("photo", data, boxes)
            for part in PARTS:
                import_module(part.module).examine(subject)
        everything.append(1000 * (time.perf_counter() - start))
    every = statistics.median(everything)
    full, whole = statistics.median(decoding), statistics.median(checking)
    return {"decode_ms": full, "with_checks_ms": whole, "ratio": whole / full,
            "everything_ms": every, "everything_ratio": every / full}  # fmt: skip


def of_size(folder: str, count: int, out: Any) -> None:
    """In a process of its own: what ``clean`` takes over so many photos, and the most memory it held."""
    paths = sorted(Path(folder).iterdir())[:count]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    clean_files([Photo(n, p, p.name) for n, p in enumerate(paths)], load_pack(), CHECKS)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    out.put({"photos": count, "seconds": seconds, "ms_a_photo": 1000 * seconds / count,
             "megabytes_before": before / 1024, "megabytes": after / 1024})  # fmt: skip


def growing(place: Path, sizes: Iterable[int]) -> list[dict[str, float]]:
    wanted = sorted(sizes)
    make(place / "small", wanted[-1], large=False)
    spawning = multiprocessing.get_context("spawn")
    found = []
    for count in wanted:
        out = spawning.Queue()
        child = spawning.Process(target=of_size, args=(str(place / "small"), count, out))
        child.start()
        found.append(out.get())
        child.join()
        print(found[-1], file=sys.stderr, flush=True)
    return found


def shown(result: dict[str, Any]) -> list[list[str]]:
    rates, deep_one, sets = result["photos_a_second"], result["deep"], result["growing"]
    first = f"{rates['checks']:.0f} against {rates['decode']:.0f} photos a second"
    rows = [["Quick checks against the decode alone, 2,000 photos of 1,024 pixels", ">= 0.70",
             f"{rates['checks_by_decode']:.2f} ({first})"]]  # fmt: skip
    if "cleanvision" in rates:
        text = f"{rates['checks_by_cleanvision']:.1f} x ({rates['checks']:.0f} / {rates['cleanvision']:.0f})"
        rows.append(["Quick checks against cleanvision's defaults, the same files", ">= 15 x", text])
    times = f"{deep_one['ratio']:.2f} x ({deep_one['with_checks_ms']:.0f} / {deep_one['decode_ms']:.0f} ms)"
    rows.append(["Blur inside boxes of 12 megapixels against a full decode", "<= 3 x", times])
    times = f"{deep_one['everything_ratio']:.2f} x ({deep_one['everything_ms']:.0f} / {deep_one['decode_ms']:.0f} ms)"
    rows.append(["Every check of a 12-megapixel photo with boxes against a full decode", "<= 3 x", times])
    sizes = "; ".join(f"{s['photos']}: {s['ms_a_photo']:.2f} ms, {s['megabytes']:.0f} MB" for s in sets)
    rows.append(["Quick checks over growing sets (seeded transforms), a photo and at most", "linear", sizes])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--cleanvision", help="a Python that has cleanvision")
    parser.add_argument("--sizes", help="photos in the growing sets, by commas")
    options = parser.parse_args()
    quick = not options.full
    sizes = [int(n) for n in (options.sizes or ("500,2000" if quick else "2000,10000,50000")).split(",")]
    with tempfile.TemporaryDirectory() as place:
        paths = make(Path(place) / "photos", 200 if quick else 2000, large=True)
        result: dict[str, Any] = {
            "seed": SEED,
            "photos": len(paths),
            "photos_a_second": beside_cleanvision(paths, options.cleanvision, 1 if quick else 3),
            "deep": deep(3 if quick else 10),
            "growing": growing(Path(place), sizes),
        }
    result["rows"] = shown(result)
    keep("cleaning-speed", result, not quick)


if __name__ == "__main__":
    main()
