"""Faces: recall on public-domain portraits, whole and in part, and false alarms on skin; MTCNN and a cascade beside.

Portraits (``face_portraits.csv`` names each file with its five points, which MTCNN set and an eye checked; none is
committed; DIR holds them as OWNER/REPOSITORY/PATH):

- github.com/18F/18f.gsa.gov, commit 0a55c75, ``assets/img/team``: staff of a US federal agency, CC0. To develop on.
- github.com/presidential-innovation-fellows/pif-website, commit 8ae57fa, ``assets/images/fellows``: fellows of the US
  General Services Administration, CC0. To test on.
- github.com/ageitgey/face_recognition, commit 2e2dcce, ``examples``, ``tests/test_images``: only the official
  photographs of two US presidents (White House, US government works). To test on.

Skin: phantoms, isic2016_lesions and the clinical development part to develop on; ham10000_small, the clinical test part
and phantoms of another seed to test on.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from app.cleaning.checks import default_thresholds
from app.cleaning.faces import examine, faces
from app.cleaning.subject import Subject
from app.common.errors import UserError
from app.common.images import encode_jpeg, read_photo
from app.common.phantoms import render
from benchmarks.clinical_split import photos as clinical_photos
from benchmarks.common import DATA, HERE, Share, keep, log_look

Pixels = NDArray[np.uint8]
DEVELOP = "18F/18f.gsa.gov/"
PEERS_EVERY = 8  # the peers look at each eighth of the portraits and skin photos: they are slow
EVERY = 2  # each second portrait of the table is looked at


def portraits(folder: Path, test: bool) -> Iterator[tuple[Pixels, NDArray[np.float64]]]:
    """Pixels and points (eyes, nose, corners of the mouth) of the portraits of the part that are there."""
    with (HERE / "face_portraits.csv").open(encoding="utf-8", newline="") as table:
        for row in list(csv.reader(table))[1::EVERY]:
            if row[0].startswith(DEVELOP) == test or not (folder / row[0]).exists():
                continue
            try:
                yield read_photo(folder / row[0]).pixels, np.array(row[1:], float).reshape(5, 2)
            except UserError:
                continue


def views(pixels: Pixels, points: NDArray[np.float64], ground: Pixels, rng: np.random.Generator) -> dict[str, Pixels]:
    """The portrait as clinical photos show faces. Sizes in eye distances, axes along the eyes."""
    left, right, nose, *_ = points
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    across = right - left
    d = max(float(np.hypot(*across)), 0.9 * float(np.hypot(*(mouth - eyes))))
    angle = float(np.arctan2(across[1], across[0]))
    x, y = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    middle = (eyes + mouth) / 2

    def cut(centre: NDArray[np.float64], wide: float, high: float, of: Pixels = pixels, side: int = 800) -> Pixels:
        return _cut(of, centre, angle, wide * d, high * d, side)

    whole = _longer_side(pixels, 800)
    barred = pixels.copy()
    bar = cv2.boxPoints(((float(eyes[0]), float(eyes[1])), (2.2 * d, 0.6 * d), float(np.degrees(angle))))
    cv2.fillPoly(barred, [bar.astype(np.int32)], (0, 0, 0))
    return {
        "whole": whole,
        "close": cut(middle, 3.0, 3.6),
        "turned 30": _rotated(whole, 30),
        "turned 60": _rotated(whole, 60),
        "turned 90": np.ascontiguousarray(np.rot90(whole)),
        "turned 180": np.ascontiguousarray(whole[::-1, ::-1]),
        "a tenth of the photo's height": _pasted(cut(middle, 2.4, 3.0, side=80), ground, rng),
        "a twentieth of the photo's height": _pasted(cut(middle, 2.4, 3.0, side=40), ground, rng),
        "eyes barred": cut(middle, 3.6, 4.2, barred),
        "eyes only": cut(eyes, 2.4, 1.1),
        "upper half": cut(eyes + 0.1 * d * y, 2.4, 1.8),
        "lower half": cut(mouth - 0.05 * d * y, 2.4, 1.6),
        "left half": cut(middle - 0.75 * d * x, 1.5, 2.6),
        "cheek with an eye": cut(0.6 * left + 0.4 * middle - 0.3 * d * x, 1.4, 1.4),
        "one eye": cut(left, 1.1, 0.8),
        "mouth only": cut(mouth, 1.4, 0.9),
        "nose only": cut(nose - 0.1 * d * y, 0.9, 1.0),
    }


def skins(test: bool, quick: bool) -> dict[str, list[Pixels]]:
    seed, count = (61_001, 60) if test else (61_000, 30)
    drawn = (render(seed, i, "AB"[i % 2], ("far", "mid", "near")[i % 3], (800, 600)) for i in range(count))
    found = {"phantoms": [p.pixels for p in drawn]}
    folder = DATA / ("ham10000_small" if test else "isic2016_lesions") / "images"
    files = sorted(folder.glob("*.*"))
    picked = np.random.default_rng(seed).permutation(len(files))[: 100 if quick else 1000]
    found[folder.parent.name] = [read_photo(files[i]).pixels for i in sorted(picked)]
    found["clinical_sample"] = [read_photo(f).pixels for f, _ in clinical_photos("test" if test else "development")]
    return found


def squama(pixels: Pixels) -> float:
    found = faces(pixels)
    return found[0][1] if found else 0.0


def cascade() -> Callable[[Pixels], float]:
    """OpenCV's frontal face cascade with its defaults: 1 or 0."""
    net = cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"))
    return lambda pixels: float(
        len(net.detectMultiScale(cv2.cvtColor(_longer_side(pixels, 640), cv2.COLOR_RGB2GRAY))) > 0
    )


def mtcnn() -> Callable[[Pixels], float] | None:
    """facenet_pytorch's MTCNN with its defaults, where it is installed."""
    try:
        net: Any = importlib.import_module("facenet_pytorch.models.mtcnn").MTCNN(keep_all=True)
    except ImportError:
        return None

    def look(pixels: Pixels) -> float:
        boxes, sure = net.detect(_longer_side(pixels, 640))
        return 0.0 if boxes is None else float(max(sure))

    return look


def measure(folder: Path, test: bool, quick: bool) -> dict[str, Any]:
    limit = default_thresholds()["face"]
    peers = {"haar cascade": (cascade(), 0.5)} | ({"mtcnn": (peer, 0.5)} if (peer := mtcnn()) else {})
    rng = np.random.default_rng(61_002 + test)
    skin = skins(test, quick)
    grounds = skin["phantoms"]
    scores: dict[str, dict[str, list[bool]]] = {}

    def note(group: str, name: str, pixels: Pixels, with_peers: bool) -> None:
        seen = scores.setdefault(name, {})
        seen.setdefault(f"{group}/squama", []).append(squama(pixels) >= limit)
        for peer, (look, least) in peers.items() if with_peers else ():
            seen.setdefault(f"{group}/{peer}", []).append(look(pixels) >= least)

    number = 0
    for number, (pixels, points) in enumerate(portraits(folder, test), 1):
        if quick and number > 12:
            break
        for name, view in views(pixels, points, grounds[number % len(grounds)], rng).items():
            note("recall", name, view, number % PEERS_EVERY == 0)
    for name, photos in skin.items():
        for k, pixels in enumerate(photos):
            note("false alarms", name, pixels, k % PEERS_EVERY == 0)
    table = {
        name: {which: Share(sum(hits), len(hits)).as_json() for which, hits in seen.items()}
        for name, seen in scores.items()
    }
    return {"part": "test" if test else "develop", "portraits": number, "threshold": limit, "table": table}


def speed() -> dict[str, float]:
    """On a photo of 12 megapixels: the check on reduced pixels beside one full decode, milliseconds of one core."""
    cv2.setNumThreads(1)
    large = cv2.resize(render(61_003, 0, "A", "mid", (1600, 1200)).pixels, (4000, 3000), interpolation=cv2.INTER_CUBIC)
    noisy = large + np.random.default_rng(0).normal(0, 5, large.shape)
    data = encode_jpeg(noisy.clip(0, 255).astype(np.uint8))
    subject = Subject("a.jpg", data)
    _ = subject.small
    check, full = _cpu_ms(lambda: examine(subject)), _cpu_ms(lambda: read_photo(data))
    return {"check_ms": check, "full_decode_ms": full, "share": check / full}


def _cpu_ms(work: Callable[[], object]) -> float:
    """Processor time, as the machine may be busy; median of seven."""
    times = []
    for _ in range(8):
        start = time.process_time()
        work()
        times.append(1000 * (time.process_time() - start))
    return statistics.median(times[1:])


def _cut(pixels: Pixels, centre: NDArray[np.float64], angle: float, wide: float, high: float, side: int) -> Pixels:
    s = side / max(wide, high)
    w, h = max(int(wide * s), 1), max(int(high * s), 1)
    c, sn = np.cos(angle) / s, np.sin(angle) / s
    back = np.array([[c, -sn, centre[0] - (c * w - sn * h) / 2], [sn, c, centre[1] - (sn * w + c * h) / 2]])
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(pixels, back, (w, h), flags=how, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _longer_side(pixels: Pixels, side: int) -> Pixels:
    k = side / max(pixels.shape[:2])
    how = cv2.INTER_AREA if k < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, None, fx=k, fy=k, interpolation=how), np.uint8)


def _rotated(pixels: Pixels, degrees: float) -> Pixels:
    h, w = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(pixels, turn, (w, h), borderMode=cv2.BORDER_REFLECT), np.uint8)


def _pasted(face: Pixels, ground: Pixels, rng: np.random.Generator) -> Pixels:
    """An oval of the face somewhere on skin."""
    out, (h, w) = ground.copy(), face.shape[:2]
    y, x = int(rng.integers(out.shape[0] - h)), int(rng.integers(out.shape[1] - w))
    oval = cv2.ellipse(
        np.zeros((h, w), np.float32), (w // 2, h // 2), (int(w * 0.46), int(h * 0.47)), 0, 0, 360, 1.0, -1
    )
    soft = cv2.GaussianBlur(oval, (0, 0), max(0.5, 0.03 * w))[..., None]
    out[y : y + h, x : x + w] = face * soft + out[y : y + h, x : x + w] * (1 - soft)
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("portraits", type=Path)
    parser.add_argument("--test", action="store_true", help="look at the test part; the look is logged")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    start = time.monotonic()
    result = measure(options.portraits, options.test, options.quick)
    result |= {"speed": speed(), "seconds": round(time.monotonic() - start)}
    keep(f"faces-{result['part']}", result, not options.quick)
    if options.test and not options.quick:
        squamas = {n: next(v for k, v in t.items() if k.endswith("squama")) for n, t in result["table"].items()}
        said = ", ".join(f"{n} {s['value']:.3f} ({s['hits']} of {s['n']})" for n, s in squamas.items())
        what = (
            "portraits of pif-website and the White House; ham10000_small, clinical_sample (47), phantoms 61001: faces"
        )
        log_look(what, "first look at the check with its committed threshold", said, ["yunet_n"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
