"""Fit the trees that tell watermarks, text and neither apart, and write ``resources/marks/reading.safetensors``.

    python tools/fit_marks_reading.py [--seeds 1 101]

From the benchmark's plantings into its development photos (``benchmarks/overlays.py``, another seed too), never from
test photos. Prints recall and precision, each photo judged by trees that were fitted without it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sklearn.ensemble import GradientBoostingClassifier  # noqa: E402
from sklearn.model_selection import GroupKFold  # noqa: E402

from app.cleaning.marks import looked_at, seen_twice, written_in  # noqa: E402
from app.cleaning.marks_reading import READINGS, WEIGHTS, Place, Trees, signs  # noqa: E402
from app.cleaning.subject import Subject  # noqa: E402
from benchmarks.overlays import PHANTOM_SEED, PLANTED, Case, cases, drawn  # noqa: E402

ENOUGH = 0.15
"""Of a place's cells so many lie on the planted mark if the place is it."""
ROUNDS = 110


@dataclass(frozen=True, slots=True)
class Seen:
    """A photo's places: their signs (n, signs), what each is (index of READINGS); which photo, and what it has."""

    photo: str
    has: frozenset[str]
    signs: NDArray[np.float32]
    kinds: NDArray[np.int64]


def seen_in(case: Case) -> Seen:
    cv2.setNumThreads(1)
    pixels = looked_at(Subject(case.name, case.data))
    looks = seen_twice(pixels)
    found = written_in(looks)
    values = np.array([signs(place, found, looks, pixels) for place in found], np.float32)
    kinds = np.array([READINGS.index(_kind(place, case, looks.shape[2:])) for place in found], np.int64)
    return Seen(case.name.split("+")[0], case.has & set(PLANTED), values, kinds)


def _kind(place: Place, case: Case, shape: tuple[int, ...]) -> str:
    """The planted mark if it lies on it, else what the photo has by nature."""
    planted = case.name.rsplit("+", 1)[-1]
    if planted not in PLANTED or case.changed is None:
        return next(iter(case.has & set(PLANTED)), "none")
    on = cv2.resize(case.changed, shape[::-1], interpolation=cv2.INTER_NEAREST)[place.part]
    by_nature = next(iter(case.has & set(PLANTED) - {planted}), "none")
    return planted if (on[place.seen] > 0).mean() > ENOUGH else by_nature


def more_rulers() -> Iterator[Case]:
    """Development phantoms beyond the benchmark's hundred: untouched, with a ruler, with hair and clothing."""
    return (case for case in drawn(190, PHANTOM_SEED, 100) if not case.has - {"ruler"})


def fitted(photos: Iterable[Seen]) -> GradientBoostingClassifier:
    kept = [photo for photo in photos if len(photo.kinds)]
    weight = np.concatenate([np.full(len(photo.kinds), len(photo.kinds) ** -0.5) for photo in kept])
    model = GradientBoostingClassifier(
        init="zero", n_estimators=ROUNDS, learning_rate=0.07, max_leaf_nodes=8, max_depth=None, subsample=0.7,
        max_features=0.4, min_samples_leaf=8, random_state=0,
    )  # fmt: skip
    signs_of, kinds_of = (np.concatenate([getattr(photo, name) for photo in kept]) for name in ("signs", "kinds"))
    return model.fit(signs_of, kinds_of, weight)


def trees(model: GradientBoostingClassifier) -> Trees:
    grown = [tree.tree_ for of_round in model.estimators_ for tree in of_round]
    most = max(tree.node_count for tree in grown)

    def padded(values: list[NDArray[np.float64]], kind: type) -> NDArray[np.float64]:
        return np.array([np.pad(v, (0, most - len(v))) for v in values]).astype(kind)

    return Trees(
        sign=padded([np.maximum(tree.feature, -1) for tree in grown], np.int16),
        up_to=padded([tree.threshold for tree in grown], np.float64),
        left=padded([np.maximum(tree.children_left, 0) for tree in grown], np.int16),
        right=padded([np.maximum(tree.children_right, 0) for tree in grown], np.int16),
        adds=padded([tree.value[:, 0, 0] * model.learning_rate for tree in grown], np.float32),
    )


def crossed(photos: list[Seen]) -> dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """Of ``photos``, each judged by trees that knew neither it nor its other plantings: scores, and is it there."""
    groups = np.array([photo.photo for photo in photos])
    scores = np.zeros((len(photos), len(READINGS)))
    for known, unknown in GroupKFold(5).split(groups, groups=groups):
        model = fitted(photos[k] for k in known)
        for k in unknown:
            if len(photos[k].kinds):
                scores[k] = model.predict_proba(photos[k].signs).max(0)
    return {
        kind: (scores[:, READINGS.index(kind)], np.array([kind in photo.has for photo in photos])) for kind in PLANTED
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 101])
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    development = [
        case
        for seed in options.seeds
        for case in cases("development", np.random.default_rng(seed), True)
        if not case.source.endswith("as they are") and (seed == options.seeds[0] or case.source != "phantoms")
    ]
    with ProcessPoolExecutor(options.processes) as pool:
        photos = list(pool.map(seen_in, [*development, *more_rulers()], chunksize=8))
    for kind, (scores, there) in crossed(photos).items():
        for threshold in np.arange(0.2, 0.85, 0.05):
            flagged = scores >= threshold
            recall, precision = flagged[there].mean(), there[flagged].mean()
            sys.stdout.write(f"{kind} {threshold:.2f}: recall {recall:.3f}, precision {precision:.3f}\n")
    _save(trees(fitted(photos)))


def _save(grown: Trees) -> None:
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(getattr(grown, name)) for name in grown.__slots__}, WEIGHTS)


if __name__ == "__main__":
    main()
