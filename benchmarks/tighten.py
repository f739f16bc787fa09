"""How much closer a rough box gets to the lesion: IoU with the true box before and after, beside GrabCut and others.

Rough boxes are true ones with each side pushed outwards by 10-40 % of the box's size ("enlarged"); "cut into": every
side has one chance in four to be pushed inwards by half of that instead; "close": the true box itself, which should
stay. All are cut to the photo. An answer "not sure" counts as the box that was given.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from app.annotation.tighten import tighten
from app.common.geometry import Box, iou
from app.common.images import read_photo
from app.common.phantoms import DISTANCES, Renderer, render
from app.evaluation.intervals import bootstrap
from benchmarks.common import DATA, Share, keep, log_look
from benchmarks.lesion_recall import mask_box
from benchmarks.shipped import kept_half

FOLDER = DATA / "isic2016_lesions"
KINDS = ("enlarged", "cut into", "close")
PHANTOM_SEED, PATIENTS = 904008, 30

Method = Callable[[np.ndarray, Box], Box | None]


@dataclass(frozen=True)
class Case:
    """A lesion: pixels (H, W, 3), its true box, and the patient (or photo) that it belongs to."""

    name: str
    group: str
    pixels: np.ndarray
    box: Box


def dermoscopy(test: bool) -> Iterator[Case]:
    for file in sorted(FOLDER.joinpath("images").glob("*.jpg")):
        if kept_half(file.name) == test:
            mask = cv2.imread(str(FOLDER / "masks" / f"{file.stem}_Segmentation.png"), cv2.IMREAD_GRAYSCALE)
            if mask is None:
                raise FileNotFoundError(f"{file.stem}: no mask")
            yield Case(file.name, file.name, read_photo(file).pixels, mask_box(mask))


def phantoms(renderer: Renderer, patients: int) -> Iterator[Case]:
    """Patients that the network was not trained on."""
    for index in range(patients):
        for distance in DISTANCES:
            photo = render(PHANTOM_SEED, index, renderer, distance)
            for lesion in photo.lesions[:4]:
                yield Case(f"{photo.name}:{lesion.lesion}", str(index), photo.pixels, Box(*lesion.box))


def rough(case: Case, kind: str, seed: int = 0) -> Box:
    """The box that somebody would have drawn; the same on every machine."""
    digest = hashlib.sha256(f"{seed}:{kind}:{case.name}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    pushed = rng.uniform(0.1, 0.4, 4)
    if kind == "cut into":
        pushed = np.where(rng.random(4) < 0.25, -pushed / 2, pushed)
    elif kind == "close":
        pushed = np.zeros(4)
    left, top, right, bottom = pushed
    b = case.box
    drawn = Box(b.x0 - left * b.width, b.y0 - top * b.height, b.x1 + right * b.width, b.y1 + bottom * b.height)
    return drawn.clipped(case.pixels.shape[1], case.pixels.shape[0])


def grab_cut(pixels: np.ndarray, box: Box) -> Box | None:
    """OpenCV's GrabCut as its documentation has it, on the box and a quarter around it at 128 pixels."""
    part, inner, back = _around(pixels, box, 128)
    mask = np.full(part.shape[:2], cv2.GC_BGD, np.uint8)
    x0, y0, x1, y1 = (round(v) for v in inner.as_list())
    mask[y0:y1, x0:x1] = cv2.GC_PR_FGD
    if (mask != cv2.GC_BGD).all():
        return None
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(np.ascontiguousarray(part[..., ::-1]), mask, (0, 0, 0, 0), *models, 4, cv2.GC_INIT_WITH_MASK)
    return back(_largest((mask & 1).astype(np.uint8), 0.08 * inner.area))


def threshold(pixels: np.ndarray, box: Box) -> Box | None:
    """Otsu's threshold on the root of the Mahalanobis distance (Lab) to the skin around the box."""
    part, inner, back = _around(pixels, box, 96)
    lab = cv2.cvtColor(cv2.GaussianBlur(part, (0, 0), 1.2), cv2.COLOR_RGB2LAB).astype(np.float64)
    x0, y0, x1, y1 = (round(v) for v in inner.as_list())
    outside = np.ones(part.shape[:2], bool)
    outside[y0:y1, x0:x1] = False
    if outside.mean() < 0.03:
        return None
    skin = lab[outside]
    near = np.linalg.norm(skin - np.median(skin, 0), axis=1)
    skin = skin[near <= np.quantile(near, 0.85)]
    inverse = np.linalg.inv(np.cov(skin.T) + 4 * np.eye(3))
    away = lab - skin.mean(0)
    distance = np.einsum("hwi,ij,hwj->hw", away, inverse, away) ** 0.25
    scaled = (distance / np.quantile(distance, 0.99) * 255).clip(0, 255).astype(np.uint8)
    level, _ = cv2.threshold(scaled[y0:y1, x0:x1].reshape(-1, 1), 0, 255, cv2.THRESH_OTSU)
    seen = cv2.morphologyEx((scaled > level).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    seen[: max(0, round(y0 - 0.1 * inner.height))] = seen[round(y1 + 0.1 * inner.height) :] = 0
    seen[:, : max(0, round(x0 - 0.1 * inner.width))] = seen[:, round(x1 + 0.1 * inner.width) :] = 0
    return back(_largest(seen, 0.08 * inner.area))


def shrink(pixels: np.ndarray, box: Box) -> Box | None:
    """No look at the photo at all: what the enlargement is on average, taken off each side inside the photo."""
    height, width = pixels.shape[:2]
    dx, dy = box.width / 6, box.height / 6
    left, top = box.x0 + dx * (box.x0 > 0), box.y0 + dy * (box.y0 > 0)
    return Box(left, top, box.x1 - dx * (box.x1 < width), box.y1 - dy * (box.y1 < height))


METHODS: dict[str, Method] = {
    "squama": lambda pixels, box: tighten(pixels, box),
    "grabcut": grab_cut,
    "threshold": threshold,
    "shrink": shrink,
}


def _around(pixels: np.ndarray, box: Box, side: int) -> tuple[np.ndarray, Box, Callable[[Box | None], Box | None]]:
    height, width = pixels.shape[:2]
    around = box.with_margin(0.25).clipped(width, height)
    x0, y0, x1, y1 = (round(v) for v in around.as_list())
    factor = side / max(x1 - x0, y1 - y0)
    size = (max(4, round((x1 - x0) * factor)), max(4, round((y1 - y0) * factor)))
    part = cv2.resize(pixels[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    inner = box.moved(-x0, -y0).scaled(factor)
    return part, inner, lambda b: b and b.scaled(1 / factor).moved(x0, y0).clipped(width, height)


def _largest(mask: np.ndarray, least: float) -> Box | None:
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return None
    x, y, w, h, area = (int(v) for v in stats[1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())])
    return Box(x, y, x + w, y + h) if area >= least else None


def measure(cases: Sequence[Case], method: Method, kind: str) -> dict[str, Any]:
    before, after, unsure, times = [], [], 0, []
    for case in cases:
        given = rough(case, kind)
        start = time.perf_counter()
        found = method(case.pixels, given)
        times.append(1000 * (time.perf_counter() - start))
        unsure += found is None
        before.append(iou(given, case.box))
        after.append(iou(found or given, case.box))
    b, a = np.array(before), np.array(after)
    groups = [case.group for case in cases]

    def figures(rows: np.ndarray) -> dict[str, float]:
        return {"before": b[rows].mean(), "after": a[rows].mean(), "gain": (a - b)[rows].mean()}

    whole = figures(np.arange(len(b)))
    return {
        **{name: float(value) for name, value in whole.items()},
        "intervals": bootstrap(groups, figures),
        "better": Share(int((a > b + 0.01).sum()), len(a)).as_json(),
        "worse": Share(int((a < b - 0.01).sum()), len(a)).as_json(),
        "at_0.7_before": Share(int((b >= 0.7).sum()), len(b)).as_json(),
        "at_0.7_after": Share(int((a >= 0.7).sum()), len(a)).as_json(),
        "unsure": unsure / len(a),
        "median_ms": statistics.median(times),
        "n": len(a),
    }


def row(name: str, r: dict[str, Any]) -> list[str]:
    low, high = r["intervals"]["gain"]
    measured = (
        f"{r['before']:.3f} -> {r['after']:.3f}, gain {r['gain']:+.3f} [{low:+.3f}, {high:+.3f}], "
        f"worse {r['worse']['value']:.2f}, no answer {r['unsure']:.2f}, {r['median_ms']:.0f} ms, n = {r['n']}"
    )
    return [name, "", measured]


def rows_of(figures: dict[str, Any]) -> list[list[str]]:
    """The other methods only beside the first set's enlarged boxes; all are in the file of results."""
    return [
        row(f"Tighten a box, {name}, {kind}{'' if method == 'squama' else f', by {method}'}: IoU", of[kind][method])
        for number, (name, of) in enumerate(figures.items())
        for kind in KINDS
        for method in METHODS
        if method == "squama" or (number == 0 and kind == "enlarged")
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("development", "test"), default="test")
    parser.add_argument("--why", default="bench")
    parser.add_argument("--no-phantoms", action="store_true")
    options = parser.parse_args()
    if not FOLDER.exists():
        print("isic2016_lesions is not beside this checkout: not run", file=sys.stderr)
        return 0
    test = options.part == "test"
    sets: dict[str, list[Case]] = {f"ISIC 2016, {options.part} half": list(dermoscopy(test))}
    if not options.no_phantoms:
        for renderer in ("A", "B"):
            sets[f"phantoms {renderer} (unseen patients)"] = list(phantoms(renderer, PATIENTS))
    figures = {
        name: {kind: {m: measure(cases, METHODS[m], kind) for m in METHODS} for kind in KINDS}
        for name, cases in sets.items()
    }
    rows = rows_of(figures)
    if test:
        first = next(iter(figures.values()))["enlarged"]["squama"]
        log_look("isic2016_lesions, kept half: tightening", options.why, row("", first)[2], ["resources/tighten"])
        keep("tighten", {"rows": rows, "figures": figures}, full=True)
    else:
        for name, _, measured in rows:
            print(f"{name}: {measured}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
