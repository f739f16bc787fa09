"""Fits the model behind the checks ``blur`` and ``motion_blur`` and writes ``resources/cleaning/sharpness.json``.

Development data only: a quarter of isic2016_lesions, the 20 clinical development photos, phantoms at
800 x 600 and at 12 megapixels, invented skin without texture, and blood cells of bccd_voc's list for training, which
are as soft as a clinical photo out of focus by 0.8 % of its shorter side: not yet a fault. Whole photos as the check
sees them, and lesion-sized crops at native scale. Each kind of data is also judged by a model that never saw it (leave
one kind out).
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from app.cleaning.sharpness import MODEL, WHOLE_SIDE, box_grey, camera_step
from app.cleaning.spectrum import F32, features, spectrum, work_scale
from app.cleaning.subject import Subject
from app.common.geometry import Box
from app.common.images import read_photo
from app.common.phantoms import Nuisances, render
from benchmarks import clinical_split, faults
from benchmarks.common import DATA, keep
from benchmarks.faults import U8, Rng

CLASSES = ("sharp", "blur", "motion_blur")
OTHERS = ("dark", "bright", "low_contrast", "colour_cast", "black_border")
SEED = 9


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    data: str
    crop: bool
    kind: str  # of CLASSES
    features: F32


def isic_half() -> list[Path]:
    """The half of isic2016_lesions that thresholds and models of the pixel checks are set on."""
    photos = sorted((DATA / "isic2016_lesions" / "images").iterdir())
    return [p for p in photos if hashlib.sha256(p.name.encode()).digest()[0] % 2 == 0]


def blood_cells(part: str) -> list[Path]:
    """The photos of bccd_voc's list of that name, ``train`` or ``test``: soft by nature, under a microscope."""
    folder = DATA / "bccd_voc"
    names = (folder / "ImageSets" / "Main" / f"{part}.txt").read_text(encoding="utf-8").split()
    return [folder / "JPEGImages" / f"{name}.jpg" for name in sorted(names)]


def sources(quick: bool) -> Iterator[tuple[str, U8]]:
    """(kind of data, pixels) of the healthy photos."""
    for path in isic_half()[:: 6 if quick else 2]:
        yield "isic", read_photo(path).pixels
    for path, _ in clinical_split.photos("development"):
        yield "clinical", read_photo(path).pixels
    for size, seed, count in (((800, 600), 77, 24), ((4000, 3000), 78, 6)):
        for index in range(count // 4 if quick else count):
            few = Nuisances(hair=index % 4 == 0, ruler=index % 6 == 1, pen_mark=index % 7 == 2)
            for renderer in ("A", "B"):
                distance = ("far", "mid", "near")[index % 3]
                pixels = render(seed, index, renderer, distance, size, few).pixels  # type: ignore[arg-type]
                yield "phantom_12mp" if size[0] > 800 else "phantom", pixels


def whole(pixels: U8, rng: Rng) -> F32:
    grey = Subject("planted", faults.as_file(pixels, rng)).grey
    return features(spectrum(work_scale(grey, WHOLE_SIDE)))


def seen_small(pixels: U8, data: str, rng: Rng) -> F32:
    """As :func:`whole`; of 12 megapixels a quarter is given already."""
    if data != "phantom_12mp":
        return whole(pixels, rng)
    return features(spectrum(work_scale(_grey(read_photo(faults.as_file(pixels, rng)).pixels), WHOLE_SIDE)))


def rows(quick: bool) -> Iterator[Row]:
    rng = np.random.default_rng(SEED)
    for data, pixels in sources(quick):
        yield from wholes(data, pixels, rng)
        if data != "isic":
            yield from crops(data, pixels, rng)
    for _ in range(30 if quick else 150):
        yield Row("plain", False, "sharp", whole(plain_skin(rng), rng))
    rng = np.random.default_rng(SEED + 1)
    for path in blood_cells("train")[1 :: 20 if quick else 5]:
        yield from wholes("cells", read_photo(path).pixels, rng)


def wholes(data: str, pixels: U8, rng: Rng) -> Iterator[Row]:
    """A whole photo as it is, with two other faults, and twice out of focus and moved."""
    enough = read_photo(faults.as_file(pixels, rng), 1000).pixels if data == "phantom_12mp" else pixels
    yield Row(data, False, "sharp", whole(pixels, rng))
    for kind in rng.choice(OTHERS, 2, replace=False):
        yield Row(data, False, "sharp", seen_small(faults.plant(str(kind), enough, rng), data, rng))
    for kind in ("blur", "motion_blur") * 2:
        yield Row(data, False, kind, seen_small(faults.plant(kind, enough, rng), data, rng))


def crops(data: str, pixels: U8, rng: Rng) -> Iterator[Row]:
    """Lesion-sized parts at native scale; spoilt by 3 to 9 pixels of those that a box is judged in."""
    step = camera_step(pixels.shape[1], pixels.shape[0])
    for _ in range(3):
        window = _any_window(pixels, 128 * step, rng)
        around = pixels[window]
        spoilt = {
            "sharp": around,
            "blur": faults.noisy(faults.defocused(around, step * rng.uniform(3, 9)), rng),
            "motion_blur": faults.noisy(faults.moved(around, step * rng.uniform(8, 24), rng.uniform(0, 180)), rng),
        }
        for kind, given in spoilt.items():
            file = read_photo(faults.as_file(given, rng)).pixels
            height, width = file.shape[:2]
            grey = box_grey(file, Box(0, 0, width, height), step)
            yield Row(data, True, kind, features(spectrum(grey)))


def plain_skin(rng: Rng) -> U8:
    """Skin colour under uneven light, with a soft shadow, noise and nothing to focus on."""
    height, width = int(rng.integers(128, 256)), int(rng.integers(128, 320))
    y, x = np.mgrid[:height, :width] / 200
    a, b, c, d, e = rng.uniform(-0.5, 0.5, 5)
    light = 1 + a * x + b * y + c * (x - 0.5) ** 2 + d * (y - 0.5) ** 2
    light *= 1 + 0.6 * e * np.exp(-(((x - rng.uniform(0, 1)) / 0.4) ** 2) - ((y - 0.3) / 0.5) ** 2)
    skin = np.array([rng.uniform(60, 230), rng.uniform(50, 190), rng.uniform(40, 170)]) * light[..., None]
    return np.asarray(np.clip(np.rint(skin + rng.normal(0, rng.uniform(0, 4), skin.shape)), 0, 255), np.uint8)


def _grey(pixels: U8) -> U8:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def _any_window(pixels: U8, least: int, rng: Rng) -> tuple[slice, slice]:
    height, width = pixels.shape[:2]
    side = min(int(rng.integers(least, min(height, width) // 2 + least + 1)), height, width)
    top, left = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
    return slice(top, top + side), slice(left, left + side)


def main() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    quick = not parser.parse_args().full
    made = list(rows(quick))
    x = np.array([r.features for r in made], np.float64)
    y = np.array([CLASSES.index(r.kind) for r in made])
    kinds = np.array([r.data for r in made])
    crop = np.array([r.crop for r in made])
    figures: dict[str, dict[str, float]] = {}
    for data in sorted(set(kinds)):
        scaled = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=3000))
        odds = scaled.fit(x[kinds != data], y[kinds != data]).decision_function(x)
        for part in (False, True):
            here = (kinds == data) & (crop == part)
            for k in (1, 2):
                if not (y[here] == k).any():
                    continue
                margin = odds[:, k] - np.logaddexp.reduce(np.delete(odds, k, 1), axis=1)
                name = f"{data}{', crops' if part else ''}: {CLASSES[k]}"
                figures[name] = {"auroc": float(roc_auc_score(y[here] == k, margin[here])), "n": int(here.sum())}
    scaled = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=3000)).fit(x, y)
    scaler, fitted = scaled[0], scaled[1]
    weights = fitted.coef_ / scaler.scale_
    offsets = fitted.intercept_ - weights @ scaler.mean_
    if not quick:
        shipped = {
            "made_by": "benchmarks/sharpness_fit.py",
            "classes": CLASSES,
            "offsets": np.round(offsets, 5).tolist(),
            "weights": np.round(weights, 5).tolist(),
        }
        MODEL.write_text(json.dumps(shipped, indent=1) + "\n", encoding="utf-8")
    shown = [
        [f"Blur model, data left out: AUROC, {k}", "", f"{v['auroc']:.3f}, n = {v['n']}"] for k, v in figures.items()
    ]
    keep("sharpness-fit", {"seed": SEED, "n": len(made), "left_out": figures, "rows": shown}, not quick)


if __name__ == "__main__":
    main()
