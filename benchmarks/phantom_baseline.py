"""How hard are the phantoms? A hand-made baseline on lesion crops: SIFT bag of words + HSV histogram + SVM.

Trained on patients of renderer A, tested on other patients of A and, if asked, on B. The generator was tuned until this
baseline stayed between 0.35 and 0.70 on A (five classes, so chance is about 0.2), as hand-made features do on photos.

    python -m benchmarks.phantom_baseline [--train 300] [--test 125] [--b]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from sklearn.cluster import MiniBatchKMeans
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from app.common.phantoms import DISEASES, PhantomPhoto, Renderer, generator_hash, photos

U8 = npt.NDArray[np.uint8]
TRAIN_SEED, TEST_SEED = 11, 12  # other seeds, other patients


@dataclass(frozen=True)
class Crops:
    """Box crops (h, w, 3) RGB with disease, patient and distance of each."""

    pixels: tuple[U8, ...]
    labels: tuple[str, ...]
    patients: tuple[str, ...]
    distances: tuple[str, ...]


def shrunk(pixels: U8, side: int = 224) -> U8:
    """The crop with its longer side at most `side` pixels."""
    k = side / max(pixels.shape[:2])
    if k >= 1:
        return pixels
    size = (max(8, round(pixels.shape[1] * k)), max(8, round(pixels.shape[0] * k)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def crops_of(collection: Iterable[PhantomPhoto], side: int = 224) -> Crops:
    """Every lesion box of the photos cut out, shrunk to `side`."""
    pixels: list[U8] = []
    rows: list[tuple[str, str, str]] = []
    for photo in collection:
        for lesion in photo.lesions:
            x0, y0, x1, y1 = (round(v) for v in lesion.box)
            pixels.append(shrunk(photo.pixels[y0:y1, x0:x1], side))
            rows.append((lesion.disease, photo.patient.code, photo.distance))
    return Crops(tuple(pixels), *(tuple(r[k] for r in rows) for k in range(3)))


def collect(renderer: Renderer, patients: int, seed: int, side: int = 224) -> Crops:
    return crops_of(photos(renderer, patients, seed), side)


def _descriptors(pixels: U8, most: int = 200) -> npt.NDArray[np.float32]:
    """SIFT descriptors (n, 128); a crop without key points gives none."""
    sift = cv2.SIFT.create(nfeatures=most)
    _, found = sift.detectAndCompute(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), None)
    return np.zeros((0, 128), np.float32) if found is None else np.asarray(found, np.float32)


def _colours(pixels: U8) -> npt.NDArray[np.float32]:
    """HSV histograms (3 x 32,), hue over its full range, each summing to 1."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV_FULL)
    parts = [np.bincount(hsv[..., k].ravel() // 8, minlength=32) for k in range(3)]
    return np.concatenate(parts).astype(np.float32) / (pixels.shape[0] * pixels.shape[1])


@dataclass(frozen=True)
class Baseline:
    """A fitted vocabulary and classifier."""

    words: Any
    classifier: Pipeline

    def features(self, pixels: Sequence[U8]) -> npt.NDArray[np.float32]:
        """(n, words + 96)."""
        rows = []
        for crop in pixels:
            found = _descriptors(crop)
            bag = np.zeros(self.words.n_clusters, np.float32)
            if len(found):
                bag += np.bincount(self.words.predict(found), minlength=self.words.n_clusters) / len(found)
            rows.append(np.concatenate([bag, _colours(crop)]))
        return np.stack(rows)

    def predict(self, pixels: Sequence[U8]) -> npt.NDArray[np.str_]:
        return np.asarray(self.classifier.predict(self.features(pixels)))


def fit(pixels: Sequence[U8], labels: Sequence[str], words: int = 300, seed: int = 0) -> Baseline:
    """Vocabulary on the training crops only, then a balanced RBF SVM on standardised features."""
    found = np.concatenate([_descriptors(p, 60) for p in pixels])
    vocabulary = MiniBatchKMeans(words, random_state=seed, n_init=1, batch_size=4096).fit(found)
    draft = Baseline(vocabulary, make_pipeline(StandardScaler(), SVC(C=3.0, gamma="scale", class_weight="balanced")))
    draft.classifier.fit(draft.features(pixels), np.array(labels))
    return draft


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=int, default=300, help="patients of A to train on")
    parser.add_argument("--test", type=int, default=125, help="unseen patients to test on")
    parser.add_argument("--b", action="store_true", help="test on renderer B too")
    args = parser.parse_args()
    train = collect("A", args.train, TRAIN_SEED)
    model = fit(train.pixels, train.labels)
    print(f"generator {generator_hash()[:12]}, {args.train} patients, {len(train.labels)} crops to train on")
    for renderer in ("A", "B") if args.b else ("A",):
        test = collect("A" if renderer == "A" else "B", args.test, TEST_SEED)
        truth, guess = np.array(test.labels), model.predict(test.pixels)
        each = ", ".join(f"{d} {np.mean(guess[truth == d] == d):.2f}" for d in DISEASES)
        share = np.mean(guess == truth)
        print(f"{renderer}: accuracy {share:.3f} (n = {len(truth)} crops of {args.test} patients); {each}")


if __name__ == "__main__":
    main()
