"""The machine behind visual features: vocabulary, scaling and support vectors, all fitted on training patches only."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.common.errors import UserError
from app.evaluation.classification import balanced_accuracy
from app.training.learning.calibration import best_temperature, softmax
from app.training.plan import Plan
from app.training.visual_features.features import LOCAL
from app.training.visual_features.patches import Patches, kind_of

F64 = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_DESCRIPTORS = 100_000
"""Of the training patches, drawn by the seed, that the vocabulary is fitted to."""
CHUNK = 256
INNER_FOLDS = 3
NEVER = -20.0
"""What a class that was not learnt gets beside decision values of a few units."""


@dataclass(frozen=True, eq=False)
class Machine:
    """Fitted pipelines of scikit-learn; ``cost`` is the C that was chosen, ``temperature`` divides its decisions."""

    words: Any | None
    pipeline: Any
    classes: int
    cost: float
    temperature: float

    def probabilities(self, patches: Patches, of: Ints) -> F64:
        """(len(of), classes) of the patches with these numbers."""
        decided = _decisions(self.pipeline, _vectors(self.words, patches, of), self.classes)
        return softmax(decided / self.temperature)


def fit(plan: Plan, patches: Patches, of: Ints, groups: Sequence[Hashable], classes: int) -> Machine:
    """Learn from the patches with the numbers ``of``; ``groups`` are their patients.

    C is chosen by balanced accuracy in folds grouped by patient inside these patches, and the temperature is fitted to
    the decisions of the same folds. Where a class has one patient only there are no such folds: the middle C, 1.

    Raises:
        UserError: ``one_class_only``.
    """
    labels = patches.labels[of]
    if len(np.unique(labels)) < 2:
        raise UserError("one_class_only")
    words = vocabulary(plan, patches, of) if kind_of(plan) in LOCAL else None
    vectors = _vectors(words, patches, of)
    cost, temperature = _chosen(plan, vectors, labels, groups, classes)
    return Machine(words, _pipeline(plan, cost).fit(vectors, labels), classes, cost, temperature)


def vocabulary(plan: Plan, patches: Patches, of: Ints) -> Any:
    """A fitted ``MiniBatchKMeans`` of the plan's number of words, fewer where there are fewer descriptors.

    None where none of the patches has a keypoint.
    """
    from sklearn.cluster import MiniBatchKMeans

    found = np.concatenate([patches.descriptors(int(n)) for n in of])
    if len(found) > MOST_DESCRIPTORS:
        found = found[np.random.default_rng(plan.seed).permutation(len(found))[:MOST_DESCRIPTORS]]
    if len(found) == 0:
        return None
    count = min(plan.visual_features.words, len(np.unique(found, axis=0)))
    maker = MiniBatchKMeans(count, batch_size=max(4096, count), n_init=1, max_iter=20, random_state=plan.seed)
    return maker.fit(found.astype(np.float32))


def counted(words: Any, patches: Patches, of: Ints) -> NDArray[np.float32]:
    """(len(of), words): how often each word occurs, as shares; zeros for a patch without keypoints."""
    table = np.zeros((len(of), words.n_clusters), np.float32)
    for start in range(0, len(of), CHUNK):
        found = [patches.descriptors(int(n)) for n in of[start : start + CHUNK]]
        owners = np.repeat(np.arange(start, start + len(found)), [len(f) for f in found])
        if len(owners):
            np.add.at(table, (owners, words.predict(np.concatenate(found).astype(np.float32))), 1.0)
    return np.asarray(table / np.maximum(table.sum(1, keepdims=True), 1.0), np.float32)


def _vectors(words: Any | None, patches: Patches, of: Ints) -> NDArray[np.float32]:
    if words is not None:
        return counted(words, patches, of)
    if len(patches.starts) - 1 != len(patches.rows):  # local features, and no keypoint to learn a word from
        return np.zeros((len(of), 1), np.float32)
    return np.asarray(patches.rows[of], np.float32)


def _pipeline(plan: Plan, cost: float) -> Any:
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    balance = None if plan.rare == "none" else "balanced"
    machine = SVC(C=cost, kernel=plan.visual_features.kernel, class_weight=balance, cache_size=500)
    # The thesis reduces colour names by PCA; it does not say how far.
    reducing = [PCA(0.99, svd_solver="full")] if kind_of(plan) == "colour_names" else []
    return make_pipeline(StandardScaler(), *reducing, machine)


def _decisions(pipeline: Any, vectors: NDArray[np.float32], classes: int) -> F64:
    """(N, classes) decision values; a class that was not learnt is never the highest."""
    decided = np.asarray(pipeline.decision_function(vectors), np.float64)
    if decided.ndim == 1:  # two classes: one number, positive for the second
        decided = np.stack([-decided, decided], 1)
    table = np.full((len(vectors), classes), min(NEVER, decided.min() - 1.0) if len(vectors) else NEVER)
    table[:, pipeline.classes_] = decided
    return table


def _chosen(
    plan: Plan, vectors: NDArray[np.float32], labels: Ints, groups: Sequence[Hashable], classes: int
) -> tuple[float, float]:
    """C and temperature."""
    from sklearn.model_selection import StratifiedGroupKFold

    costs = plan.visual_features.costs
    of_class = [len({g for g, label in zip(groups, labels, strict=True) if label == k}) for k in np.unique(labels)]
    if min(of_class) < 2:
        return costs[len(costs) // 2], 1.0
    folds = StratifiedGroupKFold(min(INNER_FOLDS, *of_class), shuffle=True, random_state=plan.seed)
    parts = list(folds.split(vectors, labels, np.unique(np.array(groups, str), return_inverse=True)[1]))
    best: tuple[float, float, float] | None = None
    for cost in costs:
        held = [_held_out(_pipeline(plan, cost), vectors, labels, classes, *part) for part in parts]
        decided, truth = np.concatenate([d for d, _ in held]), np.concatenate([t for _, t in held])
        score = balanced_accuracy(truth, decided.argmax(1), classes)
        if best is None or score > best[0]:
            best = (score, cost, best_temperature(decided, truth))
    assert best is not None  # a plan has at least one C
    return best[1], best[2]


def _held_out(
    pipeline: Any, vectors: NDArray[np.float32], labels: Ints, classes: int, learn: Ints, test: Ints
) -> tuple[F64, Ints]:
    if len(np.unique(labels[learn])) < 2:
        return np.zeros((len(test), classes)), labels[test]
    return _decisions(pipeline.fit(vectors[learn], labels[learn]), vectors[test], classes), labels[test]
