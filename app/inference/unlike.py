"""How unlike the training photos a whole photo is: the distance to its nearest neighbours among them.

Sun et al. (2022), deep nearest neighbours: features of length 1, the distance to the k-th nearest training photo. The
bank of training features is kept in the model's weights file, the threshold in its manifest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

METHOD = "knn"
NEIGHBOURS = 5
BANK = 512
"""Training photos that are kept, chosen to lie far from each other: 1280 half-precision features of each are 1.3 MB."""


@dataclass(frozen=True, eq=False)
class Unlike:
    """Statistics fitted to the training photos.

    Attributes:
        bank: (K, D) training features of length 1.
        threshold: a photo is strange above it.
        neighbours: k.
    """

    bank: Tensor
    threshold: float
    neighbours: int

    def on(self, device: str) -> Unlike:
        return Unlike(self.bank.to(device), self.threshold, self.neighbours)

    def score(self, features: Tensor) -> Tensor:
        """Distances (N,), 0..2, higher is stranger, of features (N, D)."""
        return _distance(_unit(features.float()), self.bank, self.neighbours)

    def tensors(self) -> dict[str, Tensor]:
        """What goes into the weights file, under the prefix ``unlike.``."""
        return {"unlike.bank": self.bank.half()}

    def as_json(self) -> dict[str, Any]:
        """What goes into the manifest."""
        return {"method": METHOD, "threshold": self.threshold, "neighbours": self.neighbours}


def fit_unlike(features_train: Tensor, features_val: Tensor, rate: float = 0.05) -> Unlike:
    """Statistics whose threshold a share ``rate`` of the validation photos exceeds.

    Args:
        features_train: (N, D) of whole training photos, from ``Classifier.features``.
        features_val: (M, D) of photos of other patients.
        rate: false alarms, 0..1.
    """
    import torch

    unit = _unit(features_train.float())
    bank = unit[_far_apart(unit, BANK)].half().float()
    fitted = Unlike(bank, 0.0, min(NEIGHBOURS, len(bank)))
    threshold = float(torch.quantile(fitted.score(features_val), 1 - rate))
    return Unlike(bank, threshold, fitted.neighbours)


def read_unlike(facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Unlike | None:
    """The statistics out of a manifest's ``unlike`` and the weights' tensors; None when the model has none.

    Raises:
        KeyError, TypeError, ValueError: if they are not whole.
    """
    if not facts:
        return None
    if facts["method"] != METHOD:
        raise ValueError(f"unlike: method {facts['method']!r}")
    bank = tensors["bank"].float()
    neighbours, threshold = int(facts["neighbours"]), float(facts["threshold"])
    if not math.isfinite(threshold):
        raise ValueError(f"unlike: threshold {threshold}")
    if bank.ndim != 2 or not 1 <= neighbours <= len(bank):
        raise ValueError("unlike: tensors of the wrong shape")
    return Unlike(bank, threshold, neighbours)


def _unit(x: Tensor) -> Tensor:
    length: Tensor = x.norm(dim=1, keepdim=True)
    return x / length.clamp(min=1e-12)


def _distance(x: Tensor, bank: Tensor, neighbours: int) -> Tensor:
    nearest = (x @ bank.T).topk(neighbours, dim=1).values[:, -1]
    return (2 - 2 * nearest).clamp(min=0).sqrt()


def _far_apart(x: Tensor, count: int) -> Tensor:
    """Indices of ``count`` rows, each the farthest from those before it (greedy k-centre), the most typical first."""
    import torch

    if len(x) <= count:
        return torch.arange(len(x))
    chosen = [int((x @ x.mean(0)).argmax())]
    similarity = x @ x[chosen[0]]
    while len(chosen) < count:
        chosen.append(int(similarity.argmin()))
        similarity = torch.maximum(similarity, x @ x[chosen[-1]])
    return torch.tensor(chosen)
