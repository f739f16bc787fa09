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

F32 = NDArray[np.float32]
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
    """``words``: the vocabulary of local features. ``temperature`` divides the decisions."""

    words: Any | None
    scaling: Any
    kernel: _Kernel
    vectors: Any
    classes: int
    temperature: float

    @property
    def cost(self) -> float:
        """The C that was chosen."""
        return float(self.vectors.C)

    def probabilities(self, patches: Patches, of: Ints) -> F64:
        """(len(of), classes) of the patches with these numbers."""
        asked = self.kernel.between(self.scaling.transform(_vectors(self.words, patches, of)))
        return softmax(_decisions(self.vectors, asked, self.classes) / self.temperature)


@dataclass(frozen=True, eq=False)
class _Kernel:
    """Likeness to the patches that were learnt from, as one product of matrices: every C shares it.

    ``gamma`` is scikit-learn's "scale": 1 / (numbers of a vector x their variance).
    """

    basis: F32
    gamma: float | None

    @staticmethod
    def of(plan: Plan, basis: F32) -> _Kernel:
        spread = float(basis.var()) or 1.0
        return _Kernel(basis, None if plan.visual_features.kernel == "linear" else 1 / (basis.shape[1] * spread))

    def between(self, vectors: F32) -> F32:
        """(len(vectors), len(basis))."""
        products = vectors @ self.basis.T
        if self.gamma is None:
            return np.asarray(products, np.float32)
        lengths = (vectors**2).sum(1)[:, None] + (self.basis**2).sum(1)[None]
        return np.asarray(np.exp(-self.gamma * np.maximum(lengths - 2 * products, 0)), np.float32)


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
    scaling = _scaling(plan).fit(vectors)
    kernel = _Kernel.of(plan, scaling.transform(vectors))
    fitted = _machine(plan, cost).fit(kernel.between(kernel.basis), labels)
    return Machine(words, scaling, kernel, fitted, classes, temperature)


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


def counted(words: Any, patches: Patches, of: Ints) -> F32:
    """(len(of), words): how often each word occurs, as shares; zeros for a patch without keypoints."""
    table = np.zeros((len(of), words.n_clusters), np.float32)
    for start in range(0, len(of), CHUNK):
        found = [patches.descriptors(int(n)) for n in of[start : start + CHUNK]]
        owners = np.repeat(np.arange(start, start + len(found)), [len(f) for f in found])
        if len(owners):
            np.add.at(table, (owners, words.predict(np.concatenate(found).astype(np.float32))), 1.0)
    return np.asarray(table / np.maximum(table.sum(1, keepdims=True), 1.0), np.float32)


def _vectors(words: Any | None, patches: Patches, of: Ints) -> F32:
    if words is not None:
        return counted(words, patches, of)
    if len(patches.starts) - 1 != len(patches.rows):  # local features, and no keypoint to learn a word from
        return np.zeros((len(of), 1), np.float32)
    return np.asarray(patches.rows[of], np.float32)


def _scaling(plan: Plan) -> Any:
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # The thesis reduces colour names by PCA; it does not say how far.
    reducing = [PCA(0.99, svd_solver="full")] if kind_of(plan) == "colour_names" else []
    return make_pipeline(StandardScaler(), *reducing)


def _machine(plan: Plan, cost: float) -> Any:
    from sklearn.svm import SVC

    return SVC(C=cost, kernel="precomputed", class_weight=None if plan.rare == "none" else "balanced")


def _decisions(machine: Any, likeness: F32, classes: int) -> F64:
    """(N, classes) decision values; a class that was not learnt is never the highest."""
    decided = np.asarray(machine.decision_function(likeness), np.float64)
    if decided.ndim == 1:  # two classes: one number, positive for the second
        decided = np.stack([-decided, decided], 1)
    table = np.full((len(likeness), classes), min(NEVER, decided.min() - 1.0) if len(likeness) else NEVER)
    table[:, machine.classes_] = decided
    return table


def _chosen(plan: Plan, vectors: F32, labels: Ints, groups: Sequence[Hashable], classes: int) -> tuple[float, float]:
    """C and temperature."""
    from sklearn.model_selection import StratifiedGroupKFold

    costs = plan.visual_features.costs
    of_class = [len({g for g, label in zip(groups, labels, strict=True) if label == k}) for k in np.unique(labels)]
    if min(of_class) < 2:
        return costs[len(costs) // 2], 1.0
    folds = StratifiedGroupKFold(min(INNER_FOLDS, *of_class), shuffle=True, random_state=plan.seed)
    parts = list(folds.split(vectors, labels, np.unique(np.array(groups, str), return_inverse=True)[1]))
    held = [_held_out(plan, vectors, labels, classes, *part) for part in parts]
    truth = np.concatenate([labels[tested] for _, tested in parts])
    decided = {cost: np.concatenate([found[cost] for found in held]) for cost in costs}
    best = max(costs, key=lambda cost: balanced_accuracy(truth, decided[cost].argmax(1), classes))
    return best, best_temperature(decided[best], truth)


def _held_out(plan: Plan, vectors: F32, labels: Ints, classes: int, learnt: Ints, tested: Ints) -> dict[float, F64]:
    """The decisions on the tested patches for each C."""
    costs = plan.visual_features.costs
    if len(np.unique(labels[learnt])) < 2:
        return dict.fromkeys(costs, np.zeros((len(tested), classes)))
    scaling = _scaling(plan).fit(vectors[learnt])
    kernel = _Kernel.of(plan, scaling.transform(vectors[learnt]))
    own, asked = kernel.between(kernel.basis), kernel.between(scaling.transform(vectors[tested]))
    return {cost: _decisions(_machine(plan, cost).fit(own, labels[learnt]), asked, classes) for cost in costs}
