"""How unlike the training photos a whole photo is: how badly its traits are put together from theirs.

Traits are the means and spreads of a classifier's early and middle maps, where colour, texture and structure still
stand. (The features before the last layer have forgotten what is no disease: nearest neighbours among them told blood
cells from skin with an AUROC of 0.59 only.) Principal components of the training photos' traits that carry 99 % of
their variance span what is known; the score is what is left of a photo outside them (reconstruction error of a PCA,
Jackson and Mudholkar 1979). Mean, scale and components are kept in the model's weights file, the threshold in its
manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

METHOD = "pca_residual"
KNOWN = 0.99
"""Share of the training photos' variance that counts as known."""
LEAST_SCALE = 1e-6
BLOCKS = 5
LEAST_TO_CROSS_FIT = 200


@dataclass(frozen=True, eq=False)
class Unlike:
    """Statistics fitted to the training photos.

    Attributes:
        mean: (D,) of the training photos' traits, likewise ``scale``, their standard deviations.
        components: (K, D) orthonormal.
        threshold: a photo is strange above it.
    """

    mean: Tensor
    scale: Tensor
    components: Tensor
    threshold: float

    def on(self, device: str) -> Unlike:
        return Unlike(self.mean.to(device), self.scale.to(device), self.components.to(device), self.threshold)

    def score(self, traits: Tensor) -> Tensor:
        """Root mean square (N,) of what is left of standardised traits (N, D); higher is stranger."""
        z = (traits.float() - self.mean) / self.scale
        left = z - (z @ self.components.T) @ self.components
        return left.square().mean(1).sqrt()

    def tensors(self) -> dict[str, Tensor]:
        """What goes into the weights file, under the prefix ``unlike.``."""
        return {
            "unlike.mean": self.mean,
            "unlike.scale": self.scale,
            "unlike.components": self.components,
        }

    def as_json(self) -> dict[str, Any]:
        """What goes into the manifest."""
        return {"method": METHOD, "threshold": self.threshold}


def fit_unlike(traits_train: Tensor, traits_val: Tensor, rate: float = 0.05) -> Unlike:
    """Statistics whose threshold a share ``rate`` of photos that they have not seen exceeds.

    Those are the validation photos, and every block of the training photos under statistics of the other blocks: the
    few validation patients alone leave the threshold to chance.

    Args:
        traits_train: (N, D) of whole training photos, from ``Classifier.traits``; a patient's stand together.
        traits_val: (M, D) of photos of other patients.
        rate: false alarms, 0..1.
    """
    import torch

    whole = _fit(traits_train.float())
    unseen = [whole.score(traits_val)]
    if len(traits_train) >= LEAST_TO_CROSS_FIT:
        for block in torch.arange(len(traits_train)).chunk(BLOCKS):
            others = torch.ones(len(traits_train), dtype=torch.bool)
            others[block] = False
            unseen.append(_fit(traits_train[others].float()).score(traits_train[block]))
    return replace(whole, threshold=float(torch.quantile(torch.cat(unseen), 1 - rate)))


def _fit(train: Tensor) -> Unlike:
    import torch

    mean, scale = train.mean(0), train.std(0, correction=0).clamp(min=LEAST_SCALE)
    _, strengths, directions = torch.linalg.svd((train - mean) / scale, full_matrices=False)
    carried = strengths.square().cumsum(0) / strengths.square().sum().clamp(min=LEAST_SCALE)
    return Unlike(mean, scale, directions[: int((carried < KNOWN).sum()) + 1].contiguous(), 0.0)


def read_unlike(facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Unlike | None:
    """The statistics out of a manifest's ``unlike`` and the weights' tensors; None when the model has none.

    Raises:
        KeyError, TypeError, ValueError: if they are not whole.
    """
    if not facts:
        return None
    if facts["method"] != METHOD:
        raise ValueError(f"unlike: method {facts['method']!r}")
    mean, scale, components = (tensors[key].float() for key in ("mean", "scale", "components"))
    if components.ndim != 2 or mean.shape != components.shape[1:] or scale.shape != mean.shape or not (scale > 0).all():
        raise ValueError("unlike: tensors of the wrong shape")
    return Unlike(mean, scale, components, float(facts["threshold"]))
